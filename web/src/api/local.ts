// What this browser keeps by itself, so that a lost tab or server loses nothing: each open document as it
// stands, where it was looked at, and which seeds its last run used.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import type { Level } from '../document/change';
import { textOf } from '../document/text';
import type { Workflow } from '../document/types';

export interface View {
  x: number;
  y: number;
  zoom: number;
  /** The way into the subgraph that was shown, and where that was looked at. */
  inside?: { levels: readonly Level[]; view: { x: number; y: number; zoom: number } };
}

export interface LocalDocument {
  id: string;
  workflow: Workflow;
  view: View | null;
  /** The server's revision this one grew from; null: the server has none. */
  revision: number | null;
  /** Holds changes the server has not confirmed. */
  dirty: boolean;
  used: [seed: string, value: string][];
  updated: number;
}

/** As the database has it: text is written many times faster than thousands of items. Older ones were kept as they are. */
type Kept = LocalDocument | (Omit<LocalDocument, 'workflow'> & { text: string });

interface Schema extends DBSchema {
  documents: { key: string; value: Kept };
}

const OPEN_DOCUMENT = 'loom.document';
const LAST_VIEW = 'loom.view';

export class LocalStore {
  #database: Promise<IDBPDatabase<Schema>> | undefined;

  async read(id: string): Promise<LocalDocument | undefined> {
    const kept = await (await this.#open()).get('documents', id);
    if (!kept || 'workflow' in kept) return kept;
    const { text, ...record } = kept;
    return { ...record, workflow: JSON.parse(text) as Workflow };
  }

  async write({ workflow, ...record }: LocalDocument): Promise<void> {
    const text = textOf(workflow);
    await (await this.#open()).put('documents', { ...record, text });
  }

  async remove(id: string): Promise<void> {
    await (await this.#open()).delete('documents', id);
  }

  /** The document of this tab, else the one last open in this browser. */
  get openDocument(): string {
    return sessionStorage.getItem(OPEN_DOCUMENT) ?? localStorage.getItem(OPEN_DOCUMENT) ?? '';
  }

  set openDocument(id: string) {
    sessionStorage.setItem(OPEN_DOCUMENT, id);
    localStorage.setItem(OPEN_DOCUMENT, id);
  }

  /** Where the tab looked last. Kept apart and at once, for a page that goes has no time for a database. */
  readView(document: string): View | null {
    const kept = sessionStorage.getItem(LAST_VIEW);
    if (!kept) return null;
    const { id, view } = JSON.parse(kept) as { id: string; view: View };
    return id === document ? view : null;
  }

  keepView(id: string, view: View): void {
    sessionStorage.setItem(LAST_VIEW, JSON.stringify({ id, view }));
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#database ??= openDB<Schema>('latent-loom', 1, {
      upgrade: (database) => void database.createObjectStore('documents', { keyPath: 'id' }),
    });
    return this.#database;
  }
}
