// Every change is kept: in this browser at once, on the server a moment later as a revision. A revision
// someone else wrote in between is shown as a conflict; nothing is ever overwritten unseen.
import { same } from '../document/same';
import type { Workflow } from '../document/types';
import { deleteWorkflow, getWorkflow, putWorkflow, type StoredWorkflow } from './client';
import { ApiError } from './http';
import type { LocalDocument, LocalStore, View } from './local';
import { Rest } from './rest';

export type SaveState = 'saved' | 'saving' | 'local' | 'conflict';

/** What autosave needs of the editor. */
export interface Saved {
  snapshot: () => Workflow;
  view: () => View;
  /** Whether the server gets every change; if not, only what is sent on demand. */
  automatic?: () => boolean;
}

/** Milliseconds of rest before a change is kept, and the longest it waits while one change follows another. */
const LOCAL = { rest: 150, longest: 600 };
const SERVER = { rest: 700, longest: 3_000 };
const RETRY_DELAY = 5_000;
/** A document that was just opened is drawn first: to keep a large one takes as long as some frames. */
const OPENED = 400;

export class Autosave {
  state: SaveState = $state('saved');
  savedAt: number | null = $state(null);
  /** The server's newer one, while the user has not chosen. */
  conflict: StoredWorkflow | null = $state.raw(null);

  /** Why the server does not take it, in its words: a full disk. Empty where it cannot be reached. */
  trouble = $state('');

  readonly #store: LocalStore;
  readonly #source: Saved;
  #id = '';
  #revision: number | null = null;
  #dirty = false;
  #used = new Map<string, string>();
  #changes = 0;
  /** When a busy server may be asked again. */
  #notBefore = 0;
  #sending = false;
  /** What the server answers to documents on their way: the revision they got. */
  readonly #sent = new Map<string, Promise<number | null>>();
  readonly #local = new Rest(LOCAL, () => void this.#keep());
  readonly #server = new Rest(SERVER, () => void this.send());

  constructor(store: LocalStore, source: Saved) {
    this.#store = store;
    this.#source = source;
  }

  /** The server's revision that what is shown grew from; null: it has none. */
  get revision(): number | null {
    return this.#revision;
  }

  get used(): ReadonlyMap<string, string> {
    return this.#used;
  }

  /** What is known of the document that is followed. */
  get record(): Pick<LocalDocument, 'id' | 'revision' | 'dirty' | 'used'> {
    return { id: this.#id, revision: this.#revision, dirty: this.#dirty, used: [...this.#used] };
  }

  /** The revision that a document left on its way to the server got; null when it is not on its way, or got none. */
  async revisionSent(id: string): Promise<number | null> {
    return (await this.#sent.get(id)) ?? null;
  }

  /** From now on the editor holds this document. A new one is not sent before its first change. */
  follow(record: Pick<LocalDocument, 'id' | 'revision' | 'dirty' | 'used'>): void {
    this.#local.stop();
    this.#server.stop();
    this.trouble = '';
    this.#id = record.id;
    this.#revision = record.revision;
    this.#dirty = record.dirty;
    this.#used = new Map(record.used);
    this.conflict = null;
    this.state = 'saved';
    this.#store.openDocument = record.id;
    if (record.dirty) this.changed();
    this.#local.after(OPENED);
  }

  changed(): void {
    this.#dirty = true;
    this.#changes += 1;
    if (this.state !== 'conflict') this.state = 'saving';
    this.#local.touch();
    this.#schedule();
  }

  remember(used: ReadonlyMap<string, string>): void {
    this.#used = new Map(used);
    void this.#keep();
  }

  /** The page may go away now. */
  flush(): void {
    if (!this.#id) return;
    this.#store.keepView(this.#id, this.#source.view());
    void this.#keep();
    if (this.#dirty) void this.send(true);
  }

  /** Saves on the server; at most one request at a time, the newest state last. */
  async send(keepalive = false): Promise<void> {
    if (this.#sending || this.state === 'conflict' || !this.#dirty) return;
    this.#server.stop();
    this.#sending = true;
    const [id, changes, workflow] = [this.#id, this.#changes, this.#source.snapshot()];
    try {
      const asked = putWorkflow(workflow, this.#revision, keepalive);
      this.#sent.set(id, asked.then((answer) => (answer.kind === 'conflict' ? null : answer.revision)).catch(() => null));
      const answer = await asked;
      if (id !== this.#id) return;
      if (answer.kind === 'conflict') this.#meet(answer.theirs);
      else this.#confirm(answer.revision, changes);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (id === this.#id) [this.state, this.trouble] = ['local', error.unreachable ? '' : error.message];
      this.#notBefore = Date.now() + (error.retryAfter ?? 0);
      if (this.#source.automatic?.() !== false) this.#server.after(error.retryAfter ?? RETRY_DELAY);
    } finally {
      this.#sending = false;
      this.#sent.delete(id);
      if (id !== this.#id && this.#dirty) this.#schedule();
    }
  }

  /** Looks whether the server holds a newer one than this browser does; that one, if it may be taken as it is. */
  async compare(): Promise<StoredWorkflow | null> {
    const id = this.#id;
    try {
      const theirs = await getWorkflow(id);
      if (id !== this.#id || theirs.revision === this.#revision) return null;
      if (!this.#dirty) return theirs;
      this.#meet(theirs);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) this.#revision = null;
    }
    return null;
  }

  /** The user's answer to a conflict: mine goes over theirs, which stays in the history. */
  async keepMine(): Promise<void> {
    if (!this.conflict) return;
    this.#revision = this.conflict.revision;
    this.#settle();
    await this.send();
  }

  /** The saved one is taken: what is shown goes on from it. */
  settleOn(revision: number): void {
    this.#revision = revision;
    this.#settle();
  }

  async discard(id: string): Promise<void> {
    await deleteWorkflow(id);
    await this.#store.remove(id);
  }

  #settle(): void {
    this.conflict = null;
    this.state = 'saving';
  }

  /** The same under another revision is no conflict: it was saved from here, and a reload lost the answer. */
  #meet(theirs: StoredWorkflow): void {
    if (same(theirs.workflow, this.#source.snapshot())) return this.#confirm(theirs.revision, this.#changes);
    this.conflict = theirs;
    this.state = 'conflict';
  }

  #confirm(revision: number, changes: number): void {
    this.#revision = revision;
    if (changes === this.#changes) {
      this.#dirty = false;
      this.state = 'saved';
      this.savedAt = Date.now();
      this.trouble = '';
    } else this.#schedule();
    void this.#keep();
  }

  /** Sends when changes rest; where only demand sends, what is kept here is all there is to say. */
  #schedule(): void {
    const wait = this.#notBefore - Date.now();
    const sends = this.#source.automatic?.() !== false;
    if (sends && wait > 0) this.#server.after(wait);
    else if (sends) this.#server.touch();
    else if (this.state === 'saving') this.state = 'local';
  }

  async #keep(): Promise<void> {
    await this.#store.write({
      id: this.#id,
      workflow: this.#source.snapshot(),
      view: this.#source.view(),
      revision: this.#revision,
      dirty: this.#dirty,
      used: [...this.#used],
      updated: Date.now(),
    });
  }
}
