// Constants of inputs: setting one, choosing a variant, and what a seed does after a run.
import { strings } from '../../strings';
import type { Command } from '../change';
import { asInput, isLink, type AfterRun, type InputValue, type Json, type NodeData } from '../types';
import { nodeChange, schemaOf, without, type Place } from './place';

/** Sets a constant. A link on the input stays, and keeps the constant for when it goes. */
export function setValue(place: Place, id: string, input: string, value: Json): Command | null {
  const changes = nodeChange(place, id, (node) => {
    const before = node.inputs[input];
    const after: InputValue = isLink(before) ? { ...before, value } : asInput(value);
    if (JSON.stringify(before) === JSON.stringify(after)) return node;
    const changed = { ...node, inputs: { ...node.inputs, [input]: after } };
    return withoutMasks(place, withoutOtherVariants(place, changed, input), input);
  });
  return changes.length ? { label: strings.edits.changeValue, changes, merge: `value ${place.graph} ${id} ${input}` } : null;
}

/** Choosing a variant takes away the inputs of the one chosen before: they mean nothing to the new one. */
function withoutOtherVariants(place: Place, node: NodeData, input: string): NodeData {
  const schema = schemaOf(place, node)?.inputs.find((candidate) => candidate.name === input);
  if (schema?.widget?.kind !== 'variant') return node;
  const chosen = schema.widget.options[String(node.inputs[input])] ?? [];
  const keeps = (key: string): boolean => chosen.some(({ name }) => isWithin(key, `${input}.${name}`));
  const kept = Object.entries(node.inputs).filter(([key]) => !key.startsWith(`${input}.`) || keeps(key));
  return { ...node, inputs: Object.fromEntries(kept) };
}

/** A mask belongs to the picture it was painted over: with another picture it goes. */
function withoutMasks(place: Place, node: NodeData, picture: string): NodeData {
  const masks = schemaOf(place, node)?.inputs.filter(({ widget }) => widget?.kind === 'image_file' && widget.mask_of === picture) ?? [];
  const inputs = masks.reduce((kept, { name }) => (isLink(kept[name]) ? kept : without(kept, name)), node.inputs);
  return inputs === node.inputs ? node : { ...node, inputs };
}

const isWithin = (key: string, name: string): boolean => key === name || key.startsWith(`${name}.`);

export function setAfterRun(place: Place, id: string, input: string, rule: AfterRun): Command | null {
  const changes = nodeChange(place, id, (node) => {
    if ((node.after?.[input] ?? 'fixed') === rule) return node;
    const after = rule === 'fixed' ? without(node.after ?? {}, input) : { ...node.after, [input]: rule };
    return Object.keys(after).length ? { ...node, after } : without(node, 'after');
  });
  return changes.length ? { label: strings.edits.changeSeedRule, changes } : null;
}
