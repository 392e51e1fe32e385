// Waits until changes rest, but never longer than so: what follows each other without end is acted on all the same.
export interface Patience {
  /** Milliseconds without a change. */
  rest: number;
  /** Milliseconds from the first change on. */
  longest: number;
}

export class Rest {
  readonly #patience: Patience;
  readonly #act: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since: number | null = null;

  constructor(patience: Patience, act: () => void) {
    this.#patience = patience;
    this.#act = act;
  }

  /** Something changed. */
  touch(): void {
    const now = Date.now();
    this.#since ??= now;
    const left = Math.max(0, this.#since + this.#patience.longest - now);
    this.#wait(Math.min(this.#patience.rest, left));
  }

  /** Acts after so many milliseconds, whatever changes meanwhile. */
  after(delay: number): void {
    this.#since = null;
    this.#wait(delay);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#since = null;
  }

  #wait(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#since = null;
      this.#act();
    }, delay);
  }
}
