import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { completeCatalogue, type RawCatalogue } from './catalogue';
import { Document } from './document';
import { familiesAt } from './families';
import { Families } from './kinship';
import { workflowOf } from './testing/toys';
import type { InputValue, NodeData } from './types';

const catalogue = completeCatalogue(
  JSON.parse(readFileSync(new URL('../../../tests/graph/family_catalogue.json', import.meta.url), 'utf8')) as RawCatalogue,
);

/** The families that a file picked at this input has to be for, in words. */
function families(nodes: Record<string, Partial<NodeData>>, node: string, input: string): string {
  const graph = new Document(workflowOf(nodes)).graph();
  const found = familiesAt(graph, catalogue, new Families(graph, catalogue), { node, input });
  return found ? [...found].sort().join(' or ') : 'any';
}

const from = (node: string, output = 'result'): InputValue => ({ link: [node, output] });
const one = { type: 'load_whole', inputs: { file: 'one.sft' } };
const large = { type: 'load_whole', inputs: { file: 'large.sft' } };

test('a LoRA is for the model that flows into it', () => {
  const lora = { type: 'lora', inputs: { model: from('large', 'model'), file: 'one-lora.sft' } };
  const more = { type: 'lora', inputs: { model: from('lora', 'model') } };
  expect(families({ one, large, lora, more }, 'more', 'file')).toBe('large');
  expect(families({ one, large, lora, more }, 'lora', 'file')).toBe('large');
});

test('what has no model above it is for the one it is used with', () => {
  const control = { type: 'control', inputs: {} };
  const draw = { type: 'draw', inputs: { model: from('one', 'model'), text: from('control') } };
  expect(families({ one, control, draw }, 'control', 'net')).toBe('one');
  const combine = { type: 'combine', inputs: { 'texts.0': from('control') } };
  const later = { type: 'draw', inputs: { model: from('large', 'model'), text: from('combine') } };
  expect(families({ large, control, combine, later }, 'control', 'net')).toBe('large');
});

test('what only a picture joins has nothing to do with it', () => {
  const lora = { type: 'lora', inputs: {} };
  const first = { type: 'draw', inputs: { model: from('lora', 'model') } };
  const see = { type: 'see', inputs: { latent: from('first') } };
  const draw = { type: 'draw', inputs: { model: from('one', 'model'), after: from('see') } };
  expect(families({ one, lora, first, see, draw }, 'lora', 'file')).toBe('any');
});

test('of two families none is said, and of a file nobody knows neither', () => {
  const lora = { type: 'lora', inputs: { model: from('one', 'model'), text: from('large', 'text') } };
  expect(families({ one, large, lora }, 'lora', 'file')).toBe('any');
  const strange = { type: 'load_whole', inputs: { file: 'new.sft' } };
  expect(families({ strange, lora: { type: 'lora', inputs: { model: from('strange', 'model') } } }, 'lora', 'file')).toBe('any');
  expect(families({ one }, 'gone', 'file')).toBe('any');
});
