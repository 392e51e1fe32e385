import { expect, test } from 'vitest';

import { IDLE, type NodeRun } from '../editor/run';
import { RunDrawing } from './runs';
import { output } from './testing/outputs';

function screen(): { drawing: RunDrawing; frame: () => void; runs: Map<string, NodeRun>; drawn: () => number } {
  const runs = new Map<string, NodeRun>();
  const later: (() => void)[] = [];
  let calls = 0;
  const set = (node: string, patch: Partial<NodeRun>): void => {
    calls += 1;
    runs.set(node, { ...IDLE, ...runs.get(node), ...patch });
  };
  const reset = (): void => {
    for (const [node, { outputs, previewUrl, text }] of runs) runs.set(node, { ...IDLE, outputs, previewUrl, text });
  };
  const drawing = new RunDrawing({ set, reset, all: runs }, (draw) => later.push(draw));
  return { drawing, runs, drawn: () => calls, frame: () => later.splice(0).forEach((draw) => draw()) };
}

test('many changes of a node between two frames are drawn once', () => {
  const { drawing, frame, runs, drawn } = screen();
  drawing.change({ node: 'a', state: 'running' });
  for (let value = 1; value <= 100; value += 1) drawing.step({ node: 'a', value, total: 100 });
  expect(drawn()).toBe(0);
  frame();
  expect(drawn()).toBe(1);
  expect(runs.get('a')).toMatchObject({ state: 'running', value: 100, total: 100 });
});

test('a new job forgets what the last one said, and keeps its picture until there is a new one', () => {
  const { drawing, frame, runs } = screen();
  drawing.change({ node: 'save', state: 'done', seconds: 2 });
  drawing.output(output(1));
  frame();
  drawing.begin();
  frame();
  expect(runs.get('save')).toMatchObject({ state: 'idle', seconds: null, outputs: [output(1)] });
  drawing.output(output(2));
  drawing.output(output(3));
  frame();
  expect(runs.get('save')?.outputs.map(({ id }) => id)).toEqual([2, 3]);
});

test('an output told twice is shown once', () => {
  const { drawing, frame, runs } = screen();
  drawing.output(output(1));
  drawing.output(output(1));
  frame();
  expect(runs.get('save')?.outputs).toHaveLength(1);
});

test('words shown by a node are its text, not a picture', () => {
  const { drawing, frame, runs } = screen();
  drawing.output({ ...output(1), url: '', text: '42' });
  frame();
  expect(runs.get('save')).toMatchObject({ text: '42', outputs: [] });
});
