// A uniform grid over boxes: which of them touch a box, without looking at the others. Answers exactly what
// looking at every box would answer.
import { overlaps, type Rect } from './rect';

const CELL = 512;
/** Boxes covering more cells than this are kept in one list instead (a frame around a whole workflow). */
const MANY_CELLS = 256;

/** Two cell numbers as one key; good for half a million cells to each side. */
const keyOf = (column: number, row: number): number => (column + 0x80000) * 0x100000 + (row + 0x80000);

const cellOf = (coordinate: number): number => Math.max(-0x7ffff, Math.min(0x7ffff, Math.floor(coordinate / CELL)));

export class Grid {
  readonly #cells = new Map<number, Set<string>>();
  readonly #boxes = new Map<string, Rect>();
  readonly #large = new Set<string>();

  get size(): number {
    return this.#boxes.size;
  }

  get(id: string): Rect | undefined {
    return this.#boxes.get(id);
  }

  set(id: string, box: Rect): void {
    const before = this.#boxes.get(id);
    if (before && sameCells(before, box)) {
      this.#boxes.set(id, box);
      return;
    }
    this.delete(id);
    this.#boxes.set(id, box);
    if (cellCount(box) > MANY_CELLS) {
      this.#large.add(id);
      return;
    }
    eachCell(box, (key) => {
      const cell = this.#cells.get(key);
      if (cell) cell.add(id);
      else this.#cells.set(key, new Set([id]));
    });
  }

  delete(id: string): void {
    const box = this.#boxes.get(id);
    if (!box) return;
    this.#boxes.delete(id);
    if (this.#large.delete(id)) return;
    eachCell(box, (key) => {
      const cell = this.#cells.get(key);
      cell?.delete(id);
      if (cell?.size === 0) this.#cells.delete(key);
    });
  }

  clear(): void {
    this.#cells.clear();
    this.#boxes.clear();
    this.#large.clear();
  }

  /** Ids of all boxes that touch `area`. */
  within(area: Rect): Set<string> {
    const found = new Set<string>();
    const look = (id: string): void => {
      const box = this.#boxes.get(id);
      if (box && overlaps(box, area)) found.add(id);
    };
    if (cellCount(area) > this.#cells.size) {
      for (const id of this.#boxes.keys()) look(id);
      return found;
    }
    for (const id of this.#large) look(id);
    eachCell(area, (key) => this.#cells.get(key)?.forEach(look));
    return found;
  }

  boxes(): ReadonlyMap<string, Rect> {
    return this.#boxes;
  }
}

function cellCount(box: Rect): number {
  const columns = cellOf(box.x + box.width) - cellOf(box.x) + 1;
  return columns * (cellOf(box.y + box.height) - cellOf(box.y) + 1);
}

function sameCells(a: Rect, b: Rect): boolean {
  return (
    cellOf(a.x) === cellOf(b.x) &&
    cellOf(a.y) === cellOf(b.y) &&
    cellOf(a.x + a.width) === cellOf(b.x + b.width) &&
    cellOf(a.y + a.height) === cellOf(b.y + b.height)
  );
}

function eachCell(box: Rect, visit: (key: number) => void): void {
  const [right, bottom] = [cellOf(box.x + box.width), cellOf(box.y + box.height)];
  for (let column = cellOf(box.x); column <= right; column += 1) {
    for (let row = cellOf(box.y); row <= bottom; row += 1) visit(keyOf(column, row));
  }
}
