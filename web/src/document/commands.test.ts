import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { invert, type Command } from './change';
import { Document, type Graph } from './document';
import type { Place } from './edit/place';
import { History } from './history';
import { incoming, LinkIndex } from './links';
import { commandOf, steps, type Step } from './testing/random';
import { placeOf, TOYS, workflowOf } from './testing/toys';
import { emptyWorkflow, type Workflow } from './types';

const begin = (): Place => placeOf({ ...emptyWorkflow('d'), extra: { kept: [1, { two: 2 }] } });

function play(place: Place, taken: readonly Step[]): Command[] {
  const done: Command[] = [];
  for (const step of taken) {
    const command = commandOf(place, step);
    if (!command) continue;
    place.document.apply(command);
    done.push(command);
  }
  return done;
}

const graphsOf = ({ document }: Place): Graph[] => [document.graph(), ...[...document.definitions()].map(([, graph]) => graph)];

/** The whole document as text, whatever the order of its keys. */
function shape(place: Place): string {
  const sorted = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(place.document.toWorkflow(), sorted);
}

// Generous: a property takes a second here, more on a machine that is busy.
describe('any sequence of commands', { timeout: 60_000 }, () => {
  it('is taken back by undo, step by step, to what stood before each', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const place = begin();
        const history = new History();
        const states: string[] = [shape(place)];
        for (const step of taken) {
          const next = commandOf(place, step);
          if (!next) continue;
          place.document.apply(next);
          history.push(next, states.length * 10_000);
          states.push(shape(place));
        }
        for (let at = states.length - 2; at >= 0; at -= 1) {
          const undo = history.undo();
          expect(undo).not.toBeNull();
          if (undo) place.document.apply(undo);
          expect(shape(place)).toBe(states[at]);
        }
        for (const state of states.slice(1)) {
          const redo = history.redo();
          if (redo) place.document.apply(redo);
          expect(shape(place)).toBe(state);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves an index of links equal to one built anew', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const place = begin();
        const done = play(place, taken);
        for (const command of done.slice(done.length / 2).reverse()) place.document.apply(invert(command));
        for (const { nodes, links } of graphsOf(place)) {
          const anew = new LinkIndex();
          for (const [id, node] of nodes) anew.update(id, undefined, node);
          const listed = (index: LinkIndex): string[] =>
            [...nodes.keys()].flatMap((id) => [...index.outgoing(id)].map((link) => JSON.stringify(link))).sort();
          expect(listed(links)).toEqual(listed(anew));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no link to a node that is not there, and no circle', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const place = begin();
        play(place, taken);
        for (const { nodes, links } of graphsOf(place)) {
          for (const [id, node] of nodes) {
            for (const link of incoming(id, node)) {
              expect(nodes.has(link.from.node)).toBe(true);
              expect(links.downstream(id).has(link.from.node)).toBe(false);
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('saves and opens again as the same document', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const place = begin();
        play(place, taken);
        const saved = JSON.parse(JSON.stringify(place.document.toWorkflow())) as Workflow;
        expect(new Document(saved).toWorkflow()).toEqual(saved);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a document', () => {
  it('keeps keys it does not know, at every level', () => {
    const workflow = {
      ...workflowOf({ a: { theirs: { deep: [1] } } }),
      future: true,
      frames: { f: { title: '', position: [0, 0], size: [9, 9], glow: 3 } },
      subgraphs: { u: { nodes: {}, inputs: { x: { type: 'Image' } } } },
    } as unknown as Workflow;
    const kept = new Document(workflow).toWorkflow();
    expect(kept['future']).toBe(true);
    expect(kept.nodes['a']?.['theirs']).toEqual({ deep: [1] });
    expect(kept.frames['f']?.['glow']).toBe(3);
    expect(kept.subgraphs['u']?.['inputs']).toEqual({ x: { type: 'Image' } });
  });

  it('opens one that leaves out what may be left out', () => {
    const bare = { schema: 1, id: 'x', title: '', nodes: { a: { type: 'make' }, b: { type: 'save', position: null } } };
    const graph = new Document(bare as unknown as Workflow).graph();
    const places = [...graph.nodes.values()].map(({ position }) => position.join());
    expect(new Set(places).size).toBe(2);
    expect(graph.nodes.get('a')?.inputs).toEqual({});
  });

  it('undoes typing as one step, and two fields as two', () => {
    const history = new History();
    const typed = (input: string, before: string, after: string): Command => ({
      label: 'type',
      merge: input,
      changes: [{ table: 'document', key: 'title', before, after }],
    });
    history.push(typed('a', '', 'h'), 0);
    history.push(typed('a', 'h', 'hi'), 100);
    history.push(typed('b', 'hi', 'ho'), 200);
    expect(history.undo()?.changes).toMatchObject([{ before: 'ho', after: 'hi' }]);
    expect(history.undo()?.changes).toMatchObject([{ before: 'hi', after: '' }]);
    expect(history.canUndo).toBe(false);
  });

  it('has no subgraph it was not given', () => {
    expect(() => new Document(emptyWorkflow('x')).graph('none')).toThrow('no subgraph "none"');
    expect(TOYS.nodes['make']?.version).toBe(1);
  });
});

it('what is typed from entering a field to leaving it is one step, however slowly', () => {
  const place = begin();
  const history = new History();
  const type = (text: string, now: number, session: string): void => {
    const title = place.document.title;
    const command: Command = { label: '', changes: [{ table: 'document', key: 'title', before: title, after: text }], merge: `title ${session}`, lasting: true };
    place.document.apply(command);
    history.push(command, now);
  };
  type('a', 0, 'first');
  type('ab', 60_000, 'first');
  type('abc', 60_001, 'second');
  const back = (): string => {
    const undone = history.undo();
    if (undone) place.document.apply(undone);
    return place.document.title;
  };
  expect([back(), back(), history.canUndo]).toEqual(['ab', begin().document.title, false]);
});
