import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { changeAxis, countOf, moveUp, readSweep, sweeps, withAxis, withoutAxis } from './sweep';
import { firstValues, kindOf, parseNumbers, parseTexts, writeNumbers, writeTexts } from './sweep-values';

const numbers = (text: string, kind: 'whole' | 'number' = 'number'): unknown => {
  const parsed = parseNumbers(text, kind);
  return 'values' in parsed ? parsed.values : parsed;
};

describe('values as they are typed', () => {
  it.each([
    ['1, 2, 5', [1, 2, 5]],
    ['1..8/8', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['0..1/3', [0, 0.5, 1]],
    ['3-7 step 2', [3, 5, 7]],
    ['3-5', [3, 4, 5]],
    ['-1 - -3', [-1, -2, -3]],
    ['.1-.3 step .1', [0.1, 0.2, 0.3]],
    ['1; 4-5\n9', [1, 4, 5, 9]],
    ['18446744073709551615', ['18446744073709551615']],
    ['', []],
    ['1, two', { wrong: 'two' }],
    ['1-9 step 0', { wrong: '1-9 step 0' }],
    ['1-99999', { wrong: '1-99999' }],
  ])('%j reads as %j', (text, values) => expect(numbers(text)).toEqual(values));

  it('rounds for an input of whole numbers', () => expect(numbers('1..4/3', 'whole')).toEqual([1, 3, 4]));

  it('reads what it wrote as just those values', () => {
    // Whole numbers beyond what JavaScript can hold are kept as digits.
    const held = (value: number): boolean => !Number.isInteger(value) || Number.isSafeInteger(value);
    const fraction = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0).filter(held);
    const number = fc.oneof(fc.integer({ min: -1e6, max: 1e6 }), fraction);
    const range = fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: 0, max: 20 }));
    const even = range.map(([first, step, count]) => Array.from({ length: count }, (_, at) => first + step * at));
    fc.assert(fc.property(fc.oneof(fc.array(number, { maxLength: 20 }), even), (values) => void expect(numbers(writeNumbers(values))).toEqual(values)));
    const line = fc.string().map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean);
    fc.assert(fc.property(fc.array(line), (values) => void expect(parseTexts(writeTexts(values))).toEqual(values)));
  });

  it('begins with values around the one there is, as far as they fit', () => {
    const widget = { kind: 'number', min: 1, max: 30, integer: true } as const;
    expect(firstValues(kindOf(widget, 'int'), 20, widget)).toEqual([10, 20]);
    expect(firstValues('whole', 7, { kind: 'seed' })).toEqual([7, 8, 9]);
    expect(firstValues('number', 5, null)).toEqual([2.5, 5, 10]);
    expect(firstValues('text', '', { kind: 'text' })).toEqual([]);
  });
});

describe('the sweep of a document', () => {
  it('is empty where there is none that can be read, and keeps what it does not know', () => {
    expect(readSweep(null)).toEqual({ axes: [] });
    expect(readSweep({ axes: [3, { node: '1', input: 'a', values: [1], pack: true }], mine: 1 })).toEqual({
      axes: [{ node: '1', input: 'a', values: [1], pack: true }],
      mine: 1,
    });
  });

  it('has as many pictures as its axes have combinations', () => {
    const a = { node: '1', input: 'a', values: [1, 2, 3] };
    const b = { node: '2', input: 'b', graph: 's', values: ['x', 'y'] };
    const sweep = withAxis(withAxis(readSweep(null), a), b);
    expect(countOf(sweep)).toBe(6);
    expect(moveUp(sweep, 1).axes).toEqual([b, a]);
    expect(countOf(changeAxis(sweep, 1, { values: [] }))).toBe(0);
    expect(sweeps(sweep, { node: '2', input: 'b', graph: 's' })).toBe(true);
    expect(sweeps(sweep, { node: '2', input: 'b' })).toBe(false);
    const left = withoutAxis(sweep, 0);
    expect(left?.axes).toEqual([b]);
    expect(left && withoutAxis(left, 0)).toBeNull();
  });
});
