// NumPy's .npz files: zip files whose members are .npy files.
import type { DType } from '../basics/floats.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Catalogue, type Member, noMetadata } from './catalogue.js';
import { headerAt, npyAt, npyChunks } from './npy.js';
import { nameOf } from './numbers.js';
import { type Memory, type Reading, readFrom } from './reading.js';
import { directoryOf, type Entry } from './zip/directory.js';
import { memberBytes } from './zip/members.js';
import { zipChunks } from './zip/write.js';

/** The arrays of a .npz file by their names, without .npy. */
export function* npzIn(size: number): Reading<Catalogue> {
  const members = new Map<string, Member>();
  for (const entry of yield* directoryOf(size)) {
    const name = entry.name.replace(/\.npy$/, '');
    if (members.has(name)) throw new TypeError(`it has two members ${JSON.stringify(name)}`);
    members.set(name, memberOf(entry));
  }
  return { members, metadata: noMetadata };
}

function memberOf(entry: Entry): Member {
  return {
    *info() {
      const { kind, descr, shape } = within(yield* memberBytes(entry), headerAt);
      return { dtype: kind === undefined ? descr : nameOf(kind), shape };
    },
    *numbers() {
      return within(yield* memberBytes(entry), npyAt);
    },
  };
}

const within = <Result>(bytes: Memory, reader: (at: number, size: number) => Reading<Result>): Result =>
  readFrom(bytes, reader(0, bytes.byteLength));

/** The pieces of a .npz file of tensors. */
export const npzChunks = (
  tensors: Iterable<readonly [string, Tensor<DType>]>,
  compress: boolean,
): Generator<Uint8Array> => zipChunks(named(tensors), compress);

function* named(
  tensors: Iterable<readonly [string, Tensor<DType>]>,
): Generator<readonly [string, Iterable<Uint8Array>]> {
  for (const [name, tensor] of tensors) yield [`${name}.npy`, npyChunks(tensor)];
}
