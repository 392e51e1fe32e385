import { describe, expect, test } from 'vitest';

import { unpackPicture } from './picture';
import { advance, retryDelay } from './socket';

describe('the place in the stream', () => {
  const start = { epoch: '', seq: 0 };

  test('begins with the first hello, which asks for the whole state', () => {
    const event = { seq: 12, event: { kind: 'hello', epoch: 'e1', worker: 'ready' } } as const;
    expect(advance(start, event)).toEqual({ position: { epoch: 'e1', seq: 12 }, stale: true });
  });

  test('a hello of the same epoch loses nothing, for the missed events follow it', () => {
    const event = { seq: 40, event: { kind: 'hello', epoch: 'e1', worker: 'ready' } } as const;
    expect(advance({ epoch: 'e1', seq: 12 }, event)).toEqual({ position: { epoch: 'e1', seq: 12 }, stale: false });
  });

  test('a new epoch means the server restarted', () => {
    const event = { seq: 3, event: { kind: 'hello', epoch: 'e2', worker: 'starting' } } as const;
    expect(advance({ epoch: 'e1', seq: 99 }, event)).toEqual({ position: { epoch: 'e2', seq: 3 }, stale: true });
  });

  test('a resync asks for the state again and goes on from there', () => {
    expect(advance({ epoch: 'e1', seq: 12 }, { seq: 80, event: { kind: 'resync' } })).toEqual({
      position: { epoch: 'e1', seq: 80 },
      stale: true,
    });
  });

  test('moves with every event', () => {
    const event = { seq: 13, event: { kind: 'queuechanged', queued: 0, running: 0 } } as const;
    expect(advance({ epoch: 'e1', seq: 12 }, event).position.seq).toBe(13);
  });
});

test('retries wait longer each time, up to eight seconds', () => {
  const waits = [0, 1, 2, 3, 10].map((attempt) => retryDelay(attempt, 1));
  expect(waits).toEqual([250, 500, 1000, 2000, 8000]);
});

test('a picture frame is a header and the bytes after it', async () => {
  const header = new TextEncoder().encode('{"job":"j","node":"n","media_type":"image/jpeg"}');
  const frame = new Uint8Array(4 + header.length + 3);
  new DataView(frame.buffer).setUint32(0, header.length);
  frame.set(header, 4);
  frame.set([1, 2, 3], 4 + header.length);
  const picture = unpackPicture(frame.buffer);
  expect(picture.header.node).toBe('n');
  expect(new Uint8Array(await picture.blob.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
  expect(() => unpackPicture(frame.buffer.slice(0, 10))).toThrow(RangeError);
});
