// What can be done from a menu, a shortcut or the palette: one list, so that all three say and do the same.
import { addFrame, addNote } from '../editor/adding';
import { strings } from '../strings';
import { openNew } from './opening';
import { saveToFile } from './saving';
import type { Shell } from './shell.svelte';

export interface Command {
  /** Also the button's `data-action`. */
  id: string;
  label: string;
  /** As `KeyboardEvent.key` is written, with Mod for Ctrl or ⌘: "Mod+Shift+z". */
  keys: readonly string[];
  /** Whether it also works while a text field has the focus. */
  whileTyping?: boolean;
  enabled: (shell: Shell) => boolean;
  run: (shell: Shell) => void;
}

const always = (): boolean => true;
const words = strings.menu;

export const COMMANDS: readonly Command[] = [
  { id: 'run', label: strings.run.run, keys: ['Mod+Enter'], whileTyping: true, enabled: always, run: (shell) => void shell.run() },
  {
    id: 'cancel',
    label: strings.run.cancel,
    keys: ['Mod+Alt+Enter'],
    whileTyping: true,
    enabled: (shell) => shell.session.active.length > 0,
    run: (shell) => void shell.cancel(),
  },
  { id: 'new', label: words.new, keys: [], enabled: always, run: openNew },
  { id: 'open', label: words.open, keys: ['Mod+o'], whileTyping: true, enabled: always, run: (shell) => (shell.dialog = 'open') },
  { id: 'save', label: words.save, keys: ['Mod+s'], whileTyping: true, enabled: always, run: saveToFile },
  { id: 'templates', label: words.templates, keys: [], enabled: always, run: (shell) => (shell.dialog = 'templates') },
  { id: 'undo', label: words.undo, keys: ['Mod+z'], enabled: ({ editor }) => editor.document.canUndo, run: ({ editor }) => editor.undo() },
  {
    id: 'redo',
    label: words.redo,
    keys: ['Mod+Shift+z', 'Mod+y'],
    enabled: ({ editor }) => editor.document.canRedo,
    run: ({ editor }) => editor.redo(),
  },
  { id: 'note', label: words.note, keys: ['Shift+n'], enabled: always, run: ({ editor }) => void addNote(editor) },
  { id: 'frame', label: words.frame, keys: ['g'], enabled: always, run: ({ editor }) => void addFrame(editor) },
  { id: 'refresh', label: words.refresh, keys: [], enabled: always, run: (shell) => void shell.refresh() },
  { id: 'cache', label: words.cache, keys: [], enabled: always, run: (shell) => (shell.dialog = 'cache') },
  { id: 'memory', label: words.memory, keys: [], enabled: always, run: (shell) => (shell.dialog = 'memory') },
  {
    id: 'packs',
    label: words.packs,
    keys: [],
    enabled: (shell) => shell.broken.length > 0,
    run: (shell) => (shell.dialog = 'packs'),
  },
  { id: 'shortcuts', label: words.shortcuts, keys: ['?'], enabled: always, run: (shell) => (shell.dialog = 'shortcuts') },
  { id: 'about', label: words.about, keys: [], enabled: always, run: (shell) => (shell.dialog = 'about') },
  { id: 'outline', label: strings.outline.label, keys: ['Shift+o'], enabled: always, run: (shell) => (shell.outline = !shell.outline) },
  { id: 'inspector', label: strings.inspector.label, keys: ['n'], enabled: always, run: (shell) => (shell.inspector = !shell.inspector) },
  { id: 'results', label: strings.results.label, keys: ['Shift+r'], enabled: always, run: (shell) => (shell.results = !shell.results) },
];

export function command(id: string): Command {
  const found = COMMANDS.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`There is no command "${id}".`);
  return found;
}
