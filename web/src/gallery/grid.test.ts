import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Grid } from './grid';

const days = (counts: readonly number[]): { day: number; count: number; newest: number }[] =>
  counts.map((count, at) => ({ day: 1000 - at, count, newest: 1_000_000 - at }));
const measures = { width: 500, least: 90, gap: 10, heading: 40 };
const grids = fc
  .record({ counts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }), width: fc.integer({ min: 60, max: 1500 }) })
  .map(({ counts, width }) => new Grid(days(counts), { ...measures, width }));

describe('the grid of results', () => {
  it('has as many columns as fit, and fills the width', () => {
    const grid = new Grid(days([7]), measures);
    expect(grid.columns).toBe(5);
    expect(grid.cell * 5 + 4 * 10).toBeCloseTo(500);
    expect(grid.height).toBeCloseTo(40 + 2 * (grid.cell + 10));
  });

  it('shows every result once over its whole height, in order', () => {
    fc.assert(
      fc.property(grids, (grid) => {
        const shown = grid.between(0, grid.height).flatMap((line) => (line.kind === 'cells' ? Array.from({ length: line.count }, (_, at) => line.first + at) : []));
        expect(shown).toEqual(Array.from({ length: grid.total }, (_, at) => at));
      }),
    );
  });

  it('finds a result in the line that is drawn where its box is', () => {
    fc.assert(
      fc.property(grids, fc.nat(), (grid, number) => {
        const index = number % grid.total;
        const { x, y } = grid.boxOf(index);
        const [line] = grid.between(y + 1, y + 2);
        expect(line).toMatchObject({ kind: 'cells', y });
        if (line?.kind !== 'cells') return;
        expect(line.first + Math.round(x / (grid.cell + 10))).toBe(index);
        expect(grid.touching(x + 1, y + 1, x + 2, y + 2)).toEqual([[index, index + 1]]);
      }),
    );
  });

  it('leads down and back up to the same row, and nowhere past its ends', () => {
    fc.assert(
      fc.property(grids, fc.nat(), (grid, number) => {
        const index = number % grid.total;
        const down = grid.step(index, 'down');
        expect(down).toBeGreaterThanOrEqual(index);
        if (down !== index) expect(grid.boxOf(grid.step(down, 'up')).y).toBeCloseTo(grid.boxOf(index).y);
        expect(grid.step(0, 'up')).toBe(0);
        expect(grid.step(grid.total - 1, 'down')).toBe(grid.total - 1);
        expect(grid.step(0, 'left')).toBe(0);
        expect(grid.step(grid.total - 1, 'right')).toBe(grid.total - 1);
      }),
    );
  });

  it('draws no more lines of a hundred thousand results than fit the window', () => {
    const grid = new Grid(days(Array.from({ length: 730 }, () => 137)), { ...measures, width: 1500 });
    expect(grid.total).toBe(100_010);
    expect(grid.between(grid.height / 2, grid.height / 2 + 1000).length).toBeLessThan(20);
  });

  it('is empty without results', () => {
    const grid = new Grid([], measures);
    expect([grid.total, grid.height, grid.between(0, 1000)]).toEqual([0, 0, []]);
  });
});
