// Putting things in order: aligned, evenly spread, or laid out anew. Each is one step to undo.
import { together } from '../document/change';
import { move, putFrame, type Items } from '../document/edit/items';
import { incoming } from '../document/links';
import type { Point } from '../document/types';
import { aligned, distributed, type Axis, type Edge } from '../geometry/arrange';
import type { LayoutJob, Placed } from '../geometry/framed-layout';
import type { Rect } from '../geometry/rect';
import { snapped } from '../geometry/snap';
import { strings } from '../strings';
import type { Editor } from './editor.svelte';

type Kind = keyof Items;
const KINDS: readonly Kind[] = ['nodes', 'frames', 'notes'];

/** The boxes of the selection under "kind id", without what is pinned. */
function chosenBoxes({ scene, selection, document }: Editor): Map<string, Rect> {
  const found = new Map<string, Rect>();
  for (const kind of KINDS) {
    for (const id of selection.items[kind]) {
      const box = scene[kind].get(id);
      if (box && !(kind === 'nodes' && document.peek.nodes.get(id)?.pinned)) found.set(`${kind} ${id}`, box);
    }
  }
  return found;
}

function moveAll({ document }: Editor, places: ReadonlyMap<string, Point>): void {
  const of = (kind: Kind): Map<string, Point> =>
    new Map([...places].filter(([key]) => key.startsWith(`${kind} `)).map(([key, at]) => [key.slice(kind.length + 1), at]));
  const command = move(document.place, { nodes: of('nodes'), frames: of('frames'), notes: of('notes') });
  document.do(command && { ...command, label: strings.edits.arrange });
}

export const align = (editor: Editor, edge: Edge): void => moveAll(editor, aligned(chosenBoxes(editor), edge));
export const distribute = (editor: Editor, axis: Axis): void => moveAll(editor, distributed(chosenBoxes(editor), axis));

/** Lays out the selection, or everything when less than two nodes are selected. */
export async function layOutGraph(editor: Editor): Promise<void> {
  const { document, camera } = editor;
  const { id } = document;
  const placed = await inWorker(jobOf(editor));
  if (document.id !== id) return;
  const [nodes, notes] = [new Map<string, Point>(), new Map<string, Point>()];
  for (const [key, [x, y]] of placed.nodes) {
    if (key.startsWith(NOTE)) notes.set(key.slice(NOTE.length), [snapped(x), snapped(y)]);
    else nodes.set(key, [snapped(x), snapped(y)]);
  }
  const frames = [...placed.frames].map(([frame, { at, size }]) => {
    const data = document.peek.frames.get(frame);
    return data ? putFrame(document.place, frame, { ...data, position: [snapped(at[0]), snapped(at[1])], size }) : null;
  });
  const command = together(strings.edits.arrange, [move(document.place, { nodes, notes }), ...frames]);
  document.do(command && { ...command, view: { ...camera.view } });
  editor.fit(editor.selection.nodes.size > 1 ? 'selection' : 'all');
}

/** Notes are boxes beside the nodes while they are laid out, so that none comes to lie under a node. */
const NOTE = 'note ';

function jobOf({ document, scene, selection }: Editor): LayoutJob {
  const graph = document.peek;
  const some = selection.nodes.size > 1;
  const ids = [...(some ? selection.nodes : graph.nodes.keys())].filter((id) => !graph.nodes.get(id)?.pinned);
  const boxes = ids.flatMap((id) => {
    const box = scene.nodes.get(id);
    return box ? [{ id, size: [box.width, box.height] as [number, number], at: [box.x, box.y] as Point }] : [];
  });
  for (const id of some ? selection.items.notes : graph.notes.keys()) {
    const box = scene.notes.get(id);
    if (box) boxes.push({ id: NOTE + id, size: [box.width, box.height], at: [box.x, box.y] });
  }
  const edges = ids.flatMap((id) => incoming(id, graph.nodes.get(id)).map(({ from }) => [from.node, id] as const));
  const frames = [...(some ? selection.items.frames : graph.frames.keys())].flatMap((id) => {
    const rect = scene.frames.get(id);
    return rect ? [{ id, rect: { ...rect } }] : [];
  });
  return { boxes, edges, frames };
}

function inWorker(job: LayoutJob): Promise<Placed> {
  const worker = new Worker(new URL('../geometry/layout.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Placed>((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<Placed>) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}
