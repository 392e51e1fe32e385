import { expect, test } from 'vitest';

import { JobProgress } from './progress';

test('a job of one running node is as far as that node', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running' }]);
  progress.step({ node: 'a', value: 5, total: 20 });
  expect(progress.fraction).toBe(0.25);
});

test('reused nodes count as settled and not as computed', () => {
  const progress = new JobProgress();
  progress.apply([
    { node: 'a', state: 'cached' },
    { node: 'b', state: 'waiting' },
  ]);
  expect([progress.fraction, progress.settled, progress.ran]).toEqual([0.5, 1, 0]);
});

test('a node that is done keeps no part of its own progress', () => {
  const progress = new JobProgress();
  progress.apply([
    { node: 'a', state: 'running' },
    { node: 'b', state: 'waiting' },
  ]);
  progress.step({ node: 'a', value: 10, total: 10 });
  progress.apply([{ node: 'a', state: 'done' }]);
  expect(progress.fraction).toBe(0.5);
});

test('the same change told twice counts once', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'done' }]);
  progress.apply([{ node: 'a', state: 'done' }]);
  expect([progress.settled, progress.ran, progress.total]).toEqual([1, 1, 1]);
});

test('nothing known yet is no progress', () => expect(new JobProgress().fraction).toBe(0));
