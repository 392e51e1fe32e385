import { expect, test } from 'vitest';

import { figure } from './figures';

test.each([
  [0, '0'],
  [-0.5, '-0.5'],
  [3.14159265, '3.142'],
  [255, '255'],
  [1234567, '1.23e6'],
  [0.0000123, '1.23e-5'],
  [-99999.99, '-100000'],
])('%d is written %s', (value, written) => expect(figure(value)).toBe(written));
