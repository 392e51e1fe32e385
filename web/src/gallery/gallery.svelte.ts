// The gallery as a whole: what it shows, what is chosen in it, and what is done with that. Its panel draws it.
import { SvelteSet } from 'svelte/reactivity';

import {
  asOutput,
  deleteResults,
  exportResults,
  getIds,
  getJobWorkflow,
  restoreResults,
  type ResultInfo,
  starResults,
  trashResults,
} from '../api/gallery';
import type { OutputInfo } from '../api/messages.gen';
import type { Workflow } from '../document/types';
import { openFile, openResult } from '../shell/opening';
import type { Shell } from '../shell/shell.svelte';
import { strings } from '../strings';
import { Listing } from './listing.svelte';
import { hasTerm } from './terms';

const MOST_COMPARED = 8;

export class Gallery {
  readonly listing = new Listing();
  readonly chosen = new SvelteSet<number>();
  open = $state(false);
  /** The index that keys move from; -1 before any was used. */
  focus = $state(-1);
  /** Where a range begins. */
  anchor = $state(-1);
  /** The index that the viewer shows; -1 when it shows something else. */
  viewed = $state(-1);
  compared: readonly ResultInfo[] = $state.raw([]);
  /** A result is being dragged out: the canvas must be seen. */
  dragging = $state(false);
  /** Whether the grid stands at its beginning, where new results may come in. */
  atTop = $state(true);
  readonly #shell: Shell;
  #trashed: readonly number[] = [];

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  get inTrash(): boolean {
    return hasTerm(this.listing.query, 'is:trash');
  }

  show(query?: string): void {
    this.open = true;
    void this.listing.search(query ?? this.listing.query);
  }

  close(): void {
    this.open = false;
    this.chosen.clear();
    this.focus = this.anchor = -1;
  }

  toggle(): void {
    if (this.open) this.close();
    else this.show();
  }

  search(query: string): void {
    this.chosen.clear();
    this.focus = this.anchor = -1;
    void this.listing.search(query);
  }

  /** The server says that results came or changed. */
  changed(added: boolean): void {
    if (this.open) this.listing.stale(added && !this.atTop);
  }

  // ------------------------------------------------------------ choosing

  async choose(index: number, how: { range?: boolean; add?: boolean } = {}): Promise<void> {
    this.focus = index;
    if (how.range && this.anchor >= 0) {
      const [from, to] = [Math.min(this.anchor, index), Math.max(this.anchor, index) + 1];
      const ids = await this.#shell.attempt(this.listing.idsBetween(from, to));
      if (!ids) return;
      if (!how.add) this.chosen.clear();
      for (const id of ids) this.chosen.add(id);
      return;
    }
    this.anchor = index;
    const result = await this.listing.reach(index);
    if (!result) return;
    if (!how.add) this.chosen.clear();
    if (how.add && this.chosen.has(result.id)) this.chosen.delete(result.id);
    else this.chosen.add(result.id);
  }

  async chooseAll(): Promise<void> {
    const ids = await this.#shell.attempt(getIds(this.listing.query, {}));
    for (const id of ids ?? []) this.chosen.add(id);
  }

  // ------------------------------------------------------------ doing

  async star(ids: readonly number[], starred: boolean): Promise<void> {
    this.listing.amend(new Set(ids), { starred });
    await this.#shell.attempt(starResults(ids, starred));
  }

  /** Stars what is chosen; takes the stars away when all of it has one. */
  async toggleStars(ids: readonly number[]): Promise<void> {
    const known = ids.map((id) => this.listing.at(this.listing.indexOf(id)));
    await this.star(ids, !known.every((result) => result?.starred));
  }

  async trash(ids: readonly number[]): Promise<void> {
    const done = await this.#shell.attempt(trashResults(ids));
    if (!done?.ids.length) return;
    this.#trashed = done.ids;
    this.chosen.clear();
    const { notices } = this.#shell;
    notices.add('info', () => strings.gallery.trashed(done.ids.length), '', { label: () => strings.gallery.undo, run: () => void this.restore(done.ids) });
    await this.listing.refresh();
    this.focus = Math.min(this.focus, this.listing.total - 1);
  }

  /** Takes the last deletion back. */
  async undo(): Promise<void> {
    if (this.#trashed.length) await this.restore(this.#trashed);
    this.#trashed = [];
  }

  async restore(ids: readonly number[]): Promise<void> {
    const done = await this.#shell.attempt(restoreResults(ids));
    if (done?.problem) this.#shell.notices.add('warning', done.problem);
    this.chosen.clear();
    await this.listing.refresh();
  }

  async deleteForGood(ids: readonly number[]): Promise<void> {
    const done = await this.#shell.attempt(deleteResults(ids));
    if (done) this.#shell.notices.add('info', () => strings.gallery.deleted(done.ids.length));
    this.chosen.clear();
    await this.listing.refresh();
  }

  async export(ids: readonly number[], workflows: boolean): Promise<void> {
    const ready = await this.#shell.attempt(exportResults(ids, workflows));
    if (!ready) return;
    const link = document.createElement('a');
    link.href = ready.url;
    link.download = '';
    link.click();
  }

  /** The workflow that made a result: its job's, else what is inside the file. */
  async openWorkflow(result: Pick<OutputInfo, 'job' | 'url' | 'name'>): Promise<void> {
    this.close();
    const workflow = (await this.#shell.attempt(getJobWorkflow(result.job))) as Workflow | null | undefined;
    if (!workflow) return openResult(this.#shell, result.url, result.name);
    const file = new File([JSON.stringify(workflow)], `${workflow.title || result.name}.json`, { type: 'application/json' });
    await openFile(this.#shell, file);
  }

  // ------------------------------------------------------------ looking

  async view(index: number): Promise<void> {
    const result = await this.listing.reach(index);
    if (!result) return;
    this.viewed = this.focus = index;
    this.#shell.viewed = asOutput(result);
    // The neighbours are at hand when they are asked for.
    this.listing.want(Math.max(0, index - 1), index + 2);
  }

  async compare(ids: readonly number[]): Promise<void> {
    const found = ids.slice(0, MOST_COMPARED).map((id) => this.listing.at(this.listing.indexOf(id)));
    this.compared = found.filter((result): result is ResultInfo => result?.kind === 'image');
    if (this.compared.length < 2) this.#shell.notices.add('info', () => strings.gallery.compareTwo);
  }
}

/** What a dragged result carries: its address for this page, the file for other programs. */
export function dragResult(event: DragEvent, result: { url: string; name: string; media_type: string }): void {
  const transfer = event.dataTransfer;
  if (!transfer) return;
  const url = new URL(result.url, location.href).href;
  transfer.effectAllowed = 'copy';
  transfer.setData('text/uri-list', url);
  transfer.setData('text/plain', url);
  transfer.setData('DownloadURL', `${result.media_type}:${result.name}:${url}`);
}
