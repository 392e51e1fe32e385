// From afar a frame shows the whole graph. While a box is dragged out to select, it stays the same but for what is
// selected: it is drawn once, and each frame copies it.
import type { Editor } from '../editor/editor.svelte';
import type { Ink } from './draw/ink';
import { sheetOf } from './draw/surface';
import { paintGraph, paintMarks, type Drawn, type Marks } from './painting';

export class Backdrop {
  #sheet: HTMLCanvasElement | null = null;

  /** Something other than the selection has changed. */
  changed(): void {
    this.#sheet = null;
  }

  paint(ctx: CanvasRenderingContext2D, ink: Ink, editor: Editor, marks: Marks, drawn: Drawn): void {
    if (marks.marquee && drawn.far) {
      this.#sheet ??= sheetOf(ctx.canvas.width, ctx.canvas.height, (brush) => paintGraph(brush, ink, editor, marks, drawn));
      ctx.resetTransform();
      ctx.drawImage(this.#sheet, 0, 0);
    } else {
      this.changed();
      paintGraph(ctx, ink, editor, marks, drawn);
    }
    paintMarks(ctx, ink, editor, marks, drawn);
  }
}
