// The stroke of the knife, and what it goes through.
import type { Point } from '../../document/types';
import { polylineOf, type LinkStyle } from '../../geometry/curve';
import type { LinkShape } from '../../geometry/scene';
import type { Ink } from './ink';

export function drawKnife(ctx: CanvasRenderingContext2D, stroke: readonly Point[], links: readonly LinkShape[], ink: Ink, zoom: number, route: LinkStyle): void {
  ctx.strokeStyle = ink.danger;
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.lineWidth = Math.max(3, 2 / zoom);
  for (const link of links) line(ctx, polylineOf(link, route));
  ctx.setLineDash([6 / zoom, 5 / zoom]);
  ctx.lineWidth = 1.5 / zoom;
  line(ctx, stroke);
  ctx.setLineDash([]);
}

function line(ctx: CanvasRenderingContext2D, points: readonly Point[]): void {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
}
