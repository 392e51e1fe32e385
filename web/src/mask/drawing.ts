// A mask being drawn: every change is one step that can be taken back. Knows nothing of screens and pointers.
import type { Rect } from '../geometry/rect';
import { type Brush, type Dot, drawStroke, strokeBox } from './brush';
import { fillRuns, floodRuns, likeColour, notYet } from './fill';
import { fillBox, FULL, invert, type Place, type Raster, wholeOf } from './raster';
import { boxBetween, fillOutline, outlineBox } from './shapes';
import { applyPatch, type Patch, Recording } from './tiles';

/** Bytes of steps that are kept; the oldest go first. */
const MOST_BYTES = 96 * 2 ** 20;

export class Drawing {
  readonly raster: Raster;
  /** Told of each box whose pixels changed. */
  onchange: ((box: Rect) => void) | null = null;
  /** Told when a step was made, taken back or done again. */
  onstep: (() => void) | null = null;
  readonly #done: Patch[] = [];
  readonly #undone: Patch[] = [];
  #stroke: { recording: Recording; brush: Brush; at: Dot } | null = null;

  constructor(raster: Raster) {
    this.raster = raster;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  // ------------------------------------------------------------ strokes

  begin(at: Dot, brush: Brush): void {
    this.end();
    this.#stroke = { recording: new Recording(this.raster), brush, at };
    this.moveTo(at);
  }

  /** Goes on with the stroke; pieces are kept short, so that a long one costs no more than its own breadth. */
  moveTo(to: Dot): void {
    const stroke = this.#stroke;
    if (!stroke) return;
    const { at: from } = stroke;
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const pieces = Math.max(1, Math.ceil(length / Math.max(8, 2 * Math.max(from.radius, to.radius))));
    let last = from;
    for (let piece = 1; piece <= pieces; piece += 1) {
      const next = between(from, to, piece / pieces);
      const box = strokeBox(this.raster, last, next);
      if (box) {
        stroke.recording.touch(box);
        drawStroke(this.raster, last, next, stroke.brush);
        this.onchange?.(box);
      }
      last = next;
    }
    stroke.at = to;
  }

  end(): void {
    const stroke = this.#stroke;
    this.#stroke = null;
    if (stroke) this.#keep(stroke.recording.finish());
  }

  /** Takes a stroke back that has not ended. */
  cancel(): void {
    const patch = this.#stroke?.recording.finish();
    this.#stroke = null;
    if (!patch) return;
    applyPatch(this.raster, patch, 'before');
    this.onchange?.(patch.box);
  }

  // ------------------------------------------------------------ areas

  rectangle(a: Place, b: Place, erase = false): void {
    const box = boxBetween(this.raster, a, b);
    if (box) this.#change(box, () => fillBox(this.raster, box, erase ? 0 : FULL));
  }

  lasso(outline: readonly Place[], erase = false): void {
    const box = outlineBox(this.raster, outline);
    if (box) this.#change(box, () => fillOutline(this.raster, outline, erase ? 0 : FULL));
  }

  /** Fills the area at a place: up to what is painted, or over alike colours of the picture. */
  fill(at: Place, erase = false, like: { colours: Uint8ClampedArray; tolerance: number } | null = null): void {
    const { width, height } = this.raster;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const [seed, value] = [y * width + x, erase ? 0 : FULL];
    const alike = like ? likeColour(like.colours, seed, like.tolerance) : notYet(this.raster, value);
    const runs = floodRuns(width, height, seed, alike);
    this.#change(wholeOf(this.raster), () => fillRuns(this.raster, runs, value));
  }

  invert(): void {
    this.#change(wholeOf(this.raster), () => invert(this.raster));
  }

  clear(): void {
    this.#change(wholeOf(this.raster), () => this.raster.values.fill(0));
  }

  /** Puts another mask of the same size in the place of this one. */
  replace({ values }: Raster): void {
    this.#change(wholeOf(this.raster), () => this.raster.values.set(values));
  }

  // ------------------------------------------------------------ back and forth

  undo(): void {
    this.#move(this.#done, this.#undone, 'before');
  }

  redo(): void {
    this.#move(this.#undone, this.#done, 'after');
  }

  #move(from: Patch[], to: Patch[], side: 'before' | 'after'): void {
    this.end();
    const patch = from.pop();
    if (!patch) return;
    applyPatch(this.raster, patch, side);
    to.push(patch);
    this.onchange?.(patch.box);
    this.onstep?.();
  }

  #change(box: Rect, change: () => void): void {
    this.end();
    const recording = new Recording(this.raster);
    recording.touch(box);
    change();
    this.#keep(recording.finish());
    this.onchange?.(box);
  }

  #keep(patch: Patch | null): void {
    if (!patch) return;
    this.#done.push(patch);
    this.#undone.length = 0;
    let bytes = this.#done.reduce((sum, { size }) => sum + size, 0);
    while (bytes > MOST_BYTES && this.#done.length > 1) bytes -= this.#done.shift()?.size ?? 0;
    this.onstep?.();
  }
}

const between = (a: Dot, b: Dot, share: number): Dot => ({
  x: a.x + (b.x - a.x) * share,
  y: a.y + (b.y - a.y) * share,
  radius: a.radius + (b.radius - a.radius) * share,
});
