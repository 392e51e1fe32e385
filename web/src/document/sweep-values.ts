// The values of an axis as they are typed: "1, 2, 5", "1..8/8" for eight even ones from 1 to 8, "3-7 step 2"; whole
// texts one a line. What is written for values reads as just those values again. Pure.
import type { Widget } from './catalogue';
import type { SweepValue } from './sweep';

/** How the values of an input are given: numbers in a line, texts one a line, or chosen from a list. */
export type ValueKind = 'whole' | 'number' | 'text' | 'choices' | 'toggle';

export type Parsed = { values: SweepValue[] } | { wrong: string };

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const SINGLE = new RegExp(`^${NUMBER}$`, 'i');
const EVEN = new RegExp(String.raw`^(${NUMBER})\s*\.\.\s*(${NUMBER})\s*/\s*(\d+)$`, 'i');
const STEPS = new RegExp(String.raw`^(${NUMBER})\s*-\s*(${NUMBER})(?:\s+step\s+(${NUMBER}))?$`, 'i');
const MOST = 1_000;
const DIGITS = 12;

export function kindOf(widget: Widget | null, type: string): ValueKind {
  if (widget?.kind === 'toggle') return 'toggle';
  if (widget?.kind === 'choices' || widget?.kind === 'model_file' || widget?.kind === 'image_file' || widget?.kind === 'variant') return 'choices';
  if (widget?.kind === 'seed') return 'whole';
  if (widget?.kind === 'number' || widget?.kind === 'slider') return widget.integer || type === 'int' ? 'whole' : 'number';
  return 'text';
}

/** The values that a text says; `wrong` is the part that says none. */
export function parseNumbers(text: string, kind: 'whole' | 'number'): Parsed {
  const values: SweepValue[] = [];
  for (const part of text.split(/[,;\n]/).map((piece) => piece.trim()).filter(Boolean)) {
    const found = numbersOf(part);
    if (!found || values.length + found.length > MOST) return { wrong: part };
    values.push(...found.map((value) => (kind === 'whole' && typeof value === 'number' ? Math.round(value) : value)));
  }
  return { values };
}

function numbersOf(part: string): (number | string)[] | null {
  if (SINGLE.test(part)) return [exact(part)];
  const even = EVEN.exec(part);
  if (even) return evenly(Number(even[1]), Number(even[2]), Number(even[3]));
  const steps = STEPS.exec(part);
  return steps ? stepping(Number(steps[1]), Number(steps[2]), Number(steps[3] ?? 1)) : null;
}

/** Whole numbers beyond what JavaScript can hold stay digits, as in the file. */
function exact(text: string): number | string {
  const value = Number(text);
  return /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(value) ? text.replace(/^\+/, '') : value;
}

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

function evenly(first: number, last: number, count: number): number[] | null {
  if (count < 1 || count > MOST) return null;
  return Array.from({ length: count }, (_, at) => rounded(count === 1 ? first : first + ((last - first) * at) / (count - 1)));
}

function stepping(first: number, last: number, step: number): number[] | null {
  const size = Math.abs(step);
  const count = size > 0 ? Math.floor(Math.abs(last - first) / size + 1e-9) + 1 : 0;
  if (count < 1 || count > MOST) return null;
  const by = last < first ? -size : size;
  return Array.from({ length: count }, (_, at) => rounded(first + by * at));
}

/** Values as one would type them: three or more even ones as a range. */
export function writeNumbers(values: readonly SweepValue[]): string {
  const [first, second] = values;
  if (values.length > 2 && typeof first === 'number' && typeof second === 'number') {
    const step = rounded(Math.abs(second - first));
    const range = `${first}-${String(values.at(-1))}${step === 1 ? '' : ` step ${step}`}`;
    if (step > 0 && same(parseNumbers(range, 'number'), values)) return range;
  }
  return values.join(', ');
}

const same = (parsed: Parsed, values: readonly SweepValue[]): boolean =>
  'values' in parsed && parsed.values.length === values.length && parsed.values.every((value, at) => value === values[at]);

/** Texts are one a line; an empty line is none. */
export const parseTexts = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter(Boolean);

export const writeTexts = (values: readonly SweepValue[]): string => values.map((value) => String(value).replace(/\s*\n\s*/g, ' ')).join('\n');

/** Some values to begin with: the one there is, and its neighbours. */
export function firstValues(kind: ValueKind, value: unknown, widget: Widget | null): SweepValue[] {
  if (kind === 'toggle') return [true, false];
  if (kind === 'choices' || kind === 'text') return typeof value === 'string' && value.trim() ? [value] : [];
  if (typeof value !== 'number') return typeof value === 'string' && SINGLE.test(value) ? [value] : [];
  if (widget?.kind === 'seed') return [value, value + 1, value + 2].filter(Number.isSafeInteger);
  const limits = widget?.kind === 'number' || widget?.kind === 'slider' ? widget : null;
  const fits = (one: number): boolean => one >= (limits?.min ?? -Infinity) && one <= (limits?.max ?? Infinity);
  const spread = kind === 'whole' ? [Math.round(value / 2), value, value * 2] : [value / 2, value, value * 2].map(rounded);
  return [...new Set(spread)].filter(fits);
}
