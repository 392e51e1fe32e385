// All node types as plain data, as the server sends it. The rules of what fits what are the server's: a
// precomputed table that is only looked up here.
import type { Json } from './types';

export type Choice = string | number;

export type Widget =
  | { kind: 'number'; min?: number | null; max?: number | null; step?: number | null; integer?: boolean }
  | { kind: 'slider'; min: number; max: number; step?: number | null; integer?: boolean }
  | { kind: 'text'; lines?: number; prompt?: boolean }
  | { kind: 'toggle' }
  | { kind: 'choices'; options: Choice[] }
  | { kind: 'seed' }
  | { kind: 'model_file'; folder: string; options: string[] }
  /** `mask_of`: painted over the picture of that other input. */
  | { kind: 'image_file'; options: string[]; mask_of?: string }
  | { kind: 'variant'; options: Record<string, InputSchema[]> };

export interface InputSchema {
  name: string;
  type: string;
  title: string;
  help: string;
  default: Json;
  required: boolean;
  widget: Widget | null;
  is_list: boolean;
  grows: boolean;
  lazy: boolean;
}

export interface OutputSchema {
  name: string;
  type: string;
  title: string;
  help: string;
  is_list: boolean;
}

export interface NodeSchema {
  id: string;
  title: string;
  category: string;
  help: string;
  version: number;
  inputs: InputSchema[];
  outputs: OutputSchema[];
  is_output: boolean;
  is_async: boolean;
  cached: boolean;
  wants_context: string;
  pack: string;
  /** What each type variable may stand for ({"T": "Image|Mask"}); one that may be anything is absent. */
  type_variables?: Record<string, string>;
  /** Whether what comes in may be of different families of models. */
  mixes_families?: boolean;
  /** The edge of a subgraph: there is one of each, and none is added. */
  boundary?: boolean;
  /** Of a subgraph: something in it shows pictures. */
  shows_pictures?: boolean;
}

export interface TypeInfo {
  title: string;
  colour: string;
  shape: string;
  /** Names of the input types an output of this type may be plugged into. */
  fits: string[];
  /** How its values belong to families of models; empty: not at all. */
  family?: '' | 'model' | 'latent';
}

/** A family of models. Those whose `latents` are equal can read each other's. */
export interface FamilyInfo {
  title: string;
  latents: string;
  /** What reads its texts: "CLIP-L", "T5". */
  encoders?: string[];
}

export interface BrokenPack {
  pack: string;
  file: string;
  traceback: string;
}

export interface Catalogue {
  revision: string;
  types: Record<string, TypeInfo>;
  nodes: Record<string, NodeSchema>;
  broken: BrokenPack[];
  families: Record<string, FamilyInfo>;
  /** By models folder and file: the families it is for, where that is known. */
  files: Record<string, Record<string, string[]>>;
}

export const EMPTY_CATALOGUE: Catalogue = { revision: '', types: {}, nodes: {}, broken: [], families: {}, files: {} };

/** What the server leaves out because it is the default is filled in once, on arrival. */
export function completeCatalogue(raw: RawCatalogue): Catalogue {
  const nodes = Object.entries(raw.nodes).map(([id, node]) => [id, completeNode(node)] as const);
  return { ...EMPTY_CATALOGUE, ...raw, nodes: Object.fromEntries(nodes) };
}

/** As the server sends it. */
export type RawCatalogue = Pick<Catalogue, 'revision' | 'types' | 'nodes'> & Partial<Catalogue>;

const NODE_DEFAULTS = {
  category: '',
  help: '',
  version: 1,
  is_output: false,
  is_async: false,
  cached: true,
  wants_context: '',
  pack: '',
};
const INPUT_DEFAULTS = { help: '', default: null, required: true, is_list: false, grows: false, lazy: false };
const OUTPUT_DEFAULTS = { help: '', is_list: false };

function completeNode(node: NodeSchema): NodeSchema {
  return {
    ...NODE_DEFAULTS,
    ...node,
    title: node.title || node.id,
    inputs: (node.inputs ?? []).map(completeInput),
    outputs: (node.outputs ?? []).map((output) => ({ ...OUTPUT_DEFAULTS, ...output, title: output.title || output.name })),
  };
}

/** An input of which nothing is known but its name and type. */
export function bareInput(name: string, type: string, title = name): InputSchema {
  return { name, type, title, help: '', default: null, required: false, widget: null, is_list: false, grows: false, lazy: false };
}

function completeInput(input: InputSchema): InputSchema {
  const full = { ...INPUT_DEFAULTS, ...input, title: input.title || input.name, widget: input.widget ?? null };
  if (full.widget?.kind !== 'variant') return full;
  const options = Object.entries(full.widget.options).map(([name, inputs]) => [name, inputs.map(completeInput)] as const);
  return { ...full, widget: { kind: 'variant', options: Object.fromEntries(options) } };
}
