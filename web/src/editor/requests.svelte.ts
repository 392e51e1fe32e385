// What the canvas asks of the panels: a palette at a point, a picture at full size, a menu. A panel shows what
// stands here and answers through the editor.
import type { SocketEnd } from '../geometry/hit';
import type { InputEnd, LooseEnd, OutputEnd, Point } from '../document/types';
import type { OutputInfo } from './run';

export interface PaletteRequest {
  /** Where on the page, in CSS pixels of the window. */
  x: number;
  y: number;
  /** Where the chosen node goes, in the canvas's own units. */
  at: Point;
  /** Only nodes that fit this end are offered. */
  fitting: LooseEnd | null;
}

export interface PictureRequest {
  output: OutputInfo;
  /** All pictures of the same node, to step through. */
  outputs: readonly OutputInfo[];
}

export interface MenuRequest {
  x: number;
  y: number;
  at: Point;
  /** What was clicked; nothing for the empty canvas. */
  target: { kind: 'node' | 'frame' | 'note'; id: string; from?: OutputEnd | null; input?: string } | { kind: 'link'; to: InputEnd; from: OutputEnd } | null;
}

/** Whose value is to be shown, and where on the page. */
export interface ValueRequest {
  x: number;
  y: number;
  from: OutputEnd;
}

/** The socket that is to be linked by choosing from a list, and where it is on the page. */
export interface ConnectRequest {
  x: number;
  y: number;
  end: SocketEnd;
}

export interface MaskRequest {
  /** What is painted on, in words. */
  title: string;
  /** Addresses of the picture, and of the mask to go on with; '' for none. */
  picture: string;
  mask: string;
  /** Takes the name of the mask once it is among the input files; '' when nothing is painted any more. */
  keep: (mask: string) => void | Promise<void>;
}

/** What is asked for now; null is nothing. */
export class Requests {
  palette = $state.raw<PaletteRequest | null>(null);
  picture = $state.raw<PictureRequest | null>(null);
  value = $state.raw<ValueRequest | null>(null);
  menu = $state.raw<MenuRequest | null>(null);
  connect = $state.raw<ConnectRequest | null>(null);
  mask = $state.raw<MaskRequest | null>(null);
  /** The node or frame whose title is to be edited in place. */
  renaming = $state<string | null>(null);
}
