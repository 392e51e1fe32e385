// Where a mask can be painted, what it is painted on, and where it goes. What was painted is one step to undo.
import { inputImageUrl, uploadImage } from '../api/client';
import { blobAt } from '../api/http';
import type { OutputInfo } from '../api/messages.gen';
import { together, type Command } from '../document/change';
import { connect } from '../document/edit/links';
import { setValue } from '../document/edit/values';
import { addWired } from '../document/edit/wired';
import type { InputSchema, NodeSchema } from '../document/catalogue';
import { constantOf, isLink, type InputEnd, type OutputEnd, type Point } from '../document/types';
import { WIDTH } from '../geometry/layout';
import { strings } from '../strings';
import type { Editor } from './editor.svelte';
import type { MaskRequest } from './requests.svelte';

const GAP = 40;

/** The input of a node type that takes a picture, and the one that takes a mask painted over it. */
export interface MaskPlace {
  type: string;
  picture: string;
  mask: string;
  /** The output that gives the mask. */
  output: string;
}

const maskOf = ({ widget }: InputSchema): string => (widget?.kind === 'image_file' ? (widget.mask_of ?? '') : '');

export function maskPlace(schema: NodeSchema | undefined): MaskPlace | null {
  const mask = schema?.inputs.find((input) => maskOf(input) !== '');
  const output = schema?.outputs.find(({ type }) => type === 'Mask');
  return schema && mask && output ? { type: schema.id, picture: maskOf(mask), mask: mask.name, output: output.name } : null;
}

/** What to paint on for a node: its own picture, the one its mask is for, or the one it made; null when there is none. */
export function maskRequest(editor: Editor, node: string): MaskRequest | null {
  return ownMask(editor, node) ?? maskFor(editor, node) ?? maskOfMade(editor, node);
}

/** Whether a node takes or makes anything a mask could be painted for, though there may be no picture yet. */
export function takesMask({ document, runs }: Editor, node: string): boolean {
  const schema = document.schema(document.peek.nodes.get(node));
  return maskPlace(schema) !== null || maskSocket(schema) !== undefined || pictureOf(runs.all.get(node)?.outputs) !== undefined;
}

const maskSocket = (schema: NodeSchema | undefined): InputSchema | undefined =>
  schema?.inputs.find(({ type, widget }) => type === 'Mask' && !widget);

/** A mask over the picture that a node loads. */
export function ownMask(editor: Editor, node: string): MaskRequest | null {
  const { document } = editor;
  const data = document.peek.nodes.get(node);
  const place = maskPlace(document.schema(data));
  if (!data || !place) return null;
  const [file, mask] = [constantOf(data.inputs[place.picture]), constantOf(data.inputs[place.mask])];
  if (typeof file !== 'string' || file === '') return null;
  return {
    title: file,
    picture: inputImageUrl(file),
    mask: typeof mask === 'string' && mask ? inputImageUrl(mask) : '',
    keep: (name) => document.do(relabelled(setValue(document.place, node, place.mask, name || null))),
  };
}

/** A mask for a node that takes one by a link: over the picture that it takes beside it. */
function maskFor(editor: Editor, node: string): MaskRequest | null {
  const { document } = editor;
  const data = document.peek.nodes.get(node);
  const schema = document.schema(data);
  const socket = maskSocket(schema);
  if (!data || !schema || !socket) return null;
  const before = data.inputs[socket.name];
  if (isLink(before)) {
    const again = ownMask(editor, before.link[0]);
    if (again) return again;
  }
  const linked = schema.inputs.filter(({ type }) => type === 'Image').map(({ name }) => data.inputs[name]).find(isLink);
  if (!linked) return null;
  const [source, output] = linked.link;
  const to: InputEnd = { node, input: socket.name };
  return maskAtSource(editor, source, to) ?? maskOfResult(editor, shownFrom(editor, { node: source, output }), to);
}

/** The picture is loaded by another node: the mask is painted there, and linked from there. */
function maskAtSource(editor: Editor, source: string, to: InputEnd): MaskRequest | null {
  const { document } = editor;
  const request = ownMask(editor, source);
  const place = maskPlace(document.schema(document.peek.nodes.get(source)));
  if (!request || !place) return null;
  const keep = (name: string): void => {
    const painted = setValue(document.place, source, place.mask, name || null);
    const links = linkAll(editor, { node: source, output: place.output }, to);
    document.do(together(strings.edits.paintMask, [painted, ...links]));
  };
  return { ...request, keep };
}

/** Links an input, and all others that read the same mask as it: they are meant to have one mask. */
function linkAll({ document }: Editor, from: OutputEnd, to: InputEnd): (Command | null)[] {
  const before = document.peek.nodes.get(to.node)?.inputs[to.input];
  const beside = isLink(before) ? [...document.peek.links.outgoing(before.link[0])].filter((link) => link.from.output === before.link[1]) : [];
  const readers = new Map([...beside.map((link) => link.to), to].map((end) => [end.node, end]));
  return [...readers.values()].filter(({ node }) => node !== from.node).map((end) => connect(document.place, from, end));
}

/** The picture a link carried when it last ran, as its source or any node beside shows it. */
function shownFrom({ document, runs }: Editor, from: OutputEnd): OutputInfo | undefined {
  const beside = [...document.peek.links.outgoing(from.node)].filter((link) => link.from.output === from.output);
  return [from.node, ...beside.map(({ to }) => to.node)].map((id) => pictureOf(runs.all.get(id)?.outputs)).find(Boolean);
}

const pictureOf = (outputs: readonly OutputInfo[] | undefined): OutputInfo | undefined =>
  outputs?.find(({ media_type }) => media_type.startsWith('image/'));

function maskOfMade(editor: Editor, node: string): MaskRequest | null {
  return maskOfResult(editor, pictureOf(editor.runs.all.get(node)?.outputs), null);
}

/** A result sent on as an input: a node that loads it, with what was painted over it as its mask. */
export function maskOfResult(editor: Editor, output: OutputInfo | undefined, to: InputEnd | null): MaskRequest | null {
  const { document, selection } = editor;
  const place = Object.values(document.catalogue.nodes).map(maskPlace).find(Boolean);
  if (!output || !place) return null;
  const keep = async (mask: string): Promise<void> => {
    const copy = await blobAt(output.url);
    const { name } = await uploadImage(new File([copy], output.name.split('/').at(-1) ?? output.name));
    const id = document.freshId(place.type);
    const given = { [place.picture]: name, ...(mask ? { [place.mask]: mask } : {}) };
    const at = to ? besideOf(editor, to.node) : middleOf(editor);
    const added = addWired(document.place, id, place.type, at, null, null, given);
    const links = to ? linkAll(editor, { node: id, output: place.output }, to) : [];
    document.do(together(strings.edits.paintMask, [added, ...links]));
    selection.set({ nodes: [id] });
  };
  return { title: output.name, picture: output.url, mask: '', keep };
}

function middleOf({ camera }: Editor): Point {
  const { x, y } = camera.boxInMiddle(WIDTH, WIDTH);
  return [x, y];
}

/** A free place at the left of a node: below what stands there already. */
function besideOf({ document, scene }: Editor, node: string): Point {
  const box = scene.nodes.get(node) ?? { x: 0, y: 0, width: 0, height: 0 };
  const x = box.x - WIDTH - GAP;
  const boxes = [...document.peek.nodes.keys()].flatMap((id) => scene.nodes.get(id) ?? []);
  const there = boxes.filter((other) => other.x < x + WIDTH + GAP && other.x + other.width > x - GAP);
  const bottoms = there.map(({ y, height }) => y + height + GAP);
  return [x, Math.max(box.y, ...bottoms)];
}

const relabelled = (command: Command | null): Command | null =>
  command && { label: strings.edits.paintMask, changes: command.changes };
