// Where an arrow key goes from a node: along its links to the left and right, else to the nearest that way.
import type { Graph } from '../document/document';
import { incoming } from '../document/links';
import { centreOf, type Rect } from './rect';
import type { Scene } from './scene';

export type Direction = 'left' | 'right' | 'up' | 'down';

export function nextNode(graph: Graph, scene: Scene, from: string, direction: Direction): string | null {
  const linked =
    direction === 'right'
      ? [...graph.links.outgoing(from)].map((link) => link.to.node)
      : direction === 'left'
        ? incoming(from, graph.nodes.get(from)).map((link) => link.from.node)
        : [];
  const box = scene.nodes.get(from);
  if (!box) return null;
  return nearest(scene, linked, box) ?? nearestThatWay(scene, from, box, direction);
}

function nearest(scene: Scene, ids: readonly string[], box: Rect): string | null {
  let best: string | null = null;
  let least = Infinity;
  for (const id of ids) {
    const other = scene.nodes.get(id);
    if (!other) continue;
    const [dx, dy] = between(box, other);
    const distance = Math.abs(dx) * 0.25 + Math.abs(dy);
    if (distance >= least) continue;
    least = distance;
    best = id;
  }
  return best;
}

/** Nearest of those lying that way, what lies straight ahead first. */
function nearestThatWay(scene: Scene, from: string, box: Rect, direction: Direction): string | null {
  let best: string | null = null;
  let least = Infinity;
  for (const [id, other] of scene.nodes.boxes()) {
    if (id === from) continue;
    const [dx, dy] = between(box, other);
    const ahead = { right: dx, left: -dx, down: dy, up: -dy }[direction];
    const aside = Math.abs(direction === 'left' || direction === 'right' ? dy : dx);
    if (ahead <= 0 || aside > ahead * 2) continue;
    const distance = ahead + aside * 2;
    if (distance >= least) continue;
    least = distance;
    best = id;
  }
  return best;
}

function between(a: Rect, b: Rect): [number, number] {
  const [[ax, ay], [bx, by]] = [centreOf(a), centreOf(b)];
  return [bx - ax, by - ay];
}
