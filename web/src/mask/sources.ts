// Pictures and masks from the server, as pixels.
import { emptyRaster, FULL, type Raster } from './raster';

export interface Pixels {
  bitmap: ImageBitmap;
  /** Red, green, blue and alpha of each pixel, row by row. */
  colours: Uint8ClampedArray;
}

/** The picture at an address. Rejects when there is none that the browser can read. */
export async function readPixels(url: string): Promise<Pixels> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const bitmap = await createImageBitmap(await answer.blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no 2d context');
  context.drawImage(bitmap, 0, 0);
  return { bitmap, colours: context.getImageData(0, 0, bitmap.width, bitmap.height).data };
}

/** What a painted file says, or where a picture is see-through: the two ways a mask is told. */
export function maskFrom({ bitmap: { width, height }, colours }: Pixels, what: 'brightness' | 'holes'): Raster {
  const raster = emptyRaster(width, height);
  for (let index = 0; index < raster.values.length; index += 1) {
    raster.values[index] = what === 'brightness' ? (colours[index * 4] ?? 0) : FULL - (colours[index * 4 + 3] ?? FULL);
  }
  return raster;
}

/** The mask to begin with. One of another size than the picture is of no use, and begins anew. */
export async function firstMask(picture: Pixels, mask: string): Promise<Raster> {
  if (!mask) return maskFrom(picture, 'holes');
  const painted = await readPixels(mask).catch(() => null);
  const fits = painted && painted.bitmap.width === picture.bitmap.width && painted.bitmap.height === picture.bitmap.height;
  return painted && fits ? maskFrom(painted, 'brightness') : emptyRaster(picture.bitmap.width, picture.bitmap.height);
}
