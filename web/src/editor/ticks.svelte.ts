// One signal per id, made when something first reads it: a change of one node wakes only what shows that
// node, and five thousand nodes nobody looks at cost nothing.
class Tick {
  value = $state(0);
}

export class Ticks {
  readonly #ticks = new Map<string, Tick>();

  /** Makes the running effect or derived depend on `id`. */
  read(id: string): void {
    let tick = this.#ticks.get(id);
    if (!tick) this.#ticks.set(id, (tick = makeTick()));
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

/** Made in a root of its own: Svelte does not track a signal in the very reaction that creates it. */
function makeTick(): Tick {
  let tick: Tick | undefined;
  $effect.root(() => {
    tick = new Tick();
  })();
  return tick ?? new Tick();
}
