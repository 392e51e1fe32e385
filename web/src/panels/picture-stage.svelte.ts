// A picture on a stage: as large as the stage allows until it is zoomed by wheel, keys or two fingers, or dragged about.
import type { Attachment } from 'svelte/attachments';

import { type Box, fitted, type Look, movedBy, pinched, type Place, zoomedAt } from './zoom';

const WHEEL = 0.0015;

export class PictureStage {
  frame: Box = $state.raw({ width: 1, height: 1 });
  /** Null for the whole picture. */
  look: Look | null = $state.raw(null);
  readonly #picture: () => Box;
  /** What holds the picture, by pointer. */
  readonly #held = new Map<number, Place>();
  #box = { left: 0, top: 0 };

  constructor(picture: () => Box) {
    this.#picture = picture;
  }

  get shown(): Look {
    return this.look ?? fitted(this.frame, this.#picture());
  }

  zoom(factor: number, at: Place = { x: this.frame.width / 2, y: this.frame.height / 2 }): void {
    this.look = zoomedAt(this.shown, at, factor);
  }

  readonly measure: Attachment<HTMLElement> = (element) => {
    const watch = new ResizeObserver(([entry]) => {
      if (entry) this.frame = { width: entry.contentRect.width, height: entry.contentRect.height };
      this.#box = element.getBoundingClientRect();
    });
    watch.observe(element);
    // Not passive: the page must not zoom under the picture.
    element.addEventListener('wheel', this.#wheel, { passive: false });
    return () => {
      watch.disconnect();
      element.removeEventListener('wheel', this.#wheel);
    };
  };

  readonly down = (event: PointerEvent & { currentTarget: HTMLElement }): void => {
    // A press may still be on its way to a view that closes.
    if (event.button !== 0 || !event.currentTarget.isConnected) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#held.set(event.pointerId, this.#at(event));
  };

  readonly move = (event: PointerEvent): void => {
    const before = this.#held.get(event.pointerId);
    if (!before) return;
    const at = this.#at(event);
    const other = [...this.#held].find(([id]) => id !== event.pointerId)?.[1];
    this.#held.set(event.pointerId, at);
    this.look = other ? pinched(this.shown, before, at, other) : movedBy(this.shown, at.x - before.x, at.y - before.y);
  };

  readonly up = (event: PointerEvent): void => void this.#held.delete(event.pointerId);

  readonly #wheel = (event: WheelEvent): void => {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * WHEEL), this.#at(event));
  };

  #at(event: MouseEvent): Place {
    return { x: event.clientX - this.#box.left, y: event.clientY - this.#box.top };
  }
}
