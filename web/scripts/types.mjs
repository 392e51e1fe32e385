// `npm run types`: writes src/api/messages.schema.json and messages.gen.ts from server/messages.py, and
// src/api/sentences.gen.json from what the server says by a code.
// Python is taken from the environment variable PYTHON, else python3, else python; it needs msgspec.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { schemaFile, typesFile, typesFrom } from './types-from-schema.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

function printed(script) {
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : ['python3', 'python'];
  let reason;
  for (const python of candidates) {
    try {
      return execFileSync(python, [here(script)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      reason = error;
    }
  }
  throw new Error(`No Python with msgspec answered (tried ${candidates.join(', ')}). Set PYTHON to one.`, { cause: reason });
}

const schema = printed('./messages_schema.py');
writeFileSync(schemaFile, schema);
writeFileSync(typesFile, await typesFrom(JSON.parse(schema)));
writeFileSync(here('../src/api/sentences.gen.json'), printed('./sentences.py'));
