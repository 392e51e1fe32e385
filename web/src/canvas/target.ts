// What of the canvas an element belongs to, read from the data attributes that nodes and sockets carry.
import type { Items } from '../document/edit/items';
import type { InputEnd } from '../document/types';
import type { SocketEnd } from '../geometry/hit';

export type Kind = keyof Items;

export interface Pressed {
  kind: Kind;
  id: string;
}

/** What was pressed: something that handles the pointer itself, an item, one of its sockets; null: the open canvas. */
export type Target = 'own' | { item: Pressed | null; socket: SocketEnd | null; grip: boolean } | null;

export function targetOf(target: EventTarget | null): Target {
  if (!(target instanceof Element)) return null;
  const socket = socketOf(target);
  if (socket) return { item: { kind: 'nodes', id: socket.node }, socket, grip: false };
  if (target.closest('[data-own], [data-input], input, textarea, select, a[href], [contenteditable="true"]')) return 'own';
  const item = itemOf(target);
  if (!item) return null;
  return { item, socket: null, grip: target.closest('[data-grip]') !== null };
}

/** The input whose line an element is on. */
export function rowOf(target: EventTarget | null): InputEnd | null {
  const element = target instanceof Element ? target : null;
  const input = element?.closest<HTMLElement>('[data-row]')?.dataset['row'];
  const node = element?.closest<HTMLElement>('[data-node]')?.dataset['node'];
  return input && node !== undefined ? { node, input } : null;
}

export function itemOf(target: Element): Pressed | null {
  const element = target.closest<HTMLElement>('[data-node], [data-frame], [data-note]');
  const { node, frame, note } = element?.dataset ?? {};
  if (node !== undefined) return { kind: 'nodes', id: node };
  if (frame !== undefined) return { kind: 'frames', id: frame };
  return note === undefined ? null : { kind: 'notes', id: note };
}

function socketOf(target: Element): SocketEnd | null {
  const name = target.closest<HTMLElement>('[data-socket]')?.dataset['socket'];
  const node = target.closest<HTMLElement>('[data-node]')?.dataset['node'];
  if (name === undefined || node === undefined) return null;
  const own = name.slice(name.indexOf(':') + 1);
  return name.startsWith('in:') ? { side: 'in', node, input: own } : { side: 'out', node, output: own };
}
