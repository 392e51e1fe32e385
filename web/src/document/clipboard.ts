// Copied items as text, so that they travel between tabs, browsers and chat windows. What is pasted gets new
// ids; links between copied nodes stay, links from outside stay only when asked for and still there. Subgraphs
// travel with their instances: one that the document has is used, one that it has otherwise comes as another.
import { strings } from '../strings';
import type { Change, Command } from './change';
import type { Items } from './edit/items';
import { cut } from './edit/links';
import { graphOf, type Place } from './edit/place';
import { defined } from './edit/subgraphs';
import { freshId } from './ids';
import { same } from './same';
import { soundBoxes, soundNodes } from './sound';
import { definitionOf, heldBy, isBoundary, mayHold, SUBGRAPH } from './subgraphs';
import { isLink, type FrameData, type GraphData, type NodeData, type NoteData, type Point } from './types';

const MARK = 'latent-loom';

export interface Clip {
  nodes: Record<string, NodeData>;
  frames: Record<string, FrameData>;
  notes: Record<string, NoteData>;
  /** The definitions of the subgraphs among the nodes, by id. */
  subgraphs: Record<string, GraphData>;
  /** The document it was copied from. */
  from: string;
}

type Kind = 'nodes' | 'frames' | 'notes';

const picked = <Item>(items: ReadonlyMap<string, Item>, ids: ReadonlySet<string>): Record<string, Item> =>
  Object.fromEntries([...items].filter(([id]) => ids.has(id)));

export function copy(place: Place, items: Items): string {
  const graph = graphOf(place);
  const nodes = picked(graph.nodes, new Set([...items.nodes].filter((id) => !isBoundary(graph.nodes.get(id)))));
  const clip: Clip = {
    nodes,
    frames: picked(graph.frames, items.frames),
    notes: picked(graph.notes, items.notes),
    subgraphs: definitionsOf(place, Object.values(nodes)),
    from: place.document.id,
  };
  return JSON.stringify({ [MARK]: 1, ...clip });
}

function definitionsOf({ document }: Place, nodes: readonly NodeData[]): Record<string, GraphData> {
  const used = new Set<string>();
  for (const node of nodes) {
    const id = definitionOf(node);
    if (id === null || !document.has(id)) continue;
    for (const one of [id, ...heldBy(document, id)]) used.add(one);
  }
  const found = [...document.definitions()].filter(([id]) => used.has(id));
  return Object.fromEntries(found.map(([id, graph]) => [id, graphDataOf(graph)]));
}

const plain = <Maps extends Record<string, ReadonlyMap<string, unknown>>>(maps: Maps): { [Key in keyof Maps]: Record<string, never> } =>
  Object.fromEntries(Object.entries(maps).map(([key, items]) => [key, Object.fromEntries(items)])) as never;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPoint = (value: unknown): value is Point =>
  Array.isArray(value) && value.length === 2 && value.every((part) => Number.isFinite(part));

const sound = <Item>(value: unknown, is: (item: Record<string, unknown>) => boolean): Record<string, Item> =>
  Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter(([, item]) => isRecord(item) && isPoint(item['position']) && is(item)),
  ) as Record<string, Item>;

/** What a text holds of ours; null when it is anything else. */
export function readClip(text: string): Clip | null {
  if (!text.startsWith('{') || !text.includes(MARK)) return null;
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(raw) || raw[MARK] !== 1) return null;
  return {
    nodes: sound<NodeData>(raw['nodes'], (node) => typeof node['type'] === 'string' && isRecord(node['inputs'])),
    frames: sound<FrameData>(raw['frames'], (frame) => isPoint(frame['size'])),
    notes: sound<NoteData>(raw['notes'], (note) => isPoint(note['size']) && typeof note['text'] === 'string'),
    subgraphs: soundDefinitions(raw['subgraphs']),
    from: typeof raw['from'] === 'string' ? raw['from'] : '',
  };
}

function soundDefinitions(raw: unknown): Record<string, GraphData> {
  const graphs = Object.entries(isRecord(raw) ? raw : {}).filter(([, graph]) => isRecord(graph) && isRecord(graph['nodes']));
  return Object.fromEntries(graphs) as Record<string, GraphData>;
}

/** The top left corner of a clip. */
export function cornerOf(clip: Clip): Point {
  const all = [clip.nodes, clip.frames, clip.notes].flatMap((items) => Object.values<{ position: Point }>(items));
  return [Math.min(...all.map(({ position }) => position[0])), Math.min(...all.map(({ position }) => position[1]))];
}

export interface PasteOptions {
  /** Added to every position. */
  offset: Point;
  /** Keep links from nodes that were not copied but stand in this graph. */
  keepIncoming: boolean;
  /** Makes the id of a subgraph that comes with the clip and must not take the place of another. */
  newDefinition: () => string;
}

export interface Pasted {
  command: Command;
  items: Items;
}

/** Whether a clip holds what this graph is part of: a subgraph would hold itself. */
export function isRecursive({ document, graph }: Place, clip: Clip): boolean {
  const used = [...Object.keys(clip.subgraphs), ...Object.values(clip.nodes).map(definitionOf)];
  return used.some((id) => id !== null && document.has(id) && !mayHold(document, graph, id));
}

export function paste(place: Place, clip: Clip, options: PasteOptions): Pasted | null {
  if (isRecursive(place, clip)) return null;
  const graph = graphOf(place);
  const arrived = arriving(place, clip, options);
  const ids = newIds(clip, (id) => graph.nodes.has(id) || graph.frames.has(id) || graph.notes.has(id));
  const at = ([x, y]: Point): Point => [x + options.offset[0], y + options.offset[1]];
  const changes: Change[] = [...arrived.changes];
  const keeps = (source: string): boolean => options.keepIncoming && graph.nodes.has(source);
  for (const [id, node] of Object.entries(clip.nodes)) {
    const inputs = relinked(node.inputs, ids.nodes, keeps);
    const after = { ...arrived.renamed(node), position: at(node.position), inputs };
    changes.push({ table: 'nodes', graph: place.graph, id: ids.nodes.get(id) ?? id, before: undefined, after });
  }
  for (const [id, frame] of Object.entries(clip.frames)) {
    const after = { ...frame, position: at(frame.position) };
    changes.push({ table: 'frames', graph: place.graph, id: ids.frames.get(id) ?? id, before: undefined, after });
  }
  for (const [id, note] of Object.entries(clip.notes)) {
    const after = { ...note, position: at(note.position) };
    changes.push({ table: 'notes', graph: place.graph, id: ids.notes.get(id) ?? id, before: undefined, after });
  }
  if (!ids.nodes.size && !ids.frames.size && !ids.notes.size) return null;
  const items = {
    nodes: new Set(ids.nodes.values()),
    frames: new Set(ids.frames.values()),
    notes: new Set(ids.notes.values()),
  };
  return { command: { label: strings.edits.paste(ids.nodes.size + ids.frames.size + ids.notes.size), changes }, items };
}

interface Arriving {
  changes: Change[];
  renamed: (node: NodeData) => NodeData;
}

/** The subgraphs that the document lacks. Of another document, one of the same id that differs gets an id of its own. */
function arriving({ document }: Place, clip: Clip, { newDefinition }: PasteOptions): Arriving {
  const names = new Map<string, string>();
  for (const [id, graph] of Object.entries(clip.subgraphs)) {
    if (!document.has(id)) names.set(id, id);
    else if (clip.from !== document.id && !same(graph, graphDataOf(document.graph(id)))) names.set(id, newDefinition());
  }
  // What holds one that is renamed must hold it by its new name, and so is another one itself.
  for (let grew = true; grew; ) {
    grew = false;
    for (const [id, graph] of Object.entries(clip.subgraphs)) {
      if (names.has(id) || !Object.values(graph.nodes).some((node) => isRenamed(names, node))) continue;
      names.set(id, newDefinition());
      grew = true;
    }
  }
  const renamed = (node: NodeData): NodeData => {
    const name = names.get(definitionOf(node) ?? '');
    return name === undefined ? node : { ...node, type: SUBGRAPH + name };
  };
  const changes = [...names].flatMap(([id, name]) => {
    const { nodes, frames, notes, ...head } = clip.subgraphs[id] ?? { nodes: {} };
    const inner = new Map([...soundNodes(nodes)].map(([key, node]) => [key, renamed(node)]));
    return defined(name, head, { nodes: inner, frames: soundBoxes(frames, [400, 300]), notes: soundBoxes(notes, [280, 160]) });
  });
  return { changes, renamed };
}

const isRenamed = (names: ReadonlyMap<string, string>, node: NodeData): boolean => {
  const id = definitionOf(node);
  return id !== null && names.has(id) && names.get(id) !== id;
};

const graphDataOf = ({ head, nodes, frames, notes }: ReturnType<typeof graphOf>): GraphData => ({ ...head, ...plain({ nodes, frames, notes }) });

type NewIds = Record<Kind, Map<string, string>>;

function newIds(clip: Clip, inUse: (id: string) => boolean): NewIds {
  const taken = new Set<string>();
  const fresh = (type: string): string => {
    const id = freshId(type, (candidate) => taken.has(candidate) || inUse(candidate));
    taken.add(id);
    return id;
  };
  return {
    nodes: new Map(Object.entries(clip.nodes).map(([id, node]) => [id, fresh(node.type)])),
    frames: new Map(Object.keys(clip.frames).map((id) => [id, fresh('frame')])),
    notes: new Map(Object.keys(clip.notes).map((id) => [id, fresh('note')])),
  };
}

function relinked(
  inputs: NodeData['inputs'],
  ids: ReadonlyMap<string, string>,
  keeps: (source: string) => boolean,
): NodeData['inputs'] {
  let result = inputs;
  for (const [name, value] of Object.entries(inputs)) {
    if (!isLink(value)) continue;
    const copied = ids.get(value.link[0]);
    if (copied) result = { ...result, [name]: { ...value, link: [copied, value.link[1]] } };
    else if (!keeps(value.link[0])) result = cut(result, name);
  }
  return result;
}
