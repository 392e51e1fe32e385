// What is drawn on: the page's canvas, and sheets like it that are drawn once and copied.
import type { View } from '../../geometry/view';

/** Lets a context draw in the graph's own units, as the view shows it. */
export function inGraph(ctx: CanvasRenderingContext2D, view: View): void {
  const scale = window.devicePixelRatio || 1;
  ctx.setTransform(scale * view.zoom, 0, 0, scale * view.zoom, scale * view.x, scale * view.y);
}

/** A canvas nobody sees, in device pixels. Opaque, so that to copy it blends nothing. */
export function sheetOf(width: number, height: number, draw: (brush: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const sheet = document.createElement('canvas');
  sheet.width = width;
  sheet.height = height;
  const brush = sheet.getContext('2d', { alpha: false });
  if (brush) draw(brush);
  return sheet;
}
