// How a picture lies in the viewer. Pure; pixels of the screen, scale 1 is actual size.
export interface Look {
  x: number;
  y: number;
  scale: number;
}

export interface Box {
  width: number;
  height: number;
}

/** A point of the stage. */
export interface Place {
  x: number;
  y: number;
}

const LEAST = 0.05;
const MOST = 32;
const MARGIN = 72;
/** Small pictures are shown larger, though never so large that they are all pixels. */
const LARGEST_FIT = 4;

/** In the middle, as large as the frame allows. */
export function fitted(frame: Box, picture: Box): Look {
  const room = (side: number): number => Math.max(1, side - 2 * MARGIN);
  const scale = Math.min(LARGEST_FIT, room(frame.width) / picture.width, room(frame.height) / picture.height);
  return { scale, x: (frame.width - picture.width * scale) / 2, y: (frame.height - picture.height * scale) / 2 };
}

/** Scaled so that what is under `at` stays there. */
export function zoomedAt(look: Look, at: Place, factor: number): Look {
  const scale = Math.min(MOST, Math.max(LEAST, look.scale * factor));
  const ratio = scale / look.scale;
  return { scale, x: at.x - (at.x - look.x) * ratio, y: at.y - (at.y - look.y) * ratio };
}

export const movedBy = (look: Look, dx: number, dy: number): Look => ({ ...look, x: look.x + dx, y: look.y + dy });

/** One of two fingers went from `before` to `at` while the other stayed: what lies under each goes with it. */
export function pinched(look: Look, before: Place, at: Place, other: Place): Look {
  const apart = (finger: Place): number => Math.max(1, Math.hypot(finger.x - other.x, finger.y - other.y));
  const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
  return zoomedAt(movedBy(look, (at.x - before.x) / 2, (at.y - before.y) / 2), middle, apart(at) / apart(before));
}
