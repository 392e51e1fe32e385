// Subgraphs as node types: an instance shows the inputs and outputs of its definition, each with the widget of
// what it feeds. So everything that knows of node types knows of subgraphs.
import { strings } from '../strings';
import { bareInput, type Catalogue, type InputSchema, type NodeSchema, type OutputSchema } from './catalogue';
import { ROOT } from './change';
import type { Document, Graph } from './document';
import { slotsOf, type Slot } from './inputs';
import { ENTRY, EXIT, heldBy, innermostFirst, NEW_PORT, nodeOfType, portsInOrder, SUBGRAPH } from './subgraphs';
import { constantOf, type InputValue, type PortData } from './types';

const words = strings.subgraphs;

/** What nodes there are in one graph of a document: the catalogue's, and the subgraphs that may stand there. */
export function withSubgraphs(catalogue: Catalogue, document: Document, graph: string): Catalogue {
  const order = innermostFirst(document);
  if (order.length === 0 && graph === ROOT) return catalogue;
  const nodes = { ...catalogue.nodes };
  const known = { ...catalogue, nodes };
  for (const id of order) nodes[SUBGRAPH + id] = instanceSchema(SUBGRAPH + id, document.graph(id), known);
  if (graph === ROOT) return known;
  const { inputs, outputs } = document.graph(graph).head;
  const given = portsInOrder(inputs).map(([name, port]) => asOutput(name, port));
  const taken = portsInOrder(outputs).map(([name, port]) => asBareInput(name, port));
  // What this graph is part of may not stand in it.
  const around = new Set(order.filter((id) => id === graph || heldBy(document, id).has(graph)).map((id) => SUBGRAPH + id));
  const own = Object.fromEntries(Object.entries(nodes).filter(([type]) => !around.has(type)));
  own[ENTRY] = boundary(ENTRY, words.entry, words.entryHelp, [], [...given, asOutput(NEW_PORT, { type: 'any', title: words.newInput })]);
  own[EXIT] = boundary(EXIT, words.exit, words.exitHelp, [...taken, asBareInput(NEW_PORT, { type: 'any', title: words.newOutput })], []);
  return { ...catalogue, nodes: own };
}

const PLAIN = { version: 1, is_output: false, is_async: false, cached: true, wants_context: '', pack: '' };

function boundary(id: string, title: string, help: string, inputs: InputSchema[], outputs: OutputSchema[]): NodeSchema {
  return { ...PLAIN, id, title, help, category: '', inputs, outputs, boundary: true };
}

const asOutput = (name: string, port: PortData): OutputSchema => ({
  name,
  type: port.type || 'any',
  title: port.title || name,
  help: '',
  is_list: false,
});

const asBareInput = (name: string, port: PortData): InputSchema => bareInput(name, port.type || 'any', port.title || name);

function instanceSchema(id: string, graph: Graph, catalogue: Catalogue): NodeSchema {
  const entry = nodeOfType(graph, ENTRY);
  const inside = [...graph.nodes.values()].flatMap((node) => catalogue.nodes[node.type] ?? []);
  const outputs = portsInOrder(graph.head.outputs).map(([name, port]) => asOutput(name, port));
  return {
    ...PLAIN,
    id,
    title: graph.head.title || words.untitled,
    category: words.category,
    help: words.help(graph.nodes.size - [...graph.nodes.values()].filter(({ type }) => type === ENTRY || type === EXIT).length),
    inputs: portsInOrder(graph.head.inputs).map(([name, port]) => asInput(name, port, fedBy(graph, entry, name, catalogue))),
    outputs,
    is_output: inside.some((schema) => schema.is_output),
    shows_pictures: inside.some((schema) => schema.shows_pictures ?? (schema.is_output && schema.inputs.some(({ type }) => type === 'Image'))),
  };
}

interface Fed {
  slot: Slot;
  stored: InputValue | undefined;
}

/** The input behind a port, one with a widget first. */
function fedBy(graph: Graph, entry: string | undefined, port: string, catalogue: Catalogue): Fed | undefined {
  let first: Fed | undefined;
  for (const { from, to } of entry === undefined ? [] : graph.links.outgoing(entry)) {
    const node = graph.nodes.get(to.node);
    const schema = node && catalogue.nodes[node.type];
    if (from.output !== port || !node || !schema) continue;
    const slot = slotsOf(schema, node).find(({ name }) => name === to.input);
    if (!slot) continue;
    const fed = { slot, stored: node.inputs[to.input] };
    if (slot.schema.widget) return fed;
    first ??= fed;
  }
  return first;
}

function asInput(name: string, port: PortData, fed: Fed | undefined): InputSchema {
  const bare = asBareInput(name, port);
  if (!fed) return { ...bare, default: constantOf(port.default) ?? null };
  const { schema, title } = fed.slot;
  const own = constantOf(port.default) ?? constantOf(fed.stored) ?? schema.default;
  return {
    ...bare,
    title: port.title || title,
    help: schema.help,
    default: own,
    required: schema.required && !schema.grows && own === null,
    widget: schema.widget,
    is_list: schema.is_list,
  };
}
