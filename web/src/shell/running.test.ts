import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Catalogue } from '../document/catalogue';
import { emptyWorkflow, type NodeData, type Workflow } from '../document/types';
import { Editor } from '../editor/editor.svelte';
import { seedsOf, sendRuns } from './running';

const catalogue = {
  revision: '1',
  types: {},
  nodes: {
    sample: {
      id: 'sample',
      title: 'Sample',
      inputs: [{ name: 'seed', type: 'int', default: 0, widget: { kind: 'seed' } }],
      outputs: [],
    },
  },
  broken: [],
} as unknown as Catalogue;

function editorWith(node: Partial<NodeData>): Editor {
  const editor = new Editor();
  const sampler: NodeData = { type: 'sample', inputs: { seed: 7 }, position: [0, 0], ...node };
  editor.document.catalogue = catalogue;
  editor.load({ ...emptyWorkflow('w', 'Test'), nodes: { sampler } });
  return editor;
}

/** What the server was sent, and what it answers next. */
let sent: Workflow[];
let answer: () => Response;

beforeEach(() => {
  sent = [];
  answer = () => Response.json({ id: `job${sent.length}`, warnings: [] }, { status: 202 });
  vi.stubGlobal('fetch', async (_path: string, options: RequestInit) => {
    sent.push((JSON.parse(String(options.body)) as { workflow: Workflow }).workflow);
    return answer();
  });
});

afterEach(() => vi.unstubAllGlobals());

const seedSent = (index: number): unknown => sent[index]?.nodes['sampler']?.inputs['seed'];

describe('Run', () => {
  test('sends the first time the seed that is shown', async () => {
    const editor = editorWith({ after: { seed: 'random' } });
    await sendRuns(editor, 1, new Map());
    expect(seedSent(0)).toBe(7);
  });

  test('the seed shown afterwards is the seed used', async () => {
    const editor = editorWith({ after: { seed: 'random' } });
    const { used } = await sendRuns(editor, 1, new Map());
    await sendRuns(editor, 1, used);
    expect(seedSent(1)).not.toBe(7);
    expect(editor.document.node('sampler')?.inputs['seed']).toBe(seedSent(1));
  });

  test('×3 gives each job a seed of its own', async () => {
    const editor = editorWith({ after: { seed: 'increment' } });
    const { jobs } = await sendRuns(editor, 3, new Map());
    expect([0, 1, 2].map(seedSent)).toEqual([7, 8, 9]);
    expect(jobs.map(({ id }) => id)).toEqual(['job1', 'job2', 'job3']);
  });

  test('leaves a fixed seed alone', async () => {
    await sendRuns(editorWith({}), 2, new Map());
    expect([seedSent(0), seedSent(1)]).toEqual([7, 7]);
  });

  test('stops at what the server refuses, with its problems', async () => {
    const problem = { node: 'sampler', input: 'seed', what: 'No.', fix: 'Yes.', level: 'error' };
    answer = () => Response.json({ problems: [problem] }, { status: 422 });
    const outcome = await sendRuns(editorWith({}), 5, new Map());
    expect(sent).toHaveLength(1);
    expect(outcome.problems).toEqual([problem]);
    expect(outcome.jobs).toEqual([]);
  });
});

test('a linked seed is its source’s business', () => {
  expect(seedsOf(editorWith({ inputs: { seed: { link: ['other', 'result'], value: 3 } } }))).toEqual([]);
});
