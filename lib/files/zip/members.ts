// The bytes of a member of a zip file, decompressed and held against their checksum.
import { bytesAt, bytesIn, type Memory, type Reading, viewOf } from '../reading.js';
import { crc32 } from './crc32.js';
import type { Entry } from './directory.js';
import { flags, lengths, methods, signatures } from './format.js';
import { inflatedStart } from './inflated.js';

/** Deflate makes at most so many bytes of one, so that what says more is not even begun. */
const mostOfOne = 1032;

/** Of so many deflated bytes the first are those that describe a code at most, and the rest at least as many as they give. */
const longestCode = 512;

/** All bytes of a member, shared where they are stored in memory. */
export function* memberBytes(entry: Entry): Reading<Memory> {
  const { method, compressed: length, size } = entry;
  const at = yield* dataOf(entry);
  const bytes = yield method === methods.stored ? { at, length, align: 8 } : { at, length, inflated: size };
  if (bytes.byteLength !== size) throw new RangeError(`it is said to have ${size} bytes, and has ${bytes.byteLength}`);
  const crc = crc32(bytesIn(bytes));
  if (crc !== entry.crc)
    throw new RangeError(`its bytes are damaged: their CRC-32 is ${hex(crc)}, and ${hex(entry.crc)} was written`);
  return bytes;
}

/** The first bytes of a member, `length` or more. No more is read than they need, and not held against the checksum, but of a small one. */
export function* memberStart(entry: Entry, length: number): Reading<Memory> {
  const needed = length + longestCode;
  if (needed < entry.compressed) {
    const at = yield* dataOf(entry);
    const stored = yield { at, length: needed };
    const start = entry.method === methods.stored ? stored : inflatedStart(stored, entry.size);
    if (start.byteLength >= length && start.byteLength <= entry.size) return start;
  }
  return yield* memberBytes(entry);
}

const hex = (value: number) => value.toString(16).padStart(8, '0');

/** Where the data begins, behind the header that a member has once more, of one that can be read. */
function* dataOf({ at, end, rawName, flags: set, method, compressed, size }: Entry): Reading<number> {
  if ((set & (flags.encrypted | flags.patched | flags.strong | flags.hidden)) !== 0)
    throw new TypeError('it is encrypted, which is not read');
  if (method !== methods.stored && method !== methods.deflated)
    throw new TypeError(`it is compressed by method ${method}: read are 0 (stored) and 8 (deflated)`);
  const header = yield* bytesAt(at, lengths.member + rawName.length);
  const view = viewOf(header);
  if (view.getUint32(0, true) !== signatures.member) throw new RangeError('it does not begin where the directory says');
  const name = header.subarray(lengths.member);
  if (view.getUint16(26, true) !== rawName.length || name.some((byte, i) => byte !== rawName[i]))
    throw new RangeError('it has another name before its data than in the directory');
  const start = at + lengths.member + rawName.length + view.getUint16(28, true);
  if (start + compressed > end) throw new RangeError('it reaches into the next one, or into the directory');
  if (method === methods.stored && compressed !== size)
    throw new RangeError(`it is stored in ${compressed} bytes, and said to have ${size}`);
  if (size > compressed * mostOfOne + mostOfOne)
    throw new RangeError(`it is said to have ${size} bytes, more than ${compressed} deflated ones can hold`);
  return start;
}
