// What a change of a raster needs to be taken back: the tiles it touched, before and after. A tile of one value,
// as most of a mask is, is kept as that value.
import { around, type Rect } from '../geometry/rect';
import type { Raster } from './raster';

export const TILE = 64;

type Tile = number | Uint8Array;

export interface Patch {
  readonly tiles: ReadonlyMap<number, { before: Tile; after: Tile }>;
  /** What it changes. */
  readonly box: Rect;
  /** Bytes it holds. */
  readonly size: number;
}

const columnsOf = ({ width }: Raster): number => Math.ceil(width / TILE);

function boxOf(raster: Raster, tile: number): Rect {
  const [x, y] = [(tile % columnsOf(raster)) * TILE, Math.floor(tile / columnsOf(raster)) * TILE];
  return { x, y, width: Math.min(TILE, raster.width - x), height: Math.min(TILE, raster.height - y) };
}

function taken(raster: Raster, tile: number): Tile {
  const box = boxOf(raster, tile);
  const copy = new Uint8Array(box.width * box.height);
  for (let row = 0; row < box.height; row += 1) {
    const start = (box.y + row) * raster.width + box.x;
    copy.set(raster.values.subarray(start, start + box.width), row * box.width);
  }
  const first = copy[0] ?? 0;
  return copy.every((value) => value === first) ? first : copy;
}

function put(raster: Raster, tile: number, content: Tile): void {
  const box = boxOf(raster, tile);
  for (let row = 0; row < box.height; row += 1) {
    const start = (box.y + row) * raster.width + box.x;
    if (typeof content === 'number') raster.values.fill(content, start, start + box.width);
    else raster.values.set(content.subarray(row * box.width, (row + 1) * box.width), start);
  }
}

const isSame = (a: Tile, b: Tile): boolean => {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.every((value, index) => value === b[index]);
};

const sizeOf = (tile: Tile): number => (typeof tile === 'number' ? 8 : tile.length);

/** Follows a change while it is made: say where before each step of it. */
export class Recording {
  readonly #raster: Raster;
  readonly #before = new Map<number, Tile>();

  constructor(raster: Raster) {
    this.#raster = raster;
  }

  /** A box inside the raster is about to change. */
  touch(box: Rect): void {
    const columns = columnsOf(this.#raster);
    for (let row = Math.floor(box.y / TILE); row * TILE < box.y + box.height; row += 1) {
      for (let column = Math.floor(box.x / TILE); column * TILE < box.x + box.width; column += 1) {
        const tile = row * columns + column;
        if (!this.#before.has(tile)) this.#before.set(tile, taken(this.#raster, tile));
      }
    }
  }

  /** What changed since; null when nothing did. */
  finish(): Patch | null {
    const tiles = new Map<number, { before: Tile; after: Tile }>();
    let size = 0;
    for (const [tile, before] of this.#before) {
      const after = taken(this.#raster, tile);
      if (isSame(before, after)) continue;
      tiles.set(tile, { before, after });
      size += sizeOf(before) + sizeOf(after);
    }
    const box = around([...tiles.keys()].map((tile) => boxOf(this.#raster, tile)));
    return box && { tiles, box, size };
  }
}

export function applyPatch(raster: Raster, patch: Patch, side: 'before' | 'after'): void {
  for (const [tile, content] of patch.tiles) put(raster, tile, content[side]);
}
