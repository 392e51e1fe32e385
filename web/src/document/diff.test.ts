import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { invert } from './change';
import { diff, isEmpty, shortValue, touchedDefinitions, type DiffKind } from './diff';
import { Document } from './document';
import { replaceWith } from './edit/replace';
import { same } from './same';
import { commandOf, steps, type Step } from './testing/random';
import { placeOf, TOYS, workflowOf } from './testing/toys';
import { emptyWorkflow, type NodeData, type Workflow } from './types';

function after(workflow: Workflow, taken: readonly Step[]): Workflow {
  const place = { ...placeOf(workflow), catalogue: TOYS };
  for (const step of taken) {
    const command = commandOf(place, step);
    if (command) place.document.apply(command);
  }
  return place.document.toWorkflow();
}

const begin = (): Workflow => ({ ...emptyWorkflow('d'), extra: { kept: 1 } });
const kindsOf = (before: Workflow, now: Workflow): Record<string, DiffKind> =>
  Object.fromEntries(diff(before, now).items.map(({ id, kind }) => [id, kind]));

describe('any two versions of a workflow', { timeout: 60_000 }, () => {
  test('do not differ from themselves', () => {
    fc.assert(fc.property(steps, (taken) => {
      const made = after(begin(), taken);
      expect(isEmpty(diff(made, structuredClone(made)))).toBe(true);
    }));
  });

  test('differ the other way round by the opposite', () => {
    const opposite: Record<DiffKind, DiffKind> = { added: 'removed', removed: 'added', changed: 'changed', moved: 'moved' };
    fc.assert(fc.property(steps, steps, (one, more) => {
      const before = after(begin(), one);
      const now = after(before, more);
      const [there, back] = [diff(before, now), diff(now, before)];
      const kinds = (items: typeof there.items, turned: boolean): string[] =>
        items.map(({ table, id, kind }) => `${table} ${id} ${turned ? opposite[kind] : kind}`).sort();
      expect(kinds(back.items, true)).toEqual(kinds(there.items, false));
      const links = (all: typeof there.links, kind: string): string[] =>
        all.filter((link) => link.kind === kind).map(({ from, to }) => JSON.stringify([from, to])).sort();
      expect(links(back.links, 'added')).toEqual(links(there.links, 'removed'));
    }));
  });

  test('become each other by one command, which is taken back whole', () => {
    fc.assert(fc.property(steps, steps, (one, more) => {
      const before = after(begin(), one);
      const now = { ...after(begin(), more), title: 'Another', form: { items: [] } };
      const document = new Document(before);
      const command = replaceWith(document, now, 'Restore');
      document.apply(command);
      expect(same(document.toWorkflow(), now)).toBe(true);
      document.apply(invert(command));
      expect(same(document.toWorkflow(), new Document(before).toWorkflow())).toBe(true);
    }));
  });
});

describe('a node', () => {
  const node = (more: Partial<NodeData> = {}): Workflow => workflowOf({ a: { inputs: { size: 1 }, ...more }, b: { position: [0, 0] } });

  test('that only lies or looks otherwise has moved', () => expect(kindsOf(node(), node({ position: [9, 9], collapsed: true }))).toEqual({ a: 'moved' }));
  test('with another value has changed, and says which', () => {
    const { items } = diff(node(), node({ inputs: { size: 2 } }));
    expect(items.map(({ kind, fields }) => [kind, fields])).toEqual([['changed', [{ name: 'size', input: true, before: 1, after: 2 }]]]);
  });
  test('that is muted has changed', () => expect(kindsOf(node(), node({ mode: 'mute' }))).toEqual({ a: 'changed' }));
  test('that reads another output has lost a link and got one', () => {
    const { links } = diff(node({ inputs: { size: { link: ['b', 'result'] } } }), node({ inputs: { size: { link: ['b', 'other'] } } }));
    expect(links.map(({ kind, from }) => [kind, from.output])).toEqual([['removed', 'result'], ['added', 'other']]);
  });
});

test('the title of the workflow is a difference of its own', () => {
  const [one, other] = [begin(), { ...begin(), title: 'Mine' }];
  expect(diff(one, other).keys).toEqual([{ graph: '', name: 'title', input: false, before: 'Untitled', after: 'Mine' }]);
});

test('a subgraph is touched by what differs in it and in those it holds', () => {
  const made = (size: number): Workflow => ({
    ...begin(),
    subgraphs: {
      deep: { nodes: workflowOf({ a: { inputs: { size } } }).nodes },
      around: { nodes: workflowOf({ b: { type: 'subgraph:deep' } }).nodes },
      other: { nodes: workflowOf({ c: {} }).nodes },
    },
  });
  expect([...touchedDefinitions(diff(made(1), made(2)), made(2))]).toEqual(['deep', 'around']);
});

test.each([
  [undefined, '—'],
  [5, '5'],
  ['', '“”'],
  ['a cat', 'a cat'],
  [{ mode: 'each', lists: ['a'], carry: { a: 'b' } }, 'mode each, lists ["a"], carry a b'],
  [{ link: ['n', 'result'] }, '← Node n'],
])('%j is shown as %s', (value, shown) => expect(shortValue(value, (id) => `Node ${id}`)).toBe(shown));
