// What the palette offers beside plain nodes, found by the same words: model files as their loader with the file chosen,
// values as the node that holds them, and commands. Pure.
import type { Catalogue, InputSchema, NodeSchema } from '../document/catalogue';
import type { Json, LooseEnd } from '../document/types';
import { fittingSocket } from '../editor/fitting';

export interface NodeEntry {
  kind: 'node' | 'model' | 'value';
  key: string;
  schema: NodeSchema;
  /** What the row says beside the node's own title: the file, or the value. */
  label: string;
  /** Values the new node begins with. */
  given: Readonly<Record<string, Json>>;
}

export interface CommandEntry {
  kind: 'command';
  key: string;
  id: string;
  label: string;
}

export type Entry = NodeEntry | CommandEntry;

const MOST = 12;

export const asEntry = (schema: NodeSchema): NodeEntry => ({ kind: 'node', key: schema.id, schema, label: schema.title, given: {} });

/** Model files and values that the text means; none for no text, since there are thousands. */
export function valueEntries(catalogue: Catalogue, text: string, fitting: LooseEnd | null): NodeEntry[] {
  const words = text.trim().toLowerCase();
  if (!words) return [];
  const schemas = Object.values(catalogue.nodes).filter((schema) => !fitting || fittingSocket(catalogue, schema, fitting) !== null);
  const models = schemas.flatMap((schema) => schema.inputs.flatMap((input) => modelsOf(schema, input, words)));
  const values = [...numbersOf(schemas, words), ...schemas.flatMap((schema) => schema.inputs.flatMap((input) => choicesOf(schema, input, words)))];
  return [...models.slice(0, MOST), ...values.slice(0, MOST)];
}

const entry = (kind: 'model' | 'value', schema: NodeSchema, input: string, value: Json): NodeEntry => ({
  kind,
  key: `${schema.id} ${input} ${String(value)}`,
  schema,
  label: String(value),
  given: { [input]: value },
});

function modelsOf(schema: NodeSchema, { name, widget }: InputSchema, words: string): NodeEntry[] {
  if (widget?.kind !== 'model_file') return [];
  const parts = words.split(/\s+/);
  return widget.options.filter((file) => parts.every((part) => file.toLowerCase().includes(part))).map((file) => entry('model', schema, name, file));
}

function choicesOf(schema: NodeSchema, { name, widget }: InputSchema, words: string): NodeEntry[] {
  if (widget?.kind !== 'choices' || words.length < 3) return [];
  return widget.options.filter((option) => String(option).toLowerCase().startsWith(words)).map((option) => entry('value', schema, name, option));
}

/** A number typed is the node that holds a number. */
function numbersOf(schemas: readonly NodeSchema[], words: string): NodeEntry[] {
  if (!/^-?\d+([.,]\d+)?$/.test(words)) return [];
  const value = Number(words.replace(',', '.'));
  return schemas.flatMap((schema) => {
    const [only, ...others] = schema.inputs;
    if (!only || others.length || (only.type !== 'float' && only.type !== 'int')) return [];
    if (only.type === 'int' && !Number.isInteger(value)) return [];
    return [entry('value', schema, only.name, value)];
  });
}

/** Commands by the words of their names. */
export function commandEntries(commands: readonly { id: string; name: string }[], text: string): CommandEntry[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  return commands
    .filter(({ name }) => words.every((word) => name.toLowerCase().split(/[\s…]+/).some((own) => own.startsWith(word))))
    .map(({ id, name }) => ({ kind: 'command', key: `command ${id}`, id, label: name.replace('…', '') }));
}
