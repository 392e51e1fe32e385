// What a search finds: how many results each day has, and those of them that were looked at. A page is fetched when
// it comes into view and forgotten when many others did; nothing that is on the screen moves while news wait.
import { type Day, getDays, getIds, getPage, type ResultInfo } from '../api/gallery';
import { ApiError } from '../api/http';

const PAGE = 120;
const KEPT_PAGES = 40;
/** Milliseconds until what changed is looked at: jobs save several files at once. */
const SETTLE = 250;

export class Listing {
  query = $state('');
  days: readonly Day[] = $state.raw([]);
  total = $state(0);
  /** Whether the days of the query are known. */
  loaded = $state(false);
  /** Why they are not, in words. */
  trouble: ApiError | null = $state.raw(null);
  /** There are newer results than are shown. */
  news = $state(false);
  /** Grows with every page that comes; what reads results depends on it. */
  #version = $state(0);
  #pages = new Map<number, readonly ResultInfo[]>();
  #coming = new Set<number>();
  #wanted: readonly [from: number, to: number] = [0, 0];
  #asked: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #first: number[] = [];

  at(index: number): ResultInfo | undefined {
    void this.#version;
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  indexOf(id: number): number {
    for (const [page, results] of this.#pages) {
      const at = results.findIndex((result) => result.id === id);
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  /** Another search: what is on the screen stays until its answer is there. */
  search(query: string): Promise<void> {
    this.query = query;
    return this.refresh();
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    const { query } = this;
    try {
      const { days, total } = await getDays(query, asked.signal);
      const shown = this.#spread(days, this.#wanted);
      const pages = await Promise.all(shown.map(async (page) => [page, await this.#fetch(days, query, page, asked.signal)] as const));
      if (asked.signal.aborted) return;
      this.#pages = new Map(pages);
      this.#coming.clear();
      this.days = days;
      this.total = total;
      this.#first = starts(days);
      this.trouble = null;
      this.loaded = true;
      this.news = false;
      this.#version += 1;
    } catch (error) {
      if (asked.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.trouble = error;
      if (error.retryAfter !== null) this.#timer = setTimeout(() => void this.refresh(), error.retryAfter);
    }
  }

  /** The results from one index to another are on the screen, or nearly. */
  want(from: number, to: number): void {
    this.#wanted = [from, to];
    for (const page of this.#spread(this.days, this.#wanted)) void this.#load(page);
  }

  /** A result by its index, fetched if need be. */
  async reach(index: number): Promise<ResultInfo | undefined> {
    if (index < 0 || index >= this.total) return undefined;
    await this.#load(Math.floor(index / PAGE));
    return this.at(index);
  }

  /** The ids from one index to another, whether they were looked at or not. */
  async idsBetween(from: number, to: number): Promise<number[]> {
    const known = Array.from({ length: to - from }, (_, at) => this.at(from + at)?.id);
    if (known.every((id) => id !== undefined)) return known;
    return getIds(this.query, { ...this.#place(this.days, this.#first, from), limit: to - from });
  }

  /** Something changed on the server. `calm`: what is on the screen must not move, so only say that there is more. */
  stale(calm: boolean): void {
    if (calm) {
      this.news = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), SETTLE);
  }

  /** Shows a change before the server has confirmed it. */
  amend(ids: ReadonlySet<number>, change: Partial<ResultInfo>): void {
    for (const [page, results] of this.#pages) {
      if (!results.some(({ id }) => ids.has(id))) continue;
      this.#pages.set(page, results.map((result) => (ids.has(result.id) ? { ...result, ...change } : result)));
    }
    this.#version += 1;
  }

  async #load(page: number): Promise<void> {
    if (this.#pages.has(page) || this.#coming.has(page)) return;
    this.#coming.add(page);
    const { days, query } = this;
    try {
      const results = await this.#fetch(days, query, page);
      // The answer to an older question is of no use.
      if (days !== this.days) return;
      this.#pages.set(page, results);
      this.#forget(page);
      this.#version += 1;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.trouble = error;
    } finally {
      this.#coming.delete(page);
    }
  }

  #fetch(days: readonly Day[], query: string, page: number, signal?: AbortSignal): Promise<readonly ResultInfo[]> {
    const first = days === this.days ? this.#first : starts(days);
    return getPage(query, { ...this.#place(days, first, page * PAGE), limit: PAGE }, signal);
  }

  /** Where the server begins to read: at the newest result of the day, and from there. */
  #place(days: readonly Day[], first: readonly number[], index: number): { before?: number; skip?: number } {
    let at = first.findLastIndex((start) => start <= index);
    if (at < 0) at = 0;
    const day = days[at];
    return day ? { before: day.newest + 1, skip: index - (first[at] ?? 0) } : {};
  }

  #spread(days: readonly Day[], [from, to]: readonly [number, number]): number[] {
    const total = days.reduce((sum, { count }) => sum + count, 0);
    const last = Math.min(Math.max(to, from + 1), total) - 1;
    const pages: number[] = [];
    for (let page = Math.floor(from / PAGE); page * PAGE <= last; page += 1) pages.push(page);
    return pages;
  }

  /** Of many pages those farthest from what is on the screen go. */
  #forget(near: number): void {
    if (this.#pages.size <= KEPT_PAGES) return;
    const farthest = [...this.#pages.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
    for (const page of farthest.slice(0, this.#pages.size - KEPT_PAGES)) this.#pages.delete(page);
  }
}

function starts(days: readonly Day[]): number[] {
  let first = 0;
  return days.map(({ count }) => (first += count) - count);
}
