// Which changes are of one thing alone: a letter typed into a prompt among thousands of nodes. Whatever is made of the graph
// as a whole (its picture, its types, its families) stays as it is and need not be looked at again.
import type { Catalogue } from './catalogue';
import type { Change } from './change';
import { isLink, type NodeData } from './types';

/** Widgets whose value says nothing of what flows, what is missing, or which inputs a node has. */
const MERE = new Set(['text', 'number', 'slider', 'toggle', 'seed']);

/** Another constant of an input, and nothing else. */
export function isMereValue(change: Change, catalogue: Catalogue): boolean {
  if (change.table !== 'nodes' || !change.before || !change.after) return false;
  const { before, after } = change;
  const schema = catalogue.nodes[after.type];
  if (!schema || differing(before, after).some((key) => key !== 'inputs')) return false;
  return differing(before.inputs, after.inputs).every((name) => {
    const input = schema.inputs.find((one) => one.name === name);
    return input?.widget && !input.grows && MERE.has(input.widget.kind) && !isLink(before.inputs[name]) && !isLink(after.inputs[name]);
  });
}

type Fields = Readonly<Record<string, unknown>>;

function differing(before: NodeData | NodeData['inputs'], after: NodeData | NodeData['inputs']): string[] {
  const [one, other] = [before as Fields, after as Fields];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) => one[key] !== other[key]);
}
