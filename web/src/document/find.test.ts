import { expect, it } from 'vitest';

import { findInGraph } from './find';
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
