// Documents and commands at random, for properties that must hold whatever a user does.
import fc from 'fast-check';

import type { Command } from '../change';
import { paste, readClip, copy } from '../clipboard';
import * as items from '../edit/items';
import { connect, disconnect } from '../edit/links';
import { graphOf, type Place } from '../edit/place';
import { setAfterRun, setValue } from '../edit/values';
import { freshId } from '../ids';
import { slotsOf } from '../inputs';
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
  'dress', 'frame', 'note', 'paste', 'duplicate',
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

/** The command of a step here and now; null when it means nothing here. */
export function commandOf(place: Place, step: Step): Command | null {
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
  if (!one || !two) return null;
  return onNodes(place, step, one, two);
}

function onNodes(place: Place, step: Step, one: string, two: string): Command | null {
  const graph = graphOf(place);
  const node = graph.nodes.get(two);
  const schema = node && TOYS.nodes[node.type];
  const slot = node && schema && nth(slotsOf(schema, node), step.c);
  const set = new Set([one, two]);
  const some: items.Items = { nodes: set, frames: new Set(graph.frames.keys()), notes: new Set() };
  switch (step.kind) {
    case 'connect': {
      if (!slot) return null;
      const [from, to] = [{ node: one, output: 'result' }, { node: two, input: slot.name }];
      return refusal(graph, TOYS, from, to) === null ? connect(place, from, to) : null;
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
      return clip && (paste(place, clip, { offset: [32, 32], keepIncoming: step.kind === 'duplicate' })?.command ?? null);
    }
  }
}
