import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { copy, isRecursive, paste, readClip } from './clipboard';
import { invert, ROOT } from './change';
import { Document } from './document';
import type { Items } from './edit/items';
import { remove } from './edit/items';
import { setValue } from './edit/values';
import { graphOf, type Place } from './edit/place';
import { connectNewPort, movePort, promote, removePort, setPortDefault, setPortTitle } from './edit/ports';
import { defined, detach, makeSubgraph, removeDefinition, unpack } from './edit/subgraphs';
import { shownValue, slotsOf } from './inputs';
import { withSubgraphs } from './subgraph-schemas';
import { freshPortName, instancesOf, mayHold, NEW_PORT, portsInOrder, SUBGRAPH } from './subgraphs';
import { computed } from './testing/flat';
import { commandOf, steps } from './testing/random';
import { placeOf, the, TOYS, workflowOf } from './testing/toys';
import { refusal } from './typing';
import type { Workflow } from './types';
import { say } from '../languages/words';

const only = (...ids: string[]): Items => ({ nodes: new Set(ids), frames: new Set(), notes: new Set() });
const fresh = { definition: 'd', instance: 'one', title: 'Soften' };
const freeIn = (place: Place) => (id: string): boolean => !graphOf(place).nodes.has(id);

/** The place as it is now, in one of its graphs. */
const within = ({ document }: Place, graph: string): Place => ({ document, graph, catalogue: withSubgraphs(TOYS, document, graph) });

const chain = (): Place =>
  placeOf(
    workflowOf({
      a: { type: 'make' },
      b: { type: 'make', inputs: { size: 7 } },
      blend: { type: 'blend', inputs: { base: { link: ['a', 'result'] }, over: { link: ['b', 'result'] }, amount: 3 } },
      tint: { type: 'tint', inputs: { of: { link: ['blend', 'result'] }, hue: 5 } },
      save: { type: 'save', inputs: { image: { link: ['tint', 'result'] } } },
      too: { type: 'save', inputs: { image: { link: ['blend', 'result'] } } },
    }),
  );

function made(items = only('blend', 'tint')): Place {
  const place = chain();
  place.document.apply(the(makeSubgraph(place, items, fresh).command));
  return within(place, ROOT);
}

describe('making a subgraph', () => {
  it('turns links across its edge into named and typed inputs and outputs', () => {
    const { document } = made();
    const { inputs, outputs } = document.graph('d').head;
    expect(portsInOrder(inputs)).toMatchObject([['base', { type: 'Image' }], ['over', { type: 'Image' }]]);
    expect(portsInOrder(outputs)).toMatchObject([['result', { type: 'Image' }], ['result_2', { type: 'Image' }]]);
    const { nodes } = document.graph();
    expect(nodes.get('one')?.inputs).toEqual({ base: { link: ['a', 'result'] }, over: { link: ['b', 'result'] } });
    expect(nodes.get('save')?.inputs['image']).toEqual({ link: ['one', 'result'] });
    expect(nodes.get('too')?.inputs['image']).toEqual({ link: ['one', 'result_2'] });
    expect([...document.graph('d').nodes.keys()]).toEqual(['in', 'blend', 'tint', 'out']);
  });

  it('gives what is read by several one input', () => {
    const place = placeOf(
      workflowOf({ a: {}, blend: { type: 'blend', inputs: { base: { link: ['a', 'result'] }, over: { link: ['a', 'result'] } } } }),
    );
    place.document.apply(the(makeSubgraph(place, only('blend'), fresh).command));
    expect(Object.keys(the(place.document.graph('d').head.inputs))).toEqual(['base']);
  });

  it('leaves every place as it was', () => {
    const place = chain();
    const before = place.document.graph().nodes.get('blend')?.position;
    place.document.apply(the(makeSubgraph(place, only('blend', 'tint'), fresh).command));
    expect(place.document.graph('d').nodes.get('blend')?.position).toEqual(before);
  });

  it('is refused, with the node to take along, where a way leads out and in again', () => {
    const outcome = makeSubgraph(chain(), only('a', 'tint'), fresh);
    expect(say(outcome.refused ?? '')).toContain('blend');
    expect(makeSubgraph(chain(), only(), fresh).refused).toBeTruthy();
  });

  it('is one step back', () => {
    const place = chain();
    const before = JSON.stringify(sorted(place.document.toWorkflow()));
    const command = the(makeSubgraph(place, only('blend', 'tint'), fresh).command);
    place.document.apply(command);
    place.document.apply(invert(command));
    expect(JSON.stringify(sorted(place.document.toWorkflow()))).toBe(before);
  });
});

describe('what is computed', { timeout: 60_000 }, () => {
  it('stays the same when any selection becomes a subgraph, and when it comes out again', () => {
    fc.assert(
      fc.property(steps, fc.nat({ max: 60 }), fc.nat({ max: 9 }), (taken, a, b) => {
        const place = placeOf(workflowOf({}));
        for (const step of taken.filter(({ kind }) => kind !== 'loop' && kind !== 'mode')) {
          const command = commandOf(place, step);
          if (command) place.document.apply(command);
        }
        const before = computed(place.document.toWorkflow());
        const here = within(place, ROOT);
        const chosen = only(...[...graphOf(here).nodes.keys()].filter((_, at) => (a + at * b) % 2 === 0));
        const { command } = makeSubgraph(here, chosen, { ...fresh, definition: 'new', instance: 'new' });
        if (!command) return;
        place.document.apply(command);
        expect(computed(place.document.toWorkflow())).toEqual(before);
        place.document.apply(the(unpack(within(place, ROOT), 'new', freeIn(within(place, ROOT))).command));
        expect(computed(place.document.toWorkflow())).toEqual(before);
        const inner = instancesOf(place.document, 'new');
        expect(inner).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });

  it('comes out where it went in', () => {
    const place = made();
    place.document.apply(the(unpack(place, 'one', freeIn(place)).command));
    const [before, after] = [chain().document.graph().nodes, place.document.graph().nodes];
    for (const [id, node] of before) expect(after.get(id)).toEqual(node);
    expect(after.size).toBe(before.size);
  });
});

describe('an instance', () => {
  it('shows the inputs of its definition with the widgets of what they feed', () => {
    const place = within(made(), 'd');
    place.document.apply(the(promote(place, 'tint', 'hue')));
    const { document, catalogue } = within(place, ROOT);
    const schema = the(catalogue.nodes[`${SUBGRAPH}d`]);
    const node = the(document.graph().nodes.get('one'));
    expect(schema).toMatchObject({ title: 'Soften', outputs: [{ name: 'result', type: 'Image' }, { name: 'result_2' }] });
    expect(slotsOf(schema, node).map(({ name, schema: { type, widget } }) => [name, type, widget?.kind])).toEqual([
      ['base', 'Image', undefined],
      ['over', 'Image', undefined],
      ['hue', 'int', 'number'],
    ]);
    expect(shownValue(the(slotsOf(schema, node)[2]), node)).toBe(5);
  });

  it('follows its definition, and no more once it is detached', () => {
    const place = made();
    const inside = within(place, 'd');
    place.document.apply(the(promote(inside, 'tint', 'hue')));
    place.document.apply({ label: '', changes: [{ table: 'nodes', graph: ROOT, id: 'two', before: undefined, after: { type: `${SUBGRAPH}d`, inputs: {}, position: [0, 900] } }] });
    place.document.apply(the(detach(within(place, ROOT), 'two', 'd2').command));
    place.document.apply(the(setPortDefault(within(place, 'd'), 'hue', 9)));
    const { nodes } = within(place, ROOT).catalogue;
    const hue = (id: string): unknown => nodes[SUBGRAPH + id]?.inputs.find(({ name }) => name === 'hue')?.default;
    expect([hue('d'), hue('d2')]).toEqual([9, 5]);
    expect(nodes[`${SUBGRAPH}d2`]?.title).toBe('Soften 2');
    expect(detach(within(place, ROOT), 'two', 'd3').refused).toBeTruthy();
  });

  it('keeps the values of its own', () => {
    const place = made();
    place.document.apply(the(promote(within(place, 'd'), 'tint', 'hue')));
    const here = within(place, ROOT);
    place.document.apply(the(setValue(here, 'one', 'hue', 40)));
    place.document.apply(the(unpack(here, 'one', freeIn(here)).command));
    expect(place.document.graph().nodes.get('tint')?.inputs['hue']).toBe(40);
  });

  it('is never put into what it holds', () => {
    const place = made();
    expect(mayHold(place.document, 'd', 'd')).toBe(false);
    expect(within(place, 'd').catalogue.nodes[`${SUBGRAPH}d`]).toBeUndefined();
    const clip = the(readClip(copy(place, only('one'))));
    expect(isRecursive(within(place, 'd'), clip)).toBe(true);
    expect(paste(within(place, 'd'), clip, { offset: [0, 0], keepIncoming: false, newDefinition: () => 'x' })).toBeNull();
  });

  it('of a definition that holds itself is a node of unknown type, and nothing hangs', () => {
    const self = { nodes: { i: { type: `${SUBGRAPH}s`, inputs: {}, position: [0, 0] } } };
    const document = new Document({ ...workflowOf({ i: { type: `${SUBGRAPH}s` } }), subgraphs: { s: self } } as unknown as Workflow);
    expect(withSubgraphs(TOYS, document, ROOT).nodes[`${SUBGRAPH}s`]).toBeUndefined();
  });
});

describe('parameters', () => {
  it('are made by linking the last socket of the edge', () => {
    const place = made();
    const inside = within(place, 'd');
    expect(refusal(graphOf(inside), inside.catalogue, { node: 'in', output: NEW_PORT }, { node: 'tint', input: 'hue' })).toBeNull();
    place.document.apply(the(connectNewPort(inside, { node: 'in', output: NEW_PORT }, { node: 'tint', input: 'hue' })));
    expect(place.document.graph('d').head.inputs?.['hue']).toMatchObject({ type: 'int', default: 5 });
    expect(place.document.graph('d').nodes.get('tint')?.inputs['hue']).toEqual({ link: ['in', 'hue'], value: 5 });
    place.document.apply(the(connectNewPort(within(place, 'd'), { node: 'blend', output: 'result' }, { node: 'out', input: NEW_PORT })));
    expect(place.document.graph('d').nodes.get('out')?.inputs['result_3']).toEqual({ link: ['blend', 'result'] });
  });

  it('are renamed and put in another order, which lasts however keys are sorted', () => {
    const place = within(made(), 'd');
    place.document.apply(the(setPortTitle(place, 'inputs', 'over', 'On top')));
    place.document.apply(the(movePort(place, 'inputs', 'over', -1)));
    const { head } = place.document.graph('d');
    const sortedKeys = Object.fromEntries(Object.entries(head.inputs ?? {}).sort());
    expect(portsInOrder(sortedKeys).map(([name, { title }]) => [name, title])).toEqual([['over', 'On top'], ['base', 'base']]);
    expect(movePort(place, 'inputs', 'over', -1)).toBeNull();
  });

  it('that are taken away take their links along, wherever an instance stands', () => {
    const place = made();
    const command = the(removePort(within(place, 'd'), 'inputs', 'over'));
    place.document.apply(command);
    expect(place.document.graph().nodes.get('one')?.inputs).toEqual({ base: { link: ['a', 'result'] } });
    expect(place.document.graph('d').nodes.get('blend')?.inputs['over']).toBeUndefined();
    place.document.apply(the(removePort(within(place, 'd'), 'outputs', 'result')));
    expect(place.document.graph().nodes.get('save')?.inputs['image']).toBeUndefined();
    place.document.apply(invert(command));
    expect(place.document.graph().nodes.get('one')?.inputs['over']).toEqual({ link: ['b', 'result'] });
  });

  it('have names that are keys and words of the command line', () => {
    fc.assert(fc.property(fc.string(), (wanted) => /^[a-z][a-z0-9_]*$/.test(freshPortName(wanted, new Set()))));
    expect(freshPortName('images.0', new Set(['images_0']))).toBe('images_0_2');
  });
});

describe('a definition', () => {
  it('stays while it is used, and its edge stays in it', () => {
    const place = made();
    expect(removeDefinition(place, 'd').refused).toBeTruthy();
    place.document.apply(the(remove(place, only('one'))));
    place.document.apply(the(removeDefinition(place, 'd').command));
    expect(place.document.has('d')).toBe(false);
    expect(remove(within(made(), 'd'), only('in', 'out'))).toBeNull();
  });

  it('travels with what is copied, and is shared where the document has it', () => {
    const place = made();
    const clip = the(readClip(copy(place, only('one'))));
    const options = { offset: [0, 0] as [number, number], keepIncoming: false, newDefinition: () => 'other' };
    place.document.apply(the(paste(place, clip, options)).command);
    expect(instancesOf(place.document, 'd')).toHaveLength(2);
    const empty = placeOf(workflowOf({}));
    empty.document.apply(the(paste(empty, clip, options)).command);
    expect(empty.document.graph('d').head.title).toBe('Soften');
  });

  it('does not take the place of another one of its id', () => {
    const clip = the(readClip(copy(made(), only('one'))));
    const other = made(only('blend'));
    const options = { offset: [0, 0] as [number, number], keepIncoming: false, newDefinition: () => 'other' };
    other.document.apply(the(paste(other, { ...clip, from: 'elsewhere' }, options)).command);
    expect(other.document.has('other')).toBe(true);
    expect(instancesOf(other.document, 'd')).toHaveLength(1);
  });

  it('is copied whole, with keys that nobody knows', () => {
    const document = new Document({ ...workflowOf({}), subgraphs: { s: { nodes: {}, glow: 3 } } } as unknown as Workflow);
    document.apply({ label: '', changes: defined('t', document.graph('s').head, document.graph('s')) });
    expect(document.toWorkflow().subgraphs['t']?.['glow']).toBe(3);
  });
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, held]) => [key, sorted(held)]));
}
