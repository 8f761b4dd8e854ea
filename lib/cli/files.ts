// Tensors from and to .npy files; `-` is standard input or output.
import { readFile, writeFile } from 'node:fs/promises';
import type { DType } from '../basics/floats.js';
import { type NpyParts, type NumberArray, readNpy, readNumbers, writeNpy } from '../files/npy.js';
import { Tensor } from '../tensor/tensor.js';
import { attempt, Failure, UsageError } from './failures.js';
import type { Io } from './output.js';

export const isPiped = (path: string | undefined): path is '-' | undefined => path === undefined || path === '-';

/** What an error message calls the input. */
export const subjectOf = (path: string | undefined): string => (isPiped(path) ? 'standard input' : path);

/** Without a path, what is piped in: where that is nothing, a file was to be named. */
export const readTensor = (path: string | undefined, io: Io): Promise<Tensor<DType>> =>
  read(path, io, (bytes): Tensor<DType> => new Tensor(readNpy(bytes)));

/** A file of floats, integers or booleans. */
export const readParts = (path: string, io: Io): Promise<NpyParts<NumberArray>> => read(path, io, readNumbers);

async function read<Content>(
  path: string | undefined,
  io: Io,
  contentOf: (bytes: Uint8Array) => Content,
): Promise<Content> {
  if (path === undefined && io.inputIsTTY) throw new UsageError('a .npy file is needed, named or piped in');
  const name = subjectOf(path);
  const bytes = await (isPiped(path) ? io.readInput() : readFile(path)).catch(fail('read', name));
  if (bytes.length === 0) {
    if (path === undefined) throw new UsageError('a .npy file is needed: none is named, and standard input is empty');
    throw new Failure(`${name} is empty, and not a .npy file`);
  }
  return attempt(name, () => contentOf(bytes));
}

export async function writeTensor(path: string, tensor: Tensor<DType>, io: Io): Promise<void> {
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
