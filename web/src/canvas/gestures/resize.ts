// Drags a corner of a node, frame or note. Nodes never get smaller than what they show needs.
import type { Point, Size } from '../../document/types';
import { MIN_WIDTH } from '../../geometry/layout';
import { snapped } from '../../geometry/snap';
import type { Stage } from '../stage.svelte';
import type { Kind } from '../target';
import type { Gesture, Spot } from './gesture';

const LEAST: Readonly<Record<Kind, Size>> = { nodes: [MIN_WIDTH, 36], frames: [120, 80], notes: [120, 64] };

export class Resize implements Gesture {
  readonly cursor = 'nwse-resize';
  readonly #stage: Stage;
  readonly #kind: Kind;
  readonly #id: string;
  readonly #start: Point;
  readonly #from: Size;
  #size: Size;

  constructor(stage: Stage, { at }: Spot, kind: Kind, id: string) {
    const box = stage.editor.scene[kind].get(id);
    this.#stage = stage;
    this.#kind = kind;
    this.#id = id;
    this.#start = at;
    this.#from = [box?.width ?? 0, box?.height ?? 0];
    this.#size = this.#from;
  }

  move({ at, alt }: Spot): void {
    const [least, step] = [LEAST[this.#kind], alt === this.#stage.editor.preferences.snap ? Math.round : snapped];
    this.#size = [
      Math.max(least[0], step(this.#from[0] + at[0] - this.#start[0])),
      Math.max(least[1], step(this.#from[1] + at[1] - this.#start[1])),
    ];
    this.#stage.editor.trySize(this.#kind, this.#id, this.#size);
    this.#stage.draw();
  }

  end(): void {
    const { editor } = this.#stage;
    editor.trySize(this.#kind, this.#id, null);
    if (this.#size === this.#from) return;
    if (this.#kind === 'nodes') editor.edit.resizeNode(this.#id, this.#size);
    else if (this.#kind === 'frames') editor.edit.changeFrame(this.#id, { size: this.#size });
    else editor.edit.changeNote(this.#id, { size: this.#size });
  }

  cancel(): void {
    this.#stage.editor.trySize(this.#kind, this.#id, null);
    this.#stage.draw();
  }
}
