// What the server can be asked, one function a question. Stateless: the page's state lives in the session.
import type { Catalogue } from '../document/catalogue';
import { questionWith } from '../document/text';
import type { Workflow } from '../document/types';
import { ApiError, type Problem, readAnswer, request, send } from './http';
import type { CacheUse, Hello, JobInfo, MemoryUse, NodeChange, OutputInfo, Phrase, Progress } from './messages.gen';

export type JobState = JobInfo['state'];
export type NodeState = NodeChange['state'];

export interface System {
  version: string;
  home: string;
  worker: Hello['worker'];
  detail: string;
  device: string;
  queued: number;
  running: number;
  max_upload: number;
}

/** A job with everything a page needs to draw it as if it had watched from the start. */
export interface JobDetail extends JobInfo {
  nodes: Record<string, NodeChange>;
  progress: Record<string, Progress>;
  outputs: OutputInfo[];
}

export interface Accepted {
  id: string;
  warnings: Problem[];
}

export interface SavedWorkflow {
  id: string;
  title: string;
  revision: number;
  updated: number;
}

export interface StoredWorkflow {
  workflow: Workflow;
  revision: number;
}

export interface Example {
  name: string;
  title: string;
  description: string;
  first: boolean;
  picture?: boolean;
  needs?: { folder: string; file: string; there: boolean }[];
}

export interface Opened {
  workflow: Workflow;
  notices: string[];
}

/** A model file, as its header and what lies beside it describe it. */
export interface ModelInfo {
  kind: string;
  name: string;
  size: number;
  modified: number;
  what?: string;
  family?: string;
  dtypes?: string[];
  metadata?: Record<string, string>;
  preview?: string;
  triggers?: string[];
  base?: string;
  problem?: string;
  problem_phrase?: Phrase;
}

export interface UploadedImage {
  name: string;
  width: number;
  height: number;
}

export const getSystem = (): Promise<System> => request('system');

/** The catalogue, or null when `revision` is still the current one. */
export async function getCatalogue(revision: string): Promise<Catalogue | null> {
  const response = await send('catalogue', { headers: revision ? { 'If-None-Match': `"${revision}"` } : {} });
  if (response.status !== 304) return readAnswer<Catalogue>(response);
  await response.text();
  return null;
}

/** Tokens of a text alone. CLIP reads them in chunks of 75; T5 all at once. */
export interface TokenCount {
  clip: number;
  chunks: number;
  t5: number;
}

export const countTokens = (text: string): Promise<TokenCount> => request('tokens', { method: 'POST', json: { text } });

export const refreshCatalogue = (): Promise<unknown> => request('catalogue/refresh', { method: 'POST' });

/** What the sweep of a workflow is going to make. */
export interface SweepPlan {
  pictures: number;
  /** About how many seconds that takes, as far as it is known. */
  seconds: number;
  /** Some node never ran, so it takes longer. */
  unknown: boolean;
  problems: Problem[];
}

export const planSweep = (workflow: Workflow): Promise<SweepPlan> => request('jobs/sweep', { method: 'POST', text: questionWith(workflow) });

/** `key`: sent twice under the same key, a workflow is one job. */
export const postSweep = (workflow: Workflow, _targets: readonly string[] | undefined, key: string): Promise<Accepted> =>
  request('jobs', { method: 'POST', text: questionWith(workflow, { sweep: true, key }) });

export const postJob = (workflow: Workflow, targets: readonly string[] | undefined, key: string): Promise<Accepted> =>
  request('jobs', { method: 'POST', text: questionWith(workflow, { targets, key }) });

export async function getJobs(state: JobState | '', limit: number): Promise<JobInfo[]> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (state) query.set('state', state);
  return (await request<{ jobs: JobInfo[] }>(`jobs?${query}`)).jobs;
}

export const getJob = (id: string): Promise<JobDetail> => request(`jobs/${encodeURIComponent(id)}`);

export const cancelJob = (id: string): Promise<unknown> =>
  request(`jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST' });

/** Lets a waiting job run before another one; null: after all. */
export const moveJob = (id: string, before: string | null): Promise<JobInfo> =>
  request(`jobs/${encodeURIComponent(id)}/move`, { method: 'POST', json: { before } });

export const getJobWorkflow = (id: string): Promise<Workflow> => request(`jobs/${encodeURIComponent(id)}/workflow`);

export interface QueueState {
  queued: number;
  running: number;
  paused: boolean;
}

export const getQueue = (): Promise<QueueState> => request('queue');

export const pauseQueue = (paused: boolean): Promise<QueueState> => request('queue', { method: 'PUT', json: { paused } });

/** Cancels every waiting job. */
export const clearQueue = (): Promise<unknown> => request('queue/clear', { method: 'POST' });

export interface Spread {
  low: number;
  high: number;
  mean: number;
  deviation: number;
  counts: number[];
  odd: number;
}

/** A value on a link, or a part of it. */
export interface ValuePart {
  name: string;
  kind: 'nothing' | 'number' | 'text' | 'file' | 'tensor' | 'record' | 'list' | 'other';
  text: string;
  shape: number[];
  dtype: string;
  spread: Spread | null;
  parts: ValuePart[];
  /** Parts that are left out. */
  more: number;
}

export interface LinkValueInfo {
  /** Null: it is not kept, or was never computed. */
  value: ValuePart | null;
  pictures: { url: string; width: number; height: number }[];
  /** Made by the last run, before the workflow changed. */
  earlier: boolean;
}

/** What an output carries, from what is kept: nothing runs. */
export const getValue = (workflow: Workflow, node: string, output: string, job: string): Promise<LinkValueInfo> =>
  request('values', { method: 'POST', text: questionWith(workflow, { node, output, job }) });

export const cancelAllJobs = (): Promise<unknown> => request('jobs/cancel', { method: 'POST' });

export async function getOutputs(limit: number, before?: number): Promise<OutputInfo[]> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (before !== undefined) query.set('before', String(before));
  return (await request<{ outputs: OutputInfo[] }>(`outputs?${query}`)).outputs;
}

export const getWorkflows = async (): Promise<SavedWorkflow[]> =>
  (await request<{ workflows: SavedWorkflow[] }>('workflows')).workflows;

export const getWorkflow = (id: string): Promise<StoredWorkflow> => request(`workflows/${encodeURIComponent(id)}`);

export type PutAnswer = { kind: 'saved'; revision: number } | { kind: 'conflict'; theirs: StoredWorkflow };

/** Saves over `revision` (null: a new document). Someone else's newer revision is an answer, not an error. */
export async function putWorkflow(workflow: Workflow, revision: number | null, keepalive = false): Promise<PutAnswer> {
  const path = `workflows/${encodeURIComponent(workflow.id)}`;
  try {
    const saved = await request<{ revision: number }>(path, {
      method: 'PUT',
      text: questionWith(workflow, { revision }),
      keepalive,
    });
    return { kind: 'saved', revision: saved.revision };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const { stored } = error.body as { stored: StoredWorkflow | null };
    // Deleted elsewhere while it is open here: what is on the screen is kept, as a new one.
    return stored ? { kind: 'conflict', theirs: stored } : putWorkflow(workflow, null, keepalive);
  }
}

/** A line in the history of a workflow; the counts compare it with the revision before. */
export interface RevisionLine {
  revision: number;
  saved: number;
  name: string;
  size: number | null;
  added: number | null;
  removed: number | null;
  changed: number | null;
  moved: number | null;
}

/** The newest revisions first; none where the workflow was never saved. */
export async function getRevisions(id: string, limit: number, before?: number): Promise<RevisionLine[]> {
  const query = new URLSearchParams({ limit: String(limit), ...(before === undefined ? {} : { before: String(before) }) });
  try {
    return (await request<{ revisions: RevisionLine[] }>(`workflows/${encodeURIComponent(id)}/revisions?${query}`)).revisions;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

export const getRevision = (id: string, revision: number): Promise<StoredWorkflow> =>
  request(`workflows/${encodeURIComponent(id)}?revision=${revision}`);

export const nameRevision = (id: string, revision: number, name: string): Promise<unknown> =>
  request(`workflows/${encodeURIComponent(id)}/revisions/${revision}`, { method: 'PUT', json: { name } });

export const deleteWorkflow = (id: string): Promise<unknown> =>
  request(`workflows/${encodeURIComponent(id)}`, { method: 'DELETE' });

export const openBytes = (bytes: Blob): Promise<Opened> =>
  request('workflows/open', {
    method: 'POST',
    body: bytes,
    headers: { 'Content-Type': bytes.type || 'application/octet-stream' },
  });

export const getExamples = async (): Promise<Example[]> =>
  (await request<{ examples: Example[] }>('examples')).examples;

export const getExample = async (name: string): Promise<Workflow> =>
  request<Workflow>(`examples/${encodeURIComponent(name)}`);

export const examplePictureUrl = (name: string): string => `/api/examples/${encodeURIComponent(name)}/picture`;

/** Names of the pictures sent from this page: they are there, though the catalogue may not list them yet. */
export const uploadedHere = new Set<string>();

export async function uploadImage(file: File): Promise<UploadedImage> {
  const form = new FormData();
  form.append('file', file, file.name);
  const uploaded = await request<UploadedImage>('files/input', { method: 'POST', body: form });
  uploadedHere.add(uploaded.name);
  return uploaded;
}

const inFolder = (folder: string, name: string): string =>
  `/api/files/${folder}/${name.split('/').map(encodeURIComponent).join('/')}`;

export async function getModels(kind: string): Promise<ModelInfo[]> {
  const { kinds } = await request<{ kinds: Record<string, ModelInfo[]> }>(`models?${new URLSearchParams({ kind })}`);
  return kinds[kind] ?? [];
}

export const modelPictureUrl = (kind: string, name: string): string => inFolder(`models/${encodeURIComponent(kind)}`, name);

export const inputImageUrl = (name: string): string => inFolder('input', name);

export const getCacheUse = (): Promise<CacheUse> => request('cache');

export const setCacheLimits = (memory: number, disk: number): Promise<CacheUse> =>
  request('cache', { method: 'PUT', json: { memory, disk } });

export const getMemoryUse = (): Promise<MemoryUse> => request('system/memory');

export const freeMemory = (): Promise<MemoryUse> => request('system/memory/free', { method: 'POST' });

export const clearCache = (): Promise<CacheUse> => request('cache/clear', { method: 'POST' });

export interface PageSettings {
  values: Record<string, unknown>;
  /** When the last choice was made, in seconds since 1970. */
  updated: number;
}

export const getSettings = (): Promise<PageSettings> => request('settings');
export const putSettings = (settings: PageSettings): Promise<PageSettings> => request('settings', { method: 'PUT', json: settings });
