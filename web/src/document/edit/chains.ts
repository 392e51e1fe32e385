// Edits along a chain of nodes: putting a node into a link, taking nodes out and closing the chain behind them, and
// cutting several links at once. Each is one step to undo.
import { strings } from '../../strings';
import { isItem, type Change, type Command, together } from '../change';
import { Document } from '../document';
import { fits } from '../fits';
import { closeGaps, slotsOf } from '../inputs';
import { inputType, isLinkable, outputType } from '../typing';
import { isLink, type InputEnd, type NodeData, type OutputEnd, type Point } from '../types';
import { addNode, move, remove, type Items, type Moves } from './items';
import { connect, cut, disconnect } from './links';
import { graphOf, nodeChange, NodeEdits, schemaOf, without, type Place } from './place';

const REROUTE = 'reroute';

/** The first input of a node that takes this type and is not linked, those without a widget first. */
export function inputFor(place: Place, id: string, type: string): InputEnd | null {
  const graph = graphOf(place);
  const node = graph.nodes.get(id);
  const schema = schemaOf(place, node);
  if (!node || !schema) return null;
  const taking = slotsOf(schema, node).filter(
    (slot) => isLinkable(slot) && !isLink(node.inputs[slot.name]) && fits(place.catalogue, type, inputType(graph, place.catalogue, node, slot)),
  );
  const best = taking.find((slot) => slot.schema.type === type) ?? taking.find((slot) => !slot.schema.widget) ?? taking[0];
  return best ? { node: id, input: best.name } : null;
}

/** The first output of a node whose type goes into this input. */
function outputFor(place: Place, id: string, to: InputEnd): OutputEnd | null {
  const graph = graphOf(place);
  const [schema, target] = [schemaOf(place, graph.nodes.get(id)), graph.nodes.get(to.node)];
  const targetSchema = schemaOf(place, target);
  const slot = target && targetSchema && slotsOf(targetSchema, target).find(({ name }) => name === to.input);
  if (!schema || !slot) return null;
  const wanted = inputType(graph, place.catalogue, target, slot);
  const given = schema.outputs.map(({ name }): OutputEnd => ({ node: id, output: name }));
  return given.find((from) => fits(place.catalogue, outputType(graph, place.catalogue, from), wanted)) ?? null;
}

/** Where a node would be wired if it were put into the link that ends at `to`; null when it does not fit there. */
export function waysInto(place: Place, id: string, to: InputEnd): { into: InputEnd; out: OutputEnd; from: OutputEnd } | null {
  const graph = graphOf(place);
  const value = graph.nodes.get(to.node)?.inputs[to.input];
  if (!isLink(value) || value.link[0] === id || to.node === id) return null;
  const from: OutputEnd = { node: value.link[0], output: value.link[1] };
  // A node that is wired already stays what it is.
  if ([...graph.links.outgoing(id)].length || Object.values(graph.nodes.get(id)?.inputs ?? {}).some(isLink)) return null;
  const into = inputFor(place, id, outputType(graph, place.catalogue, from));
  const out = outputFor(place, id, to);
  return into && out ? { into, out, from } : null;
}

export function insertIntoLink(place: Place, id: string, to: InputEnd): Command | null {
  const ways = waysInto(place, id, to);
  if (!ways) return null;
  return together(strings.edits.insert, [connect(place, ways.from, ways.into), connect(place, ways.out, to)]);
}

/** Steps of which each starts from what the one before made, as one command; null when none changes anything. */
function inSequence(place: Place, label: string, steps: readonly ((place: Place) => Command | null)[]): Command | null {
  const at: Place = { ...place, document: new Document(place.document.toWorkflow()) };
  const commands = steps.map((step) => {
    const command = step(at);
    if (command) at.document.apply(command);
    return command;
  });
  const all = merged(together(label, commands));
  return all.changes.length ? all : null;
}

/** Moves a node onto a link and puts it in. */
export function moveIntoLink(place: Place, moves: Moves, id: string, to: InputEnd): Command | null {
  return inSequence(place, strings.edits.insert, [(at) => move(at, moves), (at) => insertIntoLink(at, id, to)]);
}

/** A dot in a link, to lead it round: `id` is the new node's. */
export function addReroute(place: Place, id: string, position: Point, to: InputEnd): Command | null {
  const node: NodeData = { type: REROUTE, version: place.catalogue.nodes[REROUTE]?.version ?? 1, inputs: {}, position };
  return inSequence(place, strings.edits.reroute, [(at) => addNode(at, id, node), (at) => insertIntoLink(at, id, to)]);
}

/** Removes items; what read from a node that went reads from what fed it, wherever the types allow it. */
export function removeKeepingChain(place: Place, items: Items): Command | null {
  const joins = joinsAround(place, items.nodes);
  return inSequence(place, strings.edits.dissolve(items.nodes.size), [
    (at) => remove(at, items),
    ...joins.map(([from, to]) => (at: Place) => connect(at, from, to)),
  ]);
}

/** Each reader outside and the source outside that may feed it instead. */
function joinsAround(place: Place, gone: ReadonlySet<string>): [OutputEnd, InputEnd][] {
  const graph = graphOf(place);
  const joins: [OutputEnd, InputEnd][] = [];
  for (const id of gone) {
    for (const link of graph.links.outgoing(id)) {
      if (gone.has(link.to.node)) continue;
      const source = sourceBehind(place, link.from, gone);
      if (source) joins.push([source, link.to]);
    }
  }
  return joins;
}

/** What feeds a node that goes, along the first input of the type that its output gives; never by recursion. */
function sourceBehind(place: Place, from: OutputEnd, gone: ReadonlySet<string>): OutputEnd | null {
  const graph = graphOf(place);
  const wanted = outputType(graph, place.catalogue, from);
  const seen = new Set<string>();
  let at: OutputEnd | null = from;
  while (at && gone.has(at.node)) {
    if (seen.has(at.node)) return null;
    seen.add(at.node);
    at = feeding(graph.nodes.get(at.node), (source) => fits(place.catalogue, outputType(graph, place.catalogue, source), wanted));
  }
  return at;
}

function feeding(node: NodeData | undefined, takes: (source: OutputEnd) => boolean): OutputEnd | null {
  for (const value of Object.values(node?.inputs ?? {})) {
    if (!isLink(value)) continue;
    const source: OutputEnd = { node: value.link[0], output: value.link[1] };
    if (takes(source)) return source;
  }
  return null;
}

/** One change an item, from what stood before the first to what stands after the last. */
function merged(command: Command): Command {
  const byItem = new Map<string, Change>();
  for (const change of command.changes) {
    const what = isItem(change) ? `${change.graph} ${change.id}` : change.table === 'document' ? change.key : change.graph;
    const key = `${change.table} ${what}`;
    const known = byItem.get(key);
    byItem.set(key, known ? ({ ...change, before: known.before } as Change) : change);
  }
  return { ...command, changes: [...byItem.values()] };
}

/** Cuts every link that ends at one of these inputs. */
export function cutLinks(place: Place, ends: readonly InputEnd[]): Command | null {
  if (ends.length === 1 && ends[0]) return disconnect(place, ends[0]);
  const byNode = new Map<string, string[]>();
  for (const { node, input } of ends) byNode.set(node, [...(byNode.get(node) ?? []), input]);
  const changes = [...byNode].flatMap(([id, inputs]) =>
    nodeChange(place, id, (node) => ({ ...node, inputs: closeGaps(schemaOf(place, node), inputs.reduce(cut, node.inputs)) })),
  );
  return changes.length ? { label: strings.edits.cut(ends.length), changes } : null;
}

/** Gives the links of outputs names, by which they are shown instead of lines; '' draws them again. */
export function nameOutputs(place: Place, names: Iterable<readonly [OutputEnd, string]>): Command | null {
  const edits = new NodeEdits(place);
  for (const [from, name] of names) {
    edits.edit(place.graph, from.node, (node) => {
      if ((node.named?.[from.output] ?? '') === name) return node;
      const named = { ...without(node.named ?? {}, from.output), ...(name ? { [from.output]: name } : {}) };
      return Object.keys(named).length ? { ...node, named } : without(node, 'named');
    });
  }
  const changes = edits.changes();
  return changes.length ? { label: strings.edits.name, changes } : null;
}
