import { describe, expect, test } from 'vitest';

import { type KeyPress, matches, shown } from './keys';

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe('a key press', () => {
  test('Ctrl and ⌘ both are Mod', () => {
    expect(matches('Mod+z', press('z', { ctrlKey: true }))).toBe(true);
    expect(matches('Mod+z', press('z', { metaKey: true }))).toBe(true);
  });
  test('another modifier makes it another shortcut', () => {
    expect(matches('Mod+z', press('Z', { ctrlKey: true, shiftKey: true }))).toBe(false);
    expect(matches('Mod+Shift+z', press('Z', { ctrlKey: true, shiftKey: true }))).toBe(true);
    expect(matches('n', press('n', { ctrlKey: true }))).toBe(false);
  });
  test('a sign may need Shift on some keyboards', () => expect(matches('?', press('?', { shiftKey: true }))).toBe(true));
});

test('shortcuts are shown as the platform writes them', () => {
  expect(shown('Mod+Shift+z', false)).toBe('Ctrl ⇧ Z');
  expect(shown('Mod+Enter', true)).toBe('⌘ ↵');
  expect(shown('+', false)).toBe('+');
});
