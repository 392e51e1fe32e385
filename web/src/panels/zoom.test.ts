import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fitted, zoomedAt } from './zoom';

test('a picture is fitted into the middle', () => {
  const look = fitted({ width: 1144, height: 1144 }, { width: 2000, height: 1000 });
  expect(look).toEqual({ scale: 0.5, x: 72, y: 322 });
});

test('a small picture is enlarged, but not without end', () => {
  expect(fitted({ width: 2000, height: 2000 }, { width: 128, height: 128 }).scale).toBe(4);
});

test('what is under the pointer stays under it', () => {
  const coordinate = fc.integer({ min: -2000, max: 2000 });
  fc.assert(
    fc.property(coordinate, coordinate, coordinate, fc.double({ min: 0.2, max: 5, noNaN: true }), (x, px, py, factor) => {
      const [look, at] = [{ x, y: 0, scale: 1 }, { x: px, y: py }];
      const next = zoomedAt(look, at, factor);
      expect((at.x - next.x) / next.scale).toBeCloseTo(at.x - look.x, 6);
      expect((at.y - next.y) / next.scale).toBeCloseTo(at.y - look.y, 6);
    }),
  );
});
