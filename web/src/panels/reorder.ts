// A list whose rows are put in another order: by dragging a handle with mouse or finger, or with the arrow keys on it.
// Rows are the elements with `data-row`, handles those with `data-handle` in them; the list itself does not change,
// only `onmove` is called.

export interface Reordering {
  /** The row at place `from` is to stand at place `to`; ends when it does. */
  onmove: (from: number, to: number) => void | Promise<void>;
}

const SLACK = 3;

/** The place a row has when it is let go at height `y`, given the middles of all rows in their order. */
export function placeAt(middles: readonly number[], from: number, y: number): number {
  const above = middles.filter((middle, index) => index !== from && middle < y).length;
  return Math.min(middles.length - 1, above);
}

export function reorderable(reordering: () => Reordering): (list: HTMLElement) => () => void {
  return (list) => {
    const drag = new RowDrag(list, (from, to) => void reordering().onmove(from, to));
    const key = (event: KeyboardEvent): void => void moveByKey(list, event, reordering());
    const down = (event: PointerEvent): void => drag.begin(event);
    list.addEventListener('pointerdown', down);
    list.addEventListener('keydown', key);
    return () => {
      list.removeEventListener('pointerdown', down);
      list.removeEventListener('keydown', key);
    };
  };
}

const rowsOf = (list: HTMLElement): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[data-row]')];

function rowOf(list: HTMLElement, target: EventTarget | null): number {
  const handle = target instanceof Element ? target.closest('[data-handle]') : null;
  return handle ? rowsOf(list).findIndex((row) => row.contains(handle)) : -1;
}

async function moveByKey(list: HTMLElement, event: KeyboardEvent, { onmove }: Reordering): Promise<void> {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const from = by === undefined ? -1 : rowOf(list, event.target);
  if (by === undefined || from < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const to = from + by;
  if (to < 0 || to >= rowsOf(list).length) return;
  const key = rowsOf(list)[from]?.dataset['row'];
  await onmove(from, to);
  // The row is another element's neighbour now; the focus stays on its handle.
  requestAnimationFrame(() => {
    const row = rowsOf(list).find((other) => other.dataset['row'] === key);
    row?.querySelector<HTMLElement>('[data-handle]')?.focus();
  });
}

class RowDrag {
  readonly #list: HTMLElement;
  readonly #onmove: (from: number, to: number) => void;
  #rows: HTMLElement[] = [];
  #middles: number[] = [];
  #from = -1;
  #to = -1;
  #start = 0;
  #moving = false;

  constructor(list: HTMLElement, onmove: (from: number, to: number) => void) {
    this.#list = list;
    this.#onmove = onmove;
  }

  begin(event: PointerEvent): void {
    const from = event.button === 0 ? rowOf(this.#list, event.target) : -1;
    if (from < 0) return;
    this.#rows = rowsOf(this.#list);
    this.#middles = this.#rows.map((row) => {
      const { top, height } = row.getBoundingClientRect();
      return top + height / 2;
    });
    [this.#from, this.#to, this.#start, this.#moving] = [from, from, event.clientY, false];
    const handle = event.target as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const controller = new AbortController();
    const options = { signal: controller.signal };
    handle.addEventListener('pointermove', (moved) => this.#move(moved), options);
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
      handle.addEventListener(name, (ended) => this.#end(ended.type === 'pointerup', controller), options);
    }
    window.addEventListener('keydown', (key) => this.#escape(key, controller), { ...options, capture: true });
  }

  #move(event: PointerEvent): void {
    const by = event.clientY - this.#start;
    if (!this.#moving && Math.abs(by) < SLACK) return;
    this.#moving = true;
    event.preventDefault();
    this.#to = placeAt(this.#middles, this.#from, (this.#middles[this.#from] ?? 0) + by);
    const height = this.#rows[this.#from]?.offsetHeight ?? 0;
    for (const [index, row] of this.#rows.entries()) {
      row.classList.toggle('dragged', index === this.#from);
      row.style.transform = `translateY(${index === this.#from ? by : this.#shift(index, height)}px)`;
    }
  }

  /** Rows between where it was and where it goes make room. */
  #shift(index: number, height: number): number {
    if (this.#from < index && index <= this.#to) return -height;
    return this.#to <= index && index < this.#from ? height : 0;
  }

  #escape(event: KeyboardEvent, controller: AbortController): void {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    this.#end(false, controller);
  }

  #end(letGo: boolean, controller: AbortController): void {
    controller.abort();
    for (const row of this.#rows) {
      row.classList.remove('dragged');
      row.style.transform = '';
    }
    if (letGo && this.#moving && this.#to !== this.#from) this.#onmove(this.#from, this.#to);
  }
}
