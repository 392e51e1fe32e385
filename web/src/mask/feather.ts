// A soft edge: three box blurs in a row come close to a Gaussian (Wells 1986), at a cost that does not grow with
// their width. The same softness as the node Feather mask: a sigma of half the pixels.
import type { Raster } from './raster';

const PASSES = 3;

/** Widths of the boxes whose blurs together have this sigma; odd, so that nothing is shifted. */
export function boxWidths(sigma: number): number[] {
  const ideal = Math.sqrt((12 * sigma * sigma) / PASSES + 1);
  const lower = Math.max(1, Math.floor((ideal - 1) / 2) * 2 + 1);
  const short = (12 * sigma * sigma - PASSES * (lower * lower + 4 * lower + 3)) / (-4 * lower - 4);
  return Array.from({ length: PASSES }, (_, pass) => (pass < Math.round(short) ? lower : lower + 2));
}

/** The mask with its edges softened over so many pixels to both sides; itself is left as it is. */
export function feathered({ width, height, values }: Raster, pixels: number): Raster {
  if (pixels <= 0) return { width, height, values: values.slice() };
  const now = Float32Array.from(values);
  const across = new Float32Array(values.length);
  for (const box of boxWidths(pixels / 2)) {
    blurLines(now, across, height, width, width, 1, box);
    blurLines(across, now, width, height, 1, width, box);
  }
  return { width, height, values: Uint8Array.from(now, Math.round) };
}

/** Averages along lines, each value of a line `step` after the last; beyond an end its last value goes on. */
function blurLines(from: Float32Array, to: Float32Array, lines: number, length: number, between: number, step: number, box: number): void {
  const half = (box - 1) / 2;
  for (let line = 0; line < lines; line += 1) {
    const start = line * between;
    const at = (place: number): number => from[start + Math.min(length - 1, Math.max(0, place)) * step] ?? 0;
    let sum = 0;
    for (let place = -half; place <= half; place += 1) sum += at(place);
    for (let place = 0; place < length; place += 1) {
      to[start + place * step] = sum / box;
      sum += at(place + half + 1) - at(place - half);
    }
  }
}
