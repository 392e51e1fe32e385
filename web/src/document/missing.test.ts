import { expect, test } from 'vitest';

import { completeCatalogue, type Catalogue } from './catalogue';
import { invert } from './change';
import { Document } from './document';
import { missingIn, replaceFile } from './missing';
import { emptyWorkflow, type NodeData, type Workflow } from './types';

const options = ['demo.safetensors', 'new/painter.safetensors'];
const catalogue: Catalogue = completeCatalogue({
  revision: '1',
  types: {},
  broken: [],
  nodes: {
    load: {
      id: 'load',
      title: 'Load',
      inputs: [
        { name: 'file', type: 'file', title: 'File', widget: { kind: 'model_file', folder: 'checkpoints', options } },
        { name: 'also', type: 'file', title: 'Also', widget: { kind: 'model_file', folder: 'checkpoints', options } },
      ],
      outputs: [],
    },
    picture: { id: 'picture', title: 'Picture', inputs: [{ name: 'file', type: 'file', title: 'File', widget: { kind: 'image_file', options: [] } }], outputs: [] },
  },
} as unknown as Catalogue);

const node = (type: string, inputs: NodeData['inputs'] = {}): NodeData => ({ type, inputs, position: [0, 0] });
const workflow: Workflow = {
  ...emptyWorkflow('w'),
  nodes: {
    a: node('load', { file: 'old/painter.safetensors', also: 'old/painter.safetensors' }),
    b: node('load', { file: 'demo.safetensors' }),
    c: node('picture', { file: 'cat.png' }),
    d: node('fancy/dream', { strength: 3, image: { link: ['c', 'image'] } }),
    e: node('reroute'),
    f: node('subgraph:s'),
    g: node('load', { file: { link: ['d', 'result'], value: 'gone.safetensors' } }),
  },
  subgraphs: { s: { nodes: { inner: node('load', { file: 'old/painter.safetensors' }), more: node('fancy/dream') } } },
};

const { types, files } = missingIn(workflow, catalogue);

test('types that are not installed are told with their pack and every node of theirs', () => {
  expect(types).toEqual([{ type: 'fancy/dream', pack: 'fancy', uses: [{ graph: '', node: 'd' }, { graph: 's', node: 'more' }] }]);
});

test('files are told once, with each input that names them, in subgraphs too', () => {
  expect(files.map(({ folder, file, uses }) => [folder, file, uses.length])).toEqual([
    ['checkpoints', 'old/painter.safetensors', 3],
    ['input', 'cat.png', 1],
  ]);
});

test('a file of the same name elsewhere is offered first', () => expect(files[0]?.options[0]).toBe('new/painter.safetensors'));

test('while no node is known, none is missing', () => {
  expect(missingIn(workflow, { ...catalogue, nodes: {} })).toEqual({ types: [], files: [] });
});

test('another file goes everywhere in one step, and back', () => {
  const document = new Document(workflow);
  const [file] = files;
  if (!file) throw new Error('nothing is missing');
  const command = replaceFile({ document, graph: '', catalogue }, file, 'demo.safetensors', 'Replace');
  document.apply(command);
  expect(missingIn(document.toWorkflow(), catalogue).files.map((one) => one.file)).toEqual(['cat.png']);
  expect(document.graph('s').nodes.get('inner')?.inputs['file']).toBe('demo.safetensors');
  document.apply(invert(command));
  expect(document.toWorkflow()).toEqual(new Document(workflow).toWorkflow());
});

test('a picture that was just sent is there, whatever the catalogue says', () => {
  expect(missingIn(workflow, catalogue, new Set(['cat.png'])).files.map(({ file }) => file)).not.toContain('cat.png');
  expect(files.map(({ file }) => file)).toContain('cat.png');
});
