// A new node, wired to the loose end of a link when it was dragged into the open: one step to undo.
import { strings } from '../../strings';
import { together, type Command } from '../change';
import { asInput, type Json, type LooseEnd, type NodeData, type Point } from '../types';
import { addNode } from './items';
import { Document } from '../document';
import { NEW_PORT } from '../subgraphs';
import { connect, linked } from './links';
import type { Place } from './place';
import { connectNewPort } from './ports';

/** `socket` is the new node's socket the loose end goes to. */
export function addWired(
  place: Place,
  id: string,
  type: string,
  position: Point,
  end: LooseEnd | null,
  socket: string | null,
  given: Readonly<Record<string, Json>>,
): Command {
  if (end && makesPortOf(end)) {
    const bare = addNode(place, id, { type, version: place.catalogue.nodes[type]?.version ?? 1, inputs: {}, position });
    return socket === null ? bare : together(strings.edits.addNode, [bare, portTo(place, bare, id, end, socket)]);
  }
  const inputs: Record<string, NodeData['inputs'][string]> = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, asInput(value)]),
  );
  if (end?.direction === 'out' && socket) inputs[socket] = linked(inputs[socket], end.from);
  const version = place.catalogue.nodes[type]?.version ?? 1;
  const added = addNode(place, id, { type, version, inputs, position });
  if (end?.direction !== 'in' || !socket) return added;
  return together(strings.edits.addNode, [added, connect(place, { node: id, output: socket }, end.to)]);
}

const makesPortOf = (end: LooseEnd): boolean => (end.direction === 'out' ? end.from.output : end.to.input) === NEW_PORT;

/** The port that the last socket of the edge makes of the new node's socket; worked out on a copy that has the node. */
function portTo(place: Place, added: Command, id: string, end: LooseEnd, socket: string): Command | null {
  const document = new Document(place.document.toWorkflow());
  document.apply(added);
  const there = { ...place, document };
  return end.direction === 'out'
    ? connectNewPort(there, end.from, { node: id, input: socket })
    : connectNewPort(there, { node: id, output: socket }, end.to);
}
