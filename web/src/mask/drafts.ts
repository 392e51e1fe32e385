// A mask that is being painted, kept in this browser until it is saved or thrown away: a tab that dies takes nothing
// of it along but the last moment.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import type { Raster } from './raster';

interface Draft extends Raster {
  /** The picture, and the mask that was there to begin with. */
  key: string;
  updated: number;
}

interface Schema extends DBSchema {
  masks: { key: string; value: Draft };
}

/** Milliseconds that a draft is kept: what nobody came back for in that time goes. */
const KEPT = 30 * 24 * 3_600_000;

let database: Promise<IDBPDatabase<Schema>> | undefined;

const open = (): Promise<IDBPDatabase<Schema>> =>
  (database ??= openDB<Schema>('latent-loom-drafts', 1, {
    upgrade: (made) => void made.createObjectStore('masks', { keyPath: 'key' }),
  }));

export const draftKey = (picture: string, mask: string): string => `${picture}\n${mask}`;

/** What was being painted when the tab went; null where nothing was, or over a picture of another size. */
export async function readDraft(key: string, { width, height }: Raster): Promise<Raster | null> {
  const found = await (await open()).get('masks', key);
  return found?.width === width && found.height === height && found.values.length === width * height ? found : null;
}

export async function keepDraft(key: string, { width, height, values }: Raster): Promise<void> {
  const store = await open();
  await store.put('masks', { key, width, height, values: values.slice(), updated: Date.now() });
  for (const other of await store.getAllKeys('masks')) {
    const known = other === key ? undefined : await store.get('masks', other);
    if (known && known.updated < Date.now() - KEPT) await store.delete('masks', other);
  }
}

export const dropDraft = async (key: string): Promise<void> => (await open()).delete('masks', key);
