// Where every result of a search lies in a grid with a heading for each day. Pure: whatever the number of results,
// a question costs a search among the days, and the whole height is known before anything is loaded.
import type { Day } from '../api/gallery';

export interface Measures {
  /** Of the grid, without its scroll bar. */
  width: number;
  /** The least a cell is wide. */
  least: number;
  gap: number;
  heading: number;
}

export interface Box {
  x: number;
  y: number;
  size: number;
}

/** One line of the grid: a day's heading, or a row of cells. */
export type Line =
  | { kind: 'heading'; key: string; y: number; day: Day; row: number }
  | { kind: 'cells'; key: string; y: number; first: number; count: number; row: number };

interface Placed {
  day: Day;
  /** The index of its first result. */
  first: number;
  y: number;
  /** The number of its heading among all lines. */
  row: number;
}

export class Grid {
  readonly columns: number;
  readonly cell: number;
  readonly height: number;
  readonly total: number;
  readonly lines: number;
  readonly #days: readonly Placed[];
  readonly #measures: Measures;

  constructor(days: readonly Day[], measures: Measures) {
    const { width, least, gap, heading } = measures;
    this.#measures = measures;
    this.columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
    this.cell = Math.max(1, (width - gap * (this.columns - 1)) / this.columns);
    const placed: Placed[] = [];
    let [first, y, row] = [0, 0, 0];
    for (const day of days) {
      placed.push({ day, first, y, row });
      const rows = Math.ceil(day.count / this.columns);
      first += day.count;
      row += rows + 1;
      y += heading + rows * (this.cell + gap);
    }
    this.#days = placed;
    this.total = first;
    this.height = y;
    this.lines = row;
  }

  /** The lines that show between two heights. */
  between(top: number, bottom: number): Line[] {
    const lines: Line[] = [];
    for (let at = this.#dayAt(({ y }) => y <= top); at < this.#days.length; at += 1) {
      const placed = this.#days[at] as Placed;
      if (placed.y >= bottom) break;
      this.#linesOf(placed, top, bottom, lines);
    }
    return lines;
  }

  boxOf(index: number): Box {
    const placed = this.dayOf(index);
    const within = index - placed.first;
    const step = this.cell + this.#measures.gap;
    return {
      x: (within % this.columns) * step,
      y: placed.y + this.#measures.heading + Math.floor(within / this.columns) * step,
      size: this.cell,
    };
  }

  /** The day that holds a result, and the index of the day's first one. */
  dayOf(index: number): { day: Day; first: number; y: number } {
    const found = this.#days[this.#dayAt(({ first }) => first <= index)];
    if (!found || index < 0 || index >= this.total) throw new RangeError(`There is no result ${index}.`);
    return found;
  }

  /** The indexes of cells that touch a rectangle, as ranges without their ends. */
  touching(left: number, top: number, right: number, bottom: number): [from: number, to: number][] {
    const step = this.cell + this.#measures.gap;
    const from = Math.max(0, Math.ceil((left - this.cell) / step));
    const to = Math.min(this.columns - 1, Math.floor(right / step));
    const ranges: [number, number][] = [];
    for (const line of this.between(top, bottom)) {
      if (line.kind !== 'cells' || line.y + this.cell < top) continue;
      const end = Math.min(line.count, to + 1);
      if (from < end) ranges.push([line.first + from, line.first + end]);
    }
    return ranges;
  }

  /** The result a key leads to from `index`; it stays where there is none. */
  step(index: number, by: 'left' | 'right' | 'up' | 'down'): number {
    if (by === 'left') return Math.max(0, index - 1);
    if (by === 'right') return Math.min(this.total - 1, index + 1);
    const { x, y } = this.boxOf(index);
    const middle = x + this.cell / 2;
    const [top, bottom] = by === 'down' ? [y + this.cell + 1, this.height] : [0, y - 1];
    const lines = by === 'down' ? this.#near(top, bottom, 1) : this.#near(top, bottom, -1);
    if (!lines) return index;
    const column = Math.floor(middle / (this.cell + this.#measures.gap));
    return lines.first + Math.min(column, lines.count - 1);
  }

  /** The row of cells nearest to where a step begins. */
  #near(top: number, bottom: number, direction: 1 | -1): (Line & { kind: 'cells' }) | undefined {
    const reach = 2 * (this.cell + this.#measures.gap + this.#measures.heading);
    const lines = direction === 1 ? this.between(top, Math.min(bottom, top + reach)) : this.between(Math.max(0, bottom - reach), bottom);
    const rows = lines.filter((line) => line.kind === 'cells');
    return direction === 1 ? rows.find(({ y }) => y >= top - 1) : rows.findLast(({ y }) => y + this.cell <= bottom + 2);
  }

  #linesOf(placed: Placed, top: number, bottom: number, into: Line[]): void {
    const { heading, gap } = this.#measures;
    const { day, first, y } = placed;
    if (y + heading > top) into.push({ kind: 'heading', key: `d${day.day}`, y, day, row: placed.row });
    const step = this.cell + gap;
    const rows = Math.ceil(day.count / this.columns);
    const from = Math.max(0, Math.floor((top - y - heading) / step));
    for (let row = from; row < rows && y + heading + row * step < bottom; row += 1) {
      const start = first + row * this.columns;
      const count = Math.min(this.columns, day.count - row * this.columns);
      into.push({ kind: 'cells', key: `d${day.day}r${row}`, y: y + heading + row * step, first: start, count, row: placed.row + row + 1 });
    }
  }

  /** The last day for which `holds`; days for which it does come first. */
  #dayAt(holds: (placed: Placed) => boolean): number {
    let [low, high] = [0, this.#days.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.#days[middle] as Placed)) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
