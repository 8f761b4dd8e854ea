// Files and compression, of Node's. Nothing of it is asked for before a file is read or written by its name, or something in one is
// compressed. The build for browsers has storage-browser.ts in the place of this file.

/** Bytes, more than an array may have. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** True where nobody else has it, and it may be written to. */
  readonly isOwn?: boolean;
}

/** A path, or a URL of `file:`. */
export type FilePath = string | { readonly href: string };

/** Bytes in the order in which they are written, some of which may take their time. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A file that is open for reading. */
export interface OpenFile {
  /** In bytes, when it was opened. */
  readonly size: number;
  /** Bytes from a place on, in new memory. */
  read(at: number, length: number): Promise<Memory>;
  close(): Promise<void>;
}

// Spelt out, as bundlers warn of names that are not; a bundle that is an ES module has no `require`.
const nodeFs = () =>
  process.getBuiltinModule?.('node:fs/promises') ?? (require('node:fs/promises') as typeof import('node:fs/promises'));
const nodePath = () => process.getBuiltinModule?.('node:path') ?? (require('node:path') as typeof import('node:path'));
const nodeStreams = () =>
  process.getBuiltinModule?.('node:stream/promises') ??
  (require('node:stream/promises') as typeof import('node:stream/promises'));
const nodeZlib = () => process.getBuiltinModule?.('node:zlib') ?? (require('node:zlib') as typeof import('node:zlib'));

/** What is read or written at once; fewer than 2^31 bytes. */
const mostBytes = 2 ** 26;

export async function openFile(path: FilePath): Promise<OpenFile> {
  const fs = nodeFs();
  const named = pathOf(path);
  // Not opened first: a pipe would wait for somebody to write to it.
  if (!(await fs.stat(named)).isFile()) throw new TypeError('it is no file, and places in it cannot be read');
  const file = await fs.open(named, 'r');
  try {
    const { size } = await file.stat();
    return {
      size,
      async read(at, length) {
        if (at + length > size) throw new RangeError(`the file has ${size} bytes, and ${at + length} are wanted`);
        const buffer = newBuffer(length);
        for (let done = 0; done < length; ) {
          const part = new Uint8Array(buffer, done, Math.min(mostBytes, length - done));
          const { bytesRead } = await file.read(part, 0, part.length, at + done);
          if (bytesRead === 0) throw new RangeError(`the file has become shorter: it ends before byte ${at + length}`);
          done += bytesRead;
        }
        return { buffer, byteOffset: 0, byteLength: length, isOwn: true };
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function newBuffer(length: number): ArrayBuffer {
  try {
    return new ArrayBuffer(length);
  } catch (error) {
    throw new RangeError(`${length} bytes cannot be allocated`, { cause: error });
  }
}

/**
 * Writes a file under a temporary name beside its own, which it takes when all is there; where anything fails nothing stays. What is no
 * file, such as a pipe, is written to itself.
 */
export async function replaceFile(path: FilePath, chunks: Chunks): Promise<void> {
  const fs = nodeFs();
  const named = pathOf(path);
  const known = await fs.stat(named).catch(ifAbsent);
  if (known !== undefined && !known.isFile()) return writeAll(await fs.open(named, 'w'), chunks);
  // A link stays one, and what it leads to is replaced.
  const target = known === undefined ? await endOf(named) : await fs.realpath(named);
  const temporary = `${target}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.tmp`;
  const mode = known && known.mode & 0o777;
  const file = await fs.open(temporary, 'wx', mode).catch((error: Error) => {
    error.message = error.message.replace(temporary, target); // Which is what was asked for.
    throw error;
  });
  try {
    await writeAll(file, chunks);
    // As it was, whatever new files may be.
    if (mode !== undefined) await fs.chmod(temporary, mode);
    await fs.rename(temporary, target);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

async function writeAll(file: import('node:fs/promises').FileHandle, chunks: Chunks): Promise<void> {
  try {
    for await (const chunk of chunks)
      for (let done = 0; done < chunk.length; )
        done += (await file.write(chunk, done, Math.min(mostBytes, chunk.length - done))).bytesWritten;
  } finally {
    await file.close();
  }
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Where a path leads at which there is nothing, or a link to where nothing is. */
async function endOf(path: string): Promise<string> {
  const fs = nodeFs();
  const { dirname, resolve } = nodePath();
  const link = await fs.lstat(path).catch(ifAbsent);
  if (!link?.isSymbolicLink()) return path;
  return endOf(resolve(await fs.realpath(dirname(path)), await fs.readlink(path)));
}

/** The path that a name or a file: URL means. */
export function pathOf(path: FilePath): string {
  if (typeof path === 'string') return path;
  const url = process.getBuiltinModule?.('node:url') ?? (require('node:url') as typeof import('node:url'));
  return url.fileURLToPath(path.href);
}

/** What raw deflate decompresses to, which may have at most `size` bytes. Throws where it is no deflate, or more, or does not end with it. */
export function inflate(bytes: Uint8Array, size: number): Uint8Array {
  const options = { maxOutputLength: Math.max(1, size), chunkSize: chunkFor(size), info: true };
  // Where a runtime does not know of `info`, only the bytes are given.
  const given = nodeZlib().inflateRawSync(bytes, options) as Uint8Array | Inflated;
  if (given instanceof Uint8Array) return given;
  checkEnd(given.engine, bytes.length);
  return given.buffer;
}

interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: Engine;
}
/** What decompresses, and how many bytes it has taken. */
type Engine = { readonly bytesWritten: number };

function checkEnd({ bytesWritten }: Engine, length: number): void {
  if (bytesWritten < length) throw new RangeError(`they end ${length - bytesWritten} bytes early`);
}

/**
 * What raw deflate of `length` bytes decompresses to that comes in pieces, written to memory which may be larger than an array: how many
 * bytes that are. Throws like `inflate`, and what the pieces throw.
 */
export async function inflateTo(
  buffer: ArrayBuffer,
  pieces: AsyncIterable<Uint8Array>,
  length: number,
): Promise<number> {
  const engine = nodeZlib().createInflateRaw({ chunkSize: chunkFor(buffer.byteLength) });
  let at = 0;
  await nodeStreams().pipeline(pieces, engine, async (output: AsyncIterable<Uint8Array>) => {
    for await (const part of output) {
      if (part.length > buffer.byteLength - at) throw new RangeError('there are more');
      new Uint8Array(buffer, at, part.length).set(part);
      at += part.length;
    }
    // Where it ends early, nobody takes the pieces that are left.
    checkEnd(engine, length);
  });
  return at;
}

/** What the first bytes of raw deflate decompress to, as far as they go. */
export function inflateStart(bytes: Uint8Array): Uint8Array {
  const zlib = nodeZlib();
  return zlib.inflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

/** Raw deflate. */
export const deflate = (bytes: Uint8Array): Uint8Array => nodeZlib().deflateRawSync(bytes);

/** The same of bytes in pieces, the same bytes again, in pieces. */
export async function deflateAll(pieces: Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  await nodeStreams().pipeline(pieces, nodeZlib().createDeflateRaw(), async (output: AsyncIterable<Uint8Array>) => {
    for await (const part of output) all.push(part);
  });
  return all;
}

/** Of a small output one piece is enough, and no more than zlib asks at least. */
const chunkFor = (size: number) => Math.min(Math.max(size, 64), 2 ** 20);

/** The CRC-32 of bytes that come after those of which it was `before`, where the runtime computes it. */
export const checksum = (): ((bytes: Uint8Array, before: number) => number) | undefined => {
  const { crc32 } = nodeZlib() as { crc32?: (bytes: Uint8Array, before?: number) => number };
  return crc32;
};
