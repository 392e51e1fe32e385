// What is selected, by kind. Sets are replaced, never changed in place, so that reading one is reactive.
import { countOf, NOTHING, type Items } from '../document/edit/items';

export type SelectMode = 'replace' | 'add' | 'toggle';

export class Selection {
  items = $state.raw<Items>(NOTHING);
  onchange: (() => void) | null = null;

  get nodes(): ReadonlySet<string> {
    return this.items.nodes;
  }

  get count(): number {
    return countOf(this.items);
  }

  set(items: { [Kind in keyof Items]?: Iterable<string> }, mode: SelectMode = 'replace'): void {
    const before = mode === 'replace' ? NOTHING : this.items;
    this.items = {
      nodes: merged(before.nodes, items.nodes, mode),
      frames: merged(before.frames, items.frames, mode),
      notes: merged(before.notes, items.notes, mode),
    };
    this.onchange?.();
  }

  clear(): void {
    if (this.count) this.items = NOTHING;
  }

  /** Drops what is no longer there. */
  keep(exists: { [Kind in keyof Items]: (id: string) => boolean }): void {
    const { nodes, frames, notes } = this.items;
    const kept: Items = {
      nodes: new Set([...nodes].filter(exists.nodes)),
      frames: new Set([...frames].filter(exists.frames)),
      notes: new Set([...notes].filter(exists.notes)),
    };
    if (countOf(kept) !== this.count) this.items = kept;
  }
}

function merged(before: ReadonlySet<string>, ids: Iterable<string> = [], mode: SelectMode): ReadonlySet<string> {
  const after = new Set(before);
  for (const id of ids) {
    if (mode === 'toggle' && before.has(id)) after.delete(id);
    else after.add(id);
  }
  return after;
}
