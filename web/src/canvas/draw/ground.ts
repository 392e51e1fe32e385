// The empty canvas: a quiet grid of dots that gives a feel for distance and vanishes when too fine to see. Dots stand on
// whole pixels, and where only their place changes they are copied: without a GPU a pattern between pixels takes longer
// than all else that is drawn.
import type { View, Viewport } from '../../geometry/view';
import type { Ink } from './ink';
import { sheetOf } from './surface';

const SPACING = 24;
const MIN_ON_SCREEN = 14;
const DOT = 1.6;

/** The dots of the last frame's spacing, as large as the window and one spacing more. */
let sheet: { key: string; image: HTMLCanvasElement | null } = { key: '', image: null };

export function drawGround(ctx: CanvasRenderingContext2D, view: View, viewport: Viewport, ink: Ink): void {
  const { a: scale } = ctx.getTransform();
  const [width, height] = [Math.ceil(viewport.width * scale), Math.ceil(viewport.height * scale)];
  let spacing = SPACING * view.zoom * scale;
  while (spacing < MIN_ON_SCREEN * scale) spacing *= 4;
  const dots: Dots = { spacing, size: Math.max(1, Math.round(DOT * scale)), width, height };
  const key = [spacing, width, height, ink.ground, ink.grid].join(' ');
  ctx.save();
  ctx.resetTransform();
  const [x, y] = [(view.x * scale) % spacing, (view.y * scale) % spacing];
  if (sheet.key !== key) {
    // While it zooms each frame has a spacing of its own.
    sheet = { key, image: null };
    drawDots(ctx, dots, ink, x, y);
  } else {
    sheet.image ??= imageOf(dots, ink);
    ctx.drawImage(sheet.image, Math.round(x - spacing), Math.round(y - spacing));
  }
  ctx.restore();
}

/** Device pixels. */
interface Dots {
  spacing: number;
  size: number;
  width: number;
  height: number;
}

function drawDots(ctx: CanvasRenderingContext2D, { spacing, size, width, height }: Dots, ink: Ink, left: number, top: number): void {
  ctx.fillStyle = ink.ground;
  ctx.fillRect(0, 0, width, height);
  ctx.fillStyle = ink.grid;
  ctx.beginPath();
  for (let x = left; x < width; x += spacing) {
    for (let y = top; y < height; y += spacing) ctx.rect(Math.round(x), Math.round(y), size, size);
  }
  ctx.fill();
}

function imageOf(dots: Dots, ink: Ink): HTMLCanvasElement {
  const [width, height] = [Math.ceil(dots.width + 2 * dots.spacing), Math.ceil(dots.height + 2 * dots.spacing)];
  return sheetOf(width, height, (brush) => drawDots(brush, { ...dots, width, height }, ink, 0, 0));
}
