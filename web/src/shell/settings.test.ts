import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { german } from '../languages/german';
import { speak } from '../languages/spoken.svelte';
import { command, COMMANDS } from './commands';
import { Keymap } from './keymap.svelte';
import { judge, withChord, withDefaults, withoutChord } from './recording';
import { findSettings, readValues, SETTINGS } from './settings';
import { Settings } from './settings.svelte';

let kept: Map<string, string>;
let onServer: { values: Record<string, unknown>; updated: number };

beforeEach(() => {
  vi.useFakeTimers();
  kept = new Map();
  onServer = { values: {}, updated: 0 };
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  vi.stubGlobal('fetch', async (_path: string, options: RequestInit) => {
    if (options.method === 'PUT') onServer = JSON.parse(String(options.body)) as typeof onServer;
    return Response.json(onServer);
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  speak('en');
});

test('a choice outlives the page', () => {
  new Settings().set('theme', 'light');
  expect(new Settings().values.theme).toBe('light');
});

test('what belongs to the user comes to their next browser, and what belongs to a screen does not', async () => {
  const here = new Settings();
  here.set('linkStyle', 'stepped');
  here.set('textSize', 130);
  await vi.runAllTimersAsync();
  kept.clear();
  const there = new Settings();
  await there.meet();
  expect([there.values.linkStyle, there.values.textSize]).toEqual(['stepped', 100]);
});

test('an older choice of another browser changes nothing here', async () => {
  onServer = { values: { linkStyle: 'straight' }, updated: 5 };
  const settings = new Settings();
  settings.set('linkStyle', 'stepped');
  await settings.meet();
  expect(settings.values.linkStyle).toBe('stepped');
});

test('what another version wrote is taken as far as it makes sense', () => {
  const odd = { theme: 'mauve', snap: false, textSize: '13', shortcuts: { run: ['F5'] }, favourites: [1], unknown: true };
  expect(readValues(odd)).toEqual({ snap: false, shortcuts: { run: ['F5'] } });
  expect(readValues('nonsense')).toEqual({});
});

test('a setting is found by its name, its help and what may be chosen, in the language spoken', () => {
  expect(findSettings('contrast').map(({ id }) => id)).toEqual(['theme']);
  expect(findSettings('')).toEqual(SETTINGS);
  speak('de', german);
  expect(findSettings('hell').map(({ id }) => id)).toContain('theme');
});

test('a chord runs the command it was given to, and no other any more', () => {
  let chosen = {};
  const keymap = new Keymap(() => chosen);
  const [mute, bypass] = [command('mute'), command('bypass')];
  expect(judge(keymap, mute, 'b')).toEqual({ kind: 'taken', by: bypass });
  chosen = withChord(keymap, chosen, mute, 'b');
  const after = new Keymap(() => chosen);
  expect(after.commandOf('b')?.id).toBe('mute');
  expect(after.keysOf(bypass)).toEqual([]);
  expect(after.keysOf(mute)).toEqual(['m', 'b']);
  chosen = withDefaults(withoutChord(after, chosen, mute, 'b'), bypass);
  expect(chosen).toEqual({});
});

test('keys that everybody needs are refused', () => {
  const keymap = new Keymap(() => ({}));
  for (const chord of ['Escape', 'Enter', 'ArrowLeft', 'Mod+c']) expect(judge(keymap, command('mute'), chord).kind).toBe('reserved');
  for (const { keys } of COMMANDS) expect(keys).not.toContain('Escape');
});

test('what the server missed before the page was closed is told at the next meeting', async () => {
  new Settings().set('language', 'de');
  vi.clearAllTimers();
  expect(onServer.values).toEqual({});
  await new Settings().meet();
  expect(onServer.values).toEqual({ language: 'de' });
});
