// Colour and shape of every type of socket. Okabe and Ito's colours, lightened for a dark ground: told apart
// by colour-blind eyes, and by shape where colours come close. Packs give a colour and get a diamond outline.
import type { Catalogue } from '../document/catalogue';

export type Shape = 'diamond' | 'half-right' | 'half-left' | 'disc' | 'ring' | 'square' | 'open-diamond';

export interface TypeLook {
  colour: string;
  shape: Shape;
}

const BUILT_IN: Readonly<Record<string, TypeLook>> = {
  Model: { colour: '#d88cb8', shape: 'diamond' },
  TextEncoder: { colour: '#f0e05a', shape: 'diamond' },
  VAE: { colour: '#ef7b45', shape: 'diamond' },
  Conditioning: { colour: '#eba72f', shape: 'half-right' },
  Latent: { colour: '#2fbd92', shape: 'half-left' },
  Image: { colour: '#62b8ee', shape: 'disc' },
  Mask: { colour: '#dfe5ec', shape: 'ring' },
  int: { colour: '#93a7c4', shape: 'square' },
  float: { colour: '#93a7c4', shape: 'square' },
  str: { colour: '#a9c58f', shape: 'square' },
  bool: { colour: '#bda7d1', shape: 'square' },
  file: { colour: '#c8b48e', shape: 'square' },
};

const ANYTHING: TypeLook = { colour: '#a7adba', shape: 'open-diamond' };

/** How a socket of this type looks. A union looks like its first member, a free variable like anything. */
export function lookOf(catalogue: Catalogue, type: string): TypeLook {
  const first = type.split('|')[0] ?? type;
  const known = BUILT_IN[first];
  if (known) return type.includes('|') ? { ...known, shape: 'open-diamond' } : known;
  const given = catalogue.types[first]?.colour;
  return given ? { colour: given, shape: 'open-diamond' } : ANYTHING;
}

/** Outlines in a box of 12 by 12. */
export const SHAPE_PATHS: Readonly<Record<Shape, string>> = {
  diamond: 'M6 0.4 11.6 6 6 11.6 0.4 6Z',
  'open-diamond': 'M6 0.4 11.6 6 6 11.6 0.4 6ZM6 3.2 3.2 6 6 8.8 8.8 6Z',
  'half-right': 'M2.6 0.6H5.2A5.4 5.4 0 0 1 5.2 11.4H2.6Z',
  'half-left': 'M6 0.8A5.2 5.2 0 1 0 6 11.2ZM6 0.8A5.2 5.2 0 0 1 6 11.2V9.8A3.8 3.8 0 0 0 6 2.2Z',
  disc: 'M6 0.8A5.2 5.2 0 1 1 6 11.2 5.2 5.2 0 1 1 6 0.8Z',
  ring: 'M6 0.8A5.2 5.2 0 1 1 6 11.2 5.2 5.2 0 1 1 6 0.8ZM6 3.2A2.8 2.8 0 1 0 6 8.8 2.8 2.8 0 1 0 6 3.2Z',
  square: 'M1.4 1.4H10.6V10.6H1.4Z',
};

/** One hue a category, spread so that neighbours in the palette differ; packs' categories get one by name. */
const CATEGORIES: Readonly<Record<string, string>> = {
  loaders: '#d88cb8',
  text: '#eba72f',
  latent: '#2fbd92',
  sampling: '#8c9cf0',
  image: '#62b8ee',
  mask: '#c4cdd8',
  values: '#93a7c4',
  logic: '#bda7d1',
  layout: '#7d8593',
};
const OTHERS = ['#d88cb8', '#eba72f', '#2fbd92', '#62b8ee', '#ef7b45', '#8c9cf0', '#a9c58f', '#bda7d1'];

export function categoryColour(category: string): string {
  const top = category.split('/')[0]?.toLowerCase() ?? '';
  const known = CATEGORIES[top];
  if (known) return known;
  let sum = 0;
  for (const letter of top) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return top ? (OTHERS[sum % OTHERS.length] ?? '#7d8593') : '#7d8593';
}
