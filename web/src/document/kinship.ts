// Which families of models flow along links, so that what does not belong together is refused in the hand. The rules
// are the server's (server/graph/families.py); both are tested with the same cases.
import { strings } from '../strings';
import type { Catalogue, InputSchema, NodeSchema } from './catalogue';
import type { Graph } from './document';
import { slotsOf } from './inputs';
import { alike, either, join, type Kin, type Named } from './kin';
import { definitionOf, ENTRY, EXIT, nodeOfType } from './subgraphs';
import { constantOf, isLink, type InputEnd, type Json, type LoopData, type NodeData, type OutputEnd } from './types';

/** Two inputs of a node that have no family in common; `input` is the one to be changed. */
export interface Clash {
  node: string;
  input: string;
  what: string;
  fix: string;
}

/** What comes into a graph through one of its inputs. */
interface Given {
  kin: Kin | null;
  constant: Json | undefined;
}

/** Where a graph stands: what comes into it, which subgraphs are around it, and those that were looked into. */
interface Around {
  given: ReadonlyMap<string, Given>;
  inside: ReadonlySet<string>;
  known: Map<string, Families>;
}

type Inputs = NodeData['inputs'];
export type GraphOf = (definition: string) => Graph | null;

/** How deep subgraphs may nest, as on the server. */
const DEEPEST = 50;

/** What is known to flow through a graph and the subgraphs in it; what is asked about is worked out once. */
export class Families {
  readonly #graph: Graph;
  readonly #catalogue: Catalogue;
  readonly #graphOf: GraphOf;
  readonly #around: Around;
  readonly #outputs = new Map<string, ReadonlyMap<string, Kin>>();
  #found: Clash[] | null = null;

  constructor(
    graph: Graph,
    catalogue: Catalogue,
    graphOf: GraphOf = () => null,
    around: Around = { given: new Map(), inside: new Set(), known: new Map() },
  ) {
    this.#graph = graph;
    this.#catalogue = catalogue;
    this.#graphOf = graphOf;
    this.#around = around;
  }

  /** The first clash of each node, and the first inside each subgraph. */
  clashes(): Clash[] {
    if (!Object.keys(this.#catalogue.files).length) return [];
    this.#found ??= [...this.#graph.nodes].flatMap(([id, node]) => this.#clash(id, node, node.inputs) ?? []);
    return this.#found;
  }

  /** What is known inside an instance of a subgraph that stands in this graph; null when it is none. */
  inside(instance: string): Families | null {
    const node = this.#graph.nodes.get(instance);
    if (!node) return null;
    this.of({ node: instance, output: '' });
    return this.#through(node, node.inputs);
  }

  /** Why the two ends do not belong together, in words; null when they may. */
  refusal(from: OutputEnd, to: InputEnd): string | null {
    const node = this.#graph.nodes.get(to.node);
    if (!node || !this.of(from)) return null;
    const linked: Inputs = { ...node.inputs, [to.input]: { link: [from.node, from.output] } };
    const clash = this.#clash(to.node, node, linked);
    if (!clash) return null;
    const { [to.input]: _without, ...others } = node.inputs;
    return this.#clash(to.node, node, others)?.what === clash.what ? null : clash.what;
  }

  /** Those of a node's inputs whose family is known, in the order of the node; none of a node that mixes families. */
  known(schema: NodeSchema, inputs: Inputs): Named[] {
    if (schema.mixes_families) return [];
    for (const source of sourcesOf(inputs)) this.of({ node: source, output: '' });
    return this.#inputs(schema, inputs);
  }

  /** What an output gives belongs to; null when nobody knows. Goes upstream step by step, never by recursion. */
  of(from: OutputEnd): Kin | null {
    const stack = [from.node];
    const open = new Set<string>();
    for (let id = stack.at(-1); id !== undefined; id = stack.at(-1)) {
      const node = this.#graph.nodes.get(id);
      const missing = open.has(id) || !node ? [] : sourcesOf(node.inputs).filter((source) => !this.#outputs.has(source));
      open.add(id);
      const next = missing.filter((source) => !open.has(source));
      if (next.length) stack.push(...next);
      else {
        stack.pop();
        if (!this.#outputs.has(id)) this.#outputs.set(id, this.#given(node));
      }
    }
    return this.#outputs.get(from.node)?.get(from.output) ?? null;
  }

  #given(node: NodeData | undefined): ReadonlyMap<string, Kin> {
    const schema = node && this.#catalogue.nodes[node.type];
    const given = new Map<string, Kin>();
    if (node?.type === ENTRY) return this.#entered();
    if (!node || !schema || node.mode === 'mute') return given;
    if (definitionOf(node) !== null && node.mode !== 'bypass') {
      return this.#leaving(node);
    }
    const joined = schema.mixes_families ? null : join(this.#inputs(schema, node.inputs)).joined;
    for (const { name, type } of schema.outputs) {
      const kin = node.mode === 'bypass' ? this.#passed(schema, node, type) : this.#output(schema, node, type, joined);
      if (kin) given.set(name, kin);
    }
    return given;
  }

  #entered(): ReadonlyMap<string, Kin> {
    return new Map([...this.#around.given].flatMap(([port, { kin }]) => (kin ? [[port, kin] as const] : [])));
  }

  /** What leaves this graph through its outputs. */
  #left(): ReadonlyMap<string, Kin> {
    const exit = this.#graph.nodes.get(nodeOfType(this.#graph, EXIT) ?? '');
    const links = Object.entries(exit?.inputs ?? {}).flatMap(([port, value]) => (isLink(value) ? [[port, value.link] as const] : []));
    return new Map(
      links.flatMap(([port, [node, output]]) => {
        const kin = this.of({ node, output });
        return kin ? [[port, kin] as const] : [];
      }),
    );
  }

  /** What flows through an instance, the first time of a loop; what it links to was looked at. */
  #through(node: NodeData, inputs: Inputs): Families | null {
    const id = definitionOf(node);
    const { inside } = this.#around;
    const graph = id === null || inside.has(id) || inside.size >= DEEPEST ? null : this.#graphOf(id);
    if (id === null || !graph) return null;
    const varying = new Set([...(varyingOf(node).lists ?? []), ...Object.keys(varyingOf(node).carry ?? {})]);
    const given = new Map<string, Given>();
    for (const [port, { default: usual }] of Object.entries(graph.head.inputs ?? {})) {
      const value = inputs[port] ?? usual;
      given.set(port, { kin: this.#linked(value)?.kin ?? null, constant: varying.has(port) ? undefined : this.#constant(value) });
    }
    return this.#within(id, graph, given);
  }

  /** What leaves an instance. What a loop takes from itself may be what went in, or what any time before gave. */
  #leaving(node: NodeData): ReadonlyMap<string, Kin> {
    const { carry = {} } = varyingOf(node);
    for (let found = this.#through(node, node.inputs); found; ) {
      const { given } = found.#around;
      const gave = found.#left();
      const wider = new Map(given);
      for (const [port, output] of Object.entries(carry)) {
        const before = given.get(port);
        if (before) wider.set(port, { ...before, kin: either([before, { kin: gave.get(output) ?? null }]) });
      }
      if ([...wider].every(([port, { kin }]) => kin?.families.size === given.get(port)?.kin?.families.size)) return gave;
      found = this.#within(definitionOf(node) ?? '', found.#graph, wider);
    }
    return new Map();
  }

  /** What flows through a definition that is given this. */
  #within(id: string, graph: Graph, given: ReadonlyMap<string, Given>): Families {
    const { inside, known } = this.#around;
    const said = [...given].map(([port, { kin, constant }]) => [port, constant, kin && [kin.file, ...kin.families]]);
    const key = JSON.stringify([id, said]);
    const found = known.get(key) ?? new Families(graph, this.#catalogue, this.#graphOf, { given, inside: new Set(inside).add(id), known });
    known.set(key, found);
    return found;
  }

  #output(schema: NodeSchema, node: NodeData, type: string, joined: Named | null): Kin | null {
    if (type.startsWith('$')) {
      const slots = slotsOf(schema, node).filter((slot) => slot.schema.type === type);
      return either(slots.flatMap(({ name }) => this.#linked(node.inputs[name]) ?? []));
    }
    const bond = this.#bond(type);
    return joined && bond ? this.#bound(joined.kin, bond) : null;
  }

  /** A bypassed node passes on its first input of the output's type. */
  #passed(schema: NodeSchema, node: NodeData, type: string): Kin | null {
    const slot = slotsOf(schema, node).find((one) => one.schema.type === type && isLink(node.inputs[one.name]));
    return (slot && this.#linked(node.inputs[slot.name])?.kin) ?? null;
  }

  #clash(id: string, node: NodeData, inputs: Inputs): Clash | null {
    const schema = this.#catalogue.nodes[node.type];
    if (!schema || schema.mixes_families || (node.mode ?? 'run') !== 'run') return null;
    for (const source of sourcesOf(inputs)) this.of({ node: source, output: '' });
    if (definitionOf(node) !== null) {
      const [first] = this.#through(node, inputs)?.clashes() ?? [];
      return first ? { ...first, node: `${id}/${first.node}` } : null;
    }
    const refused = join(this.#inputs(schema, inputs)).refused;
    if (!refused) return null;
    const [now, before] = refused;
    const wanted = this.#titles(before.kin);
    const words = strings.families;
    return {
      node: id,
      input: now.input,
      what: words.clash(now.input, this.#titles(now.kin), now.kin.file, before.input, wanted, before.kin.file),
      fix: now.isFile ? words.pick(wanted) : words.link(wanted),
    };
  }

  /** The inputs whose family is known, in the order of the node. */
  #inputs(schema: NodeSchema, inputs: Inputs): Named[] {
    return slotsOf(schema, { inputs }).flatMap(({ name, schema: input }): Named[] => {
      const value = inputs[name];
      const constant = this.#constant(value);
      if (!isLink(value) || constant !== undefined) return this.#file(name, input, constant);
      const bond = this.#bond(input.type);
      const kin = bond ? this.#linked(value)?.kin : null;
      return kin ? [{ input: name, kin: this.#bound(kin, bond), isFile: false }] : [];
    });
  }

  #file(name: string, { widget }: InputSchema, value: unknown): Named[] {
    if (widget?.kind !== 'model_file' || typeof value !== 'string') return [];
    const families = this.#catalogue.files[widget.folder]?.[value];
    return families?.length ? [{ input: name, kin: { families: new Set(families), file: value }, isFile: true }] : [];
  }

  /** What an input holds, also where it is given to the graph from around it. */
  #constant(value: Inputs[string] | undefined): Json | undefined {
    if (!isLink(value)) return constantOf(value);
    const [source, port] = value.link;
    return this.#graph.nodes.get(source)?.type === ENTRY ? this.#around.given.get(port)?.constant : undefined;
  }

  /** What comes through a link from a node that was looked at; null for an input without one. */
  #linked(value: Inputs[string] | undefined): { kin: Kin | null } | null {
    return isLink(value) ? { kin: this.#outputs.get(value.link[0])?.get(value.link[1]) ?? null } : null;
  }

  #bond(type: string): string {
    return this.#catalogue.types[type]?.family ?? '';
  }

  #bound(kin: Kin, bond: string): Kin {
    return bond === 'latent' ? { families: alike(kin.families, this.#catalogue.families), file: kin.file } : kin;
  }

  /** In the order of the table. */
  #titles({ families }: Kin): string {
    const known = Object.entries(this.#catalogue.families).filter(([name]) => families.has(name));
    return known.map(([, info]) => info.title).join(' or ') || [...families].sort().join(', ');
  }
}

/** Which inputs of an instance are not the same each time it runs. */
function varyingOf({ loop }: NodeData): Pick<LoopData, 'lists' | 'carry'> {
  if (!loop) return {};
  return loop.mode === 'each' ? { lists: loop.lists } : { carry: loop.carry };
}

/** The nodes that inputs read from. */
function sourcesOf(inputs: Inputs): string[] {
  return Object.values(inputs).flatMap((value) => (isLink(value) ? [value.link[0]] : []));
}
