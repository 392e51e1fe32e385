// What is to be known of subgraphs: which holds which, where their instances are, and their ports in order.
import { ROOT, type Level } from './change';
import type { Document, Graph } from './document';
import { isLink, type InputEnd, type NodeData, type OutputEnd, type PortData, type Ports } from './types';

export const SUBGRAPH = 'subgraph:';
/** Inside: the node that gives the inputs, and the node that takes the outputs. */
export const ENTRY = 'subgraph_input';
export const EXIT = 'subgraph_output';
/** The socket at the end of either that makes a new port of what is linked to it. */
export const NEW_PORT = '+';

export type PortKind = 'inputs' | 'outputs';

export const isBoundary = (node: NodeData | undefined): boolean => node?.type === ENTRY || node?.type === EXIT;

/** The subgraph a node is an instance of; null for any other node. */
export function definitionOf(node: NodeData | undefined): string | null {
  return node?.type.startsWith(SUBGRAPH) ? node.type.slice(SUBGRAPH.length) : null;
}

export function portsInOrder(ports: Ports | undefined): [string, PortData][] {
  const place = ({ order }: PortData): number => (typeof order === 'number' ? order : Number.MAX_SAFE_INTEGER);
  // Array.sort is stable: ports without a place stay as they stand.
  return Object.entries(ports ?? {}).sort(([, a], [, b]) => place(a) - place(b));
}

/** The id of the first node of a type. */
export function nodeOfType(graph: Graph, type: string): string | undefined {
  for (const [id, node] of graph.nodes) if (node.type === type) return id;
  return undefined;
}

/** The definitions that a graph holds an instance of, itself or through others. */
export function heldBy(document: Document, graph: string): Set<string> {
  const found = new Set<string>();
  const waiting = [graph];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (!document.has(id)) continue;
    for (const node of document.graph(id).nodes.values()) {
      const held = definitionOf(node);
      if (held === null || found.has(held)) continue;
      found.add(held);
      waiting.push(held);
    }
  }
  return found;
}

/** Whether an instance of a definition may stand in a graph: none may hold itself, however deep. */
export function mayHold(document: Document, graph: string, definition: string): boolean {
  return graph === ROOT || (graph !== definition && !heldBy(document, definition).has(graph));
}

/** Every instance of a definition in the whole document. */
export function instancesOf(document: Document, definition: string): { graph: string; id: string; node: NodeData }[] {
  const type = SUBGRAPH + definition;
  const found = [];
  for (const graph of [ROOT, ...[...document.definitions()].map(([id]) => id)]) {
    for (const [id, node] of document.graph(graph).nodes) if (node.type === type) found.push({ graph, id, node });
  }
  return found;
}

/** The definitions, each after those that it holds; those that hold themselves are left out. */
export function innermostFirst(document: Document): string[] {
  const users = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [id, graph] of document.definitions()) {
    const held = new Set([...graph.nodes.values()].map(definitionOf).filter((one) => one !== null && document.has(one)));
    open.set(id, held.size);
    for (const one of held) if (one !== null) users.set(one, [...(users.get(one) ?? []), id]);
  }
  const ready = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of ready) {
    for (const user of users.get(id) ?? []) {
      const left = (open.get(user) ?? 1) - 1;
      open.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  return ready;
}

/** Whether one end of a link is a socket that makes a new port. */
export const makesPort = (from: OutputEnd, to: InputEnd): boolean => from.output === NEW_PORT || to.input === NEW_PORT;

/** A name that can be a key and a word of the command line, and that no port has. */
export function freshPortName(wanted: string, taken: ReadonlySet<string>): string {
  const plain = wanted.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '').toLowerCase();
  // A key of digits alone would be put before all others.
  const base = /^[a-z]/.test(plain) ? plain : `p_${plain}`.replace(/_$/, '');
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) if (!taken.has(`${base}_${number}`)) return `${base}_${number}`;
}

export function freshTitle(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) if (!taken.has(`${wanted} ${number}`)) return `${wanted} ${number}`;
}

/** A node by its flat id, `outer/inner`: the way to it, and what it is there. */
export interface Located {
  levels: Level[];
  id: string;
  node: NodeData;
}

export function locate(document: Document, flat: string): Located | null {
  const levels: Level[] = [];
  let graph = ROOT;
  let rest = flat;
  for (;;) {
    const { nodes } = document.graph(graph);
    const node = nodes.get(rest);
    if (node) return { levels, id: rest, node };
    const inner = instanceBefore(document, nodes, rest);
    if (!inner) return null;
    levels.push(inner);
    graph = inner.graph;
    rest = rest.slice((inner.node ?? '').length + 1);
  }
}

/** The instance whose id and a slash begin an id; ids of workflows from elsewhere may hold slashes themselves. */
function instanceBefore(document: Document, nodes: ReadonlyMap<string, NodeData>, id: string): Level | null {
  for (let at = id.indexOf('/'); at >= 0; at = id.indexOf('/', at + 1)) {
    const node = id.slice(0, at);
    const graph = definitionOf(nodes.get(node));
    if (graph !== null && document.has(graph)) return { graph, node };
  }
  return null;
}

/** What the flat ids of nodes in a graph begin with; null where it was not entered by an instance. */
export function scopeOf(levels: readonly Level[]): string | null {
  return levels.some(({ node }) => node === null) ? null : levels.map(({ node }) => `${node ?? ''}/`).join('');
}

/** The shortest way to a graph through instances; by itself where there is none. */
export function wayTo(document: Document, graph: string): Level[] {
  const waiting: { at: string; levels: Level[] }[] = [{ at: ROOT, levels: [] }];
  const seen = new Set<string>();
  for (const { at, levels } of waiting) {
    if (at === graph) return levels;
    for (const [id, node] of document.graph(at).nodes) {
      const held = definitionOf(node);
      if (held === null || seen.has(held) || !document.has(held)) continue;
      seen.add(held);
      waiting.push({ at: held, levels: [...levels, { graph: held, node: id }] });
    }
  }
  return [{ graph, node: null }];
}

/** The port of its subgraph that feeds an input; '' when none does. */
export function portBehind(graph: Graph, node: NodeData, input: string): string {
  const value = node.inputs[input];
  if (!isLink(value)) return '';
  return graph.nodes.get(value.link[0])?.type === ENTRY ? value.link[1] : '';
}
