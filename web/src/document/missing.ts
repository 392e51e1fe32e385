// What a workflow needs and this computer does not have: node types, model files, pictures. Looked for in the whole
// document, subgraphs included. Nothing is taken out of it: what is missing keeps its values.
import type { Catalogue, InputSchema } from './catalogue';
import { ROOT, together, type Command } from './change';
import { setValue } from './edit/values';
import type { Place } from './edit/place';
import { slotsOf } from './inputs';
import { constantOf, isLink, type NodeData, type Workflow } from './types';

/** A node, and the graph it stands in. */
export interface Where {
  graph: string;
  node: string;
}

export interface MissingType {
  type: string;
  /** The pack it comes from; '' for one of the program's own. */
  pack: string;
  uses: readonly Where[];
}

export interface MissingFile {
  /** Below the models folder; 'input' for a picture. */
  folder: string;
  file: string;
  picture: boolean;
  uses: readonly (Where & { input: string })[];
  /** What could stand in its place: files of the same name first. */
  options: readonly string[];
}

export interface Missing {
  types: readonly MissingType[];
  files: readonly MissingFile[];
}

export const NOTHING_MISSING: Missing = { types: [], files: [] };
/** Types of nodes that are the document's own business. */
const PLAIN = /^(reroute|subgraph_input|subgraph_output|subgraph:.*)$/;

/** `there` are pictures of the input folder that the catalogue does not list yet. */
export function missingIn(workflow: Workflow, catalogue: Catalogue, there: ReadonlySet<string> = new Set()): Missing {
  if (Object.keys(catalogue.nodes).length === 0) return NOTHING_MISSING;
  const types = new Map<string, Where[]>();
  const files = new Map<string, MissingFile & { uses: (Where & { input: string })[] }>();
  for (const [graph, nodes] of graphsOf(workflow)) {
    for (const [id, node] of Object.entries(nodes)) {
      const where = { graph, node: id };
      if (catalogue.nodes[node.type]) lookAtFiles(catalogue, there, node, where, files);
      else if (!PLAIN.test(node.type)) types.set(node.type, [...(types.get(node.type) ?? []), where]);
    }
  }
  const packOf = (type: string): string => (type.includes('/') ? (type.split('/')[0] ?? '') : '');
  return { types: [...types].map(([type, uses]) => ({ type, pack: packOf(type), uses })), files: [...files.values()] };
}

function graphsOf(workflow: Workflow): [string, Record<string, NodeData>][] {
  const inner = Object.entries(workflow.subgraphs ?? {}).map(([id, graph]) => [id, graph.nodes ?? {}] as [string, Record<string, NodeData>]);
  return [[ROOT, workflow.nodes], ...inner];
}

function lookAtFiles(
  catalogue: Catalogue,
  there: ReadonlySet<string>,
  node: NodeData,
  where: Where,
  files: Map<string, MissingFile & { uses: (Where & { input: string })[] }>,
): void {
  const schema = catalogue.nodes[node.type];
  if (!schema || !schema.inputs.some(namesFile)) return;
  for (const { name, schema: input } of slotsOf(schema, node)) {
    const value = node.inputs[name];
    const file = isLink(value) ? undefined : constantOf(value);
    const { widget } = input;
    if ((widget?.kind !== 'model_file' && widget?.kind !== 'image_file') || typeof file !== 'string' || file === '' || widget.options.includes(file)) continue;
    if (widget.kind === 'image_file' && there.has(file)) continue;
    const folder = widget.kind === 'model_file' ? widget.folder : 'input';
    const key = `${widget.kind} ${folder} ${file}`;
    const known = files.get(key) ?? { folder, file, picture: widget.kind === 'image_file', uses: [], options: alikeFirst(widget.options, file) };
    known.uses.push({ ...where, input: name });
    files.set(key, known);
  }
}

const namesFile = ({ widget }: InputSchema): boolean => widget?.kind === 'model_file' || widget?.kind === 'image_file' || widget?.kind === 'variant';

const baseOf = (file: string): string => (file.replaceAll('\\', '/').split('/').at(-1) ?? file).toLowerCase();

/** A file may only lie in another folder than it did elsewhere. */
function alikeFirst(options: readonly string[], file: string): string[] {
  const alike = (option: string): number => (baseOf(option) === baseOf(file) ? 0 : 1);
  return [...options].sort((a, b) => alike(a) - alike(b));
}

/** Puts another file in the place of a missing one wherever it is named: one step to undo. */
export function replaceFile(place: Place, { uses }: MissingFile, file: string, label: string): Command {
  const byNode = new Map<string, (Where & { input: string })[]>();
  for (const use of uses) {
    const key = `${use.graph}\n${use.node}`;
    byNode.set(key, [...(byNode.get(key) ?? []), use]);
  }
  return together(label, [...byNode.values()].map((inputs) => replaceIn(place, inputs, file)));
}

function replaceIn(place: Place, inputs: readonly (Where & { input: string })[], file: string): Command | null {
  const [first] = inputs;
  if (!first) return null;
  const set = setValue({ ...place, graph: first.graph }, first.node, first.input, file);
  const change = set?.changes[0];
  if (!set || change?.table !== 'nodes' || !change.after) return set;
  const others = Object.fromEntries(inputs.slice(1).map(({ input }) => [input, file]));
  return { ...set, changes: [{ ...change, after: { ...change.after, inputs: { ...change.after.inputs, ...others } } }] };
}
