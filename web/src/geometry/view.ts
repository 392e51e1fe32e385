// Where the user looks: screen = world * zoom + (x, y), in CSS pixels from the canvas's top left corner.
import type { Point } from '../document/types';
import { grown, overlaps, type Rect } from './rect';

export interface View {
  x: number;
  y: number;
  zoom: number;
}

export interface Viewport {
  width: number;
  height: number;
}

export const MIN_ZOOM = 0.04;
export const MAX_ZOOM = 4;

export const clampZoom = (zoom: number): number => Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, zoom));

export const toWorld = (view: View, [x, y]: Point): Point => [(x - view.x) / view.zoom, (y - view.y) / view.zoom];

export const toScreen = (view: View, [x, y]: Point): Point => [x * view.zoom + view.x, y * view.zoom + view.y];

export const panned = (view: View, dx: number, dy: number): View => ({ ...view, x: view.x + dx, y: view.y + dy });

/** Moved by less than a pixel of the screen, of which a CSS pixel has `scale`: what stands on whole ones is drawn sharp, and fast. */
export const onPixels = (view: View, scale: number): View => ({ ...view, x: Math.round(view.x * scale) / scale, y: Math.round(view.y * scale) / scale });

/** Zoomed so that the world under `at` (on screen) stays there. */
export function zoomedAt(view: View, at: Point, zoom: number): View {
  const next = clampZoom(zoom);
  const factor = next / view.zoom;
  return { x: at[0] - (at[0] - view.x) * factor, y: at[1] - (at[1] - view.y) * factor, zoom: next };
}

/** The part of the world on screen. */
export function visible(view: View, viewport: Viewport): Rect {
  const [x, y] = toWorld(view, [0, 0]);
  return { x, y, width: viewport.width / view.zoom, height: viewport.height / view.zoom };
}

export interface Insets {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** The view that shows all of `area` in the middle of what the panels leave free, never larger than life. */
export function fitted(area: Rect, viewport: Viewport, insets: Insets, largest = 1): View {
  const width = Math.max(80, viewport.width - insets.left - insets.right);
  const height = Math.max(80, viewport.height - insets.top - insets.bottom);
  const wanted = Math.min(width / Math.max(1, area.width), height / Math.max(1, area.height), largest);
  const zoom = clampZoom(wanted);
  return {
    x: insets.left + (width - area.width * zoom) / 2 - area.x * zoom,
    y: insets.top + (height - area.height * zoom) / 2 - area.y * zoom,
    zoom,
  };
}

/** What stands out over a node's edge: its sockets. */
const EDGE = 8;
/** Between a node and the panel it was moved away from. */
const GAP = 24;

/** The widest viewport whose panels lie over the canvas from below, as the style sheets have it. */
export const NARROW = 700;
/** Below this zoom a node's words cannot be read. */
const READABLE = 0.45;
const OPENING = 0.6;

/** What a document opens with: all of it, but on a narrow viewport its beginning when all would be too small to read. */
export function opened(area: Rect, viewport: Viewport, insets: Insets): View {
  const all = fitted(area, viewport, insets);
  if (viewport.width > NARROW || all.zoom >= READABLE) return all;
  return { x: insets.left - area.x * OPENING, y: insets.top - area.y * OPENING, zoom: OPENING };
}

/** Panned left, or up from a sheet below, just so far that a panel does not cover `box`; the same view when it does not. */
export function uncovered(view: View, box: Rect, panel: Rect, insets: Pick<Insets, 'left' | 'top'>): View {
  const [x, y] = toScreen(view, [box.x, box.y]);
  const shown: Rect = { x, y, width: box.width * view.zoom, height: box.height * view.zoom };
  if (!overlaps(grown(shown, EDGE), panel)) return view;
  // A node too large for what is left free shows its beginning.
  const by = (enough: number, most: number): number => Math.min(0, Math.max(enough, most));
  if (panel.x <= insets.left) return panned(view, 0, by(panel.y - GAP - (shown.y + shown.height), insets.top - shown.y));
  return panned(view, by(panel.x - GAP - (shown.x + shown.width), insets.left - shown.x), 0);
}
