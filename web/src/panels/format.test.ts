import { expect, test } from 'vitest';

import { ago, bytes } from './format';

test('how long ago is said in the largest unit that fits', () => {
  const now = 10 * 3_600_000;
  expect([ago(now - 1000, now), ago(now - 120_000, now), ago(now - 7_200_000, now)]).toEqual([
    'just now',
    '2 min ago',
    '2 h ago',
  ]);
});

test('sizes are short', () => {
  expect([bytes(2300), bytes(5_600_000), bytes(1.5 * 2 ** 30), bytes(10 * 2 ** 30)]).toEqual(['2 kB', '5 MB', '1.5 GB', '10 GB']);
});
