// Flood fill: all pixels that hang together with the one pressed, up and down, left and right, and are alike.
import type { Raster } from './raster';

/** Pixels of one row, from the index `start` up to but without `end`. */
export interface Run {
  start: number;
  end: number;
}

/** Whether the pixel at an index is of the kind that is being filled. */
export type Alike = (index: number) => boolean;

/** The runs of the area around an index. Row by row with a stack: an area may wind as long as it likes. */
export function floodRuns(width: number, height: number, seed: number, alike: Alike): Run[] {
  const seen = new Uint8Array(width * height);
  const runs: Run[] = [];
  const waiting = alike(seed) ? [seed] : [];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (seen[index]) continue;
    const run = widened(width, index, (at) => !seen[at] && alike(at));
    seen.fill(1, run.start, run.end);
    runs.push(run);
    for (const step of [-width, width]) {
      let inside = false;
      for (let at = run.start + step; at < run.end + step; at += 1) {
        const open = at >= 0 && at < width * height && !seen[at] && alike(at);
        if (open && !inside) waiting.push(at);
        inside = open;
      }
    }
  }
  return runs;
}

function widened(width: number, index: number, open: Alike): Run {
  const row = index - (index % width);
  let [start, end] = [index, index + 1];
  while (start > row && open(start - 1)) start -= 1;
  while (end < row + width && open(end)) end += 1;
  return { start, end };
}

/**
 * What a fill stops at in the mask alone: pixels that are wholly of the new value. A soft rim does not stop it, so
 * that no seam is left between an outline and what fills it.
 */
export const notYet = ({ values }: Raster, value: number): Alike => (index) => values[index] !== value;

/** Pixels of a picture (RGBA) whose red, green and blue are each within `tolerance` of those at `seed`, 0 to 255. */
export function likeColour(colours: Uint8ClampedArray, seed: number, tolerance: number): Alike {
  const channels = [0, 1, 2] as const;
  const wanted = channels.map((channel) => colours[seed * 4 + channel] ?? 0);
  return (index) =>
    channels.every((channel) => Math.abs((colours[index * 4 + channel] ?? 0) - (wanted[channel] ?? 0)) <= tolerance);
}

export function fillRuns({ values }: Raster, runs: readonly Run[], value: number): void {
  for (const { start, end } of runs) values.fill(value, start, end);
}
