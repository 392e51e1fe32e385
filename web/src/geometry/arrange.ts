// Where boxes go when they are aligned or spread evenly. Pure: boxes in, corners out.
import type { Point } from '../document/types';
import type { Rect } from './rect';

export type Edge = 'left' | 'right' | 'top' | 'bottom' | 'centre' | 'middle';
export type Axis = 'across' | 'down';

type Boxes = ReadonlyMap<string, Rect>;

/** All with the same edge: of the outermost box, or through the middle of all. */
export function aligned(boxes: Boxes, edge: Edge): Map<string, Point> {
  const all = [...boxes.values()];
  const left = Math.min(...all.map(({ x }) => x));
  const top = Math.min(...all.map(({ y }) => y));
  const right = Math.max(...all.map(({ x, width }) => x + width));
  const bottom = Math.max(...all.map(({ y, height }) => y + height));
  const place = ({ x, y, width, height }: Rect): Point => {
    switch (edge) {
      case 'left':
        return [left, y];
      case 'right':
        return [right - width, y];
      case 'top':
        return [x, top];
      case 'bottom':
        return [x, bottom - height];
      case 'centre':
        return [Math.round((left + right - width) / 2), y];
      case 'middle':
        return [x, Math.round((top + bottom - height) / 2)];
    }
  };
  return new Map([...boxes].map(([id, box]) => [id, place(box)]));
}

/** The same room between each two neighbours; the first and the last stay where they are. */
export function distributed(boxes: Boxes, axis: Axis): Map<string, Point> {
  const [from, size] = axis === 'across' ? (['x', 'width'] as const) : (['y', 'height'] as const);
  const sorted = [...boxes].sort(([, a], [, b]) => a[from] - b[from]);
  const [first, last] = [sorted[0]?.[1], sorted.at(-1)?.[1]];
  if (!first || !last || sorted.length < 3) return new Map(sorted.map(([id, { x, y }]) => [id, [x, y]]));
  const span = last[from] + last[size] - first[from];
  const gap = (span - sorted.reduce((sum, [, box]) => sum + box[size], 0)) / (sorted.length - 1);
  let at = first[from];
  return new Map(
    sorted.map(([id, box]) => {
      const start = Math.round(at);
      at += box[size] + gap;
      return [id, axis === 'across' ? [start, box.y] : [box.x, start]];
    }),
  );
}
