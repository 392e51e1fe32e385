// What lies under a point: a socket, a link, a frame. Pure, over the scene alone.
import type { InputEnd, OutputEnd, Point } from '../document/types';
import { crosses, distanceTo } from './curve';
import { grown, holds, type Rect } from './rect';
import type { LinkShape, Scene } from './scene';

/** The link nearest to a point, no further than `radius`; links without a line are not hit. */
export function linkAt(scene: Scene, point: Point, radius: number): LinkShape | null {
  let best: LinkShape | null = null;
  let nearest = radius;
  for (const link of scene.linksIn({ x: point[0] - radius, y: point[1] - radius, width: 2 * radius, height: 2 * radius })) {
    if (link.name) continue;
    const distance = distanceTo(link, point, scene.linkStyle);
    if (distance > nearest) continue;
    nearest = distance;
    best = link;
  }
  return best;
}

/** The links that a stroke from `a` to `b` goes through. */
export function linksAcross(scene: Scene, a: Point, b: Point): LinkShape[] {
  const stroke: Rect = { x: Math.min(a[0], b[0]), y: Math.min(a[1], b[1]), width: Math.abs(a[0] - b[0]), height: Math.abs(a[1] - b[1]) };
  return [...scene.linksIn(grown(stroke, 1))].filter((link) => !link.name && crosses(link, a, b, scene.linkStyle));
}

export type SocketEnd = ({ side: 'in' } & InputEnd) | ({ side: 'out' } & OutputEnd);

/** The acceptable socket nearest to a point, no further than `radius`. */
export function socketAt(scene: Scene, point: Point, radius: number, accept: (end: SocketEnd) => boolean): SocketEnd | null {
  const area: Rect = { x: point[0] - radius, y: point[1] - radius, width: 2 * radius, height: 2 * radius };
  let best: SocketEnd | null = null;
  let nearest = radius;
  for (const node of scene.nodes.within(area)) {
    for (const [end, at] of socketsOf(scene, node)) {
      const distance = Math.hypot(at[0] - point[0], at[1] - point[1]);
      if (distance > nearest || !accept(end)) continue;
      nearest = distance;
      best = end;
    }
  }
  return best;
}

function* socketsOf(scene: Scene, node: string): Generator<[SocketEnd, Point]> {
  const box = scene.nodes.get(node);
  const layout = scene.layout(node);
  if (!box || !layout) return;
  for (const [input, [x, y]] of layout.inputs) yield [{ side: 'in', node, input }, [box.x + x, box.y + y]];
  for (const [output, [x, y]] of layout.outputs) yield [{ side: 'out', node, output }, [box.x + x, box.y + y]];
}

/** What a frame holds and takes along when it is moved: nodes, notes and frames wholly within it. */
export function heldBy(scene: Scene, frame: string): { nodes: string[]; frames: string[]; notes: string[] } {
  const box = scene.frames.get(frame);
  if (!box) return { nodes: [], frames: [], notes: [] };
  const inside = (grid: Scene['nodes']): string[] =>
    [...grid.within(box)].filter((id) => {
      const other = grid.get(id);
      return other !== undefined && holds(box, other);
    });
  return {
    nodes: inside(scene.nodes),
    frames: inside(scene.frames).filter((id) => id !== frame),
    notes: inside(scene.notes),
  };
}

interface Held {
  nodes: Set<string>;
  frames: Set<string>;
  notes: Set<string>;
}

/** Items, and what the frames among them hold. */
export function withHeld(scene: Scene, items: { readonly [Kind in keyof Held]: ReadonlySet<string> }): Held {
  const all: Held = { nodes: new Set(items.nodes), frames: new Set(items.frames), notes: new Set(items.notes) };
  for (const frame of items.frames) {
    const held = heldBy(scene, frame);
    for (const kind of ['nodes', 'frames', 'notes'] as const) for (const id of held[kind]) all[kind].add(id);
  }
  return all;
}
