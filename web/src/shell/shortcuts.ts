// Which command a key press means. The canvas has keys of its own; what it has answered is not answered again.
import { COMMANDS } from './commands';
import { matches } from './keys';
import type { Shell } from './shell.svelte';

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

const modalIsOpen = (): boolean => document.querySelector('[role="dialog"][data-modal], dialog[open]') !== null;

export function pressed(event: KeyboardEvent, shell: Shell): void {
  if (event.defaultPrevented || event.isComposing || modalIsOpen()) return;
  const typing = isTyping(event.target);
  const command = COMMANDS.find(({ keys, whileTyping }) => (whileTyping || !typing) && keys.some((key) => matches(key, event)));
  if (!command) return;
  event.preventDefault();
  if (command.enabled(shell)) command.run(shell);
}
