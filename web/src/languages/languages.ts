// The languages of the page. A language's words are fetched when it is first spoken; English is always there.
import type { Strings } from '../strings';
import type { Sentences } from './sentences';
import { speak } from './spoken.svelte';

export interface Language {
  /** As its speakers call it. */
  name: string;
  /** What the page and the server say; null for the language that is always there. */
  fetch: () => Promise<{ words: Strings; sentences: Sentences } | null>;
}

export const LANGUAGES: Readonly<Record<string, Language>> = {
  en: { name: 'English', fetch: () => Promise.resolve(null) },
  de: {
    name: 'Deutsch',
    fetch: async () => {
      const [{ german }, { germanSentences }] = await Promise.all([import('./german'), import('./german-sentences')]);
      return { words: german, sentences: germanSentences };
    },
  },
};

/** The language of these that the user's browser asks for first; English when none is. */
export function ofBrowser(wanted: readonly string[]): string {
  for (const name of wanted) {
    const language = name.split('-')[0]?.toLowerCase() ?? '';
    if (language in LANGUAGES) return language;
  }
  return 'en';
}

let asked = '';

/** Speaks a language as soon as its words are here; asked for two, the last one stays. */
export async function learn(name: string): Promise<void> {
  asked = name;
  const found = await (LANGUAGES[name] ?? LANGUAGES['en'])?.fetch();
  if (asked !== name) return;
  speak(name, found?.words, found?.sentences);
  document.documentElement.lang = name;
}
