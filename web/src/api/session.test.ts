import { beforeEach, describe, expect, test } from 'vitest';

import { IDLE, type NodeRun } from '../editor/run';
import type { JobInfo } from './messages.gen';
import { jobToShow, Session, withJob, withOutputs } from './session.svelte';
import { output } from './testing/outputs';

const job = (id: string, state: JobInfo['state'], created = 1, document = 'd'): JobInfo => ({ id, state, created, document, title: id });

let runs: Map<string, NodeRun>;
let finished: [string, number | null][];
let session: Session;

beforeEach(() => {
  runs = new Map();
  finished = [];
  session = new Session(
    {
      all: runs,
      set: (node, patch) => void runs.set(node, { ...IDLE, ...runs.get(node), ...patch }),
      reset: () => runs.clear(),
    },
    {
      document: () => 'd',
      previews: () => true,
      onCatalogue: () => undefined,
      onFinished: (ended, ran) => void finished.push([ended.id, ran]),
      onReconnected: () => undefined,
      onResults: () => undefined,
    },
    (draw) => draw(),
  );
});

describe('a job of the open document', () => {
  test('is drawn from its start to its end', () => {
    session.receive({ kind: 'jobchanged', job: job('a', 'queued') });
    session.receive({ kind: 'jobchanged', job: job('a', 'running') });
    session.receive({
      kind: 'nodeschanged',
      job: 'a',
      changes: [
        { node: 'load', state: 'cached', reason: 'nothing changed' },
        { node: 'sample', state: 'running' },
      ],
    });
    session.receive({ kind: 'progress', job: 'a', node: 'sample', value: 10, total: 20, remaining: 4 });
    expect(runs.get('sample')).toMatchObject({ state: 'running', value: 10, total: 20, remaining: 4 });
    expect(session.fraction).toBeGreaterThanOrEqual(0.5);
    expect(session.left?.atLeast).toBe(false);
    expect(session.left?.seconds).toBeCloseTo(4, 0);

    session.receive({ kind: 'nodeschanged', job: 'a', changes: [{ node: 'sample', state: 'done', seconds: 2 }] });
    session.receive({ kind: 'jobchanged', job: job('a', 'done') });
    expect(runs.get('sample')).toMatchObject({ state: 'done', seconds: 2 });
    expect(finished).toEqual([['a', 1]]);
  });

  test('shows its picture on its node and among the results', () => {
    session.receive({ kind: 'jobchanged', job: job('a', 'running') });
    session.receive({ kind: 'outputadded', output: output(1) });
    expect(runs.get('save')?.outputs).toEqual([output(1)]);
    expect(session.outputs).toEqual([output(1)]);
  });

  test('that fails says so on the node', () => {
    session.receive({ kind: 'jobchanged', job: job('a', 'running') });
    const failure = { what: 'It broke.', fix: 'Mend it.', node: 'sample' };
    session.receive({ kind: 'jobchanged', job: { ...job('a', 'failed'), failure } });
    expect(runs.get('sample')).toMatchObject({ state: 'failed', failure });
    expect(finished).toEqual([['a', 0]]);
  });

  test('shows its picture also when the next one runs by then, until that one has its own', () => {
    session.receive({ kind: 'jobchanged', job: job('a', 'running', 1) });
    session.receive({ kind: 'jobchanged', job: job('b', 'running', 2) });
    session.receive({ kind: 'outputadded', output: output(1) });
    expect(runs.get('save')?.outputs).toEqual([output(1)]);
    session.receive({ kind: 'jobchanged', job: job('a', 'done', 1) });
    expect(finished).toEqual([['a', null]]);
    session.receive({ kind: 'outputadded', output: { ...output(2), job: 'b' } });
    session.receive({ kind: 'outputadded', output: output(3) });
    expect(runs.get('save')?.outputs).toEqual([{ ...output(2), job: 'b' }]);
  });

  test('is followed by the next one of several', () => {
    session.receive({ kind: 'jobchanged', job: job('a', 'running', 1) });
    session.receive({ kind: 'jobchanged', job: job('b', 'queued', 2) });
    session.receive({ kind: 'jobchanged', job: job('a', 'done', 1) });
    session.receive({ kind: 'jobchanged', job: job('b', 'running', 2) });
    expect(session.shown?.id).toBe('b');
  });

  test('ends once, however often that is told', () => {
    session.receive({ kind: 'jobchanged', job: job('a', 'running') });
    session.receive({ kind: 'jobchanged', job: job('a', 'done') });
    session.receive({ kind: 'jobchanged', job: job('a', 'done') });
    expect(finished).toHaveLength(1);
  });
});

test('a job of another document is in the queue and not on the graph', () => {
  session.receive({ kind: 'jobchanged', job: job('x', 'running', 1, 'other') });
  session.receive({ kind: 'nodeschanged', job: 'x', changes: [{ node: 'sample', state: 'running' }] });
  expect(runs.size).toBe(0);
  expect(session.jobs.map(({ id }) => id)).toEqual(['x']);
});

test('five thousand changes in one message are one drawing a node', () => {
  session.receive({ kind: 'jobchanged', job: job('a', 'running') });
  const changes = Array.from({ length: 5_000 }, (_, index) => ({ node: `n${index}`, state: 'cached' as const }));
  session.receive({ kind: 'nodeschanged', job: 'a', changes });
  expect([runs.size, session.fraction]).toEqual([5_000, 1]);
});

describe('lists', () => {
  test('jobs stand newest first, each once', () => {
    const jobs = withJob(withJob([job('a', 'queued', 1)], job('b', 'queued', 2)), job('a', 'done', 1));
    expect(jobs.map(({ id, state }) => [id, state])).toEqual([
      ['b', 'queued'],
      ['a', 'done'],
    ]);
  });

  test('a waiting job is kept however many came after it', () => {
    let jobs: readonly JobInfo[] = [job('first', 'queued', 0)];
    for (let index = 1; index < 200; index += 1) jobs = withJob(jobs, job(`j${index}`, 'done', index));
    expect(jobs.some(({ id }) => id === 'first')).toBe(true);
    expect(jobs.length).toBeLessThan(70);
  });

  test('an output told twice stands once', () => {
    expect(withOutputs([output(1)], [output(1)])).toHaveLength(1);
  });

  test('a file that a later job reuses stands once, in front', () => {
    const again = { ...output(3), url: output(1).url };
    expect(withOutputs([output(2), output(1)], [again]).map(({ id }) => id)).toEqual([3, 2]);
    expect(withOutputs([again, output(2)], [output(1)]).map(({ id }) => id)).toEqual([3, 2]);
  });

  test('words have no place among the files', () => {
    expect(withOutputs([], [{ ...output(1), url: '', text: '42' }])).toEqual([]);
  });

  test('the job shown after a reload is the running one, else the newest that began', () => {
    expect(jobToShow([job('c', 'queued', 3), job('b', 'done', 2), job('a', 'running', 1)], 'd')?.id).toBe('a');
    expect(jobToShow([job('c', 'queued', 3), job('b', 'failed', 2)], 'd')?.id).toBe('b');
    expect(jobToShow([job('c', 'running', 3, 'other')], 'd')).toBeUndefined();
  });
});
