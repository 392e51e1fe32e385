// Places a graph in columns from left to right so that links lead forward and cross little: columns by the longest path,
// order within a column by the middle of its neighbours (Sugiyama, Tagawa and Toda 1981), then each node as near to the
// nodes it is linked with as its neighbours allow. Pure and the same for the same graph; never by recursion, since
// chains are longer than the stack.
import type { Point, Size } from '../document/types';

export interface Box {
  id: string;
  size: Size;
  /** Where it stands now: equal choices keep this order. */
  at: Point;
}

export type Edge = readonly [from: string, to: string];

const ACROSS = 64;
const BETWEEN = 32;
const ISLANDS = 96;
const SWEEPS = 6;
/** A row of islands is about so wide by high. */
const SHAPE = 1.8;

interface Graph {
  ids: string[];
  next: Map<string, string[]>;
  before: Map<string, string[]>;
}

/** The corner of each box, the whole beginning where the boxes begin now. */
export function autoLayout(boxes: readonly Box[], edges: readonly Edge[]): Map<string, Point> {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const graph = graphOf(boxes, edges);
  const islands = islandsOf(graph).map((ids) => placeIsland({ ...graph, ids }, byId));
  const left = Math.min(...boxes.map(({ at }) => at[0]));
  const top = Math.min(...boxes.map(({ at }) => at[1]));
  const places = new Map<string, Point>();
  const area = islands.reduce((sum, { width, height }) => sum + (width + ISLANDS) * (height + ISLANDS), 0);
  const limit = Math.max(Math.sqrt(area * SHAPE), ...islands.map(({ width }) => width));
  let [x, y, row] = [0, 0, 0];
  for (const island of islands) {
    if (x > 0 && x + island.width > limit) [x, y, row] = [0, y + row + ISLANDS, 0];
    for (const [id, [dx, dy]] of island.places) places.set(id, [Math.round(left + x + dx), Math.round(top + y + dy)]);
    x += island.width + ISLANDS;
    row = Math.max(row, island.height);
  }
  return places;
}

function graphOf(boxes: readonly Box[], edges: readonly Edge[]): Graph {
  const sorted = [...boxes].sort((a, b) => a.at[1] - b.at[1] || a.at[0] - b.at[0] || (a.id < b.id ? -1 : 1));
  const ids = sorted.map(({ id }) => id);
  const next = new Map(ids.map((id): [string, string[]] => [id, []]));
  const before = new Map(ids.map((id): [string, string[]] => [id, []]));
  for (const [from, to] of edges) {
    if (from === to || !next.has(from) || !next.has(to)) continue;
    next.get(from)?.push(to);
    before.get(to)?.push(from);
  }
  return { ids, next, before };
}

/** Parts that no link joins, the largest first. */
function islandsOf({ ids, next, before }: Graph): string[][] {
  const seen = new Set<string>();
  const order = new Map(ids.map((id, index) => [id, index]));
  const islands: string[][] = [];
  for (const start of ids) {
    if (seen.has(start)) continue;
    const island = [start];
    seen.add(start);
    for (const id of island) {
      for (const other of [...(next.get(id) ?? []), ...(before.get(id) ?? [])]) {
        if (seen.has(other)) continue;
        seen.add(other);
        island.push(other);
      }
    }
    islands.push(island.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
  }
  return islands.sort((a, b) => b.length - a.length);
}

/** Each node one column after the last of what feeds it; what only feeds stands just before its first reader. */
function columnsOf({ ids, next, before }: Graph): string[][] {
  const column = new Map<string, number>();
  const open = new Map(ids.map((id) => [id, before.get(id)?.length ?? 0]));
  const ready = ids.filter((id) => open.get(id) === 0);
  for (const id of ready) {
    const own = Math.max(-1, ...(before.get(id) ?? []).map((from) => column.get(from) ?? -1)) + 1;
    column.set(id, own);
    for (const to of next.get(id) ?? []) {
      const left = (open.get(to) ?? 0) - 1;
      open.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  // What a circle holds (a broken file may) comes last.
  for (const id of ids) if (!column.has(id)) column.set(id, 0);
  for (const id of [...ready].reverse()) {
    const readers = (next.get(id) ?? []).map((to) => column.get(to) ?? 0);
    if (readers.length && !before.get(id)?.length) column.set(id, Math.max(0, Math.min(...readers) - 1));
  }
  const columns: string[][] = Array.from({ length: Math.max(0, ...column.values()) + 1 }, () => []);
  for (const id of ids) columns[column.get(id) ?? 0]?.push(id);
  return columns.filter((ids) => ids.length > 0);
}

function placeIsland(graph: Graph, byId: ReadonlyMap<string, Box>): { places: Map<string, Point>; width: number; height: number } {
  const columns = columnsOf(graph);
  const { next, before } = graph;
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    const places = placesIn(columns);
    for (const column of forward ? columns : [...columns].reverse()) {
      sortByMiddle(column, forward ? before : next, places);
      column.forEach((id, index) => places.set(id, (index + 1) / (column.length + 1)));
    }
  }
  const height = (id: string): number => byId.get(id)?.size[1] ?? 0;
  const y = stacked(columns, graph, height);
  const top = Math.min(...y.values());
  const places = new Map<string, Point>();
  let x = 0;
  for (const column of columns) {
    for (const id of column) places.set(id, [x, (y.get(id) ?? 0) - top]);
    x += Math.max(...column.map((id) => byId.get(id)?.size[0] ?? 0)) + ACROSS;
  }
  const bottom = Math.max(...[...places].map(([id, [, at]]) => at + height(id)));
  return { places, width: x - ACROSS, height: bottom };
}

const placesIn = (columns: readonly string[][]): Map<string, number> =>
  new Map(columns.flatMap((column) => column.map((id, index): [string, number] => [id, (index + 1) / (column.length + 1)])));

function sortByMiddle(column: string[], neighbours: ReadonlyMap<string, string[]>, places: ReadonlyMap<string, number>): void {
  const middle = new Map(
    column.map((id) => {
      const around = (neighbours.get(id) ?? []).map((other) => places.get(other) ?? 0.5);
      return [id, around.length ? around.reduce((sum, place) => sum + place, 0) / around.length : (places.get(id) ?? 0.5)];
    }),
  );
  column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
}

/** Heights within columns: each node drawn towards the middle of its neighbours, none over another. */
function stacked(columns: readonly string[][], { next, before }: Graph, height: (id: string) => number): Map<string, number> {
  const y = new Map<string, number>();
  for (const column of columns) {
    let at = 0;
    for (const id of column) {
      y.set(id, at);
      at += height(id) + BETWEEN;
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : [...columns].reverse()) pull(column, forward ? before : next, y, height);
  }
  return y;
}

/** Wanted places made free of overlaps by pooling neighbours that would touch: least moved in squares, in one pass. */
function pull(column: readonly string[], neighbours: ReadonlyMap<string, string[]>, y: Map<string, number>, height: (id: string) => number): void {
  interface Pool {
    ids: string[];
    /** Where its first would like to be, the mean of what all of it would like. */
    at: number;
    height: number;
  }
  const pools: Pool[] = [];
  for (const id of column) {
    const around = neighbours.get(id) ?? [];
    const wanted = around.length
      ? around.reduce((sum, other) => sum + (y.get(other) ?? 0) + height(other) / 2, 0) / around.length - height(id) / 2
      : (y.get(id) ?? 0);
    let pool: Pool = { ids: [id], at: wanted, height: height(id) };
    for (let above = pools.at(-1); above && above.at + above.height + BETWEEN > pool.at; above = pools.at(-1)) {
      pools.pop();
      const shift = above.height + BETWEEN;
      const [a, b] = [above.ids.length, pool.ids.length];
      pool = { ids: [...above.ids, ...pool.ids], at: (above.at * a + (pool.at - shift) * b) / (a + b), height: shift + pool.height };
    }
    pools.push(pool);
  }
  for (const pool of pools) {
    let { at } = pool;
    for (const id of pool.ids) {
      y.set(id, at);
      at += height(id) + BETWEEN;
    }
  }
}
