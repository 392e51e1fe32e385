// The open workflows. One is on the canvas; each of the others is parked as it was left, with its own steps to undo, its
// view and its selection. What a tab holds is saved like every document, so closing one loses nothing.
import type { Autosave } from '../api/autosave.svelte';
import type { LocalDocument } from '../api/local';
import type { Editor, ParkedEditor } from '../editor/editor.svelte';

export interface Tab {
  id: string;
  title: string;
}

type Record = Pick<LocalDocument, 'id' | 'revision' | 'dirty' | 'used'>;

interface Parked {
  editor: ParkedEditor;
  record: Record;
  /** The revision it gets on the server, where it was on its way when it was left. */
  sent: Promise<number | null>;
}

export interface TabsHost {
  editor: Editor;
  autosave: Autosave;
  /** The editor shows another document: what is known of its runs is fetched. */
  shown: () => void;
  /** Opens a document that is not parked: from this browser, else from the server. */
  open: (id: string) => Promise<void>;
  /** Opens an empty one. */
  openNew: () => void;
}

const KEPT = 'loom.tabs';
const REOPENED = 20;

export class Tabs {
  list: readonly Tab[] = $state.raw([]);
  readonly #host: TabsHost;
  readonly #parked = new Map<string, Parked>();
  #closed: { tab: Tab; index: number }[] = [];

  constructor(host: TabsHost) {
    this.#host = host;
  }

  get active(): string {
    return this.#host.editor.document.id;
  }

  get canReopen(): boolean {
    return this.#closed.length > 0;
  }

  /** The tabs this browser tab had, else those last open in this browser. */
  restore(): void {
    try {
      const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT) ?? '[]');
      if (Array.isArray(kept)) this.list = kept.filter(isTab).map(({ id, title }) => ({ id, title }));
    } catch {
      this.list = [];
    }
  }

  /** Before another document is shown: the one on the canvas is parked, or goes when it is empty. */
  leave(next: string): void {
    const { editor, autosave } = this.#host;
    const id = this.active;
    if (id === next || !this.list.some((tab) => tab.id === id)) return;
    autosave.flush();
    const sent = autosave.revisionSent(id);
    if (isEmpty(editor) && !autosave.record.dirty && autosave.record.revision === null) {
      this.#set(this.list.map((tab) => (tab.id === id ? { id: next, title: '' } : tab)).filter(({ id: own }, index, all) => all.findIndex((tab) => tab.id === own) === index));
      return;
    }
    this.#parked.set(id, { editor: editor.park(), record: autosave.record, sent });
    this.#set(this.list.map((tab) => (tab.id === id ? { id, title: editor.document.title } : tab)));
  }

  /** A document came onto the canvas: it has a tab, beside the one it was opened from. */
  enter(id: string, title: string, beside = ''): void {
    this.#parked.delete(id);
    const known = this.list.some((tab) => tab.id === id);
    const at = this.list.findIndex((tab) => tab.id === beside);
    const list = known ? this.list.map((tab) => (tab.id === id ? { id, title } : tab)) : this.list.toSpliced(at < 0 ? this.list.length : at + 1, 0, { id, title });
    this.#set(list);
  }

  async activate(id: string): Promise<void> {
    if (id === this.active) return;
    const { editor, autosave, shown, open } = this.#host;
    const parked = this.#parked.get(id);
    if (!parked) return open(id);
    const revision = await parked.sent;
    const record = revision === null ? parked.record : { ...parked.record, revision, dirty: false };
    this.leave(id);
    editor.resume(parked.editor);
    autosave.follow(record);
    this.enter(id, editor.document.title);
    shown();
    if (record.dirty) await autosave.compare();
  }

  /** Shows the tab so many to the right, round the end. */
  async turn(by: number): Promise<void> {
    const at = this.list.findIndex((tab) => tab.id === this.active);
    const next = this.list[(at + by + this.list.length) % this.list.length];
    if (next) await this.activate(next.id);
  }

  async close(id: string): Promise<void> {
    const index = this.list.findIndex((tab) => tab.id === id);
    const tab = this.list[index];
    if (!tab) return;
    const title = id === this.active ? this.#host.editor.document.title : tab.title;
    this.#closed = [...this.#closed, { tab: { id, title }, index }].slice(-REOPENED);
    const next = this.list[index + 1] ?? this.list[index - 1];
    if (id === this.active) {
      if (next) await this.activate(next.id);
      else this.#host.openNew();
    }
    this.#set(this.list.filter((other) => other.id !== id));
  }

  /** Brings back the tab closed last, where it was. */
  async reopen(): Promise<void> {
    const last = this.#closed.at(-1);
    if (!last) return;
    this.#closed = this.#closed.slice(0, -1);
    if (!this.list.some(({ id }) => id === last.tab.id)) this.#set(this.list.toSpliced(last.index, 0, last.tab));
    await this.activate(last.tab.id);
  }

  move(id: string, to: number): void {
    const from = this.list.findIndex((tab) => tab.id === id);
    const tab = this.list[from];
    if (!tab || to < 0 || to >= this.list.length || to === from) return;
    this.#set(this.list.toSpliced(from, 1).toSpliced(to, 0, tab));
  }

  #set(list: readonly Tab[]): void {
    this.list = list;
    const kept = JSON.stringify(list);
    sessionStorage.setItem(KEPT, kept);
    localStorage.setItem(KEPT, kept);
  }
}

function isTab(value: unknown): value is Tab {
  return typeof value === 'object' && value !== null && 'id' in value && 'title' in value && typeof value.id === 'string' && typeof value.title === 'string';
}

function isEmpty({ document }: Editor): boolean {
  const { nodes, frames, notes } = document.peek;
  return nodes.size + frames.size + notes.size === 0;
}
