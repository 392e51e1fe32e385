// What a hand does on the board: paints with what was chosen, drags the view, pinches it. A pen's pressure and its
// eraser end count; so does the right button, which erases.
import type { Board } from './board.svelte';
import type { Place } from './raster';
import type { Tool } from './settings.svelte';

const LEAST_PRESSURE = 0.1;
const ERASER_END = 32;
const RIGHT = 2;

type Gesture = 'paint' | 'pan' | 'pinch' | null;

export class Hand {
  /** Space is held: the view is dragged whatever the tool. */
  dragging = false;
  readonly #board: Board;
  readonly #touches = new Map<number, Place>();
  #gesture: Gesture = null;
  #last: Place = { x: 0, y: 0 };
  #erase = false;

  constructor(board: Board) {
    this.#board = board;
  }

  down(event: PointerEvent, at: Place): void {
    if (event.pointerType === 'touch') this.#touches.set(event.pointerId, at);
    if (this.#touches.size === 2) return this.#startPinch();
    if (this.#gesture) return;
    this.#last = at;
    const pans = event.button === 1 || this.dragging || this.#board.settings.tool === 'hand';
    this.#gesture = pans ? 'pan' : 'paint';
    if (!pans) this.press(this.#board.placeAt(at.x, at.y), this.#pressure(event), (event.buttons & (RIGHT | ERASER_END)) !== 0);
  }

  move(event: PointerEvent, at: Place, all: readonly { event: PointerEvent; at: Place }[]): void {
    if (this.#touches.has(event.pointerId)) {
      if (this.#gesture === 'pinch') return this.#pinch(event.pointerId, at);
      this.#touches.set(event.pointerId, at);
    }
    if (this.#gesture === 'pan') this.#board.pan(at.x - this.#last.x, at.y - this.#last.y);
    if (this.#gesture === 'paint') {
      for (const step of all) this.drag(this.#board.placeAt(step.at.x, step.at.y), this.#pressure(step.event));
    }
    this.#last = at;
    this.#board.brush = this.#board.placeAt(at.x, at.y);
  }

  up(event: PointerEvent): void {
    this.#touches.delete(event.pointerId);
    if (this.#gesture === 'paint') this.release();
    if (this.#gesture !== 'pinch' || this.#touches.size === 0) this.#gesture = null;
  }

  /** The gesture is taken away: by Escape, by the system, by a second finger. */
  cancel(): boolean {
    const busy = this.#gesture === 'paint';
    this.#board.drawing.cancel();
    this.#board.outline = [];
    if (busy) this.#gesture = null;
    return busy;
  }

  // ------------------------------------------------------------ the tools, for pointers and keys alike

  press(at: Place, pressure = 1, erase = false): void {
    const { drawing, settings } = this.#board;
    this.#erase = erase || settings.tool === 'eraser';
    const tool = this.#tool;
    if (tool === 'brush') drawing.begin(this.#board.dotAt(at, pressure), { softness: settings.kept.softness / 100, erase: this.#erase });
    else if (tool === 'fill') this.#fill(at);
    else this.#board.outline = [at];
  }

  drag(to: Place, pressure = 1): void {
    const { drawing, outline } = this.#board;
    const tool = this.#tool;
    if (tool === 'brush') drawing.moveTo(this.#board.dotAt(to, pressure));
    else if (tool === 'rectangle' && outline[0]) this.#board.outline = [outline[0], to];
    else if (tool === 'lasso' && outline.length) this.#board.outline = [...outline, to];
  }

  release(): void {
    const { drawing, outline } = this.#board;
    const [first, last] = [outline[0], outline.at(-1)];
    this.#board.outline = [];
    if (this.#tool === 'brush') drawing.end();
    else if (this.#tool === 'rectangle' && first && last) drawing.rectangle(first, last, this.#erase);
    else if (this.#tool === 'lasso' && outline.length > 2) drawing.lasso(outline, this.#erase);
  }

  /** The eraser is a brush that takes away. */
  get #tool(): Exclude<Tool, 'eraser'> {
    const { tool } = this.#board.settings;
    return tool === 'eraser' ? 'brush' : tool;
  }

  #fill(at: Place): void {
    const { drawing, settings, colours } = this.#board;
    const tolerance = Math.round((settings.kept.tolerance / 100) * 255);
    drawing.fill(at, this.#erase, tolerance > 0 ? { colours, tolerance } : null);
  }

  #pressure(event: PointerEvent): number {
    const counts = event.pointerType === 'pen' && this.#board.settings.kept.pressure;
    return counts ? Math.max(LEAST_PRESSURE, event.pressure) : 1;
  }

  #startPinch(): void {
    this.cancel();
    this.#gesture = 'pinch';
  }

  #pinch(id: number, at: Place): void {
    const other = [...this.#touches].find(([key]) => key !== id)?.[1];
    const before = this.#touches.get(id);
    this.#touches.set(id, at);
    if (other && before) this.#board.pinch(before, at, other);
  }
}
