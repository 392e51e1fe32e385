// One way to ask the server, and one kind of error: what happened and what to do, in the server's words.
import { said } from '../languages/sentences';
import { say, type Words } from '../languages/words';
import { strings } from '../strings';
import type { Phrase } from './messages.gen';

export interface Problem {
  node: string;
  input: string;
  what: string;
  fix: string;
  level: 'error' | 'warning';
  /** What the server says comes with the names of its sentences. */
  what_phrase?: Phrase;
  fix_phrase?: Phrase;
}

export class ApiError extends Error {
  readonly #what: Words;
  readonly #fix: Words;
  /** The HTTP status, 0 when the server could not be reached. */
  readonly status: number;
  readonly problems: readonly Problem[];
  /** The answer as it came, for the few statuses that carry more than words. */
  readonly body: unknown;
  /** Milliseconds after which the server wants to be asked again; null where it does not say. */
  readonly retryAfter: number | null;

  constructor(status: number, what: Words, fix: Words, body?: unknown, problems: readonly Problem[] = [], retryAfter: number | null = null) {
    super(`${say(what)} ${say(fix)}`.trim());
    this.name = 'ApiError';
    this.status = status;
    this.#what = what;
    this.#fix = fix;
    this.body = body;
    this.problems = problems;
    this.retryAfter = retryAfter;
  }

  get what(): string {
    return say(this.#what);
  }

  get fix(): string {
    return say(this.#fix);
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readProblems(value: unknown): Problem[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((problem) => ({
    node: word(problem['node']),
    input: word(problem['input']),
    what: word(problem['what']),
    fix: word(problem['fix']),
    level: problem['level'] === 'warning' ? 'warning' : 'error',
    ...phrasesOf(problem),
  }));
}

function phrasesOf(words: Record<string, unknown>): Pick<Problem, 'what_phrase' | 'fix_phrase'> {
  const { what_phrase: what, fix_phrase: fix } = words;
  return { ...(isPhrase(what) ? { what_phrase: what } : {}), ...(isPhrase(fix) ? { fix_phrase: fix } : {}) };
}

function isPhrase(value: unknown): value is Phrase {
  if (!isRecord(value) || typeof value['code'] !== 'string') return false;
  const { values = {} } = value;
  return isRecord(values) && Object.values(values).every((each) => ['string', 'number'].includes(typeof each) || isPhrase(each));
}

/** The error an answer stands for. An answer that is not ours (a proxy's page) is named by its status. */
export function errorFrom(status: number, body: unknown, retryAfter: number | null = null): ApiError {
  if (isRecord(body)) {
    const { error } = body;
    if (isRecord(error) && word(error['what'])) {
      const { what_phrase: what, fix_phrase: fix } = phrasesOf(error);
      return new ApiError(status, () => said(word(error['what']), what), () => said(word(error['fix']), fix), body, [], retryAfter);
    }
    const problems = readProblems(body['problems']);
    if (problems.length > 0) return new ApiError(status, () => strings.problems.found(problems.length), '', body, problems);
  }
  if (retryAfter !== null) return new ApiError(status, () => strings.errors.busy, () => strings.errors.busyFix, body, [], retryAfter);
  return new ApiError(status, () => strings.errors.status(status), () => strings.errors.tryAgain, body);
}

const BUSY = new Set([429, 503]);
/** Milliseconds: sooner is no help to a busy server, later nobody believes that the page goes on by itself. */
const [SOONEST, LATEST] = [1_000, 60_000];

/** What a busy server's Retry-After says, in seconds or as a date; null where it is not busy, or does not say. */
export function retryAfterOf({ status, headers }: Response, now = Date.now()): number | null {
  const said = headers.get('Retry-After');
  if (!BUSY.has(status) || !said) return null;
  const wait = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - now;
  return Number.isNaN(wait) ? null : Math.min(LATEST, Math.max(SOONEST, wait));
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  json?: unknown;
  /** JSON that is text already. */
  text?: string;
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  keepalive?: boolean;
}

export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  const text = options.json === undefined ? options.text : JSON.stringify(options.json);
  if (text !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(`/api/${path}`, {
      method: options.method ?? 'GET',
      headers,
      body: text ?? options.body ?? null,
      signal: options.signal ?? null,
      keepalive: options.keepalive ?? false,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, () => strings.errors.unreachable, () => strings.errors.unreachableFix);
  }
}

/** Ask and read the JSON answer. Raises ApiError for every answer that is not a success. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return readAnswer<T>(await send(path, options));
}

export async function readAnswer<T>(response: Response): Promise<T> {
  const body = await bodyOf(response);
  if (!response.ok) throw errorFrom(response.status, body, retryAfterOf(response));
  return body as T;
}

/** What lies at an address of this server, `/api/…`. Raises ApiError like every other question. */
export async function blobAt(address: string): Promise<Blob> {
  const response = await send(address.replace(/^\/api\//, ''));
  if (!response.ok) throw errorFrom(response.status, await bodyOf(response), retryAfterOf(response));
  return response.blob();
}
