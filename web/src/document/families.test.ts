import { expect, test } from 'vitest';

import type { Catalogue, NodeSchema, Widget } from './catalogue';
import { completeCatalogue } from './catalogue';
import { Document } from './document';
import { familyAt } from './families';
import { emptyWorkflow, type InputValue, type NodeData } from './types';

const input = (name: string, widget: Widget | null): object => ({ name, type: widget ? 'file' : 'any', title: name, widget });
const type = (id: string, inputs: object[]): NodeSchema =>
  ({ id, title: id, inputs, outputs: [{ name: 'result', type: 'any', title: '' }] }) as unknown as NodeSchema;
const files = (folder: string): Widget => ({ kind: 'model_file', folder, options: [] });

const catalogue: Catalogue = completeCatalogue({
  revision: '',
  types: {},
  broken: [],
  nodes: {
    checkpoint: type('checkpoint', [input('file', files('checkpoints'))]),
    lora: type('lora', [input('model', null), input('file', files('loras'))]),
    control: type('control', [input('file', files('controlnet'))]),
    sample: type('sample', [input('model', null), input('control', null)]),
  },
});
const families: Record<string, string> = { 'xl.safetensors': 'sdxl', 'old.safetensors': 'sd1' };

function family(nodes: Record<string, { type: string; inputs: Record<string, InputValue> }>, of: string): string {
  const placed = Object.entries(nodes).map(([id, node]) => [id, { ...node, position: [0, 0] } as NodeData]);
  const document = new Document({ ...emptyWorkflow('w'), nodes: Object.fromEntries(placed) });
  return familyAt(document.graph(), catalogue, of, (_, file) => families[file] ?? '');
}

const from = (node: string): InputValue => ({ link: [node, 'result'] });
const xl = { type: 'checkpoint', inputs: { file: 'xl.safetensors' } };
const old = { type: 'checkpoint', inputs: { file: 'old.safetensors' } };

test('a LoRA is for the model that flows into it', () => {
  const nodes = { xl, old, lora: { type: 'lora', inputs: { model: from('xl') } }, more: { type: 'lora', inputs: { model: from('lora') } } };
  expect(family(nodes, 'more')).toBe('sdxl');
});

test('what has no model above it is for the one it is used with', () => {
  const nodes = { old, control: { type: 'control', inputs: {} }, sample: { type: 'sample', inputs: { model: from('old'), control: from('control') } } };
  expect(family(nodes, 'control')).toBe('sd1');
});

test('of two families none is said, and of a file nobody knows neither', () => {
  const two = { xl, old, sample: { type: 'sample', inputs: { model: from('xl'), control: from('old') } } };
  expect(family(two, 'sample')).toBe('');
  expect(family({ a: { type: 'checkpoint', inputs: { file: 'new.safetensors' } } }, 'a')).toBe('');
});
