// What is dropped or pasted, and what becomes of it. Nothing is fetched from elsewhere: an address is refused in words.
import { getSystem, uploadImage } from '../api/client';
import { ApiError, blobAt } from '../api/http';
import { together } from '../document/change';
import { addWired } from '../document/edit/wired';
import { readClip } from '../document/clipboard';
import type { InputEnd, Point } from '../document/types';
import { addNode, addNote } from '../editor/adding';
import { maskPlace } from '../editor/masking';
import { WIDTH } from '../geometry/layout';
import { strings } from '../strings';
import { carriesText, dropKind } from './drop-kind';
import { folderFor, tensorsOf } from './model-kind';
import { openFile, openPicture } from './opening';
import type { Shell } from './shell.svelte';

const GAP = 40;
const IN_A_ROW = 4;
const STEP = WIDTH + GAP;

export interface DropPlace {
  /** In the canvas's own units. */
  at: Point;
  /** The node that was dropped on, and the input of it, if any. */
  node: string;
  input?: string;
  /** A picture is taken as one, whatever else it holds. */
  plain?: boolean;
}

/** Files that were dropped or pasted together: one is opened or used, several pictures each become a node. */
export async function takeFiles(shell: Shell, files: readonly File[], place: DropPlace): Promise<void> {
  const [only, ...others] = files;
  if (!only) return;
  if (others.length === 0) return takeFile(shell, only, place);
  const pictures = files.filter((file) => dropKind(file) === 'picture');
  const workflows = files.filter((file) => dropKind(file) === 'workflow');
  for (const file of files.filter((one) => dropKind(one) === 'model')) await refuseModel(shell, file);
  if (pictures.length > 0) await addPictures(shell, pictures, place);
  else if (workflows[0]) await openFile(shell, workflows[0]);
  const left = workflows.length - (pictures.length > 0 ? 0 : 1);
  if (left > 0) shell.notices.add('info', () => strings.drop.oneWorkflow(left), () => strings.drop.oneWorkflowFix);
  const strange = files.find((file) => dropKind(file) === 'other');
  if (strange) shell.notices.add('warning', () => strings.drop.notThis(strange.name), () => strings.drop.notThisFix);
}

/** A workflow opens; a plain picture goes into the node it was dropped on, or into one of its own. */
async function takeFile(shell: Shell, file: File, place: DropPlace): Promise<void> {
  const kind = dropKind(file);
  if (kind === 'model') return refuseModel(shell, file);
  if (kind === 'other') {
    shell.notices.add('warning', () => strings.drop.notThis(file.name), () => strings.drop.notThisFix);
    return;
  }
  const onNode = kind === 'picture' && imageInputOf(shell, place) !== null;
  if (kind === 'workflow') return openFile(shell, file);
  if (!onNode && !place.plain && (await carriesText(file)) && (await openPicture(shell, file))) return;
  await addPictures(shell, [file], place);
}

/** A result goes on as an input: its file is copied among the input files. */
export async function takeResult(shell: Shell, { url, name }: CarriedResult, place: DropPlace): Promise<void> {
  const copy = await blobAt(url);
  await addPictures(shell, [new File([copy], name.split('/').at(-1) ?? name, { type: copy.type })], place);
}

/** Text on the canvas: a workflow opens, any other words become a node that holds them. */
export async function takeText(shell: Shell, text: string, at: Point): Promise<void> {
  const words = text.trim();
  if (!words || readClip(words)) return;
  if (/^(https?|ftp|file|data):\S*$/i.test(words)) {
    shell.notices.add('warning', () => strings.drop.address, () => strings.drop.addressFix);
  } else if (words.startsWith('{')) {
    await openFile(shell, new File([words], strings.drop.clipboard, { type: 'application/json' }));
  } else if (shell.editor.document.catalogue.nodes['text']) addNode(shell.editor, 'text', at, { value: text });
  else {
    const note = addNote(shell.editor, at);
    shell.editor.edit.changeNote(note, { text });
  }
}

// ------------------------------------------------------------ pictures

const isImage = (type: string): boolean => type.split('|').includes('Image');

/** Whether a node loads pictures by itself, so that one that is pasted goes into it. */
export const loadsPictures = (shell: Shell, node: string): boolean => imageInputOf(shell, { at: [0, 0], node }) !== null;

/** The input of a node that names a picture file: the one that was dropped on, else its first. */
function imageInputOf({ editor }: Shell, { node, input }: DropPlace): InputEnd | null {
  const inputs = editor.document.schema(editor.document.peek.nodes.get(node))?.inputs.filter(({ widget }) => widget?.kind === 'image_file') ?? [];
  const found = inputs.find(({ name }) => name === input) ?? inputs[0];
  return found ? { node, input: found.name } : null;
}

/** The input of a node that takes a picture by a link. */
function imageSocketOf({ editor }: Shell, node: string): InputEnd | null {
  const found = editor.document.schema(editor.document.peek.nodes.get(node))?.inputs.find(({ type, widget }) => isImage(type) && !widget);
  return found ? { node, input: found.grows ? `${found.name}.0` : found.name } : null;
}

/** The node type that loads pictures: one that takes a mask over them, else any. */
function imageLoader({ editor }: Shell): { type: string; input: string; output: string } | null {
  const types = Object.values(editor.document.catalogue.nodes);
  const schema = types.find((type) => maskPlace(type) !== null) ?? types.find(({ inputs }) => inputs.some(({ widget }) => widget?.kind === 'image_file'));
  const input = schema?.inputs.find(({ widget }) => widget?.kind === 'image_file');
  const output = schema?.outputs.find(({ type }) => isImage(type));
  return schema && input ? { type: schema.id, input: input.name, output: output?.name ?? '' } : null;
}

/** Uploads pictures and puts the first into the node that was dropped on; each of the others gets a node. */
async function addPictures(shell: Shell, files: readonly File[], place: DropPlace): Promise<void> {
  const loader = imageLoader(shell);
  if (!loader) {
    shell.notices.add('warning', () => strings.drop.noLoader, () => strings.drop.noLoaderFix);
    return;
  }
  const names = await uploadAll(shell, files);
  const own = imageInputOf(shell, place);
  const socket = own ? null : imageSocketOf(shell, place.node);
  if (own && names[0]) shell.editor.edit.setValue(own.node, own.input, names[0]);
  placePictures(shell, own ? names.slice(1) : names, place.at, loader, socket);
  if (names.length === 1) shell.notices.add('success', () => strings.drop.uploaded(names[0] ?? ''));
  else if (names.length > 1) shell.notices.add('success', () => strings.drop.uploadedMany(names.length));
}

async function uploadAll(shell: Shell, files: readonly File[]): Promise<string[]> {
  const names: string[] = [];
  for (const file of files) {
    const uploaded = await shell.attempt(uploadImage(file));
    if (uploaded) names.push(uploaded.name);
  }
  return names;
}

/** Nodes that load pictures, in rows; the first is wired to a socket, when there is one to feed. One step to undo. */
function placePictures({ editor }: Shell, names: readonly string[], at: Point, loader: { type: string; input: string; output: string }, socket: InputEnd | null): void {
  const { document, scene, selection } = editor;
  const box = socket && scene.nodes.get(socket.node);
  const [left, top]: Point = box ? [box.x - STEP, box.y] : at;
  const ids: string[] = [];
  const added = names.map((name, index) => {
    const id = document.freshId(loader.type);
    ids.push(id);
    const position: Point = [left + (index % IN_A_ROW) * STEP, top + Math.floor(index / IN_A_ROW) * STEP];
    const end = socket && index === 0 ? ({ direction: 'in', to: socket, type: 'Image' } as const) : null;
    return addWired(document.place, id, loader.type, position, end, end && loader.output, { [loader.input]: name });
  });
  if (added.length === 0) return;
  document.do(together(strings.edits.addNode, added));
  selection.set({ nodes: ids });
}

// ------------------------------------------------------------ models

/** Models are large and lie in folders of their own; where this one belongs is said. */
async function refuseModel(shell: Shell, file: File): Promise<void> {
  const folder = folderFor(await tensorsOf(file));
  const home = await getSystem().then(({ home: place }) => place).catch((error: unknown) => {
    if (error instanceof ApiError) return '';
    throw error;
  });
  const where = [home, 'models', folder || strings.drop.itsKind].filter(Boolean).join('/');
  const again = { label: () => strings.widgets.lookAgain, run: () => void shell.nodes.refresh() };
  shell.notices.add('warning', () => strings.drop.model(file.name), () => strings.drop.modelFix(where), again);
}

// ------------------------------------------------------------ results that are carried about

export interface CarriedResult {
  url: string;
  name: string;
}

const FILES = '/api/files/';

/** The file of this server whose address is carried; null when it is anything else. */
export function carriedBy(data: DataTransfer | null): CarriedResult | null {
  const text = data?.getData('text/uri-list').split('\n')[0] ?? '';
  if (!URL.canParse(text)) return null;
  const { origin, pathname } = new URL(text);
  if (origin !== location.origin || !pathname.startsWith(FILES)) return null;
  return { url: pathname, name: decodeURIComponent(pathname.slice(FILES.length)) };
}
