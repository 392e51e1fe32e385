// Markdown to HTML that is safe to show: nothing of a note may run, load or leave the page by itself.
import DOMPurify from 'dompurify';
import { marked } from 'marked';

const ALLOWED = ['h1', 'h2', 'h3', 'h4', 'p', 'br', 'strong', 'em', 'del', 'code', 'pre', 'ul', 'ol', 'li', 'a', 'blockquote', 'hr'];

export function markdown(text: string): string {
  const html = marked.parse(text, { async: false, gfm: true, breaks: true });
  const clean = DOMPurify.sanitize(html, { ALLOWED_TAGS: [...ALLOWED], ALLOWED_ATTR: ['href', 'title'] });
  return clean.replaceAll('<a ', '<a target="_blank" rel="noopener noreferrer" ');
}
