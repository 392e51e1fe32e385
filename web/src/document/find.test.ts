import { expect, it } from 'vitest';

import { ROOT } from './change';
import { Document } from './document';
import { findInDocument, findInGraph } from './find';
import { TOYS, placeOf, workflowOf } from './testing/toys';
import { graphOf } from './edit/place';

const workflow = workflowOf({
  far: { type: 'make', title: 'The house', position: [0, 900] },
  near: { type: 'write', inputs: { text: `${'a long text '.repeat(20)}with a Castle in it` }, position: [0, 0] },
  count: { type: 'count', inputs: { value: 512 }, position: [300, 0] },
});
workflow.notes['hint'] = { text: '# About castles\nMore.', position: [0, 1200], size: [100, 100] };
workflow.frames['all'] = { title: 'Castles and houses', position: [-50, -50], size: [2000, 2000] };

const found = (text: string): string[] => findInGraph(graphOf(placeOf(workflow)), TOYS, text).map(({ id }) => id);

it('finds by title, type, value, note and frame, in reading order', () => {
  expect(found('house')).toEqual(['all', 'far']);
  expect(found('castle')).toEqual(['all', 'near', 'hint']);
  expect(found('512')).toEqual(['count']);
  expect(found('make')).toEqual(['far']);
});

it('wants every word, and says where it found them', () => {
  expect(found('value 512')).toEqual(['count']);
  expect(found('value 513')).toEqual([]);
  const [hit] = findInGraph(graphOf(placeOf(workflow)), TOYS, 'castle in');
  expect(hit?.where).toMatch(/^text: …(.*)Castle in it/);
});

it('finds nothing for nothing', () => expect(found('  ')).toEqual([]));

it('finds what is in subgraphs too, after what is shown, and never their edges', () => {
  const inner = { title: 'Inner', nodes: { in: { type: 'subgraph_input', inputs: {}, position: [0, 0] as [number, number] }, deep: { type: 'make', inputs: {}, position: [0, 0] as [number, number] } } };
  const document = new Document({ ...workflow, subgraphs: { inner } });
  const places = (shown: string, text: string): string[] =>
    findInDocument(document, shown, () => TOYS, text).map(({ id, graph, elsewhere }) => `${graph}/${id}${elsewhere ? ' elsewhere' : ''}`);
  expect(places(ROOT, 'make')).toEqual(['/far', 'inner/deep elsewhere']);
  expect(places('inner', 'make')).toEqual(['inner/deep', '/far elsewhere']);
  expect(places(ROOT, 'subgraph_input')).toEqual([]);
  expect(places('gone', 'make')).toEqual(['/far elsewhere', 'inner/deep elsewhere']);
});
