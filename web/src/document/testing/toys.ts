// A small catalogue and documents made at random, for tests of everything that works on documents.
import { completeCatalogue, type Catalogue, type InputSchema, type NodeSchema, type OutputSchema } from '../catalogue';
import { ROOT } from '../change';
import { Document } from '../document';
import type { Place } from '../edit/place';
import { emptyWorkflow, type NodeData, type Workflow } from '../types';

export function input(name: string, type: string, more: Partial<InputSchema> = {}): InputSchema {
  return { name, type, ...more } as InputSchema;
}
const output = (name: string, type: string): OutputSchema => ({ name, type }) as OutputSchema;
const schema = (id: string, inputs: InputSchema[], outputs: OutputSchema[], more: Partial<NodeSchema> = {}): NodeSchema =>
  ({ id, title: id, inputs, outputs, ...more }) as NodeSchema;

const number = (name: string): InputSchema => input(name, 'int', { default: 1, required: false, widget: { kind: 'number' } });

export const TOYS: Catalogue = completeCatalogue({
  revision: '1',
  types: {
    Image: { title: 'Image', colour: '', shape: '', fits: ['Image', 'Image|Mask'] },
    Mask: { title: 'Mask', colour: '', shape: '', fits: ['Mask', 'Image|Mask'] },
    Latent: { title: 'Latent', colour: '', shape: '', fits: ['Latent'] },
    int: { title: 'Whole number', colour: '', shape: '', fits: ['int', 'float'] },
    float: { title: 'Number', colour: '', shape: '', fits: ['float'] },
  },
  nodes: {
    make: schema('make', [number('size')], [output('result', 'Image')]),
    count: schema('count', [number('value')], [output('result', 'int')]),
    noise: schema('noise', [], [output('result', 'Latent')]),
    blend: schema('blend', [input('base', 'Image'), input('over', 'Image'), number('amount')], [output('result', 'Image')]),
    stack: schema('stack', [input('images', 'Image', { grows: true })], [output('result', 'Image')]),
    pass: schema('pass', [input('value', '$T')], [output('result', '$T')]),
    choose: schema('choose', [input('first', '$T'), input('second', '$T')], [output('result', '$T')]),
    tint: schema('tint', [input('of', '$T'), number('hue')], [output('result', '$T')], { type_variables: { T: 'Image|Mask' } }),
    save: schema(
      'save',
      [
        input('image', 'Image'),
        input('format', 'variant', {
          default: 'PNG',
          required: false,
          widget: { kind: 'variant', options: { PNG: [], JPEG: [number('quality')] } },
        }),
      ],
      [],
      { is_output: true },
    ),
    write: schema('write', [input('text', 'str', { default: '', required: false, widget: { kind: 'text', lines: 4 } })], []),
  },
  broken: [],
});

export function workflowOf(nodes: Record<string, Partial<NodeData>>): Workflow {
  const full = Object.entries(nodes).map(([id, node], index) => {
    const plain: NodeData = { type: 'make', version: 1, inputs: {}, position: [index * 300, 0], ...node };
    return [id, plain] as const;
  });
  return { ...emptyWorkflow('test'), nodes: Object.fromEntries(full) };
}

export function placeOf(workflow: Workflow): Place {
  return { document: new Document(workflow), graph: ROOT, catalogue: TOYS };
}

/** What must be there, or the test fails saying so. */
export function the<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('Something the test needs is not there.');
  return value;
}
