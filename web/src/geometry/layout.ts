// Where everything inside a node lies, from its schema and data alone: nothing is ever measured in the DOM,
// so nodes off screen have exact sizes too and links can be drawn before a node is.
import type { InputSchema, NodeSchema, OutputSchema } from '../document/catalogue';
import type { Slot } from '../document/inputs';
import type { Point, Size } from '../document/types';

export const ROW = 24;
export const HEADER = 36;
export const PADDING = 8;
const GAP = 4;
const CAPTION = 20;
const LINE = 18;
export const WIDTH = 256;
const TEXT_WIDTH = 304;
export const MIN_WIDTH = 160;
const MIN_PICTURE = 96;
const WORDS_HEIGHT = 80;

/** One line of a node: an input on the left, an output on the right, or both. */
export interface Row {
  y: number;
  height: number;
  slot: Slot | null;
  output: OutputSchema | null;
  /** Caption above, widget below, over the whole width. */
  tall: boolean;
}

export interface Band {
  y: number;
  height: number;
}

export interface NodeLayout {
  width: number;
  height: number;
  rows: readonly Row[];
  /** Where pictures are shown, when the node has any or will. */
  picture: Band | null;
  /** Where the node shows words. */
  words: Band | null;
  /** Centres of the sockets, from the node's top left corner. */
  inputs: ReadonlyMap<string, Point>;
  outputs: ReadonlyMap<string, Point>;
}

const DOT_HEIGHT = 16;

/** A dot in a link: on the grid as sockets are, with room for a hand between its own. */
export const DOT: NodeLayout = {
  width: 2 * ROW,
  height: DOT_HEIGHT,
  rows: [],
  picture: null,
  words: null,
  inputs: new Map([['value', [0, DOT_HEIGHT / 2]]]),
  outputs: new Map([['result', [2 * ROW, DOT_HEIGHT / 2]]]),
};

export interface LayoutInput {
  schema: Pick<NodeSchema, 'outputs'>;
  slots: readonly Slot[];
  size: Size | null;
  collapsed: boolean;
  /** Height by width of the picture shown; 0 for none. */
  aspect: number;
  words: boolean;
}

const isTall = (input: InputSchema): boolean => input.widget?.kind === 'text' && (input.widget.lines ?? 1) > 1;

const linesOf = (input: InputSchema): number =>
  input.widget?.kind === 'text' ? Math.min(12, Math.max(2, input.widget.lines ?? 1)) : 1;

const heightOf = ({ schema }: Slot): number => (isTall(schema) ? CAPTION + linesOf(schema) * LINE + 14 : ROW);

export function defaultWidth(slots: readonly Slot[]): number {
  return slots.some((slot) => isTall(slot.schema)) ? TEXT_WIDTH : WIDTH;
}

export function layoutNode(input: LayoutInput): NodeLayout {
  const width = Math.max(MIN_WIDTH, input.size?.[0] ?? defaultWidth(input.slots));
  if (input.collapsed) return collapsed(input, width);
  const rows = stack(input.slots, input.schema.outputs);
  const last = rows.at(-1);
  let bottom = last ? last.y + last.height + PADDING : HEADER + 2;
  const natural = naturalExtras(input, width);
  const spare = Math.max(0, (input.size?.[1] ?? 0) - bottom - natural.least);
  const growsRows = natural.least === 0 && spare > 0;
  if (growsRows) bottom += stretch(rows, spare);
  const picture = input.aspect > 0 ? band(bottom, pictureHeight(input, natural, spare)) : null;
  if (picture) bottom += picture.height + PADDING;
  const words = input.words ? band(bottom, WORDS_HEIGHT + (picture ? 0 : spare)) : null;
  if (words) bottom += words.height + PADDING;
  return { width, height: Math.ceil(bottom), rows, picture, words, ...sockets(rows, width) };
}

const band = (y: number, height: number): Band => ({ y, height });

interface Extras {
  picture: number;
  least: number;
}

/** The height pictures and words ask for: of a resized node the least, so that the user decides. */
function naturalExtras(input: LayoutInput, width: number): Extras {
  const wanted = Math.round(Math.min(640, Math.max(MIN_PICTURE, (width - 2 * PADDING) * input.aspect)));
  const picture = input.aspect > 0 ? (input.size ? MIN_PICTURE : wanted) : 0;
  const least = (picture ? picture + PADDING : 0) + (input.words ? WORDS_HEIGHT + PADDING : 0);
  return { picture, least };
}

const pictureHeight = (input: LayoutInput, natural: Extras, spare: number): number =>
  natural.picture + (input.size ? spare : 0);

/** Shares spare height among the rows that can use it; what was used. */
function stretch(rows: Row[], spare: number): number {
  const tall = rows.filter((row) => row.tall).length;
  if (tall === 0) return 0;
  let shift = 0;
  for (const row of rows) {
    row.y += shift;
    if (!row.tall) continue;
    row.height += spare / tall;
    shift += spare / tall;
  }
  return spare;
}

/** Inputs that only links fill share their rows with the outputs; those with widgets follow, in order. */
function stack(slots: readonly Slot[], outputs: readonly OutputSchema[]): Row[] {
  const bare = slots.filter((slot) => !slot.schema.widget && slot.depth === 0);
  const rest = slots.filter((slot) => slot.schema.widget || slot.depth > 0);
  const rows: Row[] = [];
  let y = HEADER;
  for (let index = 0; index < Math.max(bare.length, outputs.length); index += 1) {
    rows.push({ y, height: ROW, slot: bare[index] ?? null, output: outputs[index] ?? null, tall: false });
    y += ROW;
  }
  if (rows.length && rest.length) y += GAP;
  for (const slot of rest) {
    const row: Row = { y, height: heightOf(slot), slot, output: null, tall: isTall(slot.schema) };
    rows.push(row);
    y += row.height + (row.tall ? GAP : 2);
  }
  return rows;
}

function sockets(rows: readonly Row[], width: number): Pick<NodeLayout, 'inputs' | 'outputs'> {
  const inputs = new Map<string, Point>();
  const outputs = new Map<string, Point>();
  for (const row of rows) {
    const middle = row.y + (row.tall ? CAPTION / 2 : ROW / 2);
    if (row.slot) inputs.set(row.slot.name, [0, middle]);
    if (row.output) outputs.set(row.output.name, [width, middle]);
  }
  return { inputs, outputs };
}

function collapsed(input: LayoutInput, width: number): NodeLayout {
  const middle = HEADER / 2;
  return {
    width,
    height: HEADER,
    rows: [],
    picture: null,
    words: null,
    inputs: new Map(input.slots.map((slot) => [slot.name, [0, middle]])),
    outputs: new Map(input.schema.outputs.map((output) => [output.name, [width, middle]])),
  };
}
