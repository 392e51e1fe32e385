import { describe, expect, it } from 'vitest';

import { Grid } from '../geometry/grid';
import { cull } from './culling';

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
    expect(cull(row(20), [], { near, far, pinned: none, budget: 100 }).ids).toEqual(['n0', 'n1', 'n2']);
  });

  it('keeps what is mounted until it is well out of view', () => {
    const { ids } = cull(row(20), ['n3', 'n15'], { near, far, pinned: none, budget: 100 });
    expect(ids).toEqual(['n3', 'n0', 'n1', 'n2']);
  });

  it('keeps what is pinned wherever it is, and drops what is gone', () => {
    const { ids } = cull(row(10), ['n9', 'gone'], { near, far, pinned: new Set(['n9', 'n8']), budget: 100 });
    expect([...ids].sort()).toEqual(['n0', 'n1', 'n2', 'n8', 'n9']);
  });

  it('mounts no more at once than it may, and says that more is to come', () => {
    const first = cull(row(20), [], { near, far, pinned: none, budget: 2 });
    expect([first.ids.length, first.complete]).toEqual([2, false]);
    const second = cull(row(20), first.ids, { near, far, pinned: none, budget: 2 });
    expect([second.ids.length, second.complete]).toEqual([3, true]);
  });

  it('mounts what is pinned though nothing else may be', () => {
    const { ids, complete } = cull(row(10), [], { near, far, pinned: new Set(['n9']), budget: 0 });
    expect([ids, complete]).toEqual([['n9'], false]);
  });

  it('gives the same array back when nothing changes', () => {
    const ids = ['n0', 'n1', 'n2'];
    expect(cull(row(5), ids, { near, far, pinned: none, budget: 9 }).ids).toBe(ids);
  });
});
