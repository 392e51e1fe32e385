// Two fingers move and zoom the canvas together: the points under them stay under them.
import type { Point } from '../../document/types';
import { panned, zoomedAt, type View } from '../../geometry/view';
import type { Stage } from '../stage.svelte';

export class Pinch {
  readonly #stage: Stage;
  readonly #fingers = new Map<number, Point>();
  #view: View;
  #middle: Point = [0, 0];
  #spread = 1;

  constructor(stage: Stage, fingers: ReadonlyMap<number, Point>) {
    this.#stage = stage;
    this.#view = stage.editor.camera.view;
    for (const [id, point] of fingers) this.#fingers.set(id, point);
    this.#remember();
  }

  move(id: number, client: Point): void {
    if (!this.#fingers.has(id)) return;
    this.#fingers.set(id, client);
    const [middle, spread] = this.#measure();
    const { origin } = this.#stage.editor.camera;
    const at: Point = [this.#middle[0] - origin[0], this.#middle[1] - origin[1]];
    const zoomed = zoomedAt(this.#view, at, this.#view.zoom * (spread / this.#spread));
    this.#stage.editor.camera.set(panned(zoomed, middle[0] - this.#middle[0], middle[1] - this.#middle[1]));
  }

  #remember(): void {
    [this.#middle, this.#spread] = this.#measure();
  }

  #measure(): [Point, number] {
    const [a, b] = [...this.#fingers.values()];
    if (!a || !b) return [a ?? [0, 0], 1];
    return [[(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]))];
  }
}
