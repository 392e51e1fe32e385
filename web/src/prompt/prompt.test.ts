import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { complete, type Suggestion } from './completing';
import { bracketsOf, marksOf } from './marks';
import { applied, weigh, wordAt } from './weigh';

/** `|` marks the caret, or both ends of the selection. */
function pressed(marked: string, steps: number, step?: number): string {
  const [head = '', middle = '', tail] = marked.split('¦');
  const text = head + middle + (tail ?? '');
  const edit = weigh({ text, from: head.length, to: tail === undefined ? head.length : head.length + middle.length }, steps, step);
  if (!edit) return text;
  const after = applied(text, edit);
  return `${after.slice(0, edit.from)}¦${after.slice(edit.from, edit.to)}¦${after.slice(edit.to)}`;
}

describe('weighing', () => {
  test.each([
    ['a red¦ house', 1, 'a (¦red¦:1.05) house'],
    ['a ¦red house¦, by day', 1, 'a (¦red house¦:1.05), by day'],
    ['a ¦red house, ¦by day', -1, 'a (¦red house¦:0.95), by day'],
    ['a (re¦d:1.05) house', 1, 'a (¦red¦:1.1) house'],
    ['a (¦red house¦:1.05)', -1, 'a ¦red house¦'],
    ['a ¦(red house:1.3)¦', 1, 'a (¦red house¦:1.35)'],
    ['a (re¦d) house', 1, 'a (¦red¦:1.15) house'],
    ['((re¦d:1.2) house:0.8)', 1, '((¦red¦:1.25) house:0.8)'],
    ['(¦a (red:1.2) house¦:0.8)', 1, '(¦a (red:1.2) house¦:0.85)'],
    ['(a ¦red¦ house:0.8)', 1, '(a (¦red¦:1.05) house:0.8)'],
    ['smile \\(¦fac', 1, 'smile (¦\\(fac¦:1.05)'],
    ['{re¦d|blue} house', 1, '{(¦red¦:1.05)|blue} house'],
  ])('%s, %i step: %s', (before, steps, after) => expect(pressed(before, steps)).toBe(after));

  test('goes by the step one chose', () => expect(pressed('re¦d', 1, 0.1)).toBe('(¦red¦:1.1)'));
  test('does nothing where there is no word', () => expect(pressed('a , ¦ , b', 1)).toBe('a ,  , b'));
  test('ends at 0', () => expect(pressed('(re¦d:0.05)', -3)).toBe('(¦red¦:0)'));

  test('as far up as down again is where it began', () => {
    const word = fc.stringMatching(/^[a-z]{1,6}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.nat(), fc.integer({ min: 1, max: 15 }), (words, which, steps) => {
        const text = words.join(' ');
        const start = words.slice(0, which % words.length).join(' ').length + (which % words.length ? 1 : 0);
        const up = weigh({ text, from: start, to: start }, steps);
        const down = up && weigh({ text: applied(text, up), from: up.from, to: up.to }, -steps);
        expect(up && down && applied(applied(text, up), down)).toBe(text);
      }),
    );
  });
});

describe('brackets', () => {
  test('nest, of all three kinds', () => {
    const { groups, loose } = bracketsOf('a (b [c:{d|e}:0.5] f)');
    expect(groups.map(({ open, depth }) => open + depth)).toEqual(['(0', '[1', '{2']);
    expect(loose).toEqual([]);
  });

  test('without a partner are told where they stand', () => {
    expect(bracketsOf('a) (b [c').loose).toEqual([1, 3, 6]);
    expect(bracketsOf('(a [b) c').loose).toEqual([3]);
  });

  test('with a backslash are plain', () => expect(bracketsOf('\\(a\\) \\\\(b)').groups).toHaveLength(1));

  test('every bracket is of one group or loose, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('(', ')', '[', ']', '{', '}', 'a', ' ') }), (text) => {
        const { groups, loose } = bracketsOf(text);
        expect(groups.length * 2 + loose.length).toBe([...text].filter((sign) => '()[]{}'.includes(sign)).length);
      }),
    );
  });
});

test('what is marked lies in order, apart, inside the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('(', ')', '{', '}', '|', ':', '1', '.', 'a', '\\', 'embedding:x') }), (text) => {
      let last = 0;
      for (const { start, end } of marksOf(text)) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(start);
        last = end;
      }
      expect(last).toBeLessThanOrEqual(text.length);
    }),
  );
});

test('weights, choices and learned words are marked', () => {
  const text = 'a (red:0.8) {cat|dog} embedding:bad (x';
  expect(marksOf(text).map(({ start, end, kind }) => `${kind} ${text.slice(start, end)}`)).toEqual([
    'weight (', 'number :0.8', 'weight )', 'choice {', 'choice |', 'choice }', 'embedding embedding:bad', 'loose (',
  ]);
});

test('a word ends at signs, not at escaped brackets', () => {
  expect(wordAt('one two, three', 5)).toEqual([4, 7]);
  expect(wordAt('a\\(b\\) c', 2)).toEqual([0, 6]);
});

describe('completing', () => {
  const known: Suggestion[] = [
    { insert: 'embedding:bad-hands', label: 'bad-hands', hint: 'embedding' },
    { insert: 'knitted', label: 'knitted', hint: 'knit.safetensors' },
    { insert: 'wool figure', label: 'wool figure', hint: 'knit.safetensors' },
  ];
  const offers = (text: string): string[] | undefined => complete(text, text.length, known)?.found.map(({ insert }) => insert);

  test('begins with the second letter', () => {
    expect(offers('a k')).toBeUndefined();
    expect(offers('a kn')).toEqual(['knitted']);
  });
  test('offers learned words by name and by their prefix', () => {
    expect(offers('ba')).toEqual(['embedding:bad-hands']);
    expect(offers('(embedding:')).toEqual(['embedding:bad-hands']);
    expect(offers('embedding:kn')).toBeUndefined();
  });
  test('offers nothing that stands there already, nor inside a word', () => {
    expect(offers('a knitted')).toBeUndefined();
    expect(complete('kntted', 2, known)).toBeNull();
  });
});
