// The shape of a link: one cubic Bézier leaving an output to the right and entering an input from the left.
import type { Point } from '../document/types';
import type { Rect } from './rect';

export interface Curve {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** How far the handles reach: with the distance, and far enough that a link backwards shows as a loop. */
export function reach(curve: Curve): number {
  const dx = curve.x2 - curve.x1;
  const dy = Math.abs(curve.y2 - curve.y1);
  const ahead = Math.max(dx * 0.5, Math.min(40, dy * 0.5 + 12));
  return dx >= 0 ? Math.min(ahead, 240) : Math.min(40 - dx * 0.4, 240);
}

/** A box that surely holds the curve: a Bézier stays within its four handles. */
export function boundsOf(curve: Curve): Rect {
  const r = reach(curve);
  const left = Math.min(curve.x1, curve.x2 - r);
  const top = Math.min(curve.y1, curve.y2);
  return {
    x: left,
    y: top,
    width: Math.max(curve.x1 + r, curve.x2) - left,
    height: Math.abs(curve.y2 - curve.y1),
  };
}

/** The point at `t` from 0 (the output) to 1 (the input). */
export function pointOn(curve: Curve, t: number): Point {
  const r = reach(curve);
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  const y = (a + b) * curve.y1 + (c + d) * curve.y2;
  return [a * curve.x1 + b * (curve.x1 + r) + c * (curve.x2 - r) + d * curve.x2, y];
}

const PIECES = 24;

/** The distance from a point to the curve, within a small fraction of a unit for links of usual length. */
export function distanceTo(curve: Curve, point: Point): number {
  let nearest = Infinity;
  let from = pointOn(curve, 0);
  for (let piece = 1; piece <= PIECES; piece += 1) {
    const to = pointOn(curve, piece / PIECES);
    nearest = Math.min(nearest, distanceToSegment(point, from, to));
    from = to;
  }
  return nearest;
}

export function distanceToSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}
