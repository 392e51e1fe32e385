// Which family of models a node works with, told by the model files in the graph: those above it first, else those
// of everything it hangs together with. '' when nothing is said, or several families are.
import type { Catalogue } from './catalogue';
import type { Graph } from './document';
import { slotsOf } from './inputs';
import { incoming, upstream } from './links';
import { constantOf } from './types';

/** Folders whose files hold a denoiser, and so decide the family of what is linked to them. */
export const DENOISERS: ReadonlySet<string> = new Set(['checkpoints', 'diffusion_models']);

export type FamilyOf = (folder: string, file: string) => string;

export function familyAt(graph: Graph, catalogue: Catalogue, node: string, familyOf: FamilyOf): string {
  return only(graph, catalogue, upstream(graph.nodes, node), familyOf) || only(graph, catalogue, together(graph, node), familyOf);
}

/** The one family that the files of these nodes are of. */
function only(graph: Graph, catalogue: Catalogue, ids: ReadonlySet<string>, familyOf: FamilyOf): string {
  const found = new Set<string>();
  for (const id of ids) {
    const node = graph.nodes.get(id);
    const schema = node && catalogue.nodes[node.type];
    if (!node || !schema?.inputs.some(({ widget }) => widget?.kind === 'model_file' || widget?.kind === 'variant')) continue;
    for (const slot of slotsOf(schema, node)) {
      const { widget } = slot.schema;
      const file = constantOf(node.inputs[slot.name]) ?? slot.schema.default;
      if (widget?.kind === 'model_file' && DENOISERS.has(widget.folder) && typeof file === 'string') found.add(familyOf(widget.folder, file));
    }
  }
  found.delete('');
  return found.size === 1 ? ([...found][0] ?? '') : '';
}

/** Every node that links lead to, in either direction. */
function together(graph: Graph, start: string): Set<string> {
  const found = new Set([start]);
  for (const id of found) {
    for (const link of incoming(id, graph.nodes.get(id))) found.add(link.from.node);
    for (const link of graph.links.outgoing(id)) found.add(link.to.node);
  }
  return found;
}
