// Making and cutting links. An input holds one link at most, so a new one replaces the old; the constant its
// widget held is kept inside the link and comes back when the link goes.
import { strings } from '../../strings';
import type { Command } from '../change';
import { closeGaps, lengthOf } from '../inputs';
import { asInput, constantOf, isLink, type InputEnd, type InputValue, type NodeData, type OutputEnd } from '../types';
import { nodeChange, schemaOf, without, type Place } from './place';

const words = strings.edits;

/** The value of an input once it is linked. */
export function linked(before: InputValue | undefined, from: OutputEnd): InputValue {
  const kept = constantOf(before);
  return kept === undefined ? { link: [from.node, from.output] } : { link: [from.node, from.output], value: kept };
}

/** The inputs once the link of one is cut: its kept constant, or nothing. */
export function cut(inputs: NodeData['inputs'], input: string): NodeData['inputs'] {
  const value = inputs[input];
  if (!isLink(value)) return inputs;
  return value.value === undefined ? without(inputs, input) : { ...inputs, [input]: asInput(value.value) };
}

/** A link between two sockets that are there; those that make ports are `connectNewPort`'s. */
export function connect(place: Place, from: OutputEnd, to: InputEnd): Command | null {
  const changes = nodeChange(place, to.node, (node) => {
    const before = node.inputs[to.input];
    if (isLink(before) && before.link[0] === from.node && before.link[1] === from.output) return node;
    return { ...node, inputs: { ...node.inputs, [to.input]: linked(before, from) } };
  });
  return changes.length ? { label: words.connect, changes } : null;
}

export function disconnect(place: Place, to: InputEnd): Command | null {
  const changes = nodeChange(place, to.node, (node) => {
    const inputs = cut(node.inputs, to.input);
    return inputs === node.inputs ? node : { ...node, inputs: closeGaps(schemaOf(place, node), inputs) };
  });
  return changes.length ? { label: words.disconnect, changes } : null;
}

/** Takes a link off one input and puts it on another, as one step: what dragging its end does. */
export function relink(place: Place, from: OutputEnd, was: InputEnd, to: InputEnd): Command | null {
  if (was.node === to.node && was.input === to.input) return null;
  if (was.node !== to.node) {
    const changes = [...(disconnect(place, was)?.changes ?? []), ...(connect(place, from, to)?.changes ?? [])];
    return changes.length ? { label: words.moveLink, changes } : null;
  }
  const changes = nodeChange(place, to.node, (node) => {
    const inputs = { ...cut(node.inputs, was.input), [to.input]: linked(node.inputs[to.input], from) };
    return { ...node, inputs: closeGaps(schemaOf(place, node), inputs) };
  });
  return { label: words.moveLink, changes };
}

/** The name of the free place of a growing input. */
export const freePlace = (node: NodeData, name: string): string => `${name}.${lengthOf(name, node.inputs)}`;
