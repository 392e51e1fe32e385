// Nodes as plain boxes: all of them when zoomed far out, and those not mounted yet while the view moves fast.
import type { Rect } from '../../geometry/rect';
import type { Ink } from './ink';

export interface Box extends Rect {
  /** Its category's, or the user's. */
  colour: string;
  title: string;
  selected: boolean;
  failed: boolean;
  faint: boolean;
  collapsed: boolean;
}

const TITLE_FROM = 34;
const SMALLEST = 6;
/** Corners smaller than this many pixels are not seen, and rectangles are far faster to fill than paths. */
const ROUND_FROM = 2.5;
const RADIUS = 8;

export function drawBoxes(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  if (RADIUS * zoom < ROUND_FROM) drawSquare(ctx, boxes, ink, zoom);
  else drawRound(ctx, boxes, ink, zoom);
  outline(ctx, boxes.filter((box) => box.failed), ink.danger, 3 / zoom);
  outline(ctx, boxes.filter((box) => box.selected), ink.accent, 2.5 / zoom);
  drawTitles(ctx, boxes, ink, zoom);
}

function drawSquare(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  const [edge, bar] = [1 / zoom, barAt(zoom)];
  ctx.fillStyle = ink.border;
  for (const { x, y, width, height } of boxes) ctx.fillRect(x - edge / 2, y - edge / 2, width + edge, height + edge);
  ctx.fillStyle = ink.node;
  for (const { x, y, width, height } of boxes) ctx.fillRect(x + edge / 2, y + edge / 2, width - edge, height - edge);
  for (const { x, y, width, height, colour } of boxes) {
    ctx.fillStyle = colour;
    ctx.fillRect(x, y, width, Math.min(bar, height));
  }
}

function drawRound(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  const bodies = new Path2D();
  const bars = new Map<string, Path2D>();
  const bar = barAt(zoom);
  for (const box of boxes) {
    bodies.roundRect(box.x, box.y, box.width, box.height, RADIUS);
    let path = bars.get(box.colour);
    if (!path) bars.set(box.colour, (path = new Path2D()));
    path.roundRect(box.x, box.y, box.width, Math.min(bar, box.height), [RADIUS, RADIUS, 0, 0]);
  }
  ctx.fillStyle = ink.node;
  ctx.fill(bodies);
  ctx.lineWidth = 1 / zoom;
  ctx.strokeStyle = ink.border;
  ctx.stroke(bodies);
  for (const [colour, path] of bars) {
    ctx.fillStyle = colour;
    ctx.fill(path);
  }
}

const barAt = (zoom: number): number => Math.max(4, 3 / zoom);

function outline(ctx: CanvasRenderingContext2D, boxes: readonly Box[], colour: string, width: number): void {
  if (!boxes.length) return;
  const path = new Path2D();
  for (const box of boxes) path.roundRect(box.x, box.y, box.width, box.height, RADIUS);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke(path);
}

/** Titles stay readable on screen, as large as the box has room for. Sizes are whole pixels: each new one makes all
 letters anew, and a zoom would ask for one a frame. */
function drawTitles(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  const { a: scale, e: x, f: y } = ctx.getTransform();
  const pixel = scale / zoom;
  ctx.save();
  ctx.resetTransform();
  ctx.fillStyle = ink.text;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'center';
  let font = '';
  for (const box of boxes) {
    if (box.width * zoom < TITLE_FROM || box.height * zoom < 10) continue;
    const size = Math.floor(Math.min(12, box.height * zoom * 0.5, (box.width * zoom * 1.7) / Math.max(4, box.title.length)));
    if (size < SMALLEST) continue;
    const wanted = `500 ${size * pixel}px ${ink.font}`;
    if (wanted !== font) ctx.font = font = wanted;
    ctx.globalAlpha = box.faint ? 0.5 : 1;
    ctx.fillText(box.title, (box.x + box.width / 2) * scale + x, (box.y + box.height / 2) * scale + y, (box.width - 12) * scale);
  }
  ctx.restore();
}
