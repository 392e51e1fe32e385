// The workflow being edited, as signals: what a component reads of it wakes that component alone. Nothing changes
// it but commands, and each of them can be taken back.
import { EMPTY_CATALOGUE, completeCatalogue, type Catalogue, type NodeSchema } from '../document/catalogue';
import { ROOT, type Change, type Command } from '../document/change';
import { Document, type Graph } from '../document/document';
import type { Items } from '../document/edit/items';
import type { Place } from '../document/edit/place';
import { History } from '../document/history';
import { freshId } from '../document/ids';
import { emptyWorkflow, type FrameData, type Json, type NodeData, type NoteData, type Workflow } from '../document/types';
import { Ticks } from './ticks.svelte';

/** A document that is not on the canvas, with its steps to undo. */
export interface ParkedDocument {
  document: Document;
  history: History;
  used: Set<string>;
}

export class OpenDocument {
  /** Told of the changes after they are made; of null when all is another: document or catalogue. */
  onchange: ((changes: readonly Change[] | null) => void) | null = null;

  #document = $state.raw(new Document(emptyWorkflow('untitled')));
  #catalogue = $state.raw<Catalogue>(EMPTY_CATALOGUE);
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

  /** All that is on the canvas. Reading it in a component makes the component follow every change. */
  get graph(): Graph {
    void this.#revision;
    return this.peek;
  }

  /** The graph without following it: for code that is told of changes in another way. */
  get peek(): Graph {
    return this.#document.graph(ROOT);
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

  /** Each node's place in the document, counted from 1; follows nodes coming and going only. */
  get order(): ReadonlyMap<string, number> {
    return this.#order;
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  set catalogue(raw: Catalogue) {
    this.#catalogue = completeCatalogue(raw);
    this.#renew();
  }

  schema(node: NodeData | undefined): NodeSchema | undefined {
    return node && this.#catalogue.nodes[node.type];
  }

  /** What stands above a node: its own title, else its type's. */
  titleOf(node: NodeData): string {
    return node.title || (this.schema(node)?.title ?? node.type);
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
    return { document: this.#document, graph: ROOT, catalogue: this.#catalogue };
  }

  /** Opens another workflow. What could be undone before cannot be any more. */
  open(workflow: Workflow): void {
    this.#document = new Document(workflow);
    this.#history = new History();
    this.#used = new Set();
    this.#revision += 1;
    this.#renew();
  }

  /** The document as it stands, to be taken up again later. */
  park(): ParkedDocument {
    return { document: this.#document, history: this.#history, used: this.#used };
  }

  resume({ document, history, used }: ParkedDocument): void {
    [this.#document, this.#history, this.#used] = [document, history, used];
    this.#revision += 1;
    this.#renew();
  }

  /** Applies a command and remembers it. Null, the command that changes nothing, is fine. */
  do(command: Command | null): void {
    if (!command || command.changes.length === 0) return;
    this.#document.apply(command);
    this.#history.push(command, performance.now());
    this.#tell(command.changes);
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
    this.#tell(command.changes);
    return command;
  }

  #tell(changes: readonly Change[]): void {
    const items = changes.filter((change) => change.table !== 'document');
    for (const change of items) {
      this.#ticks.bump(`${change.table} ${change.id}`);
      if (change.table === 'nodes' && change.after === undefined) this.#used.add(change.id);
    }
    if (items.some((change) => change.before === undefined || change.after === undefined)) this.#structure += 1;
    if (items.some((change) => change.table === 'nodes' && change.before?.inputs !== change.after?.inputs)) this.#links += 1;
    this.#revision += 1;
    this.onchange?.(changes);
  }

  #renew(): void {
    this.#structure += 1;
    this.#links += 1;
    this.#ticks.bumpAll();
    this.onchange?.(null);
  }
}
