// The clipboard as menus use it. Browsers ask before they let a page read it, and some never do; the keys always
// work, since the browser then hands the text over by itself.
import type { Point } from '../document/types';
import { strings } from '../strings';
import { onMac, shown } from './keys';
import { takeText } from './taking';
import type { Shell } from './shell.svelte';

const words = strings.contextMenu;

export async function copySelection({ editor, notices }: Shell): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(editor.clipboard.copy());
    return true;
  } catch {
    notices.add('warning', () => words.noClipboard, () => words.useKeys(shown('Mod+c', onMac())));
    return false;
  }
}

export async function cutSelection(shell: Shell): Promise<void> {
  const { items } = shell.editor.clipboard;
  if (await copySelection(shell)) shell.editor.edit.remove(items);
}

export async function pasteHere(shell: Shell, at: Point | null): Promise<void> {
  const { editor, notices } = shell;
  try {
    const text = await navigator.clipboard.readText();
    if (editor.clipboard.paste(text, at)) return;
    if (text.trim()) await takeText(shell, text, at ?? editor.over ?? editor.camera.middleRequest().at);
    else notices.add('info', () => words.nothingToPaste);
  } catch {
    notices.add('warning', () => words.noClipboard, () => words.useKeys(shown('Mod+v', onMac())));
  }
}
