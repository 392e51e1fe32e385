// While nodes are dragged only their links change. All else is drawn once, onto a sheet; each frame then copies and draws
// what lies around those links, and the browser puts no more than that together anew.
import type { Editor } from '../editor/editor.svelte';
import { boundsOf } from '../geometry/curve';
import { around, grown, type Rect } from '../geometry/rect';
import type { LinkShape } from '../geometry/scene';
import { visible, type View } from '../geometry/view';
import type { Ink } from './draw/ink';
import { inGraph, sheetOf } from './draw/surface';
import { paintGraph, paintLinks, paintMarks, type Drawn, type Marks } from './painting';
import type { Kind } from './target';

/** Beyond the curve itself: half the width of a bright link and what smoothing adds, in CSS pixels. */
const EDGE = 4;

export class Lifted {
  readonly #nodes = new Set<string>();
  /** Something is dragged that lies on the canvas itself. */
  #more = false;
  #sheet: HTMLCanvasElement | null = null;
  /** Where the links were in the last frame, in the graph's units. */
  #last: Rect | null = null;

  /** An item is dragged. */
  add(kind: Kind, id: string): void {
    if (kind === 'nodes' && this.#nodes.has(id)) return;
    if (kind === 'nodes') this.#nodes.add(id);
    else if (kind === 'frames') this.#more = true;
    this.changed();
  }

  /** Something else has changed, so what is on the sheet is no longer so. */
  changed(): void {
    this.#sheet = null;
  }

  /** Nothing is dragged any more. */
  clear(): void {
    this.#nodes.clear();
    this.#more = false;
    this.changed();
  }

  /** Draws the frame of a drag; false when it is none, or one that a whole frame has to show. */
  paint(ctx: CanvasRenderingContext2D, ink: Ink, editor: Editor, marks: Marks, drawn: Drawn): boolean {
    const { hovered, linking, marquee, knife } = marks;
    const plain = this.#nodes.size > 0 && !this.#more && drawn.complete && !drawn.far && !hovered && !linking && !marquee && !knife;
    if (!plain || !editor.dragging) {
      this.changed(); // a whole frame leaves links where the next one would not look for them
      return false;
    }
    const links = linksOf(editor, this.#nodes);
    const area = visible(drawn.view, editor.camera.viewport);
    const now = around(links.map(boundsOf));
    // The first frame shows the whole sheet; the others what the links leave and where they come to.
    const touched = this.#sheet ? around([this.#last, now].filter((rect) => rect !== null)) : area;
    this.#sheet ??= this.#draw(ctx.canvas, ink, editor, { ...marks, lifted: new Set(links) }, drawn);
    this.#last = now;
    if (touched) this.#renew(ctx, drawn.view, touched, () => paintLinks(ctx, ink, editor, marks, { links, area }));
    return true;
  }

  #draw({ width, height }: HTMLCanvasElement, ink: Ink, editor: Editor, marks: Marks, drawn: Drawn): HTMLCanvasElement {
    return sheetOf(width, height, (brush) => {
      paintGraph(brush, ink, editor, marks, drawn);
      paintMarks(brush, ink, editor, marks, drawn);
    });
  }

  #renew(ctx: CanvasRenderingContext2D, view: View, touched: Rect, draw: () => void): void {
    const scale = window.devicePixelRatio || 1;
    const dirty = grown(touched, EDGE / view.zoom);
    const left = Math.floor((dirty.x * view.zoom + view.x) * scale);
    const top = Math.floor((dirty.y * view.zoom + view.y) * scale);
    const width = Math.ceil(dirty.width * view.zoom * scale) + 1;
    const height = Math.ceil(dirty.height * view.zoom * scale) + 1;
    ctx.save();
    ctx.resetTransform();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    if (this.#sheet) ctx.drawImage(this.#sheet, left, top, width, height, left, top, width, height);
    inGraph(ctx, view);
    draw();
    ctx.restore();
  }
}

function linksOf({ scene }: Editor, nodes: ReadonlySet<string>): LinkShape[] {
  return [...new Set([...nodes].flatMap((id) => [...scene.linksOf(id)]))];
}
