// From a press to a gesture: looks at what was pressed, lets one gesture follow, and calls it off on Escape
// or a second finger. What widgets do with the pointer is theirs.
import type { Point } from '../document/types';
import { linkAt } from '../geometry/hit';
import { Cut } from './gestures/cut';
import { Drag } from './gestures/drag';
import type { Gesture, Spot } from './gestures/gesture';
import { linkFrom, LinkDrag, tapElsewhere, tapSocket } from './gestures/link';
import { Pan } from './gestures/pan';
import { Pinch } from './gestures/pinch';
import { Resize } from './gestures/resize';
import { BoxSelect } from './gestures/select';
import type { Stage } from './stage.svelte';
import type { Pressed, Target } from './target';

/** A press becomes a drag after so many pixels. */
const SLACK = 4;
const LONG_PRESS_MS = 550;

/** A press that may become a gesture, or stay a click. */
interface Pending {
  gesture: () => Gesture | null;
  start: Spot;
  click: () => void;
}

export class Pointer {
  readonly #stage: Stage;
  readonly #fingers = new Map<number, Point>();
  #pending: Pending | null = null;
  #gesture: Gesture | null = null;
  #pinch: Pinch | null = null;
  #last: Point = [0, 0];
  #longPress = 0;
  /** The space bar is held: the next drag pans, wherever it begins. */
  panning = false;
  /** Something was pressed since the space bar went down. */
  pressed = false;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  down(event: PointerEvent): void {
    if (event.pointerType === 'touch' && this.#second(event)) return;
    if (this.#gesture || this.#pending) return;
    const pressed = this.#stage.under(event.target, event.clientX, event.clientY);
    if (this.panning) {
      this.pressed = true;
      event.preventDefault(); // no field takes the focus
    } else if (pressed === 'own') return;
    const start = this.#spot(event);
    this.#last = [event.clientX, event.clientY];
    this.#stage.focus.walking = false;
    this.#pending = this.#choose(event, pressed, start);
    if (!this.#pending) return;
    if (event.pointerType === 'touch') this.#longPress = window.setTimeout(() => this.#hold(event), LONG_PRESS_MS);
  }

  move(event: PointerEvent): void {
    const point: Point = [event.clientX, event.clientY];
    this.#stage.editor.over = this.#stage.editor.camera.at(...point);
    if (this.#pinch) {
      this.#pinch.move(event.pointerId, point);
      return;
    }
    if (this.#fingers.has(event.pointerId)) this.#fingers.set(event.pointerId, point);
    if (this.#pending && !this.#begin(event)) return;
    if (!this.#gesture) {
      if (event.pointerType !== 'touch') this.#hover(event);
      return;
    }
    this.#gesture.move(this.#spot(event));
    this.#last = point;
  }

  up(event: PointerEvent): void {
    window.clearTimeout(this.#longPress);
    this.#fingers.delete(event.pointerId);
    if (this.#pinch) {
      if (this.#fingers.size === 0) this.#pinch = null;
      return;
    }
    const [gesture, pending] = [this.#gesture, this.#pending];
    this.#stop();
    if (event.type === 'pointercancel') gesture?.cancel();
    else if (gesture) gesture.end(this.#spot(event));
    else pending?.click();
  }

  leave(): void {
    this.#stage.editor.over = null;
    if (!this.#gesture) this.#stage.hover(null);
  }

  /** True when there was something to call off. */
  cancel(): boolean {
    const gesture = this.#gesture;
    const any = gesture !== null || this.#pending !== null;
    this.#stop();
    gesture?.cancel();
    return any;
  }

  #stop(): void {
    this.#gesture = null;
    this.#pending = null;
    this.#stage.editor.dragging = false;
    if (this.#stage.root) this.#stage.root.style.cursor = this.panning ? 'grab' : '';
  }

  #begin(event: PointerEvent): boolean {
    const pending = this.#pending;
    if (!pending) return false;
    const [x, y] = pending.start.client;
    if (Math.hypot(event.clientX - x, event.clientY - y) < SLACK) return false;
    window.clearTimeout(this.#longPress);
    this.#pending = null;
    this.#gesture = pending.gesture();
    if (!this.#gesture) return false;
    // Only now: a press that stays a click must reach what was pressed.
    this.#stage.root?.setPointerCapture(event.pointerId);
    this.#stage.editor.dragging = true;
    if (this.#stage.root) this.#stage.root.style.cursor = this.#gesture.cursor ?? '';
    return true;
  }

  #choose(event: PointerEvent, pressed: Target, start: Spot): Pending | null {
    const stage = this.#stage;
    const pans = event.button === 1 || (event.button === 0 && this.panning);
    if (pans) return { gesture: () => new Pan(stage), start, click: () => undefined };
    if (event.button !== 0 || pressed === 'own') return null;
    if (pressed?.socket) {
      const { socket } = pressed;
      const gesture = (): Gesture | null => {
        const linking = linkFrom(stage, socket);
        return linking && new LinkDrag(stage, linking);
      };
      const click = (): void => (event.pointerType === 'touch' ? tapSocket(stage, socket) : stage.focus.press(socket.node));
      return { gesture, start, click };
    }
    if (pressed?.item) return this.#pressItem(event, pressed.item, pressed.grip, start);
    const adds = event.shiftKey || event.ctrlKey || event.metaKey;
    const click = (): void => {
      if (tapElsewhere(stage, null)) return;
      const link = adds ? null : stage.linkAt(start.at);
      if (link) {
        stage.editor.requests.value = { x: start.client[0], y: start.client[1], from: link.from };
        return;
      }
      if (!adds) stage.editor.selection.set({});
      stage.focus.leave();
    };
    const gesture = (): Gesture => {
      if (event.altKey) return new Cut(stage, start);
      return adds ? new BoxSelect(stage, start, true) : new Pan(stage);
    };
    return { gesture, start, click };
  }

  #pressItem(event: PointerEvent, item: Pressed, grip: boolean, start: Spot): Pending | null {
    const stage = this.#stage;
    const { editor } = stage;
    const chosen = editor.selection.items[item.kind].has(item.id);
    const toggles = event.shiftKey || event.ctrlKey || event.metaKey;
    const only = { [item.kind]: [item.id] };
    if (item.kind === 'nodes') stage.focus.press(item.id);
    // Not on the press: what comes up beside a selected node must not slide between a press and its release.
    const click = (): void => {
      if (tapElsewhere(stage, item.kind === 'nodes' ? item.id : null)) return;
      if (chosen) editor.selection.set(only, toggles ? 'toggle' : 'replace');
      else editor.selection.set(only, toggles ? 'add' : 'replace');
    };
    const gesture = (): Gesture => {
      if (!chosen) click();
      return grip ? new Resize(stage, start, item.kind, item.id) : new Drag(stage, start, item);
    };
    return { gesture, start, click };
  }

  /** A finger held still asks for the menu. */
  #hold(event: PointerEvent): void {
    this.cancel();
    this.#stage.menuAt(event.clientX, event.clientY, event.target);
  }

  #second(event: PointerEvent): boolean {
    this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#fingers.size < 2) return false;
    window.clearTimeout(this.#longPress);
    this.cancel();
    this.#pinch = new Pinch(this.#stage, this.#fingers);
    return true;
  }

  #hover(event: PointerEvent): void {
    const { editor } = this.#stage;
    const isOpen = this.#stage.under(event.target, event.clientX, event.clientY) === null;
    const radius = 6 / editor.camera.view.zoom;
    this.#stage.hover(isOpen && editor.over ? linkAt(editor.scene, editor.over, radius) : null);
  }

  #spot(event: PointerEvent): Spot {
    const client: Point = [event.clientX, event.clientY];
    return {
      client,
      at: this.#stage.editor.camera.at(...client),
      by: [client[0] - this.#last[0], client[1] - this.#last[1]],
      shift: event.shiftKey,
      alt: event.altKey,
    };
  }
}
