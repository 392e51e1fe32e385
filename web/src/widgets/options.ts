// The options of a list and the search in it. Pure.
export interface Option {
  value: string | number;
  label: string;
  /** A quieter word beside the label: the folder of a file, the effect of a rule. */
  hint?: string;
  /** Other words by which it is found. */
  words?: string;
}

/** Lists longer than this get a search field. */
export const SEARCHED_FROM = 9;

export function fileOption(name: string): Option {
  const cut = name.lastIndexOf('/');
  return cut < 0 ? { value: name, label: name } : { value: name, label: name.slice(cut + 1), hint: name.slice(0, cut) };
}

/** Options that hold every word of the text, those that begin with it first; order is kept otherwise. */
export function searchOptions<Found extends Option>(options: readonly Found[], text: string): readonly Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return options;
  const found = options.filter(({ label, hint = '', words: more = '' }) => {
    const whole = `${hint}/${label} ${more}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
  const first = words[0] ?? '';
  const begins = (option: Option): number => (option.label.toLowerCase().startsWith(first) ? 0 : 1);
  return [...found].sort((a, b) => begins(a) - begins(b));
}
