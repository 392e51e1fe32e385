// What has elements of its own: what is in view and a little around it. While the view moves only a few are made
// a frame, so that a pan never waits for them; and where it zooms too far out to read, boxes are drawn instead, for
// to draw a hundred cards anew in every frame is slow.
import type { Scene } from '../geometry/scene';
import { grown, type Rect } from '../geometry/rect';
import { cull, Parking } from './culling';
import type { Kind } from './target';

/** How many are made in a frame: when another graph is shown, when the view rests, and while it moves. None while it
 zooms, when what is in view changes fastest. */
const RENEWED = 32;
const AT_REST = 12;
const MOVING = 3;
/** Below this zoom nothing is made while the view moves, and cards are boxes while it zooms: as readable. */
const READABLE_FROM = 0.6;
const FRAMES = 1_000;
/** Node cards that are kept out of view. */
const PARKED = 160;
export const STILL_AFTER_MS = 120;
const MARGIN = 120;
const NOWHERE: Rect = { x: Infinity, y: Infinity, width: 0, height: 0 };

/** Where everything is. */
type Places = Pick<Scene, Kind>;

export type Mounted = Readonly<Record<Kind, readonly string[]>>;

/** What is looked at. */
interface Sight {
  area: Rect;
  zoom: number;
  /** Too far to read: nodes and notes are drawn, and no element shows. */
  far: boolean;
  /** Stays mounted wherever it is. */
  focused: string | null;
}

export class Mounting {
  /** What is in view and a little around. */
  items = $state.raw<Mounted>({ nodes: [], frames: [], notes: [] });
  /** The nodes that have elements: those of `items`, and those that are parked. */
  cards = $state.raw<readonly string[]>([]);
  /** The view moves and does not zoom. */
  panning = false;
  zooming = false;
  /** Nothing in view is still to come. */
  complete = true;
  /** For the view to have been still for a moment: something will be otherwise then. */
  waiting = false;
  readonly #parking = new Parking(PARKED);
  #moved = -Infinity;
  #zoomed = -Infinity;
  #zoom = 1;
  #renewed = true;

  /** The view moves. */
  moved(zoom: number): void {
    this.#moved = performance.now();
    if (zoom !== this.#zoom) this.#zoomed = this.#moved;
    this.#zoom = zoom;
  }

  /** Everything is another: what is in view is wanted at once. */
  renewed(): void {
    this.#renewed = true;
  }

  /** Has an element and is out of view. */
  isParked(id: string): boolean {
    return this.#parking.parked.has(id);
  }

  /** Decides what is mounted. */
  update(scene: Places, { area, zoom, far, focused }: Sight): void {
    const renewed = this.#renewed;
    const now = performance.now();
    const moving = now - this.#moved < STILL_AFTER_MS && !renewed;
    this.zooming = now - this.#zoomed < STILL_AFTER_MS && !renewed;
    const unreadable = this.zooming && zoom < READABLE_FROM;
    this.#renewed = false;
    // Boxes are drawn for all nodes: from afar, and while the view zooms where no card can be read.
    const boxed = far || unreadable;
    this.panning = moving && !this.zooming && !far;
    const margin = MARGIN / zoom;
    const whileMoving = zoom < READABLE_FROM ? 0 : MOVING;
    const moment = renewed ? RENEWED : AT_REST;
    const budget = this.zooming ? 0 : moving ? whileMoving : moment;
    const none = new Set<string>();
    const open = grown(area, margin);
    const reach = { near: grown(area, moving ? 0 : margin), far: grown(area, 3 * margin) };
    const { items } = this;
    const nowhere = { near: NOWHERE, far: NOWHERE };
    const pinned = focused ? new Set([focused]) : none;
    const { parked } = this.#parking;
    const nodes = cull(scene.nodes, items.nodes, { ...(boxed ? nowhere : reach), pinned, budget, parked });
    const frames = cull(scene.frames, items.frames, { near: open, far: open, pinned: none, budget: FRAMES, parked: none });
    const notes = cull(scene.notes, items.notes, { ...(far ? nowhere : reach), pinned: none, budget, parked: none });
    if (nodes.ids !== items.nodes) this.#park(scene, items.nodes, nodes.ids);
    if (nodes.ids !== items.nodes || frames.ids !== items.frames || notes.ids !== items.notes) {
      this.items = { nodes: nodes.ids, frames: frames.ids, notes: notes.ids };
    }
    this.complete = !unreadable && nodes.complete && notes.complete;
    this.waiting = this.panning || this.zooming;
  }

  /** Nodes are gone: cards that were kept for them are let go, or they would be made again if the nodes came back. */
  dropped(scene: Places): void {
    if (this.cards.some((id) => this.isParked(id) && !scene.nodes.get(id))) this.#park(scene, [], this.items.nodes);
  }

  #park(scene: Places, before: readonly string[], shown: readonly string[]): void {
    const now = new Set(shown);
    this.#parking.update(scene.nodes, before, now);
    const known = new Set(this.cards);
    // In the order they were made: an element that moves in the page is laid out anew.
    this.cards = [...this.cards.filter((id) => now.has(id) || this.isParked(id)), ...shown.filter((id) => !known.has(id))];
  }
}
