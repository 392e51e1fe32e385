import { describe, expect, it } from 'vitest';

import { Grid } from '../geometry/grid';
import { cull, Parking } from './culling';

const near = { x: 0, y: 0, width: 100, height: 100 };
const far = { x: -100, y: -100, width: 300, height: 300 };
const none = new Set<string>();

function row(count: number): Grid {
  const grid = new Grid();
  for (let index = 0; index < count; index += 1) grid.set(`n${index}`, { x: index * 50, y: 0, width: 40, height: 40 });
  return grid;
}

describe('culling', () => {
  it('mounts what is in view and nothing else', () => {
    expect(cull(row(20), [], { near, far, parked: none, pinned: none, budget: 100 }).ids).toEqual(['n0', 'n1', 'n2']);
  });

  it('keeps what is mounted until it is well out of view', () => {
    const { ids } = cull(row(20), ['n3', 'n15'], { near, far, parked: none, pinned: none, budget: 100 });
    expect(ids).toEqual(['n3', 'n0', 'n1', 'n2']);
  });

  it('keeps what is pinned wherever it is, and drops what is gone', () => {
    const { ids } = cull(row(10), ['n9', 'gone'], { near, far, parked: none, pinned: new Set(['n9', 'n8']), budget: 100 });
    expect([...ids].sort()).toEqual(['n0', 'n1', 'n2', 'n8', 'n9']);
  });

  it('mounts no more at once than it may, and says that more is to come', () => {
    const first = cull(row(20), [], { near, far, parked: none, pinned: none, budget: 2 });
    expect([first.ids.length, first.complete]).toEqual([2, false]);
    const second = cull(row(20), first.ids, { near, far, parked: none, pinned: none, budget: 2 });
    expect([second.ids.length, second.complete]).toEqual([3, true]);
  });

  it('mounts what is pinned though nothing else may be', () => {
    const { ids, complete } = cull(row(10), [], { near, far, parked: none, pinned: new Set(['n9']), budget: 0 });
    expect([ids, complete]).toEqual([['n9'], false]);
  });

  it('gives the same array back when nothing changes', () => {
    const ids = ['n0', 'n1', 'n2'];
    expect(cull(row(5), ids, { near, far, parked: none, pinned: none, budget: 9 }).ids).toBe(ids);
  });

  it('shows what is parked sooner than it makes what is not', () => {
    const cull2 = (budget: number) => cull(row(10), [], { near, far, pinned: none, budget, parked: new Set(['n1', 'n2', 'n9']) });
    expect(cull2(1)).toEqual({ ids: ['n1', 'n2', 'n0'], complete: true });
    expect(cull2(0)).toEqual({ ids: [], complete: false });
  });
});

describe('parking', () => {
  it('keeps what left the view until it comes back', () => {
    const parking = new Parking(9);
    parking.update(row(5), ['n0', 'n1', 'n2'], new Set(['n1']));
    expect([...parking.parked]).toEqual(['n0', 'n2']);
    parking.update(row(5), ['n1'], new Set(['n0', 'n1']));
    expect([...parking.parked]).toEqual(['n2']);
  });

  it('lets go of what is gone, and of the longest parked where they are too many', () => {
    const parking = new Parking(2);
    parking.update(row(9), ['n0', 'n1'], new Set());
    parking.update(row(9), ['n2'], new Set());
    expect([...parking.parked]).toEqual(['n1', 'n2']);
    parking.update(row(2), [], new Set());
    expect([...parking.parked]).toEqual(['n1']);
  });
});
