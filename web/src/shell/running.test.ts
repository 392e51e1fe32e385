import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Catalogue } from '../document/catalogue';
import { emptyWorkflow, type NodeData, type Workflow } from '../document/types';
import { Editor } from '../editor/editor.svelte';
import { seedsOf, sendRuns } from './running';

const catalogue = {
  revision: '1',
  types: {},
  nodes: {
    sample: {
      id: 'sample',
      title: 'Sample',
      inputs: [{ name: 'seed', type: 'int', default: 0, widget: { kind: 'seed' } }],
      outputs: [],
    },
  },
  broken: [],
} as unknown as Catalogue;

function editorWith(node: Partial<NodeData>): Editor {
  const editor = new Editor();
  const sampler: NodeData = { type: 'sample', inputs: { seed: 7 }, position: [0, 0], ...node };
  editor.document.catalogue = catalogue;
  editor.load({ ...emptyWorkflow('w', 'Test'), nodes: { sampler } });
  return editor;
}

/** What the server was sent, and what it answers next. */
let sent: Workflow[];
let answer: () => Response;
const silent = (): void => undefined;

beforeEach(() => {
  sent = [];
  answer = () => Response.json({ id: `job${sent.length}`, warnings: [] }, { status: 202 });
  const answers = async (_path: string, options: RequestInit): Promise<Response> => {
    sent.push((JSON.parse(String(options.body)) as { workflow: Workflow }).workflow);
    return answer();
  };
  vi.stubGlobal('fetch', vi.fn(answers));
});

afterEach(() => vi.unstubAllGlobals());

const seedSent = (index: number): unknown => sent[index]?.nodes['sampler']?.inputs['seed'];

describe('Run', () => {
  test('sends the first time the seed that is shown', async () => {
    const editor = editorWith({ after: { seed: 'random' } });
    await sendRuns(editor, 1, new Map(), silent);
    expect(seedSent(0)).toBe(7);
  });

  test('the seed shown afterwards is the seed used', async () => {
    const editor = editorWith({ after: { seed: 'random' } });
    const { used } = await sendRuns(editor, 1, new Map(), silent);
    await sendRuns(editor, 1, used, silent);
    expect(seedSent(1)).not.toBe(7);
    expect(editor.document.node('sampler')?.inputs['seed']).toBe(seedSent(1));
  });

  test('×3 gives each job a seed of its own', async () => {
    const editor = editorWith({ after: { seed: 'increment' } });
    const { jobs } = await sendRuns(editor, 3, new Map(), silent);
    expect([0, 1, 2].map(seedSent)).toEqual([7, 8, 9]);
    expect(jobs.map(({ id }) => id)).toEqual(['job1', 'job2', 'job3']);
  });

  test('leaves a fixed seed alone', async () => {
    await sendRuns(editorWith({}), 2, new Map(), silent);
    expect([seedSent(0), seedSent(1)]).toEqual([7, 7]);
  });

  test('stops at what the server refuses, with its problems', async () => {
    const problem = { node: 'sampler', input: 'seed', what: 'No.', fix: 'Yes.', level: 'error' };
    answer = () => Response.json({ problems: [problem] }, { status: 422 });
    const outcome = await sendRuns(editorWith({}), 5, new Map(), silent);
    expect(sent).toHaveLength(1);
    expect(outcome.problems).toEqual([problem]);
    expect(outcome.jobs).toEqual([]);
  });
});

describe('a busy server', () => {
  const busy = (): Response => new Response('', { status: 503, headers: { 'Retry-After': '5' } });

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('is asked again when it says so, as one job, and who waits is told', async () => {
    const told: [string, number][] = [];
    const keys = new Set<unknown>();
    answer = () => (sent.length < 3 ? busy() : Response.json({ id: 'made', warnings: [] }, { status: 202 }));
    const running = sendRuns(editorWith({}), 1, new Map(), (error, wait) => void told.push([error.what, wait]));
    await vi.advanceTimersByTimeAsync(4_900);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_200);
    expect((await running).jobs.map(({ id }) => id)).toEqual(['made']);
    expect(told).toEqual([['The server is busy.', 5_000], ['The server is busy.', 5_000]]);
    for (const [, options] of vi.mocked(fetch).mock.calls) keys.add((JSON.parse(String(options?.body)) as { key: string }).key);
    expect(keys.size).toBe(1);
  });

  test('that stays busy is left alone, in its words', async () => {
    answer = busy;
    const running = sendRuns(editorWith({}), 1, new Map(), silent);
    await vi.advanceTimersByTimeAsync(60_000);
    const { jobs, error } = await running;
    expect([jobs, error?.what, sent.length]).toEqual([[], 'The server is busy.', 5]);
  });
});

test('a linked seed is its source’s business', () => {
  expect(seedsOf(editorWith({ inputs: { seed: { link: ['other', 'result'], value: 3 } } }))).toEqual([]);
});
