// The canvas as a whole: what gestures and components share, and one frame loop that sleeps when nothing changes.
import type { Editor, Listener } from '../editor/editor.svelte';
import { linkAt, socketAt, type SocketEnd } from '../geometry/hit';
import type { Rect } from '../geometry/rect';
import type { LinkShape } from '../geometry/scene';
import { onPixels, visible } from '../geometry/view';
import type { InputEnd, OutputEnd, Point } from '../document/types';
import { Backdrop } from './backdrop';
import { Carried } from './carried';
import { readInk, type Ink } from './draw/ink';
import { drawThread } from './draw/thread';
import { Elements } from './elements';
import { Focus } from './focus.svelte';
import { Lifted } from './lifted';
import type { Linking } from './linking';
import { Mounting, STILL_AFTER_MS } from './mounting.svelte';
import { lookOf } from './palette';
import { rowOf, targetOf, type Kind, type Target } from './target';

/** Below this zoom nodes are boxes on the canvas and nothing is mounted. */
const BOXES_BELOW = 0.28;
/** Zoomed out, a press so near to a socket means it, in CSS pixels: half a target of 24. */
const SNAP = 12;
const SINGULAR = { nodes: 'node', frames: 'frame', notes: 'note' } as const;

/** Words beside the pointer: why a link does not fit. */
export interface Hint {
  x: number;
  y: number;
  text: string;
  good: boolean;
}

export interface Knife {
  stroke: readonly Point[];
  ends: readonly InputEnd[];
}

export class Stage {
  readonly editor: Editor;
  readonly elements = new Elements();
  readonly focus: Focus;
  readonly mounting = new Mounting();
  /** A link being dragged. */
  linking = $state.raw<Linking | null>(null);
  /** The socket the dragged link would connect to. */
  aim = $state.raw<SocketEnd | null>(null);
  /** The socket a finger tapped first, while the second is awaited. */
  tapped: SocketEnd | null = null;
  hint = $state.raw<Hint | null>(null);
  /** The view is so far out that nodes are drawn as boxes. */
  far = $state(false);
  marquee: Rect | null = null;
  /** The stroke of the knife so far, and the ends of the links it went through. */
  knife: Knife | null = null;
  hovered: LinkShape | null = null;
  hoveredNode: string | null = null;
  root: HTMLElement | null = null;
  /** The path of the dragged link. */
  thread: SVGPathElement | null = null;
  readonly #lifted = new Lifted();
  /** The view. */
  readonly #moving = new Carried();
  /** What is dragged. */
  readonly #dragged = new Carried();
  readonly #backdrop = new Backdrop();
  #layer: HTMLElement | null = null;
  #ctx: CanvasRenderingContext2D | null = null;
  #ink: Ink | null = null;
  #frame = 0;
  #rest = 0;

  constructor(editor: Editor) {
    this.editor = editor;
    this.focus = new Focus(editor, this.elements);
  }

  /** Takes hold of the elements; the answer lets go of them. */
  attach(root: HTMLElement, layer: HTMLElement, canvas: HTMLCanvasElement): () => void {
    this.root = root;
    this.#layer = layer;
    // Opaque, so that nothing needs to be cleared, nor blended with what is behind.
    this.#ctx = canvas.getContext('2d', { alpha: false });
    this.#ink = readInk(root);
    const resized = new ResizeObserver(() => this.#resize(root, canvas));
    resized.observe(root);
    const themed = new MutationObserver(() => {
      this.#ink = readInk(root);
      this.#redraw();
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
      clearTimeout(this.#rest);
    };
  }

  /** Draws once, in the next frame, however often it is asked. */
  draw(): void {
    if (!this.#frame && this.#ctx) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  /** Moves an item by hand; the document follows when the gesture ends. */
  shift(kind: Kind, id: string, to: Point): void {
    this.editor.scene.shift(kind, id, to);
    this.#lifted.add(kind, id);
    const element = this.elements.of(kind, id);
    if (element && this.editor.dragging) this.#dragged.take(element);
    this.elements.move(kind, id, to);
    this.draw();
  }

  hover(link: LinkShape | null): void {
    if (link === this.hovered) return;
    this.hovered = link;
    this.draw();
  }

  hoverNode(id: string | null): void {
    if (this.hoveredNode === id || this.editor.dragging) return;
    this.hoveredNode = id;
    this.draw();
  }

  /** What lies under a point of the window: by its element, or from afar by the box that is drawn. */
  under(target: EventTarget | null, x: number, y: number): Target {
    const found = targetOf(target);
    const [wx, wy] = this.editor.camera.at(x, y);
    const { zoom } = this.editor.camera.view;
    if (found !== 'own' && !this.far && zoom < 1) {
      // Smaller than a fingertip here: the nearest socket takes the press.
      const near = socketAt(this.editor.scene, [wx, wy], SNAP / zoom, () => true);
      if (near && !(found && found.grip)) return { item: { kind: 'nodes', id: near.node }, socket: near, grip: false };
    }
    if (found || !this.far) return found;
    const spot = { x: wx, y: wy, width: 0, height: 0 };
    for (const kind of ['nodes', 'notes'] as const) {
      const id = [...this.editor.scene[kind].within(spot)].at(-1);
      if (id !== undefined) return { item: { kind, id }, socket: null, grip: false };
    }
    return null;
  }

  /** Asks for the menu of what is at a point of the window. */
  menuAt(x: number, y: number, target: EventTarget | null): void {
    const { editor } = this;
    const at = editor.camera.at(x, y);
    const found = this.under(target, x, y);
    const input = rowOf(target);
    const item = input ? ({ kind: 'nodes', id: input.node } as const) : found === 'own' || !found ? null : found.item;
    if (item && !editor.selection.items[item.kind].has(item.id)) editor.selection.set({ [item.kind]: [item.id] });
    const link = item ? null : this.linkAt(at);
    const from = found === 'own' || !found?.socket ? null : this.#sourceOf(found.socket);
    const chosen = item ? { kind: SINGULAR[item.kind], id: item.id, from, ...(input ? { input: input.input } : {}) } : link && { kind: 'link' as const, to: link.to, from: link.from };
    editor.requests.menu = { x, y, at, target: chosen };
  }

  /** The link near a point of the canvas. */
  linkAt(at: Point): LinkShape | null {
    return linkAt(this.editor.scene, at, 8 / this.editor.camera.view.zoom);
  }

  /** The output that a socket gives, or takes through its link. */
  #sourceOf(end: SocketEnd): OutputEnd | null {
    return end.side === 'out' ? { node: end.node, output: end.output } : (this.editor.scene.link(end)?.from ?? null);
  }

  readonly #listener: Listener = {
    changed: (changes, mere) => {
      if (mere) return;
      if (changes === null) this.mounting.renewed();
      else this.mounting.dropped(this.editor.scene);
      this.hovered = null;
      this.focus.check();
      this.#redraw();
    },
    selected: () => {
      this.#lifted.changed();
      this.draw();
    },
    ran: () => this.#redraw(),
    viewed: () => {
      this.#lifted.changed();
      this.#backdrop.changed();
      this.mounting.moved(this.editor.camera.view.zoom);
      this.draw();
    },
  };

  /** Draws all of it: what was drawn once for a gesture may be no longer so. */
  #redraw(): void {
    this.#lifted.changed();
    this.#backdrop.changed();
    this.draw();
  }

  #resize(root: HTMLElement, canvas: HTMLCanvasElement): void {
    const box = root.getBoundingClientRect();
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(box.width * scale);
    canvas.height = Math.round(box.height * scale);
    this.editor.camera.origin = [box.left, box.top];
    this.editor.camera.resize({ width: box.width, height: box.height });
    this.#redraw();
  }

  #paint(): void {
    this.#frame = 0;
    if (!this.#layer || !this.#ctx || !this.#ink) return;
    const { scene, camera } = this.editor;
    const far = camera.view.zoom < BOXES_BELOW;
    this.far = far;
    const sight = { area: visible(camera.view, camera.viewport), zoom: camera.view.zoom, far, focused: this.focus.node };
    this.mounting.update(scene, sight);
    // Between pixels only while it zooms, which would seem to shake otherwise.
    const view = this.mounting.zooming ? camera.view : onPixels(camera.view, window.devicePixelRatio || 1);
    const transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
    if (this.#layer.style.transform !== transform) this.#layer.style.transform = transform;
    const { complete, waiting, items } = this.mounting;
    this.#showCards();
    if (this.mounting.panning) this.#moving.take(this.#layer);
    else this.#moving.release();
    if (!this.editor.dragging) {
      this.#lifted.clear();
      this.#dragged.release();
    }
    const drawn = { view, far, complete, nodes: items.nodes };
    if (!this.#lifted.paint(this.#ctx, this.#ink, this.editor, this, drawn)) this.#backdrop.paint(this.#ctx, this.#ink, this.editor, this, drawn);
    this.#drawThread(view.zoom);
    clearTimeout(this.#rest);
    if (!complete && !waiting) this.draw();
    else if (waiting) this.#rest = window.setTimeout(() => this.draw(), STILL_AFTER_MS);
  }

  /** Shows the cards in view and hides the others; by hand, for a move changes a few of many. */
  #showCards(): void {
    for (const id of this.mounting.cards) {
      const element = this.elements.of('nodes', id);
      const parked = this.mounting.isParked(id);
      if (!element || element.hidden === parked) continue;
      element.hidden = parked;
      if (!parked) this.focus.appeared(id, element);
    }
  }

  #drawThread(zoom: number): void {
    if (!this.thread) return;
    const { linking } = this;
    const colour = linking && this.#ink ? this.#ink.tint(lookOf(this.editor.document.catalogue, linking.type).colour) : '';
    drawThread(this.thread, linking?.curve ?? null, colour, zoom, this.editor.scene.linkStyle);
  }
}
