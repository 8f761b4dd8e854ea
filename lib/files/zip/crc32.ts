// CRC-32 as zip files have it: of the polynomial 0x04c11db7, its bits reversed.
import { checksum } from '../../environment/storage.js';

/** What each byte does to the checksum, and what it does with 1 to 3 more behind it. */
const tables = (() => {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  const after = (table: Int32Array) => table.map((value) => (value >>> 8) ^ first[value & 255]!);
  const second = after(first);
  const third = after(second);
  return [first, second, third, after(third)] as const;
})();

/** The checksum of bytes that come in pieces. */
export function crc32(pieces: Iterable<Uint8Array>): number {
  const sum = checksum() ?? portable;
  let value = 0;
  for (const bytes of pieces) value = sum(bytes, value);
  return value >>> 0;
}

/** Four bytes at a time, where the runtime has none. */
export function portable(bytes: Uint8Array, before: number): number {
  const [t0, t1, t2, t3] = tables;
  let value = ~before;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    value ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    value = t3[value & 255]! ^ t2[(value >>> 8) & 255]! ^ t1[(value >>> 16) & 255]! ^ t0[value >>> 24]!;
  }
  for (; at < bytes.length; at++) value = (value >>> 8) ^ t0[(value ^ bytes[at]!) & 255]!;
  return ~value >>> 0;
}
