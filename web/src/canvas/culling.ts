// Which items have DOM elements: those in view and a little around. Items stay mounted until well out of
// view, and only so many are mounted a frame, so that a fast pan never stalls on building nodes.
import type { Grid } from '../geometry/grid';
import { overlaps, type Rect } from '../geometry/rect';

export interface Cull {
  /** Must be mounted. */
  near: Rect;
  /** What is mounted may stay. */
  far: Rect;
  /** Stay mounted wherever they are: what is being typed in, dragged or focused. */
  pinned: ReadonlySet<string>;
  /** How many may be mounted now, beside those that are pinned. */
  budget: number;
}

export interface Culled {
  /** The same array as before when nothing changes. */
  ids: readonly string[];
  /** False when some in view are still to come. */
  complete: boolean;
}

export function cull(grid: Grid, before: readonly string[], { near, far, pinned, budget }: Cull): Culled {
  const kept = before.filter((id) => {
    const box = grid.get(id);
    return box !== undefined && (pinned.has(id) || overlaps(box, far));
  });
  const have = new Set(kept);
  const wanted: string[] = [];
  for (const id of grid.within(near)) if (!have.has(id) && !pinned.has(id)) wanted.push(id);
  const added = [...pinned].filter((id) => !have.has(id) && grid.get(id));
  if (wanted.length + added.length === 0 && kept.length === before.length) return { ids: before, complete: true };
  added.push(...wanted.slice(0, budget));
  return { ids: kept.length < before.length || added.length ? [...kept, ...added] : before, complete: wanted.length <= budget };
}
