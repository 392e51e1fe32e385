import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Document } from './document';
import { candidates, holds, inserted, moved, proposeForm, readForm, slotOf, toggled, type Form, type FormItem } from './form';
import { TOYS, workflowOf } from './testing/toys';
import type { Json } from './types';

const graph = new Document(
  workflowOf({
    words: { type: 'write', inputs: { text: 'a cat' } },
    make: { type: 'make', inputs: { size: 3 } },
    save: { type: 'save', inputs: { image: { link: ['make', 'result'] } } },
    apart: { type: 'count', inputs: { value: 1 } },
  }),
).graph();
const INPUT: FormItem = { kind: 'input', node: 'make', input: 'size' };

describe('a proposed form', () => {
  test('shows the results, and nothing that no result needs', () => {
    const { items } = proposeForm(graph, TOYS);
    expect(items.at(-1)).toEqual({ kind: 'output', node: 'save' });
    expect(items.some((item) => 'node' in item && item.node === 'apart')).toBe(false);
  });
  test('of an empty workflow is empty', () => {
    expect(proposeForm(new Document(workflowOf({})).graph(), TOYS).items).toEqual([]);
  });
});

describe('an input', () => {
  test('is shown before the results, and taken out again with what is unknown kept', () => {
    const form: Form = { items: [{ kind: 'output', node: 'save' }], pack: { kept: 1 } };
    const shown = toggled(form, 'make', 'size');
    expect(shown.items).toEqual([INPUT, { kind: 'output', node: 'save' }]);
    expect(holds(shown, 'make', 'size')).toBe(true);
    expect(toggled(shown, 'make', 'size')).toEqual(form);
  });
  test('that is shown already is no candidate any more', () => {
    const names = (form: Form): string[] => candidates(graph, TOYS, form).map(({ node, slot }) => `${node} ${slot.name}`);
    expect(names({ items: [] })).toContain('make size');
    expect(names({ items: [INPUT] })).not.toContain('make size');
  });
  test('whose node is gone is known to be', () => {
    expect(slotOf(graph, TOYS, { node: 'make', input: 'size' })?.slot.name).toBe('size');
    expect(slotOf(graph, TOYS, { node: 'gone', input: 'size' })).toBeUndefined();
    expect(slotOf(graph, TOYS, { node: 'make', input: 'gone' })).toBeUndefined();
  });
});

test('moving an item keeps all of them, and back again is as before', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), fc.nat(), fc.nat(), (texts, a, b) => {
      const items: FormItem[] = texts.map((text) => ({ kind: 'note', text }));
      const [from, to] = [a % items.length, b % items.length];
      const other = moved(items, from, to);
      expect(other[to]).toBe(items[from]);
      expect(moved(other, to, from)).toEqual(items);
    }),
  );
});

test('a heading comes before the results', () => {
  const items: FormItem[] = [INPUT, { kind: 'output', node: 'save' }];
  expect(inserted(items, { kind: 'heading', text: 'Size' })[1]).toEqual({ kind: 'heading', text: 'Size' });
});

test.each([null, 5, 'x', [], {}, { items: 5 }])('%j is no form', (form) => expect(readForm(form as Json)).toBeNull());
