// What a file may be, told by its type and name alone; what it really is says the server.
import { isModelFile } from './model-kind';

export type DropKind = 'workflow' | 'picture' | 'model' | 'other';

const PICTURES = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;

export function dropKind(file: Pick<File, 'name' | 'type'>): DropKind {
  if (file.type.startsWith('image/') || PICTURES.test(file.name)) return 'picture';
  if (file.type === 'application/json' || /\.json$/i.test(file.name)) return 'workflow';
  return isModelFile(file.name) ? 'model' : 'other';
}

/** Where programs keep how a picture was made: PNG texts by these names, Exif comments that hold JSON of a graph. */
const RECIPE = /(?:workflow|prompt|parameters)\0|Steps: \d+, |"class_type"|ASCII\0\0\0\{[^]*"nodes":/;
const LOOKED_AT = 2 ** 20;

/**
 * Whether a picture may hold a workflow, ours or another program's: then it is opened, else it is a picture. A PNG
 * and a JPEG say it before their pixels, a WebP after them.
 */
export async function carriesText(file: Blob): Promise<boolean> {
  const ends = [file.slice(0, LOOKED_AT), file.slice(Math.max(LOOKED_AT, file.size - LOOKED_AT))];
  for (const end of ends) if (RECIPE.test(new TextDecoder('latin1').decode(await end.arrayBuffer()))) return true;
  return false;
}
