// What is drawn of a job on the nodes: collected between two frames and handed over at once, so that a
// thousand changes cost one drawing. Also owns the preview pictures' object URLs, which must be given back.
import type { NodeRun } from '../editor/run';
import type { NodeChange, OutputInfo, Progress } from './messages.gen';
import { WHOLE_JOB } from './progress';

export interface RunView {
  set: (node: string, patch: Partial<NodeRun>) => void;
  reset: (options: { keepPictures: boolean }) => void;
  readonly all: ReadonlyMap<string, NodeRun>;
}

type Later = (draw: () => void) => void;

export class RunDrawing {
  readonly #view: RunView;
  readonly #later: Later;
  readonly #waiting = new Map<string, Partial<NodeRun>>();
  readonly #previews = new Map<string, string>();
  /** Nodes whose outputs are this job's; the first of them takes the place of the job before. */
  readonly #fresh = new Set<string>();
  #scheduled = false;

  constructor(view: RunView, later: Later) {
    this.#view = view;
    this.#later = later;
  }

  /** A job begins: its nodes forget the last one, but keep its pictures until there are new ones. */
  begin(): void {
    this.#fresh.clear();
    this.#waiting.clear();
    this.#view.reset({ keepPictures: true });
  }

  /** Another document is open: nothing of the last one stays. */
  clear(): void {
    this.#fresh.clear();
    this.#waiting.clear();
    for (const url of this.#previews.values()) URL.revokeObjectURL(url);
    this.#previews.clear();
  }

  change({ node, state, reason, reason_phrase, seconds, expected }: NodeChange): void {
    this.#patch(node, { state, reason: reason ?? '', reasonPhrase: reason_phrase ?? null, seconds: seconds ?? null, expected: expected ?? null, ...(state === 'running' ? { value: 0, total: 0 } : {}) });
  }

  step({ node, value, total, remaining }: Pick<Progress, 'node' | 'value' | 'total' | 'remaining'>): void {
    if (node !== WHOLE_JOB) this.#patch(node, { value, total, remaining: remaining ?? null });
  }

  output(output: OutputInfo): void {
    const first = !this.#fresh.has(output.node);
    this.#fresh.add(output.node);
    if (!output.url && output.text) {
      this.#patch(output.node, { text: output.text });
      return;
    }
    const before = first ? [] : (this.#waiting.get(output.node)?.outputs ?? this.#view.all.get(output.node)?.outputs ?? []);
    if (before.some((other) => other.id === output.id)) return;
    this.#patch(output.node, { outputs: [...before, output] });
  }

  /** A picture of the job before, written while this one runs: shown until there is one of this job. */
  late(output: OutputInfo): void {
    if (!output.url || this.#fresh.has(output.node)) return;
    const before = this.#waiting.get(output.node)?.outputs ?? this.#view.all.get(output.node)?.outputs ?? [];
    this.#patch(output.node, { outputs: [...before.filter(({ job }) => job === output.job), output] });
  }

  /** The URL stays good until the next preview of the node. */
  preview(node: string, picture: Blob): string {
    const old = this.#previews.get(node);
    const url = URL.createObjectURL(picture);
    this.#previews.set(node, url);
    this.#patch(node, { previewUrl: url });
    // The old one may still be on the screen until the next drawing.
    if (old) this.#later(() => URL.revokeObjectURL(old));
    return url;
  }

  fail(node: string, failure: NodeRun['failure']): void {
    this.#patch(node, { state: 'failed', failure });
  }

  #patch(node: string, patch: Partial<NodeRun>): void {
    this.#waiting.set(node, { ...this.#waiting.get(node), ...patch });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#later(() => this.#draw());
  }

  #draw(): void {
    this.#scheduled = false;
    const patches = [...this.#waiting];
    this.#waiting.clear();
    for (const [node, patch] of patches) this.#view.set(node, patch);
  }
}
