// New things on the canvas. Each stands where it is asked for, is one step to undo, and is selected.
import { putFrame, putNote } from '../document/edit/items';
import { addWired } from '../document/edit/wired';
import type { InputEnd, Json, Point, Size } from '../document/types';
import { DOT, HEADER, ROW, WIDTH } from '../geometry/layout';
import { around, grown, type Rect } from '../geometry/rect';
import { snapped } from '../geometry/snap';
import { strings } from '../strings';
import type { Camera } from './camera.svelte';
import type { Editor } from './editor.svelte';
import { fittingSocket } from './fitting';
import type { PaletteRequest } from './requests.svelte';

const NOTE_SIZE: Size = [280, 160];
const FRAME_SIZE: Size = [400, 300];
const FRAME_MARGIN = 24;
const FRAME_TITLE = 32;

/** Adds a node with its top left corner at `position` and gives its id. */
export function addNode({ document, selection }: Editor, type: string, position: Point, given: Record<string, Json> = {}): string {
  const id = document.freshId(type);
  document.do(addWired(document.place, id, type, position, null, null, given));
  selection.set({ nodes: [id] });
  return id;
}

/** Adds what was chosen in the palette, wired to the loose end it was asked for; null when there is no such type. */
export function addChosen({ document, selection, camera, requests }: Editor, type: string, given: Readonly<Record<string, Json>> = {}): string | null {
  const request = requests.palette ?? camera.middleRequest();
  requests.palette = null;
  const schema = document.catalogue.nodes[type];
  if (!schema) return null;
  const socket = request.fitting && fittingSocket(document.catalogue, schema, request.fitting);
  const id = document.freshId(type);
  document.do(addWired(document.place, id, type, cornerAt(request), request.fitting, socket, given));
  selection.set({ nodes: [id] });
  return id;
}

/** A dot in the link that ends at `to`, with its middle at a point. */
export function addRerouteAt({ edit, selection, scene, document }: Editor, to: InputEnd, at: Point): void {
  const id = edit.addReroute(to, [snapped(at[0] - DOT.width / 2), snapped(at[1] - DOT.height / 2)]);
  const box = scene.nodes.get(id);
  if (!box || !document.peek.nodes.has(id)) return;
  selection.set({ nodes: [id] });
}

/** A frame around the selection; with nothing selected an empty one, at a point or in the middle of the view. */
export function addFrame({ document, selection, camera, scene }: Editor, at: Point | null = null): string {
  const held = around(scene.boxesOf(selection.items));
  const box = held ? grown(held, FRAME_MARGIN) : boxAt(camera, at, FRAME_SIZE);
  const title = strings.canvas.newFrame;
  const room = held ? FRAME_TITLE : 0;
  const id = document.freshId('frame');
  const position: Point = [box.x, box.y - room];
  document.do(putFrame(document.place, id, { title, position, size: [box.width, box.height + room] }));
  selection.set({ frames: [id] });
  return id;
}

/** An empty note to be written, at a point or in the middle of the view. */
export function addNote({ document, selection, camera }: Editor, at: Point | null = null): string {
  const { x, y } = boxAt(camera, at, NOTE_SIZE);
  const id = document.freshId('note');
  document.do(putNote(document.place, id, { text: '', position: [x, y], size: NOTE_SIZE }));
  selection.set({ notes: [id] });
  return id;
}

function boxAt(camera: Camera, at: Point | null, [width, height]: Size): Rect {
  return at ? { x: snapped(at[0]), y: snapped(at[1]), width, height } : camera.boxInMiddle(width, height);
}

/** Where a chosen node goes: wired to a link, its socket's edge comes near where the link was dropped. */
function cornerAt({ at: [x, y], fitting }: PaletteRequest): Point {
  if (!fitting) return [snapped(x), snapped(y)];
  const left = fitting.direction === 'in' ? x - WIDTH : x;
  return [snapped(left), snapped(y - HEADER - ROW / 2)];
}
