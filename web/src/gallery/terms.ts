// The words of the search field: which filters are on, and what to suggest for the word being typed. Pure.

/** A term as it is typed: `is:starred`, `model:"a b"`, `-snow`, `"two words"`. */
const TERM = /-?(?:\w+:)?(?:"[^"]*"?|\S+)/g;

export interface Word {
  from: number;
  to: number;
  /** Of `model:sd`: "model"; of a bare word: "". */
  field: string;
  value: string;
}

export const termsOf = (text: string): string[] => text.match(TERM) ?? [];

export const hasTerm = (text: string, term: string): boolean => termsOf(text).includes(term);

/** The text with a term, or without it when it has it; of terms with the same field only one stays. */
export function toggled(text: string, term: string): string {
  const field = term.slice(0, term.indexOf(':') + 1);
  const others = termsOf(text).filter((other) => other !== term && !(alone(field) && other.startsWith(field)));
  return (hasTerm(text, term) ? others : [...others, term]).join(' ');
}

const alone = (field: string): boolean => field === 'kind:' || field === 'document:';

/** The term the caret stands in or behind; an empty one between two spaces. */
export function wordAt(text: string, caret: number): Word {
  for (const match of text.matchAll(TERM)) {
    const [from, to] = [match.index, match.index + match[0].length];
    if (from <= caret && caret <= to) return { from, to, ...parts(match[0]) };
  }
  return { from: caret, to: caret, field: '', value: '' };
}

function parts(term: string): { field: string; value: string } {
  const [, field = '', value = ''] = /^-?(?:(\w+):)?"?([^"]*)"?$/.exec(term) ?? [];
  return { field: field.toLowerCase(), value };
}

/** The text with another term in the place of a word, and where the caret goes. */
export function replaced(text: string, word: Word, term: string): { text: string; caret: number } {
  const open = term.endsWith(':');
  const before = text.slice(0, word.from) + term + (open ? '' : ' ');
  const after = text.slice(word.to).trimStart();
  return { text: before + (open && after ? ' ' : '') + after, caret: before.length };
}

/** A value as a term: quoted when it needs to be. */
export const termOf = (field: string, value: string): string => `${field}:${/[\s"]/.test(value) || value === '' ? `"${value.replaceAll('"', '')}"` : value}`;
