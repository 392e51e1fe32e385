import { expect, test } from 'vitest';

import { completeCatalogue, type Catalogue, type NodeSchema } from '../document/catalogue';
import { commandEntries, valueEntries } from './palette-entries';

const schema = (id: string, inputs: object[], outputs: object[] = []): NodeSchema => ({ id, title: id, inputs, outputs }) as unknown as NodeSchema;

const catalogue: Catalogue = completeCatalogue({
  revision: '1',
  types: {},
  nodes: {
    loader: schema('loader', [{ name: 'file', type: 'str', widget: { kind: 'model_file', folder: 'checkpoints', options: ['sd/house.safetensors', 'tree.safetensors'] } }]),
    sample: schema('sample', [{ name: 'sampler', type: 'str', widget: { kind: 'choices', options: ['euler', 'heun'] } }]),
    whole: schema('whole', [{ name: 'value', type: 'int', widget: { kind: 'number' } }], [{ name: 'result', type: 'int' }]),
    number: schema('number', [{ name: 'value', type: 'float', widget: { kind: 'number' } }], [{ name: 'result', type: 'float' }]),
  },
  broken: [],
});

const given = (text: string): unknown => valueEntries(catalogue, text, null).map(({ schema, given }) => [schema.id, given]);

test('a model file is found as its loader with the file chosen', () => {
  expect(given('house')).toEqual([['loader', { file: 'sd/house.safetensors' }]]);
});

test('a choice is found as the node that has it', () => expect(given('eul')).toEqual([['sample', { sampler: 'euler' }]]));

test('a number is found as the nodes that hold one', () => {
  expect(given('512')).toEqual([['whole', { value: 512 }], ['number', { value: 512 }]]);
  expect(given('0,5')).toEqual([['number', { value: 0.5 }]]);
});

test('where a link was let go, only what fits it is offered', () => {
  const end = { direction: 'in' as const, to: { node: 'a', input: 'x' }, type: 'int' };
  expect(valueEntries(catalogue, '7', end).map(({ schema }) => schema.id)).toEqual(['whole']);
});

test('commands are found by the beginnings of their words', () => {
  const commands = [{ id: 'settings', name: 'Settings…' }, { id: 'align-left', name: 'Align left edges' }];
  expect(commandEntries(commands, 'sett').map(({ id }) => id)).toEqual(['settings']);
  expect(commandEntries(commands, 'left al').map(({ id }) => id)).toEqual(['align-left']);
  expect(commandEntries(commands, '')).toEqual([]);
});
