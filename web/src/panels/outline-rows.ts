// The graph as a tree: frames hold what lies in them, each node may be opened to show what it is linked with. Flat rows
// with a level each, so that only those in view need elements. Pure.
import type { Graph } from '../document/document';
import { incoming } from '../document/links';
import type { NodeData, Point } from '../document/types';
import { holds, type Rect } from '../geometry/rect';

export interface OutlineRow {
  key: string;
  kind: 'node' | 'frame' | 'link';
  /** The node or frame; of a link the node at its other end. */
  id: string;
  level: number;
  label: string;
  /** Null where there is nothing to open. */
  open: boolean | null;
  /** Its place among its siblings, from 1, and how many they are. */
  at: number;
  of: number;
}

export interface OutlineGraph {
  graph: Graph;
  titleOf: (node: NodeData) => string;
  boxOf: (kind: 'nodes' | 'frames', id: string) => Rect | undefined;
}

const before = (a: Point, b: Point): number => a[0] - b[0] || a[1] - b[1];

/** All rows, those within closed ones left out. Frames are open unless `toggled` has them; nodes the other way round. */
export function outlineRows({ graph, titleOf, boxOf }: OutlineGraph, toggled: ReadonlySet<string>, text: string): OutlineRow[] {
  const wanted = text.trim().toLowerCase();
  if (wanted) return found(graph, titleOf, wanted);
  const frames = [...graph.frames].flatMap(([id, frame]) => {
    const box = boxOf('frames', id);
    return box ? [{ id, frame, box, area: box.width * box.height }] : [];
  });
  frames.sort((a, b) => a.area - b.area);
  const children = new Map<string, { kind: 'node' | 'frame'; id: string; at: Point }[]>();
  const put = (parent: string, child: { kind: 'node' | 'frame'; id: string; at: Point }): void => {
    const known = children.get(parent);
    if (known) known.push(child);
    else children.set(parent, [child]);
  };
  const holder = (box: Rect | undefined, own = ''): string => (box && frames.find((frame) => frame.id !== own && holds(frame.box, box))?.id) ?? '';
  for (const [id, node] of graph.nodes) put(frames.length ? holder(boxOf('nodes', id)) : '', { kind: 'node', id, at: node.position });
  for (const { id, frame, box } of frames) put(holder(box, id), { kind: 'frame', id, at: frame.position });
  const rows: OutlineRow[] = [];
  const stack = [{ items: (children.get('') ?? []).sort((a, b) => before(a.at, b.at)), next: 0, level: 1 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const item = top.items[top.next];
    if (!item) {
      stack.pop();
      continue;
    }
    top.next += 1;
    const place = { level: top.level, at: top.next, of: top.items.length };
    const inner = item.kind === 'frame' ? (children.get(item.id) ?? []) : [];
    const node = graph.nodes.get(item.id);
    const key = `${item.kind} ${item.id}`;
    if (item.kind === 'frame') {
      const open = !toggled.has(key);
      rows.push({ key, kind: 'frame', id: item.id, label: graph.frames.get(item.id)?.title ?? '', open: inner.length ? open : null, ...place });
      if (open && inner.length) stack.push({ items: inner.sort((a, b) => before(a.at, b.at)), next: 0, level: top.level + 1 });
    } else if (node) {
      const links = toggled.has(key) ? linksOf(graph, item.id, titleOf, top.level + 1) : [];
      const linked = incoming(item.id, node).length > 0 || [...graph.links.outgoing(item.id)].length > 0;
      rows.push({ key, kind: 'node', id: item.id, label: titleOf(node), open: linked ? toggled.has(key) : null, ...place }, ...links);
    }
  }
  return rows;
}

function linksOf(graph: Graph, id: string, titleOf: (node: NodeData) => string, level: number): OutlineRow[] {
  const name = (other: string): string => {
    const node = graph.nodes.get(other);
    return node ? titleOf(node) : other;
  };
  const ends = [
    ...incoming(id, graph.nodes.get(id)).map(({ from, to }) => ({ id: from.node, label: `${to.input} ← ${name(from.node)}` })),
    ...[...graph.links.outgoing(id)].map(({ from, to }) => ({ id: to.node, label: `${from.output} → ${name(to.node)}` })),
  ];
  return ends.map((end, index) => ({ key: `link ${id} ${index}`, kind: 'link', ...end, level, open: null, at: index + 1, of: ends.length }));
}

function found(graph: Graph, titleOf: (node: NodeData) => string, wanted: string): OutlineRow[] {
  const hits = [...graph.nodes].filter(([, node]) => `${titleOf(node)} ${node.type}`.toLowerCase().includes(wanted));
  hits.sort(([, a], [, b]) => before(a.position, b.position));
  return hits.map(([id, node], index) => ({ key: `node ${id}`, kind: 'node', id, label: titleOf(node), level: 1, open: null, at: index + 1, of: hits.length }));
}
