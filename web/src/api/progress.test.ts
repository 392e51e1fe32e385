import { expect, test } from 'vitest';

import { JobProgress } from './progress';

test('a job of one running node is as far as that node', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running' }], 0);
  progress.step({ node: 'a', value: 5, total: 20 }, 2_000);
  expect(progress.fractionAt(2_000)).toBe(0.25);
});

test('reused nodes are settled, not computed, and no part of the bar', () => {
  const progress = new JobProgress();
  progress.apply([
    { node: 'a', state: 'cached' },
    { node: 'b', state: 'waiting' },
  ]);
  expect([progress.fractionAt(0), progress.settled, progress.ran]).toEqual([0, 1, 0]);
});

test('a node that took long fills more of the bar than one that did not', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running' }, { node: 'b', state: 'waiting', expected: 57 }, { node: 'c', state: 'waiting' }], 0);
  progress.apply([{ node: 'a', state: 'done', seconds: 2 }, { node: 'b', state: 'running' }], 2_000);
  expect(progress.fractionAt(2_000)).toBeCloseTo(2 / 60);
  expect(progress.fractionAt(30_000)).toBeCloseTo(30 / 60);
});

test('a node of which nothing is known fills ever less of the bar, and the rest when it ends', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running' }], 0);
  expect(progress.fractionAt(500)).toBeCloseTo(1 / 3);
  expect(progress.fractionAt(60_000)).toBe(0.5);
  progress.apply([{ node: 'a', state: 'done', seconds: 60 }], 60_000);
  expect(progress.fractionAt(60_000)).toBe(1);
});

test('the same change told twice counts once', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'done' }]);
  progress.apply([{ node: 'a', state: 'done' }]);
  expect([progress.settled, progress.ran, progress.total]).toEqual([1, 1, 1]);
});

test('nothing known yet is no progress', () => expect(new JobProgress().fractionAt(0)).toBe(0));

const seconds = (progress: JobProgress, now: number): number => progress.left(now)?.seconds ?? NaN;

test('the time left is what the nodes took before, less what has gone by', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running', expected: 4 }, { node: 'b', state: 'waiting', expected: 6 }], 0);
  expect(progress.left(1_000)).toEqual({ seconds: 9, atLeast: false });
  expect(progress.fractionAt(1_000)).toBeCloseTo(0.1);
  progress.apply([{ node: 'a', state: 'done', seconds: 2 }, { node: 'b', state: 'running' }], 2_000);
  expect(seconds(progress, 3_000)).toBe(5);
});

test('what a node says of itself counts more than what it took before', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running', expected: 4 }], 0);
  progress.step({ node: 'a', value: 1, total: 20, remaining: 38 }, 2_000);
  expect(seconds(progress, 3_000)).toBe(37);
});

test('while some nodes never ran before, the time is said to be the least', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running', expected: 4 }, { node: 'b', state: 'waiting' }], 0);
  expect(progress.left(0)).toEqual({ seconds: 4, atLeast: true });
  expect(progress.fractionAt(0)).toBe(0);
});

test('where nothing is known no time is made up', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running' }, { node: 'b', state: 'waiting' }], 0);
  expect(progress.left(5_000)).toBeNull();
});

test('the bar never goes back, though a node takes longer than before', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running', expected: 2 }], 0);
  const before = progress.fractionAt(1_000);
  progress.step({ node: 'a', value: 1, total: 20, remaining: 100 }, 1_100);
  expect(progress.fractionAt(1_200)).toBeGreaterThanOrEqual(before);
  expect(progress.fractionAt(1_200)).toBeLessThan(before + 0.01);
});

test('a node that takes longer than before fills ever less of the bar, and never nearly all of it', () => {
  const progress = new JobProgress();
  progress.apply([{ node: 'a', state: 'running', expected: 10 }], 0);
  const at = new Map<number, number>();
  for (let second = 1; second <= 40; second += 1) at.set(second, progress.fractionAt(second * 1_000));
  expect(at.get(8)).toBeCloseTo(0.8);
  expect(at.get(10)).toBeLessThan(0.85);
  expect(at.get(20)).toBeGreaterThan(at.get(10) ?? 1);
  expect(at.get(40)).toBeLessThan(0.93);
});
