// What a file may be, told by its type and name alone; what it really is says the server.
export type DropKind = 'workflow' | 'picture' | 'other';

const PICTURES = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;

export function dropKind(file: Pick<File, 'name' | 'type'>): DropKind {
  if (file.type.startsWith('image/') || PICTURES.test(file.name)) return 'picture';
  if (file.type === 'application/json' || /\.json$/i.test(file.name)) return 'workflow';
  return 'other';
}

/** Where programs keep how a picture was made: PNG texts by these names, or the words they begin with. */
const RECIPE = /(?:workflow|prompt|parameters)\0|Steps: \d+, |"class_type"/;
const LOOKED_AT = 2 ** 20;

/** Whether a picture may hold a workflow, ours or another program's: then it is opened, else it is a picture. */
export async function carriesText(file: Blob): Promise<boolean> {
  const head = await file.slice(0, LOOKED_AT).arrayBuffer();
  return RECIPE.test(new TextDecoder('latin1').decode(head));
}
