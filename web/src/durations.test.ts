import { expect, test } from 'vitest';

import { duration } from './durations';

test('a duration is said as shortly as it can be', () => {
  const said = [0.0004, 0.004, 0.21, 3.14, 42.4, 75, 3720].map(duration);
  expect(said).toEqual(['0.4 ms', '4 ms', '0.21 s', '3.1 s', '42 s', '1 min 15 s', '1 h 2 min']);
});
