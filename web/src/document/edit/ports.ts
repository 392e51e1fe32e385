// The inputs and outputs of a subgraph: made of what is linked to its edge, named, put in order, taken away.
// What is taken away goes from every instance, wherever it stands.
import { strings } from '../../strings';
import { type Change, type Command, ROOT } from '../change';
import { closeGaps, slotNamed } from '../inputs';
import { ENTRY, EXIT, freshPortName, freshTitle, instancesOf, NEW_PORT, nodeOfType, portsInOrder, type PortKind } from '../subgraphs';
import { inputType, outputType } from '../typing';
import { asInput, constantOf, isLink, type Definition, type InputEnd, type Json, type NodeData, type OutputEnd, type PortData, type Ports } from '../types';
import { cut, linked } from './links';
import { graphOf, nodeChange, NodeEdits, schemaOf, without, type Place } from './place';

const words = strings.edits;

const BESIDE = 344;

export function headChange(place: Place, edit: (head: Definition) => Definition): Change[] {
  const before = graphOf(place).head;
  const after = edit(before);
  return after === before ? [] : [{ table: 'definitions', graph: place.graph, before, after }];
}

/** Ports as a table whose places are written down. */
export const inOrder = (ports: readonly (readonly [string, PortData])[]): Ports =>
  Object.fromEntries(ports.map(([name, port], order) => [name, port.order === order ? port : { ...port, order }]));

export const portsOf = (head: Definition, kind: PortKind): Ports => head[kind] ?? {};

export function setDefinitionTitle(place: Place, title: string): Command | null {
  const changes = headChange(place, (head) => ((head.title ?? '') === title ? head : { ...head, title }));
  return changes.length ? { label: words.renameSubgraph, changes, merge: `subgraph ${place.graph}` } : null;
}

export function setPortTitle(place: Place, kind: PortKind, name: string, title: string): Command | null {
  return changePort(place, kind, name, (port) => ((port.title ?? '') === title ? port : { ...port, title }));
}

/** What an input is wherever no instance says otherwise. */
export function setPortDefault(place: Place, name: string, value: Json): Command | null {
  const command = changePort(place, 'inputs', name, (port) => ({ ...port, default: asInput(value) }));
  return command && { ...command, merge: `port ${place.graph} ${name}` };
}

function changePort(place: Place, kind: PortKind, name: string, edit: (port: PortData) => PortData): Command | null {
  const changes = headChange(place, (head) => {
    const port = portsOf(head, kind)[name];
    const after = port && edit(port);
    return !after || after === port ? head : { ...head, [kind]: { ...head[kind], [name]: after } };
  });
  return changes.length ? { label: words.changePort, changes } : null;
}

/** Moves a port so many places down; up when negative. */
export function movePort(place: Place, kind: PortKind, name: string, by: number): Command | null {
  const ports = portsInOrder(portsOf(graphOf(place).head, kind));
  const at = ports.findIndex(([other]) => other === name);
  const to = Math.min(ports.length - 1, Math.max(0, at + by));
  const port = ports[at];
  if (!port || to === at) return null;
  ports.splice(at, 1);
  ports.splice(to, 0, port);
  return { label: words.changePort, changes: headChange(place, (head) => ({ ...head, [kind]: inOrder(ports) })) };
}

interface Added {
  name: string;
  /** The node at the edge that has the port. */
  edge: string;
  changes: Change[];
}

/** A new port, and the node at the edge where there was none. */
function addPort(place: Place, kind: PortKind, wanted: string, port: PortData): Added {
  const graph = graphOf(place);
  const ports = portsInOrder(portsOf(graph.head, kind));
  const name = freshPortName(wanted, new Set(ports.map(([other]) => other)));
  const title = freshTitle(port.title || wanted, new Set(ports.map(([other, { title }]) => title || other)));
  const changes = headChange(place, (head) => ({ ...head, [kind]: inOrder([...ports, [name, { ...port, title }]]) }));
  const type = kind === 'inputs' ? ENTRY : EXIT;
  const known = nodeOfType(graph, type);
  if (known !== undefined) return { name, edge: known, changes };
  const edge = kind === 'inputs' ? 'in' : 'out';
  const id = graph.nodes.has(edge) ? `${edge}_edge` : edge;
  const after: NodeData = { type, inputs: {}, position: beside(graph.nodes.values(), kind) };
  return { name, edge: id, changes: [...changes, { table: 'nodes', graph: place.graph, id, before: undefined, after }] };
}

function beside(nodes: Iterable<NodeData>, kind: PortKind): [number, number] {
  const all = [...nodes].map(({ position }) => position);
  const xs = all.map(([x]) => x);
  const top = Math.min(...all.map(([, y]) => y), Infinity);
  const x = kind === 'inputs' ? Math.min(...xs) - BESIDE : Math.max(...xs) + BESIDE;
  return all.length ? [x, top] : [0, 0];
}

/** A link one end of which makes a port: the port, and the link to it. */
export function connectNewPort(place: Place, from: OutputEnd, to: InputEnd): Command | null {
  const graph = graphOf(place);
  if (from.output === NEW_PORT && to.input === NEW_PORT) return null;
  if (from.output === NEW_PORT) {
    const node = graph.nodes.get(to.node);
    const slot = node && slotNamed(schemaOf(place, node), node, to.input);
    if (!node || !slot) return null;
    const kept = constantOf(node.inputs[to.input]);
    const port = portOf(inputType(graph, place.catalogue, node, slot), slot.title, kept);
    const { name, edge, changes } = addPort(place, 'inputs', slot.schema.name, port);
    const fed = nodeChange(place, to.node, (target) => ({
      ...target,
      inputs: { ...target.inputs, [to.input]: linked(target.inputs[to.input], { node: edge, output: name }) },
    }));
    return { label: words.addPort, changes: [...changes, ...fed] };
  }
  const source = graph.nodes.get(from.node);
  const output = schemaOf(place, source)?.outputs.find(({ name }) => name === from.output);
  const type = outputType(graph, place.catalogue, from);
  const { name, edge, changes } = addPort(place, 'outputs', from.output, { type, title: output?.title ?? from.output });
  const before = graph.nodes.get(edge);
  const bare: NodeData | undefined = before ?? bornIn(changes, edge);
  if (!bare) return null;
  const after = { ...bare, inputs: { ...bare.inputs, [name]: { link: [from.node, from.output] as [string, string] } } };
  if (before) return { label: words.addPort, changes: [...changes, { table: 'nodes', graph: place.graph, id: edge, before, after }] };
  const born = changes.map((change) => (change.table === 'nodes' && change.id === edge ? { ...change, after } : change));
  return { label: words.addPort, changes: born };
}

const bornIn = (changes: readonly Change[], id: string): NodeData | undefined =>
  changes.flatMap((change) => (change.table === 'nodes' && change.id === id && change.after ? [change.after] : []))[0];

function portOf(type: string, title: string, kept: Json | undefined): PortData {
  return kept === undefined ? { type, title } : { type, title, default: asInput(kept) };
}

/** Shows the widget of an inner input on every instance. */
export function promote(place: Place, id: string, input: string): Command | null {
  if (place.graph === ROOT || isLink(graphOf(place).nodes.get(id)?.inputs[input])) return null;
  const command = connectNewPort(place, { node: '', output: NEW_PORT }, { node: id, input });
  if (!command) return null;
  const rule = graphOf(place).nodes.get(id)?.after?.[input];
  const edits = new NodeEdits(place);
  const port = command.changes.flatMap((change) => (change.table === 'nodes' && change.id === id ? portOfLink(change.after, input) : []))[0];
  // What a seed does before the next run is now the instances' to say.
  for (const { graph, id: instance } of rule && port ? instancesOf(place.document, place.graph) : []) {
    edits.edit(graph, instance, (node) => ({ ...node, after: { ...node.after, [port ?? '']: rule ?? 'fixed' } }));
  }
  return { label: words.promote, changes: [...command.changes, ...edits.changes()] };
}

function portOfLink(node: NodeData | undefined, input: string): string[] {
  const value = node?.inputs[input];
  return isLink(value) ? [value.link[1]] : [];
}

/** Takes a port away: from the definition, and with what is linked to it from every instance. */
export function removePort(place: Place, kind: PortKind, name: string): Command | null {
  const changes: Change[] = headChange(place, (head) => {
    if (!(name in portsOf(head, kind))) return head;
    return { ...head, [kind]: inOrder(portsInOrder(head[kind]).filter(([other]) => other !== name)) };
  });
  if (!changes.length) return null;
  const edits = new NodeEdits(place);
  const type = kind === 'inputs' ? ENTRY : EXIT;
  for (const [id, node] of graphOf(place).nodes) {
    if (node.type !== type) continue;
    if (kind === 'inputs') cutReaders(edits, place.graph, id, name);
    else edits.edit(place.graph, id, (edge) => ({ ...edge, inputs: without(edge.inputs, name) }));
  }
  for (const { graph, id } of instancesOf(place.document, place.graph)) {
    if (kind === 'outputs') cutReaders(edits, graph, id, name);
    edits.edit(graph, id, (instance) => withoutPort(instance, kind, name));
  }
  return { label: words.removePort, changes: [...changes, ...edits.changes()] };
}

/** Cuts every link that reads an output of a node. */
function cutReaders(edits: NodeEdits, graph: string, id: string, output: string): void {
  const { place } = edits;
  const readers = new Set<string>();
  for (const { from, to } of place.document.graph(graph).links.outgoing(id)) if (from.output === output) readers.add(to.node);
  for (const reader of readers) {
    edits.edit(graph, reader, (node) => {
      let inputs = node.inputs;
      for (const [input, value] of Object.entries(node.inputs)) {
        if (isLink(value) && value.link[0] === id && value.link[1] === output) inputs = cut(inputs, input);
      }
      return { ...node, inputs: closeGaps(schemaOf(place, node), inputs) };
    });
  }
}

function withoutPort(node: NodeData, kind: PortKind, name: string): NodeData {
  const bare = kind === 'inputs' && name in node.inputs ? { ...node, inputs: without(node.inputs, name) } : node;
  const { loop } = node;
  if (!loop) return bare;
  const carry = Object.entries(loop.carry ?? {}).filter(([input, output]) => (kind === 'inputs' ? input : output) !== name);
  const lists = (loop.lists ?? []).filter((input) => kind === 'outputs' || input !== name);
  const kept = { ...loop, ...(loop.carry ? { carry: Object.fromEntries(carry) } : {}), ...(loop.lists ? { lists } : {}) };
  return { ...bare, loop: kind === 'outputs' && loop.condition === name ? { ...kept, condition: '' } : kept };
}
