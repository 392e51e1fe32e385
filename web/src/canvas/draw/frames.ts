// Frames lie under everything: a tint, an edge, and a band the title sits on.
import type { FrameData } from '../../document/types';
import type { Rect } from '../../geometry/rect';
import type { Ink } from './ink';

export const FRAME_TITLE = 32;
const RADIUS = 12;

/** Nearer, a frame's title is an element. */
const FRAME_TITLES_BELOW = 0.28;

export interface DrawnFrame extends Rect {
  data: FrameData;
}

export function drawFrames(ctx: CanvasRenderingContext2D, frames: readonly DrawnFrame[], ink: Ink, zoom: number): void {
  for (const frame of frames) {
    const colour = frame.data.colour || ink.text;
    const path = new Path2D();
    path.roundRect(frame.x, frame.y, frame.width, frame.height, RADIUS);
    const band = new Path2D();
    band.roundRect(frame.x, frame.y, frame.width, Math.min(FRAME_TITLE, frame.height), [RADIUS, RADIUS, 0, 0]);
    ctx.fillStyle = colour;
    ctx.globalAlpha = 0.05;
    ctx.fill(path);
    ctx.globalAlpha = 0.09;
    ctx.fill(band);
    ctx.globalAlpha = 0.35;
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1 / Math.min(1, zoom);
    ctx.stroke(path);
    ctx.globalAlpha = 1;
    if (zoom < FRAME_TITLES_BELOW) drawTitle(ctx, frame, ink, zoom);
  }
  ctx.globalAlpha = 1;
}

/** Those that are selected. */
export function outlineFrames(ctx: CanvasRenderingContext2D, frames: readonly Rect[], ink: Ink, zoom: number): void {
  ctx.strokeStyle = ink.accent;
  ctx.lineWidth = 2 / Math.min(1, zoom);
  for (const { x, y, width, height } of frames) {
    ctx.beginPath();
    ctx.roundRect(x, y, width, height, RADIUS);
    ctx.stroke();
  }
}

/** From afar the title stays readable for as long as the frame has room for it. */
function drawTitle(ctx: CanvasRenderingContext2D, frame: DrawnFrame, ink: Ink, zoom: number): void {
  const size = Math.min(13 / zoom, (frame.width * 1.6) / Math.max(6, frame.data.title.length), frame.height / 3);
  if (size * zoom < 7) return;
  ctx.font = `600 ${size}px ${ink.font}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'bottom';
  ctx.fillStyle = frame.data.colour || ink.text;
  ctx.fillText(frame.data.title, frame.x, frame.y - 4 / zoom, frame.width);
}
