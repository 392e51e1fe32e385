import fc from 'fast-check';
import { expect, it } from 'vitest';

import { commandOf, steps } from './testing/random';
import { placeOf, workflowOf } from './testing/toys';
import { questionWith, textOf } from './text';
import { emptyWorkflow, type Workflow } from './types';

it('is what JSON.stringify gives, after any commands and each of them', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const place = placeOf({ ...emptyWorkflow('d'), extra: { kept: [1, { two: null }] } });
      for (const step of taken) {
        const command = commandOf(place, step);
        if (command) place.document.apply(command);
        const workflow = place.document.toWorkflow();
        expect(textOf(workflow)).toBe(JSON.stringify(workflow));
      }
    }),
  );
});

it('is what JSON.stringify gives of what is no workflow of ours', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('nodes', 'subgraphs', 'frames')), fc.jsonValue()), (strange) => {
      const workflow = strange as unknown as Workflow;
      expect(textOf(workflow)).toBe(JSON.stringify(workflow));
      expect(questionWith(workflow, { key: 'k', targets: undefined })).toBe(JSON.stringify({ workflow, key: 'k', targets: undefined }));
    }),
  );
});

it('follows a change of one node', () => {
  const place = placeOf(workflowOf({ a: { type: 'make' }, b: { type: 'make' } }));
  const before = place.document.toWorkflow();
  expect(textOf(before)).toBe(JSON.stringify(before));
  const after = { ...before, nodes: { ...before.nodes, a: { ...before.nodes['a'], title: 'Another' } } } as Workflow;
  expect(textOf(after)).toBe(JSON.stringify(after));
});
