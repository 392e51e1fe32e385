// Copy, cut and paste as the browser tells of them: the text travels through the system's clipboard, so it
// reaches other tabs and browsers. While something is being typed the clipboard is the field's.
import type { Point } from '../document/types';
import type { Editor } from '../editor/editor.svelte';
import { isTyping } from './typing';

/** True when the user means text of the page rather than nodes. */
const isText = (event: ClipboardEvent): boolean =>
  event.defaultPrevented || isTyping(event.target) || (window.getSelection()?.toString() ?? '') !== '';

export function copyEvent(editor: Editor, event: ClipboardEvent): boolean {
  if (isText(event)) return false;
  const text = editor.clipboard.copy();
  if (!text) return false;
  event.clipboardData?.setData('text/plain', text);
  event.preventDefault();
  return true;
}

export function cutEvent(editor: Editor, event: ClipboardEvent): void {
  const { items } = editor.clipboard;
  if (copyEvent(editor, event)) editor.edit.remove(items);
}

export function pasteEvent(editor: Editor, event: ClipboardEvent, at: Point | null): void {
  if (event.defaultPrevented || isTyping(event.target)) return;
  const text = event.clipboardData?.getData('text/plain') ?? '';
  if (text && editor.clipboard.paste(text, at)) event.preventDefault();
}
