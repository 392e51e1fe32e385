// The signs in a text that mean something: weights `(word:1.2)`, choices `{a|b}`, changes `[a:b:0.5]`, embeddings.
// The same reading as nodes/diffusion/emphasis.py and wording.py: a backslash before a sign makes it plain, and a
// bracket without a partner is a plain character. Pure.
export interface Group {
  open: '(' | '[' | '{';
  /** Of the bracket that opens it, and the one that closes it. */
  start: number;
  end: number;
  /** How deep inside other groups. */
  depth: number;
}

export interface Brackets {
  groups: readonly Group[];
  /** Where brackets stand that have no partner. */
  loose: readonly number[];
}

const CLOSES: Readonly<Record<string, Group['open']>> = { ')': '(', ']': '[', '}': '{' };

export function bracketsOf(text: string): Brackets {
  const waiting: { open: Group['open']; start: number }[] = [];
  const groups: Group[] = [];
  const loose: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    if (sign === '\\') at += 1;
    else if (sign === '(' || sign === '[' || sign === '{') waiting.push({ open: sign, start: at });
    else if (sign in CLOSES) {
      const partner = waiting.findLastIndex(({ open }) => open === CLOSES[sign]);
      if (partner < 0) loose.push(at);
      else {
        const [opened, ...between] = waiting.splice(partner);
        loose.push(...between.map(({ start }) => start));
        if (opened) groups.push({ ...opened, end: at, depth: waiting.length });
      }
    }
  }
  loose.push(...waiting.map(({ start }) => start));
  return { groups: groups.sort((a, b) => a.start - b.start), loose: loose.sort((a, b) => a - b) };
}

/** What round brackets without a number multiply by. */
export const EMPHASIS = 1.1;
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/;

export interface Weight {
  /** Where the words inside begin and end, without brackets and number. */
  from: number;
  to: number;
  value: number;
}

/** What a pair of round brackets weighs: the number after its last colon, else the usual emphasis. */
export function weightOf(text: string, group: Group): Weight {
  const inner = text.slice(group.start + 1, group.end);
  const colon = inner.lastIndexOf(':');
  const number = inner.slice(colon + 1);
  if (colon > 0 && NUMBER.test(number)) return { from: group.start + 1, to: group.start + 1 + colon, value: Number(number) };
  return { from: group.start + 1, to: group.end, value: EMPHASIS };
}

export type MarkKind = 'weight' | 'number' | 'choice' | 'change' | 'embedding' | 'loose';

export interface Mark {
  start: number;
  end: number;
  kind: MarkKind;
  /** Of a weight's words: more than 1, or less. */
  strong?: boolean;
}

/** The parts of a text that are shown in another way, in order and apart from each other. */
export function marksOf(text: string): Mark[] {
  const { groups, loose } = bracketsOf(text);
  const marks: Mark[] = loose.map((at) => ({ start: at, end: at + 1, kind: 'loose' }));
  for (const group of groups) {
    const kind = group.open === '(' ? 'weight' : group.open === '{' ? 'choice' : 'change';
    const weight = group.open === '(' ? weightOf(text, group) : null;
    const strong = (weight?.value ?? 1) >= 1;
    marks.push({ start: group.start, end: group.start + 1, kind, strong }, { start: group.end, end: group.end + 1, kind, strong });
    if (weight && weight.to < group.end) marks.push({ start: weight.to, end: group.end, kind: 'number', strong });
    if (group.open === '{') marks.push(...barsOf(text, group, groups));
  }
  for (const found of text.matchAll(/embedding:[\w./-]+/g)) marks.push({ start: found.index, end: found.index + found[0].length, kind: 'embedding' });
  return apart(marks);
}

/** The signs between the options of a choice. */
function barsOf(text: string, group: Group, groups: readonly Group[]): Mark[] {
  const inside = groups.filter(({ open, start, end }) => open === '{' && start > group.start && end < group.end);
  const bars: Mark[] = [];
  for (let at = group.start + 1; at < group.end; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '|' && !inside.some(({ start, end }) => at > start && at < end)) bars.push({ start: at, end: at + 1, kind: 'choice' });
  }
  return bars;
}

function apart(marks: Mark[]): Mark[] {
  const kept: Mark[] = [];
  for (const mark of marks.sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (mark.start >= (kept.at(-1)?.end ?? 0)) kept.push(mark);
  }
  return kept;
}
