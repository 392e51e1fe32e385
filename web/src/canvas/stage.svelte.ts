// The canvas's engine: one frame loop that sleeps when nothing changes. It moves the layer, decides what is
// mounted and draws what lies behind the nodes. Gestures and components talk to it; the editor tells it of changes.
import type { Editor, Listener } from '../editor/editor.svelte';
import { linkAt, type SocketEnd } from '../geometry/hit';
import { grown, type Rect } from '../geometry/rect';
import type { LinkShape } from '../geometry/scene';
import { visible } from '../geometry/view';
import type { NodeData, Point } from '../document/types';
import { cull } from './culling';
import { drawBoxes, type Box } from './draw/boxes';
import { drawNotes } from './draw/notes';
import { drawFrames } from './draw/frames';
import { drawGround } from './draw/ground';
import { readInk, type Ink } from './draw/ink';
import { drawLinks } from './draw/links';
import { reach } from '../geometry/curve';
import { drawMarquee } from './draw/marquee';
import type { Linking } from './linking';
import { categoryColour, lookOf } from './palette';
import { targetOf, type Kind, type Target } from './target';

/** Below this zoom nodes are boxes on the canvas and nothing is mounted. */
const BOXES_BELOW = 0.28;
const MOUNT_AT_ONCE = 32;
const MOUNT_MOVING = 6;
const STILL_AFTER_MS = 120;
const SINGULAR = { nodes: 'node', frames: 'frame', notes: 'note' } as const;

export type Mounted = Readonly<Record<Kind, readonly string[]>>;

/** Words beside the pointer: why a link does not fit. */
export interface Hint {
  x: number;
  y: number;
  text: string;
  good: boolean;
}

export class Stage {
  readonly editor: Editor;
  mounted = $state.raw<Mounted>({ nodes: [], frames: [], notes: [] });
  /** A link being dragged. */
  linking = $state.raw<Linking | null>(null);
  /** The socket the dragged link would connect to. */
  aim = $state.raw<SocketEnd | null>(null);
  hint = $state.raw<Hint | null>(null);
  /** The node that takes the keyboard's focus. */
  focused = $state<string | null>(null);
  /** Focus came by the keyboard: arrows then walk from node to node. */
  walking = false;
  /** The view is so far out that nodes are drawn as boxes. */
  far = $state(false);
  /** The node or frame whose title is being edited. */
  renaming = $state<string | null>(null);
  marquee: Rect | null = null;
  hovered: LinkShape | null = null;
  hoveredNode: string | null = null;
  root: HTMLElement | null = null;
  /** The path of the dragged link. */
  thread: SVGPathElement | null = null;
  readonly #elements: Record<Kind, Map<string, HTMLElement>> = { nodes: new Map(), frames: new Map(), notes: new Map() };
  readonly #pinned = new Set<string>();
  /** Focus is being given by the pointer, not by a key. */
  #pressing = false;
  #layer: HTMLElement | null = null;
  #ctx: CanvasRenderingContext2D | null = null;
  #ink: Ink | null = null;
  #frame = 0;
  #moved = -Infinity;
  #loaded = true;

  constructor(editor: Editor) {
    this.editor = editor;
  }

  /** Takes hold of the elements; the answer lets go of them. */
  attach(root: HTMLElement, layer: HTMLElement, canvas: HTMLCanvasElement): () => void {
    this.root = root;
    this.#layer = layer;
    this.#ctx = canvas.getContext('2d');
    this.#ink = readInk(root);
    const resized = new ResizeObserver(() => this.#resize(root, canvas));
    resized.observe(root);
    const themed = new MutationObserver(() => {
      this.#ink = readInk(root);
      this.draw();
    });
    themed.observe(document.documentElement, { attributes: true });
    // Titles on the canvas are drawn in the page's own face once it is there.
    void document.fonts.ready.then(() => this.draw());
    const unlisten = this.editor.listen(this.#listener);
    this.#resize(root, canvas);
    return () => {
      resized.disconnect();
      themed.disconnect();
      unlisten();
      cancelAnimationFrame(this.#frame);
    };
  }

  /** Draws once, in the next frame, however often it is asked. */
  draw(): void {
    if (!this.#frame && this.#ctx) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  /** A mounted item's element, so that gestures can move it without waking Svelte. */
  hold(kind: Kind, id: string, element: HTMLElement): () => void {
    this.#elements[kind].set(id, element);
    return () => {
      if (this.#elements[kind].get(id) === element) this.#elements[kind].delete(id);
    };
  }

  element(kind: Kind, id: string): HTMLElement | undefined {
    return this.#elements[kind].get(id);
  }

  /** Moves an item by hand; the document follows when the gesture ends. */
  shift(kind: Kind, id: string, [x, y]: Point): void {
    this.editor.scene.shift(kind, id, [x, y]);
    const element = this.#elements[kind].get(id);
    if (element) element.style.transform = `translate(${x}px, ${y}px)`;
    this.draw();
  }

  /** Keeps a node mounted wherever it is, until the answer is called. */
  pin(id: string): () => void {
    this.#pinned.add(id);
    this.draw();
    return () => this.#pinned.delete(id);
  }

  hover(link: LinkShape | null): void {
    if (link === this.hovered) return;
    this.hovered = link;
    this.draw();
  }

  /** What lies under a point of the window: by its element, or from afar by the box that is drawn. */
  under(target: EventTarget | null, x: number, y: number): Target {
    const found = targetOf(target);
    if (found || !this.far) return found;
    const [wx, wy] = this.editor.camera.at(x, y);
    const spot = { x: wx, y: wy, width: 0, height: 0 };
    for (const kind of ['nodes', 'notes'] as const) {
      const id = [...this.editor.scene[kind].within(spot)].at(-1);
      if (id !== undefined) return { item: { kind, id }, socket: null, grip: false };
    }
    return null;
  }

  /** Gives a node the keyboard's focus, unless something in it has it. */
  focus(id: string): void {
    this.focused = id;
    const element = this.#elements.nodes.get(id);
    if (!element || element.contains(document.activeElement)) return;
    this.#pressing = true;
    element.focus({ preventScroll: true });
    this.#pressing = false;
  }

  blur(): void {
    this.focused = null;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }

  /** A node got the focus, by whatever way. */
  focusedBy(id: string): void {
    if (!this.#pressing) this.walking = true;
    this.focused = id;
  }

  /** Moves focus and selection to a node, bringing it into view. */
  walkTo(id: string): void {
    this.walking = true;
    this.focused = id;
    this.editor.select({ nodes: [id] });
    const box = this.editor.scene.nodes.get(id);
    if (box) this.editor.camera.show(box);
    this.#elements.nodes.get(id)?.focus({ preventScroll: true });
    this.draw();
  }

  hoverNode(id: string | null): void {
    if (this.hoveredNode === id || this.editor.dragging) return;
    this.hoveredNode = id;
    this.draw();
  }

  /** Lets the user edit the title of the one selected node or frame. */
  rename(): void {
    const { nodes, frames } = this.editor.selected.items;
    this.renaming = [...nodes, ...frames][0] ?? null;
  }

  /** Asks for the menu of what is at a point of the window. */
  menuAt(x: number, y: number, target: EventTarget | null): void {
    const { editor } = this;
    const at = editor.camera.at(x, y);
    const found = this.under(target, x, y);
    const item = found === 'own' || !found ? null : found.item;
    if (item && !editor.selected.items[item.kind].has(item.id)) editor.select({ [item.kind]: [item.id] });
    const link = item ? null : linkAt(editor.scene, at, 8 / editor.camera.view.zoom);
    const chosen = item ? { kind: SINGULAR[item.kind], id: item.id } : link && { kind: 'link' as const, to: link.to };
    editor.menuRequest = { x, y, at, target: chosen };
  }

  /** Nodes are too small to be read. */
  get #isFar(): boolean {
    return this.editor.camera.view.zoom < BOXES_BELOW;
  }

  readonly #listener: Listener = {
    changed: (changes) => {
      if (changes === null) this.#loaded = true;
      this.hovered = null;
      if (this.focused && !this.editor.peek.nodes.has(this.focused)) this.focused = null;
      this.draw();
    },
    selected: () => this.draw(),
    ran: () => this.draw(),
    viewed: () => {
      this.#moved = performance.now();
      this.draw();
    },
  };

  #resize(root: HTMLElement, canvas: HTMLCanvasElement): void {
    const box = root.getBoundingClientRect();
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(box.width * scale);
    canvas.height = Math.round(box.height * scale);
    this.editor.camera.origin = [box.left, box.top];
    this.editor.camera.resize({ width: box.width, height: box.height });
    this.draw();
  }

  #paint(): void {
    this.#frame = 0;
    const { view, viewport } = this.editor.camera;
    if (!this.#layer || !this.#ctx || !this.#ink) return;
    this.far = this.#isFar;
    const transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
    if (this.#layer.style.transform !== transform) this.#layer.style.transform = transform;
    const complete = this.#mount(visible(view, viewport));
    this.#paintCanvas(this.#ctx, this.#ink, complete);
    if (!complete) this.draw();
  }

  /** Decides what is mounted; false while some in view are still to come. */
  #mount(area: Rect): boolean {
    const { scene, camera } = this.editor;
    const margin = 120 / camera.view.zoom;
    const moving = performance.now() - this.#moved < STILL_AFTER_MS && !this.#loaded;
    this.#loaded = false;
    const pinned = new Set(this.#pinned);
    if (this.focused) pinned.add(this.focused);
    const near = this.#isFar ? { x: Infinity, y: Infinity, width: 0, height: 0 } : grown(area, moving ? 0 : margin);
    const far = this.#isFar ? near : grown(area, 3 * margin);
    const budget = moving ? MOUNT_MOVING : MOUNT_AT_ONCE;
    const nodes = cull(scene.nodes, this.mounted.nodes, { near, far, pinned, budget });
    const open = grown(area, margin);
    const none = new Set<string>();
    const frames = cull(scene.frames, this.mounted.frames, { near: open, far: open, pinned: none, budget: 1_000 });
    const notes = cull(scene.notes, this.mounted.notes, { near, far, pinned: none, budget });
    const { mounted } = this;
    if (nodes.ids !== mounted.nodes || frames.ids !== mounted.frames || notes.ids !== mounted.notes) {
      this.mounted = { nodes: nodes.ids, frames: frames.ids, notes: notes.ids };
    }
    return nodes.complete && notes.complete;
  }

  #paintCanvas(ctx: CanvasRenderingContext2D, ink: Ink, complete: boolean): void {
    const { camera, scene, catalogue } = this.editor;
    const { view, viewport } = camera;
    const scale = window.devicePixelRatio || 1;
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    drawGround(ctx, view, viewport, ink);
    ctx.setTransform(scale * view.zoom, 0, 0, scale * view.zoom, scale * view.x, scale * view.y);
    const area = visible(view, viewport);
    this.#paintFrames(ctx, ink, area);
    const colourOf = (type: string): string => lookOf(catalogue, type).colour;
    const bright = this.hovered ? new Set([this.hovered]) : this.#linksOfHovered();
    const taken = this.linking?.taken;
    const hidden = (taken && scene.link(taken)) ?? null;
    drawLinks(ctx, scene.links(), area, { colourOf, bright, hidden, zoom: view.zoom });
    if (this.#isFar) drawNotes(ctx, this.#notes(area), ink);
    if (this.#isFar || !complete) drawBoxes(ctx, this.#boxes(area), ink, view.zoom);
    this.#drawThread(colourOf);
    if (this.marquee) drawMarquee(ctx, this.marquee, ink, view.zoom);
  }

  /** The dragged link lies above the nodes, so it is an element rather than paint on the canvas behind. */
  #drawThread(colourOf: (type: string) => string): void {
    const { thread, linking } = this;
    if (!thread) return;
    thread.style.display = linking ? '' : 'none';
    if (!linking) return;
    const { x1, y1, x2, y2 } = linking.curve;
    const r = reach(linking.curve);
    thread.setAttribute('d', `M${x1} ${y1}C${x1 + r} ${y1} ${x2 - r} ${y2} ${x2} ${y2}`);
    thread.setAttribute('stroke', colourOf(linking.type));
    thread.setAttribute('stroke-width', String(Math.max(2.5, 1.6 / this.editor.camera.view.zoom)));
  }

  #linksOfHovered(): ReadonlySet<LinkShape> | null {
    const id = this.hoveredNode;
    if (!id || this.linking) return null;
    const found = new Set<LinkShape>();
    for (const link of this.editor.scene.linksOf(id)) found.add(link);
    return found.size ? found : null;
  }

  #paintFrames(ctx: CanvasRenderingContext2D, ink: Ink, area: Rect): void {
    const { scene, selected } = this.editor;
    const graph = this.editor.peek;
    const drawn = [...scene.frames.within(area)].flatMap((id) => {
      const [box, data] = [scene.frames.get(id), graph.frames.get(id)];
      return box && data ? [{ ...box, data, selected: selected.items.frames.has(id) }] : [];
    });
    // The larger lie below, so that nested frames show.
    drawn.sort((a, b) => b.width * b.height - a.width * a.height);
    drawFrames(ctx, drawn, ink, this.editor.camera.view.zoom);
  }

  /** What is in view and has no element of its own. */
  #boxes(area: Rect): Box[] {
    const { scene } = this.editor;
    const graph = this.editor.peek;
    const mounted = new Set(this.mounted.nodes);
    const boxes: Box[] = [];
    for (const id of scene.nodes.within(area)) {
      const [box, node] = [scene.nodes.get(id), graph.nodes.get(id)];
      if (box && node && !mounted.has(id)) boxes.push(this.#boxOf(id, node, box));
    }
    return boxes;
  }

  #notes(area: Rect): { box: Rect; colour: string }[] {
    const { scene, peek } = this.editor;
    return [...scene.notes.within(area)].flatMap((id) => {
      const box = scene.notes.get(id);
      return box ? [{ box, colour: peek.notes.get(id)?.colour ?? '' }] : [];
    });
  }

  #boxOf(id: string, node: NodeData, box: Rect): Box {
    const { editor } = this;
    const state = editor.runState.get(id)?.state;
    return {
      ...box,
      colour: node.colour || categoryColour(editor.schema(node)?.category ?? ''),
      title: editor.titleOf(node),
      selected: editor.selection.has(id),
      failed: state === 'failed' || (editor.problems.get(id)?.some(({ level }) => level === 'error') ?? false),
      faint: (node.mode ?? 'run') !== 'run',
      collapsed: node.collapsed === true,
    };
  }
}

