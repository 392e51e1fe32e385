import { describe, expect, it } from 'vitest';

import { remove } from './edit/items';
import { connect, disconnect, relink } from './edit/links';
import { graphOf, type Place } from './edit/place';
import { setValue } from './edit/values';
import { slotsOf } from './inputs';
import { placeOf, the, TOYS, workflowOf } from './testing/toys';
import { inputType, outputType, refusal } from './typing';
import type { InputEnd, NodeData, OutputEnd } from './types';

const from = (node: string, output = 'result'): OutputEnd => ({ node, output });
const to = (node: string, input: string): InputEnd => ({ node, input });
const inputsOf = (place: Place, id: string): NodeData['inputs'] => graphOf(place).nodes.get(id)?.inputs ?? {};

function apply(place: Place, ...commands: (ReturnType<typeof connect> | ReturnType<typeof remove>)[]): void {
  for (const command of commands) if (command) place.document.apply(command);
}

describe('a link', () => {
  it('keeps what the widget held, and gives it back when it goes', () => {
    const place = placeOf(workflowOf({ c: { type: 'count' }, m: { inputs: { size: 20 } } }));
    apply(place, connect(place, from('c'), to('m', 'size')));
    expect(inputsOf(place, 'm')).toEqual({ size: { link: ['c', 'result'], value: 20 } });
    apply(place, setValue(place, 'm', 'size', 30));
    expect(inputsOf(place, 'm')).toEqual({ size: { link: ['c', 'result'], value: 30 } });
    apply(place, disconnect(place, to('m', 'size')));
    expect(inputsOf(place, 'm')).toEqual({ size: 30 });
  });

  it('replaces the one that was there', () => {
    const place = placeOf(workflowOf({ a: {}, b: {}, x: { type: 'blend', inputs: { base: { link: ['a', 'result'] } } } }));
    apply(place, connect(place, from('b'), to('x', 'base')));
    expect(inputsOf(place, 'x')['base']).toEqual({ link: ['b', 'result'] });
    expect([...graphOf(place).links.outgoing('a')]).toEqual([]);
  });

  it('moves to another input as one step', () => {
    const place = placeOf(workflowOf({ a: {}, x: { type: 'blend', inputs: { base: { link: ['a', 'result'] } } } }));
    apply(place, relink(place, from('a'), to('x', 'base'), to('x', 'over')));
    expect(inputsOf(place, 'x')).toEqual({ over: { link: ['a', 'result'] } });
  });

  it('goes with the node it came from', () => {
    const place = placeOf(workflowOf({ c: { type: 'count' }, m: { inputs: { size: { link: ['c', 'result'], value: 7 } } } }));
    apply(place, remove(place, { nodes: new Set(['c']), frames: new Set(), notes: new Set() }));
    expect(inputsOf(place, 'm')).toEqual({ size: 7 });
  });
});

describe('an input that grows', () => {
  it('shows one free place more than are taken', () => {
    const node = { inputs: { 'images.0': { link: ['a', 'result'] as [string, string] } } };
    const slots = slotsOf(the(TOYS.nodes['stack']), node);
    expect(slots.map(({ name, free }) => [name, free])).toEqual([['images.0', false], ['images.1', true]]);
  });

  it('closes up when a link in its middle goes', () => {
    const links = Object.fromEntries(['a', 'b', 'c'].map((id, at) => [`images.${at}`, { link: [id, 'result'] as [string, string] }]));
    const place = placeOf(workflowOf({ a: {}, b: {}, c: {}, s: { type: 'stack', inputs: links } }));
    apply(place, disconnect(place, to('s', 'images.1')));
    expect(inputsOf(place, 's')).toEqual({ 'images.0': { link: ['a', 'result'] }, 'images.1': { link: ['c', 'result'] } });
  });
});

describe('a variant', () => {
  it('brings the inputs of the one chosen, and takes away those of the one before', () => {
    const place = placeOf(workflowOf({ s: { type: 'save' } }));
    apply(place, setValue(place, 's', 'format', 'JPEG'));
    apply(place, setValue(place, 's', 'format.quality', 80));
    const shown = (): string[] => slotsOf(the(TOYS.nodes['save']), the(graphOf(place).nodes.get('s'))).map(({ name }) => name);
    expect(shown()).toEqual(['image', 'format', 'format.quality']);
    apply(place, setValue(place, 's', 'format', 'PNG'));
    expect(shown()).toEqual(['image', 'format']);
    expect(inputsOf(place, 's')).toEqual({ format: 'PNG' });
  });
});

describe('what may be linked', () => {
  const place = placeOf(
    workflowOf({
      make: {},
      noise: { type: 'noise' },
      count: { type: 'count' },
      blend: { type: 'blend', inputs: { base: { link: ['make', 'result'] } } },
      pass: { type: 'pass', inputs: { value: { link: ['noise', 'result'] } } },
      again: { type: 'pass', inputs: { value: { link: ['pass', 'result'] } } },
      choose: { type: 'choose', inputs: { first: { link: ['make', 'result'] } } },
      tint: { type: 'tint' },
      save: { type: 'save' },
      lost: { type: 'gone' },
    }),
  );
  const graph = graphOf(place);
  const why = (source: string, node: string, input: string): string | null => refusal(graph, TOYS, from(source), to(node, input));

  it('is refused with the reason in words', () => {
    expect(why('noise', 'save', 'image')).toBe('Takes an image, not a latent.');
    expect(why('count', 'save', 'image')).toBe('Takes an image, not a whole number.');
    expect(why('blend', 'make', 'size')).toBe('Takes a whole number, not an image.');
    expect(why('make', 'save', 'format')).toMatch('cannot be linked');
    expect(why('make', 'lost', 'x')).toMatch('missing');
    expect(why('make', 'blend', 'base')).toBeNull();
  });

  it('never closes a circle', () => {
    expect(why('again', 'pass', 'value')).toMatch('circle');
    expect(why('pass', 'pass', 'value')).toMatch('circle');
  });

  it('follows type variables through every node that passes a value on', () => {
    expect(outputType(graph, TOYS, from('again'))).toBe('Latent');
    expect(why('again', 'save', 'image')).toBe('Takes an image, not a latent.');
    expect(why('noise', 'choose', 'second')).toBe('Takes an image, not a latent.');
    expect(why('noise', 'choose', 'first')).toBeNull();
  });

  it('keeps a bounded variable to its bounds', () => {
    expect(why('noise', 'tint', 'of')).toBe('Takes an image or a mask, not a latent.');
    expect(why('make', 'tint', 'of')).toBeNull();
    const node = the(graph.nodes.get('tint'));
    expect(inputType(graph, TOYS, node, the(slotsOf(the(TOYS.nodes['tint']), node)[0]))).toBe('Image|Mask');
  });
});
