// The box dragged out to select what it touches.
import type { Rect } from '../../geometry/rect';
import type { Ink } from './ink';

export function drawMarquee(ctx: CanvasRenderingContext2D, box: Rect, ink: Ink, zoom: number): void {
  ctx.fillStyle = ink.accent;
  ctx.globalAlpha = 0.08;
  ctx.fillRect(box.x, box.y, box.width, box.height);
  ctx.globalAlpha = 0.9;
  ctx.strokeStyle = ink.accent;
  ctx.lineWidth = 1 / zoom;
  ctx.strokeRect(box.x, box.y, box.width, box.height);
  ctx.globalAlpha = 1;
}
