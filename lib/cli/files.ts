// Tensors from and to .npy files as a whole; `-` is standard input or output.
import type { DType } from '../basics/floats.js';
import { type NpyParts, type NumberArray, readNpy, readNumbers, writeNpy } from '../files/npy.js';
import { Tensor } from '../tensor/tensor.js';
import { attempt } from './failures.js';
import type { Io } from './output.js';
import { openNpy, type Source } from './streams/sources.js';
import { openTarget, writing } from './streams/targets.js';

/** Without a path, what is piped in: where that is nothing, a file was to be named. */
export const readTensor = (path: string | undefined, io: Io): Tensor<DType> => tensorIn(openNpy(path, io), undefined);

/** A file of floats, integers or booleans. */
export const readParts = (path: string, io: Io): NpyParts<NumberArray> => all(openNpy(path, io), readNumbers);

/** What a source holds, converted to a dtype where one is given; integers and booleans are only taken with one. */
export function tensorIn(source: Source, dtype: DType | undefined): Tensor<DType> {
  if (dtype === undefined) return all(source, (bytes): Tensor<DType> => new Tensor(readNpy(bytes)));
  return all(source, (bytes) => Tensor.from(readNumbers(bytes), { dtype }));
}

function all<Content>(source: Source, contentOf: (bytes: Uint8Array) => Content): Content {
  const bytes = source.readAll();
  source.close();
  return attempt(source.name, () => contentOf(bytes));
}

export function writeTensor(path: string, tensor: Tensor<DType>, io: Io): void {
  writing(openTarget(path, io, 'a .npy file is'), (target) => target.write(writeNpy(tensor)));
}
