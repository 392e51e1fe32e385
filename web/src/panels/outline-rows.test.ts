import { expect, test } from 'vitest';

import { placeOf, workflowOf } from '../document/testing/toys';
import { graphOf } from '../document/edit/place';
import { outlineRows, type OutlineGraph } from './outline-rows';

const workflow = workflowOf({
  inside: { type: 'make', position: [20, 20] },
  after: { type: 'pass', position: [900, 0], inputs: { value: { link: ['inside', 'result'] } } },
});
workflow.frames['outer'] = { title: 'Outer', position: [0, 0], size: [500, 500] };
workflow.frames['inner'] = { title: 'Inner', position: [10, 10], size: [300, 300] };
const graph = graphOf(placeOf(workflow));
const outline: OutlineGraph = {
  graph,
  titleOf: (node) => node.title ?? node.type,
  boxOf: (kind, id) => {
    const item = graph[kind].get(id);
    const [width, height] = kind === 'frames' ? (graph.frames.get(id)?.size ?? [0, 0]) : [100, 100];
    return item && { x: item.position[0], y: item.position[1], width, height };
  },
};
const shown = (toggled: string[] = [], text = ''): string[] =>
  outlineRows(outline, new Set(toggled), text).map(({ level, label }) => `${'  '.repeat(level - 1)}${label}`);

test('frames hold what lies in them, and nodes follow in the order they are read', () => {
  expect(shown()).toEqual(['Outer', '  Inner', '    make', 'pass']);
});

test('a closed frame hides what it holds; an opened node shows what it is linked with', () => {
  expect(shown(['frame outer', 'node after'])).toEqual(['Outer', 'pass', '  value ← make']);
});

test('a search lists what it finds, wherever it lies', () => expect(shown(['frame outer'], 'mak')).toEqual(['make']));

test('every row knows its place among its siblings', () => {
  expect(outlineRows(outline, new Set(), '').map(({ at, of }) => `${at}/${of}`)).toEqual(['1/2', '1/1', '1/1', '2/2']);
});
