// Which node has the keyboard, and whether the user walks by keys: arrows then go from node to node instead of
// moving what is selected.
import type { Editor } from '../editor/editor.svelte';
import type { Elements } from './elements';

export class Focus {
  /** The node that takes the keyboard's focus. */
  node = $state<string | null>(null);
  /** Focus came by the keyboard. */
  walking = $state(false);
  readonly #editor: Editor;
  readonly #elements: Elements;
  /** Focus is being given by the pointer, not by a key. */
  #pressing = false;

  constructor(editor: Editor, elements: Elements) {
    this.#editor = editor;
    this.#elements = elements;
  }

  /** A press gives a node the focus, unless something in it has it. */
  press(id: string): void {
    this.node = id;
    const element = this.#elements.of('nodes', id);
    if (!element || element.contains(document.activeElement)) return;
    this.#pressing = true;
    element.focus({ preventScroll: true });
    this.#pressing = false;
  }

  /** A node got the focus, by whatever way. */
  came(id: string): void {
    if (!this.#pressing) this.walking = true;
    this.node = id;
  }

  /** Its element came into the page, or shows again: for those who walk by keys it has the focus. */
  appeared(id: string, element: HTMLElement): void {
    if (this.node === id && this.walking && !element.contains(document.activeElement)) element.focus({ preventScroll: true });
  }

  leave(): void {
    this.node = null;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }

  /** A node that is gone has no focus. */
  check(): void {
    if (this.node && !this.#editor.document.peek.nodes.has(this.node)) this.node = null;
  }

  /** Moves focus and selection to a node, bringing it into view. */
  walkTo(id: string): void {
    this.walking = true;
    this.node = id;
    this.#editor.selection.set({ nodes: [id] });
    const box = this.#editor.scene.nodes.get(id);
    if (box) this.#editor.camera.show(box);
    this.#elements.of('nodes', id)?.focus({ preventScroll: true });
  }
}
