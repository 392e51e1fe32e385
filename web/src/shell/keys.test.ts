import { describe, expect, test } from 'vitest';

import { chordOf, type KeyPress, shown } from './keys';

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe('a key press is written', () => {
  test('with Mod for Ctrl and for ⌘', () => {
    expect(chordOf(press('z', { ctrlKey: true }))).toBe('Mod+z');
    expect(chordOf(press('z', { metaKey: true }))).toBe('Mod+z');
  });
  test('with each modifier that is held', () => {
    expect(chordOf(press('Z', { ctrlKey: true, shiftKey: true }))).toBe('Mod+Shift+z');
    expect(chordOf(press('F2', { altKey: true }))).toBe('Alt+F2');
  });
  test('without Shift for a sign, which some keyboards need for it', () => {
    expect(chordOf(press('?', { shiftKey: true }))).toBe('?');
    expect(chordOf(press('+', { ctrlKey: true }))).toBe('Mod++');
  });
  test('by the place of the key where no Latin letter is on it', () => {
    expect(chordOf(press('я', { code: 'KeyZ', ctrlKey: true }))).toBe('Mod+z');
    expect(chordOf(press('å', { code: 'KeyA', altKey: true }))).toBe('Alt+a');
  });
  test('not at all for a modifier alone', () => expect(chordOf(press('Shift', { shiftKey: true }))).toBe(''));
});

test('shortcuts are shown as the platform writes them', () => {
  expect(shown('Mod+Shift+z', false)).toBe('Ctrl ⇧ Z');
  expect(shown('Mod+Enter', true)).toBe('⌘ ↵');
  expect(shown('Mod++', false)).toBe('Ctrl +');
  expect(shown('+', false)).toBe('+');
});
