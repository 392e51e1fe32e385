import { expect, it } from 'vitest';

import { completeCatalogue, type Catalogue } from './catalogue';
import { graphOf } from './edit/place';
import { carriesList } from './lists';
import { input, placeOf, workflowOf } from './testing/toys';

const out = { name: 'result', type: 'float' };
const catalogue: Catalogue = completeCatalogue({
  revision: '1', types: {}, broken: [],
  nodes: Object.fromEntries(
    [
      { id: 'many', inputs: [], outputs: [{ ...out, is_list: true }] },
      { id: 'one', inputs: [input('value', 'float')], outputs: [out] },
      { id: 'sum', inputs: [input('values', 'float', { is_list: true })], outputs: [out] },
    ].map((schema) => [schema.id, { title: schema.id, ...schema }]),
  ),
} as unknown as Catalogue);

const graph = graphOf(
  placeOf(
    workflowOf({
      many: { type: 'many' },
      plain: { type: 'one' },
      each: { type: 'one', inputs: { value: { link: ['many', 'result'] } } },
      loop: { type: 'one', loop: { mode: 'each', lists: ['value'] } },
      sum: { type: 'sum', inputs: { values: { link: ['each', 'result'] } } },
    }),
  ),
);

it.each([
  ['many', true],
  ['each', true],
  ['loop', true],
  ['plain', false],
  ['sum', false],
])('what %s gives is a list: %s', (id, list) => expect(carriesList(graph, catalogue, [id, 'result'])).toBe(list));
