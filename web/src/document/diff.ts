// What differs between two versions of a workflow: items that came, went, changed or only moved, input by input, and
// the links among them. Pure; links are compared where they end, so an input that reads another output has two.
import { ROOT } from './change';
import { incoming, type Link } from './links';
import { same } from './same';
import { definitionOf } from './subgraphs';
import type { FrameData, GraphData, InputValue, NodeData, NoteData, Workflow } from './types';

export type DiffKind = 'added' | 'removed' | 'changed' | 'moved';
export type Item = NodeData | FrameData | NoteData;

/** One field of an item: for nodes an input by its name, else a key of the item. */
export interface FieldDiff {
  name: string;
  input: boolean;
  before: unknown;
  after: unknown;
}

export interface ItemDiff {
  kind: DiffKind;
  table: 'nodes' | 'frames' | 'notes';
  graph: string;
  id: string;
  before: Item | undefined;
  after: Item | undefined;
  fields: FieldDiff[];
}

export interface LinkDiff extends Link {
  kind: 'added' | 'removed';
  graph: string;
}

export interface WorkflowDiff {
  items: ItemDiff[];
  links: LinkDiff[];
  /** The document's own keys: its title, its form; and those of subgraphs. */
  keys: (FieldDiff & { graph: string })[];
}

/** How an item lies and looks, and nothing of what it does. */
const LOOKS: ReadonlySet<string> = new Set(['position', 'size', 'collapsed', 'colour']);
const TABLES = ['nodes', 'frames', 'notes'] as const;
const HELD: ReadonlySet<string> = new Set([...TABLES, 'subgraphs']);

export function diff(before: Workflow, after: Workflow): WorkflowDiff {
  const [old, now] = [graphsOf(before), graphsOf(after)];
  const graphs = [...new Set([...old.keys(), ...now.keys()])];
  return {
    items: graphs.flatMap((graph) => TABLES.flatMap((table) => itemDiffs(graph, table, old.get(graph), now.get(graph)))),
    links: graphs.flatMap((graph) => linkDiffs(graph, old.get(graph), now.get(graph))),
    keys: graphs.flatMap((graph) => headDiffs(graph, old.get(graph), now.get(graph))),
  };
}

export const isEmpty = ({ items, links, keys }: WorkflowDiff): boolean => items.length + links.length + keys.length === 0;

/** The definitions in which something differs, or in one that they hold. */
export function touchedDefinitions({ items, links, keys }: WorkflowDiff, { subgraphs = {} }: Workflow): Set<string> {
  const touched = new Set([...items, ...links, ...keys].map(({ graph }) => graph).filter((graph) => graph !== ROOT));
  for (let before = -1; before < touched.size; ) {
    before = touched.size;
    for (const [id, { nodes = {} }] of Object.entries(subgraphs)) {
      if (Object.values(nodes).some((node) => touched.has(definitionOf(node) ?? ''))) touched.add(id);
    }
  }
  return touched;
}

function graphsOf(workflow: Workflow): Map<string, GraphData> {
  return new Map([[ROOT, workflow], ...Object.entries(workflow.subgraphs ?? {})]);
}

function itemDiffs(graph: string, table: ItemDiff['table'], old: GraphData | undefined, now: GraphData | undefined): ItemDiff[] {
  const [before, after]: Record<string, Item>[] = [old?.[table] ?? {}, now?.[table] ?? {}];
  const ids = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return ids.flatMap((id) => {
    const [one, other] = [before?.[id], after?.[id]];
    if (same(one, other)) return [];
    const fields = one && other ? fieldDiffs(one, other) : [];
    const kind: DiffKind = !one ? 'added' : !other ? 'removed' : fields.every(({ name, input }) => !input && LOOKS.has(name)) ? 'moved' : 'changed';
    return [{ kind, table, graph, id, before: one, after: other, fields }];
  });
}

function fieldDiffs(one: Item, other: Item): FieldDiff[] {
  const [{ inputs: a, ...before }, { inputs: b, ...after }] = [one, other] as Record<string, unknown>[] as [NodeData, NodeData];
  return [...recordDiffs(a ?? {}, b ?? {}, true), ...recordDiffs(before, after, false)];
}

function recordDiffs(before: object, after: object, input: boolean): FieldDiff[] {
  const [old, now] = [before, after] as Record<string, unknown>[];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => !same(old?.[name], now?.[name]))
    .map((name) => ({ name, input, before: old?.[name], after: now?.[name] }));
}

function headDiffs(graph: string, old: GraphData | undefined, now: GraphData | undefined): WorkflowDiff['keys'] {
  const head = (data: GraphData | undefined): object => Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => !HELD.has(key)));
  return recordDiffs(head(old), head(now), false).map((field) => ({ ...field, graph }));
}

function linkDiffs(graph: string, old: GraphData | undefined, now: GraphData | undefined): LinkDiff[] {
  const [before, after] = [linksOf(old), linksOf(now)];
  const only = (some: ReadonlyMap<string, Link>, others: ReadonlyMap<string, Link>, kind: LinkDiff['kind']): LinkDiff[] =>
    [...some].filter(([key]) => !others.has(key)).map(([, link]) => ({ ...link, kind, graph }));
  return [...only(before, after, 'removed'), ...only(after, before, 'added')];
}

/** Links by both their ends. */
function linksOf(data: GraphData | undefined): Map<string, Link> {
  const links = Object.entries(data?.nodes ?? {}).flatMap(([id, node]) => incoming(id, { ...node, inputs: node.inputs ?? {} }));
  return new Map(links.map((link) => [JSON.stringify(link), link]));
}

/** Text as it is, an object as "mode while, most 100". */
function inWords(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  return Object.entries(value).map(([key, part]) => `${key} ${inWords(part)}`).join(', ');
}

/** A value in a line of a list: a link by where it comes from, a long text by its beginning. */
export function shortValue(value: unknown, titleOf: (node: string) => string): string {
  if (value === undefined) return '—';
  const input = value as InputValue;
  if (typeof input === 'object' && input !== null && 'link' in input) return `← ${titleOf(input.link[0])}`;
  const text = inWords(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text || '“”';
}
