// The one object components talk to. It owns the parts and keeps them in step with the document; what a part does
// is said in the part.
import { recolour, type Items } from '../document/edit/items';
import { isItem, type Change, type Level } from '../document/change';
import { isMereValue } from '../document/mere';
import { definitionOf, locate, portBehind, scopeOf, wayTo } from '../document/subgraphs';
import type { Point, Size, Workflow } from '../document/types';
import { withHeld } from '../geometry/hit';
import { around } from '../geometry/rect';
import { Scene } from '../geometry/scene';
import type { View } from '../geometry/view';
import { strings } from '../strings';
import { Camera } from './camera.svelte';
import { Clipboard } from './clipboard';
import { Edits } from './edits';
import { Preferences } from './preferences.svelte';
import { OpenDocument, sameWay, type ParkedDocument } from './open-document.svelte';
import { Problems } from './problems.svelte';
import { Requests } from './requests.svelte';
import { Runs } from './runs.svelte';
import { Selection } from './selection.svelte';
import { Subgraphs } from './subgraphs';

/** Told of what components do not read as signals: the canvas draws by hand, autosave writes files. */
export interface Listener {
  /** The document changed; null: it is another one, or its catalogue is. `mere`: in no more than constants of inputs. */
  changed?(changes: readonly Change[] | null, mere: boolean): void;
  selected?(): void;
  /** What is said of a node's run changed; null: of all. */
  ran?(node: string | null): void;
  viewed?(): void;
}

export interface ParkedEditor {
  document: ParkedDocument;
  selection: Items;
  view: View;
  views: ReadonlyMap<string, View>;
}

export class Editor {
  readonly document = new OpenDocument();
  readonly edit = new Edits(this.document);
  readonly selection = new Selection();
  readonly clipboard = new Clipboard(this.document, this.selection, (items) => withHeld(this.scene, items));
  readonly subgraphs = new Subgraphs(this.document, this.selection);
  readonly camera = new Camera();
  readonly scene = new Scene();
  readonly runs = new Runs();
  readonly problems = new Problems();
  readonly requests = new Requests();
  readonly preferences = new Preferences();

  /** Something is being dragged on the canvas: nothing may move under the hand. */
  dragging = $state(false);
  /** Where the pointer last was over the canvas, in its own units; null when it is elsewhere. */
  over: Point | null = null;
  /** Spoken by the page's live region. */
  announcement = $state('');

  readonly #listeners = new Set<Listener>();
  /** Where the user last looked in each graph, by the way to it. */
  readonly #views = new Map<string, View>();
  #levels: readonly Level[] = [];

  constructor() {
    this.scene.look = (id) => this.runs.shows(id);
    this.document.onchange = (changes) => this.#follow(changes);
    this.selection.onchange = () => this.#tell((listener) => listener.selected?.());
    this.camera.onmove = () => this.#tell((listener) => listener.viewed?.());
    this.problems.onchange = () => this.#tell((listener) => listener.ran?.(null));
    this.runs.onchange = (node, reshaped) => {
      const own = node === null ? null : this.localOf(node);
      if (node !== null && own === null) return;
      if (own !== null && reshaped) this.scene.refresh(own);
      this.#tell((listener) => listener.ran?.(own));
    };
    this.problems.outside = (instance, problem) => {
      const { whole } = this.document;
      const found = locate(whole, problem.node);
      const graph = found?.levels.at(-1)?.graph;
      const direct = found && graph !== undefined && problem.node === `${instance}/${found.id}`;
      const input = direct ? portBehind(whole.graph(graph), found.node, problem.input) : '';
      return { ...problem, input, what: strings.subgraphs.inside(this.titleAt(problem.node), problem.what) };
    };
    this.#follow(null);
  }

  /** Tells `listener` of changes until the answer is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens another workflow, at a view or as a whole. */
  load(workflow: Workflow, view: View | null = null): void {
    this.selection.clear();
    this.runs.reset();
    this.problems.set([]);
    this.#views.clear();
    this.#levels = [];
    this.document.open(workflow);
    if (view) this.camera.set(view);
    else this.camera.jumpTo(this.scene.bounds());
  }

  /** All that belongs to the document on the canvas, to be taken up again later. */
  park(): ParkedEditor {
    return { document: this.document.park(), selection: this.selection.items, view: { ...this.camera.view }, views: new Map(this.#views) };
  }

  resume({ document, selection, view, views }: ParkedEditor): void {
    this.selection.clear();
    this.runs.reset();
    this.problems.set([]);
    this.#views.clear();
    for (const [way, seen] of views) this.#views.set(way, seen);
    this.#levels = document.levels;
    this.document.resume(document);
    this.selection.set(selection);
    this.camera.set(view);
  }

  undo(): void {
    const undone = this.document.undo();
    if (undone?.view) this.camera.glide(undone.view);
    if (undone) this.announcement = strings.edits.undone(undone.label);
  }

  redo(): void {
    const redone = this.document.redo();
    if (redone?.view) this.fit(this.selection.nodes.size > 1 ? 'selection' : 'all');
    if (redone) this.announcement = strings.edits.redone(redone.label);
  }

  /** Lets the user edit the title of the one selected node or frame where it stands. */
  rename(): void {
    const { nodes, frames } = this.selection.items;
    this.requests.renaming = [...nodes, ...frames][0] ?? null;
  }

  /** Opens the palette where the pointer is, else in the middle of the view. */
  askForNode(): void {
    this.requests.palette = this.over ? this.camera.requestAt(this.over) : this.camera.middleRequest();
  }

  setPreferences(wanted: Preferences): void {
    Object.assign(this.preferences, wanted);
    this.scene.linkStyle = wanted.linkStyle;
    this.#tell((listener) => listener.ran?.(null));
  }

  /** Collapses or pins the selected nodes; all of them being so already, takes it back. */
  toggleLook(look: 'collapsed' | 'pinned'): void {
    const ids = [...this.selection.nodes];
    const all = ids.every((id) => this.document.peek.nodes.get(id)?.[look]);
    this.edit.dress(ids, { [look]: !all });
  }

  /** Shows the links out of the selected nodes by name; all of them being so already, as lines again. */
  toggleNames(): void {
    const outputs = [...this.selection.nodes].flatMap((id) => {
      const node = this.document.peek.nodes.get(id);
      const linked = new Set([...this.document.peek.links.outgoing(id)].map(({ from }) => from.output));
      return (this.document.schema(node)?.outputs ?? []).map(({ name, title }) => {
        const given = node?.named?.[name] ?? '';
        return { from: { node: id, output: name }, title, given, counts: given !== '' || linked.has(name) };
      });
    });
    const open = outputs.filter(({ counts, given }) => counts && !given);
    if (open.length) this.edit.nameOutputs(open.map(({ from, title }) => [from, title]));
    else this.edit.nameOutputs(outputs.map(({ from }) => [from, '']));
  }

  /** One colour for items of any kind, as one step; '' is their own. */
  recolour(chosen: Items, colour: string): void {
    this.document.do(recolour(this.document.place, chosen, colour));
  }

  selectAll(): void {
    const { nodes, frames, notes } = this.document.peek;
    this.selection.set({ nodes: nodes.keys(), frames: frames.keys(), notes: notes.keys() });
  }

  /** Shows an item at another size while it is being resized; null shows its own. */
  trySize(kind: keyof Items, id: string, size: Size | null): void {
    this.scene.trySize(kind, id, size);
    this.document.touch(kind, id);
  }

  /** Shows all items, or the selected ones. */
  fit(what: 'all' | 'selection' = 'all'): void {
    const chosen = what === 'selection' && this.selection.count ? this.selection.items : null;
    const area = chosen ? around(this.scene.boxesOf(chosen)) : this.scene.bounds();
    if (area) this.camera.fit(area);
  }

  // ------------------------------------------------------------ subgraphs

  /** Shows what an instance of the graph shown holds; false when it is none. */
  enter(node: string): boolean {
    const graph = definitionOf(this.document.peek.nodes.get(node));
    return graph !== null && this.go([...this.document.levels, { graph, node }]);
  }

  /** Shows a subgraph: by an instance of it where there is one, so that its runs are seen. */
  open(definition: string): void {
    this.go(wayTo(this.document.whole, definition));
  }

  /** Goes back out, to the graph around or further. False when this is the outermost. */
  leave(to = this.document.levels.length - 1): boolean {
    return to >= 0 && this.go(this.document.levels.slice(0, to));
  }

  /** Shows the graph at the end of a way, where it was looked at last. */
  go(levels: readonly Level[]): boolean {
    return this.document.go(levels);
  }

  /** Shows a node anywhere in the workflow, by its flat id. */
  goTo(flat: string): void {
    const found = locate(this.document.whole, flat);
    if (!found) return;
    this.go(found.levels);
    this.reveal(found.id);
  }

  /** The flat id of a node of the graph shown. */
  flatOf(node: string): string {
    return `${this.runs.scope ?? ''}${node}`;
  }

  /** The node of the graph shown that is a node, by flat id, or holds it; null when none does. */
  localOf(flat: string): string | null {
    const { scope } = this.runs;
    if (scope === null || !flat.startsWith(scope)) return null;
    const rest = flat.slice(scope.length);
    const { nodes } = this.document.peek;
    if (nodes.has(rest)) return rest;
    const outer = rest.split('/')[0] ?? '';
    return nodes.has(outer) ? outer : null;
  }

  /** What a node anywhere is called. */
  titleAt(flat: string): string {
    const found = locate(this.document.whole, flat);
    return found ? this.document.titleOf(found.node) : flat;
  }

  /** What a node anywhere is called, after what the subgraphs around it are; nothing when there is none. */
  titlesAt(flat: string): string[] {
    const { whole } = this.document;
    const found = locate(whole, flat);
    if (!found) return [];
    const around = found.levels.flatMap(({ node }, index) => {
      const outer = node === null ? undefined : whole.graph(found.levels[index - 1]?.graph).nodes.get(node);
      return outer ? [this.document.titleOf(outer)] : [];
    });
    return [...around, this.document.titleOf(found.node)];
  }

  /** Where the workflow itself is looked at, also while a subgraph is shown. */
  get rootView(): View {
    return this.#levels.length ? (this.#views.get('') ?? this.camera.view) : this.camera.view;
  }

  /** Brings a node to the middle of the view and selects it. */
  reveal(node: string): void {
    const box = this.scene.nodes.get(node);
    if (!box) return;
    this.selection.set({ nodes: [node] });
    this.camera.centre(box);
  }

  #follow(changes: readonly Change[] | null): void {
    // A mere value changes nothing that is made of the graph as a whole.
    const more = changes?.filter((change) => !isMereValue(change, this.document.catalogue)) ?? null;
    if (more === null) this.#renew();
    else {
      const here = more.filter((change) => isItem(change) && change.graph === this.document.shown);
      this.scene.update(here);
      for (const change of here) if (change.table === 'nodes' && !change.after) this.runs.forget(change.id);
      const { nodes, frames, notes } = this.document.peek;
      this.selection.keep({ nodes: (id) => nodes.has(id), frames: (id) => frames.has(id), notes: (id) => notes.has(id) });
    }
    if (more === null || more.some(rewires)) this.#see();
    this.#tell((listener) => listener.changed?.(changes, more?.length === 0));
  }

  /** What does not belong together is told as soon as it stands there. */
  #see(): void {
    const clashes = this.document.families().clashes();
    this.problems.see(this.runs.scope === null ? [] : clashes.map((clash) => ({ ...clash, node: this.flatOf(clash.node), level: 'error' })));
  }

  /** All is drawn anew; another graph than before is looked at where it was last. */
  #renew(): void {
    const { levels } = this.document;
    const before = this.#levels;
    const moved = !sameWay(levels, before);
    if (moved) {
      this.#views.set(keyOf(before), this.camera.view);
      this.#levels = levels;
      this.selection.clear();
      this.requests.renaming = null;
    }
    this.runs.scope = this.problems.scope = scopeOf(levels);
    this.scene.reset(this.document.peek, this.document.catalogue);
    if (!moved) return;
    const view = this.#views.get(keyOf(levels));
    if (view) this.camera.set(view);
    else this.camera.jumpTo(this.scene.bounds());
    const left = before[levels.length]?.node;
    if (left !== null && left !== undefined && this.document.peek.nodes.has(left)) this.selection.set({ nodes: [left] });
    const { title } = this.document.peek.head;
    this.announcement = levels.length ? strings.subgraphs.entered(title || strings.subgraphs.untitled) : strings.subgraphs.left(this.document.title);
  }

  #tell(say: (listener: Listener) => void): void {
    for (const listener of this.#listeners) say(listener);
  }
}

/** Whether a change may change what flows: not where a node lies, or how it looks. */
function rewires(change: Change): boolean {
  if (change.table !== 'nodes') return false;
  const { before, after } = change;
  return before?.inputs !== after?.inputs || before?.mode !== after?.mode || before?.type !== after?.type;
}

const keyOf = (levels: readonly Level[]): string => levels.map(({ graph, node }) => `${graph} ${node ?? ''}`).join('\n');
