// All links in view, batched by colour: one stroke for thousands of curves.
import { cornersOf, reach, type Curve, type LinkStyle as Route } from '../../geometry/curve';
import type { Rect } from '../../geometry/rect';
import type { LinkShape } from '../../geometry/scene';

export interface LinkStyle {
  colourOf: (type: string) => string;
  /** Links not to be drawn faint while these are looked at; null for all alike. */
  bright: ReadonlySet<LinkShape> | null;
  hidden: ReadonlySet<LinkShape>;
  route: Route;
  zoom: number;
}

const CURVES_FROM_ZOOM = 0.12;
const HAIRS_BELOW = 0.5;
/** Pixels: a line no wider than one is drawn without being made a shape first, which takes several times as long. */
const HAIR = 0.99;

export function drawLinks(ctx: CanvasRenderingContext2D, links: Iterable<LinkShape>, area: Rect, style: LinkStyle): void {
  const paths = new Map<string, Path2D>();
  const thin = style.zoom < HAIRS_BELOW;
  const route = style.zoom >= CURVES_FROM_ZOOM ? style.route : 'straight';
  for (const link of links) {
    if (link.name || style.hidden.has(link) || style.bright?.has(link) || !mayShow(link, area)) continue;
    let path = paths.get(link.type);
    if (!path) paths.set(link.type, (path = new Path2D()));
    trace(path, link, route);
  }
  ctx.lineCap = thin ? 'butt' : 'round';
  ctx.globalAlpha = style.bright?.size ? 0.45 : 0.85;
  ctx.lineWidth = thin ? HAIR / style.zoom : 2;
  // Always in one order: where colours cross, the same lies above while the view moves.
  for (const [type, path] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    ctx.strokeStyle = style.colourOf(type);
    ctx.stroke(path);
  }
  ctx.globalAlpha = 1;
  for (const link of style.bright ?? []) if (!style.hidden.has(link)) drawLink(ctx, link, style.colourOf(link.type), Math.max(3, 1.6 / style.zoom), route);
}

function drawLink(ctx: CanvasRenderingContext2D, curve: Curve, colour: string, width: number, route: Route): void {
  const path = new Path2D();
  trace(path, curve, route);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke(path);
}

function trace(path: Path2D, link: Curve, route: Route): void {
  path.moveTo(link.x1, link.y1);
  if (route === 'curved') {
    const r = reach(link);
    path.bezierCurveTo(link.x1 + r, link.y1, link.x2 - r, link.y2, link.x2, link.y2);
    return;
  }
  for (const [x, y] of cornersOf(link, route).slice(1)) path.lineTo(x, y);
}

/** Cheaper than exact bounds: this is asked of every link in every frame. */
function mayShow(link: LinkShape, area: Rect): boolean {
  const top = link.y1 < link.y2 ? link.y1 : link.y2;
  const bottom = link.y1 < link.y2 ? link.y2 : link.y1;
  if (bottom < area.y || top > area.y + area.height) return false;
  const left = link.x1 < link.x2 ? link.x1 : link.x2 - 240;
  const right = link.x1 < link.x2 ? link.x2 : link.x1 + 240;
  return right >= area.x && left <= area.x + area.width;
}
