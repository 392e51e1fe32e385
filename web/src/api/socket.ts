// The event socket: connects, resumes where it left off, and says when a gap makes that impossible.
// The caller sees every event once and in order; a new epoch or a Resync means: fetch everything anew.
import type { Event as ServerEvent } from './messages.gen';
import { type Picture, unpackPicture } from './picture';

export type ServerMessage = ServerEvent['event'];

export interface SocketHandlers {
  onMessage: (message: ServerMessage) => void;
  onPicture: (picture: Picture) => void;
  /** The state the page holds is no longer a base for the events that follow. */
  onStale: () => void;
  onConnection: (open: boolean) => void;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 8_000;

/** Milliseconds to wait before attempt `attempt` (0 is the first retry), spread so that tabs do not knock together. */
export function retryDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
  return Math.round(ceiling * (0.5 + random / 2));
}

/** Where the stream stands: which epoch, and the newest event seen of it. */
export interface Position {
  epoch: string;
  seq: number;
}

/** The position after `event`, and whether what the page holds went stale with it. */
export function advance(position: Position, { seq, event }: ServerEvent): { position: Position; stale: boolean } {
  if (event.kind === 'hello') {
    const known = position.epoch === event.epoch;
    // A Hello of the same epoch says where the server stands; the events between are sent after it.
    return { position: known ? position : { epoch: event.epoch, seq }, stale: !known };
  }
  if (event.kind === 'resync') return { position: { ...position, seq }, stale: true };
  return { position: { ...position, seq: Math.max(seq, position.seq) }, stale: false };
}

export class EventSocket {
  #position: Position = { epoch: '', seq: 0 };
  #socket: WebSocket | undefined;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #handlers: SocketHandlers;

  constructor(handlers: SocketHandlers) {
    this.#handlers = handlers;
  }

  connect(): void {
    clearTimeout(this.#timer);
    this.#closed = false;
    const socket = new WebSocket(this.#address());
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#attempt = 0;
      this.#handlers.onConnection(true);
    };
    socket.onmessage = (frame: MessageEvent<string | ArrayBuffer>) => this.#read(frame.data);
    socket.onclose = () => this.#lost(socket);
    this.#socket = socket;
  }

  /** Try now instead of at the next turn: the network came back, or the tab is looked at again. */
  wake(): void {
    if (!this.#closed && this.#socket?.readyState === WebSocket.CLOSED) this.connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #address(): string {
    const address = new URL('/api/events', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    if (this.#position.epoch) {
      address.searchParams.set('after', String(this.#position.seq));
      address.searchParams.set('epoch', this.#position.epoch);
    }
    return address.href;
  }

  #read(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') {
      this.#handlers.onPicture(unpackPicture(data));
      return;
    }
    const event = JSON.parse(data) as ServerEvent;
    const { position, stale } = advance(this.#position, event);
    this.#position = position;
    if (stale) this.#handlers.onStale();
    this.#handlers.onMessage(event.event);
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#handlers.onConnection(false);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.connect(), retryDelay(this.#attempt, Math.random()));
    this.#attempt += 1;
  }
}
