// What is wrong with the workflow: as the server found it when it was last asked to run, and what the page sees by
// itself while it is edited, which is always of now.
import type { Problem } from '../api/http';

const NONE: readonly Problem[] = [];

export class Problems {
  onchange: (() => void) | null = null;
  #told = $state.raw<readonly Problem[]>(NONE);
  #seen = $state.raw<readonly Problem[]>(NONE);
  readonly #all = $derived.by(() => {
    if (this.#seen.length === 0) return this.#told;
    const places = new Set(this.#seen.map(placeOf));
    return [...this.#seen, ...this.#told.filter((problem) => !places.has(placeOf(problem)))];
  });
  readonly #byNode = $derived.by(() => {
    const byNode = new Map<string, Problem[]>();
    for (const problem of this.#all) {
      const known = byNode.get(problem.node);
      if (known) known.push(problem);
      else byNode.set(problem.node, [problem]);
    }
    return byNode;
  });

  get all(): readonly Problem[] {
    return this.#all;
  }

  of(node: string): readonly Problem[] {
    return this.#byNode.get(node) ?? NONE;
  }

  /** What the server says. */
  set(problems: readonly Problem[]): void {
    if (problems.length === 0 && this.#told.length === 0) return;
    this.#told = problems;
    this.onchange?.();
  }

  /** What the page sees. */
  see(problems: readonly Problem[]): void {
    if (problems.length === 0 && this.#seen.length === 0) return;
    this.#seen = problems;
    this.onchange?.();
  }
}

const placeOf = ({ node, input }: Problem): string => `${node}\n${input}`;
