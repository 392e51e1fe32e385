// What is copied, and where what is pasted comes to stand. Text alone: whose clipboard it travels by is the caller's.
import { copy, cornerOf, isRecursive, paste, readClip } from '../document/clipboard';
import type { Point } from '../document/types';
import { snapped } from '../geometry/snap';
import { strings } from '../strings';
import type { OpenDocument } from './open-document.svelte';
import type { Selection } from './selection.svelte';

/** Each further copy stands so far beside the last. */
const STEP = 32;

export class Clipboard {
  readonly #document: OpenDocument;
  readonly #selection: Selection;
  #pastes = 0;
  /** Told why something cannot be pasted here. */
  onrefused: ((why: string) => void) | null = null;

  constructor(document: OpenDocument, selection: Selection) {
    this.#document = document;
    this.#selection = selection;
  }

  /** The selection as text; '' when nothing is selected. */
  copy(): string {
    this.#pastes = 0;
    return this.#selection.count ? copy(this.#document.place, this.#selection.items) : '';
  }

  /** Pastes text of ours and selects it; false when the text is anything else. */
  paste(text: string, at: Point | null = null, keepIncoming = false): boolean {
    const clip = readClip(text);
    if (!clip) return false;
    this.#pastes += 1;
    const step = this.#pastes * STEP;
    const corner = cornerOf(clip);
    const offset: Point = at ? [snapped(at[0]) - corner[0], snapped(at[1]) - corner[1]] : [step, step];
    if (isRecursive(this.#document.place, clip)) {
      this.onrefused?.(strings.subgraphs.recursion);
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
