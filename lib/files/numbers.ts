// The numbers of a file as typed arrays, in the memory that they were read to.
import { type DType, type FloatArray, type HalfDType, isFloatArray } from '../basics/floats.js';
import { isHalfDType } from '../basics/halves.js';
import { hostIsLittleEndian, type NumberKind, widths } from './npy-header.js';
import { type Ask, bytesIn, copyOf, type Memory, type Reading } from './reading.js';

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

/** What an array in a file holds; of floats `new Tensor(numbers)` shares it. */
export interface Numbers<Data = NumberArray> {
  readonly data: Data;
  /** Of floats of 16 bits, what they are: a Uint16Array without is of integers. */
  readonly dtype?: HalfDType;
  readonly shape: readonly number[];
  /** In elements. Fortran order is kept as it lies in the file, and told by the strides. */
  readonly strides: readonly number[];
}

/** What is known of an array before its numbers are read. */
export interface NumbersInfo {
  /** `'float32'`, `'int64'`, `'bool'`; what nonlin does not read by the name that the file has for it. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

interface ArrayOf {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumberArray;
}

/** By what NumPy calls a kind of number: its array, and its name here. */
const kinds: Readonly<Record<NumberKind, readonly [ArrayOf, string]>> = {
  f2: [Uint16Array, 'float16'],
  V2: [Uint16Array, 'bfloat16'],
  f4: [Float32Array, 'float32'],
  f8: [Float64Array, 'float64'],
  b1: [Uint8Array, 'bool'],
  u1: [Uint8Array, 'uint8'],
  i1: [Int8Array, 'int8'],
  u2: [Uint16Array, 'uint16'],
  i2: [Int16Array, 'int16'],
  u4: [Uint32Array, 'uint32'],
  i4: [Int32Array, 'int32'],
  u8: [BigUint64Array, 'uint64'],
  i8: [BigInt64Array, 'int64'],
};

export const nameOf = (kind: NumberKind): string => kinds[kind][1];

/** How NumPy calls a dtype, but for the order of its bytes. */
export const kindOf: Readonly<Record<DType, NumberKind>> = {
  float16: 'f2',
  bfloat16: 'V2',
  float32: 'f4',
  float64: 'f8',
};

/** True where numbers are floats, and not integers or booleans. */
export const areFloats = (numbers: Numbers): numbers is Numbers<FloatArray | Uint16Array> =>
  numbers.dtype !== undefined || isFloatArray(numbers.data);

/** The elements of a shape. A product of large sizes may be Infinity, and Infinity times 0 is not 0. */
export const countOf = (shape: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);

/** Reads numbers of a shape, which begin at a place and are known to lie in the file. */
export function* numbersAt(
  at: number,
  kind: NumberKind,
  swapped: boolean,
  shape: readonly number[],
  strides: readonly number[],
): Reading<Numbers> {
  const width = widths[kind];
  const count = countOf(shape);
  const memory = yield { at, length: count * width, align: width, own: swapped } satisfies Ask;
  if (swapped) reverseEach(memory, width);
  const [array, name] = kinds[kind];
  const data = new array(memory.buffer, memory.byteOffset, count);
  return isHalfDType(name) ? { data, dtype: name, shape, strides } : { data, shape, strides };
}

function reverseEach(memory: Memory, width: number): void {
  for (const bytes of bytesIn(memory))
    for (let start = 0; start < bytes.length; start += width)
      for (let low = start, high = start + width - 1; low < high; low++, high--) {
        const byte = bytes[low]!;
        bytes[low] = bytes[high]!;
        bytes[high] = byte;
      }
}

/** The bytes of numbers as little-endian machines have them: on others a copy. */
export function littleEndian(memory: Memory, width: number): Memory {
  if (hostIsLittleEndian || width === 1) return memory;
  const copy = copyOf(memory);
  reverseEach(copy, width);
  return copy;
}
