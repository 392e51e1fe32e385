// The languages of the page. A language's words are fetched when it is first spoken; English is always there.
import type { Strings } from '../strings';
import { speak } from './spoken.svelte';

export interface Language {
  /** As its speakers call it. */
  name: string;
  /** Null for the language that is always there. */
  words: () => Promise<Strings | null>;
}

export const LANGUAGES: Readonly<Record<string, Language>> = {
  en: { name: 'English', words: () => Promise.resolve(null) },
  de: { name: 'Deutsch', words: async () => (await import('./german')).german },
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
  const words = await (LANGUAGES[name] ?? LANGUAGES['en'])?.words();
  if (asked !== name) return;
  speak(name, words ?? {});
  document.documentElement.lang = name;
}
