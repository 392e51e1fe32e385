// What the server can be asked about results: pages of a search, days, one result whole, and what is done with many.
import { request } from './http';
import type { OutputInfo } from './messages.gen';

export interface ResultInfo {
  id: number;
  url: string;
  thumbnail: string;
  name: string;
  path: string;
  media_type: string;
  kind: 'image' | 'video' | 'audio' | 'other';
  width: number;
  height: number;
  /** Seconds since 1970. */
  created: number;
  starred: boolean;
  job: string;
  node: string;
  document: string;
  trashed: number | null;
}

/** A day of the reader with results, in days since 1970; `newest` is the id of the newest one. */
export interface Day {
  day: number;
  count: number;
  newest: number;
}

export interface Days {
  total: number;
  days: Day[];
}

export interface Facts {
  texts?: string[];
  avoided?: string[];
  models?: string[];
  seeds?: string[];
  settings?: { title: string; value: string }[];
}

export interface ResultDetail {
  result: ResultInfo;
  title: string;
  facts: Facts;
  /** Whether it was found out already what it was made with. */
  indexed: boolean;
  /** Null when the file is gone. */
  bytes: number | null;
}

export interface Suggested {
  value: string;
  count: number;
}

export interface Changed {
  ids: number[];
  problem: string;
}

/** Minutes the clock here is ahead of UTC: where days begin. */
const zone = (): string => String(-new Date().getTimezoneOffset());

export interface Part {
  /** Only results older than this one. */
  before?: number;
  skip?: number;
  limit?: number;
}

function searched(q: string, part: Part): URLSearchParams {
  const query = new URLSearchParams({ q, zone: zone() });
  for (const [name, value] of Object.entries(part)) if (value !== undefined) query.set(name, String(value));
  return query;
}

export const getDays = (q: string, signal?: AbortSignal): Promise<Days> =>
  request(`gallery/days?${searched(q, {})}`, signal ? { signal } : {});

export const getPage = async (q: string, part: Part, signal?: AbortSignal): Promise<ResultInfo[]> =>
  (await request<{ results: ResultInfo[] }>(`gallery?${searched(q, part)}`, signal ? { signal } : {})).results;

export const getIds = async (q: string, part: Part): Promise<number[]> =>
  (await request<{ ids: number[] }>(`gallery/ids?${searched(q, part)}`)).ids;

export const getResult = (id: number): Promise<ResultDetail> => request(`gallery/${id}`);

export const getValues = async (field: 'model' | 'title', part: string): Promise<Suggested[]> =>
  (await request<{ values: Suggested[] }>(`gallery/values?${new URLSearchParams({ field, part })}`)).values;

const change = (what: string, json: object): Promise<Changed> => request(`gallery/${what}`, { method: 'POST', json });

export const starResults = (ids: readonly number[], starred: boolean): Promise<Changed> => change('star', { ids, starred });
export const trashResults = (ids: readonly number[]): Promise<Changed> => change('trash', { ids });
export const restoreResults = (ids: readonly number[]): Promise<Changed> => change('restore', { ids });
export const deleteResults = (ids: readonly number[]): Promise<Changed> => change('delete', { ids });

export const exportResults = (ids: readonly number[], workflows: boolean): Promise<{ url: string; count: number }> =>
  request('gallery/exports', { method: 'POST', json: { ids, workflows } });

export const getJobWorkflow = (job: string): Promise<unknown> => request(`jobs/${encodeURIComponent(job)}/workflow`);

/** A result as the viewer and the filmstrip know outputs. */
export function asOutput(result: ResultInfo): OutputInfo {
  const { id, job, node, url, name, media_type, width, height, created, thumbnail } = result;
  return { id, job, node, url, name, media_type, width, height, created, thumbnail, text: '', result: id };
}
