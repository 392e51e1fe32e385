import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { JobInfo } from '../api/messages.gen';
import type { Left } from '../api/progress';
import { emptyWorkflow, type NodeData, type Workflow } from '../document/types';
import { Live, runKey, staleJobs } from './live.svelte';

const node = (more: Partial<NodeData> = {}): NodeData => ({ type: 'make', inputs: { size: 1 }, position: [0, 0], ...more });
const workflow = (more: Partial<NodeData> = {}): Workflow => ({ ...emptyWorkflow('w'), nodes: { a: node(more) } });
const job = (id: string, state: JobInfo['state']): JobInfo => ({ id, state, created: 1, document: 'w', title: id });

describe('what counts for a run', () => {
  test.each<[string, Partial<NodeData>]>([
    ['a place', { position: [9, 9] }],
    ['a size', { size: [10, 10] }],
    ['a title', { title: 'Mine' }],
    ['a colour', { colour: 'red', collapsed: true }],
    ['what a seed does', { after: { size: 'random' } }],
  ])('%s does not', (_, change) => expect(runKey(workflow(change))).toBe(runKey(workflow())));

  test.each<[string, Partial<NodeData>]>([
    ['a value', { inputs: { size: 2 } }],
    ['a type', { type: 'blend' }],
    ['a mode', { mode: 'mute' }],
    ['a loop', { loop: { mode: 'repeat', times: 3 } }],
    ['a link', { inputs: { size: { link: ['b', 'result'] } } }],
  ])('%s does', (_, change) => expect(runKey(workflow(change))).not.toBe(runKey(workflow())));
});

describe('of the earlier runs', () => {
  const jobs = [job('waits', 'queued'), job('runs', 'running'), job('ended', 'done'), job('yours', 'queued')];
  const ours = new Set(['waits', 'runs', 'ended']);
  const stale = (left: Left | null): string[] => staleJobs(jobs, ours, left);

  test('those that wait or run are stale, and nobody else’s', () => expect(stale(null)).toEqual(['waits', 'runs']));
  test('one that is nearly done is let finish', () => expect(stale({ seconds: 0.5, atLeast: false })).toEqual(['waits']));
  test('one of which nobody knows when it ends is stale', () => expect(stale({ seconds: 0.5, atLeast: true })).toContain('runs'));
});

describe('live mode', () => {
  let shown: Workflow;
  let sent: unknown[];
  let cancelled: string[];
  let jobs: JobInfo[];
  let valid: boolean;
  let ready: boolean;
  let live: Live;

  beforeEach(() => {
    vi.useFakeTimers();
    [shown, sent, cancelled, jobs, valid, ready] = [workflow(), [], [], [], true, true];
    live = new Live({
      workflow: () => shown,
      send: () => {
        sent.push(shown.nodes['a']?.inputs['size']);
        if (!valid) return Promise.resolve(null);
        jobs.push(job(`job${sent.length}`, 'queued'));
        return Promise.resolve(jobs.at(-1) ?? null);
      },
      cancel: (id) => {
        cancelled.push(id);
        return Promise.resolve();
      },
      jobs: () => jobs,
      left: () => null,
      ready: () => ready,
    });
  });
  afterEach(() => vi.useRealTimers());

  const change = async (size: number, rest: number): Promise<void> => {
    shown = workflow({ inputs: { size } });
    live.changed();
    await vi.advanceTimersByTimeAsync(rest);
  };

  test('runs at once when it is switched on, and not again for the same', async () => {
    live.toggle();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual([1]);
  });

  test('many changes in quick succession are one run, of the last', async () => {
    live.toggle();
    await vi.advanceTimersByTimeAsync(1_000);
    for (const size of [2, 3, 4]) await change(size, 100);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([1, 4]);
  });

  test('a newer run cancels the one before it', async () => {
    live.toggle();
    await vi.advanceTimersByTimeAsync(1_000);
    await change(2, 1_000);
    expect(cancelled).toEqual(['job1']);
  });

  test('with problems nothing runs until something changes', async () => {
    valid = false;
    live.toggle();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([sent.length, live.state]).toEqual([1, 'problems']);
    valid = true;
    await change(2, 1_000);
    expect([sent.length, live.state]).toEqual([2, 'on']);
  });

  test('while no job can run nothing is sent; then what stands is', async () => {
    ready = false;
    live.toggle();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual([]);
    ready = true;
    live.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([1]);
  });

  test('switched off, nothing runs', async () => {
    live.toggle();
    live.toggle();
    await change(2, 5_000);
    expect(sent).toEqual([]);
  });
});
