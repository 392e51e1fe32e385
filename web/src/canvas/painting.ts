// Everything on the canvas behind the nodes, from the ground up; and what is too far or too new for elements.
import type { Editor } from '../editor/editor.svelte';
import type { NodeData } from '../document/types';
import type { Grid } from '../geometry/grid';
import { overlaps, type Rect } from '../geometry/rect';
import type { LinkShape } from '../geometry/scene';
import { visible, type View } from '../geometry/view';
import { drawBoxes, outlineBoxes, type Box } from './draw/boxes';
import { drawFrames, outlineFrames } from './draw/frames';
import { drawGround } from './draw/ground';
import type { Ink } from './draw/ink';
import { drawKnife } from './draw/knife';
import { drawLinks } from './draw/links';
import { drawMarquee } from './draw/marquee';
import { drawNotes } from './draw/notes';
import { inGraph } from './draw/surface';
import type { Linking } from './linking';
import { categoryColour, lookOf } from './palette';
import type { Knife } from './stage.svelte';

/** What the pointer is at and what it drags: drawn, and no part of the document. */
export interface Marks {
  hovered: LinkShape | null;
  hoveredNode: string | null;
  linking: Linking | null;
  marquee: Rect | null;
  knife: Knife | null;
  /** Links that are left out, for they are drawn later. */
  lifted?: ReadonlySet<LinkShape>;
}

/** The view as it is shown, and which nodes have elements in it; `far` when none has, and notes neither. */
export interface Drawn {
  view: View;
  far: boolean;
  complete: boolean;
  nodes: readonly string[];
}

/** Everything but what the hand marks; lays the ground over all that was there. */
export function paintGraph(ctx: CanvasRenderingContext2D, ink: Ink, editor: Editor, marks: Marks, drawn: Drawn): void {
  const { view } = drawn;
  const { viewport } = editor.camera;
  const scale = window.devicePixelRatio || 1;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  drawGround(ctx, view, viewport, ink);
  inGraph(ctx, view);
  const area = visible(view, viewport);
  drawFrames(ctx, framesIn(editor, area), ink, view.zoom);
  // From afar nearly all are in view, and to ask for them one by one costs more than to look at each.
  const links = drawn.far ? editor.scene.links() : editor.scene.linksIn(area);
  paintLinks(ctx, ink, editor, marks, { links, area });
  if (drawn.far) drawNotes(ctx, notesIn(editor, area), ink);
  if (drawn.far || !drawn.complete) drawBoxes(ctx, boxesIn(editor, area, new Set(drawn.nodes)), ink, view.zoom);
}

/** What is selected and has no element to show it, and what the hand draws. */
export function paintMarks(ctx: CanvasRenderingContext2D, ink: Ink, editor: Editor, marks: Marks, drawn: Drawn): void {
  const { scene, selection, camera } = editor;
  const { zoom } = drawn.view;
  inGraph(ctx, drawn.view);
  const area = visible(drawn.view, camera.viewport);
  outlineFrames(ctx, boxesOf(selection.items.frames, scene.frames, area), ink, zoom);
  if (drawn.far || !drawn.complete) {
    const mounted = new Set(drawn.nodes);
    const bare = [...selection.nodes].filter((id) => !mounted.has(id));
    outlineBoxes(ctx, boxesOf(bare, scene.nodes, area), ink.accent, 2.5 / zoom, zoom);
  }
  if (marks.knife) {
    const { stroke, ends } = marks.knife;
    const links = ends.flatMap((to) => scene.link(to) ?? []);
    drawKnife(ctx, stroke, links, ink, zoom, scene.linkStyle);
  }
  if (marks.marquee) drawMarquee(ctx, marks.marquee, ink, zoom);
}

function boxesOf(ids: Iterable<string>, grid: Grid, area: Rect): Rect[] {
  return [...ids].flatMap((id) => grid.get(id) ?? []).filter((box) => overlaps(box, area));
}

export function paintLinks(
  ctx: CanvasRenderingContext2D,
  ink: Ink,
  editor: Editor,
  marks: Marks,
  { links, area }: { links: Iterable<LinkShape>; area: Rect },
): void {
  const { scene, camera } = editor;
  const { catalogue } = editor.document;
  const colourOf = (type: string): string => ink.tint(lookOf(catalogue, type).colour);
  const bright = marks.hovered ? new Set([marks.hovered]) : linksOfHovered(editor, marks);
  const taken = marks.linking?.taken;
  const hidden = new Set(marks.lifted ?? []);
  const pulled = taken && scene.link(taken);
  if (pulled) hidden.add(pulled);
  drawLinks(ctx, links, area, { colourOf, bright, hidden, route: scene.linkStyle, zoom: camera.view.zoom });
}

function linksOfHovered({ scene }: Editor, { hoveredNode, linking }: Marks): ReadonlySet<LinkShape> | null {
  if (!hoveredNode || linking) return null;
  const found = new Set<LinkShape>(scene.linksOf(hoveredNode));
  return found.size ? found : null;
}

function framesIn({ scene, document }: Editor, area: Rect): Parameters<typeof drawFrames>[1] {
  const drawn = [...scene.frames.within(area)].flatMap((id) => {
    const [box, data] = [scene.frames.get(id), document.peek.frames.get(id)];
    return box && data ? [{ ...box, data }] : [];
  });
  // The larger lie below, so that nested frames show.
  return drawn.sort((a, b) => b.width * b.height - a.width * a.height);
}

function notesIn({ scene, document }: Editor, area: Rect): Parameters<typeof drawNotes>[1] {
  return [...scene.notes.within(area)].flatMap((id) => {
    const box = scene.notes.get(id);
    return box ? [{ box, colour: document.peek.notes.get(id)?.colour ?? '' }] : [];
  });
}

/** What is in view and has no element of its own. */
function boxesIn(editor: Editor, area: Rect, mounted: ReadonlySet<string>): Box[] {
  const { scene, document, problems, runs } = editor;
  // Asked of thousands of nodes, and of most sheets there is nothing to say.
  const isTroubled = problems.all.length > 0 ? (id: string) => problems.of(id).some(({ level }) => level === 'error') : () => false;
  const boxes: Box[] = [];
  for (const id of scene.nodes.within(area)) {
    const [box, node] = [scene.nodes.get(id), document.peek.nodes.get(id)];
    if (box && node && !mounted.has(id)) boxes.push(boxOf(document, node, box, runs.peek(id).state === 'failed' || isTroubled(id)));
  }
  return boxes;
}

function boxOf(document: Editor['document'], node: NodeData, box: Rect, failed: boolean): Box {
  return {
    ...box,
    colour: node.colour || categoryColour(document.schema(node)?.category ?? ''),
    title: document.titleOf(node),
    failed,
    faint: (node.mode ?? 'run') !== 'run',
    collapsed: node.collapsed === true,
  };
}
