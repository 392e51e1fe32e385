// What is wrong with the workflow: as the server found it when it was last asked to run, and what the page sees by
// itself while it is edited, which is always of now. Nodes in subgraphs go by flat ids, `outer/inner`; what is wrong
// inside is said of the instance too.
import type { Problem } from '../api/http';
import { worded } from '../languages/sentences';

const NONE: readonly Problem[] = [];

export class Problems {
  onchange: (() => void) | null = null;
  /** What is said of an instance about something in it: with the node's name, at the input that feeds it. */
  outside: (instance: string, problem: Problem) => Problem = (_instance, problem) => problem;
  #scope = $state<string | null>('');
  #told = $state.raw<readonly Problem[]>(NONE);
  #seen = $state.raw<readonly Problem[]>(NONE);
  readonly #all = $derived.by(() => {
    const told = this.#told.map(worded);
    if (this.#seen.length === 0) return told;
    const places = new Set(this.#seen.map(placeOf));
    return [...this.#seen, ...told.filter((problem) => !places.has(placeOf(problem)))];
  });
  readonly #byNode = $derived.by(() => {
    const byNode = new Map<string, Problem[]>();
    const add = (node: string, problem: Problem): void => {
      const known = byNode.get(node);
      if (known) known.push(problem);
      else byNode.set(node, [problem]);
    };
    for (const problem of this.#all) {
      add(problem.node, problem);
      for (let at = problem.node.indexOf('/'); at >= 0; at = problem.node.indexOf('/', at + 1)) {
        add(problem.node.slice(0, at), problem);
      }
    }
    return byNode;
  });

  /** What flat ids of the nodes in the graph shown begin with; null where they have none. */
  get scope(): string | null {
    return this.#scope;
  }

  set scope(scope: string | null) {
    this.#scope = scope;
  }

  get all(): readonly Problem[] {
    return this.#all;
  }

  /** Of a node of the graph shown. */
  of(node: string): readonly Problem[] {
    const { scope } = this;
    const found = scope === null ? undefined : this.#byNode.get(scope + node);
    if (!found) return NONE;
    const flat = `${scope ?? ''}${node}`;
    return found.every((problem) => problem.node === flat)
      ? found
      : found.map((problem) => (problem.node === flat ? problem : this.outside(flat, problem)));
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
