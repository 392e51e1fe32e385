// What is wrong with the workflow, as the server found it when it was last asked to run.
import type { Problem } from '../api/http';

const NONE: readonly Problem[] = [];

export class Problems {
  onchange: (() => void) | null = null;
  #all = $state.raw<readonly Problem[]>(NONE);
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

  set(problems: readonly Problem[]): void {
    if (problems.length === 0 && this.#all.length === 0) return;
    this.#all = problems;
    this.onchange?.();
  }
}
