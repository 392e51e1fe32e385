import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { dragTo, type NumberRange, parseNumber, readNumber, showNumber, stepBy } from './numbers';

const steps: NumberRange = { min: 1, max: 100, step: 1, integer: true };
const fraction: NumberRange = { min: 0, max: 1, step: 0.05, integer: false };
const free: NumberRange = { min: null, max: null, step: null, integer: false };

describe('typing a number', () => {
  test.each([
    ['20', 20],
    [' .5 ', 0.5],
    ['1e-3', 0.001],
    ['50%', 0.5],
    ['0,75', 0.75],
    ['512*1.5', 768],
    ['3 - 5', -2],
  ])('%j is %d', (text, value) => expect(readNumber(text)).toBe(value));

  test.each(['', 'x', '1..2', '1/0', 'Infinity', 'NaN', '1e999', '1+2+3'])('%j is no number', (text) =>
    expect(readNumber(text)).toBeNull(),
  );

  test('beyond the range is moved to its end, and the end is named', () => {
    expect(parseNumber('400', steps)).toEqual({ value: 100, clamped: 'max' });
    expect(parseNumber('-3', steps)).toEqual({ value: 1, clamped: 'min' });
  });

  test('is rounded where whole numbers are asked for', () => {
    expect(parseNumber('20.6', steps)).toEqual({ value: 21, clamped: null });
  });
});

describe('stepping', () => {
  test('has no tail of binary fractions', () => expect(stepBy(0.1, 2, { ...fraction, step: 0.1 })).toBe(0.3));
  test('stops at the ends', () => expect(stepBy(100, 1, steps)).toBe(100));
  test('keeps a typed value off the grid', () => expect(stepBy(0.33, 1, fraction)).toBe(0.38));
  test('and back is where it began', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 99 }), (value) => stepBy(stepBy(value, 1, steps), -1, steps) === value),
    );
  });
});

test('dragging moves a step every few pixels and stays in range', () => {
  expect(dragTo(20, 8, 1, steps)).toBe(22);
  expect(dragTo(20, -4000, 1, steps)).toBe(1);
  expect(dragTo(0.5, 4, 0.1, fraction)).toBe(0.505);
});

test('a shown number reads back as itself', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => Number(showNumber(value)) === value),
  );
  expect(readNumber(showNumber(7.5))).toBe(7.5);
  expect(parseNumber(showNumber(0.1 + 0.2), free)?.value).toBe(0.1 + 0.2);
});
