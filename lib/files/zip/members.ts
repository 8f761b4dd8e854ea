// The bytes of a member of a zip file, decompressed and held against their checksum.
import { inflate } from '../../environment/storage.js';
import { bytesAt, bytesIn, type Memory, type Reading, viewOf } from '../reading.js';
import { crc32 } from './crc32.js';
import type { Entry } from './directory.js';
import { flags, lengths, methods, signatures } from './format.js';

/** Deflate makes at most so many bytes of one, so that what says more is not even begun. */
const mostOfOne = 1032;

/** All bytes of a member, shared where they are stored in memory. */
export function* memberBytes(entry: Entry): Reading<Memory> {
  const { method, compressed, size } = entry;
  if ((entry.flags & (flags.encrypted | flags.patched | flags.strong | flags.hidden)) !== 0)
    throw new TypeError('it is encrypted, which is not read');
  if (method !== methods.stored && method !== methods.deflated)
    throw new TypeError(`it is compressed by method ${method}: read are 0 (stored) and 8 (deflated)`);
  const at = yield* dataOf(entry);
  if (method === methods.stored && compressed !== size)
    throw new RangeError(`it is stored in ${compressed} bytes, and said to have ${size}`);
  if (size > compressed * mostOfOne + mostOfOne)
    throw new RangeError(`it is said to have ${size} bytes, more than ${compressed} deflated ones can hold`);
  const stored = yield { at, length: compressed, align: 8 };
  const bytes = method === methods.stored ? stored : inflated(stored, size);
  const crc = crc32(bytesIn(bytes));
  if (crc !== entry.crc)
    throw new RangeError(`its bytes are damaged: their CRC-32 is ${hex(crc)}, and ${hex(entry.crc)} was written`);
  return bytes;
}

const hex = (value: number) => value.toString(16).padStart(8, '0');

/** Where the data begins, behind the header that a member has once more. */
function* dataOf({ at, end, rawName, compressed }: Entry): Reading<number> {
  const header = yield* bytesAt(at, lengths.member + rawName.length);
  const view = viewOf(header);
  if (view.getUint32(0, true) !== signatures.member) throw new RangeError('it does not begin where the directory says');
  const name = header.subarray(lengths.member);
  if (view.getUint16(26, true) !== rawName.length || name.some((byte, i) => byte !== rawName[i]))
    throw new RangeError('it has another name before its data than in the directory');
  const start = at + lengths.member + rawName.length + view.getUint16(28, true);
  if (start + compressed > end) throw new RangeError('it reaches into the next one, or into the directory');
  return start;
}

/** An array of bytes has at most 2^32, in Node 20, and zlib takes and gives no more. */
const mostBytes = 2 ** 32 - 1;

function inflated({ buffer, byteOffset, byteLength }: Memory, size: number): Uint8Array {
  if (Math.max(byteLength, size) > mostBytes)
    throw new RangeError(`it is deflated and has ${size} bytes: above 4 GiB only stored members are read`);
  let bytes: Uint8Array;
  try {
    bytes = inflate(new Uint8Array(buffer, byteOffset, byteLength), size);
  } catch (error) {
    const { message } = error as Error;
    throw new RangeError(`its deflated bytes are damaged, or more than the ${size} it is said to have: ${message}`, {
      cause: error,
    });
  }
  if (bytes.length !== size) throw new RangeError(`it is said to have ${size} bytes, and has ${bytes.length}`);
  // Node gives a few bytes in memory that others have parts of.
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
