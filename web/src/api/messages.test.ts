import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { schemaFile, typesFile, typesFrom } from '../../scripts/types-from-schema.mjs';

test('the generated message types are those of the published schema (else: npm run types)', async () => {
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as Parameters<typeof typesFrom>[0];
  expect(readFileSync(typesFile, 'utf8')).toBe(await typesFrom(schema));
});
