// The empty canvas: a quiet grid of dots that gives a feel for distance and vanishes when too fine to see.
import type { View, Viewport } from '../../geometry/view';
import type { Ink } from './ink';

const SPACING = 24;
const MIN_ON_SCREEN = 14;

/** A tile of the grid by its size on screen; zooming back and forth makes few of them. */
const tiles = new Map<string, CanvasPattern>();

export function drawGround(ctx: CanvasRenderingContext2D, view: View, viewport: Viewport, ink: Ink): void {
  ctx.clearRect(0, 0, viewport.width, viewport.height);
  let spacing = SPACING * view.zoom;
  while (spacing < MIN_ON_SCREEN) spacing *= 4;
  const pattern = tileOf(ctx, Math.round(spacing * 4) / 4, ink.grid);
  if (!pattern) return;
  const size = Math.round(spacing * 4) / 4;
  const scale = spacing / size;
  pattern.setTransform(new DOMMatrix([scale, 0, 0, scale, view.x % spacing, view.y % spacing]));
  ctx.fillStyle = pattern;
  ctx.fillRect(0, 0, viewport.width, viewport.height);
}

function tileOf(ctx: CanvasRenderingContext2D, size: number, colour: string): CanvasPattern | null {
  const key = `${size} ${colour}`;
  const known = tiles.get(key);
  if (known) return known;
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.max(1, Math.round(size));
  const brush = tile.getContext('2d');
  if (!brush) return null;
  brush.fillStyle = colour;
  brush.beginPath();
  brush.arc(tile.width / 2, tile.height / 2, 1, 0, 2 * Math.PI);
  brush.fill();
  const pattern = ctx.createPattern(tile, 'repeat');
  if (!pattern) return null;
  if (tiles.size > 64) tiles.clear();
  tiles.set(key, pattern);
  return pattern;
}
