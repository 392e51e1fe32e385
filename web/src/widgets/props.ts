// What every widget is given. A widget shows `value` and calls `onchange` with the next one; it keeps no
// truth of its own, so undo, other tabs and a rolled seed show at once.
import type { InputSchema } from '../document/catalogue';
import type { Json } from '../document/types';
import type { Editor } from '../editor/editor.svelte';

export interface WidgetProps {
  input: InputSchema;
  /** The input's flat name in the document: `images.0`, `format.quality`. Absent: the schema's own. */
  name?: string;
  value: Json;
  /** Fed by a link: the widget shows what it last held and takes no change. */
  linked: boolean;
  editor: Editor;
  node: string;
  /** There is room to show more than one row. */
  large?: boolean;
  /** Changes of one `session` are one step to undo. */
  onchange: (value: Json, session?: string) => void;
}

export const nameOf = (props: Pick<WidgetProps, 'input' | 'name'>): string => props.name ?? props.input.name;
