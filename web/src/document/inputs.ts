// The inputs a node shows: its schema's, with one free place more for an input that grows, and those the
// chosen variant brings. Names are flat, as in the document: `images.0`, `format.quality`.
import type { InputSchema, NodeSchema } from './catalogue';
import { constantOf, isLink, type InputValue, type Json, type NodeData } from './types';

/** One input as it is drawn, under its flat name. */
export interface Slot {
  name: string;
  title: string;
  schema: InputSchema;
  /** The free place at the end of an input that grows. */
  free: boolean;
  /** How deep inside a variant. */
  depth: number;
}

type Values = NodeData['inputs'];

export function slotsOf(schema: NodeSchema, node: Pick<NodeData, 'inputs'>): Slot[] {
  return schema.inputs.flatMap((input) => slotsOfInput(input, '', node.inputs, 0));
}

function slotsOfInput(input: InputSchema, prefix: string, values: Values, depth: number): Slot[] {
  const name = prefix + input.name;
  if (input.grows) return growing(input, name, values, depth);
  const slot: Slot = { name, title: input.title, schema: input, free: false, depth };
  if (input.widget?.kind !== 'variant') return [slot];
  const chosen = input.widget.options[chosenVariant(input, values[name])] ?? [];
  return [slot, ...chosen.flatMap((inner) => slotsOfInput(inner, `${name}.`, values, depth + 1))];
}

function growing(input: InputSchema, name: string, values: Values, depth: number): Slot[] {
  const used = lengthOf(name, values);
  return Array.from({ length: used + 1 }, (_, index) => ({
    name: `${name}.${index}`,
    title: `${input.title} ${index + 1}`,
    schema: input,
    free: index === used,
    depth,
  }));
}

/** How many places of a growing input are taken: one more than the highest number in use. */
export function lengthOf(name: string, values: Values): number {
  let length = 0;
  for (const key of Object.keys(values)) {
    if (!key.startsWith(`${name}.`)) continue;
    const index = Number(key.slice(name.length + 1));
    if (Number.isInteger(index) && index >= length) length = index + 1;
  }
  return length;
}

export function chosenVariant(input: InputSchema, value: InputValue | undefined): string {
  if (input.widget?.kind !== 'variant') return '';
  const names = Object.keys(input.widget.options);
  const chosen = constantOf(value) ?? input.default;
  return typeof chosen === 'string' && names.includes(chosen) ? chosen : (names[0] ?? '');
}

export function slotNamed(schema: NodeSchema | undefined, node: NodeData, name: string): Slot | undefined {
  return schema && slotsOf(schema, node).find((slot) => slot.name === name);
}

/** What the widget of an input shows: the constant of the document, else the schema's default. */
export function shownValue(slot: Slot, node: NodeData): Json {
  if (slot.schema.widget?.kind === 'variant') return chosenVariant(slot.schema, node.inputs[slot.name]);
  return constantOf(node.inputs[slot.name]) ?? (slot.name in node.inputs ? null : slot.schema.default);
}

/** A required input that only a link can fill, and none does. */
export function isUnfilled(slot: Slot, node: NodeData): boolean {
  if (!slot.schema.required || slot.schema.widget || slot.free) return false;
  const value = node.inputs[slot.name];
  return !isLink(value) && (constantOf(value) ?? slot.schema.default) === null;
}

/** The inputs with the numbers of a growing input closed up, so that no gap is left where one went. */
export function closeGaps(schema: NodeSchema | undefined, values: Values): Values {
  let closed = values;
  for (const input of schema?.inputs ?? []) {
    if (!input.grows) continue;
    const length = lengthOf(input.name, closed);
    const kept = Array.from({ length }, (_, index) => closed[`${input.name}.${index}`]).filter((v) => v !== undefined);
    if (kept.length === length) continue;
    const others = Object.entries(closed).filter(([key]) => !isPlaceOf(input.name, key));
    closed = Object.fromEntries([...others, ...kept.map((value, index) => [`${input.name}.${index}`, value] as const)]);
  }
  return closed;
}

function isPlaceOf(name: string, key: string): boolean {
  return key.startsWith(`${name}.`) && /^\d+$/.test(key.slice(name.length + 1));
}
