import { expect, test } from 'vitest';

import { emptyWorkflow, type NodeData, type Workflow } from '../document/types';
import { differing } from './differing';

const workflow = (nodes: Record<string, Partial<NodeData>>): Workflow => ({
  ...emptyWorkflow('w'),
  nodes: Object.fromEntries(
    Object.entries(nodes).map(([id, node]) => [id, { type: 't', inputs: {}, position: [0, 0], ...node } as NodeData]),
  ),
});

test('nodes that only one side has, or that differ, are named', () => {
  const mine = workflow({ a: {}, b: { inputs: { steps: 20 } }, c: {} });
  const theirs = workflow({ a: {}, b: { inputs: { steps: 21 } }, d: {} });
  expect(differing(mine, theirs)).toEqual(['b', 'c', 'd']);
});

test('the order of keys is no difference', () => {
  expect(differing(workflow({ a: { inputs: { x: 1, y: 2 } } }), workflow({ a: { inputs: { y: 2, x: 1 } } }))).toEqual([]);
});
