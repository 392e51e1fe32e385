// What can be done from a menu, a shortcut or the palette: one table, so that all of them and docs/shortcuts.md say
// and do the same. A command's name stands in the strings under its id.
import { addFrame, addNote } from '../editor/adding';
import { align, distribute, layOutGraph } from '../editor/arranging';
import type { Axis, Edge } from '../geometry/arrange';
import { strings } from '../strings';
import { copySelection, cutSelection, pasteHere } from './clipboard';
import { openNew } from './opening';
import { saveToFile } from './saving';
import type { Shell } from './shell.svelte';
import type { Tabs } from './tabs.svelte';

export type CommandId = keyof typeof strings.commands;
export type CommandGroup = keyof typeof strings.commandGroups;

export interface Command {
  /** Also the button's `data-action`. */
  id: CommandId;
  group: CommandGroup;
  /** As `chordOf` writes them: "Mod+Shift+z". The user may choose others. */
  keys: readonly string[];
  /** The browser answers the keys itself (its clipboard): they cannot be others. */
  fixed?: boolean;
  /** Whether it also works while a text field has the focus. */
  whileTyping?: boolean;
  enabled: (shell: Shell) => boolean;
  run: (shell: Shell) => void;
}

const moveTab = (tabs: Tabs, by: number): void => tabs.move(tabs.active, tabs.list.findIndex(({ id }) => id === tabs.active) + by);
const always = (): boolean => true;
const chosen = ({ editor }: Shell): boolean => editor.selection.count > 0;
const several = ({ editor }: Shell): boolean => editor.selection.count > 1;
const instancesChosen = ({ editor }: Shell): boolean => [...editor.selection.nodes].some((id) => editor.subgraphs.isInstance(id));
const nodesChosen = ({ editor }: Shell): boolean => editor.selection.nodes.size > 0;

const WORKFLOW: readonly Command[] = [
  { id: 'run', group: 'workflow', keys: ['Mod+Enter'], whileTyping: true, enabled: always, run: (shell) => void shell.runner.run() },
  {
    id: 'cancel',
    group: 'workflow',
    keys: ['Mod+Alt+Enter'],
    whileTyping: true,
    enabled: (shell) => shell.session.active.length > 0,
    run: (shell) => void shell.runner.cancel(),
  },
  { id: 'new', group: 'workflow', keys: [], enabled: always, run: openNew },
  { id: 'open', group: 'workflow', keys: ['Mod+o'], whileTyping: true, enabled: always, run: (shell) => (shell.dialog = 'open') },
  { id: 'templates', group: 'workflow', keys: [], enabled: always, run: (shell) => (shell.dialog = 'templates') },
  { id: 'save', group: 'workflow', keys: ['Mod+s'], whileTyping: true, enabled: always, run: saveToFile },
];

const TABS: readonly Command[] = [
  { id: 'tab-next', group: 'workflow', keys: ['Alt+PageDown'], whileTyping: true, enabled: always, run: ({ tabs }) => void tabs.turn(1) },
  { id: 'tab-previous', group: 'workflow', keys: ['Alt+PageUp'], whileTyping: true, enabled: always, run: ({ tabs }) => void tabs.turn(-1) },
  { id: 'tab-right', group: 'workflow', keys: ['Alt+Shift+PageDown'], enabled: always, run: ({ tabs }) => moveTab(tabs, 1) },
  { id: 'tab-left', group: 'workflow', keys: ['Alt+Shift+PageUp'], enabled: always, run: ({ tabs }) => moveTab(tabs, -1) },
  { id: 'tab-close', group: 'workflow', keys: ['Alt+w'], enabled: always, run: (shell) => void shell.closeTab() },
  { id: 'tab-reopen', group: 'workflow', keys: ['Alt+Shift+w'], enabled: ({ tabs }) => tabs.canReopen, run: ({ tabs }) => void tabs.reopen() },
];

const EDIT: readonly Command[] = [
  { id: 'undo', group: 'edit', keys: ['Mod+z'], enabled: ({ editor }) => editor.document.canUndo, run: ({ editor }) => editor.undo() },
  {
    id: 'redo',
    group: 'edit',
    keys: ['Mod+Shift+z', 'Mod+y'],
    enabled: ({ editor }) => editor.document.canRedo,
    run: ({ editor }) => editor.redo(),
  },
  { id: 'cut', group: 'edit', keys: ['Mod+x'], fixed: true, enabled: chosen, run: (shell) => void cutSelection(shell) },
  { id: 'copy', group: 'edit', keys: ['Mod+c'], fixed: true, enabled: chosen, run: (shell) => void copySelection(shell) },
  { id: 'paste', group: 'edit', keys: ['Mod+v'], fixed: true, enabled: always, run: (shell) => void pasteHere(shell, null) },
  { id: 'duplicate', group: 'edit', keys: ['Mod+d'], enabled: chosen, run: ({ editor }) => editor.clipboard.duplicate() },
  {
    id: 'delete',
    group: 'edit',
    keys: ['Delete', 'Backspace'],
    enabled: chosen,
    run: ({ editor }) => editor.edit.remove(editor.selection.items),
  },
  {
    id: 'dissolve',
    group: 'edit',
    keys: ['Mod+Delete', 'Mod+Backspace'],
    enabled: nodesChosen,
    run: ({ editor }) => editor.edit.dissolve(editor.selection.items),
  },
  { id: 'select-all', group: 'edit', keys: ['Mod+a'], enabled: always, run: ({ editor }) => editor.selectAll() },
  { id: 'rename', group: 'edit', keys: ['F2'], enabled: chosen, run: ({ editor }) => editor.rename() },
  { id: 'find', group: 'edit', keys: ['Mod+f'], whileTyping: true, enabled: always, run: (shell) => void (shell.finding = true) },
];

const aligning = (edge: Edge): Command => ({
  id: `align-${edge}`,
  group: 'build',
  keys: [],
  enabled: several,
  run: ({ editor }) => align(editor, edge),
});
const distributing = (axis: Axis): Command => ({
  id: `distribute-${axis}`,
  group: 'build',
  keys: [],
  enabled: ({ editor }) => editor.selection.count > 2,
  run: ({ editor }) => distribute(editor, axis),
});
const EDGES: readonly Edge[] = ['left', 'centre', 'right', 'top', 'middle', 'bottom'];
const ALIGNMENTS: readonly Command[] = [...EDGES.map(aligning), distributing('across'), distributing('down')];

const BUILD: readonly Command[] = [
  { id: 'palette', group: 'build', keys: ['Tab', 'Space'], enabled: always, run: ({ editor }) => editor.askForNode() },
  { id: 'note', group: 'build', keys: ['Shift+n'], enabled: always, run: ({ editor }) => void addNote(editor) },
  { id: 'frame', group: 'build', keys: ['g'], enabled: always, run: ({ editor }) => void addFrame(editor) },
  { id: 'mute', group: 'build', keys: ['m'], enabled: nodesChosen, run: ({ editor }) => editor.edit.toggleMode(editor.selection.nodes, 'mute') },
  {
    id: 'bypass',
    group: 'build',
    keys: ['b'],
    enabled: nodesChosen,
    run: ({ editor }) => editor.edit.toggleMode(editor.selection.nodes, 'bypass'),
  },
  { id: 'collapse', group: 'build', keys: ['Shift+c'], enabled: nodesChosen, run: ({ editor }) => editor.toggleLook('collapsed') },
  { id: 'pin', group: 'build', keys: ['p'], enabled: nodesChosen, run: ({ editor }) => editor.toggleLook('pinned') },
  { id: 'name-links', group: 'build', keys: ['w'], enabled: nodesChosen, run: ({ editor }) => editor.toggleNames() },
  { id: 'layout', group: 'build', keys: ['Shift+l'], enabled: always, run: ({ editor }) => void layOutGraph(editor) },
  ...ALIGNMENTS,
];

const SUBGRAPHS: readonly Command[] = [
  {
    id: 'make-subgraph',
    group: 'build',
    keys: ['Mod+g'],
    enabled: ({ editor }) => editor.subgraphs.canMake(),
    run: ({ editor }) => editor.subgraphs.make(),
  },
  {
    id: 'unpack-subgraph',
    group: 'build',
    keys: ['Mod+Shift+g'],
    enabled: instancesChosen,
    run: ({ editor }) => editor.subgraphs.unpack(editor.selection.nodes),
  },
  {
    id: 'enter-subgraph',
    group: 'view',
    keys: ['Mod+Shift+ArrowDown'],
    enabled: instancesChosen,
    run: ({ editor }) => void editor.enter([...editor.selection.nodes][0] ?? ''),
  },
  {
    id: 'leave-subgraph',
    group: 'view',
    keys: ['Mod+Shift+ArrowUp'],
    enabled: ({ editor }) => editor.document.levels.length > 0,
    run: ({ editor }) => void editor.leave(),
  },
];

const VIEW: readonly Command[] = [
  { id: 'show-selection', group: 'view', keys: ['f'], enabled: always, run: ({ editor }) => editor.fit('selection') },
  { id: 'show-all', group: 'view', keys: ['Home'], enabled: always, run: ({ editor }) => editor.fit('all') },
  { id: 'zoom-in', group: 'view', keys: ['+', '='], enabled: always, run: ({ editor: { camera } }) => camera.zoomTo(camera.view.zoom * 1.25) },
  { id: 'zoom-out', group: 'view', keys: ['-'], enabled: always, run: ({ editor: { camera } }) => camera.zoomTo(camera.view.zoom / 1.25) },
  { id: 'actual-size', group: 'view', keys: ['0'], enabled: always, run: ({ editor }) => editor.camera.zoomTo(1) },
];

const PANELS: readonly Command[] = [
  { id: 'form', group: 'panels', keys: ['Shift+f'], enabled: always, run: (shell) => shell.showForm(!shell.form) },
  { id: 'sweep', group: 'panels', keys: ['Shift+s'], enabled: always, run: (shell) => (shell.sweep = !shell.sweep) },
  { id: 'history', group: 'panels', keys: ['Shift+h'], enabled: always, run: (shell) => (shell.history = !shell.history) },
  { id: 'outline', group: 'panels', keys: ['Shift+o'], enabled: always, run: (shell) => (shell.outline = !shell.outline) },
  { id: 'inspector', group: 'panels', keys: ['n'], enabled: always, run: (shell) => (shell.inspector = !shell.inspector) },
  { id: 'gallery', group: 'panels', keys: ['Shift+g'], enabled: always, run: (shell) => shell.gallery.toggle() },
  { id: 'results', group: 'panels', keys: ['Shift+r'], enabled: always, run: (shell) => (shell.results = !shell.results) },
  {
    id: 'minimap',
    group: 'panels',
    keys: ['Shift+m'],
    enabled: always,
    run: ({ settings }) => settings.set('minimap', !settings.values.minimap),
  },
];

const SERVER: readonly Command[] = [
  { id: 'refresh', group: 'server', keys: [], enabled: always, run: (shell) => void shell.nodes.refresh() },
  { id: 'cache', group: 'server', keys: [], enabled: always, run: (shell) => (shell.dialog = 'cache') },
  { id: 'memory', group: 'server', keys: [], enabled: always, run: (shell) => (shell.dialog = 'memory') },
  { id: 'packs', group: 'server', keys: [], enabled: (shell) => shell.nodes.broken.length > 0, run: (shell) => (shell.dialog = 'packs') },
];

const HELP: readonly Command[] = [
  { id: 'settings', group: 'help', keys: ['Mod+,'], whileTyping: true, enabled: always, run: (shell) => shell.openSettings() },
  { id: 'shortcuts', group: 'help', keys: ['?'], enabled: always, run: (shell) => (shell.dialog = 'shortcuts') },
  { id: 'about', group: 'help', keys: [], enabled: always, run: (shell) => (shell.dialog = 'about') },
];

export const COMMANDS: readonly Command[] = [...WORKFLOW, ...TABS, ...EDIT, ...BUILD, ...SUBGRAPHS, ...VIEW, ...PANELS, ...SERVER, ...HELP];

const BY_ID = new Map(COMMANDS.map((command) => [command.id, command]));

export function command(id: CommandId): Command {
  const found = BY_ID.get(id);
  if (!found) throw new Error(`There is no command "${id}".`);
  return found;
}

export const nameOf = ({ id }: Pick<Command, 'id'>): string => strings.commands[id];
