// What the server says, in the language of the page: a text comes with the name of its sentence and what stands in its
// places. What no language here knows, a custom node's words above all, is shown as the server says it.
import type { Phrase } from '../api/messages.gen';
import type english from '../api/sentences.gen.json';
import { number, sentence } from './spoken.svelte';

/** Every sentence that the server declares, by its code. */
export type Sentences = Readonly<Record<keyof typeof english, string>>;

const PLACE = /\{(\w+)\}/g;

/** A text of the server as it is said here. Read where it is shown: the language may change at any time. */
export function said(text: string, phrase?: Phrase | null): string {
  return (phrase && inWords(phrase)) ?? text;
}

interface Wording {
  what: string;
  fix?: string;
  what_phrase?: Phrase;
  fix_phrase?: Phrase;
}

/** A problem or a failure with its words as they are said here. */
export function worded<Words extends Wording>(words: Words): Words {
  const { what, fix } = words;
  return { ...words, what: said(what, words.what_phrase), ...(fix === undefined ? {} : { fix: said(fix, words.fix_phrase) }) };
}

/** Null when a sentence, or one within it, is not known in this language. */
function inWords({ code, values = {} }: Phrase): string | null {
  const template = sentence(code);
  if (template === undefined) return null;
  let whole = true;
  const text = template.replace(PLACE, (place, name: string) => {
    const value = values[name];
    if (value === undefined) return place;
    if (typeof value === 'number') return number(value);
    if (typeof value === 'string') return value;
    const inner = inWords(value);
    whole &&= inner !== null;
    return inner ?? '';
  });
  return whole ? text : null;
}
