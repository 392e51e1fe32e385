// Which families of models flow along links, so that what does not belong together is refused in the hand. The rules
// are the server's (server/graph/families.py); both are tested with the same cases.
import { strings } from '../strings';
import type { Catalogue, FamilyInfo, InputSchema, NodeSchema } from './catalogue';
import type { Graph } from './document';
import { slotsOf } from './inputs';
import { constantOf, isLink, type InputEnd, type NodeData, type OutputEnd } from './types';

/** The families a value may be of, and the file that says so. */
export interface Kin {
  families: ReadonlySet<string>;
  file: string;
}

/** Two inputs of a node that have no family in common; `input` is the one to be changed. */
export interface Clash {
  node: string;
  input: string;
  what: string;
  fix: string;
}

interface Named {
  input: string;
  kin: Kin;
  isFile: boolean;
}

type Inputs = NodeData['inputs'];

/** What is known to flow through a graph; what is asked about is worked out once. */
export class Families {
  readonly #graph: Graph;
  readonly #catalogue: Catalogue;
  readonly #outputs = new Map<string, ReadonlyMap<string, Kin>>();

  constructor(graph: Graph, catalogue: Catalogue) {
    this.#graph = graph;
    this.#catalogue = catalogue;
  }

  /** The first clash of each node. */
  clashes(): Clash[] {
    if (!Object.keys(this.#catalogue.files).length) return [];
    return [...this.#graph.nodes].flatMap(([id, node]) => this.#clash(id, node, node.inputs) ?? []);
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
    if (!node || !schema || node.mode === 'mute') return given;
    const joined = schema.mixes_families ? null : this.#join(this.#inputs(schema, node.inputs)).joined;
    for (const { name, type } of schema.outputs) {
      const kin = node.mode === 'bypass' ? this.#passed(schema, node, type) : this.#output(schema, node, type, joined);
      if (kin) given.set(name, kin);
    }
    return given;
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
    const refused = this.#join(this.#inputs(schema, inputs)).refused;
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

  /** What all inputs have in common, and the first two that have nothing. */
  #join(inputs: readonly Named[]): { joined: Named | null; refused: readonly [Named, Named] | null } {
    let joined: Named | null = null;
    let refused: readonly [Named, Named] | null = null;
    for (const now of inputs) {
      if (!joined) {
        joined = now;
        continue;
      }
      const families: ReadonlySet<string> = joined.kin.families;
      const both: ReadonlySet<string> = new Set([...families].filter((name) => now.kin.families.has(name)));
      if (both.size === 0) refused ??= [now, joined];
      else if (both.size < families.size) joined = { ...now, kin: { families: both, file: now.kin.file } };
    }
    return { joined, refused };
  }

  /** The inputs whose family is known, in the order of the node. */
  #inputs(schema: NodeSchema, inputs: Inputs): Named[] {
    return slotsOf(schema, { inputs }).flatMap(({ name, schema: input }): Named[] => {
      const value = inputs[name];
      if (!isLink(value)) return this.#file(name, input, constantOf(value));
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

/** These, and those whose latents are like theirs. */
function alike(families: ReadonlySet<string>, known: Readonly<Record<string, FamilyInfo>>): ReadonlySet<string> {
  const latents = new Set([...families].map((name) => known[name]?.latents).filter((one) => one !== undefined));
  const others = Object.entries(known).filter(([, info]) => latents.has(info.latents));
  return new Set([...families, ...others.map(([name]) => name)]);
}

/** One of several values; null when one of them may be of any family. */
function either(found: readonly { kin: Kin | null }[]): Kin | null {
  const known = found.flatMap(({ kin }) => kin ?? []);
  const [first] = known;
  if (!first || known.length < found.length) return null;
  return { families: new Set(known.flatMap((kin) => [...kin.families])), file: first.file };
}

/** The nodes that inputs read from. */
function sourcesOf(inputs: Inputs): string[] {
  return Object.values(inputs).flatMap((value) => (isLink(value) ? [value.link[0]] : []));
}
