// Subgraphs made of a selection, taken apart in place, and given a definition of their own.
import type { Words } from '../../languages/words';
import { strings } from '../../strings';
import { ROOT, type Change, type Command, type ItemChanged } from '../change';
import type { Graph } from '../document';
import { slotNamed, slotsOf } from '../inputs';
import { freshId } from '../ids';
import { incoming, type Link } from '../links';
import { definitionOf, ENTRY, EXIT, freshPortName, freshTitle, instancesOf, isBoundary, nodeOfType, SUBGRAPH } from '../subgraphs';
import { inputType, outputType } from '../typing';
import { constantOf, isLink, type Definition, type InputValue, type NodeData, type Point, type PortData, type Source } from '../types';
import type { Items } from './items';
import { cut } from './links';
import { graphOf, nodeChange, schemaOf, without, type Place } from './place';
import { inOrder } from './ports';

const words = strings.edits;
const BESIDE = 344;
const GRID = 8;

/** A command, or in words why it cannot be. */
export type Outcome = { command: Command; refused?: undefined } | { refused: Words; command?: undefined };

export interface NewSubgraph {
  definition: string;
  instance: string;
  title: string;
}

/** The point that is kept when what a subgraph holds becomes one node, and when it comes out again. */
function middleOf(items: Iterable<{ position: Point }>): Point {
  const points = [...items].map(({ position }) => position);
  const half = (at: 0 | 1): number => {
    const all = points.map((point) => point[at]);
    return Math.round((Math.min(...all) + Math.max(...all)) / 2 / GRID) * GRID;
  };
  return points.length ? [half(0), half(1)] : [0, 0];
}

/** Puts a selection into a new subgraph: what is linked across its edge becomes its inputs and outputs. */
export function makeSubgraph(place: Place, items: Items, fresh: NewSubgraph): Outcome {
  const graph = graphOf(place);
  const chosen = new Set([...items.nodes].filter((id) => graph.nodes.has(id) && !isBoundary(graph.nodes.get(id))));
  if (!chosen.size) return { refused: () => strings.subgraphs.nothing };
  const between = detourOf(graph, chosen);
  if (between !== null) return { refused: () => strings.subgraphs.detour(titleOf(place, between)) };
  const edge = edgeOf(place, chosen);
  const moved = movedItems(graph, chosen, items);
  const middle = middleOf(moved.map(({ item }) => item));
  const [left, right] = [Math.min(...moved.map(({ item }) => item.position[0])), Math.max(...moved.map(({ item }) => item.position[0]))];
  const { definition } = fresh;
  const head: Definition = { title: fresh.title, inputs: inOrder(edge.inputs), outputs: inOrder(edge.outputs) };
  const changes: Change[] = [{ table: 'definitions', graph: definition, before: undefined, after: head }];
  const put = (id: string, after: NodeData): number => changes.push({ table: 'nodes', graph: definition, id, before: undefined, after });
  put(edge.entry, { type: ENTRY, inputs: {}, position: [left - BESIDE, middle[1]] });
  for (const { table, id, item } of moved) {
    const after = table === 'nodes' ? { ...(item as NodeData), inputs: edge.inside(id, item as NodeData) } : item;
    changes.push({ table, graph: definition, id, before: undefined, after } as ItemChanged);
  }
  put(edge.exit, { type: EXIT, inputs: Object.fromEntries(edge.results), position: [right + BESIDE, middle[1]] });
  for (const id of edge.readers) changes.push(...nodeChange(place, id, (node) => ({ ...node, inputs: edge.outside(node, fresh.instance) })));
  for (const { table, id, item } of moved) changes.push({ table, graph: place.graph, id, before: item, after: undefined } as ItemChanged);
  const instance: NodeData = { type: SUBGRAPH + definition, inputs: Object.fromEntries(edge.given), position: middle };
  changes.push({ table: 'nodes', graph: place.graph, id: fresh.instance, before: undefined, after: instance });
  return { command: { label: words.makeSubgraph(chosen.size), changes } };
}

interface Moved {
  table: 'nodes' | 'frames' | 'notes';
  id: string;
  item: { position: Point };
}

function movedItems(graph: Graph, nodes: ReadonlySet<string>, items: Items): Moved[] {
  const of = (table: Moved['table'], ids: ReadonlySet<string>): Moved[] =>
    [...graph[table]].filter(([id]) => ids.has(id)).map(([id, item]) => ({ table, id, item }));
  return [...of('nodes', nodes), ...of('frames', items.frames), ...of('notes', items.notes)];
}

const titleOf = (place: Place, id: string): string => {
  const node = graphOf(place).nodes.get(id);
  return node?.title || schemaOf(place, node)?.title || node?.type || id;
};

/** A node outside that lies on a way from the chosen back to the chosen; null when there is none. */
function detourOf(graph: Graph, chosen: ReadonlySet<string>): string | null {
  for (const id of chosen) {
    for (const { to } of graph.links.outgoing(id)) {
      if (!chosen.has(to.node) && [...graph.links.downstream(to.node)].some((each) => chosen.has(each))) return to.node;
    }
  }
  return null;
}

interface Edge {
  entry: string;
  exit: string;
  inputs: [string, PortData][];
  outputs: [string, PortData][];
  /** What the instance is given, by input. */
  given: [string, InputValue][];
  /** Where the outputs come from inside. */
  results: [string, InputValue][];
  /** Nodes outside that read something inside. */
  readers: Set<string>;
  inside: (id: string, node: NodeData) => NodeData['inputs'];
  outside: (node: NodeData, instance: string) => NodeData['inputs'];
}

const keyOf = (node: string, output: string): string => JSON.stringify([node, output]);

function edgeOf(place: Place, chosen: ReadonlySet<string>): Edge {
  const graph = graphOf(place);
  const taken = (id: string): boolean => chosen.has(id);
  const entry = freshId('in', taken);
  const edge: Edge = {
    entry,
    exit: freshId('out', taken),
    inputs: [],
    outputs: [],
    given: [],
    results: [],
    readers: new Set(),
    inside: (_id, node) => relinked(node, (source) => mapped(ports, source, entry)),
    outside: (node, instance) => relinked(node, (source) => mapped(results, source, instance)),
  };
  const ports = new Map<string, string>();
  const results = new Map<string, string>();
  const sources = new Map<string, Link[]>();
  // As they stand on the canvas, from left to right and down: so are the inputs and outputs.
  const inOrder = [...graph.nodes].sort(([, a], [, b]) => a.position[0] - b.position[0] || a.position[1] - b.position[1]);
  for (const [id, node] of inOrder) {
    for (const link of linksInto(place, id, node)) {
      const key = keyOf(link.from.node, link.from.output);
      if (chosen.has(id) === chosen.has(link.from.node)) continue;
      if (chosen.has(id)) sources.set(key, [...(sources.get(key) ?? []), link]);
      else {
        edge.readers.add(id);
        if (!results.has(key)) results.set(key, addOutput(place, edge, link));
      }
    }
  }
  for (const [key, links] of sources) ports.set(key, addInput(place, edge, links));
  return edge;
}

/** The links into a node in the order of its sockets. */
function linksInto(place: Place, id: string, node: NodeData): Link[] {
  const schema = schemaOf(place, node);
  const names = schema ? slotsOf(schema, node).map(({ name }) => name) : [];
  const rank = ({ to }: Link): number => (names.includes(to.input) ? names.indexOf(to.input) : names.length);
  return incoming(id, node).sort((a, b) => rank(a) - rank(b));
}

const mapped = (ports: ReadonlyMap<string, string>, [node, output]: Source, to: string): Source | null => {
  const name = ports.get(keyOf(node, output));
  return name === undefined ? null : [to, name];
};

function relinked(node: NodeData, to: (source: Source) => Source | null): NodeData['inputs'] {
  let { inputs } = node;
  for (const [name, value] of Object.entries(inputs)) {
    const link = isLink(value) ? to(value.link) : null;
    if (link && isLink(value)) inputs = { ...inputs, [name]: { ...value, link } };
  }
  return inputs;
}

/** One input for all that read the same output outside. */
function addInput(place: Place, edge: Edge, links: readonly Link[]): string {
  const graph = graphOf(place);
  const [first] = links;
  if (!first) return '';
  const found = links.flatMap(({ to }) => {
    const node = graph.nodes.get(to.node);
    const slot = node && slotNamed(schemaOf(place, node), node, to.input);
    return node && slot ? [{ slot, type: inputType(graph, place.catalogue, node, slot) }] : [];
  });
  const types = new Set(found.map(({ type }) => type));
  const type = types.size === 1 && found[0] ? found[0].type : outputType(graph, place.catalogue, first.from);
  const title = freshTitle(found[0]?.slot.title ?? first.to.input, new Set(edge.inputs.map(([, port]) => port.title ?? '')));
  const name = freshPortName(found[0]?.slot.schema.name ?? first.to.input, new Set(edge.inputs.map(([known]) => known)));
  edge.inputs.push([name, { type, title }]);
  const kept = constantOf(graph.nodes.get(first.to.node)?.inputs[first.to.input]);
  const link: Source = [first.from.node, first.from.output];
  edge.given.push([name, kept === undefined ? { link } : { link, value: kept }]);
  return name;
}

function addOutput(place: Place, edge: Edge, { from }: Link): string {
  const graph = graphOf(place);
  const output = schemaOf(place, graph.nodes.get(from.node))?.outputs.find(({ name }) => name === from.output);
  const title = freshTitle(output?.title ?? from.output, new Set(edge.outputs.map(([, port]) => port.title ?? '')));
  const name = freshPortName(from.output, new Set(edge.outputs.map(([known]) => known)));
  edge.outputs.push([name, { type: outputType(graph, place.catalogue, from), title }]);
  edge.results.push([name, { link: [from.node, from.output] }]);
  return name;
}

// ------------------------------------------------------------------ taking apart

/** Puts what an instance holds in its place. `isFree`: whether an id may be used in this graph. */
export function unpack(place: Place, id: string, isFree: (id: string) => boolean): Outcome {
  const graph = graphOf(place);
  const instance = graph.nodes.get(id);
  const definition = definitionOf(instance);
  if (!instance || definition === null || !place.document.has(definition)) return { refused: () => strings.subgraphs.gone };
  if (instance.loop || (instance.mode ?? 'run') !== 'run') return { refused: () => strings.subgraphs.unpackRuns };
  const inner = place.document.graph(definition);
  const ids = newIds(inner, (candidate) => candidate !== id && !isFree(candidate));
  const items = [...inner.nodes.values()].filter((node) => !isBoundary(node));
  const centre = middleOf([...items, ...inner.frames.values(), ...inner.notes.values()]);
  const offset: Point = [instance.position[0] - centre[0], instance.position[1] - centre[1]];
  const wires = new InnerWires(inner, instance, ids);
  const changes: Change[] = [{ table: 'nodes', graph: place.graph, id, before: instance, after: undefined }];
  for (const table of ['nodes', 'frames', 'notes'] as const) {
    for (const [old, item] of inner[table]) {
      if (table === 'nodes' && isBoundary(item as NodeData)) continue;
      const position: Point = [item.position[0] + offset[0], item.position[1] + offset[1]];
      const after = table === 'nodes' ? { ...(item as NodeData), position, inputs: wires.inside(item as NodeData) } : { ...item, position };
      changes.push({ table, graph: place.graph, id: ids.get(old) ?? old, before: undefined, after } as ItemChanged);
    }
  }
  const readers = new Set([...graph.links.outgoing(id)].map(({ to }) => to.node));
  for (const reader of readers) {
    changes.push(...nodeChange(place, reader, (node) => ({ ...node, inputs: wires.outside(node, id) })));
  }
  return { command: { label: words.unpack, changes } };
}

function newIds(inner: Graph, taken: (id: string) => boolean): Map<string, string> {
  const used = new Set<string>();
  const ids = new Map<string, string>();
  const give = (id: string, type: string): void => {
    const isTaken = (candidate: string): boolean => used.has(candidate) || taken(candidate);
    const fresh = isTaken(id) ? freshId(type, isTaken) : id;
    used.add(fresh);
    ids.set(id, fresh);
  };
  for (const [id, node] of inner.nodes) if (!isBoundary(node)) give(id, node.type);
  for (const id of inner.frames.keys()) give(id, 'frame');
  for (const id of inner.notes.keys()) give(id, 'note');
  return ids;
}

/** Where the links of an instance lead once its edge is gone. */
class InnerWires {
  readonly #inner: Graph;
  readonly #instance: NodeData;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #entries: ReadonlySet<string>;
  readonly #exit: NodeData | undefined;

  constructor(inner: Graph, instance: NodeData, ids: ReadonlyMap<string, string>) {
    this.#inner = inner;
    this.#instance = instance;
    this.#ids = ids;
    this.#entries = new Set([...inner.nodes].filter(([, node]) => node.type === ENTRY).map(([id]) => id));
    this.#exit = inner.nodes.get(nodeOfType(inner, EXIT) ?? '');
  }

  inside(node: NodeData): NodeData['inputs'] {
    return this.#resolved(node, (value) => this.#source(value));
  }

  outside(node: NodeData, instance: string): NodeData['inputs'] {
    return this.#resolved(node, (value) => {
      if (!isLink(value) || value.link[0] !== instance) return value;
      const behind = this.#exit?.inputs[value.link[1]];
      return behind === undefined ? undefined : this.#source(behind);
    });
  }

  /** Undefined: nothing feeds it. */
  #source(value: InputValue): InputValue | undefined {
    if (!isLink(value)) return value;
    const [node, output] = value.link;
    if (!this.#entries.has(node)) return { ...value, link: [this.#ids.get(node) ?? node, output] };
    const given = this.#instance.inputs[output] ?? this.#inner.head.inputs?.[output]?.default;
    return given ?? undefined;
  }

  #resolved(node: NodeData, end: (value: InputValue) => InputValue | undefined): NodeData['inputs'] {
    let { inputs } = node;
    for (const [name, value] of Object.entries(inputs)) {
      if (!isLink(value)) continue;
      const found = end(value);
      const kept = value.value ?? constantOf(found);
      if (found === value) continue;
      if (found === undefined) inputs = cut(inputs, name);
      else if (isLink(found)) inputs = { ...inputs, [name]: kept === undefined ? { link: found.link } : { link: found.link, value: kept } };
      else inputs = { ...inputs, [name]: found };
    }
    return inputs;
  }
}

// ------------------------------------------------------------------ definitions

/** Gives an instance a definition of its own, equal to the one it shared. */
export function detach(place: Place, id: string, definition: string): Outcome {
  const held = definitionOf(graphOf(place).nodes.get(id));
  if (held === null || !place.document.has(held)) return { refused: () => strings.subgraphs.gone };
  if (instancesOf(place.document, held).length < 2) return { refused: () => strings.subgraphs.onlyOne };
  const { head } = place.document.graph(held);
  const titles = new Set([...place.document.definitions()].map(([, graph]) => graph.head.title ?? ''));
  const title = freshTitle(head.title ?? '', titles);
  const changes = [
    ...defined(definition, { ...head, title }, place.document.graph(held)),
    ...nodeChange(place, id, (node) => ({ ...node, type: SUBGRAPH + definition })),
  ];
  return { command: { label: words.detach, changes } };
}

/** The changes that bring a whole definition about. */
export function defined(id: string, head: Definition, graph: Pick<Graph, 'nodes' | 'frames' | 'notes'>): Change[] {
  const changes: Change[] = [{ table: 'definitions', graph: id, before: undefined, after: head }];
  for (const table of ['nodes', 'frames', 'notes'] as const) {
    for (const [item, after] of graph[table]) changes.push({ table, graph: id, id: item, before: undefined, after } as ItemChanged);
  }
  return changes;
}

/** Takes a definition that nothing is an instance of out of the document. */
export function removeDefinition(place: Place, id: string): Outcome {
  if (id === ROOT || !place.document.has(id)) return { refused: () => strings.subgraphs.gone };
  if (instancesOf(place.document, id).length) return { refused: () => strings.subgraphs.inUse };
  const graph = place.document.graph(id);
  const changes: Change[] = [];
  for (const table of ['nodes', 'frames', 'notes'] as const) {
    for (const [item, before] of graph[table]) changes.push({ table, graph: id, id: item, before, after: undefined } as ItemChanged);
  }
  changes.push({ table: 'definitions', graph: id, before: graph.head, after: undefined });
  return { command: { label: words.removeSubgraph, changes } };
}

/** Runs an instance once, or as a loop says. */
export function setLoop(place: Place, id: string, loop: NodeData['loop'] | null): Command | null {
  const changes = nodeChange(place, id, (node) => {
    if (!loop) return without(node, 'loop');
    return JSON.stringify(node.loop) === JSON.stringify(loop) ? node : { ...node, loop };
  });
  return changes.length ? { label: words.changeLoop, changes, merge: `loop ${place.graph} ${id}` } : null;
}
