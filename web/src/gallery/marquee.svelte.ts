// A rectangle drawn with the mouse from a place between the pictures: what it touches is chosen.
import type { Gallery } from './gallery.svelte';
import type { Grid } from './grid';

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const LEAST = 4;
/** Pixels from an edge where the grid scrolls along, and how far a time. */
const EDGE = 36;

export class Marquee {
  box = $state.raw<Box | null>(null);
  readonly #gallery: Gallery;
  readonly #grid: () => Grid;

  constructor(gallery: Gallery, grid: () => Grid) {
    this.#gallery = gallery;
    this.#grid = grid;
  }

  begin(event: PointerEvent, scroller: HTMLElement): void {
    const onCell = event.target instanceof Element && event.target.closest('[role="gridcell"]') !== null;
    if (event.button !== 0 || event.pointerType !== 'mouse' || onCell || event.offsetX > scroller.clientWidth + scroller.scrollLeft) return;
    const kept = event.shiftKey || event.ctrlKey || event.metaKey ? [...this.#gallery.chosen] : [];
    const start = place(event, scroller);
    scroller.setPointerCapture(event.pointerId);
    const move = (now: PointerEvent): void => this.#to(start, now, scroller, kept);
    const end = (): void => {
      scroller.removeEventListener('pointermove', move);
      // A press without a drag on the ground chooses nothing.
      if (!this.box && kept.length === 0) this.#gallery.chosen.clear();
      this.box = null;
    };
    scroller.addEventListener('pointermove', move);
    scroller.addEventListener('lostpointercapture', end, { once: true });
  }

  #to(start: [number, number], now: PointerEvent, scroller: HTMLElement, kept: readonly number[]): void {
    follow(now, scroller);
    const [x, y] = place(now, scroller);
    const box = { x: Math.min(x, start[0]), y: Math.min(y, start[1]), width: Math.abs(x - start[0]), height: Math.abs(y - start[1]) };
    if (!this.box && Math.max(box.width, box.height) < LEAST) return;
    this.box = box;
    const pad = parseFloat(getComputedStyle(scroller).paddingLeft);
    const ranges = this.#grid().touching(box.x - pad, box.y, box.x - pad + box.width, box.y + box.height);
    const { chosen, listing } = this.#gallery;
    chosen.clear();
    for (const id of kept) chosen.add(id);
    for (const [from, to] of ranges) {
      for (let index = from; index < to; index += 1) {
        const result = listing.at(index);
        if (result) chosen.add(result.id);
      }
    }
  }
}

function place(event: PointerEvent, scroller: HTMLElement): [number, number] {
  const box = scroller.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top + scroller.scrollTop];
}

/** Near an edge the grid comes along. */
function follow(event: PointerEvent, scroller: HTMLElement): void {
  const box = scroller.getBoundingClientRect();
  if (event.clientY < box.top + EDGE) scroller.scrollTop -= EDGE / 2;
  else if (event.clientY > box.bottom - EDGE) scroller.scrollTop += EDGE / 2;
}
