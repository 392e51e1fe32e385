// How the next stroke is drawn and how the mask is shown; kept in this browser from one picture to the next.
export type Tool = 'brush' | 'eraser' | 'rectangle' | 'lasso' | 'fill' | 'hand';
export type Tint = 'amber' | 'magenta' | 'cyan' | 'green';

export const TOOLS: readonly { name: Tool; key: string }[] = [
  { name: 'brush', key: 'b' },
  { name: 'eraser', key: 'e' },
  { name: 'rectangle', key: 'r' },
  { name: 'lasso', key: 'l' },
  { name: 'fill', key: 'f' },
  { name: 'hand', key: 'h' },
];

/** The overlay is pixels and no element, so its colours are numbers: red, green, blue. */
export const TINTS: Readonly<Record<Tint, readonly [number, number, number]>> = {
  amber: [255, 176, 32],
  magenta: [255, 64, 192],
  cyan: [40, 210, 255],
  green: [90, 230, 90],
};

export const LEAST_SIZE = 1;
export const MOST_SIZE = 512;
const KEY = 'loom.mask';

interface Kept {
  size: number;
  softness: number;
  tolerance: number;
  opacity: number;
  tint: Tint;
  pressure: boolean;
}

const DEFAULTS: Kept = { size: 48, softness: 0, tolerance: 0, opacity: 60, tint: 'magenta', pressure: true };

export class MaskSettings {
  tool: Tool = $state('brush');
  /** Pixels to both sides of an edge; belongs to one mask, so it is not kept. */
  feather = $state(0);
  readonly kept: Kept = $state({ ...DEFAULTS, ...readKept() });

  /** Larger or smaller by a share, and by a pixel at least. */
  resize(steps: number): void {
    const next = steps > 0 ? Math.max(this.kept.size + 1, this.kept.size * 1.15 ** steps) : Math.min(this.kept.size - 1, this.kept.size * 1.15 ** steps);
    this.kept.size = Math.round(Math.min(MOST_SIZE, Math.max(LEAST_SIZE, next)));
  }

  keep(): void {
    localStorage.setItem(KEY, JSON.stringify(this.kept));
  }
}

function readKept(): Partial<Kept> {
  try {
    const read = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Record<keyof Kept, unknown>>;
    const sound = Object.entries(read).filter(([name, value]) => typeof value === typeof DEFAULTS[name as keyof Kept]);
    const kept = Object.fromEntries(sound) as Partial<Kept>;
    if (kept.tint !== undefined && !(kept.tint in TINTS)) delete kept.tint;
    return kept;
  } catch {
    return {};
  }
}
