// What happens on the server, as this page knows it: worker, queue, results, and the job drawn on the graph.
// Only this module reads the socket; it changes nothing in the document.
import { said } from '../languages/sentences';
import { getCacheUse, getJob, getJobs, getOutputs, getQueue, type JobDetail } from './client';
import { ApiError } from './http';
import type { CacheUse, Hello, JobInfo, OutputInfo, WorkerChanged } from './messages.gen';
import { JobProgress, type Left } from './progress';
import { RunDrawing, type RunView } from './runs';
import { EventSocket, type ServerMessage } from './socket';
import type { Picture } from './picture';

export type WorkerState = Hello['worker'];

export interface SessionEvents {
  /** The id of the document being edited. */
  document: () => string;
  /** Whether pictures are wanted while they are being made. */
  previews: () => boolean;
  /** The catalogue has this revision now; empty when it is not known. */
  onCatalogue: (revision: string) => void;
  /** `ran`: how many nodes ran; null where nobody watched. */
  onFinished: (job: JobInfo, ran: number | null) => void;
  onReconnected: () => void;
  /** Results changed; `added`: there is a new one. */
  onResults: (added: boolean) => void;
}

const KEPT_JOBS = 60;
/** Waiting jobs that are listed; of more the number is told. */
const LISTED_WAITING = 200;
/** How often the time left is counted down, in milliseconds. */
const TICK = 500;
/** Few enough that the page starts with at most 30 requests, pictures included. */
const OUTPUTS_A_PAGE = 18;

const isActive = (job: JobInfo): boolean => job.state === 'queued' || job.state === 'running';

/** The jobs with one of them new or changed; newest first, no more than are shown. */
export function withJob(jobs: readonly JobInfo[], job: JobInfo): JobInfo[] {
  const others = jobs.filter((other) => other.id !== job.id);
  const all = [...others, job].sort((a, b) => b.created - a.created);
  return all.filter((other, index) => index < KEPT_JOBS || isActive(other));
}

/** The jobs that wait, the next first. */
export const inLine = (jobs: readonly JobInfo[]): JobInfo[] =>
  jobs.filter(({ state }) => state === 'queued').sort((a, b) => (a.place ?? 0) - (b.place ?? 0) || a.created - b.created);

/** The files of these and those outputs, newest first. One that jobs reused stands once, where the newest put it. */
export function withOutputs(outputs: readonly OutputInfo[], more: readonly OutputInfo[]): OutputInfo[] {
  const newest = new Map<string, OutputInfo>();
  for (const output of [...outputs, ...more]) {
    if (output.url && output.id > (newest.get(output.url)?.id ?? -1)) newest.set(output.url, output);
  }
  return [...newest.values()].sort((a, b) => b.id - a.id);
}

/** The job to draw on a document: the one running, else the newest that began. */
export function jobToShow(jobs: readonly JobInfo[], document: string): JobInfo | undefined {
  const own = jobs.filter((job) => job.document === document && job.state !== 'queued');
  return own.find((job) => job.state === 'running') ?? own[0];
}

export class Session {
  connected = $state(true);
  worker: WorkerState = $state('starting');
  #workerTold: Pick<WorkerChanged, 'detail' | 'detail_phrase'> = $state.raw({});
  device = $state('');
  queued = $state(0);
  running = $state(0);
  jobs: readonly JobInfo[] = $state.raw([]);
  /** Pictures and other files, newest first, each once. */
  outputs: readonly OutputInfo[] = $state.raw([]);
  moreOutputs = $state(false);
  /** The job drawn on the graph. */
  shown: JobInfo | null = $state.raw(null);
  fraction = $state(0);
  /** How long the running job will take. */
  left: Left | null = $state.raw(null);
  /** Of a running sweep: how many of its pictures there are. */
  made: { value: number; total: number } | null = $state.raw(null);
  /** No job begins until the queue goes on. */
  paused = $state(false);
  /** The picture being made, for the filmstrip. */
  livePreview = $state('');
  cache: CacheUse | null = $state.raw(null);

  readonly #events: SessionEvents;
  readonly #drawing: RunDrawing;
  readonly #socket: EventSocket;
  /** How far each running job is, by its id; the last one stays for what is asked of it at its end. */
  #progress = new Map<string, JobProgress>();
  #held: ServerMessage[] | null = null;
  /** The newest picture of each node of a running job: one that comes before its job is drawn waits here. */
  readonly #pictures = new Map<string, Picture>();
  #ticking: ReturnType<typeof setInterval> | undefined;
  #wasConnected = false;
  #loadingOutputs = false;
  /** A busy server is asked for everything again. */
  #again: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setTimeout> | undefined;
  /** The last output that was fetched, shown or not. */
  #oldest: number | undefined;

  constructor(view: RunView, events: SessionEvents, later: (draw: () => void) => void) {
    this.#events = events;
    this.#drawing = new RunDrawing(view, later);
    this.#socket = new EventSocket({
      onMessage: (message) => this.receive(message),
      onPicture: (picture) => this.#preview(picture),
      onStale: () => void this.refetch(),
      onConnection: (open) => this.#connection(open),
    });
  }

  connect(): void {
    this.#socket.connect();
  }

  wake(): void {
    this.#socket.wake();
  }

  close(): void {
    clearInterval(this.#ticking);
    this.#socket.close();
  }

  get active(): readonly JobInfo[] {
    return this.jobs.filter(isActive);
  }

  /** The job that computes. */
  get current(): JobInfo | undefined {
    return this.jobs.find(({ state }) => state === 'running');
  }

  get waiting(): readonly JobInfo[] {
    return inLine(this.jobs);
  }

  /** Another document is being edited: draw what its newest job said. */
  async follow(): Promise<void> {
    this.shown = null;
    this.livePreview = '';
    this.#drawing.clear();
    try {
      await this.#showNewest();
    } catch (error) {
      // What it said is fetched with all else when the server is back.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Fetch everything anew. What the socket says meanwhile is held back and told after it. */
  async refetch(): Promise<void> {
    clearTimeout(this.#again);
    this.#held ??= [];
    this.#events.onCatalogue('');
    try {
      const [newest, waiting, queue, outputs, cache] = await Promise.all([
        getJobs('', KEPT_JOBS),
        getJobs('queued', LISTED_WAITING),
        getQueue(),
        getOutputs(OUTPUTS_A_PAGE),
        getCacheUse(),
      ]);
      const jobs = new Map([...waiting, ...newest].map((job) => [job.id, job]));
      this.jobs = [...jobs.values()].sort((a, b) => b.created - a.created);
      this.#setQueue(queue);
      this.outputs = [];
      this.#addPage(outputs);
      this.cache = cache;
      await Promise.all([this.#showNewest(), this.#watchCurrent()]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.retryAfter !== null) this.#again = setTimeout(() => void this.refetch(), error.retryAfter);
    } finally {
      const held = this.#held ?? [];
      this.#held = null;
      for (const message of held) this.receive(message);
      this.#showPictures();
      this.#count();
    }
  }

  async loadMoreOutputs(): Promise<void> {
    if (this.#loadingOutputs) return;
    this.#loadingOutputs = true;
    try {
      await this.#loadOlderOutputs();
    } finally {
      this.#loadingOutputs = false;
    }
  }

  async #loadOlderOutputs(): Promise<void> {
    const known = this.outputs.length;
    // A page may hold nothing but what is shown already.
    do this.#addPage(await getOutputs(OUTPUTS_A_PAGE, this.#oldest));
    while (this.moreOutputs && this.outputs.length === known);
  }

  #addPage(page: readonly OutputInfo[]): void {
    this.outputs = withOutputs(this.outputs, page);
    this.moreOutputs = page.length === OUTPUTS_A_PAGE;
    this.#oldest = page.at(-1)?.id;
  }

  /** A job this page has just sent; the socket will say the rest. */
  expect(job: JobInfo): void {
    if (!this.jobs.some((known) => known.id === job.id)) this.jobs = withJob(this.jobs, job);
  }

  /** What the server answered about a job; the socket may say the same later. */
  replace(job: JobInfo): void {
    this.jobs = withJob(this.jobs, job);
  }

  receive(message: ServerMessage): void {
    if (this.#held && message.kind !== 'hello') {
      this.#held.push(message);
      return;
    }
    switch (message.kind) {
      case 'hello':
        this.#setWorker(message);
        break;
      case 'workerchanged':
        this.#setWorker(message);
        if (message.device) this.device = message.device;
        break;
      case 'cataloguechanged':
        this.#events.onCatalogue(message.revision);
        break;
      case 'jobchanged':
        this.#jobChanged(message.job);
        break;
      case 'nodeschanged': {
        const shown = this.#isShown(message.job);
        this.#progressOf(message.job).apply(message.changes, Date.now());
        if (shown) for (const change of message.changes) this.#drawing.change(change);
        this.#count();
        break;
      }
      case 'progress': {
        const shown = this.#isShown(message.job);
        this.#progressOf(message.job).step(message, Date.now());
        if (shown) this.#drawing.step(message);
        this.#count();
        break;
      }
      case 'outputadded':
        this.#outputAdded(message.output);
        break;
      case 'resultschanged':
        this.#resultsChanged(message.results);
        break;
      case 'queuechanged':
        this.#setQueue({ ...message, paused: message.paused ?? false });
        break;
      case 'cachereport':
        this.cache = message.use;
        break;
      case 'resync':
        break;
    }
  }

  #setQueue({ queued, running, paused }: { queued: number; running: number; paused: boolean }): void {
    this.queued = queued;
    this.running = running;
    this.paused = paused;
  }

  #progressOf(job: string): JobProgress {
    let progress = this.#progress.get(job);
    if (!progress) this.#progress.set(job, (progress = new JobProgress()));
    return progress;
  }

  /** How far the running job is and how long it will take, now and from now on until none runs. */
  #count(): void {
    const job = this.current;
    const progress = job && this.#progress.get(job.id);
    this.left = progress?.left(Date.now()) ?? null;
    this.made = progress?.made ?? null;
    this.fraction = progress?.fractionAt(Date.now()) ?? 0;
    if (progress) this.#ticking ??= setInterval(() => this.#count(), TICK);
    else {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
  }

  /** What the worker is at, in words. */
  get workerDetail(): string {
    return said(this.#workerTold.detail ?? '', this.#workerTold.detail_phrase);
  }

  #setWorker(told: Pick<WorkerChanged, 'worker' | 'detail' | 'detail_phrase'>): void {
    this.worker = told.worker;
    this.#workerTold = told;
  }

  #connection(open: boolean): void {
    this.connected = open;
    if (open && this.#wasConnected) this.#events.onReconnected();
    this.#wasConnected ||= open;
  }

  #jobChanged(job: JobInfo): void {
    const before = this.jobs.find((known) => known.id === job.id);
    this.jobs = withJob(this.jobs, job);
    const ran = this.#progressOf(job.id).ran;
    if (job.state !== 'running') this.#forget(job.id);
    this.#count();
    if (job.document !== this.#events.document()) return;
    if (job.state === 'running' && this.shown?.id !== job.id) this.#begin(job);
    if (this.shown?.id !== job.id) {
      // A job cancelled while it waited was never drawn; one whose files are written while the next runs, no more.
      if (!isActive(job) && before && isActive(before)) this.#events.onFinished(job, null);
      return;
    }
    this.shown = job;
    if (isActive(job)) return;
    this.livePreview = '';
    if (job.failure?.node) this.#drawing.fail(job.failure.node, job.failure);
    if (!before || isActive(before)) this.#events.onFinished(job, ran);
  }

  #begin(job: JobInfo): void {
    this.shown = job;
    this.livePreview = '';
    this.#drawing.begin();
  }

  /** A job has ended, or waits again. */
  #forget(job: string): void {
    this.#progress.delete(job);
    for (const [key, { header }] of this.#pictures) if (header.job === job) this.#pictures.delete(key);
  }

  /** Whether a job is the one drawn; one of this document that was not announced yet begins now. */
  #isShown(id: string): boolean {
    if (this.shown?.id === id) return true;
    const job = this.jobs.find((known) => known.id === id);
    if (!job || job.document !== this.#events.document() || job.state !== 'queued') return false;
    this.#begin({ ...job, state: 'running' });
    return true;
  }

  #outputAdded(output: OutputInfo): void {
    this.outputs = withOutputs(this.outputs, [output]);
    if (output.result) this.#events.onResults(true);
    if (this.#isShown(output.job)) this.#drawing.output(output);
    else if (this.jobs.find(({ id }) => id === output.job)?.document === this.#events.document()) this.#drawing.late(output);
  }

  /** What is in the trash leaves the filmstrip, and what came back stands in it again. */
  #resultsChanged(results: readonly number[]): void {
    this.#events.onResults(false);
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => void this.#lookAgain(new Set(results)), 200);
  }

  async #lookAgain(changed: ReadonlySet<number>): Promise<void> {
    try {
      const newest = await getOutputs(OUTPUTS_A_PAGE);
      const there = new Set(newest.map(({ result }) => result));
      const kept = this.outputs.filter(({ result }) => !changed.has(result ?? 0) || there.has(result));
      this.outputs = withOutputs(kept, newest);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #preview(picture: Picture): void {
    const { header, blob } = picture;
    if (!this.#events.previews()) return;
    this.#pictures.set(`${header.job} ${header.node}`, picture);
    if (!this.#held && this.#isShown(header.job)) this.livePreview = this.#drawing.preview(header.node, blob);
  }

  /** The pictures that came before their job was known here. */
  #showPictures(): void {
    for (const { header, blob } of this.#pictures.values()) {
      if (this.shown?.id === header.job) this.livePreview = this.#drawing.preview(header.node, blob);
      else if (!this.jobs.some(({ id, state }) => id === header.job && state === 'running')) this.#forget(header.job);
    }
  }

  /** How far the running job is, whoever's it is. */
  async #watchCurrent(): Promise<void> {
    const job = this.current;
    if (job && job.document !== this.#events.document()) this.#follow(await getJob(job.id));
  }

  #follow(job: JobDetail): void {
    this.#progress.set(job.id, new JobProgress());
    this.#progressOf(job.id).apply(Object.values(job.nodes), Date.now());
    for (const progress of Object.values(job.progress)) this.#progressOf(job.id).step(progress, Date.now());
  }

  async #showNewest(): Promise<void> {
    const document = this.#events.document();
    const job = jobToShow(this.jobs, document);
    if (!job) return;
    const detail = await getJob(job.id);
    if (this.#events.document() === document) this.#draw(detail);
  }

  #draw(job: JobDetail): void {
    if (this.shown?.id !== job.id) this.#begin(job);
    this.shown = job;
    if (isActive(job)) this.#follow(job);
    for (const change of Object.values(job.nodes)) this.#drawing.change(change);
    for (const progress of Object.values(job.progress)) this.#drawing.step(progress);
    for (const output of job.outputs) this.#drawing.output(output);
    if (job.failure?.node) this.#drawing.fail(job.failure.node, job.failure);
    this.#showPictures();
    this.#count();
  }
}
