// How a picture lies in the viewer. Pure; pixels of the screen, scale 1 is actual size.
export interface Look {
  x: number;
  y: number;
  scale: number;
}

interface Box {
  width: number;
  height: number;
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
export function zoomedAt(look: Look, at: { x: number; y: number }, factor: number): Look {
  const scale = Math.min(MOST, Math.max(LEAST, look.scale * factor));
  const ratio = scale / look.scale;
  return { scale, x: at.x - (at.x - look.x) * ratio, y: at.y - (at.y - look.y) * ratio };
}

export const movedBy = (look: Look, dx: number, dy: number): Look => ({ ...look, x: look.x + dx, y: look.y + dy });
