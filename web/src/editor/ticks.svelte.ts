// One signal per id, made when something first reads it: a change of one node wakes only what shows that
// node, and five thousand nodes nobody looks at cost nothing.
import { untrack } from 'svelte';

class Tick {
  value = $state(0);
}

export class Ticks {
  readonly #ticks = new Map<string, Tick>();

  /** Makes the running effect or derived depend on `id`. */
  read(id: string): void {
    let tick = this.#ticks.get(id);
    if (!tick) {
      // Made outside of the reader: Svelte does not track a signal in the reaction that creates it.
      tick = untrack(() => new Tick());
      this.#ticks.set(id, tick);
    }
    void tick.value;
  }

  bump(id: string): void {
    const tick = this.#ticks.get(id);
    if (tick) tick.value += 1;
  }

  bumpAll(): void {
    for (const tick of this.#ticks.values()) tick.value += 1;
  }
}
