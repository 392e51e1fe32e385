import { expect, test } from 'vitest';

import { same } from './same';

test('the order of keys and keys that hold nothing do not count', () => {
  expect(same({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1, d: undefined })).toBe(true);
});

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { b: 1 }],
  [[1, 2], [2, 1]],
  [[1], { 0: 1 }],
  [null, {}],
  [1, '1'],
])('%j is not %j', (one, other) => {
  expect(same(one, other)).toBe(false);
});
