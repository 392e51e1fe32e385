// An automatic layout that keeps what a frame holds in the frame: the inside of each frame is laid out by itself and the
// frame then counts as one box in what is around it. Pure.
import type { Point, Size } from '../document/types';
import { autoLayout, type Box, type Edge } from './auto-layout';
import { holds, type Rect } from './rect';

export interface LayoutJob {
  boxes: readonly Box[];
  edges: readonly Edge[];
  frames: readonly { id: string; rect: Rect }[];
}

export interface Placed {
  nodes: Map<string, Point>;
  frames: Map<string, { at: Point; size: Size }>;
}

const MARGIN = 24;
const TITLE = 32;
/** Frames and nodes are boxes alike while they are laid out. */
const frameKey = (id: string): string => `frame ${id}`;

const rectOf = ({ at, size }: Box): Rect => ({ x: at[0], y: at[1], width: size[0], height: size[1] });

export function layOut({ boxes, edges, frames }: LayoutJob): Placed {
  const sorted = [...frames].sort((a, b) => a.rect.width * a.rect.height - b.rect.width * b.rect.height);
  const holder = (rect: Rect, own = ''): string => {
    const found = sorted.find((frame) => frame.id !== own && holds(frame.rect, rect));
    return found ? frameKey(found.id) : '';
  };
  const parent = new Map(boxes.map((box): [string, string] => [box.id, holder(rectOf(box))]));
  for (const { id, rect } of sorted) parent.set(frameKey(id), holder(rect, id));
  const groups = new Map<string, Box[]>();
  const put = (box: Box): void => void groups.set(parent.get(box.id) ?? '', [...(groups.get(parent.get(box.id) ?? '') ?? []), box]);
  for (const box of boxes) put(box);
  const inner = new Map<string, Map<string, Point>>();
  const sizes = new Map<string, Size>();
  for (const { id, rect } of sorted) {
    const key = frameKey(id);
    const { places, size } = layOutGroup(groups.get(key) ?? [], edges, key, parent, [rect.width, rect.height]);
    inner.set(key, places);
    sizes.set(key, size);
    put({ id: key, size, at: [rect.x, rect.y] });
  }
  const placed: Placed = { nodes: new Map(), frames: new Map() };
  const place = (places: ReadonlyMap<string, Point>, [dx, dy]: Point): void => {
    for (const [id, [x, y]] of places) {
      const at: Point = [x + dx, y + dy];
      const within = inner.get(id);
      if (!within) placed.nodes.set(id, at);
      else {
        placed.frames.set(id.slice(frameKey('').length), { at, size: sizes.get(id) ?? [0, 0] });
        place(within, at);
      }
    }
  };
  place(autoLayout(groups.get('') ?? [], climbed(edges, '', parent)), [0, 0]);
  return placed;
}

/** The inside of a frame, from the frame's own corner. An empty frame keeps its size. */
function layOutGroup(boxes: readonly Box[], edges: readonly Edge[], key: string, parent: ReadonlyMap<string, string>, empty: Size): { places: Map<string, Point>; size: Size } {
  if (!boxes.length) return { places: new Map(), size: empty };
  const places = autoLayout(boxes, climbed(edges, key, parent));
  const left = Math.min(...[...places.values()].map(([x]) => x)) - MARGIN;
  const top = Math.min(...[...places.values()].map(([, y]) => y)) - MARGIN - TITLE;
  const size: Size = [0, 0];
  for (const box of boxes) {
    const [x, y] = places.get(box.id) ?? [0, 0];
    places.set(box.id, [x - left, y - top]);
    size[0] = Math.max(size[0], x - left + box.size[0] + MARGIN);
    size[1] = Math.max(size[1], y - top + box.size[1] + MARGIN);
  }
  return { places, size };
}

/** The edges between the boxes of a group: an end inside a frame of the group is the frame's. */
function climbed(edges: readonly Edge[], group: string, parent: ReadonlyMap<string, string>): Edge[] {
  const up = (id: string): string | null => {
    let at = id;
    for (let above = parent.get(at); above !== group; above = parent.get(at)) {
      if (!above) return null;
      at = above;
    }
    return at;
  };
  return edges.flatMap(([from, to]): Edge[] => {
    const [a, b] = [up(from), up(to)];
    return a !== null && b !== null && a !== b ? [[a, b]] : [];
  });
}
