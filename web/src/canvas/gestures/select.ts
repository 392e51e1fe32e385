// A box dragged over the canvas selects every node and note it touches, and every frame it holds.
import type { Items } from '../../document/edit/items';
import type { Point } from '../../document/types';
import { holds, spanned, type Rect } from '../../geometry/rect';
import type { Stage } from '../stage.svelte';
import type { Gesture, Spot } from './gesture';

export class BoxSelect implements Gesture {
  readonly cursor = 'crosshair';
  readonly #stage: Stage;
  readonly #start: Point;
  readonly #before: Items;

  constructor(stage: Stage, { at }: Spot, adds: boolean) {
    this.#stage = stage;
    this.#start = at;
    const { items } = stage.editor.selection;
    this.#before = adds ? items : { nodes: new Set(), frames: new Set(), notes: new Set() };
  }

  move({ at }: Spot): void {
    const box = spanned(this.#start, at);
    this.#stage.marquee = box;
    this.#select(box);
  }

  end(): void {
    this.#stage.marquee = null;
    this.#stage.draw();
  }

  cancel(): void {
    this.#stage.editor.selection.set(this.#before);
    this.end();
  }

  #select(box: Rect): void {
    const { editor } = this.#stage;
    const { scene } = editor;
    const frames = [...scene.frames.within(box)].filter((id) => {
      const frame = scene.frames.get(id);
      return frame !== undefined && holds(box, frame);
    });
    editor.selection.set({
      nodes: [...this.#before.nodes, ...scene.nodes.within(box)],
      frames: [...this.#before.frames, ...frames],
      notes: [...this.#before.notes, ...scene.notes.within(box)],
    });
  }
}
