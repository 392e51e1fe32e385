// A document, the graph of it being edited, and the catalogue its types are looked up in: what every edit
// starts from. Edits are pure: they read these and return a command, or null when nothing would change.
import type { Catalogue, NodeSchema } from '../catalogue';
import type { NodeChanged } from '../change';
import type { Document, Graph } from '../document';
import type { NodeData } from '../types';

export interface Place {
  document: Document;
  graph: string;
  catalogue: Catalogue;
}

export const graphOf = (place: Place): Graph => place.document.graph(place.graph);

export const schemaOf = (place: Place, node: NodeData | undefined): NodeSchema | undefined =>
  node && place.catalogue.nodes[node.type];

/** The change of a node to `after`; none when there is no such node or nothing differs. */
export function nodeChange(place: Place, id: string, edit: (node: NodeData) => NodeData): NodeChanged[] {
  const before = graphOf(place).nodes.get(id);
  if (!before) return [];
  const after = edit(before);
  return after === before ? [] : [{ table: 'nodes', graph: place.graph, id, before, after }];
}

/** The object without a key; itself when the key is not there. */
export function without<T extends object>(object: T, key: string): T {
  if (!(key in object)) return object;
  const { [key as keyof T]: _gone, ...rest } = object;
  return rest as T;
}
