// The workflow document exactly as its JSON stands on disk. Unknown keys are kept, so a newer page's or
// a pack's additions survive being opened and saved here.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** [id of the node, name of its output] */
export type Source = [node: string, output: string];

/** An input fed by another node. `value` is what its widget last held, for when the link goes. */
export interface LinkValue {
  link: Source;
  value?: Json;
}

/** A constant that is itself an object; wrapped, so that it is never mistaken for a link. */
export interface ObjectValue {
  value: Json;
}

export type InputValue = null | boolean | number | string | Json[] | LinkValue | ObjectValue;

export type Mode = 'run' | 'mute' | 'bypass';

/** What the page does to a seed before the next run. */
export type AfterRun = 'fixed' | 'random' | 'increment';

export type Point = [x: number, y: number];
export type Size = [width: number, height: number];

export interface NodeData {
  type: string;
  version?: number;
  inputs: Readonly<Record<string, InputValue>>;
  position: Point;
  /** Absent: as wide and as high as the type wants. */
  size?: Size | null;
  title?: string;
  mode?: Mode;
  colour?: string;
  collapsed?: boolean;
  /** Stays where it is when things are dragged. */
  pinned?: boolean;
  /** Names of outputs whose links are shown by name instead of a line. */
  named?: Readonly<Record<string, string>>;
  after?: Readonly<Record<string, AfterRun>>;
  /** How often an instance of a subgraph runs; absent: once. */
  loop?: LoopData;
  [key: string]: unknown;
}

/** An instance run for each item of lists, a number of times, or while an output of it holds. */
export interface LoopData {
  mode: 'each' | 'repeat' | 'while';
  /** Inputs that take one item each time. */
  lists?: readonly string[];
  /** Which output an input takes from the second time on, by input. */
  carry?: Readonly<Record<string, string>>;
  times?: number;
  /** The output that says whether to go on. */
  condition?: string;
  /** The most times, whatever the condition says. */
  most?: number;
  [key: string]: unknown;
}

/** An input or output of a subgraph. */
export interface PortData {
  type: string;
  title?: string;
  /** What an input is where an instance does not say. */
  default?: InputValue;
  /** Its place among the others: keys of JSON have no order that lasts. */
  order?: number;
  [key: string]: unknown;
}

export type Ports = Readonly<Record<string, PortData>>;

/** What is said of a subgraph beside what it holds. */
export interface Definition {
  title?: string;
  inputs?: Ports;
  outputs?: Ports;
  [key: string]: unknown;
}

export interface FrameData {
  title: string;
  position: Point;
  size: Size;
  colour?: string;
  [key: string]: unknown;
}

export interface NoteData {
  /** Markdown. */
  text: string;
  position: Point;
  size: Size;
  colour?: string;
  [key: string]: unknown;
}

/** What a workflow and each of its subgraphs hold. */
export interface GraphData {
  nodes: Record<string, NodeData>;
  frames?: Record<string, FrameData>;
  notes?: Record<string, NoteData>;
  [key: string]: unknown;
}

export interface Workflow extends GraphData {
  schema: number;
  id: string;
  title: string;
  frames: Record<string, FrameData>;
  notes: Record<string, NoteData>;
  subgraphs: Record<string, GraphData>;
  form: Json;
  /** Values to run it with, as one labelled sheet; see sweep.ts. */
  sweep?: Json;
  extra: Record<string, Json>;
}

/** One end of a link: where it comes from, or where it goes. */
export interface OutputEnd {
  node: string;
  output: string;
}
export interface InputEnd {
  node: string;
  input: string;
}

/** A link with one end in the open: what it is wired to next must fit `type`. */
export type LooseEnd =
  | { direction: 'out'; from: OutputEnd; type: string }
  | { direction: 'in'; to: InputEnd; type: string };

export function isLink(value: InputValue | undefined): value is LinkValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'link' in value;
}

/** The constant an input holds: of a link, the one kept for when it goes. */
export function constantOf(value: InputValue | undefined): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return value.value;
}

/** How a constant stands in the document: objects are wrapped. */
export function asInput(value: Json): InputValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { value } : value;
}

export function emptyWorkflow(id: string, title = 'Untitled'): Workflow {
  return { schema: 1, id, title, nodes: {}, frames: {}, notes: {}, subgraphs: {}, form: null, extra: {} };
}
