// The workflow being edited, as signals: what a component reads of it wakes that component alone. Nothing changes
// it but commands, and each of them can be taken back.
import { EMPTY_CATALOGUE, completeCatalogue, type Catalogue, type NodeSchema } from '../document/catalogue';
import { isItem, ROOT, type Change, type Command, type Level } from '../document/change';
import { Document, type Graph } from '../document/document';
import type { Items } from '../document/edit/items';
import type { Place } from '../document/edit/place';
import { History } from '../document/history';
import { freshId } from '../document/ids';
import { Families } from '../document/kinship';
import { isMereValue } from '../document/mere';
import { withSubgraphs } from '../document/subgraph-schemas';
import { definitionOf } from '../document/subgraphs';
import { emptyWorkflow, type FrameData, type Json, type NodeData, type NoteData, type Workflow } from '../document/types';
import { strings } from '../strings';
import { Ticks } from './ticks.svelte';

/** A document that is not on the canvas, with its steps to undo. */
export interface ParkedDocument {
  document: Document;
  history: History;
  used: Set<string>;
  levels: readonly Level[];
}

export class OpenDocument {
  /** Told of the changes after they are made; of null when all is another: document or catalogue. */
  onchange: ((changes: readonly Change[] | null) => void) | null = null;

  #document = $state.raw(new Document(emptyWorkflow('untitled')));
  /** The server's; `#known` has the document's subgraphs too, as far as they may stand in the graph shown. */
  #catalogue: Catalogue = EMPTY_CATALOGUE;
  #known = $state.raw<Catalogue>(EMPTY_CATALOGUE);
  /** The way from the workflow into the graph shown. */
  #levels = $state.raw<readonly Level[]>([]);
  /** Grows with every change of the document. */
  #revision = $state(0);
  #links = $state(0);
  /** Grows when nodes come or go. */
  #structure = $state(0);
  readonly #order = $derived.by(() => {
    void this.#structure;
    return new Map([...this.peek.nodes.keys()].map((id, index) => [id, index + 1]));
  });
  readonly #ticks = new Ticks();
  #history = new History();
  /** Ids of nodes that are gone: reasons for a run go by id, so none is given twice. */
  #used = new Set<string>();

  // ------------------------------------------------------------ reading

  get id(): string {
    void this.#revision;
    return this.#document.id;
  }

  get title(): string {
    void this.#revision;
    return this.#document.title;
  }

  /** The form of the workflow as its file has it. */
  get form(): Json {
    void this.#revision;
    return this.#document.key('form') ?? null;
  }

  /** The sweep of the workflow as its file has it. */
  get sweep(): Json {
    void this.#revision;
    return this.#document.key('sweep') ?? null;
  }

  /** All that is on the canvas. Reading it in a component makes the component follow every change. */
  get graph(): Graph {
    void this.#revision;
    return this.peek;
  }

  /** The graph without following it: for code that is told of changes in another way. */
  get peek(): Graph {
    return this.#document.graph(this.shown);
  }

  /** The id of the graph shown; the workflow's own is ROOT. */
  get shown(): string {
    return this.#levels.at(-1)?.graph ?? ROOT;
  }

  get levels(): readonly Level[] {
    return this.#levels;
  }

  /** The whole document; follows every change. */
  get whole(): Document {
    void this.#revision;
    return this.#document;
  }

  /** A node; follows that node alone. */
  node(id: string): NodeData | undefined {
    this.#ticks.read(`nodes ${id}`);
    return this.peek.nodes.get(id);
  }

  frame(id: string): FrameData | undefined {
    this.#ticks.read(`frames ${id}`);
    return this.peek.frames.get(id);
  }

  note(id: string): NoteData | undefined {
    this.#ticks.read(`notes ${id}`);
    return this.peek.notes.get(id);
  }

  /** Grows when any link is made or cut. */
  get links(): number {
    return this.#links;
  }

  /** Nothing is on the canvas; follows what comes and goes only. */
  get isEmpty(): boolean {
    void this.#structure;
    const { nodes, frames, notes } = this.peek;
    return nodes.size + frames.size + notes.size === 0;
  }

  /** Each node's place in the document, counted from 1; follows nodes coming and going only. */
  get order(): ReadonlyMap<string, number> {
    return this.#order;
  }

  get catalogue(): Catalogue {
    return this.#known;
  }

  set catalogue(raw: Catalogue) {
    this.#catalogue = completeCatalogue(raw);
    this.#renew();
  }

  /** Which families of models flow through the graph shown, as it stands now. */
  families(): Families {
    const whole = this.#document;
    const { catalogue } = this.placeIn(ROOT);
    const graphOf = (id: string): Graph | null => (whole.has(id) ? whole.graph(id) : null);
    return this.#levels.reduce(
      (around, { graph, node }) => (node === null ? null : around.inside(node)) ?? new Families(whole.graph(graph), catalogue, graphOf),
      new Families(whole.graph(), catalogue, graphOf),
    );
  }

  schema(node: NodeData | undefined): NodeSchema | undefined {
    return node && this.#known.nodes[node.type];
  }

  /** A node type of the workflow itself, wherever one is. */
  schemaOf(type: string): NodeSchema | undefined {
    return this.#known.nodes[type] ?? this.placeIn(ROOT).catalogue.nodes[type];
  }

  /** What stands above a node: its own title, else its type's. */
  titleOf(node: NodeData): string {
    if (node.title) return node.title;
    const definition = definitionOf(node);
    // The one whose inside is shown is no type that may stand there, and has its name all the same.
    if (definition !== null && this.#document.has(definition)) return this.#document.graph(definition).head.title || strings.subgraphs.untitled;
    return this.schema(node)?.title ?? node.type;
  }

  get canUndo(): boolean {
    void this.#revision;
    return this.#history.canUndo;
  }

  get canRedo(): boolean {
    void this.#revision;
    return this.#history.canRedo;
  }

  /** The document in the shape of its file, as it stands. */
  toWorkflow(): Workflow {
    return this.#document.toWorkflow();
  }

  // ------------------------------------------------------------ changing

  /** What edits start from. */
  get place(): Place {
    return { document: this.#document, graph: this.shown, catalogue: this.#known };
  }

  /** The same in any graph of the document. */
  placeIn(graph: string): Place {
    return { document: this.#document, graph, catalogue: withSubgraphs(this.#catalogue, this.#document, graph) };
  }

  /** Opens another workflow. What could be undone before cannot be any more. */
  open(workflow: Workflow): void {
    this.#document = new Document(workflow);
    this.#levels = [];
    this.#history = new History();
    this.#used = new Set();
    this.#revision += 1;
    this.#renew();
  }

  /** The document as it stands, to be taken up again later. */
  park(): ParkedDocument {
    return { document: this.#document, history: this.#history, used: this.#used, levels: this.#levels };
  }

  resume({ document, history, used, levels }: ParkedDocument): void {
    [this.#document, this.#history, this.#used, this.#levels] = [document, history, used, levels];
    this.#revision += 1;
    this.#renew();
  }

  /** Applies a command and remembers it. Null, the command that changes nothing, is fine. */
  do(command: Command | null): void {
    if (!command || command.changes.length === 0) return;
    this.#document.apply(command);
    this.#history.push({ ...command, at: this.#levels }, performance.now());
    this.go(this.#levels);
    this.#tell(command.changes);
  }

  /** Shows the graph at the end of a way, as far as there is one. False: it is the one shown already. */
  go(levels: readonly Level[]): boolean {
    const end = levels.findIndex((level, index) => !this.#leads(levels[index - 1]?.graph ?? ROOT, level));
    const way = end < 0 ? levels : levels.slice(0, end);
    if (sameWay(way, this.#levels)) return false;
    this.#levels = way;
    this.#revision += 1;
    this.#renew();
    return true;
  }

  #leads(from: string, { graph, node }: Level): boolean {
    if (!this.#document.has(graph)) return false;
    return node === null || definitionOf(this.#document.graph(from).nodes.get(node)) === graph;
  }

  /** Takes the last step back and gives what was done for it; null when there is none. */
  undo(): Command | null {
    return this.#step(this.#history.undo());
  }

  redo(): Command | null {
    return this.#step(this.#history.redo());
  }

  /** An id that nothing here has or had. */
  freshId(type: string): string {
    const { nodes, frames, notes } = this.peek;
    const isTaken = (id: string): boolean => nodes.has(id) || frames.has(id) || notes.has(id) || this.#used.has(id);
    const fresh = freshId(type, isTaken);
    this.#used.add(fresh);
    return fresh;
  }

  /** Wakes what shows an item, though the item itself is the same. */
  touch(kind: keyof Items, id: string): void {
    this.#ticks.bump(`${kind} ${id}`);
  }

  #step(command: Command | null): Command | null {
    if (!command) return null;
    this.#document.apply(command);
    // What it did is shown: where it was done, and never in a graph that is gone.
    this.go(command.at ?? this.#levels);
    this.#tell(command.changes);
    return command;
  }

  #tell(changes: readonly Change[]): void {
    const items = changes.filter(isItem);
    for (const change of items) {
      this.#ticks.bump(`${change.table} ${change.id}`);
      if (change.table === 'nodes' && change.after === undefined) this.#used.add(change.id);
    }
    if (items.some((change) => change.before === undefined || change.after === undefined)) this.#structure += 1;
    if (items.some((change) => change.table === 'nodes' && change.before?.inputs !== change.after?.inputs && !isMereValue(change, this.#known))) this.#links += 1;
    this.#revision += 1;
    // What a subgraph looks like from outside, or what is given inside, may be another.
    if (changes.some((change) => change.table === 'definitions' || (isItem(change) && change.graph !== this.shown))) this.#renew();
    this.onchange?.(changes);
  }

  #renew(): void {
    this.#known = withSubgraphs(this.#catalogue, this.#document, this.shown);
    this.#structure += 1;
    this.#links += 1;
    this.#ticks.bumpAll();
    this.onchange?.(null);
  }
}

export const sameWay = (a: readonly Level[], b: readonly Level[]): boolean =>
  a.length === b.length && a.every(({ graph, node }, index) => graph === b[index]?.graph && node === b[index].node);
