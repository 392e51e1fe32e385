import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Grid } from './grid';
import { overlaps, type Rect } from './rect';

const box: fc.Arbitrary<Rect> = fc.record({
  x: fc.integer({ min: -5000, max: 5000 }),
  y: fc.integer({ min: -5000, max: 5000 }),
  width: fc.oneof(fc.nat({ max: 400 }), fc.nat({ max: 40_000 })),
  height: fc.nat({ max: 800 }),
});

describe('the grid', { timeout: 60_000 }, () => {
  it('finds exactly what looking at every box finds, after any moves and removals', () => {
    const moves = fc.array(fc.record({ id: fc.nat({ max: 30 }), to: fc.option(box) }), { maxLength: 80 });
    fc.assert(
      fc.property(moves, fc.array(box, { minLength: 1, maxLength: 8 }), (changes, areas) => {
        const grid = new Grid();
        const all = new Map<string, Rect>();
        for (const { id, to } of changes) {
          if (to) {
            grid.set(String(id), to);
            all.set(String(id), to);
          } else {
            grid.delete(String(id));
            all.delete(String(id));
          }
        }
        expect(grid.size).toBe(all.size);
        for (const area of areas) {
          const found = [...all].filter(([, one]) => overlaps(one, area)).map(([id]) => id);
          expect([...grid.within(area)].sort()).toEqual(found.sort());
        }
      }),
      { numRuns: 150 },
    );
  });

  it('finds nothing in an area beyond the world', () => {
    const grid = new Grid();
    grid.set('a', { x: 0, y: 0, width: 10, height: 10 });
    expect(grid.within({ x: Infinity, y: Infinity, width: 0, height: 0 }).size).toBe(0);
    expect(grid.within({ x: -1e9, y: -1e9, width: 2e9, height: 2e9 }).size).toBe(1);
  });
});
