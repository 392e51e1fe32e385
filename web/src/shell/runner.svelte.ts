// What is run and called off, and what is said of how it ends.
import { cancelAllJobs, cancelJob } from '../api/client';
import type { JobInfo } from '../api/messages.gen';
import { duration } from '../durations';
import { worded } from '../languages/sentences';
import { strings } from '../strings';
import { type RunOutcome, sendLive, sendRuns, sendSweep, type Told } from './running';
import type { Shell } from './shell.svelte';
import { byTouch } from './touch.svelte';

export const MOST_RUNS = 99;

export class Runner {
  /** How often Run is done. */
  times = $state(1);
  sending = $state(false);
  readonly #shell: Shell;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  async run(targets?: readonly string[]): Promise<void> {
    const { editor, autosave, live, notices } = this.#shell;
    if (this.sending) return;
    // A value still being typed is committed by leaving its field.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    if (editor.document.whole.graph().nodes.size === 0) {
      notices.add('info', () => strings.run.emptyGraph, () => strings.run.emptyGraphFix(byTouch()));
      return;
    }
    await this.#send(async () => {
      const outcome = await sendRuns(editor, this.times, autosave.used, this.#tell, targets);
      this.#take(outcome);
      if (outcome.jobs.length > 0 && !targets) live.ranBy(editor.document.toWorkflow());
      autosave.remember(outcome.used);
      this.#shell.problemsOpen = outcome.problems.some((problem) => problem.level === 'error');
    });
  }

  /** Runs the workflow's sweep. */
  async sweep(): Promise<void> {
    if (this.sending) return;
    await this.#send(async () => this.#take(await sendSweep(this.#shell.editor, this.#tell)));
  }

  /** A run of live mode: seeds stay, and what is wrong is drawn without a word more. */
  async live(): Promise<JobInfo | null> {
    const { editor } = this.#shell;
    if (editor.document.whole.graph().nodes.size === 0) return null;
    const outcome = await sendLive(editor, this.#tell);
    this.#take(outcome);
    return outcome.jobs[0] ?? null;
  }

  async cancel(): Promise<void> {
    const { session } = this.#shell;
    const job = session.active.findLast((active) => active.state === 'running') ?? session.active.at(-1);
    if (job) await this.#shell.attempt(cancelJob(job.id));
  }

  async cancelAll(): Promise<void> {
    await this.#shell.attempt(cancelAllJobs());
  }

  /** A job has ended; `ran`: how many of its nodes were computed, where that is known. */
  finished(job: JobInfo, ran: number | null): void {
    const { editor, notices } = this.#shell;
    if (job.state === 'failed' && job.failure) {
      const { failure } = job;
      const { node } = failure;
      const action = node ? { label: () => strings.problems.go, run: () => this.#shell.goTo(node) } : undefined;
      notices.add('error', () => worded(failure).what, () => worded(failure).fix ?? '', action);
      editor.announcement = strings.run.failed(job.title);
    } else if (job.state === 'done') editor.announcement = strings.run.finished(job.title);
    if (job.state === 'done' && ran === 0) notices.add('info', () => strings.run.reused, () => strings.run.reusedFix);
  }

  async #send(work: () => Promise<void>): Promise<void> {
    this.sending = true;
    try {
      await work();
    } finally {
      this.sending = false;
    }
  }

  /** The server is busy, and is asked again by itself. */
  readonly #tell: Told = (error, wait) => this.#shell.notices.add('info', () => error.what, () => strings.errors.again(duration(wait / 1_000)));

  /** The jobs are expected, the problems drawn; an error without a place is told. */
  #take({ jobs, problems, error }: RunOutcome): void {
    const { editor, notices, session } = this.#shell;
    for (const job of jobs) session.expect(job);
    editor.problems.set(problems);
    if (error && problems.length === 0) notices.error(error);
  }
}
