// The colours the canvas draws with, read from the theme's tokens, since a canvas knows no CSS variables.
export interface Ink {
  ground: string;
  grid: string;
  node: string;
  border: string;
  text: string;
  accent: string;
  danger: string;
  font: string;
  /** The colour of a type or category as it shows on this ground. */
  tint: (colour: string) => string;
}

export function readInk(element: Element): Ink {
  const style = getComputedStyle(element);
  const read = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  return {
    ground: read('--surface-0', '#17181d'),
    grid: read('--grid', '#2b2e36'),
    node: read('--surface-2', '#2a2d35'),
    border: read('--border', '#444954'),
    text: read('--text-dim', '#c5c9d1'),
    accent: read('--accent', '#f0b35a'),
    danger: read('--danger', '#f07a72'),
    font: read('--font-sans', 'sans-serif'),
    tint: tinting(read('--type-ink', ''), parseFloat(read('--type-shade', '0'))),
  };
}

/** Mixed once a colour: a frame asks for thousands. */
function tinting(dark: string, percent: number): (colour: string) => string {
  if (!percent) return (colour) => colour;
  const known = new Map<string, string>();
  return (colour) => {
    let mixed = known.get(colour);
    if (!mixed) known.set(colour, (mixed = `color-mix(in oklab, ${colour}, ${dark} ${percent}%)`));
    return mixed;
  };
}
