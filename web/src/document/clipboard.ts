// Copied items as text, so that they travel between tabs, browsers and chat windows. What is pasted gets new
// ids; links between copied nodes stay, links from outside stay only when asked for and still there.
import { strings } from '../strings';
import type { Change, Command } from './change';
import type { Items } from './edit/items';
import { graphOf, type Place } from './edit/place';
import { cut } from './edit/links';
import { freshId } from './ids';
import { isLink, type FrameData, type NodeData, type NoteData, type Point } from './types';

const MARK = 'latent-loom';

export interface Clip {
  nodes: Record<string, NodeData>;
  frames: Record<string, FrameData>;
  notes: Record<string, NoteData>;
}

const picked = <Item>(items: ReadonlyMap<string, Item>, ids: ReadonlySet<string>): Record<string, Item> =>
  Object.fromEntries([...items].filter(([id]) => ids.has(id)));

export function copy(place: Place, items: Items): string {
  const graph = graphOf(place);
  const clip: Clip = {
    nodes: picked(graph.nodes, items.nodes),
    frames: picked(graph.frames, items.frames),
    notes: picked(graph.notes, items.notes),
  };
  return JSON.stringify({ [MARK]: 1, ...clip });
}

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
  };
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
}

export interface Pasted {
  command: Command;
  items: Items;
}

export function paste(place: Place, clip: Clip, options: PasteOptions): Pasted | null {
  const graph = graphOf(place);
  const ids = newIds(clip, (id) => graph.nodes.has(id) || graph.frames.has(id) || graph.notes.has(id));
  const at = ([x, y]: Point): Point => [x + options.offset[0], y + options.offset[1]];
  const changes: Change[] = [];
  const keeps = (source: string): boolean => options.keepIncoming && graph.nodes.has(source);
  for (const [id, node] of Object.entries(clip.nodes)) {
    const after = { ...node, position: at(node.position), inputs: relinked(node.inputs, ids.nodes, keeps) };
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
  if (!changes.length) return null;
  const items = {
    nodes: new Set(ids.nodes.values()),
    frames: new Set(ids.frames.values()),
    notes: new Set(ids.notes.values()),
  };
  return { command: { label: strings.edits.paste(changes.length), changes }, items };
}

type NewIds = Record<keyof Clip, Map<string, string>>;

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
