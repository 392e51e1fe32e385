// Markdown to HTML that is safe to show: nothing of a note or a help text may run, load or leave the page by itself.
import DOMPurify from 'dompurify';
import { Marked } from 'marked';

const ALLOWED = ['h1', 'h2', 'h3', 'h4', 'p', 'br', 'strong', 'em', 'del', 'code', 'pre', 'ul', 'ol', 'li', 'a', 'blockquote', 'hr'];
/** Markup in a text is no markup here: it is shown as it was typed, and the browser never sees it as such. */
const reader = new Marked({ gfm: true, tokenizer: { html: () => undefined, tag: () => undefined } });

/** The HTML of a text, before it is cleaned. `breaks`: whether the end of a line is one, as people write notes. */
export const read = (text: string, breaks: boolean): string => reader.parse(text, { async: false, breaks });

export function markdown(text: string, breaks = true): string {
  const clean = DOMPurify.sanitize(read(text, breaks), { ALLOWED_TAGS: [...ALLOWED], ALLOWED_ATTR: ['href', 'title'] });
  return clean.replaceAll('<a ', '<a target="_blank" rel="noopener noreferrer" ');
}
