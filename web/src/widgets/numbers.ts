// Numbers as people type, drag and step them. Pure: what a field shows and what the document keeps.
export interface NumberRange {
  min: number | null;
  max: number | null;
  step: number | null;
  integer: boolean;
}

export interface Parsed {
  value: number;
  /** Which end of the range the typed number was beyond, if any. */
  clamped: 'min' | 'max' | null;
}

const OPERATION = /^\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*([+\-*/])\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*$/i;

function calculate(left: number, operator: string, right: number): number {
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  return operator === '*' ? left * right : left / right;
}

/** The number a text says, or null. Understands 0.5, .5, 1e-3, 50%, a decimal comma and one sum such as 512*1.5. */
export function readNumber(text: string): number | null {
  const plain = text.trim().replace(/(\d),(\d)/g, '$1.$2');
  if (!plain) return null;
  const sum = OPERATION.exec(plain);
  if (sum) {
    const result = calculate(Number(sum[1]), sum[2] ?? '+', Number(sum[3]));
    return Number.isFinite(result) ? result : null;
  }
  const percent = plain.endsWith('%');
  const value = Number(percent ? plain.slice(0, -1) : plain);
  if (!Number.isFinite(value)) return null;
  return percent ? value / 100 : value;
}

export function clamp(value: number, range: NumberRange): Parsed {
  if (range.min !== null && value < range.min) return { value: range.min, clamped: 'min' };
  if (range.max !== null && value > range.max) return { value: range.max, clamped: 'max' };
  return { value, clamped: null };
}

/** The number a text says, made to fit: whole where whole numbers are asked for, inside the range. */
export function parseNumber(text: string, range: NumberRange): Parsed | null {
  const value = readNumber(text);
  if (value === null) return null;
  return clamp(range.integer ? Math.round(value) : value, range);
}

export function stepOf(range: NumberRange): number {
  if (range.step !== null && range.step > 0) return range.step;
  if (range.integer) return 1;
  const span = range.min !== null && range.max !== null ? range.max - range.min : 0;
  return span > 0 && span <= 2 ? 0.01 : 0.1;
}

/** Decimal places a step has: 0.05 → 2. */
export function decimals(step: number): number {
  const [mantissa = '', exponent] = String(step).split('e');
  const places = mantissa.split('.')[1]?.length ?? 0;
  return Math.max(0, places - Number(exponent ?? 0));
}

/** `value` moved by `count` steps, on the grid of steps, without the tail of binary fractions. */
export function stepBy(value: number, count: number, range: NumberRange): number {
  const step = stepOf(range);
  const places = Math.max(decimals(step), 0);
  const origin = range.min ?? 0;
  const onGrid = Math.round((value - origin) / step) * step + origin;
  const start = Math.abs(onGrid - value) < step * 1e-6 ? onGrid : value;
  const moved = Number((start + count * step).toFixed(Math.min(places + 6, 12)));
  return clamp(range.integer ? Math.round(moved) : moved, range).value;
}

/** A drag of `pixels` from `start`: a step every few pixels; with Shift a tenth, with Ctrl ten times as much. */
export function dragTo(start: number, pixels: number, factor: number, range: NumberRange): number {
  const pixelsPerStep = 4;
  const step = stepOf(range) * factor;
  const fine = range.integer ? Math.max(1, step) : step;
  const moved = start + Math.round(pixels / pixelsPerStep) * fine;
  const places = decimals(fine);
  return clamp(range.integer ? Math.round(moved) : Number(moved.toFixed(Math.min(places, 12))), range).value;
}

/** A number as a field shows it: short, and never in a form that would read back as another value. */
export function showNumber(value: number): string {
  const short = String(Number(value.toPrecision(6)));
  return Number(short) === value ? short : String(value);
}
