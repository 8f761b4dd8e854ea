// Where bytes go: standard output, or a file, which has its name only once all of it is there.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { failed, UsageError } from '../failures.js';
import type { Io } from '../output.js';
import { writeAll } from './descriptors.js';

export interface Target {
  /** Takes the bytes before it returns; the memory may be used again. */
  write(bytes: Uint8Array): void;
  /** All is written. */
  finish(): void;
  /** It failed: what was there before is there still. */
  abandon(): void;
}

/** Where `-o` says. `binary` is what is not for a terminal: `'a .npy file is'`. */
export function openTarget(path: string, io: Io, binary?: string): Target {
  if (path !== '-') return fileTarget(path);
  if (io.out.isTTY && binary !== undefined)
    throw new UsageError(`${binary} not for a terminal: redirect it, or name a file with -o`);
  return { write: (bytes) => io.out.write(bytes), finish() {}, abandon() {} };
}

/** A file under a name beside its own until it is whole. What is no file, such as a pipe by name or /dev/null, is written to itself. */
function fileTarget(path: string): Target {
  const attempt = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (error) {
      throw failed('write', path, error);
    }
  };
  const before = attempt(() => statSync(path, { throwIfNoEntry: false }));
  const isFile = before?.isFile() ?? true;
  // Where a link leads, and not the link, is replaced.
  const place = attempt(() => (before === undefined ? endOf(path) : isFile ? realpathSync(path) : path));
  // Not by the number of the process, which one on another machine may have that shares the folder.
  const during = isFile ? `${place}.${randomBytes(6).toString('hex')}.part` : place;
  const mode = before && before.mode & 0o777;
  const descriptor = attempt(() => openSync(during, isFile ? 'wx' : 'w', mode));
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  return {
    write: (bytes) => attempt(() => writeAll(descriptor, bytes)),
    finish: () =>
      attempt(() => {
        if (isFile) {
          // As it was, whatever new files may be.
          if (mode !== undefined) fchmodSync(descriptor, mode);
          close();
          renameSync(during, place);
        } else close();
      }),
    abandon: () => {
      close();
      if (isFile) rmSync(during, { force: true });
    },
  };
}

/** Where a path leads at which there is nothing, or a link to where nothing is. */
function endOf(path: string): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
  return isLink ? endOf(resolve(realpathSync(dirname(path)), readlinkSync(path))) : path;
}

/** Does the work on a target, which is then finished, or abandoned where it throws. */
export function writing(target: Target, work: (target: Target) => void): void {
  try {
    work(target);
    target.finish();
  } catch (error) {
    target.abandon();
    throw error;
  }
}
