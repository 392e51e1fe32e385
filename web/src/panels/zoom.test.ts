import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fitted, pinched, zoomedAt } from './zoom';

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

test('two fingers that go apart make what lies between them larger', () => {
  const look = pinched({ x: 0, y: 0, scale: 1 }, { x: 200, y: 100 }, { x: 300, y: 100 }, { x: 100, y: 100 });
  expect(look.scale).toBe(2);
  expect(look.x + 150 * look.scale).toBe(200);
});
