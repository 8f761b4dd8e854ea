// Where bytes come from: a file, or what is piped in. They are read once, in order, but for the first ones, at which one may look.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { Failure, failed, UsageError } from '../failures.js';
import type { Io } from '../output.js';
import { readSome } from './descriptors.js';

export const isPiped = (path: string | undefined): path is '-' | undefined => path === undefined || path === '-';

/** What an error message calls the input. */
export const subjectOf = (path: string | undefined): string => (isPiped(path) ? 'standard input' : path);

/** How much of what has no known size is read at once. */
const piece = 2 ** 20;

export class Source {
  /** Bytes that somebody has looked at, and that are still to be read. */
  #ahead = new Uint8Array();
  #isOpen = true;

  constructor(
    readonly name: string,
    private readonly from: (into: Uint8Array) => number,
    private readonly done: () => void,
    /** Of a file that is nothing else. */
    readonly size?: number,
  ) {}

  close(): void {
    if (this.#isOpen) this.done();
    this.#isOpen = false;
  }

  /** Reads some bytes; 0 of them at the end. */
  read(into: Uint8Array): number {
    const count = Math.min(this.#ahead.length, into.length);
    if (count === 0) return this.#next(into);
    into.set(this.#ahead.subarray(0, count));
    this.#ahead = this.#ahead.subarray(count);
    return count;
  }

  /** Reads until the memory is full or there is nothing more. */
  fill(into: Uint8Array): number {
    let count = 0;
    for (let some = -1; some !== 0 && count < into.length; count += some) some = this.read(into.subarray(count));
    return count;
  }

  /** The next bytes, as many as asked for or as there are, which remain to be read. */
  peek(count: number): Uint8Array {
    if (this.#ahead.length < count) {
      const bytes = new Uint8Array(count);
      this.#ahead = bytes.subarray(0, this.fill(bytes));
    }
    return this.#ahead.subarray(0, count);
  }

  /** All that is left. */
  readAll(): Uint8Array {
    if (this.size !== undefined) {
      const bytes = new Uint8Array(this.size);
      return bytes.subarray(0, this.fill(bytes));
    }
    const pieces: Uint8Array[] = [];
    for (;;) {
      const bytes = new Uint8Array(piece);
      const count = this.fill(bytes);
      pieces.push(bytes.subarray(0, count));
      if (count < piece) return Buffer.concat(pieces);
    }
  }

  #next(into: Uint8Array): number {
    try {
      return this.from(into);
    } catch (error) {
      throw failed('read', this.name, error);
    }
  }
}

/** Opens what a path names; without one, what is piped in: where that is nothing, a file was to be named, `what`. */
export function open(path: string | undefined, io: Io, what: string): Source {
  const name = subjectOf(path);
  if (path === undefined && io.inputIsTTY) throw new UsageError(`${what} is needed, named or piped in`);
  if (isPiped(path)) return new Source(name, io.readSome, () => {});
  try {
    const descriptor = openSync(path, 'r');
    const stats = fstatSync(descriptor);
    const from = (into: Uint8Array) => readSome(descriptor, into);
    return new Source(name, from, () => closeSync(descriptor), stats.isFile() ? stats.size : undefined);
  } catch (error) {
    throw failed('read', name, error);
  }
}

/** The same of a .npy file, which is not empty. */
export function openNpy(path: string | undefined, io: Io): Source {
  const source = open(path, io, 'a .npy file');
  if (source.peek(1).length === 0) {
    source.close();
    if (path === undefined) throw new UsageError('a .npy file is needed: none is named, and standard input is empty');
    throw new Failure(`${source.name} is empty, and not a .npy file`);
  }
  return source;
}
