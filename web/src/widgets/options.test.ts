import { expect, test } from 'vitest';

import { fileOption, searchOptions } from './options';

const files = ['sd/painter-v2.safetensors', 'loom-demo.safetensors', 'sd/old-loom.safetensors'].map(fileOption);
const labels = (text: string): string[] => searchOptions(files, text).map((option) => option.label);

test('a file shows its name, and its folder beside it', () => {
  expect(files[0]).toEqual({ value: 'sd/painter-v2.safetensors', label: 'painter-v2.safetensors', hint: 'sd' });
});

test('no text finds everything, in order', () => expect(labels('  ')).toHaveLength(3));

test('what begins with the text comes first', () => {
  expect(labels('loom')).toEqual(['loom-demo.safetensors', 'old-loom.safetensors']);
});

test('words may come from the folder and the name', () => expect(labels('sd v2')).toEqual(['painter-v2.safetensors']));
