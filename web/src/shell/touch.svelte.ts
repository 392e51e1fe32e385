// Whether the page is used with fingers: hints then say what fingers do.
import { MediaQuery } from 'svelte/reactivity';

let coarse: MediaQuery | undefined;

/** Follows the device: a tablet that is given a mouse says otherwise from then on. */
export function byTouch(): boolean {
  if (typeof matchMedia === 'undefined') return false;
  coarse ??= new MediaQuery('(pointer: coarse)');
  return coarse.current;
}
