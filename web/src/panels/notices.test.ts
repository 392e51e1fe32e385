import { expect, test } from 'vitest';

import { errorFrom, type ApiError } from '../api/http';
import { german } from '../languages/german';
import { germanSentences } from '../languages/german-sentences';
import { speak } from '../languages/spoken.svelte';
import { say } from '../languages/words';
import { strings } from '../strings';
import { Notices } from './notices.svelte';

test('what was said is said anew when the language changes', () => {
  const notices = new Notices();
  notices.add('error', () => strings.errors.unreachable);
  const failed = { error: { what: 'The file is empty.', fix: '', what_phrase: { code: 'file.empty' } } };
  notices.error(errorFrom(400, failed));
  const shown = (): string[] => notices.list.map(({ what }) => say(what));
  expect(shown()).toEqual([strings.errors.unreachable, 'The file is empty.']);
  speak('de', german, germanSentences);
  expect(shown()).toEqual([german.errors.unreachable, 'Die Datei ist leer.']);
  speak('en');
});

test('the same words twice are one notice', () => {
  const notices = new Notices();
  const busy = (): ApiError => errorFrom(503, undefined, 1_000);
  notices.error(busy());
  notices.error(busy());
  expect(notices.list).toHaveLength(1);
});
