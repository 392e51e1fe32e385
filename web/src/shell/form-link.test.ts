import { expect, test } from 'vitest';

import { formWanted } from './form-link';

test.each([
  ['#form=abc-1', 'abc-1'],
  ['#form=a%20b', 'a b'],
  ['', ''],
  ['#form=', ''],
  ['#form=%E0%A4%A', ''],
  ['#other=1', ''],
])('%s wants %j', (hash, id) => expect(formWanted(hash)).toBe(id));
