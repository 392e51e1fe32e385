// Choosing keys for a command: what a chord may be, and what stands in its way.
import { COMMANDS, type Command } from './commands';
import type { Keymap } from './keymap.svelte';

/** Keys that walk, open, leave and type: a command that took one would take it from everybody. */
const OF_THE_PAGE = /^(Shift\+)?(Escape|Enter|Tab|ArrowLeft|ArrowRight|ArrowUp|ArrowDown)$|^Alt\+(Shift\+)?Arrow/;

export type Verdict = { kind: 'free' } | { kind: 'reserved' } | { kind: 'taken'; by: Command };

/** Whether `chord` may be a key of `command`. Tab and Space stay where they are. */
export function judge(keymap: Keymap, command: Command, chord: string): Verdict {
  const by = COMMANDS.find((other) => other.id !== command.id && keymap.keysOf(other).includes(chord));
  if (by?.fixed) return { kind: 'reserved' };
  if (OF_THE_PAGE.test(chord) && !command.keys.includes(chord)) return { kind: 'reserved' };
  return by ? { kind: 'taken', by } : { kind: 'free' };
}

type Chosen = Readonly<Record<string, readonly string[]>>;

/** The chosen keys once `chord` is one of `command`'s; it is taken from whoever had it. */
export function withChord(keymap: Keymap, chosen: Chosen, command: Command, chord: string): Chosen {
  let next = { ...chosen };
  for (const other of COMMANDS) {
    if (other.id !== command.id && keymap.keysOf(other).includes(chord)) next = withKeys(next, other, keymap.keysOf(other).filter((key) => key !== chord));
  }
  return withKeys(next, command, [...new Set([...keymap.keysOf(command), chord])]);
}

export function withoutChord(keymap: Keymap, chosen: Chosen, command: Command, chord: string): Chosen {
  return withKeys(chosen, command, keymap.keysOf(command).filter((key) => key !== chord));
}

export function withDefaults(chosen: Chosen, command: Command): Chosen {
  return Object.fromEntries(Object.entries(chosen).filter(([id]) => id !== command.id));
}

/** Keys that are the table's own are not kept. */
function withKeys(chosen: Chosen, command: Command, keys: readonly string[]): Chosen {
  const own = keys.length === command.keys.length && keys.every((key) => command.keys.includes(key));
  return own ? withDefaults(chosen, command) : { ...chosen, [command.id]: keys };
}
