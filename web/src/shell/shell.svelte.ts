// The page as a whole: one editor, one session, one autosave, and which panels are open. Panels read it from
// the context; what a menu item, a shortcut or a button does is a method here or of a part, so all three do the same.
import { getContext, setContext } from 'svelte';

import { Autosave } from '../api/autosave.svelte';
import { cancelJob } from '../api/client';
import { LocalStore } from '../api/local';
import type { OutputInfo } from '../api/messages.gen';
import { Session } from '../api/session.svelte';
import type { Workflow } from '../document/types';
import { Editor } from '../editor/editor.svelte';
import { type Insets, NARROW } from '../geometry/view';
import { Gallery } from '../gallery/gallery.svelte';
import { MissingThings } from '../editor/missing.svelte';
import { Notices } from '../panels/notices.svelte';
import { strings } from '../strings';
import { formAddress } from './form-link';
import { Keymap } from './keymap.svelte';
import { KnownNodes } from './known-nodes.svelte';
import { Live } from './live.svelte';
import { openNew, openSaved } from './opening';
import { Runner } from './runner.svelte';
import type { Settings } from './settings.svelte';
import { Tabs } from './tabs.svelte';

export type Dialog = 'open' | 'templates' | 'cache' | 'memory' | 'packs' | 'about' | 'shortcuts';

/** With the next frame; a tab nobody looks at has none, and must not hoard what it did not draw. */
function drawLater(draw: () => void): void {
  if (document.visibilityState === 'hidden') setTimeout(draw, 250);
  else requestAnimationFrame(draw);
}

export class Shell {
  readonly editor: Editor;
  readonly session: Session;
  readonly autosave: Autosave;
  readonly live: Live;
  readonly notices = new Notices();
  readonly store = new LocalStore();
  readonly tabs: Tabs;
  readonly missing: MissingThings;
  readonly settings: Settings;
  readonly keymap: Keymap;
  readonly nodes = new KnownNodes(this);
  readonly runner = new Runner(this);
  readonly gallery = new Gallery(this);

  dialog: Dialog | null = $state(null);
  viewed: OutputInfo | null = $state.raw(null);
  outline = $state(false);
  history = $state(false);
  /** The panel of the workflow's sweep. */
  sweep = $state(false);
  /** The workflow is shown as a form instead of a graph. */
  form = $state(false);
  inspector = $state(true);
  results = $state(true);
  problemsOpen = $state(false);
  finding = $state(false);
  /** What is searched for in the settings; null while they are closed. */
  settingsSearch: string | null = $state(null);
  ready = $state(false);

  constructor(settings: Settings) {
    this.settings = settings;
    this.keymap = new Keymap(() => settings.values.shortcuts);
    this.editor = new Editor();
    this.missing = new MissingThings(this.editor);
    this.missing.onfound = () => (this.problemsOpen = true);
    this.autosave = new Autosave(this.store, {
      snapshot: () => this.editor.document.toWorkflow(),
      view: () => {
        const { levels } = this.editor.document;
        const { x, y, zoom } = this.editor.camera.view;
        return { ...this.editor.rootView, ...(levels.length ? { inside: { levels, view: { x, y, zoom } } } : {}) };
      },
      automatic: () => settings.values.autosave === 'server',
    });
    this.editor.clipboard.onrefused = this.editor.subgraphs.onrefused = (why) => void this.notices.add('warning', why);
    this.editor.listen({
      changed: (changes) => {
        if (changes) this.autosave.changed();
        this.live.changed();
      },
    });
    this.tabs = new Tabs({
      editor: this.editor,
      autosave: this.autosave,
      shown: () => this.#shown(),
      open: (id) => openSaved(this, id),
      openNew: () => openNew(this),
    });
    this.session = new Session(
      this.editor.runs,
      {
        document: () => this.editor.document.id,
        previews: () => settings.values.previews,
        onCatalogue: (revision) => void this.nodes.load(revision),
        onFinished: (job, ran) => this.runner.finished(job, ran),
        onResults: (added) => this.gallery.changed(added),
        onReconnected: () => {
          this.notices.add('success', () => strings.worker.back);
          void this.autosave.send();
          void settings.meet();
          this.live.changed();
        },
      },
      drawLater,
    );
    this.live = new Live({
      workflow: () => this.editor.document.toWorkflow(),
      send: () => this.runner.live(),
      cancel: async (job) => void (await this.attempt(cancelJob(job))),
      jobs: () => this.session.jobs,
      left: () => this.session.left,
      ready: () => this.session.connected && !this.session.paused,
    });
  }

  /** Whether the strip of results stands at the bottom. */
  get hasStrip(): boolean {
    return this.results && (this.session.outputs.length > 0 || this.session.livePreview !== '');
  }

  /** The inspector gets out of the way while there is nothing to inspect. */
  get inspecting(): boolean {
    return this.inspector && this.editor.selection.nodes.size > 0;
  }

  /** What floats over the canvas, from each side, in CSS pixels. */
  get insets(): Insets {
    const { width, height } = this.editor.camera.viewport;
    const below = this.hasStrip ? 124 : 72;
    const scale = this.settings.values.textSize / 100;
    const [bar, sweep, side] = [40 * scale, this.sweep ? 332 * scale + 4 : 0, 312 * scale];
    if (width > NARROW) return { top: bar + 36, left: 76 + sweep, right: this.inspecting ? side + 36 : 40, bottom: below };
    return { top: 124, left: 64, right: 24, bottom: this.inspecting ? height * 0.52 + 12 : below };
  }

  /** Shows a document and follows it: its autosave, its last job, its view. */
  show(workflow: Workflow, from: { revision: number | null; dirty: boolean; used?: [string, string][]; view?: View | null }): void {
    const beside = this.editor.document.id;
    this.tabs.leave(workflow.id);
    this.editor.load(workflow, from.view ?? null);
    this.problemsOpen = false;
    this.autosave.follow({ id: workflow.id, revision: from.revision, dirty: from.dirty, used: from.used ?? [] });
    this.tabs.enter(workflow.id, workflow.title, beside);
    this.#shown();
  }

  /** Another document is on the canvas, and is meant to be seen: nothing stands before it. */
  #shown(): void {
    if (this.gallery.open) this.gallery.close();
    void this.session.follow();
  }

  async closeTab(id = this.tabs.active): Promise<void> {
    const title = (id === this.tabs.active ? this.editor.document.title : this.tabs.list.find((tab) => tab.id === id)?.title) ?? '';
    await this.tabs.close(id);
    const undo = { label: () => strings.tabs.reopen, run: () => void this.tabs.reopen() };
    this.notices.add('info', () => strings.tabs.closed(title || strings.app.untitled), '', undo);
  }

  /** The address says which of the two is shown, so that it can be shared and gone back from. */
  showForm(shown: boolean): void {
    this.form = shown;
    history.replaceState(null, '', shown ? formAddress(this.editor.document.id) : location.pathname);
  }

  /** Words for what the server refuses; the answer, or undefined. */
  async attempt<T>(asked: Promise<T>): Promise<T | undefined> {
    try {
      return await asked;
    } catch (error) {
      this.notices.error(error);
      return undefined;
    }
  }

  openSettings(search = ''): void {
    this.dialog = null;
    this.settingsSearch = search;
  }

  /** Selects a node of the graph shown and brings it into view. */
  reveal(node: string): void {
    this.editor.reveal(node);
    this.inspector = true;
  }

  /** The same for a node anywhere in the workflow, by its flat id: the subgraph it is in is entered. */
  goTo(flat: string): void {
    this.editor.goTo(flat);
    this.inspector = true;
  }
}

type View = { x: number; y: number; zoom: number };

const KEY = Symbol('shell');

export const provideShell = (shell: Shell): Shell => setContext(KEY, shell);
export const useShell = (): Shell => getContext<Shell>(KEY);
