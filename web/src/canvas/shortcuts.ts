// The canvas's keys that are one command each: a list, so that help shows what is true.
import { strings } from '../strings';
import type { Stage } from './stage.svelte';

const words = strings.shortcuts;

export interface Shortcut {
  label: string;
  /** As in KeyboardEvent.key, "Mod+" for Ctrl or ⌘. */
  keys: readonly string[];
  run: (stage: Stage) => void;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { label: words.delete, keys: ['Delete', 'Backspace'], run: ({ editor }) => editor.edit.remove(editor.selection.items) },
  { label: words.selectAll, keys: ['Mod+a'], run: ({ editor }) => editor.selectAll() },
  { label: words.duplicate, keys: ['Mod+d'], run: ({ editor }) => editor.clipboard.duplicate() },
  { label: words.mute, keys: ['m'], run: ({ editor }) => editor.edit.toggleMode(editor.selection.nodes, 'mute') },
  { label: words.bypass, keys: ['b'], run: ({ editor }) => editor.edit.toggleMode(editor.selection.nodes, 'bypass') },
  { label: words.rename, keys: ['F2'], run: ({ editor }) => editor.rename() },
  { label: words.showSelection, keys: ['f'], run: ({ editor }) => editor.fit('selection') },
  { label: words.showAll, keys: ['Home'], run: ({ editor }) => editor.fit('all') },
  { label: words.zoomIn, keys: ['+', '='], run: ({ editor: { camera } }) => camera.zoomTo(camera.view.zoom * 1.25) },
  { label: words.zoomOut, keys: ['-'], run: ({ editor: { camera } }) => camera.zoomTo(camera.view.zoom / 1.25) },
  { label: words.actualSize, keys: ['0'], run: ({ editor }) => editor.camera.zoomTo(1) },
];

/** Keys that are answered in another way than by a command: the browser's clipboard, a key held down. */
export const OTHER_KEYS: readonly Omit<Shortcut, 'run'>[] = [
  { label: words.add, keys: ['Tab', 'Space'] },
  { label: words.copy, keys: ['Mod+c'] },
  { label: words.cut, keys: ['Mod+x'] },
  { label: words.paste, keys: ['Mod+v'] },
];
