// The languages are whole: nothing is left in English by accident, and numbers and plurals follow their rules.
import { afterEach, describe, expect, test } from 'vitest';

import { duration } from '../durations';
import { bytes } from '../panels/format';
import { english, strings } from '../strings';
import { german } from './german';
import { ofBrowser } from './languages';
import { number, speak } from './spoken.svelte';

/** The same in both: names, units, and words that German took over. */
const ALIKE = new Set([
  'app.name', 'about.version', 'about.worker', 'about.label', 'cache.unit', 'canvas.label', 'commandGroups.server', 'commandGroups.workflow', 'contextMenu.colours.#eba72f', 'diff.keys.text', 'diff.workflow', 'inspector.traceback', 'inspector.workflow', 'live.label',
  'memory.keeping.whole', 'node.states.idle', 'results.text', 'settings.items.language.options.de', 'settings.items.language.options.en',
  'settings.items.language.options.system', 'settings.items.motion.options.system', 'settings.items.theme.options.system',
  'settings.items.wheel.options.auto', 'viewer.info', 'viewer.seeds', 'viewer.text', 'viewer.title', 'gallery.chips.videos', 'worker.lostShort', 'subgraphs.workflow',
]); // prettier-ignore

function* leaves(section: object, path: string[] = []): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(section)) {
    if (typeof value === 'object' && value !== null) yield* leaves(value as object, [...path, key]);
    else yield [[...path, key].join('.'), value];
  }
}

const own = new Map(leaves(english));
const theirs = new Map(leaves(german));

afterEach(() => speak('en'));

describe('German', () => {
  test('says everything that English says, and nothing else', () => {
    expect([...theirs.keys()].sort()).toEqual([...own.keys()].sort());
  });

  test('says it in German', () => {
    const left = [...theirs].filter(([key, words]) => typeof words === 'string' && words === own.get(key) && !ALIKE.has(key));
    expect(left.map(([key]) => key)).toEqual([]);
  });

  test('takes as much into its sentences as English does', () => {
    for (const [key, words] of theirs) {
      const sentence = own.get(key);
      expect(typeof words, key).toBe(typeof sentence);
      if (typeof words === 'function' && typeof sentence === 'function') expect(words.length, key).toBe(sentence.length);
    }
  });

  test('writes numbers, plurals and sizes as Germans do', () => {
    speak('de', german);
    expect(number(1234.5, 1)).toBe('1.234,5');
    expect(duration(3.14)).toBe('3,1 s');
    expect(bytes(1.5 * 2 ** 30)).toBe('1,5 GB');
    expect([1, 2, 1000].map(strings.problems.found)).toEqual(['1 Problem', '2 Probleme', '1.000 Probleme']);
    expect(strings.run.percent(0.456)).toBe('45 %');
  });
});

test('a word read again after the language changed is said in the new one', () => {
  const words = strings.palette;
  expect(words.all).toBe('All');
  speak('de', german);
  expect(words.all).toBe('Alle');
  expect(strings.node.states['failed']).toBe('Fehler');
});

test('a word a language lacks is said in English', () => {
  speak('xx', { app: { tagline: 'Xx' } });
  expect([strings.app.tagline, strings.app.untitled]).toEqual(['Xx', 'Untitled']);
});

test('the language is the first of the browser’s that is spoken here', () => {
  expect(ofBrowser(['fr-FR', 'de-AT', 'en'])).toBe('de');
  expect(ofBrowser(['ja'])).toBe('en');
});
