// Where the user looks, and moves there: at once under the hand, softly when the page decides.
import { clampZoom, fitted, opened, panned, toWorld, uncovered, visible, zoomedAt, type Insets, type View, type Viewport } from '../geometry/view';
import { centreOf, type Rect } from '../geometry/rect';
import type { Point } from '../document/types';
import { isStill } from '../theme/motion';
import type { PaletteRequest } from './requests.svelte';

const GLIDE_MS = 180;

export class Camera {
  view = $state.raw<View>({ x: 0, y: 0, zoom: 1 });
  viewport = $state.raw<Viewport>({ width: 1280, height: 800 });
  /** What floats over the canvas and must not cover what is shown. */
  insets: Insets = { top: 72, right: 40, bottom: 56, left: 40 };
  /** The canvas's top left corner in the window. */
  origin: Point = [0, 0];
  onmove: (() => void) | null = null;
  #gliding = 0;
  /** Where a glide ends; null while there is none. */
  #goal: View | null = null;
  /** What to show once the canvas has a size. */
  #waiting: Rect | null = null;
  #sized = false;

  /** The canvas got another size: what is in its middle stays there. */
  resize(viewport: Viewport): void {
    const before = this.viewport;
    this.viewport = viewport;
    if (this.#sized) this.#put(panned(this.view, (viewport.width - before.width) / 2, (viewport.height - before.height) / 2));
    else if (this.#waiting) this.jumpTo(this.#waiting);
    this.#sized = true;
    this.#waiting = null;
  }

  set(view: View): void {
    this.stop();
    this.#waiting = null;
    this.#put(view);
  }

  panBy(dx: number, dy: number): void {
    this.set(panned(this.view, dx, dy));
  }

  /** Zooms about a point on screen, by default the middle. */
  zoomBy(factor: number, at: Point = this.#middle): void {
    this.set(zoomedAt(this.view, at, this.view.zoom * factor));
  }

  zoomTo(zoom: number, at: Point = this.#middle): void {
    this.glide(zoomedAt(this.view, at, clampZoom(zoom)));
  }

  fit(area: Rect, largest = 1): void {
    this.glide(fitted(area, this.viewport, this.insets, largest));
  }

  /** Shows an area at once, without moving there: a document was opened. */
  jumpTo(area: Rect | null): void {
    this.set(area ? opened(area, this.viewport, this.insets) : { x: 0, y: 0, zoom: 1 });
    if (!this.#sized) this.#waiting = area;
  }

  /** Brings a box to the middle without changing the zoom, unless it is too small to read. */
  centre(box: Rect): void {
    const zoom = Math.max(this.view.zoom, 0.6);
    const [x, y] = centreOf(box);
    this.glide({ x: this.viewport.width / 2 - x * zoom, y: this.viewport.height / 2 - y * zoom, zoom });
  }

  /** Pans just as far as is needed to see a box. */
  show(box: Rect): void {
    const area = visible(this.view, this.viewport);
    const margin = 40 / this.view.zoom;
    const push = (low: number, high: number, from: number, to: number): number =>
      low < from + margin ? from + margin - low : high > to - margin ? Math.max(to - margin - high, from + margin - low) : 0;
    const dx = push(box.x, box.x + box.width, area.x, area.x + area.width);
    const dy = push(box.y, box.y + box.height, area.y, area.y + area.height);
    if (dx || dy) this.glide(panned(this.view, dx * this.view.zoom, dy * this.view.zoom));
  }

  /** Pans just as far as is needed that a panel, given in CSS pixels of the window, does not cover a box. */
  uncover(box: Rect, panel: Rect): void {
    const [left, top] = this.origin;
    const from = this.#goal ?? this.view;
    const { x, y, width, height } = panel;
    const to = uncovered(from, box, { x: x - left, y: y - top, width, height }, this.insets);
    if (to !== from) this.glide(to);
  }

  /** A point of the window in the canvas's own units. */
  at(clientX: number, clientY: number): Point {
    return toWorld(this.view, [clientX - this.origin[0], clientY - this.origin[1]]);
  }

  boxInMiddle(width: number, height: number): Rect {
    const [x, y] = toWorld(this.view, this.#middle);
    return { x: snap(x - width / 2), y: snap(y - height / 2), width, height };
  }

  middleRequest(): PaletteRequest {
    return this.requestAt(toWorld(this.view, this.#middle));
  }

  /** The palette at a point of the canvas. */
  requestAt(at: Point): PaletteRequest {
    const { x, y, zoom } = this.view;
    return { x: at[0] * zoom + x + this.origin[0], y: at[1] * zoom + y + this.origin[1], at, fitting: null };
  }

  glide(to: View): void {
    this.stop();
    if (isStill()) return this.#put(to);
    this.#goal = to;
    const from = this.view;
    const start = performance.now();
    const frame = (now: number): void => {
      const t = Math.min(1, Math.max(0, (now - start) / GLIDE_MS));
      const eased = 1 - (1 - t) ** 3;
      this.#put(t === 1 ? to : between(from, to, eased));
      if (t === 1) this.stop();
      else this.#gliding = requestAnimationFrame(frame);
    };
    this.#gliding = requestAnimationFrame(frame);
  }

  stop(): void {
    if (this.#gliding) cancelAnimationFrame(this.#gliding);
    this.#gliding = 0;
    this.#goal = null;
  }

  get #middle(): Point {
    return [this.viewport.width / 2, this.viewport.height / 2];
  }

  #put(view: View): void {
    this.view = view;
    this.onmove?.();
  }
}

const snap = (value: number): number => Math.round(value / 8) * 8;

/** Between two views, zooming evenly to the eye. */
function between(a: View, b: View, t: number): View {
  return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t, zoom: a.zoom + (b.zoom - a.zoom) * t };
}
