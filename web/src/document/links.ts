// Which inputs read which outputs, kept in step with the nodes change by change. Incoming links stand in
// the node's own data; this is the other direction.
import { isLink, type InputEnd, type NodeData, type OutputEnd } from './types';

export interface Link {
  from: OutputEnd;
  to: InputEnd;
}

export const linkKey = (to: InputEnd): string => `${to.node}\n${to.input}`;

/** The links into a node, in the order of its inputs. */
export function incoming(id: string, node: NodeData | undefined): Link[] {
  if (!node) return [];
  const links: Link[] = [];
  for (const [input, value] of Object.entries(node.inputs)) {
    if (isLink(value)) links.push({ from: { node: value.link[0], output: value.link[1] }, to: { node: id, input } });
  }
  return links;
}

export class LinkIndex {
  readonly #readers = new Map<string, Map<string, Link>>();

  /** Call with every change of a node: what it was, what it is. */
  update(id: string, before: NodeData | undefined, after: NodeData | undefined): void {
    if (before && after && before.inputs === after.inputs) return;
    for (const link of incoming(id, before)) {
      const readers = this.#readers.get(link.from.node);
      readers?.delete(linkKey(link.to));
      if (readers?.size === 0) this.#readers.delete(link.from.node);
    }
    for (const link of incoming(id, after)) {
      const readers = this.#readers.get(link.from.node) ?? new Map<string, Link>();
      readers.set(linkKey(link.to), link);
      this.#readers.set(link.from.node, readers);
    }
  }

  /** Every link, those out of one node together. */
  *all(): Generator<Link> {
    for (const readers of this.#readers.values()) yield* readers.values();
  }

  /** The links out of a node. */
  outgoing(id: string): Iterable<Link> {
    return this.#readers.get(id)?.values() ?? [];
  }

  /** Every node that reads from `start`, directly or through others; `start` itself included. */
  downstream(start: string): Set<string> {
    const found = new Set([start]);
    for (const id of found) for (const link of this.outgoing(id)) found.add(link.to.node);
    return found;
  }
}

/** Every node `start` reads from, directly or through others; `start` itself included. */
export function upstream(nodes: ReadonlyMap<string, NodeData>, start: string): Set<string> {
  const found = new Set([start]);
  for (const id of found) for (const link of incoming(id, nodes.get(id))) found.add(link.from.node);
  return found;
}
