// How a file is read: a reader asks for bytes at places, and whoever drives it answers from memory or from a disk. So each format has
// one reader, which never waits and never has more of a file than it asked for.

import { allocateBytes } from '../basics/allocate.js';
import { checkPresent } from '../basics/checks.js';
import { describe } from '../basics/errors.js';
import { typeName } from '../basics/floats.js';
import type { Memory, OpenFile } from '../environment/storage.js';
import { few, inflatedFile, inflatedMemory } from './zip/inflated.js';

export type { Memory };

/** What a reader asks for, all of which lies in the file. */
export interface Ask {
  readonly at: number;
  readonly length: number;
  /** What the address of the bytes is to be a multiple of, 1 by default. */
  readonly align?: number;
  /** True where the reader is going to write to them. */
  readonly own?: boolean;
  /** Where the bytes are raw deflate: how many they are to give at most, in new memory. The answer has as many as they do. */
  readonly inflated?: number;
}

export type Reading<Result> = Generator<Ask, Result, Memory>;

/** What a reader gives that reads bytes in memory, which it shares where they are as asked for. */
export function readFrom<Result>(bytes: Memory, reading: Reading<Result>): Result {
  // Without this, what was transferred would be an empty file.
  if (bytes.byteLength === 0 && ArrayBuffer.isView(bytes)) checkPresent(bytes, 'the memory of the file');
  let step = reading.next();
  while (!step.done) {
    const { at, length, align = 1, own = false, inflated } = step.value;
    const part = { buffer: bytes.buffer, byteOffset: bytes.byteOffset + at, byteLength: length };
    if (inflated !== undefined) step = reading.next(inflatedMemory(part, inflated));
    else step = reading.next((own && !bytes.isOwn) || part.byteOffset % align !== 0 ? copyOf(part) : part);
  }
  return step.value;
}

/** The same from a file; of deflated bytes those are read and decompressed at once that are no more than `mostAtOnce` before and after. */
export async function readFile<Result>(file: OpenFile, reading: Reading<Result>, mostAtOnce = few): Promise<Result> {
  let step = reading.next();
  while (!step.done) {
    const { at, length, inflated } = step.value;
    if (inflated === undefined) step = reading.next(await file.read(at, length));
    else if (Math.max(length, inflated) > mostAtOnce)
      step = reading.next(await inflatedFile(file, at, length, inflated));
    else step = reading.next(inflatedMemory(await file.read(at, length), inflated));
  }
  return step.value;
}

/** A few bytes of the file, as an array. */
export function* bytesAt(at: number, length: number): Reading<Uint8Array> {
  const { buffer, byteOffset, byteLength } = yield { at, length };
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** An array of bytes has at most 2^32, in Node 20, and fewer are nearer to where they are used next. */
const mostBytes = 2 ** 26;

/** Memory of any size as arrays of bytes. */
export function* bytesIn({ buffer, byteOffset, byteLength }: Memory): Generator<Uint8Array> {
  for (let from = 0; from < byteLength; from += mostBytes)
    yield new Uint8Array(buffer, byteOffset + from, Math.min(mostBytes, byteLength - from));
}

/** Arrays of bytes one after another, in new memory. */
export function joined(chunks: Iterable<Uint8Array>): Uint8Array {
  const all = [...chunks];
  const length = all.reduce((sum, chunk) => sum + chunk.length, 0);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(length);
  } catch (error) {
    throw new RangeError(`${length} bytes are more than an array may have; save() writes them to a file`, {
      cause: error,
    });
  }
  let at = 0;
  for (const chunk of all) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The same bytes in memory of their own. */
export function copyOf(memory: Memory): Memory {
  const { byteLength } = memory;
  const buffer = allocateBytes(byteLength);
  let at = 0;
  for (const part of bytesIn(memory)) {
    new Uint8Array(buffer, at, part.length).set(part);
    at += part.length;
  }
  return { buffer, byteOffset: 0, byteLength, isOwn: true };
}

/** Asserts that what came as the bytes of a file are bytes, and still there. */
export function checkBytes(bytes: unknown, kind: string): asserts bytes is Uint8Array {
  if (typeName(bytes) !== 'Uint8Array')
    throw new TypeError(`expected the bytes of a ${kind} file, got ${describe(bytes)}`);
}
