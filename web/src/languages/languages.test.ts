// The languages are whole: nothing is left in English by accident, and numbers and plurals follow their rules.
import { afterEach, describe, expect, test } from 'vitest';

import declared from '../api/sentences.gen.json';
import { duration } from '../durations';
import { bytes } from '../panels/format';
import { english, strings } from '../strings';
import { german } from './german';
import { germanSentences } from './german-sentences';
import { ofBrowser } from './languages';
import { said, worded } from './sentences';
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

describe('the server in German', () => {
  const sentences: Readonly<Record<string, string>> = germanSentences;
  const missing = { code: 'input.missing', values: { input: 'steps' } };

  test('every sentence that the server declares is said, and no other', () => {
    expect(Object.keys(sentences).sort()).toEqual(Object.keys(declared).sort());
  });

  test('with the same places as in English, in words that are not the English ones', () => {
    const places = (text: string): string[] => [...text.matchAll(/(?<!\{)\{(\w+)/g)].map(([, name]) => name ?? '').sort();
    for (const [code, english] of Object.entries(declared)) {
      const german = sentences[code] ?? '';
      expect(places(german), code).toEqual(places(english));
      if (/[a-z]/.test(english.replace(/\{.*?\}/g, ''))) expect(german, code).not.toBe(english);
    }
  });

  test('a text is said in the language spoken now, and as it came in English', () => {
    expect(said("'steps' is missing.", missing)).toBe("'steps' is missing.");
    speak('de', german, germanSentences);
    expect(said("'steps' is missing.", missing)).toBe('„steps“ fehlt.');
    expect(worded({ what: "'steps' is missing.", fix: 'Ask Ada.', what_phrase: missing })).toMatchObject({ what: '„steps“ fehlt.', fix: 'Ask Ada.' });
  });

  test('sentences stand in sentences, and numbers are written as Germans do', () => {
    speak('de', german, germanSentences);
    const either = { code: 'type.either', values: { first: { code: 'type.int' }, second: 'Image' } };
    expect(said('…', { code: 'fix.link-to-type', values: { type: either } })).toBe('Mit einem Ausgang verbinden, der dies gibt: eine ganze Zahl oder Image.');
    expect(said('…', { code: 'http.queue-full', values: { count: 1000 } })).toBe('1.000 Aufträge warten schon.');
  });

  test('what is not known here, even within a sentence, is said as the server says it', () => {
    speak('de', german, germanSentences);
    expect(said('A pack says so.')).toBe('A pack says so.');
    expect(said('It is new.', { code: 'pack.new' })).toBe('It is new.');
    expect(said('Sample: it is new.', { code: 'failure.node-says', values: { title: 'Sample', what: { code: 'pack.new' } } })).toBe('Sample: it is new.');
    expect(said('Sample: too large', { code: 'failure.node-says', values: { title: 'Sample', what: 'too large' } })).toBe('Sample: too large');
  });
});
