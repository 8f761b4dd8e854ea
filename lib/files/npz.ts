// NumPy's .npz files: zip files whose members are .npy files.
import type { DType } from '../basics/floats.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Catalogue, type Member, noMetadata } from './catalogue.js';
import { headerAt, npyAt, npyChunks } from './npy.js';
import { nameOf } from './numbers.js';
import { type Memory, type Reading, readFrom } from './reading.js';
import { directoryOf, type Entry } from './zip/directory.js';
import { memberBytes, memberStart } from './zip/members.js';
import { zipChunks, zipStream } from './zip/write.js';

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
      const { kind, descr, shape } = yield* within(entry, headerAt(0, entry.size));
      return { dtype: kind === undefined ? descr : nameOf(kind), shape };
    },
    *numbers() {
      const bytes = yield* memberBytes(entry);
      return readFrom(bytes, npyAt(0, bytes.byteLength));
    },
  };
}

/** What a reader gives that reads a few bytes near the start of a member. */
function* within<Result>(entry: Entry, reading: Reading<Result>): Reading<Result> {
  let start: Memory | undefined;
  let step = reading.next();
  while (!step.done) {
    const { at, length } = step.value;
    // What was asked for before mostly has it.
    if (start === undefined || start.byteLength < at + length) start = yield* memberStart(entry, at + length);
    step = reading.next({ buffer: start.buffer, byteOffset: start.byteOffset + at, byteLength: length });
  }
  return step.value;
}

/** The pieces of a .npz file of tensors. */
export const npzChunks = (
  tensors: Iterable<readonly [string, Tensor<DType>]>,
  compress: boolean,
): Generator<Uint8Array> => zipChunks(named(tensors), compress);

/** The same, compressed as they come. */
export const npzStream = (
  tensors: Iterable<readonly [string, Tensor<DType>]>,
  compress: boolean,
): AsyncGenerator<Uint8Array> => zipStream(named(tensors), compress);

function* named(
  tensors: Iterable<readonly [string, Tensor<DType>]>,
): Generator<readonly [string, Iterable<Uint8Array>]> {
  for (const [name, tensor] of tensors) yield [`${name}.npy`, npyChunks(tensor)];
}
