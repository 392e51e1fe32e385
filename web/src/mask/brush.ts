// A round brush drawn along a line. What it covers is worked out exactly from the distance to the line rather than
// stamped dab by dab, so that a stroke is even however fast the hand was, and drawing it twice changes nothing.
import type { Rect } from '../geometry/rect';
import { clipped, FULL, type Place, type Raster } from './raster';

export interface Dot extends Place {
  radius: number;
}

export interface Brush {
  /** 0: hard to the rim; 1: falls off from the middle. */
  softness: number;
  erase: boolean;
}

/** The pixels a stroke between two dots may change. */
export function strokeBox(raster: Raster, from: Dot, to: Dot): Rect | null {
  const reach = Math.max(from.radius, to.radius) + 1;
  const [left, top] = [Math.min(from.x, to.x), Math.min(from.y, to.y)];
  const [right, bottom] = [Math.max(from.x, to.x), Math.max(from.y, to.y)];
  return clipped(raster, { x: left - reach, y: top - reach, width: right - left + 2 * reach, height: bottom - top + 2 * reach });
}

/** How much of a pixel a brush of this radius covers whose middle is so far away, 0 to 255. */
export function coverage(distance: number, radius: number, softness: number): number {
  const core = Math.max(0, radius * (1 - softness) - 0.5);
  const rim = radius + 0.5;
  if (distance <= core) return FULL;
  if (distance >= rim) return 0;
  const share = (rim - distance) / (rim - core);
  // A soft rim eases in and out; a hard one is the width of a pixel, where a straight slope is exact.
  return Math.round(FULL * (softness > 0 ? share * share * (3 - 2 * share) : share));
}

/** Draws one straight piece of a stroke; the radius goes evenly from one end to the other. Gives what it changed. */
export function drawStroke(raster: Raster, from: Dot, to: Dot, brush: Brush): Rect | null {
  const box = strokeBox(raster, from, to);
  if (!box) return null;
  const { width, values } = raster;
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let y = box.y; y < box.y + box.height; y += 1) {
    for (let x = box.x; x < box.x + box.width; x += 1) {
      const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const along = length > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
      const radius = from.radius + (to.radius - from.radius) * along;
      const distance = Math.hypot(px - dx * along, py - dy * along);
      if (distance >= radius + 0.5) continue;
      const covered = coverage(distance, radius, brush.softness);
      const index = y * width + x;
      const before = values[index] ?? 0;
      values[index] = brush.erase ? Math.min(before, FULL - covered) : Math.max(before, covered);
    }
  }
  return box;
}
