// Which command a key press means. The canvas has keys of its own; what it has answered is not answered again.
import { chordOf } from './keys';
import type { Shell } from './shell.svelte';

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

const modalIsOpen = (): boolean => document.querySelector('[role="dialog"][data-modal], dialog[open]') !== null;

/** Tab moves the focus and Space presses what has it: only the canvas knows when they mean a command. */
const OF_THE_CANVAS = ['Tab', 'Space'];

export function pressed(event: KeyboardEvent, shell: Shell): void {
  if (event.defaultPrevented || event.isComposing || modalIsOpen()) return;
  const chord = chordOf(event);
  const command = chord && !OF_THE_CANVAS.includes(chord) ? shell.keymap.commandOf(chord) : undefined;
  // The browser's own clipboard keys come as events of the clipboard.
  if (!command || command.fixed || (isTyping(event.target) && !command.whileTyping)) return;
  event.preventDefault();
  if (command.enabled(shell)) command.run(shell);
}

/** A chord the canvas answers for; false when it means nothing. */
export function runChord(chord: string, shell: Shell): boolean {
  const command = shell.keymap.commandOf(chord);
  if (command?.enabled(shell)) command.run(shell);
  return command !== undefined;
}
