// Fills in what a document may leave out, so that nothing else has to ask: inputs, and places for nodes that
// have none (a workflow written by hand or by a program). What is there is kept as it is.
import { incoming } from './links';
import type { GraphData, NodeData, Point, Size } from './types';

const COLUMN = 344;
const LINE = 400;

const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => Number.isFinite(part));

export function soundNodes(nodes: GraphData['nodes']): Map<string, NodeData> {
  const sound = new Map<string, NodeData>();
  const homeless: string[] = [];
  for (const [id, node] of Object.entries(nodes)) {
    const inputs = node.inputs ?? {};
    if (!isPair(node.position)) homeless.push(id);
    const isWhole = node.inputs !== undefined && isPair(node.position);
    sound.set(id, isWhole ? node : { ...node, inputs, position: isPair(node.position) ? node.position : [0, 0] });
  }
  if (homeless.length) placeInColumns(sound, homeless);
  return sound;
}

/** Columns by how far a node is from the beginning; below everything that has a place already. */
function placeInColumns(nodes: Map<string, NodeData>, homeless: readonly string[]): void {
  const depths = depthsOf(nodes);
  const unplaced = new Set(homeless);
  const placed = [...nodes].filter(([id]) => !unplaced.has(id)).map(([, node]) => node.position[1]);
  const top = placed.length ? Math.max(...placed) + 2 * LINE : 0;
  const rows = new Map<number, number>();
  for (const id of homeless) {
    const node = nodes.get(id);
    if (!node) continue;
    const column = depths.get(id) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    nodes.set(id, { ...node, position: [column * COLUMN, top + row * LINE] });
  }
}

/** The longest way to each node, link by link; nodes on a circle stay where the walk left them. */
function depthsOf(nodes: ReadonlyMap<string, NodeData>): Map<string, number> {
  const depths = new Map<string, number>();
  const readers = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [id, node] of nodes) {
    const sources = incoming(id, node).filter(({ from }) => nodes.has(from.node));
    open.set(id, sources.length);
    for (const { from } of sources) readers.set(from.node, [...(readers.get(from.node) ?? []), id]);
  }
  const ready = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of ready) depths.set(id, 0);
  for (const id of ready) {
    for (const reader of readers.get(id) ?? []) {
      depths.set(reader, Math.max(depths.get(reader) ?? 0, (depths.get(id) ?? 0) + 1));
      const left = (open.get(reader) ?? 1) - 1;
      open.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return depths;
}

/** Frames and notes with a place and a size. */
export function soundBoxes<Item extends { position: Point; size: Size }>(
  items: Readonly<Record<string, Item>> | undefined,
  otherwise: Size,
): Map<string, Item> {
  return new Map(
    Object.entries(items ?? {}).map(([id, item]) => {
      if (isPair(item.position) && isPair(item.size)) return [id, item];
      const position = isPair(item.position) ? item.position : ([0, 0] as Point);
      return [id, { ...item, position, size: isPair(item.size) ? item.size : otherwise }];
    }),
  );
}
