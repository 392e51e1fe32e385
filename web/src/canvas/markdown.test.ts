// Markup in a text is shown as it was typed.
import { describe, expect, test } from 'vitest';

import { read } from './markdown';

describe('markup in a note', () => {
  test.each(['<img src=x onerror=alert(1)>', '<script>alert(1)</script>', 'a <b onclick="x()">b</b> c', '<!-- no -->', '<div>\n\n**b**\n</div>'])(
    'is text: %s',
    (text) => {
      const html = read(text, true);
      expect(html).not.toMatch(/<(?!\/?(p|strong|br)\b)/);
      expect(html).toContain('&lt;');
    },
  );

  test('stands beside what is Markdown', () => {
    expect(read('<b>x</b> and **cold**', true)).toContain('<strong>cold</strong>');
  });

  test('a line ends where it was ended, if that is asked for', () => {
    expect(read('one\ntwo', true)).toContain('<br>');
    expect(read('one\ntwo', false)).not.toContain('<br>');
  });
});
