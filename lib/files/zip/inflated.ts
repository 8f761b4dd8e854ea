// What raw deflate decompresses to: of bytes in memory at once, and of a file's as they are read. Both have the same errors.

import { allocateBytes } from '../../basics/allocate.js';
import { inflate, inflateStart, inflateTo, type Memory, type OpenFile } from '../../environment/storage.js';

/** An array of bytes has at most 2^32, in Node 20, and zlib takes and gives no more at once. */
export const mostBytes = 2 ** 32 - 1;

/**
 * So many bytes are compressed or decompressed while everybody waits, in a few milliseconds at most: zlib's stream takes a third of one for
 * any number. Of 5000 members of 100 numbers `save` takes 0.4 s so, and 2 s by streams.
 */
export const few = 2 ** 18;

/** At most `size` bytes that bytes in memory decompress to. */
export function inflatedMemory(deflated: Memory, size: number): Memory {
  if (Math.max(deflated.byteLength, size) > mostBytes)
    throw new RangeError(`it is deflated and has ${size} bytes: above 4 GiB load() and open() read it, from a file`);
  const bytes = orDamaged(size, () => inflate(arrayOf(deflated), size));
  // Node gives a few bytes in memory that others have parts of.
  const { buffer, byteLength } = bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  return { buffer, byteOffset: 0, byteLength, isOwn: true };
}

/** What the first of the bytes that decompress to `size` do, as far as they go. */
export const inflatedStart = (deflated: Memory, size: number): Memory =>
  orDamaged(size, () => inflateStart(arrayOf(deflated)));

/** What is read of a file and decompressed at once. */
const mostPiece = 2 ** 18;

/** At most `size` bytes that those at a place in a file decompress to, of which only a piece is in memory. */
export async function inflatedFile(file: OpenFile, at: number, length: number, size: number): Promise<Memory> {
  const buffer = allocateBytes(size);
  // That the file cannot be read says nothing of what is in it.
  let unread: unknown;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (let done = 0; done < length; done += mostPiece)
        yield arrayOf(await file.read(at + done, Math.min(mostPiece, length - done)));
    } catch (error) {
      unread = error;
      throw error;
    }
  }
  try {
    return { buffer, byteOffset: 0, byteLength: await inflateTo(buffer, pieces(), length), isOwn: true };
  } catch (error) {
    throw unread ?? damaged(size, error);
  }
}

const arrayOf = ({ buffer, byteOffset, byteLength }: Memory) => new Uint8Array(buffer, byteOffset, byteLength);

function orDamaged<Result>(size: number, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw damaged(size, error);
  }
}

const damaged = (size: number, error: unknown) =>
  new RangeError(
    `its deflated bytes are damaged, or more than the ${size} it is said to have: ${(error as Error).message}`,
    { cause: error },
  );
