// Which items show as DOM elements: those in view and a little around. Items stay until well out of view, and only so
// many are made a frame, so that a fast pan never stalls on building nodes.
import type { Grid } from '../geometry/grid';
import { overlaps, type Rect } from '../geometry/rect';

export interface Cull {
  /** Must be mounted. */
  near: Rect;
  /** What is mounted may stay. */
  far: Rect;
  /** Stay mounted wherever they are: what is being typed in, dragged or focused. */
  pinned: ReadonlySet<string>;
  /** How many may be made now, beside those that are pinned. */
  budget: number;
  /** Have elements already that only need to show again: to be made, three of them count as one. */
  parked: ReadonlySet<string>;
}

const PARKED_FOR_ONE = 3;

export interface Culled {
  /** The same array as before when nothing changes. */
  ids: readonly string[];
  /** False when some in view are still to come. */
  complete: boolean;
}

export function cull(grid: Grid, before: readonly string[], { near, far, pinned, budget, parked }: Cull): Culled {
  const kept = before.filter((id) => {
    const box = grid.get(id);
    return box !== undefined && (pinned.has(id) || overlaps(box, far));
  });
  const have = new Set(kept);
  const wanted: string[] = [];
  const waiting: string[] = [];
  for (const id of grid.within(near)) if (!have.has(id) && !pinned.has(id)) (parked.has(id) ? waiting : wanted).push(id);
  const added = [...pinned].filter((id) => !have.has(id) && grid.get(id));
  if (wanted.length + waiting.length + added.length === 0 && kept.length === before.length) return { ids: before, complete: true };
  const shown = waiting.slice(0, budget * PARKED_FOR_ONE);
  const made = wanted.slice(0, budget - Math.floor(shown.length / PARKED_FOR_ONE));
  added.push(...shown, ...made);
  return {
    ids: kept.length < before.length || added.length ? [...kept, ...added] : before,
    complete: shown.length === waiting.length && made.length === wanted.length,
  };
}

/** What has left the view keeps its element for a while, hidden: to make one takes far longer than to show it again. */
export class Parking {
  /** The longest parked first. */
  readonly parked = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes in what left the view and lets go of what came back, what is gone, and the longest parked beyond the most. */
  update(grid: Grid, before: readonly string[], shown: ReadonlySet<string>): void {
    for (const id of before) if (!shown.has(id)) this.parked.add(id);
    for (const id of this.parked) if (shown.has(id) || !grid.get(id)) this.parked.delete(id);
    for (const id of this.parked) {
      if (this.parked.size <= this.#most) break;
      this.parked.delete(id);
    }
  }
}
