// Reads what a caller has as the parts of a tensor, by structure and importing nothing: numbers, nested lists, typed arrays, the
// tensors of other libraries. Memory is shared, never copied (lists have none), and everything is checked before it is read.
import type { FloatArray } from './backend.js';
import { describe } from './errors.js';
import { isFloatArray } from './floats.js';
import {
  allocate,
  checkReach,
  checkShape,
  checkSize,
  contiguousStrides,
  type DType,
  dtypeOf,
  Parts,
  shapeText,
  sizeOf,
} from './shape.js';

/** Marks the Tensor of every copy of this package, where `instanceof` knows only one. */
export const brand = Symbol.for('nonlin.tensor');

/** Numbers in lists of equal lengths, to any depth. */
export type Nested = number | readonly Nested[];

/**
 * The tensors of other libraries: `{ data, dims }` as in onnxruntime and transformers.js, `{ data, shape }` with strides and
 * an offset as in ndarray and stdlib. `data` must be a Float32Array or a Float64Array; strides and offset count elements.
 */
export type TensorLike =
  | { readonly data: unknown; readonly dims: readonly number[]; readonly location?: string }
  | {
      readonly data: unknown;
      readonly shape: readonly number[];
      readonly strides?: readonly number[];
      readonly stride?: readonly number[];
      readonly offset?: number;
      readonly order?: string;
      readonly fortranOrder?: boolean;
    };

export type TensorSource = Nested | FloatArray | TensorLike;

/** The entries to fill: non-zero numbers or `true`, in lists, in a typed array, or in something tensor-like. */
export type Mask = readonly NestedMask[] | ArrayBufferView | TensorLike;
export type NestedMask = boolean | number | readonly NestedMask[];

export interface TensorOptions {
  /** The sizes of the dimensions; one of them may be -1, which stands for what the others leave. */
  readonly shape?: readonly number[];
  /** For lists and numbers, `'float32'` (default) or `'float64'`. Memory is shared and must have this dtype already. */
  readonly dtype?: DType;
}

/** True for a Tensor, of this or another copy of the package, and for what has the members of TensorLike. */
export function isTensorLike(x: unknown): x is TensorLike {
  return typeof x === 'object' && x !== null && 'data' in x && ('dims' in x || 'shape' in x);
}

/** The parts of a number, a nested list, a typed array or something tensor-like. */
export function readParts(source: unknown, dtype: unknown): Parts {
  if (dtype !== undefined && dtype !== 'float32' && dtype !== 'float64')
    throw new TypeError(`dtype must be 'float32' or 'float64', got ${describe(dtype)}`);
  if (typeof source === 'number' || Array.isArray(source)) return readNested(source, dtype ?? 'float32', false);
  let parts: Parts;
  if (ArrayBuffer.isView(source)) parts = flat(floats(source));
  else if (isTensorLike(source)) parts = readLike(source, floats);
  else
    throw new TypeError(
      `a Tensor is made of numbers, nested lists of them, a Float32Array, a Float64Array or something with data and shape or dims, got ${describe(source)}`,
    );
  if (dtype !== undefined && dtype !== dtypeOf(parts.data))
    throw new TypeError(`dtype must be that of the shared data, '${dtypeOf(parts.data)}', got '${dtype}'`);
  return parts;
}

/** The parts of a mask; a typed array as long as `shape` takes that shape, another one is a single dimension. */
export function readMask(mask: unknown, shape: readonly number[]): Parts {
  if (Array.isArray(mask)) return readNested(mask, 'float32', true);
  if (isTensorLike(mask)) return readLike(mask, flags);
  if (!ArrayBuffer.isView(mask))
    throw new TypeError(`mask must be a Tensor, a nested list, a typed array or tensor-like, got ${describe(mask)}`);
  const data = flags(mask);
  return data.length === sizeOf(shape) ? new Parts(data, shape) : flat(data);
}

function flat(data: FloatArray): Parts {
  return new Parts(data, Object.freeze([data.length]));
}

function floats(data: unknown): FloatArray {
  if (isFloatArray(data)) return data;
  throw new TypeError(`data must be a Float32Array or a Float64Array, got ${describe(data)}`);
}

function flags(data: unknown): FloatArray {
  if (isFloatArray(data)) return data;
  if (!ArrayBuffer.isView(data) || data instanceof DataView)
    throw new TypeError(`the data of a mask must be a typed array, got ${describe(data)}`);
  // Number: a BigInt64Array is what language models call an attention mask.
  return Float32Array.from(data as unknown as ArrayLike<number | bigint>, (flag) => (Number(flag) === 0 ? 0 : 1));
}

function readLike(source: object, toFloats: (data: unknown) => FloatArray): Parts {
  const like = source as Readonly<Record<string | symbol, unknown>>;
  const own = like[brand] === true;
  // Before `data`, which throws an error of its own where a tensor is on another device.
  if (!own && like.location !== undefined && like.location !== 'cpu')
    throw new TypeError(`a tensor must be in memory, at location 'cpu', got ${describe(like.location)}`);
  const data = toFloats(like.data);
  const shape = checkShape(own || !('dims' in like) ? like.shape : like.dims);
  const offset = like.offset ?? 0;
  if (!Number.isSafeInteger(offset)) throw new TypeError(`offset must be an integer, got ${describe(offset)}`);
  const given = like.strides ?? like.stride;
  if (given === undefined && like.offset === undefined) checkSize(shape, data.length);
  const columnMajor = like.order === 'column-major' || like.fortranOrder === true;
  const strides = given === undefined ? packedStrides(shape, columnMajor) : checkStrides(given, shape);
  const parts = new Parts(data, shape, strides, offset as number);
  checkReach(data, parts);
  return parts;
}

function packedStrides(shape: readonly number[], columnMajor: boolean): readonly number[] {
  return columnMajor ? Object.freeze(contiguousStrides(shape.toReversed()).toReversed()) : contiguousStrides(shape);
}

function checkStrides(strides: unknown, shape: readonly number[]): readonly number[] {
  if (!Array.isArray(strides)) throw new TypeError(`strides must be an array of integers, got ${describe(strides)}`);
  for (const stride of strides as readonly unknown[])
    if (!Number.isSafeInteger(stride)) throw new TypeError(`strides must hold integers, got ${describe(stride)}`);
  // stdlib gives its 0-d arrays one stride.
  if (shape.length === 0) return contiguousStrides(shape);
  if (strides.length !== shape.length)
    throw new RangeError(`strides ${shapeText(strides)} and shape ${shapeText(shape)} differ in length`);
  return Object.freeze([...strides]);
}

// Far beyond any real tensor; a list that contains itself would never end.
const deepest = 64;

function readNested(source: unknown, dtype: DType, booleans: boolean): Parts {
  const shape: number[] = [];
  let first = source;
  while (Array.isArray(first)) {
    if (shape.push(first.length) > deepest)
      throw new RangeError(`a list may be nested ${deepest} deep; does it contain itself?`);
    first = first[0];
  }
  const data = allocate(dtype, sizeOf(shape));
  const path = shape.map(() => 0);
  let count = 0;

  const fill = (value: unknown, depth: number): void => {
    if (depth < shape.length && Array.isArray(value)) {
      if (value.length !== shape[depth]) throw ragged(path.slice(0, depth), value.length, shape[depth]!);
      for (let i = 0; i < value.length; i++) {
        path[depth] = i;
        fill(value[i], depth + 1);
      }
    } else if (depth === shape.length && (typeof value === 'number' || (booleans && typeof value === 'boolean'))) {
      data[count++] = Number(value);
    } else {
      throw misplaced(path.slice(0, depth), value, booleans);
    }
  };
  fill(source, 0);
  return new Parts(data, Object.freeze(shape));
}

function ragged(path: readonly number[], length: number, wanted: number): RangeError {
  const entries = length === 1 ? '1 entry' : `${length} entries`;
  return new RangeError(`row ${pathText(path)} has ${entries}, row ${pathText(path.map(() => 0))} has ${wanted}`);
}

function misplaced(path: readonly number[], value: unknown, booleans: boolean): Error {
  const element = `element ${pathText(path)}`;
  if (Array.isArray(value) || typeof value === 'number')
    return new RangeError(`${element} is ${describe(value)}, nested unlike element ${pathText(path.map(() => 0))}`);
  return new TypeError(`${element} must be ${booleans ? 'a boolean or a number' : 'a number'}, got ${describe(value)}`);
}

function pathText(path: readonly number[]): string {
  return path.length === 1 ? String(path[0]) : shapeText(path);
}
