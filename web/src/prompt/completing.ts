// What may follow what is being typed: learned words by name, and the words that call the LoRAs of the graph. Pure.
export interface Suggestion {
  /** What is put in. */
  insert: string;
  label: string;
  /** Where it comes from. */
  hint: string;
}

export interface Completing {
  /** What is replaced. */
  start: number;
  end: number;
  found: readonly Suggestion[];
}

const MOST = 12;
const LEAST_LETTERS = 2;
/** What is being typed, back to the last sign that ends a phrase. */
const TYPED = /(?:^|[\s,(){}[\]|])((?:embedding:)?[^\s,(){}[\]|:]*)$/;

export function complete(text: string, caret: number, known: readonly Suggestion[]): Completing | null {
  const typed = TYPED.exec(text.slice(0, caret))?.[1] ?? '';
  const asked = typed.toLowerCase();
  // In the middle of a word nothing is offered: it would be cut in two.
  if (asked.length < LEAST_LETTERS || /\w/.test(text[caret] ?? '')) return null;
  const bare = asked.replace(/^embedding:/, '');
  const begins = ({ label }: Suggestion): boolean => label.toLowerCase().startsWith(bare);
  const holds = ({ label }: Suggestion): boolean => bare.length > LEAST_LETTERS && label.toLowerCase().includes(bare);
  const fitting = known.filter((one) => (begins(one) || holds(one)) && (bare === asked || one.insert.startsWith('embedding:')));
  const found = fitting.filter(({ insert }) => insert.toLowerCase() !== asked).sort((a, b) => Number(begins(b)) - Number(begins(a)));
  return found.length ? { start: caret - typed.length, end: caret, found: found.slice(0, MOST) } : null;
}
