import { inflateSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Drawing } from './drawing';
import { feathered } from './feather';
import { floodRuns } from './fill';
import { crc32, encodeMask } from './png';
import { emptyRaster, type Raster } from './raster';

const hard = { softness: 0, erase: false };

const size = fc.record({ width: fc.integer({ min: 1, max: 90 }), height: fc.integer({ min: 1, max: 90 }) });
const place = fc.record({ x: fc.double({ min: -20, max: 110, noNaN: true }), y: fc.double({ min: -20, max: 110, noNaN: true }) });
const dot = fc.tuple(place, fc.double({ min: 0.5, max: 30, noNaN: true })).map(([at, radius]) => ({ ...at, radius }));
const brush = fc.record({ softness: fc.double({ min: 0, max: 1, noNaN: true }), erase: fc.boolean() });

type Act = (drawing: Drawing) => void;
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(fc.array(dot, { minLength: 1, maxLength: 4 }), brush).map(([dots, with_]): Act => (drawing) => {
    drawing.begin(dots[0] ?? { x: 0, y: 0, radius: 1 }, with_);
    for (const next of dots.slice(1)) drawing.moveTo(next);
    drawing.end();
  }),
  fc.tuple(place, place, fc.boolean()).map(([a, b, erase]): Act => (drawing) => drawing.rectangle(a, b, erase)),
  fc.tuple(fc.array(place, { maxLength: 7 }), fc.boolean()).map(([line, erase]): Act => (drawing) => drawing.lasso(line, erase)),
  fc.tuple(place, fc.boolean()).map(([at, erase]): Act => (drawing) => drawing.fill(at, erase)),
  fc.constant<Act>((drawing) => drawing.invert()),
  fc.constant<Act>((drawing) => drawing.clear()),
  fc.constant<Act>((drawing) => drawing.replace({ ...drawing.raster, values: drawing.raster.values.map((value, at) => (at % 3 ? value : 90)) })),
);
const acts = fc.array(act, { maxLength: 8 });

/** Compared at once: an assertion value by value takes as long as all the rest. */
const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const sum = ({ values }: Raster): number => values.reduce((total, value) => total + value, 0);

describe('whatever is drawn', () => {
  test('is taken back, and done again, pixel for pixel', () => {
    fc.assert(
      fc.property(size, acts, ({ width, height }, list) => {
        const drawing = new Drawing(emptyRaster(width, height));
        for (const each of list) each(drawing);
        const after = drawing.raster.values.slice();
        let steps = 0;
        for (; drawing.canUndo; steps += 1) drawing.undo();
        expect(sum(drawing.raster)).toBe(0);
        for (; drawing.canRedo; steps -= 1) drawing.redo();
        expect(steps).toBe(0);
        expect(isSame(drawing.raster.values, after)).toBe(true);
      }),
    );
  });

  test('changes nothing outside the boxes it tells of', () => {
    fc.assert(
      fc.property(size, acts, ({ width, height }, list) => {
        const drawing = new Drawing(emptyRaster(width, height));
        const shown = emptyRaster(width, height);
        drawing.onchange = (box) => {
          for (let y = box.y; y < box.y + box.height; y += 1) {
            const row = [y * width + box.x, y * width + box.x + box.width] as const;
            shown.values.set(drawing.raster.values.subarray(...row), row[0]);
          }
        };
        for (const each of list) each(drawing);
        expect(isSame(shown.values, drawing.raster.values)).toBe(true);
      }),
    );
  });

  test('a stroke that is cancelled leaves no trace and no step', () => {
    const drawing = new Drawing(emptyRaster(40, 40));
    drawing.begin({ x: 5, y: 5, radius: 4 }, hard);
    drawing.moveTo({ x: 30, y: 30, radius: 4 });
    drawing.cancel();
    expect(sum(drawing.raster)).toBe(0);
    expect(drawing.canUndo).toBe(false);
  });
});

describe('a brush', () => {
  test('drawn twice over the same way changes nothing more', () => {
    fc.assert(
      fc.property(dot, dot, brush, (from, to, with_) => {
        const drawing = new Drawing(emptyRaster(60, 60));
        const go = (): Uint8Array => {
          drawing.begin(from, with_);
          drawing.moveTo(to);
          drawing.end();
          return drawing.raster.values.slice();
        };
        const once = go();
        expect(isSame(go(), once)).toBe(true);
      }),
    );
  });

  test('covers about the area of its disc', () => {
    const drawing = new Drawing(emptyRaster(64, 64));
    drawing.begin({ x: 32, y: 32, radius: 20 }, hard);
    drawing.end();
    expect(sum(drawing.raster) / 255).toBeCloseTo(Math.PI * 400, -1.2);
  });

  test('a pixel larger erases what it painted, rim and all', () => {
    const drawing = new Drawing(emptyRaster(64, 64));
    for (const erase of [false, true]) {
      const radius = erase ? 10 : 9;
      drawing.begin({ x: 20, y: 30, radius }, { softness: 0, erase });
      drawing.moveTo({ x: 50, y: 31, radius });
      drawing.end();
    }
    expect(sum(drawing.raster)).toBe(0);
  });
});

describe('areas', () => {
  test('a lasso around a rectangle is that rectangle', () => {
    const corner = fc.record({ x: fc.integer({ min: 0, max: 50 }), y: fc.integer({ min: 0, max: 50 }) });
    fc.assert(
      fc.property(corner, corner, (a, b) => {
        const [one, two] = [new Drawing(emptyRaster(50, 50)), new Drawing(emptyRaster(50, 50))];
        one.rectangle(a, b);
        two.lasso([a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }]);
        expect(isSame(two.raster.values, one.raster.values)).toBe(true);
      }),
    );
  });

  test('inverting twice is doing nothing', () => {
    fc.assert(
      fc.property(acts, (list) => {
        const drawing = new Drawing(emptyRaster(70, 30));
        for (const each of list) each(drawing);
        const before = drawing.raster.values.slice();
        drawing.invert();
        drawing.invert();
        expect(isSame(drawing.raster.values, before)).toBe(true);
      }),
    );
  });

  test('a fill stays inside an outline and leaves no seam along it', () => {
    const drawing = new Drawing(emptyRaster(60, 60));
    drawing.begin({ x: 10, y: 10, radius: 3 }, hard);
    for (const [x, y] of [[50, 10], [50, 50], [10, 50], [10, 10]] as const) drawing.moveTo({ x, y, radius: 3 });
    drawing.end();
    drawing.fill({ x: 30, y: 30 });
    const row = drawing.raster.values.subarray(30 * 60, 31 * 60);
    expect(row.subarray(8, 52).every((value) => value === 255)).toBe(true);
    expect([row[2], row[57]]).toEqual([0, 0]);
  });

  test('a fill finds the very pixels that a search from neighbour to neighbour finds', () => {
    fc.assert(
      fc.property(size, fc.infiniteStream(fc.boolean()), fc.nat(), ({ width, height }, walls, from) => {
        const open = Array.from({ length: width * height }, () => walls.next().value === true);
        const seed = from % open.length;
        const found = new Set(floodRuns(width, height, seed, (index) => open[index] === true).flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at)));
        expect(found).toEqual(reached(width, open, seed));
      }),
      { numRuns: 40 },
    );
  });

  test('alike colours are filled as far as the tolerance goes', () => {
    const drawing = new Drawing(emptyRaster(4, 1));
    const colours = Uint8ClampedArray.from([10, 10, 10, 255, 14, 10, 10, 255, 30, 10, 10, 255, 12, 10, 10, 255]);
    drawing.fill({ x: 0.5, y: 0.5 }, false, { colours, tolerance: 5 });
    expect([...drawing.raster.values]).toEqual([255, 255, 0, 0]);
  });
});

function reached(width: number, open: readonly boolean[], seed: number): Set<number> {
  const found = new Set<number>();
  const waiting = open[seed] ? [seed] : [];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (found.has(index) || !open[index]) continue;
    found.add(index);
    if (index % width > 0) waiting.push(index - 1);
    if (index % width < width - 1) waiting.push(index + 1);
    waiting.push(index - width, index + width);
  }
  return found;
}

describe('a feathered edge', () => {
  const edge = (): Raster => {
    const raster = emptyRaster(80, 5);
    for (let y = 0; y < 5; y += 1) raster.values.fill(255, y * 80 + 40, (y + 1) * 80);
    return raster;
  };

  test('falls off evenly to both sides and never rises', () => {
    const row = [...feathered(edge(), 8).values.subarray(0, 80)];
    expect(row.every((value, x) => x === 0 || value >= (row[x - 1] ?? 0))).toBe(true);
    expect(row.every((value, x) => Math.abs(value + (row[79 - x] ?? 0) - 255) <= 1)).toBe(true);
    expect([row[39 - 16], row[40 + 16]]).toEqual([0, 255]);
    expect(row[36]).toBeGreaterThan(20);
  });

  test('of width 0 is the mask itself', () => expect(feathered(edge(), 0).values).toEqual(edge().values));
});

test('a mask is written as a grey PNG that holds its rows', async () => {
  const raster = emptyRaster(3, 2);
  raster.values.set([0, 128, 255, 1, 2, 3]);
  const file = Buffer.from(await encodeMask(raster));
  expect(file.subarray(1, 4).toString()).toBe('PNG');
  expect([file.readUInt32BE(16), file.readUInt32BE(20), file[24], file[25]]).toEqual([3, 2, 8, 0]);
  const length = file.readUInt32BE(33);
  expect([...inflateSync(file.subarray(41, 41 + length))]).toEqual([0, 0, 128, 255, 0, 1, 2, 3]);
  expect(file.readUInt32BE(41 + length)).toBe(crc32(file.subarray(37, 41 + length)));
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
});
