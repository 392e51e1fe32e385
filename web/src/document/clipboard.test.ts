import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { copy, cornerOf, paste, readClip } from './clipboard';
import type { Items } from './edit/items';
import { graphOf } from './edit/place';
import { placeOf, workflowOf } from './testing/toys';

const newDefinition = (): string => 'another';
const nodesOnly = (...ids: string[]): Items => ({ nodes: new Set(ids), frames: new Set(), notes: new Set() });

const chain = (): ReturnType<typeof placeOf> =>
  placeOf(
    workflowOf({
      make: { type: 'make' },
      blend: { type: 'blend', inputs: { base: { link: ['make', 'result'] }, amount: 3 } },
      save: { type: 'save', inputs: { image: { link: ['blend', 'result'] } } },
    }),
  );

describe('pasting', () => {
  it('keeps links between what was copied and cuts those from outside', () => {
    const place = chain();
    const clip = readClip(copy(place, nodesOnly('blend', 'save')));
    const pasted = clip && paste(place, clip, { offset: [10, 20], keepIncoming: false, newDefinition });
    if (!pasted) throw new Error('nothing was pasted');
    place.document.apply(pasted.command);
    const { nodes } = graphOf(place);
    expect(nodes.get('save_2')?.inputs['image']).toEqual({ link: ['blend_2', 'result'] });
    expect(nodes.get('blend_2')?.inputs).toEqual({ amount: 3 });
    expect(nodes.get('blend_2')?.position).toEqual([310, 20]);
    expect([...pasted.items.nodes].sort()).toEqual(['blend_2', 'save_2']);
  });

  it('keeps links from outside when asked, which is what duplicating does', () => {
    const place = chain();
    const clip = readClip(copy(place, nodesOnly('blend')));
    const pasted = clip && paste(place, clip, { offset: [0, 0], keepIncoming: true, newDefinition });
    if (pasted) place.document.apply(pasted.command);
    expect(graphOf(place).nodes.get('blend_2')?.inputs['base']).toEqual({ link: ['make', 'result'] });
  });

  it('works in another document, whose own ids stay', () => {
    const clip = readClip(copy(chain(), nodesOnly('make', 'blend')));
    const other = placeOf(workflowOf({ make: { type: 'noise' } }));
    const pasted = clip && paste(other, clip, { offset: [0, 0], keepIncoming: true, newDefinition });
    if (pasted) other.document.apply(pasted.command);
    const { nodes } = graphOf(other);
    expect(nodes.get('make')?.type).toBe('noise');
    expect(nodes.get('blend')?.inputs['base']).toEqual({ link: ['make_2', 'result'] });
  });

  it('tells where a clip begins', () => {
    const clip = readClip(copy(chain(), nodesOnly('blend', 'save')));
    expect(clip && cornerOf(clip)).toEqual([300, 0]);
  });
});

describe('reading the clipboard', () => {
  it('takes nothing for ours that is not', () => {
    for (const text of ['', 'hello', '{}', '{"latent-loom":2,"nodes":{}}', '{"latent-loom":1', '[1]']) expect(readClip(text)).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => readClip(text) === null));
  });

  it('leaves out items that are not sound', () => {
    const nodes = { a: { type: 3 }, b: { type: 'x', inputs: {}, position: [1, 2] }, c: null, d: { type: 'x', inputs: {}, position: [1, 'x'] } };
    expect(Object.keys(readClip(JSON.stringify({ 'latent-loom': 1, nodes }))?.nodes ?? {})).toEqual(['b']);
  });
});
