// Notes seen from afar: a tint and an edge, since their words cannot be read.
import type { Rect } from '../../geometry/rect';
import type { Ink } from './ink';

export function drawNotes(ctx: CanvasRenderingContext2D, notes: readonly { box: Rect; colour: string }[], ink: Ink): void {
  for (const { box, colour } of notes) {
    ctx.fillStyle = colour || ink.accent;
    ctx.globalAlpha = 0.12;
    ctx.fillRect(box.x, box.y, box.width, box.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(box.x, box.y, 4, box.height);
  }
}
