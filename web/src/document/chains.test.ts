import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { invert } from './change';
import { cutLinks, insertIntoLink, removeKeepingChain } from './edit/chains';
import { graphOf, type Place } from './edit/place';
import { placeOf, the, workflowOf } from './testing/toys';

const link = (node: string, output = 'result'): { link: [string, string] } => ({ link: [node, output] });
const items = (...nodes: string[]): { nodes: Set<string>; frames: Set<string>; notes: Set<string> } => ({ nodes: new Set(nodes), frames: new Set(), notes: new Set() });
const inputsOf = (place: Place, id: string): unknown => graphOf(place).nodes.get(id)?.inputs;

/** make → blend.base → save */
const chain = (): Place =>
  placeOf(
    workflowOf({
      one: { type: 'make' },
      mid: { type: 'blend', inputs: { base: link('one') } },
      end: { type: 'save', inputs: { image: link('mid') } },
      loose: { type: 'pass' },
      noise: { type: 'noise' },
    }),
  );

describe('a node dropped on a wire', () => {
  it('is wired into it', () => {
    const place = chain();
    place.document.apply(the(insertIntoLink(place, 'loose', { node: 'end', input: 'image' })));
    expect(inputsOf(place, 'loose')).toEqual({ value: link('mid') });
    expect(inputsOf(place, 'end')).toEqual({ image: link('loose') });
  });

  it('is left alone where it does not fit, or is wired already', () => {
    const place = chain();
    expect(insertIntoLink(place, 'noise', { node: 'end', input: 'image' })).toBeNull();
    expect(insertIntoLink(place, 'one', { node: 'end', input: 'image' })).toBeNull();
    expect(insertIntoLink(place, 'mid', { node: 'end', input: 'image' })).toBeNull();
  });
});

describe('deleting with the chain kept', () => {
  it('joins what is left', () => {
    const place = chain();
    const before = place.document.toWorkflow();
    const command = the(removeKeepingChain(place, items('mid')));
    place.document.apply(command);
    expect(inputsOf(place, 'end')).toEqual({ image: link('one') });
    place.document.apply(invert(command));
    expect(place.document.toWorkflow()).toEqual(before);
  });

  it('goes through several nodes that go together', () => {
    const place = chain();
    place.document.apply(the(insertIntoLink(place, 'loose', { node: 'end', input: 'image' })));
    place.document.apply(the(removeKeepingChain(place, items('mid', 'loose'))));
    expect(inputsOf(place, 'end')).toEqual({ image: link('one') });
  });

  it('leaves an input open that nothing fits', () => {
    const place = chain();
    place.document.apply(the(removeKeepingChain(place, items('one'))));
    expect(inputsOf(place, 'mid')).toEqual({});
  });
});

it('several links are cut in one step that can be taken back', () => {
  const place = chain();
  const before = place.document.toWorkflow();
  const command = the(cutLinks(place, [{ node: 'mid', input: 'base' }, { node: 'end', input: 'image' }]));
  place.document.apply(command);
  expect([inputsOf(place, 'mid'), inputsOf(place, 'end')]).toEqual([{}, {}]);
  place.document.apply(invert(command));
  expect(place.document.toWorkflow()).toEqual(before);
});

it('whatever is deleted, taking it back restores everything', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom('one', 'mid', 'end', 'loose', 'noise'), { minLength: 1 }), (gone) => {
      const place = chain();
      const before = place.document.toWorkflow();
      const command = the(removeKeepingChain(place, items(...gone)));
      place.document.apply(command);
      for (const node of graphOf(place).nodes.values()) {
        for (const value of Object.values(node.inputs)) if (typeof value === 'object' && value && 'link' in value) expect(gone).not.toContain((value.link as string[])[0]);
      }
      place.document.apply(invert(command));
      expect(place.document.toWorkflow().nodes).toEqual(before.nodes);
    }),
  );
});
