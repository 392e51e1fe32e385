// The elements of what is mounted, so that gestures can move them without waking Svelte.
import type { Point } from '../document/types';
import type { Kind } from './target';

export class Elements {
  readonly #held: Record<Kind, Map<string, HTMLElement>> = { nodes: new Map(), frames: new Map(), notes: new Map() };

  /** From now on this is the item's element, until the answer is called. */
  hold(kind: Kind, id: string, element: HTMLElement): () => void {
    this.#held[kind].set(id, element);
    return () => {
      if (this.#held[kind].get(id) === element) this.#held[kind].delete(id);
    };
  }

  of(kind: Kind, id: string): HTMLElement | undefined {
    return this.#held[kind].get(id);
  }

  move(kind: Kind, id: string, [x, y]: Point): void {
    const element = this.of(kind, id);
    if (element) element.style.transform = `translate(${x}px, ${y}px)`;
  }
}
