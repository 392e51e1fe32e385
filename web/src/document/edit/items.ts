// Adding, removing, moving and dressing what lies on the canvas: nodes, frames and notes.
import { strings } from '../../strings';
import type { Change, Command } from '../change';
import { closeGaps } from '../inputs';
import { isBoundary } from '../subgraphs';
import type { FrameData, Mode, NodeData, NoteData, Point, Size } from '../types';
import { cut } from './links';
import { graphOf, nodeChange, schemaOf, without, type Place } from './place';

const words = strings.edits;

/** Ids of things on the canvas, by kind. */
export interface Items {
  nodes: ReadonlySet<string>;
  frames: ReadonlySet<string>;
  notes: ReadonlySet<string>;
}

export const NOTHING: Items = { nodes: new Set(), frames: new Set(), notes: new Set() };

export const countOf = (items: Items): number => items.nodes.size + items.frames.size + items.notes.size;

export function addNode(place: Place, id: string, node: NodeData): Command {
  return { label: words.addNode, changes: [{ table: 'nodes', graph: place.graph, id, before: undefined, after: node }] };
}

export function putFrame(place: Place, id: string, after: FrameData, label = words.addFrame): Command | null {
  const before = graphOf(place).frames.get(id);
  return before === after ? null : { label, changes: [{ table: 'frames', graph: place.graph, id, before, after }] };
}

export function putNote(place: Place, id: string, after: NoteData, label = words.addNote): Command | null {
  const before = graphOf(place).notes.get(id);
  return before === after ? null : { label, changes: [{ table: 'notes', graph: place.graph, id, before, after }] };
}

/** Removes items, and from the nodes that stay every link that read from one that went. A subgraph's edge stays. */
export function remove(place: Place, chosen: Items): Command | null {
  const graph = graphOf(place);
  const items = { ...chosen, nodes: new Set([...chosen.nodes].filter((id) => !isBoundary(graph.nodes.get(id)))) };
  const changes: Change[] = [];
  const readers = new Set<string>();
  for (const id of items.nodes) {
    for (const link of graph.links.outgoing(id)) if (!items.nodes.has(link.to.node)) readers.add(link.to.node);
  }
  for (const id of readers) changes.push(...nodeChange(place, id, (node) => withoutSources(place, node, items.nodes)));
  for (const id of items.nodes) {
    const before = graph.nodes.get(id);
    if (before) changes.push({ table: 'nodes', graph: place.graph, id, before, after: undefined });
  }
  for (const id of items.frames) {
    const before = graph.frames.get(id);
    if (before) changes.push({ table: 'frames', graph: place.graph, id, before, after: undefined });
  }
  for (const id of items.notes) {
    const before = graph.notes.get(id);
    if (before) changes.push({ table: 'notes', graph: place.graph, id, before, after: undefined });
  }
  return changes.length ? { label: words.delete(items.nodes.size, items.frames.size, items.notes.size), changes } : null;
}

function withoutSources(place: Place, node: NodeData, gone: ReadonlySet<string>): NodeData {
  let inputs = node.inputs;
  for (const [input, value] of Object.entries(node.inputs)) {
    if (typeof value !== 'object' || value === null || !('link' in value)) continue;
    if (gone.has(value.link[0])) inputs = cut(inputs, input);
  }
  return { ...node, inputs: closeGaps(schemaOf(place, node), inputs) };
}

/** Where things go: new positions by id, and new sizes where they change. */
export interface Moves {
  nodes?: ReadonlyMap<string, Point>;
  frames?: ReadonlyMap<string, Point>;
  notes?: ReadonlyMap<string, Point>;
}

const moved = <Item extends { position: Point }>(item: Item, [x, y]: Point): Item =>
  item.position[0] === x && item.position[1] === y ? item : { ...item, position: [x, y] };

export function move(place: Place, moves: Moves): Command | null {
  const graph = graphOf(place);
  const changes: Change[] = [];
  for (const [id, point] of moves.nodes ?? []) changes.push(...nodeChange(place, id, (node) => moved(node, point)));
  for (const [id, point] of moves.frames ?? []) {
    const before = graph.frames.get(id);
    const after = before && moved(before, point);
    if (before && after !== before) changes.push({ table: 'frames', graph: place.graph, id, before, after });
  }
  for (const [id, point] of moves.notes ?? []) {
    const before = graph.notes.get(id);
    const after = before && moved(before, point);
    if (before && after !== before) changes.push({ table: 'notes', graph: place.graph, id, before, after });
  }
  return changes.length ? { label: words.move(changes.length), changes } : null;
}

export function resizeNode(place: Place, id: string, size: Size | null): Command | null {
  const changes = nodeChange(place, id, (node) => (size ? { ...node, size } : without(node, 'size')));
  return changes.length ? { label: words.resize, changes } : null;
}

/** Mutes or bypasses nodes; all of them being so already, they run again. */
export function toggleMode(place: Place, ids: ReadonlySet<string>, mode: Mode): Command | null {
  const nodes = graphOf(place).nodes;
  const all = [...ids].every((id) => (nodes.get(id)?.mode ?? 'run') === mode);
  return setMode(place, ids, all ? 'run' : mode);
}

export function setMode(place: Place, ids: ReadonlySet<string>, mode: Mode): Command | null {
  const changes = [...ids].flatMap((id) =>
    nodeChange(place, id, (node) => {
      if ((node.mode ?? 'run') === mode) return node;
      return mode === 'run' ? without(node, 'mode') : { ...node, mode };
    }),
  );
  return changes.length ? { label: words.mode[mode](changes.length), changes } : null;
}

/** A title, a colour, whether it is collapsed or pinned; '' or false is the type's own look. */
export function dress(place: Place, ids: ReadonlySet<string>, look: NodeLook): Command | null {
  const changes = [...ids].flatMap((id) =>
    nodeChange(place, id, (node) => {
      const same = Object.entries(look).every(([key, value]) => (node[key] || undefined) === (value || undefined));
      if (same) return node;
      const kept = Object.keys(look).reduce((rest, key) => without(rest, key), node);
      return { ...kept, ...Object.fromEntries(Object.entries(look).filter(([, value]) => value)) };
    }),
  );
  return changes.length ? { label: words.changeLook(changes.length), changes } : null;
}

export interface NodeLook {
  title?: string;
  colour?: string;
  collapsed?: boolean;
  pinned?: boolean;
}

/** One colour for all of them; '' is their own. */
export function recolour(place: Place, chosen: Items, colour: string): Command | null {
  const graph = graphOf(place);
  const coloured = <Item extends { colour?: string }>(item: Item): Item => (colour ? { ...item, colour } : without(item, 'colour'));
  const changes: Change[] = [...(dress(place, chosen.nodes, { colour })?.changes ?? [])];
  for (const id of chosen.frames) {
    const before = graph.frames.get(id);
    if (before && (before.colour ?? '') !== colour) changes.push({ table: 'frames', graph: place.graph, id, before, after: coloured(before) });
  }
  for (const id of chosen.notes) {
    const before = graph.notes.get(id);
    if (before && (before.colour ?? '') !== colour) changes.push({ table: 'notes', graph: place.graph, id, before, after: coloured(before) });
  }
  return changes.length ? { label: words.changeLook(changes.length), changes } : null;
}
