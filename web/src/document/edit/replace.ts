// One command that makes a document into another version of itself: a revision brought back, or the other side of a
// conflict. What is alike in both is left alone, so taking it back is as small.
import { ROOT, type Change, type Command, type DefinitionChanged } from '../change';
import type { Document, Graph } from '../document';
import { Document as Opened } from '../document';
import { same } from '../same';
import type { Definition, Workflow } from '../types';

const TABLES = ['nodes', 'frames', 'notes'] as const;
const HELD: ReadonlySet<string> = new Set([...TABLES, 'subgraphs', 'id']);
const NOTHING: Pick<Graph, (typeof TABLES)[number]> = { nodes: new Map(), frames: new Map(), notes: new Map() };

export function replaceWith(document: Document, target: Workflow, label: string): Command {
  const after = new Opened(target);
  const subgraphs = [...new Set([...document.definitions(), ...after.definitions()].map(([id]) => id))];
  const heads = subgraphs.map((id) => headChange(id, document, after)).filter((change) => !same(change.before, change.after));
  const items = [ROOT, ...subgraphs].flatMap((id) =>
    graphChanges(id, document.has(id) ? document.graph(id) : NOTHING, after.has(id) ? after.graph(id) : NOTHING),
  );
  // A subgraph comes before what it holds, and goes after it.
  const [coming, going] = [heads.filter((head) => head.after), heads.filter((head) => !head.after)];
  return { label, changes: [...keyChanges(document.toWorkflow(), after.toWorkflow()), ...coming, ...items, ...going] };
}

function headChange(id: string, before: Document, after: Document): DefinitionChanged {
  const head = (document: Document): Definition | undefined => (document.has(id) ? document.graph(id).head : undefined);
  return { table: 'definitions', graph: id, before: head(before), after: head(after) };
}

function keyChanges(before: Workflow, after: Workflow): Change[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !HELD.has(key));
  return keys
    .filter((key) => !same(before[key], after[key]))
    .map((key) => ({ table: 'document', key: key as keyof Workflow & string, before: before[key], after: after[key] }));
}

function graphChanges(graph: string, before: typeof NOTHING, after: typeof NOTHING): Change[] {
  return TABLES.flatMap((table) => {
    const [old, now] = [before[table], after[table]] as [ReadonlyMap<string, unknown>, ReadonlyMap<string, unknown>];
    const ids = [...new Set([...old.keys(), ...now.keys()])];
    return ids
      .filter((id) => !same(old.get(id), now.get(id)))
      .map((id) => ({ table, graph, id, before: old.get(id), after: now.get(id) }) as Change);
  });
}
