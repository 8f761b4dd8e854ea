// Masks: in lists, in typed arrays, in something tensor-like.

import { allocate } from '../../basics/allocate.js';
import { describe, inNameOf } from '../../basics/errors.js';
import { flagsOf } from '../../basics/flags.js';
import { type FloatArray, type HalfArray, isFloatArray, lengthOf, typeName } from '../../basics/floats.js';
import { bitsOf, isHalfArray, widenHalves } from '../../basics/halves.js';
import { contiguousStrides, frozen, type Layout, mostDimensions, placesOf, sizeOf } from '../layouts/shape.js';
import { readNested } from '../lists.js';
import { advice, dataAdvice, type Foreign } from './advice.js';
import { checkMemory, isTensorLike, readLayout, type Said, saidHalf, type TensorLike } from './layout.js';

/** The entries to fill: non-zero numbers or `true`, in lists, in a typed array, or in something tensor-like. */
export type Mask = readonly NestedMask[] | ArrayBufferView | TensorLike;
/** Booleans or numbers in lists of equal lengths, to any depth. */
export type NestedMask = boolean | number | readonly NestedMask[];

/** Where an entry is to be filled: where the byte is not 0. */
export interface Flags extends Layout {
  readonly data: Uint8Array;
}

/** A mask as flags; a typed array as long as `shape` takes that shape, another one is a single dimension. */
export function readMask(mask: unknown, shape: readonly number[]): Flags {
  if (Array.isArray(mask)) return flagged(readList(mask));
  if (isTensorLike(mask)) return flagged(readLike(mask, numbers));
  if (!ArrayBuffer.isView(mask))
    throw new TypeError(
      `mask must be a Tensor, a nested list, a typed array or tensor-like, got ${describe(mask)}${advice(mask, 'mask')}`,
    );
  const data = numbers(mask);
  const length = lengthOf(data);
  const own = length === sizeOf(shape) ? shape : frozen([length]);
  return { data: flagsOf(data, 0, length), shape: own, strides: contiguousStrides(own), offset: 0 };
}

/** The flags of a layout's own elements, which may be few of those of its data. */
function flagged({ data, shape, strides, offset }: Layout & { readonly data: ArrayBufferView }): Flags {
  const [first, last] = placesOf({ shape, strides, offset });
  return { data: flagsOf(data, first, last + 1 - first), shape, strides, offset: offset - first };
}

/** A mask whose kind its data tells: bytes keep an entry where they are not 0, floats are added to it. */
export interface Marks extends Layout {
  readonly data: FloatArray | Uint8Array;
  /** Whether it came without a shape, as a typed array. */
  readonly isFlat: boolean;
}

/** A mask for functions that may also add it. Of a list of numbers nobody knows the kind. */
export function readMarks(mask: unknown): Marks {
  if (Array.isArray(mask)) {
    if (!isBooleans(mask))
      throw new TypeError(
        'a mask that is a list must hold true and false; of numbers to be added make a Tensor, of 0 and 1 a Uint8Array',
      );
    const { data, shape, strides, offset } = readList(mask);
    return { data: new Uint8Array(data), shape, strides, offset, isFlat: false };
  }
  if (isTensorLike(mask)) {
    // Not by `...`, which takes 300 ns.
    const { data, shape, strides, offset } = readLike(mask, floatsOrBytes);
    return { data, shape, strides, offset, isFlat: false };
  }
  if (!ArrayBuffer.isView(mask))
    throw new TypeError(
      `mask must be a Tensor, a nested list of booleans, a typed array or tensor-like, got ${describe(mask)}${advice(mask, 'mask')}`,
    );
  const data = floatsOrBytes(mask);
  return { data, shape: frozen([lengthOf(data)]), strides: oneStep, offset: 0, isFlat: true };
}

/** A list, whose errors say that it is the mask's. */
function readList(mask: readonly unknown[]) {
  try {
    return readNested(mask, 'float32');
  } catch (error) {
    throw inNameOf('mask', error);
  }
}
/** Something tensor-like, likewise. */
function readLike<A extends FloatArray | Uint8Array>(mask: object, toArray: Parameters<typeof readLayout<A>>[1]) {
  try {
    return readLayout(mask, toArray, 'mask');
  } catch (error) {
    throw inNameOf('mask', error);
  }
}

const oneStep = frozen([1]);

const isBooleans = (value: unknown, depth = 0): boolean =>
  Array.isArray(value)
    ? depth < mostDimensions && value.every((entry) => isBooleans(entry, depth + 1))
    : typeof value === 'boolean';

function floatsOrBytes(data: unknown, like?: Foreign, said?: Said): FloatArray | Uint8Array {
  // Of bytes there is no more to ask.
  if (typeName(data) === 'Uint8Array' && lengthOf(data as Uint8Array) > 0) return data as Uint8Array;
  const array = numbers(data, like, said);
  return isFloatArray(array) ? array : flagsOf(array, 0, lengthOf(array));
}

const areFlags = (data: unknown) =>
  Array.isArray(data) && data.every((entry) => typeof entry === 'boolean' || entry === 0 || entry === 1);

/** A typed array of any type; of floats of 16 bits, whose bits would be other numbers, a copy as float32. */
export function numbers(data: unknown, like?: Foreign, said?: Said): FloatArray | Uint8Array {
  checkMemory(data, like === undefined ? 'mask' : 'data');
  if (typeName(data) === undefined)
    throw new TypeError(
      like === undefined
        ? `mask must be a typed array, got ${describe(data)}`
        : `data must be a typed array, got ${describe(data)}${dataAdvice(data, like, 'mask', areFlags(data) ? 'Uint8Array' : 'Float32Array')}`,
    );
  const half = isHalfArray(data) ? saidHalf(data, said) : undefined;
  if (half === undefined) return data as FloatArray | Uint8Array;
  const bits = bitsOf(data as HalfArray);
  const y = allocate('float32', lengthOf(bits));
  widenHalves(half, bits, y);
  return y;
}
