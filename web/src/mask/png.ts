// A mask as a grey PNG (ISO/IEC 15948). Written here and not by a canvas, so that equal masks are equal files in
// every browser: the server names a file by its content.
import type { Raster } from './raster';

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GREY_8_BIT = [8, 0, 0, 0, 0];

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function header({ width, height }: Raster): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data.set(GREY_8_BIT, 8);
  return data;
}

/** Each row after a byte that names its filter: none, for flat areas pack well as they are. */
function rows({ width, height, values }: Raster): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y += 1) data.set(values.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return data;
}

async function deflated(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packed = new Blob([data]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

export async function encodeMask(raster: Raster): Promise<Uint8Array<ArrayBuffer>> {
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header(raster)),
    chunk('IDAT', await deflated(rows(raster))),
    chunk('IEND', new Uint8Array()),
  ];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (file.set(part, at), at + part.length), 0);
  return file;
}
