// What is copied, and where what is pasted comes to stand. Text alone: whose clipboard it travels by is the caller's.
import { copy, cornerOf, isRecursive, paste, readClip, type Clip } from '../document/clipboard';
import type { Items } from '../document/edit/items';
import type { Point } from '../document/types';
import { snapped } from '../geometry/snap';
import type { Words } from '../languages/words';
import { strings } from '../strings';
import type { OpenDocument } from './open-document.svelte';
import type { Selection } from './selection.svelte';

/** Each further copy stands so far beside the last. */
const STEP = 32;

/** Frames go below what they are copies of: one that lay over it would hold both. */
function stepBeside(clip: Clip, pastes: number): Point {
  const frames = Object.values(clip.frames);
  if (!frames.length) return [pastes * STEP, pastes * STEP];
  const top = Math.min(...frames.map(({ position }) => position[1]));
  const bottom = Math.max(...frames.map(({ position, size }) => position[1] + size[1]));
  return [0, pastes * snapped(bottom - top + STEP)];
}

export class Clipboard {
  readonly #document: OpenDocument;
  readonly #selection: Selection;
  readonly #withHeld: (items: Items) => Items;
  #pastes = 0;
  /** Told why something cannot be pasted here. */
  onrefused: ((why: Words) => void) | null = null;

  /** `withHeld`: items, and what the frames among them hold. */
  constructor(document: OpenDocument, selection: Selection, withHeld: (items: Items) => Items) {
    this.#document = document;
    this.#selection = selection;
    this.#withHeld = withHeld;
  }

  /** What is copied and cut: a frame goes with what it holds. */
  get items(): Items {
    return this.#withHeld(this.#selection.items);
  }

  /** The selection as text; '' when nothing is selected. */
  copy(): string {
    this.#pastes = 0;
    return this.#selection.count ? copy(this.#document.place, this.items) : '';
  }

  /** Pastes text of ours and selects it; false when the text is anything else. */
  paste(text: string, at: Point | null = null, keepIncoming = false): boolean {
    const clip = readClip(text);
    if (!clip) return false;
    this.#pastes += 1;
    const corner = cornerOf(clip);
    const offset: Point = at ? [snapped(at[0]) - corner[0], snapped(at[1]) - corner[1]] : stepBeside(clip, this.#pastes);
    if (isRecursive(this.#document.place, clip)) {
      this.onrefused?.(() => strings.subgraphs.recursion);
      return true;
    }
    const pasted = paste(this.#document.place, clip, { offset, keepIncoming, newDefinition: () => crypto.randomUUID() });
    if (!pasted) return true;
    this.#document.do(pasted.command);
    this.#selection.set(pasted.items);
    return true;
  }

  /** A copy beside the selection that keeps the links into it. */
  duplicate(): void {
    const text = this.copy();
    if (text) this.paste(text, null, true);
  }
}
