import { describe, expect, test } from 'vitest';

import { carriesText, dropKind } from './drop-kind';

describe('a dropped file', () => {
  test.each([
    ['flow.json', '', 'workflow'],
    ['flow', 'application/json', 'workflow'],
    ['cat.png', 'image/png', 'picture'],
    ['CAT.JPG', '', 'picture'],
    ['knit.safetensors', '', 'model'],
    ['notes.txt', 'text/plain', 'other'],
  ])('%s (%s) may be a %s', (name, type, kind) => expect(dropKind({ name, type })).toBe(kind));
});

describe('a picture', () => {
  const png = (text: string): Blob => new Blob(['\x89PNG\r\n\x1a\n', text]);

  test('with a workflow among its texts is opened', async () => {
    expect(await carriesText(png('....tEXtworkflow\0{"schema":1}'))).toBe(true);
  });
  test('with the settings of another program is opened too, to be told so', async () => {
    expect(await carriesText(png('tEXtparameters\0a cat\nSteps: 20, Sampler: Euler'))).toBe(true);
  });
  test('with a workflow behind its pixels, as WebP has it, is opened', async () => {
    const pixels = new Uint8Array(3 * 2 ** 20);
    expect(await carriesText(new Blob(['RIFF', pixels, 'EXIFASCII\0\0\0{"schema":1,"nodes":{}}']))).toBe(true);
  });
  test('without any is a picture', async () => expect(await carriesText(png('IDATworkflows'))).toBe(false));
});
