import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { placeAt } from './reorder';

describe('a row that is dragged', () => {
  const middles = [10, 30, 50, 70];

  test.each([
    [0, 10, 0],
    [0, 35, 1],
    [0, 500, 3],
    [3, -500, 0],
    [3, 45, 2],
    [2, 50, 2],
  ])('from place %i let go at %i stands at place %i', (from, y, to) => expect(placeAt(middles, from, y)).toBe(to));

  test('always lands on a place of the list, and where it was when it was not moved', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 8, max: 90 }), { minLength: 1 }), fc.nat(), fc.integer(), (heights, pick, y) => {
        let top = 0;
        const rows = heights.map((height) => (top += height) - height / 2);
        const from = pick % rows.length;
        const to = placeAt(rows, from, y);
        expect(to >= 0 && to < rows.length).toBe(true);
        expect(placeAt(rows, from, rows[from] ?? 0)).toBe(from);
      }),
    );
  });
});
