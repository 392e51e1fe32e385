// What a key does on the canvas. Keys belong to a field while one is being typed in, and to whoever answered
// them first.
import { nextNode, type Direction } from '../geometry/walk';
import { STEP } from '../geometry/snap';
import { movesOf, itemsToMove } from './gestures/drag';
import type { Pointer } from './pointer';
import type { Stage } from './stage.svelte';
import { targetOf } from './target';
import { isTyping } from './typing';

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const STEPS = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] } as const;

export class Keys {
  readonly #stage: Stage;
  readonly #pointer: Pointer;

  readonly #onchord: (chord: string) => boolean;

  /** `onchord` is asked to run what a key means that only the canvas can tell to be meant for it. */
  constructor(stage: Stage, pointer: Pointer, onchord: (chord: string) => boolean) {
    this.#stage = stage;
    this.#pointer = pointer;
    this.#onchord = onchord;
  }

  down(event: KeyboardEvent): void {
    if (event.key === 'Escape') return this.#escape(event);
    if (event.defaultPrevented || event.isComposing || isTyping(event.target)) return;
    if (this.#stage.editor.requests.palette) return;
    if (this.#special(event)) event.preventDefault();
  }

  up(event: KeyboardEvent): void {
    if (event.key !== ' ' || !this.#pointer.panning) return;
    this.#pointer.panning = false;
    if (this.#stage.root) this.#stage.root.style.cursor = '';
    if (!this.#pointer.pressed && !this.#stage.editor.dragging && !isTyping(event.target)) this.#onchord('Space');
  }

  #escape(event: KeyboardEvent): void {
    const { stage, pointer } = { stage: this.#stage, pointer: this.#pointer };
    if (pointer.cancel()) return event.preventDefault();
    if (event.defaultPrevented) return;
    const node = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-node]') : null;
    if (node && node !== event.target) return node.focus({ preventScroll: true });
    if (isTyping(event.target) || stage.editor.requests.palette) return;
    // First nothing is selected any more, then one is back outside.
    if (stage.editor.selection.count) stage.editor.selection.set({});
    else stage.editor.leave();
  }

  #special(event: KeyboardEvent): boolean {
    if (event.target instanceof HTMLElement && event.target.dataset['socket'] !== undefined && this.#onSocket(event, event.target)) return true;
    const direction = ARROWS[event.key];
    if (direction) return this.#arrow(event, direction);
    const onButton = event.target instanceof Element && event.target.closest('button, a, summary') !== null;
    if (event.key === ' ' && !onButton) {
      if (!event.repeat) this.#pointer.pressed = false;
      this.#pointer.panning = true;
      if (this.#stage.root && !this.#stage.editor.dragging) this.#stage.root.style.cursor = 'grab';
      return true;
    }
    if (event.key === 'Tab' && this.#isIdle(event)) return this.#onchord('Tab');
    if (event.key === 'Enter' && this.#stage.focus.node && !onButton) return this.#enter();
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (event.key.toLowerCase() === 'c' && plain && this.#stage.focus.node && !onButton) return this.#toSockets();
    return false;
  }

  /** Tab opens the palette under a resting pointer; for those who move by keyboard it goes on to what is next. */
  #isIdle(event: KeyboardEvent): boolean {
    if (event.shiftKey || event.ctrlKey || event.altKey || this.#stage.focus.walking || !this.#stage.editor.over) return false;
    return event.target === document.body || (event.target instanceof HTMLElement && event.target.dataset['node'] !== undefined);
  }

  #arrow(event: KeyboardEvent, direction: Direction): boolean {
    const { editor } = this.#stage;
    const [x, y] = STEPS[direction];
    const step = STEP * (event.shiftKey ? 8 : 1);
    const onNode = event.target instanceof HTMLElement && event.target.dataset['node'] !== undefined;
    if (event.ctrlKey || event.metaKey) return false;
    if (!event.altKey && onNode && this.#stage.focus.walking) return this.#walk(direction);
    if (!editor.selection.count) return onNode ? this.#walk(direction) : false;
    editor.edit.nudge(movesOf(itemsToMove(editor, null), [x * step, y * step]));
    return true;
  }

  #walk(direction: Direction): boolean {
    const { editor, focus } = this.#stage;
    const next = focus.node && nextNode(editor.document.peek, editor.scene, focus.node, direction);
    if (next) this.#stage.focus.walkTo(next);
    return true;
  }

  /** C on a node goes to its sockets: the first that nothing is linked to, an output by choice. */
  #toSockets(): boolean {
    const element = this.#stage.focus.node && this.#stage.elements.of('nodes', this.#stage.focus.node);
    if (!element) return false;
    this.#stage.focus.walking = true;
    const socket = element.querySelector<HTMLElement>('[data-socket^="out:"]') ?? element.querySelector<HTMLElement>('[data-socket]');
    socket?.focus({ preventScroll: true });
    return socket !== null;
  }

  /** On a socket: C or Enter lists what fits, arrows go to the next one. */
  #onSocket(event: KeyboardEvent, socket: HTMLElement): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const { key } = event;
    if (key === 'Enter' || key.toLowerCase() === 'c') {
      const found = targetOf(socket);
      if (!found || found === 'own' || !found.socket) return false;
      const { left, top, width, height } = socket.getBoundingClientRect();
      this.#stage.editor.requests.connect = { x: left + width / 2, y: top + height / 2, end: found.socket };
      return true;
    }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[key];
    const all = [...(socket.closest('[data-node]')?.querySelectorAll<HTMLElement>('[data-socket]') ?? [])];
    if (!step || !all.length) return false;
    all[(all.indexOf(socket) + step + all.length) % all.length]?.focus({ preventScroll: true });
    return true;
  }

  #enter(): boolean {
    if (this.#stage.focus.node && this.#stage.editor.enter(this.#stage.focus.node)) return true;
    const element = this.#stage.focus.node && this.#stage.elements.of('nodes', this.#stage.focus.node);
    const field = element && element.querySelector<HTMLElement>('[data-input] :is(input, textarea, select, button):not([tabindex="-1"])');
    if (field) field.focus({ preventScroll: true });
    return Boolean(field);
  }
}
