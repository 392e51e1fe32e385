// The open workflow and everything the page knows about it: the one object components talk to. Edits go
// through `do` as commands; runs are written by the job session through `setRun`; nothing else changes it.
import type { Problem } from '../api/http';
import { EMPTY_CATALOGUE, completeCatalogue, type Catalogue, type NodeSchema } from '../document/catalogue';
import { ROOT, type Change, type Command } from '../document/change';
import { copy, cornerOf, paste, readClip } from '../document/clipboard';
import { Document, type Graph } from '../document/document';
import * as items from '../document/edit/items';
import * as links from '../document/edit/links';
import type { Place } from '../document/edit/place';
import * as values from '../document/edit/values';
import { addWired } from '../document/edit/wired';
import { History } from '../document/history';
import { freshId } from '../document/ids';
import { refusal } from '../document/typing';
import {
  emptyWorkflow,
  type AfterRun,
  type FrameData,
  type InputEnd,
  type Json,
  type Mode,
  type NodeData,
  type NoteData,
  type OutputEnd,
  type Point,
  type Size,
  type Workflow,
} from '../document/types';
import { HEADER, ROW, WIDTH } from '../geometry/layout';
import { around, grown } from '../geometry/rect';
import { Scene } from '../geometry/scene';
import { snapped } from '../geometry/snap';
import type { View } from '../geometry/view';
import { Camera } from './camera.svelte';
import { fittingSocket } from './fitting';
import type { MenuRequest, PaletteRequest, PictureRequest } from './requests';
import type { NodeRun, OutputInfo } from './run';
import { Runs } from './runs.svelte';
import { Selection, type SelectMode } from './selection.svelte';
import { Ticks } from './ticks.svelte';

/** Told of what components do not read as signals: the canvas draws by hand. */
export interface Listener {
  /** Items changed; none named means all did. */
  changed?(changes: readonly Change[] | null): void;
  selected?(): void;
  ran?(node: string | null): void;
  viewed?(): void;
}

const PASTE_STEP = 32;

export class Editor {
  readonly selected = new Selection();
  readonly camera = new Camera();
  readonly scene = new Scene();
  readonly runs = new Runs();

  /** Called after every change of the document: autosave listens here. */
  onchange: (() => void) | null = null;
  /** Called when the user asks to run some nodes alone: "run to this node". */
  onrun: ((targets: readonly string[]) => void) | null = null;
  /** Called with words for the user that are not worth a dialogue. */
  onnotice: ((text: string) => void) | null = null;

  /** What the panels are asked to show. */
  paletteRequest = $state.raw<PaletteRequest | null>(null);
  pictureRequest = $state.raw<PictureRequest | null>(null);
  menuRequest = $state.raw<MenuRequest | null>(null);
  /** Something is being dragged on the canvas: nothing may move under the hand. */
  dragging = $state(false);
  /** Spoken by the page's live region. */
  announcement = $state('');
  /** Grows with every change of the document. */
  revision = $state(0);

  #document = $state.raw(new Document(emptyWorkflow('untitled')));
  #catalogue = $state.raw<Catalogue>(EMPTY_CATALOGUE);
  #problems = $state.raw<ReadonlyMap<string, readonly Problem[]>>(new Map());
  #graph = $state(ROOT);
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
  readonly #used = new Set<string>();
  readonly #listeners = new Set<Listener>();
  #pastes = 0;

  constructor() {
    this.scene.look = (id) => this.runs.shows(id);
    this.camera.onmove = () => this.#tell((listener) => listener.viewed?.());
    this.#rebuild();
  }

  // ------------------------------------------------------------ reading

  /** The open document. Reading it in a component makes the component follow every change. */
  get document(): Document {
    void this.revision;
    return this.#document;
  }

  /** The graph being edited: the workflow's own, or a subgraph's. */
  get graph(): Graph {
    void this.revision;
    return this.#document.graph(this.#graph);
  }

  get graphId(): string {
    return this.#graph;
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  /** The nodes of the graph being edited. */
  get nodes(): ReadonlyMap<string, NodeData> {
    return this.graph.nodes;
  }

  get title(): string {
    void this.revision;
    return this.#document.title;
  }

  /** A node of the graph being edited. Follows that node alone. */
  node(id: string): NodeData | undefined {
    this.#ticks.read(`node ${id}`);
    return this.peek.nodes.get(id);
  }

  frame(id: string): FrameData | undefined {
    this.#ticks.read(`frame ${id}`);
    return this.peek.frames.get(id);
  }

  note(id: string): NoteData | undefined {
    this.#ticks.read(`note ${id}`);
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

  schema(node: NodeData | undefined): NodeSchema | undefined {
    return node && this.#catalogue.nodes[node.type];
  }

  /** What stands above a node: its own title, else its type's. */
  titleOf(node: NodeData): string {
    return node.title || (this.#catalogue.nodes[node.type]?.title ?? node.type);
  }

  /** Ids of the selected nodes. */
  get selection(): ReadonlySet<string> {
    return this.selected.items.nodes;
  }

  get canUndo(): boolean {
    void this.revision;
    return this.#history.canUndo;
  }

  get canRedo(): boolean {
    void this.revision;
    return this.#history.canRedo;
  }

  get view(): View {
    return this.camera.view;
  }

  get problems(): ReadonlyMap<string, readonly Problem[]> {
    return this.#problems;
  }

  /** Tells `listener` of changes until the answer is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ------------------------------------------------------------ the document

  /** Opens another workflow. What could be undone before cannot be any more. */
  load(workflow: Workflow, view: View | null = null): void {
    this.#document = new Document(workflow);
    this.#history = new History();
    this.#used.clear();
    this.#graph = ROOT;
    this.selected.clear();
    this.resetRun();
    this.setProblems([]);
    this.#rebuild();
    this.revision += 1;
    if (view) this.camera.set(view);
    else this.camera.jumpTo(this.scene.bounds());
  }

  /** The document in the shape of its file, as it stands. */
  toWorkflow(): Workflow {
    return this.#document.toWorkflow();
  }

  setCatalogue(raw: Catalogue): void {
    this.#catalogue = completeCatalogue(raw);
    this.#rebuild();
  }

  setTitle(title: string): void {
    const before = this.#document.title;
    if (before === title) return;
    const changes: Change[] = [{ table: 'document', key: 'title', before, after: title }];
    this.do({ label: 'Rename the workflow', changes, merge: 'title' });
  }

  /** Applies a command and remembers it. Null, the command that changes nothing, is fine. */
  do(command: Command | null): void {
    if (!command || command.changes.length === 0) return;
    this.#document.apply(command);
    this.#history.push(command, performance.now());
    this.#after(command.changes);
  }

  undo(): void {
    this.#step(this.#history.undo(), 'Undone');
  }

  redo(): void {
    this.#step(this.#history.redo(), 'Done again');
  }

  // ------------------------------------------------------------ nodes and values

  setValue(node: string, input: string, value: Json): void {
    this.do(values.setValue(this.place, node, input, value));
  }

  setAfterRun(node: string, input: string, rule: AfterRun): void {
    this.do(values.setAfterRun(this.place, node, input, rule));
  }

  /** Adds a node with its top left corner at `position`, selects it and gives its id. */
  addNode(type: string, position: Point, given: Record<string, Json> = {}): string {
    const id = this.#freshId(type);
    this.do(addWired(this.place, id, type, position, null, null, given));
    this.select({ nodes: [id] });
    return id;
  }

  connect(from: OutputEnd, to: InputEnd): void {
    if (this.refusal(from, to) === null) this.do(links.connect(this.place, from, to));
  }

  disconnect(to: InputEnd): void {
    this.do(links.disconnect(this.place, to));
  }

  /** Why a link cannot be, in words; null when it can. */
  refusal(from: OutputEnd, to: InputEnd): string | null {
    return refusal(this.peek, this.#catalogue, from, to);
  }

  setMode(ids: Iterable<string>, mode: Mode): void {
    this.do(items.setMode(this.place, new Set(ids), mode));
  }

  toggleMode(ids: Iterable<string>, mode: Mode): void {
    this.do(items.toggleMode(this.place, new Set(ids), mode));
  }

  dress(ids: Iterable<string>, look: items.NodeLook): void {
    this.do(items.dress(this.place, new Set(ids), look));
  }

  resizeNode(id: string, size: Size | null): void {
    this.do(items.resizeNode(this.place, id, size));
  }

  move(moves: items.Moves): void {
    this.do(items.move(this.place, moves));
  }

  // ------------------------------------------------------------ frames and notes

  /** A frame around the selection, or an empty one in the middle of the view. */
  addFrame(title = 'Frame'): string {
    const { nodes, frames, notes } = this.selected.items;
    const boxes = [...this.scene.boxesOf({ nodes, frames, notes })];
    const around_ = around(boxes);
    const box = around_ ? grown(around_, 24) : this.camera.boxInMiddle(400, 300);
    const id = this.#freshId('frame');
    const title_ = around_ ? 32 : 0;
    const position: Point = [box.x, box.y - title_];
    this.do(items.putFrame(this.place, id, { title, position, size: [box.width, box.height + title_] }));
    this.select({ frames: [id] });
    return id;
  }

  addNote(text = '', position?: Point): string {
    const box = this.camera.boxInMiddle(280, 160);
    const id = this.#freshId('note');
    this.do(items.putNote(this.place, id, { text, position: position ?? [box.x, box.y], size: [280, 160] }));
    this.select({ notes: [id] });
    return id;
  }

  changeFrame(id: string, change: Partial<FrameData>): void {
    const frame = this.peek.frames.get(id);
    if (frame) this.do(items.putFrame(this.place, id, { ...frame, ...change } as FrameData, 'Change a frame'));
  }

  changeNote(id: string, change: Partial<NoteData>): void {
    const note = this.peek.notes.get(id);
    if (note) this.do(items.putNote(this.place, id, { ...note, ...change } as NoteData, 'Change a note'));
  }

  /** Shows an item at another size while it is being resized; null shows its own. */
  trySize(kind: keyof items.Items, id: string, size: Size | null): void {
    this.scene.trySize(kind, id, size);
    this.#ticks.bump(`${kind.slice(0, -1)} ${id}`);
  }

  // ------------------------------------------------------------ selection and clipboard

  select(chosen: { [Kind in keyof items.Items]?: Iterable<string> }, mode: SelectMode = 'replace'): void {
    const sets = Object.fromEntries(Object.entries(chosen).map(([kind, ids]) => [kind, new Set(ids)]));
    this.selected.set(sets as Partial<items.Items>, mode);
    this.#tell((listener) => listener.selected?.());
  }

  selectAll(): void {
    const { nodes, frames, notes } = this.peek;
    this.select({ nodes: nodes.keys(), frames: frames.keys(), notes: notes.keys() });
  }

  removeSelection(): void {
    this.do(items.remove(this.place, this.selected.items));
  }

  /** The selection as text for the clipboard; '' when nothing is selected. */
  copy(): string {
    this.#pastes = 0;
    return this.selected.count ? copy(this.place, this.selected.items) : '';
  }

  /** Pastes text of ours and selects it; false when the text is anything else. */
  paste(text: string, at: Point | null = null, keepIncoming = false): boolean {
    const clip = readClip(text);
    if (!clip) return false;
    this.#pastes += 1;
    const step = this.#pastes * PASTE_STEP;
    const corner = cornerOf(clip);
    const offset: Point = at ? [snapped(at[0]) - corner[0], snapped(at[1]) - corner[1]] : [step, step];
    const pasted = paste(this.place, clip, { offset, keepIncoming });
    if (!pasted) return true;
    this.do(pasted.command);
    this.select(pasted.items);
    return true;
  }

  /** A copy beside the selection that keeps the links into it. */
  duplicate(): void {
    if (!this.selected.count) return;
    const text = copy(this.place, this.selected.items);
    this.#pastes = 0;
    this.paste(text, null, true);
  }

  // ------------------------------------------------------------ runs and problems

  /** What the last run says of a node. Follows that node alone. */
  run(node: string): NodeRun {
    return this.runs.of(node);
  }

  /** For reading at large: not reactive. */
  get runState(): ReadonlyMap<string, NodeRun> {
    return this.runs.all;
  }

  setRun(node: string, patch: Partial<NodeRun>): void {
    if (this.runs.set(node, patch) && this.peek.nodes.has(node)) this.scene.refresh(node);
    this.#tell((listener) => listener.ran?.(node));
  }

  /** The picture a node reads is so high by so wide. */
  setAspect(node: string, aspect: number): void {
    if (!this.runs.setAspect(node, aspect)) return;
    this.scene.refresh(node);
    this.#tell((listener) => listener.ran?.(node));
  }

  /** Before a new run: states go; pictures stay until newer ones come, so that nothing jumps. */
  resetRun(options: { keepPictures?: boolean } = {}): void {
    this.runs.reset(options.keepPictures ?? false);
    this.#tell((listener) => listener.ran?.(null));
  }

  setProblems(problems: readonly Problem[]): void {
    if (problems.length === 0 && this.#problems.size === 0) return;
    const byNode = new Map<string, Problem[]>();
    for (const problem of problems) {
      const known = byNode.get(problem.node);
      if (known) known.push(problem);
      else byNode.set(problem.node, [problem]);
    }
    this.#problems = byNode;
    this.#tell((listener) => listener.ran?.(null));
  }

  runTo(nodes: Iterable<string>): void {
    this.onrun?.([...nodes]);
  }

  // ------------------------------------------------------------ requests to the panels

  /** Asks for the palette; without a place, in the middle of the view. */
  openPalette(request: PaletteRequest = this.camera.middleRequest()): void {
    this.paletteRequest = request;
  }

  closePalette(): void {
    this.paletteRequest = null;
  }

  /** Adds what was chosen in the palette, wired to the loose end it was asked for. */
  choose(type: string, given: Record<string, Json> = {}): string | null {
    const request = this.paletteRequest ?? this.camera.middleRequest();
    this.paletteRequest = null;
    const schema = this.#catalogue.nodes[type];
    if (!schema) return null;
    const socket = request.fitting && fittingSocket(this.#catalogue, schema, request.fitting);
    const id = this.#freshId(type);
    this.do(addWired(this.place, id, type, cornerAt(request), request.fitting, socket, given));
    this.select({ nodes: [id] });
    return id;
  }

  showPicture(output: OutputInfo, outputs: readonly OutputInfo[] = [output]): void {
    this.pictureRequest = { output, outputs };
  }

  /** Shows all items, or the selected ones. */
  fit(what: 'all' | 'selection' = 'all'): void {
    const chosen = what === 'selection' && this.selected.count ? this.selected.items : null;
    const area = chosen ? around(this.scene.boxesOf(chosen)) : this.scene.bounds();
    if (area) this.camera.fit(area);
  }

  /** Brings a node to the middle of the view and selects it. */
  reveal(node: string): void {
    const box = this.scene.nodes.get(node);
    if (!box) return;
    this.select({ nodes: [node] });
    this.camera.centre(box);
  }

  // ------------------------------------------------------------ inside

  /** What edits start from. */
  get place(): Place {
    return { document: this.#document, graph: this.#graph, catalogue: this.#catalogue };
  }

  /** The graph without following it: for code that is told of changes in another way. */
  get peek(): Graph {
    return this.#document.graph(this.#graph);
  }

  #freshId(type: string): string {
    const { nodes, frames, notes } = this.peek;
    const isTaken = (id: string): boolean => nodes.has(id) || frames.has(id) || notes.has(id) || this.#used.has(id);
    const fresh = freshId(type, isTaken);
    this.#used.add(fresh);
    return fresh;
  }

  #step(command: Command | null, word: string): void {
    if (!command) return;
    this.#document.apply(command);
    this.#after(command.changes);
    this.announcement = `${word}: ${command.label}`;
  }

  #after(changes: readonly Change[]): void {
    const here = changes.filter((change) => change.table !== 'document' && change.graph === this.#graph);
    this.scene.update(here);
    for (const change of here) {
      if (change.table === 'document') continue;
      this.#ticks.bump(`${change.table.slice(0, -1)} ${change.id}`);
      if (change.table !== 'nodes' || change.after !== undefined) continue;
      this.runs.forget(change.id);
      this.#used.add(change.id);
    }
    if (here.some((change) => change.before === undefined || change.after === undefined)) this.#structure += 1;
    if (here.some((change) => change.table === 'nodes' && change.before?.inputs !== change.after?.inputs)) this.#links += 1;
    const { nodes, frames, notes } = this.peek;
    this.selected.keep({ nodes: (id) => nodes.has(id), frames: (id) => frames.has(id), notes: (id) => notes.has(id) });
    this.revision += 1;
    this.#tell((listener) => listener.changed?.(changes));
    this.onchange?.();
  }

  #rebuild(): void {
    this.scene.reset(this.peek, this.#catalogue);
    this.#structure += 1;
    this.#links += 1;
    this.#ticks.bumpAll();
    this.#tell((listener) => listener.changed?.(null));
  }

  #tell(say: (listener: Listener) => void): void {
    for (const listener of this.#listeners) say(listener);
  }
}

/** Where a chosen node goes: wired to a link, its socket's edge comes near where the link was dropped. */
function cornerAt({ at: [x, y], fitting }: PaletteRequest): Point {
  if (!fitting) return [snapped(x), snapped(y)];
  const left = fitting.direction === 'in' ? x - WIDTH : x;
  return [snapped(left), snapped(y - HEADER - ROW / 2)];
}
