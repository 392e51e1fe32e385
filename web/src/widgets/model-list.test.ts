import { expect, test } from 'vitest';

import type { ModelInfo } from '../api/client';
import { listModels, modelFits } from './model-list';
import { searchOptions } from './options';

const info = (name: string, more: Partial<ModelInfo>): [string, ModelInfo] => [name, { kind: 'loras', name, size: 1, modified: 0, ...more }];
const infos = new Map([
  info('a.safetensors', { base: 'sd1' }),
  info('b.safetensors', { base: 'sdxl', triggers: ['knitted'] }),
  info('c.safetensors', { base: 'sdxl' }),
  info('d.safetensors', {}),
  info('e.safetensors', { base: 'sdxl', problem: 'It is damaged.' }),
]);
const list = (families: string[], favourites: string[] = [], recent: string[] = [], familiesOf = {}) =>
  listModels([...infos.keys()], infos, {
    families: families.length ? new Set(families) : null,
    familiesOf,
    favourites: new Set(favourites),
    recent,
  });
const names = (options: readonly { value: string | number }[]): string => options.map(({ value }) => String(value)[0]).join('');

test('what fits comes first, and what nobody knows may fit', () => {
  expect(names(list(['sdxl']))).toBe('bcdae');
  expect(list(['sdxl']).filter(({ fits }) => fits)).toHaveLength(3);
});

test('what a file holds says more of what it is for than what lies beside it, and may be for several', () => {
  const known = { 'a.safetensors': ['sdxl', 'sdxl_refiner'], 'd.safetensors': ['sd1', 'sd2'] };
  expect(names(list(['sdxl'], [], [], known))).toBe('abcde');
  expect(names(list(['sd2', 'sd1'], [], [], known))).toBe('dabce');
});

test('with no family asked for, only what cannot be used comes last', () => expect(names(list([]))).toBe('abcde'));

test('favourites come before those used last, and those before the others', () => {
  expect(names(list(['sdxl'], ['d.safetensors'], ['c.safetensors', 'a.safetensors']))).toBe('dcbae');
});

test('a model is found by the words that call it', () => expect(names(searchOptions(list([]), 'knit'))).toBe('b'));

test('a file that cannot be used fits nowhere', () => expect(modelFits(infos.get('e.safetensors') ?? null, undefined, null)).toBe(false));
