// Areas drawn by their outline. A pixel belongs to an area when its middle does.
import { around, type Rect } from '../geometry/rect';
import { clipped, type Place, type Raster } from './raster';

/** The pixels whose middles a rectangle between two corners holds; null for none. */
export function boxBetween(raster: Raster, a: Place, b: Place): Rect | null {
  const [left, right] = [Math.round(Math.min(a.x, b.x)), Math.round(Math.max(a.x, b.x))];
  const [top, bottom] = [Math.round(Math.min(a.y, b.y)), Math.round(Math.max(a.y, b.y))];
  return clipped(raster, { x: left, y: top, width: right - left, height: bottom - top });
}

/** The pixels a closed line may touch. */
export function outlineBox(raster: Raster, outline: readonly Place[]): Rect | null {
  const box = around(outline.map(({ x, y }) => ({ x, y, width: 0, height: 0 })));
  return box && clipped(raster, box);
}

/** Sets what a closed line surrounds; where it crosses itself, what it surrounds an odd number of times. */
export function fillOutline(raster: Raster, outline: readonly Place[], value: number): void {
  const box = outlineBox(raster, outline);
  if (!box || outline.length < 3) return;
  for (let y = box.y; y < box.y + box.height; y += 1) {
    const crossings = crossingsAt(outline, y + 0.5);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const first = Math.max(box.x, Math.ceil((crossings[pair] ?? 0) - 0.5));
      const last = Math.min(box.x + box.width, Math.ceil((crossings[pair + 1] ?? 0) - 0.5));
      if (last > first) raster.values.fill(value, y * raster.width + first, y * raster.width + last);
    }
  }
}

/** Where a closed line crosses a row, from left to right. */
function crossingsAt(outline: readonly Place[], y: number): number[] {
  const found: number[] = [];
  let before = outline.at(-1);
  for (const place of outline) {
    if (before && before.y < y !== place.y < y) {
      found.push(before.x + ((y - before.y) / (place.y - before.y)) * (place.x - before.x));
    }
    before = place;
  }
  return found.sort((a, b) => a - b);
}
