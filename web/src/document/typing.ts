// What flows where: the type an output really has and an input really takes, once type variables are bound
// by the links that stand. Follows links upstream step by step, never by recursion.
import { strings } from '../strings';
import type { Catalogue, NodeSchema } from './catalogue';
import { boundOf, fits, isVariable, misfit } from './fits';
import { slotsOf, type Slot } from './inputs';
import type { Graph } from './document';
import { isLink, type InputEnd, type NodeData, type OutputEnd } from './types';

/** The declared type of an output; `any` when the node's type is unknown. */
export function declaredOutput(catalogue: Catalogue, node: NodeData | undefined, output: string): string {
  const schema = node && catalogue.nodes[node.type];
  return schema?.outputs.find(({ name }) => name === output)?.type ?? 'any';
}

/** The type of what an output gives, with its variable bound by whatever is linked to the same variable. */
export function outputType(graph: Graph, catalogue: Catalogue, from: OutputEnd): string {
  let seen: Set<string> | null = null;
  let at = from;
  for (;;) {
    const node = graph.nodes.get(at.node);
    const schema = node && catalogue.nodes[node.type];
    const declared = declaredOutput(catalogue, node, at.output);
    if (!node || !schema || !isVariable(declared) || seen?.has(at.node)) return boundOf(declared, schema);
    seen = (seen ?? new Set()).add(at.node);
    const source = sourceOfVariable(node, schema, declared, '');
    if (!source) return boundOf(declared, schema);
    at = source;
  }
}

/** The output linked to another input of the same variable, if any. */
function sourceOfVariable(node: NodeData, schema: NodeSchema, variable: string, except: string): OutputEnd | null {
  for (const slot of slotsOf(schema, node)) {
    const value = node.inputs[slot.name];
    if (slot.schema.type === variable && slot.name !== except && isLink(value)) {
      return { node: value.link[0], output: value.link[1] };
    }
  }
  return null;
}

/** What an input takes here and now: a variable already bound by another input takes that input's type. */
export function inputType(graph: Graph, catalogue: Catalogue, node: NodeData, slot: Slot): string {
  const schema = catalogue.nodes[node.type];
  if (!schema || !isVariable(slot.schema.type)) return slot.schema.type === 'variant' ? 'str' : slot.schema.type;
  const source = sourceOfVariable(node, schema, slot.schema.type, slot.name);
  const bound = boundOf(slot.schema.type, schema);
  return source ? widest(catalogue, outputType(graph, catalogue, source), bound) : bound;
}

const widest = (catalogue: Catalogue, given: string, bound: string): string =>
  given === 'any' || !fits(catalogue, given, bound) ? bound : given;

/** Inputs that may be linked at all: a variant is chosen, never computed. */
export const isLinkable = (slot: Slot): boolean => slot.schema.widget?.kind !== 'variant';

/** Why this link cannot be, in a sentence; null when it can. */
export function refusal(graph: Graph, catalogue: Catalogue, from: OutputEnd, to: InputEnd): string | null {
  const target = graph.nodes.get(to.node);
  const schema = target && catalogue.nodes[target.type];
  if (!target || !graph.nodes.has(from.node)) return strings.refusals.gone;
  if (!schema) return strings.refusals.missing;
  const slot = slotsOf(schema, target).find(({ name }) => name === to.input);
  if (!slot) return strings.refusals.noInput;
  if (!isLinkable(slot)) return strings.refusals.chosen;
  const given = outputType(graph, catalogue, from);
  const wanted = inputType(graph, catalogue, target, slot);
  if (!fits(catalogue, given, wanted)) return misfit(catalogue, given, wanted);
  if (graph.links.downstream(to.node).has(from.node)) return strings.refusals.circle;
  return null;
}

