import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Rest } from './rest';

let acts: number[];
let rest: Rest;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  acts = [];
  rest = new Rest({ rest: 100, longest: 500 }, () => acts.push(Date.now()));
});
afterEach(() => vi.useRealTimers());

test('one change is acted on after a rest', () => {
  rest.touch();
  vi.advanceTimersByTime(1_000);
  expect(acts).toEqual([100]);
});

test('changes without end are acted on all the same, no later than the longest wait', () => {
  for (let at = 0; at < 2_000; at += 50) {
    rest.touch();
    vi.advanceTimersByTime(50);
  }
  expect(acts[0]).toBe(500);
  const waits = acts.map((at, index) => at - (acts[index - 1] ?? 0));
  expect(Math.max(...waits)).toBeLessThanOrEqual(550);
});

test('what is stopped does not act', () => {
  rest.touch();
  rest.stop();
  vi.advanceTimersByTime(1_000);
  expect(acts).toEqual([]);
});
