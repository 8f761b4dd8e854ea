// Tensors from and to .npy files; `-` is standard input or output.
import { readFile, writeFile } from 'node:fs/promises';
import { readNpy, writeNpy } from '../npy.js';
import { Tensor } from '../tensor.js';
import { attempt, Failure, UsageError } from './errors.js';
import type { Io } from './output.js';

export async function readTensor(path: string, io: Io): Promise<Tensor> {
  const bytes = path === '-' ? await io.readInput() : await readFile(path).catch(fail('read', path));
  return attempt(path === '-' ? 'standard input' : path, () => new Tensor(readNpy(bytes)));
}

export async function writeTensor(path: string, tensor: Tensor, io: Io): Promise<void> {
  if (path === '-') {
    if (io.out.isTTY) throw new UsageError('a .npy file is not for a terminal: redirect it, or name a file with -o');
    io.out.write(writeNpy(tensor));
  } else {
    await writeFile(path, writeNpy(tensor)).catch(fail('write', path));
  }
}

/** `ENOENT: no such file or directory, open 'x'` becomes `cannot read x: no such file or directory`. */
const fail =
  (verb: string, path: string) =>
  (error: Error): never => {
    const reason = /^[A-Z]\w*: ([^,]+)/.exec(error.message)?.[1] ?? error.message;
    throw new Failure(`cannot ${verb} ${path}: ${reason}`, { cause: error });
  };
