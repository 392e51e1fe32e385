// Ctrl+Up and Ctrl+Down: what is selected, or the word the caret is in, weighs a little more or less. Pure.
import { bracketsOf, type Group, weightOf } from './marks';

export interface Selected {
  text: string;
  from: number;
  to: number;
}

/** One replacement in a text, and what is selected after it. */
export interface Edit {
  start: number;
  end: number;
  insert: string;
  from: number;
  to: number;
}

export const STEP = 0.05;
const LEAST = 0;
const MOST = 10;

/** Signs at which a word ends: a phrase is chosen by selecting it. */
const BREAK = /[\s,.;:!?()[\]{}|]/;

/** A weight as it is written: no more digits than it has. */
export const written = (weight: number): string => String(Number(weight.toFixed(2)));

/** The change that adds `steps` steps; null where there is nothing to weigh. */
export function weigh({ text, from, to }: Selected, steps: number, step = STEP): Edit | null {
  const [start, end] = from === to ? wordAt(text, from) : trimmed(text, from, to);
  if (start === end) return null;
  const group = groupOf(text, start, end);
  const before = group ? weightOf(text, group) : { from: start, to: end, value: 1 };
  const value = Math.min(MOST, Math.max(LEAST, Number((before.value + steps * step).toFixed(4))));
  const words = text.slice(before.from, before.to);
  const [first, last] = group ? [group.start, group.end + 1] : [start, end];
  // At 1 the brackets say nothing, and go.
  if (written(value) === '1') return { start: first, end: last, insert: words, from: first, to: first + words.length };
  const insert = `(${words}:${written(value)})`;
  return { start: first, end: last, insert, from: first + 1, to: first + 1 + words.length };
}

/** The brackets that hold just what is chosen, from outside or inside: `(word:1.1)`, with or without its signs. */
function groupOf(text: string, start: number, end: number): Group | null {
  const round = bracketsOf(text).groups.filter(({ open }) => open === '(');
  const whole = round.find((group) => group.start === start && group.end + 1 === end);
  if (whole) return whole;
  return (
    round.findLast((group) => {
      const inner = weightOf(text, group);
      const [from, to] = trimmed(text, inner.from, inner.to);
      return from === start && to === end;
    }) ?? null
  );
}

/** The word around a place, a bracket that is meant as a sign included. */
export function wordAt(text: string, at: number): [number, number] {
  const isEscaped = (place: number): boolean => text[place - 1] === '\\';
  const ends = (place: number): boolean => BREAK.test(text[place] ?? ' ') && !isEscaped(place);
  let [start, end] = [at, at];
  while (start > 0 && !ends(start - 1)) start -= 1;
  while (end < text.length && !ends(end)) end += 1;
  return [start, end];
}

function trimmed(text: string, from: number, to: number): [number, number] {
  let [start, end] = [from, to];
  while (start < end && /[\s,]/.test(text[start] ?? '')) start += 1;
  while (end > start && /[\s,]/.test(text[end - 1] ?? '')) end -= 1;
  return [start, end];
}

export const applied = (text: string, { start, end, insert }: Edit): string => text.slice(0, start) + insert + text.slice(end);
