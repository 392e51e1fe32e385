// What has elements of its own: what is in view and a little around it. While the view moves only a few are made
// a frame, so that a pan never waits for them.
import type { Scene } from '../geometry/scene';
import { grown, type Rect } from '../geometry/rect';
import { cull } from './culling';
import type { Kind } from './target';

/** How many are made in a frame: when another graph is shown, when the view rests, and while it moves. */
const RENEWED = 32;
const AT_REST = 12;
const MOVING = 3;
/** Below this zoom nothing is made while the view moves: what is drawn in its place is as readable. */
const READABLE_FROM = 0.6;
const FRAMES = 1_000;
const STILL_AFTER_MS = 120;
const MARGIN = 120;
const NOWHERE: Rect = { x: Infinity, y: Infinity, width: 0, height: 0 };

export type Mounted = Readonly<Record<Kind, readonly string[]>>;

/** What is looked at. */
interface Sight {
  area: Rect;
  zoom: number;
  /** Too far to read: nodes and notes are drawn, and none has an element. */
  far: boolean;
  /** Stays mounted wherever it is. */
  focused: string | null;
}

export class Mounting {
  items = $state.raw<Mounted>({ nodes: [], frames: [], notes: [] });
  #moved = -Infinity;
  #renewed = true;

  /** The view moves. */
  moved(): void {
    this.#moved = performance.now();
  }

  /** Everything is another: what is in view is wanted at once. */
  renewed(): void {
    this.#renewed = true;
  }

  /** Decides what is mounted; false while some in view are still to come. */
  update(scene: Scene, { area, zoom, far, focused }: Sight): boolean {
    const renewed = this.#renewed;
    const moving = performance.now() - this.#moved < STILL_AFTER_MS && !renewed;
    this.#renewed = false;
    const margin = MARGIN / zoom;
    const none = new Set<string>();
    const whileMoving = zoom < READABLE_FROM ? 0 : MOVING;
    const budget = moving ? whileMoving : renewed ? RENEWED : AT_REST;
    const reach = {
      near: far ? NOWHERE : grown(area, moving ? 0 : margin),
      far: far ? NOWHERE : grown(area, 3 * margin),
    };
    const open = grown(area, margin);
    const { items } = this;
    const nodes = cull(scene.nodes, items.nodes, { ...reach, pinned: focused ? new Set([focused]) : none, budget });
    const frames = cull(scene.frames, items.frames, { near: open, far: open, pinned: none, budget: FRAMES });
    const notes = cull(scene.notes, items.notes, { ...reach, pinned: none, budget });
    if (nodes.ids !== items.nodes || frames.ids !== items.frames || notes.ids !== items.notes) {
      this.items = { nodes: nodes.ids, frames: frames.ids, notes: notes.ids };
    }
    return nodes.complete && notes.complete;
  }
}
