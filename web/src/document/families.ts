// Which families of models a file has to be for where one is picked, so that what fits comes first. It is what would
// be refused as a link (see kinship.ts), asked before there is a file.
import type { Catalogue } from './catalogue';
import type { Graph } from './document';
import { inCommon, type Named } from './kin';
import type { Families } from './kinship';
import { isLink, type InputEnd, type NodeData } from './types';

/** Folders whose files hold a denoiser, and so decide the family of what is linked to them. */
export const DENOISERS: ReadonlySet<string> = new Set(['checkpoints', 'diffusion_models']);

type Inputs = NodeData['inputs'];

/** As the other inputs of the node say, else what it is used with; null when nobody says, or nothing goes with all. */
export function familiesAt(graph: Graph, catalogue: Catalogue, known: Families, { node: id, input }: InputEnd): ReadonlySet<string> | null {
  const own = knownOf(graph, catalogue, known, id, (name) => name !== input);
  return inCommon(own.length ? own : usedWith(graph, catalogue, known, id));
}

/** What is known of all that comes together with what a node gives. */
function usedWith(graph: Graph, catalogue: Catalogue, known: Families, start: string): Named[] {
  const reached = new Set([start]);
  for (const id of reached) {
    const outputs = catalogue.nodes[graph.nodes.get(id)?.type ?? '']?.outputs ?? [];
    const kept = new Set(outputs.filter(({ type }) => type.startsWith('$') || catalogue.types[type]?.family).map(({ name }) => name));
    for (const { from, to } of graph.links.outgoing(id)) if (kept.has(from.output)) reached.add(to.node);
  }
  const besides = (_name: string, value: Inputs[string]): boolean => !isLink(value) || !reached.has(value.link[0]);
  return [...reached].flatMap((id) => (id === start ? [] : knownOf(graph, catalogue, known, id, besides)));
}

/** What is known of some inputs of a node that runs. */
function knownOf(
  graph: Graph,
  catalogue: Catalogue,
  known: Families,
  id: string,
  counts: (name: string, value: Inputs[string]) => boolean,
): Named[] {
  const node = graph.nodes.get(id);
  const schema = node && catalogue.nodes[node.type];
  if (!node || !schema || (node.mode ?? 'run') !== 'run') return [];
  return known.known(schema, Object.fromEntries(Object.entries(node.inputs).filter(([name, value]) => counts(name, value))));
}
