import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { completeCatalogue, type RawCatalogue } from './catalogue';
import { ROOT } from './change';
import { Document, type Graph } from './document';
import { graphOf } from './edit/place';
import { type Clash, Families } from './kinship';
import { withSubgraphs } from './subgraph-schemas';
import { placeOf, the, workflowOf } from './testing/toys';
import type { GraphData, NodeData } from './types';

interface Case {
  name: string;
  nodes: Record<string, Partial<NodeData>>;
  subgraphs?: Record<string, GraphData>;
  clashes: Clash[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../tests/graph/${name}`, import.meta.url), 'utf8'));
const CASES = read('family_cases.json') as Case[];
const CATALOGUE = completeCatalogue(read('family_catalogue.json') as RawCatalogue);

const open = (nodes: Case['nodes']): Graph => graphOf(placeOf(workflowOf(nodes)));

/** What is known of a workflow and its subgraphs. */
function families(nodes: Case['nodes'], subgraphs: Case['subgraphs'], catalogue = CATALOGUE): Families {
  const document = new Document({ ...workflowOf(nodes), subgraphs: subgraphs ?? {} });
  const graphOf = (id: string): Graph | null => (document.has(id) ? document.graph(id) : null);
  return new Families(document.graph(), withSubgraphs(catalogue, document, ROOT), graphOf);
}

describe('what belongs to different families of models', () => {
  it.each(CASES)('$name', ({ nodes, subgraphs, clashes }) => {
    expect(families(nodes, subgraphs).clashes()).toEqual(clashes);
  });

  it.each(CASES)('is not refused while nothing is known of files: $name', ({ nodes, subgraphs }) => {
    expect(families(nodes, subgraphs, { ...CATALOGUE, files: {} }).clashes()).toEqual([]);
  });

  it('is refused in the hand at a subgraph, and inside one that was entered', () => {
    const { nodes, subgraphs } = the(CASES.find(({ name }) => name === 'a text of another family inside a subgraph'));
    const { x, ...others } = nodes;
    const { text: _cut, ...inputs } = the(x?.inputs);
    const known = families({ ...others, x: { ...x, inputs } }, subgraphs);
    const to = { node: 'x', input: 'text' };
    expect(known.refusal({ node: 'b', output: 'text' }, to)).toBe("'text' is for Large (large.sft), but 'model' is for First (one.sft).");
    expect(known.refusal({ node: 'a', output: 'text' }, to)).toBeNull();
    expect([...the(the(known.inside('x')).of({ node: 'in', output: 'model' })).families]).toEqual(['one']);
  });

  it('does not enter a subgraph that holds itself', () => {
    const again: GraphData = { nodes: { x: { type: 'subgraph:s', version: 1, inputs: {}, position: [0, 0] } } };
    expect(families({ x: { type: 'subgraph:s' } }, { s: again }).clashes()).toEqual([]);
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
