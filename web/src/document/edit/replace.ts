// One command that makes a document into another version of itself: a revision brought back, or the other side of a
// conflict. What is alike in both is left alone, so taking it back is as small.
import { ROOT, type Change, type Command } from '../change';
import type { Document, Graph } from '../document';
import { Document as Opened } from '../document';
import { same } from '../same';
import type { Workflow } from '../types';

const TABLES = ['nodes', 'frames', 'notes'] as const;
const HELD: ReadonlySet<string> = new Set([...TABLES, 'subgraphs', 'id']);

/** Null where the two do not have the same subgraphs: these do not come and go by a command. */
export function replaceWith(document: Document, target: Workflow, label: string): Command | null {
  const [before, after] = [document.toWorkflow(), new Opened(target)];
  if (!haveSameSubgraphs(before, target)) return null;
  const graphs = [ROOT, ...Object.keys(before.subgraphs ?? {})];
  const changes = graphs.flatMap((id) => graphChanges(id, document.graph(id), after.graph(id)));
  return { label, changes: [...keyChanges(before, after.toWorkflow()), ...changes] };
}

function haveSameSubgraphs(one: Workflow, other: Workflow): boolean {
  const heads = ({ subgraphs }: Workflow): unknown =>
    Object.fromEntries(
      Object.entries(subgraphs ?? {}).map(([id, { nodes: _n, frames: _f, notes: _o, ...head }]) => [id, head]),
    );
  return same(heads(one), heads(other));
}

function keyChanges(before: Workflow, after: Workflow): Change[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !HELD.has(key));
  return keys
    .filter((key) => !same(before[key], after[key]))
    .map((key) => ({ table: 'document', key: key as keyof Workflow & string, before: before[key], after: after[key] }));
}

function graphChanges(graph: string, before: Graph, after: Graph): Change[] {
  return TABLES.flatMap((table) => {
    const [old, now] = [before[table], after[table]] as [ReadonlyMap<string, unknown>, ReadonlyMap<string, unknown>];
    const ids = [...new Set([...old.keys(), ...now.keys()])];
    return ids
      .filter((id) => !same(old.get(id), now.get(id)))
      .map((id) => ({ table, graph, id, before: old.get(id), after: now.get(id) }) as Change);
  });
}
