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

/** Edits of nodes in any graph of the document: however often a node is edited, it is one change. */
export class NodeEdits {
  readonly place: Place;
  readonly #edited = new Map<string, NodeChanged>();

  constructor(place: Place) {
    this.place = place;
  }

  edit(graph: string, id: string, edit: (node: NodeData) => NodeData): void {
    const key = JSON.stringify([graph, id]);
    const known = this.#edited.get(key);
    const node = known ? known.after : this.place.document.graph(graph).nodes.get(id);
    if (!node) return;
    const change: NodeChanged = known ?? { table: 'nodes', graph, id, before: node, after: node };
    this.#edited.set(key, { ...change, after: edit(node) });
  }

  changes(): NodeChanged[] {
    return [...this.#edited.values()].filter(({ before, after }) => before !== after);
  }
}
