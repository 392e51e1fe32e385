// Finding in a graph: by titles, types, what values hold (names of models among them), the text of notes, and frames.
// Pure: a graph and words in, places out in reading order; the graph that is shown first, then what is in subgraphs.
import type { Catalogue } from './catalogue';
import { ROOT } from './change';
import type { Document, Graph } from './document';
import { slotsOf } from './inputs';
import { isBoundary } from './subgraphs';
import { constantOf, type Json, type NodeData, type Point } from './types';

export interface Hit {
  kind: 'nodes' | 'frames' | 'notes';
  id: string;
  title: string;
  /** What was found, when it is not the title: "Steps: 20". */
  where: string;
  at: Point;
}

export interface HitIn extends Hit {
  graph: string;
  /** Whether the graph is another than the one shown. */
  elsewhere: boolean;
}

const LONGEST = 80;

/** What is in the graph `shown` comes first, as long as there is one. `catalogueOf`: the node types that a graph may hold. */
export function findInDocument(document: Document, shown: string, catalogueOf: (graph: string) => Catalogue, text: string): HitIn[] {
  const others = [ROOT, ...[...document.definitions()].map(([id]) => id)].filter((id) => id !== shown);
  const graphs = document.has(shown) ? [shown, ...others] : others;
  return graphs.flatMap((graph) => {
    const elsewhere = graph !== shown;
    const found = findInGraph(document.graph(graph), catalogueOf(graph), text);
    // The edge of a subgraph is in every one.
    const hits = elsewhere ? found.filter(({ kind, id }) => kind !== 'nodes' || !isBoundary(document.graph(graph).nodes.get(id))) : found;
    return hits.map((hit) => ({ ...hit, graph, elsewhere }));
  });
}

export function findInGraph(graph: Graph, catalogue: Catalogue, text: string): Hit[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return [];
  const hits: Hit[] = [];
  for (const [id, node] of graph.nodes) {
    const title = node.title || (catalogue.nodes[node.type]?.title ?? node.type);
    const found = inNode(node, catalogue, title, wanted);
    if (found !== null) hits.push({ kind: 'nodes', id, title, where: found, at: node.position });
  }
  for (const [id, frame] of graph.frames) {
    if (says(frame.title, wanted)) hits.push({ kind: 'frames', id, title: frame.title, where: '', at: frame.position });
  }
  for (const [id, note] of graph.notes) {
    if (says(note.text, wanted)) hits.push({ kind: 'notes', id, title: firstLine(note.text), where: '', at: note.position });
  }
  return hits.sort((a, b) => a.at[1] - b.at[1] || a.at[0] - b.at[0]);
}

const says = (text: string, wanted: readonly string[]): boolean => {
  const low = text.toLowerCase();
  return wanted.every((word) => low.includes(word));
};

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').replace(/^[#>*\s-]+/, '').slice(0, LONGEST);

/** '' when the title or type says it, else the value that does; null when nothing does. */
function inNode(node: NodeData, catalogue: Catalogue, title: string, wanted: readonly string[]): string | null {
  const schema = catalogue.nodes[node.type];
  const named = `${title} ${schema?.title ?? ''} ${node.type} ${schema?.category ?? ''}`;
  if (says(named, wanted)) return '';
  const titles = new Map(schema ? slotsOf(schema, node).map((slot) => [slot.name, slot.title]) : []);
  for (const [name, value] of Object.entries(node.inputs)) {
    const words = asWords(constantOf(value));
    const label = titles.get(name) ?? name;
    if (words && says(`${named} ${label} ${words}`, wanted)) return `${label}: ${around(words, wanted[0] ?? '')}`;
  }
  return null;
}

function asWords(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The words beside what was found, for texts that are long. */
function around(text: string, word: string): string {
  if (text.length <= LONGEST) return text;
  const at = Math.max(0, text.toLowerCase().indexOf(word) - LONGEST / 3);
  return `${at > 0 ? '…' : ''}${text.slice(at, at + LONGEST)}…`;
}
