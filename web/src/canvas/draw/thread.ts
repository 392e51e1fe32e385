// The link in the hand. It lies above the nodes, so it is an element rather than paint on the canvas behind.
import { reach, type Curve } from '../../geometry/curve';

export function drawThread(path: SVGPathElement, curve: Curve | null, colour: string, zoom: number): void {
  path.style.display = curve ? '' : 'none';
  if (!curve) return;
  const { x1, y1, x2, y2 } = curve;
  const r = reach(curve);
  path.setAttribute('d', `M${x1} ${y1}C${x1 + r} ${y1} ${x2 - r} ${y2} ${x2} ${y2}`);
  path.setAttribute('stroke', colour);
  path.setAttribute('stroke-width', String(Math.max(2.5, 1.6 / zoom)));
}
