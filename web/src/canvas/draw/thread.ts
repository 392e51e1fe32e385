// The link in the hand. It lies above the nodes, so it is an element rather than paint on the canvas behind.
import { cornersOf, reach, type Curve, type LinkStyle } from '../../geometry/curve';

export function drawThread(path: SVGPathElement, curve: Curve | null, colour: string, zoom: number, route: LinkStyle): void {
  path.style.display = curve ? '' : 'none';
  if (!curve) return;
  const { x1, y1, x2, y2 } = curve;
  const r = reach(curve);
  const bent = `C${x1 + r} ${y1} ${x2 - r} ${y2} ${x2} ${y2}`;
  const rest = route === 'curved' ? bent : cornersOf(curve, route).slice(1).map(([x, y]) => `L${x} ${y}`).join('');
  path.setAttribute('d', `M${x1} ${y1}${rest}`);
  path.setAttribute('stroke', colour);
  path.setAttribute('stroke-width', String(Math.max(2.5, 1.6 / zoom)));
}
