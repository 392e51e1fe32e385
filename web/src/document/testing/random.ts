// Documents and commands at random, for properties that must hold whatever a user does.
import fc from 'fast-check';

import { ROOT, type Command } from '../change';
import { paste, readClip, copy } from '../clipboard';
import * as items from '../edit/items';
import { connect, disconnect } from '../edit/links';
import { graphOf, type Place } from '../edit/place';
import { connectNewPort, movePort, promote, removePort, setPortDefault, setPortTitle } from '../edit/ports';
import { detach, makeSubgraph, setLoop, unpack } from '../edit/subgraphs';
import { setAfterRun, setValue } from '../edit/values';
import { freshId } from '../ids';
import { slotsOf } from '../inputs';
import { withSubgraphs } from '../subgraph-schemas';
import { definitionOf, ENTRY, EXIT, mayHold, NEW_PORT, nodeOfType, SUBGRAPH } from '../subgraphs';
import { refusal } from '../typing';
import type { Json } from '../types';
import { TOYS } from './toys';

/** A step a user might take: which, on what, and with which value. Indices wrap around what is there. */
export interface Step {
  kind: (typeof KINDS)[number];
  a: number;
  b: number;
  c: number;
  value: Json;
}

const KINDS = [
  'add', 'add', 'connect', 'connect', 'connect', 'disconnect', 'value', 'after', 'remove', 'move', 'resize', 'mode',
  'dress', 'frame', 'note', 'paste', 'duplicate', 'make', 'make', 'unpack', 'detach', 'instance', 'port', 'loop',
] as const;

const small = fc.nat({ max: 40 });
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.integer(), fc.string(), fc.boolean(), fc.constant(null), fc.constant('JPEG'), fc.dictionary(fc.string(), fc.integer()),
) as fc.Arbitrary<Json>;

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...KINDS), a: small, b: small, c: small, value }),
  { minLength: 1, maxLength: 40 },
);

const nth = <Item>(list: readonly Item[], index: number): Item | undefined => list[index % Math.max(1, list.length)];

/** The command of a step here and now; null when it means nothing here. Some steps are taken inside subgraphs. */
export function commandOf({ document }: Place, step: Step): Command | null {
  const graphs = [ROOT, ROOT, ...[...document.definitions()].map(([id]) => id)];
  const at = nth(graphs, step.b + step.c) ?? ROOT;
  return commandIn({ document, graph: at, catalogue: withSubgraphs(TOYS, document, at) }, step);
}

function commandIn(place: Place, step: Step): Command | null {
  const graph = graphOf(place);
  const ids = [...graph.nodes.keys()];
  const [one, two] = [nth(ids, step.a), nth(ids, step.b)];
  const fresh = (type: string): string => freshId(type, (id) => graph.nodes.has(id) || graph.frames.has(id) || graph.notes.has(id));
  const point: [number, number] = [step.b * 10, step.c * 10];
  if (step.kind === 'add') {
    const type = nth(Object.keys(TOYS.nodes), step.a) ?? 'make';
    return items.addNode(place, fresh(type), { type, version: 1, inputs: {}, position: point });
  }
  if (step.kind === 'frame') return items.putFrame(place, fresh('frame'), { title: 'f', position: point, size: [100, 100] });
  if (step.kind === 'note') return items.putNote(place, fresh('note'), { text: 't', position: point, size: [100, 100] });
  if (step.kind === 'instance') {
    const held = nth([...place.document.definitions()], step.a)?.[0];
    if (held === undefined || !mayHold(place.document, place.graph, held)) return null;
    return items.addNode(place, fresh('subgraph'), { type: SUBGRAPH + held, inputs: {}, position: point });
  }
  if (step.kind === 'port') return onPorts(place, step);
  if (!one || !two) return null;
  if (step.kind === 'make') {
    const chosen = new Set(ids.filter((_, index) => (step.a + index * step.b) % 3 === 0));
    const definition = freshId('definition', (id) => place.document.has(id));
    const made = makeSubgraph(place, { nodes: chosen, frames: new Set(), notes: new Set() }, { definition, instance: fresh('subgraph'), title: 'S' });
    return made.command ?? null;
  }
  if (step.kind === 'unpack') {
    const id = ids.find((each) => definitionOf(graph.nodes.get(each)) !== null);
    const isFree = (each: string): boolean => !graph.nodes.has(each) && !graph.frames.has(each) && !graph.notes.has(each);
    return id === undefined ? null : (unpack(place, id, isFree).command ?? null);
  }
  if (step.kind === 'detach') return detach(place, one, freshId('definition', (id) => place.document.has(id))).command ?? null;
  if (step.kind === 'loop') {
    return definitionOf(graph.nodes.get(one)) === null ? null : setLoop(place, one, step.a % 2 ? { mode: 'repeat', times: step.b } : null);
  }
  return onNodes(place, step, one, two);
}

function onPorts(place: Place, step: Step): Command | null {
  if (place.graph === ROOT) return null;
  const { nodes, head } = graphOf(place);
  const [one, slot] = [nth([...nodes.keys()], step.a) ?? '', nth(['size', 'amount', 'base', 'image', 'hue'], step.b) ?? ''];
  const kind = step.c % 2 ? 'inputs' : 'outputs';
  const name = nth(Object.keys(head[kind] ?? {}), step.a) ?? '';
  const plain = nodes.get(one)?.type !== ENTRY && nodes.get(one)?.type !== EXIT;
  if (step.b % 5 === 0) return plain ? promote(place, one, slot) : null;
  if (step.b % 5 === 1) return removePort(place, kind, name);
  if (step.b % 5 === 2) return movePort(place, kind, name, (step.a % 3) - 1);
  if (step.b % 5 === 3) return step.a % 2 ? setPortTitle(place, kind, name, 'Mine') : setPortDefault(place, name, 3);
  const exit = nodeOfType(graphOf(place), EXIT);
  return exit === undefined || !plain || !one ? null : connectNewPort(place, { node: one, output: 'result' }, { node: exit, input: NEW_PORT });
}

function onNodes(place: Place, step: Step, one: string, two: string): Command | null {
  const graph = graphOf(place);
  const node = graph.nodes.get(two);
  const schema = node && place.catalogue.nodes[node.type];
  const slot = node && schema && nth(slotsOf(schema, node), step.c);
  const set = new Set([one, two]);
  const some: items.Items = { nodes: set, frames: new Set(graph.frames.keys()), notes: new Set() };
  switch (step.kind) {
    case 'connect': {
      if (!slot) return null;
      const [from, to] = [{ node: one, output: 'result' }, { node: two, input: slot.name }];
      return from.output !== NEW_PORT && to.input !== NEW_PORT && refusal(graph, place.catalogue, from, to) === null ? connect(place, from, to) : null;
    }
    case 'disconnect':
      return slot ? disconnect(place, { node: two, input: slot.name }) : null;
    case 'value':
      return slot ? setValue(place, two, slot.name, step.value) : null;
    case 'after':
      return slot ? setAfterRun(place, two, slot.name, step.a % 2 ? 'random' : 'fixed') : null;
    case 'remove':
      return items.remove(place, some);
    case 'move':
      return items.move(place, { nodes: new Map([[one, [step.b, step.c]], [two, [step.c, step.b]]]) });
    case 'resize':
      return items.resizeNode(place, one, step.a % 3 ? [step.b + 200, step.c + 100] : null);
    case 'mode':
      return items.toggleMode(place, set, step.a % 2 ? 'mute' : 'bypass');
    case 'dress':
      return items.dress(place, set, { title: step.a % 2 ? 'Mine' : '', collapsed: step.b % 2 === 0 });
    default: {
      const clip = readClip(copy(place, some));
      return clip && (paste(place, clip, { offset: [32, 32], keepIncoming: step.kind === 'duplicate', newDefinition: () => freshId('definition', (id) => place.document.has(id)) })?.command ?? null);
    }
  }
}
