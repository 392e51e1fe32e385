// The only way a document changes: a command is a list of changes, each holding what stood before and what
// stands after, so that inverting it is swapping the two. One user action is one command.
import type { Definition, FrameData, NodeData, NoteData, Workflow } from './types';

/** The graph of the workflow itself; a subgraph is named by its id. */
export const ROOT = '';

interface ItemChange<Table extends string, Item> {
  table: Table;
  graph: string;
  id: string;
  before: Item | undefined;
  after: Item | undefined;
}

export type NodeChanged = ItemChange<'nodes', NodeData>;
export type FrameChanged = ItemChange<'frames', FrameData>;
export type NoteChanged = ItemChange<'notes', NoteData>;

/** A change of the document's own keys: its title, its form, what packs keep in it. */
export interface KeyChanged {
  table: 'document';
  key: keyof Workflow & string;
  before: unknown;
  after: unknown;
}

/** A subgraph comes, goes, or is described anew. It comes and goes empty: what it holds has changes of its own. */
export interface DefinitionChanged {
  table: 'definitions';
  graph: string;
  before: Definition | undefined;
  after: Definition | undefined;
}

export type ItemChanged = NodeChanged | FrameChanged | NoteChanged;
export type Change = ItemChanged | DefinitionChanged | KeyChanged;

export const isItem = (change: Change): change is ItemChanged => change.table !== 'document' && change.table !== 'definitions';

export interface Command {
  /** What the user did, in words: "Move 3 nodes". */
  label: string;
  changes: readonly Change[];
  /** Commands of the same key in quick succession are one undo step (typing in a field). */
  merge?: string;
  /** Commands of the same key are one step however slowly they follow: what is typed from entering a field to leaving it. */
  lasting?: boolean;
  /** Where the user looked, of what moves the view as well: taking it back brings that back. */
  view?: Readonly<{ x: number; y: number; zoom: number }>;
  /** Where the user was; given by whoever applies it, so that taking it back shows what it did. */
  at?: readonly Level[];
}

/** A step into a subgraph: by which node, where by one, and what it is an instance of. */
export interface Level {
  graph: string;
  node: string | null;
}

export function invertChange(change: Change): Change {
  return { ...change, before: change.after, after: change.before } as Change;
}

export function invert(command: Command): Command {
  return { ...command, changes: command.changes.map(invertChange).reverse() };
}

/** Several commands that are one action. */
export function together(label: string, commands: readonly (Command | null)[]): Command {
  return { label, changes: commands.flatMap((command) => command?.changes ?? []) };
}
