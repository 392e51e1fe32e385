// The picture with the mask over it: what is drawn, how it is shown, and where the user looks.
import type { Rect } from '../geometry/rect';
import { fitted, type Look, movedBy, pinched, zoomedAt } from '../panels/zoom';
import type { Dot } from './brush';
import { Drawing } from './drawing';
import { feathered } from './feather';
import { FULL, type Place, type Raster, wholeOf } from './raster';
import { type MaskSettings, TINTS } from './settings.svelte';

/** Pixels at the bottom of the frame that the options cover. */
const OPTIONS = 40;

export class Board {
  readonly drawing: Drawing;
  readonly colours: Uint8ClampedArray;
  readonly settings: MaskSettings;
  /** Null: as large as there is room. */
  look: Look | null = $state.raw(null);
  frame = $state.raw({ width: 1, height: 1 });
  /** Grows with every step, for what shows whether there is one to take back. */
  steps = $state(0);
  /** Where the brush is, in pixels of the picture; null while it is nowhere. */
  brush: Place | null = $state.raw(null);
  /** The corners of an area that is being drawn. */
  outline: readonly Place[] = $state.raw([]);
  #context: CanvasRenderingContext2D | null = null;
  #awaiting = 0;

  constructor(raster: Raster, colours: Uint8ClampedArray, settings: MaskSettings) {
    this.drawing = new Drawing(raster);
    this.colours = colours;
    this.settings = settings;
    this.drawing.onchange = (box) => this.#show(raster, box);
    this.drawing.onstep = () => {
      this.steps += 1;
      if (settings.feather > 0) this.showAll();
    };
  }

  get size(): { width: number; height: number } {
    return this.drawing.raster;
  }

  get shown(): Look {
    return this.look ?? fitted({ ...this.frame, height: this.frame.height - OPTIONS }, this.size);
  }

  get canUndo(): boolean {
    void this.steps;
    return this.drawing.canUndo;
  }

  get canRedo(): boolean {
    void this.steps;
    return this.drawing.canRedo;
  }

  /** The share of the picture that is painted, 0 to 1. */
  get covered(): number {
    void this.steps;
    const { values } = this.drawing.raster;
    let sum = 0;
    for (const value of values) sum += value;
    return sum / FULL / values.length;
  }

  // ------------------------------------------------------------ looking

  zoom(factor: number, at: Place = { x: this.frame.width / 2, y: this.frame.height / 2 }): void {
    this.look = zoomedAt(this.shown, at, factor);
  }

  pan(dx: number, dy: number): void {
    this.look = movedBy(this.shown, dx, dy);
  }

  pinch(before: Place, at: Place, other: Place): void {
    this.look = pinched(this.shown, before, at, other);
  }

  /** A point of the frame in pixels of the picture. */
  placeAt(x: number, y: number): Place {
    const look = this.shown;
    return { x: (x - look.x) / look.scale, y: (y - look.y) / look.scale };
  }

  dotAt(place: Place, pressure = 1): Dot {
    return { ...place, radius: Math.max(0.5, (this.settings.kept.size / 2) * pressure) };
  }

  // ------------------------------------------------------------ showing

  attach(canvas: HTMLCanvasElement): () => void {
    this.#context = canvas.getContext('2d');
    this.showAll();
    return () => {
      cancelAnimationFrame(this.#awaiting);
      this.#context = null;
    };
  }

  /** Shows the mask as it will be saved, with the next frame: a slider asks more often than that. */
  showAll(): void {
    cancelAnimationFrame(this.#awaiting);
    this.#awaiting = requestAnimationFrame(() => {
      const { raster } = this.drawing;
      this.#show(this.settings.feather > 0 ? feathered(raster, this.settings.feather) : raster, wholeOf(raster));
    });
  }

  #show({ width, values }: Raster, box: Rect): void {
    if (!this.#context) return;
    const [red, green, blue] = TINTS[this.settings.kept.tint];
    const image = new ImageData(box.width, box.height);
    for (let row = 0; row < box.height; row += 1) {
      for (let column = 0; column < box.width; column += 1) {
        const at = (row * box.width + column) * 4;
        image.data[at] = red;
        image.data[at + 1] = green;
        image.data[at + 2] = blue;
        image.data[at + 3] = values[(box.y + row) * width + box.x + column] ?? 0;
      }
    }
    this.#context.putImageData(image, box.x, box.y);
  }
}
