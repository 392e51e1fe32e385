import { expect, test } from 'vitest';

import type { NodeSchema } from './catalogue';
import { hasPicture, readSweep, type Sweep, withPicture } from './sweep';
import type { NodeData } from './types';

const schema = (is_output: boolean, outputs: string[]): NodeSchema =>
  ({ is_output, inputs: [{ name: 'image', type: 'Image' }], outputs: outputs.map((type) => ({ name: 'result', type })) }) as unknown as NodeSchema;
const node = (rest: Partial<NodeData> = {}): NodeData => ({ type: 'x', inputs: { image: { link: ['paint', 'result'] } }, position: [0, 0], ...rest });

test('what shows a picture it is given, or makes one, can fill the sheet', () => {
  expect(hasPicture(node(), schema(true, []))).toBe(true);
  expect(hasPicture(node(), schema(false, ['Image']))).toBe(true);
});

test('what is given none, makes none, does not run or is not installed cannot', () => {
  expect(hasPicture(node({ inputs: {} }), schema(true, []))).toBe(false);
  expect(hasPicture(node(), schema(false, ['Latent']))).toBe(false);
  expect(hasPicture(node({ mode: 'mute' }), schema(true, ['Image']))).toBe(false);
  expect(hasPicture(node(), undefined)).toBe(false);
});

test('the node of the sheet is kept, and gone when none is chosen; what else the sweep holds stays', () => {
  const sweep: Sweep = { axes: [], name: 'mine', picture: 'old' };
  expect(readSweep(withPicture(sweep, 'save') as never)).toEqual({ axes: [], name: 'mine', picture: 'save' });
  expect(withPicture(sweep, '')).toEqual({ axes: [], name: 'mine' });
});
