// A binary frame of the socket: a length, a header as JSON, then the picture's bytes (server/messages.py).
import type { PreviewHeader } from './messages.gen';

export interface Picture {
  header: PreviewHeader;
  blob: Blob;
}

const LENGTH_BYTES = 4;

/** Raises RangeError or SyntaxError on damaged bytes. */
export function unpackPicture(frame: ArrayBuffer): Picture {
  const length = new DataView(frame).getUint32(0);
  const start = LENGTH_BYTES + length;
  if (start > frame.byteLength) throw new RangeError('the header is longer than the frame');
  const text = new TextDecoder().decode(new Uint8Array(frame, LENGTH_BYTES, length));
  const header = JSON.parse(text) as PreviewHeader;
  return { header, blob: new Blob([new Uint8Array(frame, start)], { type: header.media_type }) };
}
