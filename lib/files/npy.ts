// NumPy's .npy files, read and written: the numbers behind the header.
import { describe } from '../basics/errors.js';
import { bytesOf, type DType, type FloatArray, type HalfDType } from '../basics/floats.js';
import { isHalfDType } from '../basics/halves.js';
import { contiguousData } from '../tensor/copies.js';
import { contiguousBits } from '../tensor/halves.js';
import { contiguousStrides, type Parts } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type NumberKind, readHeader, widths, writeHeader } from './npy-header.js';
import { inPython } from './python-literal.js';

/** What a .npy file holds; of floats `new Tensor(parts)` reads it. */
export interface NpyParts<Data = FloatArray | Uint16Array> {
  readonly data: Data;
  /** Of numbers of 16 bits, what they are. */
  readonly dtype?: HalfDType;
  readonly shape: readonly number[];
  /** In elements. Fortran order is kept as it lies in the file, and told by the strides. */
  readonly strides: readonly number[];
}

/** Floats, integers, and the bytes of booleans. */
export type NumberArray =
  | FloatArray
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array;

interface ArrayOf<Data> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Data;
}

/** Arrays by what follows the byte order in a dtype. */
interface Kinds<Data> {
  readonly arrays: Partial<Readonly<Record<NumberKind, ArrayOf<Data>>>>;
  /** For messages. */
  readonly accepted: string;
}

const everyFloat = { f2: Uint16Array, V2: Uint16Array, f4: Float32Array, f8: Float64Array };
const floats: Kinds<FloatArray | Uint16Array> = {
  arrays: everyFloat,
  accepted: "'<f2', '<f4' and '<f8' (float16, float32 and float64) of either byte order, and '<V2' (bfloat16)",
};
const numbers: Kinds<NumberArray> = {
  arrays: {
    ...everyFloat,
    b1: Uint8Array,
    u1: Uint8Array,
    i1: Int8Array,
    u2: Uint16Array,
    i2: Int16Array,
    u4: Uint32Array,
    i4: Int32Array,
    u8: BigUint64Array,
    i8: BigInt64Array,
  },
  accepted: 'floats of 16, 32 and 64 bits, integers and booleans',
};

/**
 * Reads a .npy file of format 1.0, 2.0 or 3.0. The data is shared with `bytes` where its alignment and byte order allow it,
 * and copied otherwise. Throws a TypeError for what is not such a file, a RangeError for one too short or too long.
 */
export const readNpy = (bytes: Uint8Array): NpyParts => read(bytes, floats);

/** The same for a file of integers or booleans as well, whose data tells which. */
export const readNumbers = (bytes: Uint8Array): NpyParts<NumberArray> => read(bytes, numbers);

function read<Data>(bytes: Uint8Array, { arrays, accepted }: Kinds<Data>): NpyParts<Data> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`expected the bytes of a .npy file, got ${describe(bytes)}`);
  const { descr, kind, dtype, shape, fortranOrder, swapped, start } = readHeader(bytes);
  const array = kind && arrays[kind];
  if (kind === undefined || array === undefined)
    throw new TypeError(`unsupported dtype ${descr} in the .npy file: accepted are ${accepted}`);

  const width = widths[kind];
  // A product of large sizes may be Infinity, and Infinity times 0 is not 0.
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  const needed = count * width;
  const present = bytes.length - start;
  if (present !== needed) {
    const verdict = present < needed ? 'truncated' : 'too long';
    const want = `shape ${inPython([...shape])} of ${descr.slice(1, -1)} needs ${needed}`;
    throw new RangeError(`the .npy file is ${verdict}: it has ${present} bytes of data, ${want}`);
  }

  const shared = !swapped && (bytes.byteOffset + start) % width === 0;
  // Not slice(): a Buffer's shares its memory.
  const raw = shared ? bytes.subarray(start) : new Uint8Array(bytes.subarray(start));
  if (swapped) reverseEach(raw, width);
  const data = new array(raw.buffer, raw.byteOffset, count);
  const strides = fortranOrder ? contiguousStrides(shape.toReversed()).toReversed() : contiguousStrides(shape);
  return isHalfDType(dtype) ? { data, dtype, shape, strides } : { data, shape, strides };
}

/** The bytes of a .npy file, format 1.0, in C order and the byte order of this machine; the data starts at a multiple of 64. */
export function writeNpy(tensor: Tensor<DType>): Uint8Array {
  const data = tensor.half === undefined ? contiguousData(tensor as Parts) : contiguousBits(tensor);
  const header = writeHeader(`${tensor.dtype === 'bfloat16' ? 'V' : 'f'}${bytesOf[tensor.dtype]}`, tensor.shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

function reverseEach(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}
