// How the user wants the canvas to behave. Not part of any document.
import type { LinkStyle } from '../geometry/curve';

export class Preferences {
  /** What is dragged comes to rest on the grid; Alt does the other. */
  snap = $state(true);
  linkStyle = $state<LinkStyle>('curved');
  /** What a wheel does: zoom, pan, or what fits the device. */
  wheel = $state<'auto' | 'zoom' | 'pan'>('auto');
  /** What one step adds to the weight of a word. */
  weightStep = $state(0.05);
}
