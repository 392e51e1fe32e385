// Nodes as plain boxes: all of them when zoomed far out, and those not mounted yet while the view moves fast.
import type { Rect } from '../../geometry/rect';
import type { Ink } from './ink';

export interface Box extends Rect {
  /** Its category's, or the user's. */
  colour: string;
  title: string;
  failed: boolean;
  faint: boolean;
  collapsed: boolean;
}

/** From this zoom on a title stands where its card has it, for the card comes in a moment. */
const AS_ON_CARDS = 0.5;
/** Where that is, from the card's left top corner, and how large it is there. */
const ON_CARDS = { x: 28, y: 18, size: 13 };
const TITLE_FROM = 34;
const SMALLEST = 6;
/** Corners smaller than this many pixels are not seen, and rectangles are far faster to fill than paths. */
const ROUND_FROM = 2.5;
const RADIUS = 8;

export function drawBoxes(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  if (isSquare(zoom)) drawSquare(ctx, boxes, ink, zoom);
  else drawRound(ctx, boxes, ink, zoom);
  outlineBoxes(ctx, boxes.filter((box) => box.failed), ink.danger, 3 / zoom, zoom);
  drawTitles(ctx, boxes, ink, zoom);
}

/** On whole pixels, which are crisp and by far the fastest to fill. */
function drawSquare(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  const { a: scale, e: x, f: y } = ctx.getTransform();
  const edge = Math.max(1, Math.round(scale / zoom));
  const spots = boxes.map((box): Spot => {
    const [left, top] = [Math.round(box.x * scale + x), Math.round(box.y * scale + y)];
    const width = Math.max(1, Math.round((box.x + box.width) * scale + x) - left);
    return { left, top, width, height: Math.max(1, Math.round((box.y + box.height) * scale + y) - top), colour: box.colour };
  });
  ctx.save();
  ctx.resetTransform();
  ctx.fillStyle = ink.border;
  for (const { left, top, width, height } of spots) ctx.fillRect(left, top, width, height);
  ctx.fillStyle = ink.node;
  for (const { left, top, width, height } of spots) ctx.fillRect(left + edge, top + edge, width - 2 * edge, height - 2 * edge);
  const bar = Math.max(1, Math.round(barAt(zoom) * scale));
  for (const { left, top, width, height, colour } of spots) {
    ctx.fillStyle = colour;
    ctx.fillRect(left, top, width, Math.min(bar, height));
  }
  ctx.restore();
}

/** Where a box is on the canvas, in its pixels. */
interface Spot {
  left: number;
  top: number;
  width: number;
  height: number;
  colour: string;
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

const isSquare = (zoom: number): boolean => RADIUS * zoom < ROUND_FROM;

export function outlineBoxes(ctx: CanvasRenderingContext2D, boxes: readonly Rect[], colour: string, width: number, zoom: number): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  if (isSquare(zoom)) {
    for (const box of boxes) ctx.strokeRect(box.x, box.y, box.width, box.height);
    return;
  }
  const path = new Path2D();
  for (const box of boxes) path.roundRect(box.x, box.y, box.width, box.height, RADIUS);
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
  const asOnCards = zoom >= AS_ON_CARDS;
  ctx.textAlign = asOnCards ? 'left' : 'center';
  let font = '';
  for (const box of boxes) {
    if (box.width * zoom < TITLE_FROM || box.height * zoom < 10) continue;
    const size = asOnCards ? Math.round(ON_CARDS.size * zoom) : sizeIn(box, zoom);
    if (size < SMALLEST) continue;
    const wanted = `${asOnCards ? 600 : 500} ${size * pixel}px ${ink.font}`;
    if (wanted !== font) ctx.font = font = wanted;
    ctx.globalAlpha = box.faint ? 0.5 : 1;
    const [left, top] = asOnCards ? [box.x + ON_CARDS.x, box.y + ON_CARDS.y] : [box.x + box.width / 2, box.y + box.height / 2];
    ctx.fillText(box.title, left * scale + x, top * scale + y, (box.width - (asOnCards ? 2 * ON_CARDS.x : 12)) * scale);
  }
  ctx.restore();
}

/** As large as a box has room for in its middle, in pixels of the screen. */
const sizeIn = (box: Box, zoom: number): number =>
  Math.floor(Math.min(12, box.height * zoom * 0.5, (box.width * zoom * 1.7) / Math.max(4, box.title.length)));
