// Reads what a caller has as the parts of a tensor, by structure and importing nothing: numbers, nested lists, typed arrays, the
// tensors of other libraries. Memory is shared (lists have none, and bytes may lie at an odd place), and everything is checked before it
// is read.

import { allocate } from '../../basics/allocate.js';
import { describe } from '../../basics/errors.js';
import {
  bufferOf,
  byteOffset,
  bytesOf,
  copyOver,
  type Data,
  type DType,
  type FloatArray,
  type FloatDType,
  type HalfArray,
  type HalfDType,
  lengthOf,
  typeName,
} from '../../basics/floats.js';
import { isFloat16Array, isHalfArray, isHalfDType, newBits, ofBits, roundHalves } from '../../basics/halves.js';
import { frozen, Parts } from '../layouts/shape.js';
import { readNested } from '../lists.js';
import { advice, dataAdvice, type Foreign } from './advice.js';
import { type ArrowVector, arrowChunks, isArrow, readArrow } from './arrow.js';
import { checkDType, dtypeOfParts } from './dtypes.js';
import {
  checkMemory,
  floats,
  type IntegerList,
  isTensorLike,
  readLayout,
  type Said,
  saidHalf,
  type TensorLike,
} from './layout.js';
import type { NestedMask } from './masks.js';

/** The dtype of a Tensor of something: that of its data, where the type tells, and float32 for numbers and lists. */
export type DTypeOf<S> = S extends number | readonly unknown[]
  ? 'float32'
  : S extends { readonly data: unknown; readonly dtype: infer D extends DType }
    ? D
    : S extends Float32Array | { readonly data: Float32Array }
      ? 'float32'
      : S extends Float64Array | { readonly data: Float64Array }
        ? 'float64'
        : S extends Exclude<HalfArray, Uint16Array>
          ? 'float16'
          : S extends Uint16Array
            ? HalfDType
            : S extends FloatArray | { readonly data: FloatArray }
              ? FloatDType
              : DType;

/** What a Tensor can be made of; `true` and `false` in a list are 1 and 0. */
export type TensorSource = number | readonly NestedMask[] | Data | Uint8Array | TensorLike | ArrowVector;

export interface TensorOptions<D extends DType = DType> {
  /** The sizes of the dimensions; one of them may be -1, which stands for what the others leave. */
  readonly shape?: IntegerList | undefined;
  /**
   * Of lists and numbers what they become, `'float32'` by default. Memory is shared and must have this dtype already; of a
   * Uint16Array it says whether its numbers are `'float16'` or `'bfloat16'`, of a Uint8Array or a Buffer of what numbers it has the bytes.
   */
  readonly dtype?: D;
}

/** The parts of a number, a nested list, a typed array or something tensor-like, which messages call `what`. */
export function readParts(source: unknown, dtype: unknown, what = 'x'): Parts<Data> {
  checkDType(dtype);
  if (typeof source === 'number' || Array.isArray(source)) return readNumberOrList(source, dtype ?? 'float32');
  let parts: Parts<Data>;
  if (isHalfArray(source) && (isFloat16Array(source) || isHalfDType(dtype))) {
    checkMemory(source);
    const half = isFloat16Array(source) ? 'float16' : (dtype as HalfDType);
    const length = lengthOf(source as Uint16Array);
    parts = new Parts<Data>(source, frozen([length]), undefined, 0, true, half);
  } else if (dtype !== undefined && typeName(source) === 'Uint8Array') parts = ofBytes(source as Uint8Array, dtype);
  else if (ArrayBuffer.isView(source)) parts = flat(floats(source, undefined, what));
  else if (isTensorLike(source)) parts = readTensor(source, dtype, what);
  else if (isArrow(source)) parts = readArrow(arrowChunks(source), what);
  else
    throw new TypeError(
      `a Tensor is made of numbers, nested lists of them, a Float32Array, a Float64Array or something with data and shape or dims, got ${describe(source)}${advice(source, what)}`,
    );
  const own = dtypeOfParts(parts);
  if (dtype !== undefined && dtype !== own)
    throw new TypeError(`dtype must be that of the shared data, '${own}', got '${dtype}'; to() converts`);
  return parts;
}

/** Bytes as the numbers whose memory they are, in the order of this machine: a copy where they do not lie as numbers have to. */
function ofBytes(bytes: Uint8Array, dtype: DType): Parts<Data> {
  checkMemory(bytes);
  const width = bytesOf[dtype];
  const length = lengthOf(bytes);
  if (length % width !== 0)
    throw new RangeError(
      `${dtype} has ${width} bytes an element, and ${length === 1 ? '1 byte is' : `${length} bytes are`} no multiple of that`,
    );
  const own = byteOffset(bytes) % width === 0 ? bytes : new Uint8Array(bytes);
  const place = [bufferOf(own), byteOffset(own), length / width] as const;
  const shape = frozen([length / width]);
  if (isHalfDType(dtype))
    return new Parts<Data>(ofBits(new Uint16Array(...place), dtype), shape, undefined, 0, true, dtype);
  return new Parts<Data>(dtype === 'float32' ? new Float32Array(...place) : new Float64Array(...place), shape);
}

/** The parts of something tensor-like, also of numbers of 16 bits where it or `dtype` says what they are; `others` reads other data. */
export function readTensor(
  source: TensorLike,
  dtype: unknown,
  what: string,
  others: (data: unknown, like: Foreign, said: Said) => FloatArray = (data, like) => floats(data, like, what),
): Parts<Data> {
  let half: HalfDType | undefined;
  const toArray = (data: unknown, like: Foreign, said: Said): Data => {
    if (!isHalfArray(data)) return others(data, like, said);
    half = saidHalf(data, said) ?? (isHalfDType(dtype) ? dtype : undefined);
    if (half === undefined) return others(data, like, said);
    checkMemory(data);
    return data;
  };
  const { data, shape, strides, offset, isPacked, size } = readLayout<Data>(source, toArray, what);
  return new Parts<Data>(data, shape, strides, offset, isPacked, half, size);
}

/**
 * The parts of something tensor-like of floats or of integers, and whether they are integers: these as float64. In an array of which
 * kind data should have been that is no typed array, `kindFor` says.
 */
export function readNumbers(
  source: TensorLike,
  what: string,
  kindFor: (data: unknown) => string | undefined,
): { readonly parts: Parts<Data>; readonly areIntegers: boolean } {
  let areIntegers = false;
  const parts = readTensor(source, undefined, what, (data, like, said) => {
    const type = typeName(data);
    if (type === undefined)
      throw new TypeError(
        `data must be a typed array of integers or floats, got ${describe(data)}${dataAdvice(data, like, what, kindFor(data))}`,
      );
    // What a Uint16Array holds may also be floats under a name that is not known.
    areIntegers = /^(Big)?U?[Ii]nt\d/.test(type) && !/float16$/.test(`${said.dtype ?? said.type}`);
    if (!areIntegers) return floats(data, like, what);
    checkMemory(data);
    return integersOf(data as ArrayBufferView);
  });
  return { parts, areIntegers };
}

/** The integers of a typed array as float64, by its places, as its class may iterate over anything. */
export function integersOf(data: ArrayBufferView): Float64Array {
  const count = lengthOf(data);
  const numbers = allocate('float64', count) as Float64Array;
  const isSigned = typeName(data) === 'BigInt64Array';
  if (!isSigned && typeName(data) !== 'BigUint64Array') {
    copyOver<FloatArray>(numbers, data as Float64Array);
    return numbers;
  }
  // As halves, whose sum is rounded once: V8 makes a bigint of each that is read, which takes 8 ns.
  const memory = data as Uint8Array;
  const words = new Int32Array(bufferOf(memory), byteOffset(memory), 2 * count);
  for (let i = 0; i < count; i++) {
    const high = words[2 * i + 1]!;
    numbers[i] = (isSigned ? high : high >>> 0) * 2 ** 32 + (words[2 * i]! >>> 0);
  }
  return numbers;
}

function flat(data: FloatArray): Parts {
  return new Parts(data, frozen([lengthOf(data)]));
}

/** Numbers of 16 bits are rounded once, from float64. */
function readNumberOrList(source: unknown, dtype: DType): Parts<Data> {
  if (!isHalfDType(dtype)) return readNested(source, dtype);
  const { data, shape } = readNested(source, 'float64');
  return roundedParts(data, shape, dtype);
}

export function roundedParts(data: FloatArray, shape: readonly number[], dtype: HalfDType): Parts<Data> {
  const bits = newBits(dtype, lengthOf(data), undefined, shape);
  roundHalves(dtype, data, bits);
  return new Parts<Data>(ofBits(bits, dtype), shape, undefined, 0, true, dtype);
}
