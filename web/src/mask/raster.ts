// A mask as bytes, row by row: 0 is kept, 255 is painted, what lies between is soft. Pure, like everything here but
// the components.
import type { Rect } from '../geometry/rect';

export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

/** A place in pixels of the picture; (0, 0) is the corner of the first pixel, its middle is at a half. */
export interface Place {
  x: number;
  y: number;
}

export const FULL = 255;

export function emptyRaster(width: number, height: number): Raster {
  return { width, height, values: new Uint8Array(width * height) };
}

export const wholeOf = ({ width, height }: Raster): Rect => ({ x: 0, y: 0, width, height });

/** The whole pixels a box touches, cut to the raster; null where it lies outside. */
export function clipped({ width, height }: Raster, box: Rect): Rect | null {
  const left = Math.max(0, Math.floor(box.x));
  const top = Math.max(0, Math.floor(box.y));
  const right = Math.min(width, Math.ceil(box.x + box.width));
  const bottom = Math.min(height, Math.ceil(box.y + box.height));
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

export const isBlank = ({ values }: Raster): boolean => values.every((value) => value === 0);

export function invert({ values }: Raster): void {
  for (let index = 0; index < values.length; index += 1) values[index] = FULL - (values[index] ?? 0);
}

/** Sets the pixels of a box, which must lie inside. */
export function fillBox({ width, values }: Raster, box: Rect, value: number): void {
  for (let y = box.y; y < box.y + box.height; y += 1) {
    values.fill(value, y * width + box.x, y * width + box.x + box.width);
  }
}
