// A workflow as the text of its file. Items never change in place, so each is put into text once, and a change of one among
// thousands costs that one: a large workflow is kept and sent every second while someone types.
import type { Workflow } from './types';

const TABLES = new Set(['nodes', 'frames', 'notes']);

/** Of items, with the ids that they stand under. */
const texts = new WeakMap<object, { id: string; text: string }>();

/** The same as JSON.stringify gives. */
export function textOf(workflow: Workflow): string {
  return object(workflow, (key, value) => {
    if (TABLES.has(key) && isObject(value)) return items(value);
    if (key !== 'subgraphs' || !isObject(value)) return JSON.stringify(value);
    return object(value, (_, graph) => (isObject(graph) ? object(graph, inGraph) : JSON.stringify(graph)));
  });
}

/** A question to the server that holds a workflow, and what else there is to say. */
export function questionWith(workflow: Workflow, more: object = {}): string {
  return object({ workflow, ...more }, (key, value) => (key === 'workflow' ? textOf(workflow) : JSON.stringify(value)));
}

const inGraph = (key: string, value: unknown): string | undefined => (TABLES.has(key) && isObject(value) ? items(value) : JSON.stringify(value));

function items(table: object): string {
  const parts: string[] = [];
  for (const [id, item] of Object.entries(table)) {
    if (!isObject(item)) {
      if (item !== undefined) parts.push(field(id, JSON.stringify(item)));
      continue;
    }
    let known = texts.get(item);
    if (known?.id !== id) texts.set(item, (known = { id, text: field(id, JSON.stringify(item)) }));
    parts.push(known.text);
  }
  return `{${parts.join(',')}}`;
}

/** What has no text, such as undefined, is left out. */
function object(value: object, textOfValue: (key: string, value: unknown) => string | undefined): string {
  const parts: string[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const text = textOfValue(key, inner);
    if (text !== undefined) parts.push(field(key, text));
  }
  return `{${parts.join(',')}}`;
}

const field = (key: string, text: string): string => `${JSON.stringify(key)}:${text}`;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
