// How far a job is, counted from its node changes alone: linear in the changes, whatever the number of nodes.
import type { NodeChange, Progress } from './messages.gen';

type NodeState = NodeChange['state'];

const SETTLED: ReadonlySet<NodeState> = new Set(['done', 'cached', 'failed', 'cancelled', 'skipped']);

export class JobProgress {
  readonly #states = new Map<string, NodeState>();
  readonly #fractions = new Map<string, number>();
  #settled = 0;
  #ran = 0;

  apply(changes: readonly NodeChange[]): void {
    for (const { node, state } of changes) this.#set(node, state);
  }

  step({ node, value, total }: Pick<Progress, 'node' | 'value' | 'total'>): void {
    if (total > 0 && this.#states.get(node) === 'running') this.#fractions.set(node, Math.min(1, value / total));
  }

  get total(): number {
    return this.#states.size;
  }

  get settled(): number {
    return this.#settled;
  }

  /** Nodes that were computed rather than reused. */
  get ran(): number {
    return this.#ran;
  }

  get fraction(): number {
    if (this.total === 0) return 0;
    let partial = 0;
    for (const fraction of this.#fractions.values()) partial += fraction;
    return Math.min(1, (this.#settled + partial) / this.total);
  }

  #set(node: string, state: NodeState): void {
    const before = this.#states.get(node);
    if (before !== undefined && SETTLED.has(before)) this.#settled -= 1;
    if (SETTLED.has(state)) this.#settled += 1;
    if (state === 'done' && before !== 'done') this.#ran += 1;
    if (state !== 'running') this.#fractions.delete(node);
    this.#states.set(node, state);
  }
}
