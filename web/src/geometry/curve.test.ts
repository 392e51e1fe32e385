import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { boundsOf, distanceTo, distanceToSegment, pointOn, type Curve } from './curve';
import { grown, holds, rectAt } from './rect';

const coordinate = fc.integer({ min: -2000, max: 2000 });
const curve: fc.Arbitrary<Curve> = fc.record({ x1: coordinate, y1: coordinate, x2: coordinate, y2: coordinate });

describe('a link', () => {
  it('begins at its output and ends at its input', () => {
    const link = { x1: 10, y1: 20, x2: 300, y2: 90 };
    expect(pointOn(link, 0)).toEqual([10, 20]);
    expect(pointOn(link, 1)).toEqual([300, 90]);
  });

  it('leaves to the right and arrives from the left, however its ends lie', () => {
    fc.assert(
      fc.property(curve, (link) => {
        expect(pointOn(link, 0.01)[0]).toBeGreaterThanOrEqual(link.x1);
        expect(pointOn(link, 0.99)[0]).toBeLessThanOrEqual(link.x2);
      }),
    );
  });

  it('stays within its bounds', () => {
    fc.assert(
      fc.property(curve, fc.double({ min: 0, max: 1, noNaN: true }), (link, t) => {
        expect(holds(grown(boundsOf(link), 1e-6), rectAt(pointOn(link, t), [0, 0]))).toBe(true);
      }),
    );
  });

  it('is hit by points on it and missed by points beside it', () => {
    const link = { x1: 0, y1: 0, x2: 400, y2: 200 };
    for (let t = 0; t <= 1; t += 0.05) {
      const [x, y] = pointOn(link, t);
      expect(distanceTo(link, [x, y])).toBeLessThan(1);
      expect(distanceTo(link, [x, y + 60])).toBeGreaterThan(10);
    }
  });

  it('of no length is as far as its point', () => {
    expect(distanceToSegment([3, 4], [0, 0], [0, 0])).toBe(5);
  });
});
