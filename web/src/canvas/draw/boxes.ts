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

export function drawBoxes(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  const bodies = new Path2D();
  const bars = new Map<string, Path2D>();
  const bar = Math.max(4, 3 / zoom);
  for (const box of boxes) {
    bodies.roundRect(box.x, box.y, box.width, box.height, 8);
    let path = bars.get(box.colour);
    if (!path) bars.set(box.colour, (path = new Path2D()));
    path.roundRect(box.x, box.y, box.width, Math.min(bar, box.height), [8, 8, 0, 0]);
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
  outline(ctx, boxes.filter((box) => box.failed), ink.danger, 3 / zoom);
  outline(ctx, boxes.filter((box) => box.selected), ink.accent, 2.5 / zoom);
  drawTitles(ctx, boxes, ink, zoom);
}

function outline(ctx: CanvasRenderingContext2D, boxes: readonly Box[], colour: string, width: number): void {
  if (!boxes.length) return;
  const path = new Path2D();
  for (const box of boxes) path.roundRect(box.x, box.y, box.width, box.height, 8);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke(path);
}

/** Titles stay readable on screen, as large as the box has room for. */
function drawTitles(ctx: CanvasRenderingContext2D, boxes: readonly Box[], ink: Ink, zoom: number): void {
  ctx.fillStyle = ink.text;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'center';
  for (const box of boxes) {
    if (box.width * zoom < TITLE_FROM || box.height * zoom < 10) continue;
    const size = Math.min(12 / zoom, box.height * 0.5, (box.width * 1.7) / Math.max(4, box.title.length));
    if (size * zoom < 6.5) continue;
    ctx.font = `500 ${size}px ${ink.font}`;
    ctx.globalAlpha = box.faint ? 0.5 : 1;
    ctx.fillText(box.title, box.x + box.width / 2, box.y + box.height / 2, box.width - 12);
  }
  ctx.globalAlpha = 1;
}
