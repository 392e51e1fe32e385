// Keys as they are pressed and as they are shown. Pure.
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** Whether a press is the one written as "Mod+Shift+z". Shift is not asked of signs that need it themselves. */
export function matches(written: string, press: KeyPress): boolean {
  const parts = written.split('+');
  const key = parts.pop() ?? '';
  const sign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  return (
    press.key.toLowerCase() === key.toLowerCase() &&
    (press.ctrlKey || press.metaKey) === parts.includes('Mod') &&
    press.altKey === parts.includes('Alt') &&
    (sign || press.shiftKey === parts.includes('Shift'))
  );
}

const NAMES: Readonly<Record<string, string>> = { Enter: '↵', Shift: '⇧', Escape: 'Esc' };

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
