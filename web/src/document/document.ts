// The open workflow: its graphs as maps of immutable items. Only `apply` changes it, and only with changes
// that say what stood before; everything else here reads.
import { ROOT, type Change, type Command } from './change';
import { LinkIndex } from './links';
import { soundBoxes, soundNodes } from './sound';
import type { Definition, FrameData, GraphData, NodeData, NoteData, Workflow } from './types';

export interface Graph {
  readonly nodes: ReadonlyMap<string, NodeData>;
  readonly frames: ReadonlyMap<string, FrameData>;
  readonly notes: ReadonlyMap<string, NoteData>;
  readonly links: LinkIndex;
  /** Of a subgraph: its title, inputs and outputs, and whatever else was said of it. */
  readonly head: Definition;
}

class OpenGraph implements Graph {
  readonly nodes: Map<string, NodeData>;
  readonly frames: Map<string, FrameData>;
  readonly notes: Map<string, NoteData>;
  readonly links = new LinkIndex();
  head: Definition;

  constructor(data: GraphData) {
    const { nodes, frames, notes, ...head } = data;
    this.nodes = soundNodes(nodes ?? {});
    this.frames = soundBoxes(frames, [400, 300]);
    this.notes = soundBoxes(notes, [280, 160]);
    this.head = head;
    for (const [id, node] of this.nodes) this.links.update(id, undefined, node);
  }

  toData(): GraphData {
    return {
      ...this.head,
      nodes: Object.fromEntries(this.nodes),
      frames: Object.fromEntries(this.frames),
      notes: Object.fromEntries(this.notes),
    };
  }
}

function put<Item>(items: Map<string, Item>, id: string, item: Item | undefined): void {
  if (item === undefined) items.delete(id);
  else items.set(id, item);
}

export class Document {
  readonly #graphs = new Map<string, OpenGraph>();
  #keys: Record<string, unknown>;

  constructor(workflow: Workflow) {
    const { nodes, frames, notes, subgraphs, ...keys } = workflow;
    this.#keys = keys;
    this.#graphs.set(ROOT, new OpenGraph({ nodes, frames, notes }));
    for (const [id, graph] of Object.entries(subgraphs ?? {})) this.#graphs.set(id, new OpenGraph(graph));
  }

  get id(): string {
    return String(this.#keys['id']);
  }

  get title(): string {
    return String(this.#keys['title'] ?? '');
  }

  key<Key extends keyof Workflow & string>(key: Key): Workflow[Key] {
    return this.#keys[key] as Workflow[Key];
  }

  /** The root graph by default. Raises when there is no such subgraph. */
  graph(id: string = ROOT): Graph {
    return this.#open(id);
  }

  has(graph: string): boolean {
    return this.#graphs.has(graph);
  }

  /** The subgraphs by id. */
  *definitions(): Generator<[string, Graph]> {
    for (const [id, graph] of this.#graphs) if (id !== ROOT) yield [id, graph];
  }

  /** A copy in the shape of the file; items are shared, since they never change in place. */
  toWorkflow(): Workflow {
    const subgraphs = [...this.#graphs].filter(([id]) => id !== ROOT).map(([id, graph]) => [id, graph.toData()]);
    return {
      ...this.#keys,
      ...this.#open(ROOT).toData(),
      subgraphs: Object.fromEntries(subgraphs) as Record<string, GraphData>,
    } as Workflow;
  }

  apply(command: Command): void {
    for (const change of command.changes) this.#set(change);
  }

  #open(id: string): OpenGraph {
    const graph = this.#graphs.get(id);
    if (!graph) throw new Error(`The workflow has no subgraph "${id}".`);
    return graph;
  }

  #set(change: Change): void {
    if (change.table === 'document') {
      const { [change.key]: _gone, ...others } = this.#keys;
      this.#keys = change.after === undefined ? others : { ...this.#keys, [change.key]: change.after };
      return;
    }
    if (change.table === 'definitions') return this.#define(change.graph, change.after);
    const graph = this.#open(change.graph);
    if (change.table === 'frames') put(graph.frames, change.id, change.after);
    else if (change.table === 'notes') put(graph.notes, change.id, change.after);
    else {
      graph.links.update(change.id, change.before, change.after);
      put(graph.nodes, change.id, change.after);
    }
  }

  #define(id: string, head: Definition | undefined): void {
    const known = this.#graphs.get(id);
    if (head === undefined) this.#graphs.delete(id);
    else if (known) known.head = head;
    else this.#graphs.set(id, new OpenGraph({ ...head, nodes: {} }));
  }
}
