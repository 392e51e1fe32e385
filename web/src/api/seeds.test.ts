import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  LARGEST_SEED,
  nextSeed,
  readSeed,
  rollSeed,
  rollSeeds,
  seedRule,
  type SeedInput,
  usedSeeds,
  writeSeed,
} from './seeds';

const seed = (value: unknown, rule: SeedInput['rule']): SeedInput => ({ graph: '', node: 'a', input: 'seed', value, rule });

describe('a seed', () => {
  test('beyond 2^53-1 is kept digit by digit', () => {
    expect(nextSeed('9007199254740993')).toBe('9007199254740994');
    expect(nextSeed(Number.MAX_SAFE_INTEGER)).toBe('9007199254740992');
  });

  test('reads back as it was written, over the whole range', () => {
    fc.assert(fc.property(fc.bigInt(0n, LARGEST_SEED), (value) => readSeed(writeSeed(value)) === value));
  });

  test('wraps to 0 after the largest', () => {
    expect(nextSeed(LARGEST_SEED.toString())).toBe(0);
  });

  test.each(['', 'x', '-1', '1.5', '18446744073709551616', null, 1.5, {}])('is refused when it is %j', (value) => {
    expect(readSeed(value)).toBeNull();
  });

  test('without a rule stays fixed', () => {
    expect(seedRule(undefined)).toBe('fixed');
    expect(rollSeed(7, 'fixed')).toBe(7);
  });
});

describe('before a run', () => {
  test('a seed that was never used runs as it is shown', () => {
    expect(rollSeeds([seed(5, 'random')], new Map())).toEqual([]);
  });

  test('a used random seed is rolled', () => {
    const rolled = rollSeeds([seed(5, 'random')], usedSeeds([seed(5, 'random')]), () => 0.5);
    expect(rolled).toEqual([{ graph: '', node: 'a', input: 'seed', value: 2 ** 31 }]);
  });

  test('a used incremented seed grows by one', () => {
    expect(rollSeeds([seed(5, 'increment')], usedSeeds([seed(5, 'increment')]))).toEqual([
      { graph: '', node: 'a', input: 'seed', value: 6 },
    ]);
  });

  test('a seed typed since the last run is used as typed', () => {
    expect(rollSeeds([seed(6, 'random')], usedSeeds([seed(5, 'random')]))).toEqual([]);
  });

  test('a fixed seed never changes', () => {
    expect(rollSeeds([seed(5, 'fixed')], usedSeeds([seed(5, 'fixed')]))).toEqual([]);
  });
});
