import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { emptyWorkflow } from '../document/types';
import { Autosave } from './autosave.svelte';
import type { LocalDocument, LocalStore } from './local';

let kept: LocalDocument[];
let requests: { path: string; revision: number | null }[];
let answer: (revision: number | null) => Response;

beforeEach(() => {
  vi.useFakeTimers();
  [kept, requests] = [[], []];
  answer = (revision) => Response.json({ revision: (revision ?? 0) + 1 });
  vi.stubGlobal('fetch', async (path: string, options: RequestInit) => {
    const { revision } = JSON.parse(String(options.body)) as { revision: number | null };
    requests.push({ path, revision });
    return answer(revision);
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function autosave(): Autosave {
  const store = {
    write: (record: LocalDocument) => {
      kept.push(record);
      return Promise.resolve();
    },
    keepView: () => undefined,
    openDocument: '',
  } as unknown as LocalStore;
  const saving = new Autosave(store, { snapshot: () => emptyWorkflow('w'), view: () => ({ x: 0, y: 0, zoom: 1 }) });
  saving.follow({ id: 'w', revision: null, dirty: false, used: [] });
  return saving;
}

describe('a change', () => {
  test('is in the browser at once and on the server a moment later', async () => {
    const saving = autosave();
    saving.changed();
    await vi.advanceTimersByTimeAsync(200);
    expect(kept.at(-1)).toMatchObject({ dirty: true, revision: null });
    expect(requests).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(requests).toEqual([{ path: '/api/workflows/w', revision: null }]);
    expect(saving.state).toBe('saved');
    expect(kept.at(-1)).toMatchObject({ dirty: false, revision: 1 });
  });

  test('and the next are one request, over the revision before', async () => {
    const saving = autosave();
    saving.changed();
    await vi.advanceTimersByTimeAsync(2_000);
    for (let turn = 0; turn < 5; turn += 1) saving.changed();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(requests.map(({ revision }) => revision)).toEqual([null, 1]);
  });

  test('is tried again while the server cannot be reached', async () => {
    const saving = autosave();
    answer = () => Response.json({ error: { what: 'Down.', fix: '' } }, { status: 503 });
    saving.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(saving.state).toBe('local');
    answer = () => Response.json({ revision: 4 });
    await vi.advanceTimersByTimeAsync(6_000);
    expect(saving.state).toBe('saved');
  });
});

describe('a busy server', () => {
  const busy = (): Response => new Response('<h1>Too many requests</h1>', { status: 429, headers: { 'Retry-After': '30' } });

  test('gets a change when it may be asked again, and no sooner; it is in the browser all the while', async () => {
    const saving = autosave();
    answer = busy;
    saving.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([saving.state, saving.trouble]).toEqual(['local', expect.stringContaining('The server is busy.')]);
    for (let turn = 0; turn < 20; turn += 1) {
      saving.changed();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(requests).toHaveLength(1);
    expect(kept.at(-1)).toMatchObject({ dirty: true });
    answer = () => Response.json({ revision: 1 });
    await vi.advanceTimersByTimeAsync(11_000);
    expect(requests).toHaveLength(2);
    expect([saving.state, saving.trouble]).toEqual(['saved', '']);
  });
});

describe('a revision someone else wrote', () => {
  const theirs = { workflow: emptyWorkflow('w', 'Theirs'), revision: 9 };

  test('is shown, and nothing is sent until the user has chosen', async () => {
    const saving = autosave();
    answer = () => Response.json({ error: { what: 'Newer.', fix: '' }, stored: theirs, sent: theirs }, { status: 409 });
    saving.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([saving.state, saving.conflict]).toEqual(['conflict', theirs]);
    saving.changed();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(requests).toHaveLength(1);

    answer = () => Response.json({ revision: 10 });
    await saving.keepMine();
    expect(requests.at(-1)?.revision).toBe(9);
    expect([saving.state, saving.conflict]).toEqual(['saved', null]);
  });

  test('that was a deletion is answered by saving anew', async () => {
    const saving = autosave();
    saving.follow({ id: 'w', revision: 3, dirty: false, used: [] });
    answer = (revision) =>
      revision === null ? Response.json({ revision: 1 }) : Response.json({ error: { what: 'Gone.', fix: '' }, stored: null, sent: theirs }, { status: 409 });
    saving.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(requests.map(({ revision }) => revision)).toEqual([3, null]);
    expect(saving.state).toBe('saved');
  });
});
