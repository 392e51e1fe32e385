// Moves the selection. A lone node that nothing is linked to goes into the link it is dropped on. What a selected frame holds goes with it. The first item comes to rest on the grid and
// the others keep their distance to it; Alt moves freely, or the other way round where the user chose so.
import type { Moves } from '../../document/edit/items';
import type { Point } from '../../document/types';
import { waysInto } from '../../document/edit/chains';
import { linkAt, withHeld } from '../../geometry/hit';
import { centreOf } from '../../geometry/rect';
import type { LinkShape } from '../../geometry/scene';
import { snapped } from '../../geometry/snap';
import type { Editor } from '../../editor/editor.svelte';
import type { Stage } from '../stage.svelte';
import type { Kind } from '../target';
import type { Gesture, Spot } from './gesture';

interface Moving {
  kind: Kind;
  id: string;
  from: Point;
}

export class Drag implements Gesture {
  readonly cursor = 'grabbing';
  readonly #stage: Stage;
  readonly #start: Point;
  readonly #moving: Moving[];
  #shift: Point = [0, 0];
  /** The link the node would go into. */
  #into: LinkShape | null = null;

  /** `lead`: the item under the pointer, which snaps. */
  constructor(stage: Stage, { at }: Spot, lead: { kind: Kind; id: string }) {
    this.#stage = stage;
    this.#start = at;
    this.#moving = itemsToMove(stage.editor, lead);
  }

  move({ at, alt }: Spot): void {
    const lead = this.#moving[0];
    if (!lead) return;
    const free: Point = [at[0] - this.#start[0], at[1] - this.#start[1]];
    const [dx, dy] = this.#shift;
    this.#shift = alt === this.#stage.editor.preferences.snap
      ? free
      : [snapped(lead.from[0] + free[0]) - lead.from[0], snapped(lead.from[1] + free[1]) - lead.from[1]];
    if (this.#shift[0] === dx && this.#shift[1] === dy) return;
    this.#place(this.#shift);
    this.#into = this.#linkBelow(lead);
    this.#stage.hover(this.#into);
  }

  end(): void {
    const [dx, dy] = this.#shift;
    if (dx === 0 && dy === 0) return;
    const { edit } = this.#stage.editor;
    const [moves, lead] = [movesOf(this.#moving, this.#shift), this.#moving[0]];
    if (this.#into && lead) edit.moveIntoLink(moves, lead.id, this.#into.to);
    else edit.move(moves);
  }

  cancel(): void {
    this.#stage.hover(null);
    this.#place([0, 0]);
  }

  #linkBelow(lead: Moving): LinkShape | null {
    const { editor } = this.#stage;
    const box = this.#moving.length === 1 && lead.kind === 'nodes' ? editor.scene.nodes.get(lead.id) : undefined;
    const link = box && linkAt(editor.scene, centreOf(box), Math.max(24, box.height / 2));
    return link && waysInto(editor.document.place, lead.id, link.to) ? link : null;
  }

  #place([dx, dy]: Point): void {
    for (const { kind, id, from } of this.#moving) this.#stage.shift(kind, id, [from[0] + dx, from[1] + dy]);
  }
}

export function movesOf(items: readonly Moving[], [dx, dy]: Point): Moves {
  const of = (kind: Kind): Map<string, Point> =>
    new Map(items.filter((item) => item.kind === kind).map(({ id, from }) => [id, [from[0] + dx, from[1] + dy]]));
  return { nodes: of('nodes'), frames: of('frames'), notes: of('notes') };
}

/** The selection and what its frames hold, the lead first. */
export function itemsToMove({ document, scene, selection }: Editor, lead: { kind: Kind; id: string } | null): Moving[] {
  const chosen = withHeld(scene, selection.items);
  const moving: Moving[] = [];
  for (const kind of ['nodes', 'frames', 'notes'] as const) {
    for (const id of chosen[kind]) {
      const box = scene[kind].get(id);
      if (!box || (kind === 'nodes' && document.peek.nodes.get(id)?.pinned)) continue;
      const item: Moving = { kind, id, from: [box.x, box.y] };
      if (lead?.kind === kind && lead.id === id) moving.unshift(item);
      else moving.push(item);
    }
  }
  return moving;
}
