// The words of the language that is spoken now. Components keep a section ("const words = strings.palette") for as
// long as they live: a section is a view that looks its words up when they are read, so that a change of the
// language changes what is on the screen without a reload. A word a language lacks is said in English.
let words: object = $state.raw({});
let sentences: Readonly<Record<string, string>> = $state.raw({});
let language = $state('en');

type Section = Record<string, unknown>;

const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null;

/** A view of the English words that reads as the language spoken now. Never read a word while a module loads. */
export function spoken<Words extends object>(english: Words): Words {
  return view(english as Section, []) as Words;
}

function view(english: Section, path: readonly string[]): Section {
  const inner = new Map<string, Section>();
  return new Proxy(english, {
    get(section, key) {
      const own = Reflect.get(section, key) as unknown;
      if (typeof key !== 'string' || own === undefined) return own;
      if (!isSection(own)) return said(path)?.[key] ?? own;
      let found = inner.get(key);
      if (!found) inner.set(key, (found = view(own, [...path, key])));
      return found;
    },
  });
}

function said(path: readonly string[]): Section | undefined {
  let at: unknown = words;
  for (const key of path) at = isSection(at) ? at[key] : undefined;
  return isSection(at) ? at : undefined;
}

/** From now on the page speaks another language; no words are English, and so is the server without sentences. */
export function speak(name: string, itsWords: object = {}, itsSentences: Readonly<Record<string, string>> = {}): void {
  words = itsWords;
  sentences = itsSentences;
  language = name;
}

/** A sentence of the server in the language spoken now, with its places; none for a code that is not known here. */
export function sentence(code: string): string | undefined {
  return sentences[code];
}

/** As the browser writes the language ("de-CH"), else the language alone ("de"): for dates and numbers. */
export function locale(): string {
  const regional = typeof navigator === 'undefined' ? [] : navigator.languages;
  return regional.find((name) => name === language || name.startsWith(`${language}-`)) ?? language;
}

const numbers = new Map<string, Intl.NumberFormat>();

/** A number as the language writes it: "1,234.5" or "1.234,5". */
export function number(value: number, digits = 0): string {
  const key = `${locale()} ${digits}`;
  let format = numbers.get(key);
  if (!format) numbers.set(key, (format = new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits })));
  return format.format(value);
}
