// The one object components talk to. It owns the parts and keeps them in step with the document; what a part does
// is said in the part.
import type { Change } from '../document/change';
import { recolour, type Items } from '../document/edit/items';
import { Families } from '../document/kinship';
import type { Point, Size, Workflow } from '../document/types';
import { around } from '../geometry/rect';
import { Scene } from '../geometry/scene';
import type { View } from '../geometry/view';
import { strings } from '../strings';
import { Camera } from './camera.svelte';
import { Clipboard } from './clipboard';
import { Edits } from './edits';
import { Preferences } from './preferences.svelte';
import { OpenDocument, type ParkedDocument } from './open-document.svelte';
import { Problems } from './problems.svelte';
import { Requests } from './requests.svelte';
import { Runs } from './runs.svelte';
import { Selection } from './selection.svelte';

/** Told of what components do not read as signals: the canvas draws by hand, autosave writes files. */
export interface Listener {
  /** The document changed; null: it is another one, or its catalogue is. */
  changed?(changes: readonly Change[] | null): void;
  selected?(): void;
  /** What is said of a node's run changed; null: of all. */
  ran?(node: string | null): void;
  viewed?(): void;
}

export interface ParkedEditor {
  document: ParkedDocument;
  selection: Items;
  view: View;
}

export class Editor {
  readonly document = new OpenDocument();
  readonly edit = new Edits(this.document);
  readonly selection = new Selection();
  readonly clipboard = new Clipboard(this.document, this.selection);
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

  constructor() {
    this.scene.look = (id) => this.runs.shows(id);
    this.document.onchange = (changes) => this.#follow(changes);
    this.selection.onchange = () => this.#tell((listener) => listener.selected?.());
    this.camera.onmove = () => this.#tell((listener) => listener.viewed?.());
    this.problems.onchange = () => this.#tell((listener) => listener.ran?.(null));
    this.runs.onchange = (node, reshaped) => {
      if (node !== null && reshaped) this.scene.refresh(node);
      this.#tell((listener) => listener.ran?.(node));
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
    this.document.open(workflow);
    if (view) this.camera.set(view);
    else this.camera.jumpTo(this.scene.bounds());
  }

  /** All that belongs to the document on the canvas, to be taken up again later. */
  park(): ParkedEditor {
    return { document: this.document.park(), selection: this.selection.items, view: { ...this.camera.view } };
  }

  resume({ document, selection, view }: ParkedEditor): void {
    this.selection.clear();
    this.runs.reset();
    this.problems.set([]);
    this.document.resume(document);
    this.selection.set(selection);
    this.camera.set(view);
  }

  undo(): void {
    const undone = this.document.undo();
    if (undone) this.announcement = strings.edits.undone(undone.label);
  }

  redo(): void {
    const redone = this.document.redo();
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

  /** Shows the links out of the selected nodes by name; those that are so already become lines again. */
  toggleNames(): void {
    for (const id of this.selection.nodes) {
      const node = this.document.peek.nodes.get(id);
      const schema = this.document.schema(node);
      if (!node || !schema) continue;
      const named = Object.keys(node.named ?? {}).length > 0;
      for (const { name, title } of schema.outputs) {
        const linked = [...this.document.peek.links.outgoing(id)].some(({ from }) => from.output === name);
        if (linked || named) this.edit.nameOutput({ node: id, output: name }, named ? '' : title);
      }
    }
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

  /** Brings a node to the middle of the view and selects it. */
  reveal(node: string): void {
    const box = this.scene.nodes.get(node);
    if (!box) return;
    this.selection.set({ nodes: [node] });
    this.camera.centre(box);
  }

  #follow(changes: readonly Change[] | null): void {
    if (changes === null) this.scene.reset(this.document.peek, this.document.catalogue);
    else {
      this.scene.update(changes);
      for (const change of changes) if (change.table === 'nodes' && !change.after) this.runs.forget(change.id);
      const { nodes, frames, notes } = this.document.peek;
      this.selection.keep({ nodes: (id) => nodes.has(id), frames: (id) => frames.has(id), notes: (id) => notes.has(id) });
    }
    if (changes === null || changes.some(rewires)) this.#see();
    this.#tell((listener) => listener.changed?.(changes));
  }

  /** What does not belong together is told as soon as it stands there. */
  #see(): void {
    const clashes = new Families(this.document.peek, this.document.catalogue).clashes();
    this.problems.see(clashes.map((clash) => ({ ...clash, level: 'error' })));
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
