// Sweeping a value: it joins the workflow's sweep, and the panel that shows that comes.
import { ROOT } from '../document/change';
import { shownValue, slotNamed, slotsOf, type Slot } from '../document/inputs';
import { hasPicture, MOST_AXES, readSweep, type SweepAxis, type SweepPlace, sweeps, withAxis } from '../document/sweep';
import { firstValues, kindOf } from '../document/sweep-values';
import { isLink, type NodeData } from '../document/types';
import type { Editor } from '../editor/editor.svelte';
import { strings } from '../strings';
import type { Shell } from './shell.svelte';

/** What an axis sweeps, as it stands in the document; null where it is gone. */
export interface SweptInput {
  title: string;
  node: NodeData;
  slot: Slot;
}

const canSweep = (slot: Slot, node: NodeData): boolean => slot.schema.widget !== null && !slot.free && !isLink(node.inputs[slot.name]);

/** The input of a node of the graph shown, where it holds a value that can be swept. */
export function sweepable(editor: Editor, id: string, input: string): Slot | null {
  const node = editor.document.peek.nodes.get(id);
  const slot = node && slotNamed(editor.document.schema(node), node, input);
  return node && slot && canSweep(slot, node) ? slot : null;
}

/** Every value of the graph shown that can be swept, by node. */
export function sweepables(editor: Editor): { id: string; title: string; slots: Slot[] }[] {
  const { document } = editor;
  const found = [...document.graph.nodes].map(([id, node]) => {
    const schema = document.schema(node);
    return { id, title: document.titleOf(node), slots: schema ? slotsOf(schema, node).filter((slot) => canSweep(slot, node)) : [] };
  });
  return found.filter(({ slots }) => slots.length > 0);
}

export function sweptInput(editor: Editor, { graph = ROOT, node: id, input }: SweepPlace): SweptInput | null {
  const { document } = editor;
  if (graph !== ROOT && !document.whole.has(graph)) return null;
  const place = document.placeIn(graph);
  const node = document.whole.graph(graph).nodes.get(id);
  const slot = node && slotNamed(place.catalogue.nodes[node.type], node, input);
  return node && slot ? { title: document.titleOf(node), node, slot } : null;
}

/** The nodes of the workflow whose picture can fill the sheet, what shows or saves one first. */
export function sheetNodes(editor: Editor): { id: string; title: string }[] {
  const { document } = editor;
  const { catalogue } = document.placeIn(ROOT);
  const found = [...document.whole.graph().nodes].filter(([, node]) => hasPicture(node, catalogue.nodes[node.type]));
  const outputs = found.filter(([, node]) => catalogue.nodes[node.type]?.is_output);
  const others = found.filter(([, node]) => !catalogue.nodes[node.type]?.is_output);
  return [...outputs, ...others].map(([id, node]) => ({ id, title: document.titleOf(node) }));
}

/** Puts a value of the graph shown into the sweep, with some values to begin with. */
export function startSweep(shell: Shell, id: string, slot: Slot): void {
  const { editor } = shell;
  const node = editor.document.peek.nodes.get(id);
  if (!node) return;
  const sweep = readSweep(editor.document.sweep);
  const { shown } = editor.document;
  const place: SweepPlace = { ...(shown === ROOT ? {} : { graph: shown }), node: id, input: slot.name };
  shell.sweep = true;
  if (sweeps(sweep, place) && slot.schema.widget?.kind !== 'text') return;
  if (sweep.axes.length >= MOST_AXES) return void shell.notices.add('info', () => strings.sweep.full, () => strings.sweep.fullFix);
  const { widget, type } = slot.schema;
  const axis: SweepAxis = { ...place, values: firstValues(kindOf(widget, type), shownValue(slot, node), widget) };
  editor.edit.setSweep(withAxis(sweep, axis));
}
