// What happens on the server, as this page knows it: worker, queue, results, and the job drawn on the graph.
// Only this module reads the socket; it changes nothing in the document.
import { getCacheUse, getJob, getJobs, getOutputs, type JobDetail } from './client';
import { ApiError } from './http';
import type { CacheUse, Hello, JobInfo, OutputInfo } from './messages.gen';
import { JobProgress } from './progress';
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
}

const KEPT_JOBS = 60;
/** Few enough that the page starts with at most 30 requests, pictures included. */
const OUTPUTS_A_PAGE = 18;

const isActive = (job: JobInfo): boolean => job.state === 'queued' || job.state === 'running';

/** The jobs with one of them new or changed; newest first, no more than are shown. */
export function withJob(jobs: readonly JobInfo[], job: JobInfo): JobInfo[] {
  const others = jobs.filter((other) => other.id !== job.id);
  const all = [...others, job].sort((a, b) => b.created - a.created);
  return all.filter((other, index) => index < KEPT_JOBS || isActive(other));
}

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
  workerDetail = $state('');
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
  /** Seconds the running node has left, as it estimates. */
  remaining: number | null = $state(null);
  /** The picture being made, for the filmstrip. */
  livePreview = $state('');
  cache: CacheUse | null = $state.raw(null);

  readonly #events: SessionEvents;
  readonly #drawing: RunDrawing;
  readonly #socket: EventSocket;
  #progress = new JobProgress();
  #held: ServerMessage[] | null = null;
  #wasConnected = false;
  #loadingOutputs = false;
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
    this.#socket.close();
  }

  get active(): readonly JobInfo[] {
    return this.jobs.filter(isActive);
  }

  /** Another document is being edited: draw what its newest job said. */
  async follow(): Promise<void> {
    this.shown = null;
    this.fraction = 0;
    this.livePreview = '';
    this.#progress = new JobProgress();
    this.#drawing.clear();
    await this.#showNewest();
  }

  /** Fetch everything anew. What the socket says meanwhile is held back and told after it. */
  async refetch(): Promise<void> {
    this.#held ??= [];
    this.#events.onCatalogue('');
    try {
      const [jobs, outputs, cache] = await Promise.all([getJobs('', KEPT_JOBS), getOutputs(OUTPUTS_A_PAGE), getCacheUse()]);
      this.jobs = [...jobs].sort((a, b) => b.created - a.created);
      this.queued = jobs.filter((job) => job.state === 'queued').length;
      this.running = jobs.filter((job) => job.state === 'running').length;
      this.outputs = [];
      this.#addPage(outputs);
      this.cache = cache;
      await this.#showNewest();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    } finally {
      const held = this.#held ?? [];
      this.#held = null;
      for (const message of held) this.receive(message);
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

  receive(message: ServerMessage): void {
    if (this.#held && message.kind !== 'hello') {
      this.#held.push(message);
      return;
    }
    switch (message.kind) {
      case 'hello':
        this.#setWorker(message.worker, message.detail ?? '');
        break;
      case 'workerchanged':
        this.#setWorker(message.worker, message.detail ?? '');
        if (message.device) this.device = message.device;
        break;
      case 'cataloguechanged':
        this.#events.onCatalogue(message.revision);
        break;
      case 'jobchanged':
        this.#jobChanged(message.job);
        break;
      case 'nodeschanged':
        if (!this.#isShown(message.job)) return;
        this.#progress.apply(message.changes);
        for (const change of message.changes) this.#drawing.change(change);
        this.fraction = this.#progress.fraction;
        break;
      case 'progress':
        if (!this.#isShown(message.job)) return;
        this.#progress.step(message);
        this.#drawing.step(message);
        this.remaining = message.remaining ?? null;
        this.fraction = this.#progress.fraction;
        break;
      case 'outputadded':
        this.#outputAdded(message.output);
        break;
      case 'queuechanged':
        this.queued = message.queued;
        this.running = message.running;
        break;
      case 'cachereport':
        this.cache = message.use;
        break;
      case 'resync':
        break;
    }
  }

  #setWorker(worker: WorkerState, detail: string): void {
    this.worker = worker;
    this.workerDetail = detail;
  }

  #connection(open: boolean): void {
    this.connected = open;
    if (open && this.#wasConnected) this.#events.onReconnected();
    this.#wasConnected ||= open;
  }

  #jobChanged(job: JobInfo): void {
    const before = this.jobs.find((known) => known.id === job.id);
    this.jobs = withJob(this.jobs, job);
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
    this.remaining = null;
    if (job.failure?.node) this.#drawing.fail(job.failure.node, job.failure);
    if (!before || isActive(before)) this.#events.onFinished(job, this.#progress.ran);
  }

  #begin(job: JobInfo): void {
    this.shown = job;
    this.fraction = 0;
    this.remaining = null;
    this.livePreview = '';
    this.#progress = new JobProgress();
    this.#drawing.begin();
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
    if (this.#isShown(output.job)) this.#drawing.output(output);
    else if (this.jobs.find(({ id }) => id === output.job)?.document === this.#events.document()) this.#drawing.late(output);
  }

  #preview({ header, blob }: Picture): void {
    if (!this.#isShown(header.job) || !this.#events.previews()) return;
    const url = this.#drawing.preview(header.node, blob);
    this.livePreview = url;
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
    const changes = Object.values(job.nodes);
    this.#progress.apply(changes);
    for (const change of changes) this.#drawing.change(change);
    for (const progress of Object.values(job.progress)) {
      this.#progress.step(progress);
      this.#drawing.step(progress);
    }
    for (const output of job.outputs) this.#drawing.output(output);
    if (job.failure?.node) this.#drawing.fail(job.failure.node, job.failure);
    this.fraction = this.#progress.fraction;
  }
}
