// The canvas follows the hand.
import type { Stage } from '../stage.svelte';
import type { Gesture, Spot } from './gesture';

export class Pan implements Gesture {
  readonly cursor = 'grabbing';
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  move({ by }: Spot): void {
    this.#stage.editor.camera.panBy(by[0], by[1]);
  }

  end(): void {
    // Nothing to settle: the view is not part of the document.
  }

  cancel(): void {
    // A pan is kept: there is nothing to take back.
  }
}
