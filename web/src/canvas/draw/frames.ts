// Frames lie under everything: a tint, an edge, and a band the title sits on.
import type { FrameData } from '../../document/types';
import type { Rect } from '../../geometry/rect';
import type { Ink } from './ink';

export const FRAME_TITLE = 32;

export interface DrawnFrame extends Rect {
  data: FrameData;
  selected: boolean;
}

export function drawFrames(ctx: CanvasRenderingContext2D, frames: readonly DrawnFrame[], ink: Ink, zoom: number): void {
  for (const frame of frames) {
    const colour = frame.data.colour || ink.text;
    const path = new Path2D();
    path.roundRect(frame.x, frame.y, frame.width, frame.height, 12);
    const band = new Path2D();
    band.roundRect(frame.x, frame.y, frame.width, Math.min(FRAME_TITLE, frame.height), [12, 12, 0, 0]);
    ctx.fillStyle = colour;
    ctx.globalAlpha = 0.05;
    ctx.fill(path);
    ctx.globalAlpha = 0.09;
    ctx.fill(band);
    ctx.globalAlpha = frame.selected ? 1 : 0.35;
    ctx.strokeStyle = frame.selected ? ink.accent : colour;
    ctx.lineWidth = (frame.selected ? 2 : 1) / Math.min(1, zoom);
    ctx.stroke(path);
  }
  ctx.globalAlpha = 1;
}
