import { describe, expect, test } from 'vitest';

import { type Catalogue, completeCatalogue, type NodeSchema } from '../document/catalogue';
import type { LooseEnd } from '../document/types';
import { categoriesOf, PaletteSearch } from './palette-search';

type Sketch = Pick<NodeSchema, 'id' | 'title' | 'category'> & {
  help?: string;
  inputs?: [name: string, type: string, widget?: boolean][];
  outputs?: [name: string, type: string][];
};

const sketches: Sketch[] = [
  { id: 'sample', title: 'Sample', category: 'sampling', help: 'Denoise a latent.', inputs: [['model', 'Model'], ['latent', 'Latent'], ['steps', 'int', true]], outputs: [['result', 'Latent']] },
  { id: 'empty_latent', title: 'Empty latent', category: 'latent', inputs: [['width', 'int', true]], outputs: [['result', 'Latent']] },
  { id: 'decode_latent', title: 'Decode latent', category: 'latent', help: 'Turn a latent into an image.', inputs: [['latent', 'Latent']], outputs: [['result', 'Image']] },
  { id: 'save_image', title: 'Save image', category: 'image/output', inputs: [['name', 'str', true], ['image', 'Image']] },
  { id: 'load_checkpoint', title: 'Load checkpoint', category: 'loaders', outputs: [['model', 'Model'], ['vae', 'VAE']] },
];

function catalogue(): Catalogue {
  const type = (title: string): Catalogue['types'][string] => ({ title, colour: '#888', shape: '', fits: [title] });
  const nodes = sketches.map(({ inputs = [], outputs = [], ...rest }) => ({
    ...rest,
    inputs: inputs.map(([name, kind, widget]) => ({ name, type: kind, widget: widget ? { kind: 'number' } : null })),
    outputs: outputs.map(([name, kind]) => ({ name, type: kind })),
  }));
  return completeCatalogue({
    revision: '1',
    types: { Model: type('Model'), Latent: type('Latent'), Image: type('Image'), VAE: type('VAE') },
    nodes: Object.fromEntries(nodes.map((node) => [node.id, node])) as unknown as Catalogue['nodes'],
    broken: [],
  });
}

const end = (direction: 'in' | 'out', type: string): LooseEnd =>
  direction === 'out' ? { direction, from: { node: 'a', output: 'result' }, type } : { direction, to: { node: 'a', input: 'x' }, type };
const search = new PaletteSearch(catalogue());
const titles = (text: string, fitting: Parameters<PaletteSearch['find']>[1] = null): string[] =>
  search.find(text, fitting).map(({ title }) => title);

describe('typing in the palette', () => {
  test('nothing lists every node by category', () => {
    expect(titles('')).toEqual(['Save image', 'Decode latent', 'Empty latent', 'Load checkpoint', 'Sample']);
  });
  test('a few letters find the beginning of a word', () => expect(titles('sam')[0]).toBe('Sample'));
  test('a typing mistake is forgiven', () => expect(titles('smaple')).toContain('Sample'));
  test('several words must all be meant', () => expect(titles('image sav')).toEqual(['Save image']));
  test('a title counts more than a help text', () => expect(titles('latent').slice(0, 2).sort()).toEqual(['Decode latent', 'Empty latent']));
  test('what nodes give is searched too', () => expect(titles('vae')).toEqual(['Load checkpoint']));
  test('nonsense finds nothing', () => expect(titles('zzzzqq')).toEqual([]));
});

describe('only what fits', () => {
  test('an output is taken by the nodes with such an input', () => {
    expect(titles('', end('out', 'Latent'))).toEqual(['Decode latent', 'Sample']);
  });
  test('an input is fed by the nodes with such an output', () => {
    expect(titles('', end('in', 'Model'))).toEqual(['Load checkpoint']);
  });
});

test('categories are counted', () => {
  expect(categoriesOf(search.find('', null))).toContainEqual({ name: 'latent', count: 2 });
});
