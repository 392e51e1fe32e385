// Keys as they are pressed, as they are written in a table, and as they are shown. Pure.
export interface KeyPress {
  key: string;
  /** Which key it is whatever the layout writes on it: "KeyZ". */
  code?: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const MODIFIERS = ['Control', 'Meta', 'Alt', 'Shift', 'AltGraph', 'CapsLock', 'Dead', 'Process'];

/** A press as it is written, "Mod+Alt+Shift+z", Mod being Ctrl or ⌘; '' for a modifier alone. */
export function chordOf(press: KeyPress): string {
  if (MODIFIERS.includes(press.key)) return '';
  const key = keyOf(press);
  const parts = [
    press.ctrlKey || press.metaKey ? 'Mod' : '',
    press.altKey ? 'Alt' : '',
    press.shiftKey && !isSign(key) ? 'Shift' : '',
    key,
  ];
  return parts.filter(Boolean).join('+');
}

/** Letters by the key's place where the layout is not Latin, or Alt makes another sign of it. */
function keyOf({ key, code = '', altKey }: KeyPress): string {
  if (key === ' ') return 'Space';
  const letter = /^Key([A-Z])$/.exec(code)?.[1] ?? /^Digit(\d)$/.exec(code)?.[1];
  if (letter && (altKey || (key.codePointAt(0) ?? 0) > 0x24f)) return letter.toLowerCase();
  return key.length === 1 ? key.toLowerCase() : key;
}

/** Signs may need Shift themselves on some keyboards, so it is not asked of them. */
const isSign = (key: string): boolean => key.length === 1 && key.toLowerCase() === key.toUpperCase() && !/\d/.test(key);

const NAMES: Readonly<Record<string, string>> = { Enter: '↵', Shift: '⇧', Escape: 'Esc', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' };

/** As a menu shows it: "Ctrl Z", on a Mac "⌘ Z". */
export function shown(written: string, mac: boolean): string {
  return written
    .split(/\+(?=.)/)
    .map((part) => {
      if (part === 'Mod') return mac ? '⌘' : 'Ctrl';
      if (part === 'Alt') return mac ? '⌥' : 'Alt';
      return NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part);
    })
    .join(' ');
}

export const onMac = (): boolean => typeof navigator !== 'undefined' && navigator.platform.startsWith('Mac');
