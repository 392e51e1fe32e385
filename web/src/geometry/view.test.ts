import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fitted, MAX_ZOOM, MIN_ZOOM, opened, toScreen, toWorld, uncovered, visible, zoomedAt, type View } from './view';

const view: fc.Arbitrary<View> = fc.record({
  x: fc.integer({ min: -4000, max: 4000 }),
  y: fc.integer({ min: -4000, max: 4000 }),
  zoom: fc.double({ min: MIN_ZOOM, max: MAX_ZOOM, noNaN: true }),
});
const point = fc.tuple(fc.integer({ min: -2000, max: 2000 }), fc.integer({ min: -2000, max: 2000 }));

describe('the view', () => {
  it('goes to the screen and back', () => {
    fc.assert(
      fc.property(view, point, (at, spot) => {
        const [x, y] = toWorld(at, toScreen(at, spot));
        expect(x).toBeCloseTo(spot[0], 6);
        expect(y).toBeCloseTo(spot[1], 6);
      }),
    );
  });

  it('zooms about the pointer: what is under it stays, within the limits', () => {
    fc.assert(
      fc.property(view, point, fc.double({ min: 0.001, max: 100, noNaN: true }), (at, pointer, zoom) => {
        const next = zoomedAt(at, pointer, zoom);
        const [before, after] = [toWorld(at, pointer), toWorld(next, pointer)];
        expect(after[0]).toBeCloseTo(before[0], 3);
        expect(after[1]).toBeCloseTo(before[1], 3);
        expect(next.zoom).toBeGreaterThanOrEqual(MIN_ZOOM);
        expect(next.zoom).toBeLessThanOrEqual(MAX_ZOOM);
      }),
    );
  });

  it('fits an area between the panels', () => {
    const area = { x: -500, y: 100, width: 3000, height: 900 };
    const insets = { top: 72, right: 320, bottom: 40, left: 40 };
    const seen = fitted(area, { width: 1280, height: 800 }, insets);
    const [left, top] = toScreen(seen, [area.x, area.y]);
    const [right, bottom] = toScreen(seen, [area.x + area.width, area.y + area.height]);
    expect(left).toBeGreaterThanOrEqual(39.9);
    expect(top).toBeGreaterThanOrEqual(71.9);
    expect(right).toBeLessThanOrEqual(960.1);
    expect(bottom).toBeLessThanOrEqual(760.1);
  });

  describe('beside a panel on the right', () => {
    const panel = { x: 1100, y: 12, width: 300, height: 400 };
    const node = { x: 1000, y: 100, width: 200, height: 100 };
    const view = { x: 0, y: 0, zoom: 1 };

    it('moves just so far that a node is no longer covered', () => {
      expect(uncovered(view, node, panel, { left: 76, top: 76 })).toEqual({ x: -124, y: 0, zoom: 1 });
    });

    it('stays as it is when the node is in plain sight, beside the panel or below it', () => {
      for (const place of [{ x: 800 }, { y: 500 }]) expect(uncovered(view, { ...node, ...place }, panel, { left: 76, top: 76 })).toBe(view);
    });

    it('shows the beginning of a node that is too wide', () => {
      expect(uncovered({ x: 0, y: 0, zoom: 2 }, { ...node, x: 300, width: 700 }, panel, { left: 76, top: 76 }).x).toBe(-524);
    });
  });

  describe('above a sheet from below', () => {
    const sheet = { x: 0, y: 400, width: 390, height: 440 };
    const seen = { x: 0, y: 0, zoom: 1 };

    it('moves up just so far that a node is no longer covered', () => {
      expect(uncovered(seen, { x: 100, y: 350, width: 200, height: 150 }, sheet, { left: 64, top: 124 })).toEqual({ x: 0, y: -124, zoom: 1 });
    });

    it('shows the beginning of a node that is too high', () => {
      expect(uncovered(seen, { x: 100, y: 350, width: 200, height: 900 }, sheet, { left: 64, top: 124 }).y).toBe(-226);
    });
  });

  it('opens a document whole, but on a phone at its beginning when its words could not be read', () => {
    const area = { x: -500, y: 100, width: 3000, height: 900 };
    const insets = { top: 124, right: 24, bottom: 72, left: 64 };
    const phone = { width: 390, height: 844 };
    expect(opened(area, { width: 1280, height: 800 }, insets)).toEqual(fitted(area, { width: 1280, height: 800 }, insets));
    expect(toScreen(opened(area, phone, insets), [area.x, area.y])).toEqual([64, 124]);
    const small = { ...area, width: 400, height: 400 };
    expect(opened(small, phone, insets)).toEqual(fitted(small, phone, insets));
  });

  it('never enlarges a small graph', () => {
    const insets = { top: 0, right: 0, bottom: 0, left: 0 };
    expect(fitted({ x: 0, y: 0, width: 10, height: 10 }, { width: 1000, height: 1000 }, insets).zoom).toBe(1);
  });

  it('sees less of the world the closer it is', () => {
    expect(visible({ x: 0, y: 0, zoom: 2 }, { width: 800, height: 600 })).toEqual({ x: 0, y: 0, width: 400, height: 300 });
  });
});
