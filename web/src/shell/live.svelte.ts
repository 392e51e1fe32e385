// Live mode: what changes runs by itself a moment later, and a newer run takes the place of an older one that is not
// useful yet. Only what counts for a run starts one: moving a node does not.
import type { JobInfo } from '../api/messages.gen';
import type { Left } from '../api/progress';
import type { GraphData, Workflow } from '../document/types';

/** Milliseconds of rest before a change runs. */
const REST = 350;
/** Seconds: a job so near its end is let finish. */
const NEARLY_DONE = 1;

export type LiveState = 'off' | 'on' | 'problems';

export interface LiveHost {
  workflow: () => Workflow;
  /** Sends the workflow as it stands; the job, or null where it cannot run. */
  send: () => Promise<JobInfo | null>;
  cancel: (job: string) => Promise<void>;
  jobs: () => readonly JobInfo[];
  left: () => Left | null;
  /** Whether jobs can run at all now. */
  ready: () => boolean;
}

/** All of a workflow that counts for what it computes, as text. */
export function runKey(workflow: Workflow): string {
  const counts = (graph: GraphData): unknown =>
    Object.entries(graph.nodes ?? {}).map(([id, { type, inputs, mode, loop }]) => [id, type, inputs, mode ?? 'run', loop]);
  const subgraphs = Object.entries(workflow.subgraphs ?? {}).map(([id, graph]) => [id, counts(graph), graph['inputs'], graph['outputs']]);
  return JSON.stringify([workflow.id, counts(workflow), subgraphs]);
}

/** Which of our earlier jobs a newer one makes useless: all that wait, and the running one unless it is nearly done. */
export function staleJobs(jobs: readonly JobInfo[], ours: ReadonlySet<string>, left: Left | null): string[] {
  const nearly = left !== null && !left.atLeast && left.seconds <= NEARLY_DONE;
  return jobs
    .filter(({ id, state }) => ours.has(id) && (state === 'queued' || (state === 'running' && !nearly)))
    .map(({ id }) => id);
}

export class Live {
  state: LiveState = $state('off');
  readonly #host: LiveHost;
  readonly #ours = new Set<string>();
  #ran = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending = false;

  constructor(host: LiveHost) {
    this.#host = host;
  }

  get isOn(): boolean {
    return this.state !== 'off';
  }

  toggle(): void {
    clearTimeout(this.#timer);
    this.state = this.isOn ? 'off' : 'on';
    this.#ran = '';
    this.changed(0);
  }

  /** Something may have changed, or jobs may run again. */
  changed(rest = REST): void {
    if (!this.isOn) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), rest);
  }

  /** The user ran the workflow as it stands: it need not run again. */
  ranBy(workflow: Workflow): void {
    this.#ran = runKey(workflow);
  }

  async #run(): Promise<void> {
    const key = runKey(this.#host.workflow());
    if (this.#sending || !this.isOn || key === this.#ran || !this.#host.ready()) return;
    this.#sending = true;
    try {
      const job = await this.#host.send();
      this.#ran = key;
      if (this.isOn) this.state = job ? 'on' : 'problems';
      if (job) await this.#replace(job);
    } finally {
      this.#sending = false;
    }
    // What was changed meanwhile.
    this.changed();
  }

  async #replace(job: JobInfo): Promise<void> {
    const stale = staleJobs(this.#host.jobs(), this.#ours, this.#host.left());
    for (const id of this.#ours) if (!this.#host.jobs().some((known) => known.id === id)) this.#ours.delete(id);
    this.#ours.add(job.id);
    await Promise.all(stale.map((id) => this.#host.cancel(id)));
  }
}
