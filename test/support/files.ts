// What the tests of files share: the files of test/data/files, and bytes changed here and there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of test/data/files, in memory of its own. */
export const fileOf = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../data/files', name)));

/** The arrays that make.py has in its .npz files, as tests write them, with what float16 and bfloat16 are. */
export const rows = [
  [0, -1.5, 2.25],
  [-Infinity, 192, -0],
];

/** A copy with other bytes from a place on. */
export function patched(bytes: Uint8Array, at: number, ...others: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(others, at < 0 ? copy.length + at : at);
  return copy;
}

/** The first place of some text in bytes. */
export const placeOf = (bytes: Uint8Array, text: string, from = 0): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(text, from, 'latin1');

/** A .safetensors file of any header and some bytes of data. */
export function safetensors(header: string | object, dataLength = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
