import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { completeCatalogue, type RawCatalogue } from './catalogue';
import { graphOf } from './edit/place';
import { type Clash, Families } from './kinship';
import { placeOf, the, workflowOf } from './testing/toys';
import type { Graph } from './document';
import type { NodeData } from './types';

interface Case {
  name: string;
  nodes: Record<string, Partial<NodeData>>;
  clashes: Clash[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../tests/graph/${name}`, import.meta.url), 'utf8'));
const CASES = read('family_cases.json') as Case[];
const CATALOGUE = completeCatalogue(read('family_catalogue.json') as RawCatalogue);

const open = (nodes: Case['nodes']): Graph => graphOf(placeOf(workflowOf(nodes)));

describe('what belongs to different families of models', () => {
  it.each(CASES)('$name', ({ nodes, clashes }) => {
    expect(new Families(open(nodes), CATALOGUE).clashes()).toEqual(clashes);
  });

  it.each(CASES)('is not refused while nothing is known of files: $name', ({ nodes }) => {
    expect(new Families(open(nodes), { ...CATALOGUE, files: {} }).clashes()).toEqual([]);
  });

  it('is refused in the hand, naming both sides', () => {
    const graph = open({
      a: { type: 'load_whole', inputs: { file: 'one.sft' } },
      b: { type: 'load_whole', inputs: { file: 'large.sft' } },
      d: { type: 'draw', inputs: { model: { link: ['a', 'model'] } } },
    });
    const families = new Families(graph, CATALOGUE);
    const to = { node: 'd', input: 'text' };
    expect(families.refusal({ node: 'a', output: 'text' }, to)).toBeNull();
    expect(families.refusal({ node: 'b', output: 'text' }, to)).toBe(
      "'text' is for Large (large.sft), but 'model' is for First (one.sft).",
    );
    // Another model may come first: then it is the only one.
    expect(families.refusal({ node: 'b', output: 'model' }, { node: 'd', input: 'model' })).toBeNull();
  });

  it('does not stop what a clash elsewhere at the node has nothing to do with', () => {
    const graph = open({
      a: { type: 'load_whole', inputs: { file: 'one.sft' } },
      b: { type: 'load_whole', inputs: { file: 'large.sft' } },
      d: { type: 'draw', inputs: { model: { link: ['a', 'model'] }, text: { link: ['b', 'text'] } } },
    });
    expect(new Families(graph, CATALOGUE).refusal({ node: 'a', output: 'latent' }, { node: 'd', input: 'latent' })).toBeNull();
  });

  it('ends where links go round in a circle, and is as safe on a long chain', () => {
    const round = open({
      c: { type: 'combine', inputs: { 'texts.0': { link: ['d', 'result'] } } },
      d: { type: 'combine', inputs: { 'texts.0': { link: ['c', 'result'] } } },
    });
    expect(new Families(round, CATALOGUE).clashes()).toEqual([]);
    const chain: Case['nodes'] = { a: { type: 'load_whole', inputs: { file: 'one.sft' } } };
    for (let n = 0; n < 20_000; n += 1) {
      const source: [string, string] = n ? [`c${n - 1}`, 'result'] : ['a', 'text'];
      chain[`c${n}`] = { type: 'combine', inputs: { 'texts.0': { link: source } } };
    }
    const kin = new Families(open(chain), CATALOGUE).of({ node: 'c19999', output: 'result' });
    expect([...the(kin).families]).toEqual(['one']);
  });
});
