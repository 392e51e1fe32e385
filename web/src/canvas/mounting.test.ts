import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Grid } from '../geometry/grid';
import { Mounting, STILL_AFTER_MS } from './mounting.svelte';

const COUNT = 100;
const places = { nodes: new Grid(), frames: new Grid(), notes: new Grid() };
for (let index = 0; index < COUNT; index += 1) places.nodes.set(`n${index}`, { x: index * 50, y: 0, width: 40, height: 40 });

/** What shows at a zoom, with that many nodes in view. */
function look(mounting: Mounting, zoom: number, inView = 10): readonly string[] {
  mounting.update(places, { area: { x: 0, y: 0, width: inView * 50 - 10, height: 100 }, zoom, far: false, focused: null });
  return mounting.items.nodes;
}

describe('cards', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  function opened(): Mounting {
    const mounting = new Mounting();
    mounting.renewed();
    mounting.moved(1);
    look(mounting, 1);
    vi.advanceTimersByTime(STILL_AFTER_MS);
    return mounting;
  }

  it('are there at once for a document that is opened', () => {
    expect(opened().items.nodes).toHaveLength(13); // ten in view and a little around
  });

  it('stay as they are while the view zooms, and boxes are drawn for the others until it rests', () => {
    const mounting = opened();
    const before = mounting.items.nodes;
    mounting.moved(0.8);
    expect(look(mounting, 0.8, 30)).toEqual(before);
    expect([mounting.complete, mounting.waiting]).toEqual([false, true]);
    vi.advanceTimersByTime(STILL_AFTER_MS);
    expect(look(mounting, 0.8, 30).length).toBeGreaterThan(before.length);
    expect(mounting.waiting).toBe(false);
  });

  it('are all boxes while the view zooms where no card can be read', () => {
    const mounting = opened();
    mounting.moved(0.5);
    expect(look(mounting, 0.5)).toEqual([]);
    // Also in the frames after the first: the boxes are drawn as long as it zooms.
    expect(look(mounting, 0.5)).toEqual([]);
    expect([mounting.complete, mounting.waiting]).toEqual([false, true]);
    vi.advanceTimersByTime(STILL_AFTER_MS);
    expect(look(mounting, 0.5).length).toBeGreaterThan(0);
  });

  it('come a few a frame while the view pans', () => {
    const mounting = opened();
    mounting.moved(1);
    const shown = look(mounting, 1, 30).length;
    expect([shown, mounting.panning, mounting.complete]).toEqual([13 + 3, true, false]);
  });
});
