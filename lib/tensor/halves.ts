// Tensors of 16-bit numbers beside those of floats: as floats, and back.
import { backend } from '../backends/select.js';
import { allocate } from '../basics/allocate.js';
import {
  bufferOf,
  byteOffset,
  type Data,
  type DType,
  type FloatArray,
  type FloatDType,
  type HalfArray,
  isFloat32,
  lengthOf,
} from '../basics/floats.js';
import { bitsOf, isFloat16Array, isHalfDType, newBits, numbersOf, ofBits } from '../basics/halves.js';
import { contiguousData, copyOf, spread } from './copies.js';
import { dtypeOfParts } from './foreign/dtypes.js';
import { checkPlace, checkReach, Parts } from './layouts/shape.js';

/** A tensor of floats itself; of 16-bit numbers a contiguous copy in float32, which has them all, or in float64. */
export function asFloats(x: Parts<Data>, wide: FloatDType = 'float32'): Parts {
  if (x.half === undefined) return x as Parts;
  const y = allocate(wide, x.size, undefined, x.shape);
  backend.convert(contiguousBits(x), x.half, y, wide);
  return new Parts(y, x.shape);
}

/** The bits of 16-bit numbers in row-major order: the tensor's own where they lie so, else a copy. */
export function contiguousBits(x: Parts<Data>): Uint16Array {
  checkPlace(x);
  const { offset, size } = x;
  const bits = bitsOf(x.data as HalfArray);
  if (!x.packed) return copiedBits(x, bits);
  if (size === lengthOf(bits)) return bits;
  return new Uint16Array(bufferOf(bits), byteOffset(bits) + 2 * (size === 0 ? 0 : offset), size);
}

function copiedBits(x: Parts<Data>, bits: Uint16Array): Uint16Array {
  const copy = newBits(x.half!, x.size, undefined, x.shape);
  spread(bits, x, x.shape, x.size, copy);
  return copy;
}

/** A contiguous copy of a tensor. */
export function copied(x: Parts<Data>): Parts<Data> {
  if (x.half === undefined)
    return new Parts<Data>(copyOf(x as Parts), x.shape, x.packed ? x.strides : undefined, 0, true);
  checkPlace(x);
  return ofHalves(copiedBits(x, bitsOf(x.data as HalfArray)), x);
}

/** A contiguous tensor of bits, of the dtype, the shape and the kind of array that another one has. */
export const ofHalves = (bits: Uint16Array, like: Parts<Data>): Parts<Data> =>
  new Parts<Data>(ofBits(bits, like.half!, like.data as HalfArray), like.shape, undefined, 0, true, like.half);

/** A contiguous copy in another dtype. */
export function converted(x: Parts<Data>, to: DType): Parts<Data> {
  const { shape, size } = x;
  const from = dtypeOfParts(x);
  const source = x.half === undefined ? contiguousFloats(x as Parts) : contiguousBits(x);
  if (isHalfDType(to)) {
    const bits = newBits(to, size, undefined, shape);
    backend.convert(source, from, bits, to);
    return new Parts<Data>(ofBits(bits, to), shape, undefined, 0, true, to);
  }
  const y = allocate(to, size, undefined, shape);
  backend.convert(source, from, y, to);
  return new Parts<Data>(y, shape);
}

function contiguousFloats(x: Parts): FloatArray {
  checkPlace(x);
  return contiguousData(x);
}

/** Floats in another dtype, contiguous, rounded once, in an array of the kind of `like`; themselves where they are to be floats. */
export function asDType(x: Parts, dtype: DType, like?: HalfArray): Parts<Data> {
  if (!isHalfDType(dtype)) return x;
  const data = contiguousFloats(x);
  const bits = newBits(dtype, x.size, undefined, x.shape);
  backend.convert(data, isFloat32(data) ? 'float32' : 'float64', bits, dtype);
  return new Parts<Data>(ofBits(bits, dtype, like), x.shape, undefined, 0, true, dtype);
}

/** An element of a tensor by its index in data, which is there unless the memory has gone. */
export function numberAt(tensor: Parts<Data>, index: number): number {
  const { data, half } = tensor;
  const value = (data as FloatArray)[index];
  if (value === undefined) checkReach(data, tensor);
  return half === undefined || isFloat16Array(data) ? value! : numbersOf(half)[value!]!;
}
