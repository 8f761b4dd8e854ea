// Files, pipes and terminals by their descriptors, read and written before a call returns: into memory that is used again, and at the
// pace of whoever is on the other side. Node's own streams take new memory for each chunk, and half as much again of time.
import { readSync, writeSync } from 'node:fs';

/** Reads what comes next, and waits where nothing has come yet: the number of bytes; 0 at the end, or for no memory. */
export function readSome(descriptor: number, into: Uint8Array): number {
  try {
    return patiently(() => readSync(descriptor, into, 0, into.length, null));
  } catch (error) {
    // Windows says so of a pipe that was closed.
    if ((error as NodeJS.ErrnoException).code === 'EOF') return 0;
    throw error;
  }
}

export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; )
    at += patiently(() => writeSync(descriptor, bytes, at, bytes.length - at, null));
}

const nobody = new Int32Array(new SharedArrayBuffer(4));
const [shortest, longest] = [0.05, 10];

/** Another process may have made a pipe that it shares with this one such that it does not wait: then we do, in milliseconds. */
function patiently(act: () => number): number {
  for (let wait = shortest; ; wait = Math.min(2 * wait, longest)) {
    try {
      return act();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(nobody, 0, 0, wait);
    }
  }
}
