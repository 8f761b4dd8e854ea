// NumPy's .npy files, read and written: the numbers behind the header.
import { bytesOf, type DType, type FloatArray } from '../basics/floats.js';
import { checkPlace, contiguousStrides } from '../tensor/layouts/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Catalogue, type Member, noMetadata } from './catalogue.js';
import { longestPreamble, type NpyHeader, readHeader, readPreamble, widths, writeHeader } from './npy-header.js';
import { areFloats, countOf, kindOf, type NumberArray, type Numbers, nameOf, numbersAt } from './numbers.js';
import { inPython } from './python-literal.js';
import { bytesAt, bytesIn, checkBytes, joined, type Memory, type Reading, readFrom } from './reading.js';

export type { NumberArray };

/** What a .npy file holds; of floats `new Tensor(parts)` reads it. */
export type NpyParts<Data = FloatArray | Uint16Array> = Numbers<Data>;

const floats = "'<f2', '<f4' and '<f8' (float16, float32 and float64) of either byte order, and '<V2' (bfloat16)";
const numbers = 'floats of 16, 32 and 64 bits, integers and booleans';

/**
 * Reads the first array of a .npy file of format 1.0, 2.0 or 3.0, whatever follows it, as `np.load` does. The data is shared with
 * `bytes` where its alignment and byte order allow it, and copied otherwise. Throws a TypeError for what is not such a file, a RangeError
 * for one too short.
 */
export function readNpy(bytes: Uint8Array): NpyParts {
  const parts = readNumbers(bytes, floats);
  if (!areFloats(parts)) throw unsupported(readHeader(bytes), floats);
  return parts;
}

/** The same for a file of integers or booleans as well, whose data tells which. */
export function readNumbers(bytes: Uint8Array, accepted = numbers): NpyParts<NumberArray> {
  checkBytes(bytes, '.npy');
  return readFrom(bytes, npyAt(0, bytes.length, accepted));
}

/** The array that begins at a place in a file. */
export function* npyAt(at: number, size: number, accepted = numbers): Reading<Numbers> {
  const header = yield* headerAt(at, size);
  const { kind, fortranOrder, swapped, start, shape } = header;
  if (kind === undefined) throw unsupported(header, accepted);
  lengthIn(header, size - at - start);
  const strides = fortranOrder ? contiguousStrides(shape.toReversed()).toReversed() : contiguousStrides(shape);
  return yield* numbersAt(at + start, kind, swapped, shape, strides);
}

/** The header that begins at a place in a file. */
export function* headerAt(at: number, size: number): Reading<NpyHeader> {
  const { start } = readPreamble(yield* bytesAt(at, Math.min(longestPreamble, size - at)));
  return readHeader(yield* bytesAt(at, Math.min(start, size - at)));
}

/** The arrays of a .npy file, one after another, by the names that `np.savez` would give them. */
export function* npysIn(size: number): Reading<Catalogue> {
  const members = new Map<string, Member>();
  for (let at = 0; at < size || at === 0; ) {
    const header = yield* headerAt(at, size);
    const { kind, descr, shape, start } = header;
    const place = at;
    const dtype = kind === undefined ? descr : nameOf(kind);
    members.set(`arr_${members.size}`, {
      // biome-ignore lint/correctness/useYield: it is known already, and elsewhere it has to be read
      *info() {
        return { dtype, shape };
      },
      numbers: () => npyAt(place, size),
    });
    // Where an array ends of which the type is not known, nobody knows.
    at = kind === undefined ? size : at + start + lengthIn(header, size - at - start);
  }
  return { members, metadata: noMetadata };
}

/** The bytes that the data behind a header takes, of those that are there. */
export function lengthIn({ kind, descr, shape }: NpyHeader, present: number): number {
  const needed = countOf(shape) * widths[kind!];
  if (needed <= present) return needed;
  const want = `shape ${inPython(shape)} of ${descr.slice(1, -1)} needs ${needed}`;
  throw new RangeError(`the .npy file is truncated: it has ${present} bytes of data, ${want}`);
}

const unsupported = ({ descr }: NpyHeader, accepted: string) =>
  new TypeError(`unsupported dtype ${descr} in the .npy file: accepted are ${accepted}`);

/** The bytes of a .npy file, format 1.0, in C order and the byte order of this machine; the data starts at a multiple of 64. */
export const writeNpy = (tensor: Tensor<DType>): Uint8Array => joined(npyChunks(tensor));

/** The same in pieces, of which those of the data may be the tensor's own memory. */
export function* npyChunks(tensor: Tensor<DType>): Generator<Uint8Array> {
  const data = elementsOf(tensor);
  yield writeHeader(kindOf[tensor.dtype], tensor.shape);
  yield* bytesIn(data);
}

/** The elements of a tensor in row-major order: in its own memory where they lie so, else a copy. */
export function elementsOf(tensor: Tensor<DType>): Memory {
  checkPlace(tensor);
  const { data, offset, size, dtype } = tensor.contiguous();
  const width = bytesOf[dtype];
  return { buffer: data.buffer, byteOffset: data.byteOffset + offset * width, byteLength: size * width };
}
