// What the open workflow needs and this computer lacks, kept up with a moment after a change.
import { uploadedHere } from '../api/client';
import { missingIn, NOTHING_MISSING, type Missing } from '../document/missing';
import type { Editor } from './editor.svelte';

const SOON_MS = 250;

export class MissingThings {
  now: Missing = $state.raw(NOTHING_MISSING);
  /** Told when another document turns out to lack something. */
  onfound: (() => void) | null = null;
  readonly #editor: Editor;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told = '';

  constructor(editor: Editor) {
    this.#editor = editor;
    editor.listen({ changed: (_, mere) => !mere && this.#soon() });
  }

  get count(): number {
    return this.now.types.length + this.now.files.length;
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), SOON_MS);
  }

  #look(): void {
    const { document } = this.#editor;
    this.now = missingIn(document.toWorkflow(), document.catalogue, uploadedHere);
    if (this.count === 0 || this.#told === document.id) return;
    this.#told = document.id;
    this.onfound?.();
  }
}
