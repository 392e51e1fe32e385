// The form of a workflow: which inputs are shown, in which order, under which headings, and which results. It stands
// in the document's `form`; unknown keys and items are kept. Pure.
import { slotNamed, slotsOf, type Slot } from './inputs';
import { upstream } from './links';
import { same } from './same';
import { isLink, type Json, type NodeData } from './types';
import type { Catalogue } from './catalogue';
import type { Graph } from './document';

export type FormItem =
  | { kind: 'input'; node: string; input: string; title?: string }
  | { kind: 'output'; node: string; title?: string }
  | { kind: 'heading'; text: string }
  | { kind: 'note'; text: string };

export interface Form {
  items: FormItem[];
  [key: string]: unknown;
}

/** What stands first in a proposed form, by the name of the input. */
const WANTED = ['text', 'prompt', 'seed', 'width', 'height', 'steps', 'cfg', 'guidance', 'image', 'file'];
const MOST_PROPOSED = 12;

/** The form of a document; null where it has none that can be read. */
export function readForm(form: Json | undefined): Form | null {
  if (typeof form !== 'object' || form === null || Array.isArray(form)) return null;
  const items = form['items'];
  return Array.isArray(items) ? ({ ...form, items } as unknown as Form) : null;
}

/** A form for a workflow that has none: texts, seed, size and steps of what its results need, then the results. */
export function proposeForm(graph: Graph, catalogue: Catalogue): Form {
  const targets = [...graph.nodes].filter(([, node]) => catalogue.nodes[node.type]?.is_output && (node.mode ?? 'run') === 'run').map(([id]) => id);
  const needed = new Set(targets.flatMap((id) => [...upstream(graph.nodes, id)]));
  const found = [...needed].flatMap((id) => {
    const node = graph.nodes.get(id);
    const schema = node && catalogue.nodes[node.type];
    if (!node || !schema) return [];
    return slotsOf(schema, node).filter((slot) => isProposed(slot, node, targets.includes(id))).map((slot) => ({ node: id, input: slot.name, rank: rankOf(slot) }));
  });
  const left = (id: string): number => graph.nodes.get(id)?.position[0] ?? 0;
  const top = (id: string): number => graph.nodes.get(id)?.position[1] ?? 0;
  found.sort((a, b) => a.rank - b.rank || left(a.node) - left(b.node) || top(a.node) - top(b.node));
  const inputs: FormItem[] = found.slice(0, MOST_PROPOSED).map(({ node, input }) => ({ kind: 'input', node, input }));
  return { items: [...inputs, ...targets.map((node): FormItem => ({ kind: 'output', node }))] };
}

const rankOf = (slot: Slot): number => WANTED.findIndex((name) => slot.schema.name === name || (name === 'seed' && slot.schema.widget?.kind === 'seed'));

function isProposed(slot: Slot, node: NodeData, isTarget: boolean): boolean {
  if (!slot.schema.widget || slot.free || slot.depth > 0 || isLink(node.inputs[slot.name])) return false;
  if (slot.schema.widget.kind === 'model_file' || (isTarget && slot.schema.name !== 'text')) return false;
  return rankOf(slot) >= 0;
}

/** Whether an input stands in the form. */
export const holds = (form: Form | null, node: string, input: string): boolean =>
  form?.items.some((item) => item.kind === 'input' && item.node === node && item.input === input) ?? false;

/** Adds an input before the results at the end, or takes it out. */
export function toggled(form: Form | null, node: string, input: string): Form {
  const items = form?.items ?? [];
  if (holds(form, node, input)) {
    return { ...form, items: items.filter((item) => !(item.kind === 'input' && item.node === node && item.input === input)) };
  }
  return { ...form, items: inserted(items, { kind: 'input', node, input }) };
}

/** Before the results at the end of the form; a result comes last. */
export function inserted(items: readonly FormItem[], item: FormItem): FormItem[] {
  let end = items.length;
  if (item.kind !== 'output') while (end > 0 && items[end - 1]?.kind === 'output') end -= 1;
  return [...items.slice(0, end), item, ...items.slice(end)];
}

export function moved(items: readonly FormItem[], from: number, to: number): FormItem[] {
  const item = items[from];
  if (!item) return [...items];
  const rest = items.filter((_, index) => index !== from);
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}

/** Inputs that could stand in the form and do not, in the order of the graph. */
export function candidates(graph: Graph, catalogue: Catalogue, form: Form): { node: string; slot: Slot }[] {
  return [...graph.nodes].flatMap(([id, node]) => {
    const schema = catalogue.nodes[node.type];
    if (!schema) return [];
    return slotsOf(schema, node)
      .filter((slot) => slot.schema.widget && !slot.free && !holds(form, id, slot.name))
      .map((slot) => ({ node: id, slot }));
  });
}

/** The input an item of a form stands for; undefined where its node or input is gone. */
export function slotOf(graph: Graph, catalogue: Catalogue, item: { node: string; input: string }): { node: NodeData; slot: Slot } | undefined {
  const node = graph.nodes.get(item.node);
  const slot = node && slotNamed(catalogue.nodes[node.type], node, item.input);
  return node && slot ? { node, slot } : undefined;
}

export const isSame = (one: Form | null, other: Form | null): boolean => same(one, other);
