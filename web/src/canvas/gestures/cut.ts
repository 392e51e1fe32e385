// A stroke over the canvas cuts every link it goes through, as one step.
import type { InputEnd, Point } from '../../document/types';
import { linksAcross } from '../../geometry/hit';
import type { Stage } from '../stage.svelte';
import type { Gesture, Spot } from './gesture';

export class Cut implements Gesture {
  readonly cursor = 'crosshair';
  readonly #stage: Stage;
  readonly #stroke: Point[];
  readonly #ends = new Map<string, InputEnd>();

  constructor(stage: Stage, { at }: Spot) {
    this.#stage = stage;
    this.#stroke = [at];
  }

  move({ at }: Spot): void {
    const from = this.#stroke.at(-1) ?? at;
    for (const { to } of linksAcross(this.#stage.editor.scene, from, at)) this.#ends.set(`${to.node} ${to.input}`, to);
    this.#stroke.push(at);
    this.#stage.knife = { stroke: this.#stroke, ends: [...this.#ends.values()] };
    this.#stage.draw();
  }

  end(): void {
    this.cancel();
    this.#stage.editor.edit.cutLinks([...this.#ends.values()]);
  }

  cancel(): void {
    this.#stage.knife = null;
    this.#stage.draw();
  }
}
