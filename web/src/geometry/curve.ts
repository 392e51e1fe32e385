// The shape of a link: one cubic Bézier leaving an output to the right and entering an input from the left; or, as the
// user likes it, a straight line or one with right angles.
import type { Point } from '../document/types';
import type { Rect } from './rect';

export interface Curve {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export type LinkStyle = 'curved' | 'straight' | 'stepped';

/** The corners of a link that is not curved, its ends included. */
export function cornersOf(curve: Curve, style: 'straight' | 'stepped'): Point[] {
  const { x1, y1, x2, y2 } = curve;
  if (style === 'straight') return [[x1, y1], [x2, y2]];
  const out = Math.min(reach(curve), 24);
  if (x2 - x1 >= 2 * out) {
    const middle = (x1 + x2) / 2;
    return [[x1, y1], [middle, y1], [middle, y2], [x2, y2]];
  }
  const between = (y1 + y2) / 2;
  return [[x1, y1], [x1 + out, y1], [x1 + out, between], [x2 - out, between], [x2 - out, y2], [x2, y2]];
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

/** The link as a line of short pieces. */
export function polylineOf(curve: Curve, style: LinkStyle): Point[] {
  if (style !== 'curved') return cornersOf(curve, style);
  return Array.from({ length: PIECES + 1 }, (_, piece) => pointOn(curve, piece / PIECES));
}

/** The distance from a point to the link, within a small fraction of a unit for links of usual length. */
export function distanceTo(curve: Curve, point: Point, style: LinkStyle = 'curved'): number {
  const line = polylineOf(curve, style);
  let nearest = Infinity;
  for (let piece = 1; piece < line.length; piece += 1) {
    nearest = Math.min(nearest, distanceToSegment(point, line[piece - 1] as Point, line[piece] as Point));
  }
  return nearest;
}

/** Whether a link crosses the line from `a` to `b`: what a stroke of the knife asks. */
export function crosses(curve: Curve, a: Point, b: Point, style: LinkStyle = 'curved'): boolean {
  const line = polylineOf(curve, style);
  return line.some((to, piece) => piece > 0 && segmentsCross(line[piece - 1] as Point, to, a, b));
}

const side = ([ax, ay]: Point, [bx, by]: Point, [px, py]: Point): number => Math.sign((bx - ax) * (py - ay) - (by - ay) * (px - ax));

export function segmentsCross(a: Point, b: Point, c: Point, d: Point): boolean {
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

export function distanceToSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}
