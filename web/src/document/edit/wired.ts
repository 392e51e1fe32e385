// A new node, wired to the loose end of a link when it was dragged into the open: one step to undo.
import { strings } from '../../strings';
import { together, type Command } from '../change';
import { asInput, type Json, type LooseEnd, type NodeData, type Point } from '../types';
import { addNode } from './items';
import { connect, linked } from './links';
import type { Place } from './place';

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
  const inputs: Record<string, NodeData['inputs'][string]> = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, asInput(value)]),
  );
  if (end?.direction === 'out' && socket) inputs[socket] = linked(inputs[socket], end.from);
  const version = place.catalogue.nodes[type]?.version ?? 1;
  const added = addNode(place, id, { type, version, inputs, position });
  if (end?.direction !== 'in' || !socket) return added;
  return together(strings.edits.addNode, [added, connect(place, { node: id, output: socket }, end.to)]);
}
