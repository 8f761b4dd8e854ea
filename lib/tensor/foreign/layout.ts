// Tensors of other libraries, by structure: where their elements lie, and in what. Each member is read once: a getter may answer
// differently the second time, and what was checked must be what is used.

import { shapeText } from '../../basics/allocate.js';
import { checkPresent } from '../../basics/checks.js';
import { brand, describe } from '../../basics/errors.js';
import {
  type Data,
  dtypeOf,
  type FloatArray,
  type HalfArray,
  type HalfDType,
  isFloatArray,
  lengthOf,
  typeName,
} from '../../basics/floats.js';
import { isFloat16Array, isHalfArray, isHalfDType } from '../../basics/halves.js';
import {
  checkReach,
  checkShape,
  checkSize,
  checkStrides,
  contiguousStrides,
  contiguousStridesOf,
  frozen,
  isContiguous,
  type Layout,
  placesOf,
  sameShape,
  sizeOf,
} from '../layouts/shape.js';
import { advice, dataAdvice, type Foreign } from './advice.js';

/** Sizes or strides: an array, or a typed array of integers as stdlib and ONNX have. */
export type IntegerList = ArrayLike<number | bigint>;

/**
 * The tensors of other libraries: `{ data, dims }` as in onnxruntime and transformers.js, `{ data, shape }` with strides and
 * an offset as in ndarray and stdlib. `data` must be a Float32Array or a Float64Array, or of 16 bits; strides and offset count elements. Strides
 * may be a method that returns them.
 */
export type TensorLike = {
  /** What the numbers of `data` are, under either name: of a Uint16Array `'float16'` and `'bfloat16'` count, else it holds integers. */
  readonly dtype?: unknown;
  readonly type?: unknown;
} & (
  | { readonly data: unknown; readonly dims: IntegerList; readonly location?: string }
  | {
      readonly data: unknown;
      readonly shape: IntegerList;
      readonly strides?: IntegerList | (() => IntegerList);
      readonly stride?: IntegerList | (() => IntegerList);
      readonly offset?: number;
      /** `'column-major'` where there are no strides to say it. */
      readonly order?: unknown;
      readonly fortranOrder?: boolean;
    }
);

/** True for a Tensor, of this or another copy of the package, and for what has the members of TensorLike. */
export function isTensorLike(x: unknown): x is TensorLike {
  return typeof x === 'object' && x !== null && 'data' in x && ('dims' in x || 'shape' in x);
}

/** True for what says that it must not be written: a stdlib ndarray with its READONLY flag, a buffer of Pyodide's. */
export function isReadOnly(like: unknown): boolean {
  const { flags, readonly } = like as { readonly flags?: { readonly READONLY?: unknown }; readonly readonly?: unknown };
  return flags?.READONLY === true || readonly === true;
}

/** What something tensor-like says that its elements are, under either name. */
export interface Said {
  readonly dtype: unknown;
  readonly type: unknown;
}

/** Where the elements of something tensor-like lie, which messages call `what`, and in what: as `toArray` takes its data. */
export function readLayout<A extends Data | Uint8Array>(
  source: object,
  toArray: (data: unknown, like: Foreign, said: Said) => A,
  what: string,
): Layout & { readonly data: A; readonly isPacked: boolean; readonly size: number } {
  const like = source as Foreign;
  const own = like[brand] === true;
  // Before `data`, which throws an error of its own where a tensor is on another device.
  if (!own) checkLocation(like.location, what);
  const { data: given, dtype, type } = like;
  const said = { dtype, type };
  const data = toArray(given, like, said);
  if (!own && !isHalfArray(data)) checkElementType(given, said);
  const shape = own ? checkShape(like.shape) : readShape(like);
  const { offset } = like;
  if (offset !== undefined && !Number.isSafeInteger(offset))
    throw new TypeError(`offset must be an integer, got ${describe(offset)}`);
  const strides = readStrides(like, shape);
  const count = lengthOf(data);
  const isWhole = strides === undefined && offset === undefined;
  if (isWhole) checkSize(shape, count);
  const { of, first, last, size, isPacked } = placedAs(shape, strides, (offset as number | undefined) ?? 0);
  // An empty array may be one whose memory has gone.
  if (count === 0 || !(first >= 0 && last < count)) checkReach(data, of);
  return { data, shape, strides: of.strides, offset: of.offset, isPacked, size };
}

/** What follows from a layout alone. */
interface Placed {
  readonly of: Layout;
  /** The places of its first element and of its last. */
  readonly first: number;
  readonly last: number;
  readonly size: number;
  readonly isPacked: boolean;
}

/** That of the layout that was read last: to find it takes a fourth of a small call. */
let lastPlaced: Placed | undefined;

/** The lists are frozen ones. */
function placedAs(shape: readonly number[], given: readonly number[] | undefined, offset: number): Placed {
  const strides = given ?? contiguousStridesOf(shape);
  if (
    lastPlaced !== undefined &&
    lastPlaced.of.shape === shape &&
    lastPlaced.of.strides === strides &&
    lastPlaced.of.offset === offset
  )
    return lastPlaced;
  const of = { shape, strides, offset };
  const [first, last] = placesOf(of);
  lastPlaced = { of, first, last, size: sizeOf(shape), isPacked: isContiguous(of) };
  return lastPlaced;
}

/** The shape that something tensor-like has, under either name. */
function readShape({ dims, shape: other }: Foreign): readonly number[] {
  const shape = checkShape(dims === undefined ? other : dims);
  if (dims !== undefined && other !== undefined) checkSame('dims', shape, 'shape', checkShape(other));
  return shape;
}

/** The strides that something tensor-like has, under either name and as a value or a method; undefined for row-major order. */
function readStrides(like: Foreign, shape: readonly number[]): readonly number[] | undefined {
  const { strides, stride } = like;
  if (strides == null && stride == null) return isColumnMajor(like) ? columnMajor(shape) : undefined;
  const first = strides == null ? undefined : stridesIn(strides, like, shape);
  const second = stride == null ? undefined : stridesIn(stride, like, shape);
  if (first !== undefined && second !== undefined) checkSame('strides', first, 'stride', second);
  return first ?? second;
}

const stridesIn = (given: unknown, like: Foreign, shape: readonly number[]) =>
  checkStrides(typeof given === 'function' ? (given as () => unknown).call(like) : given, shape);

function checkSame(name: string, list: readonly number[], otherName: string, other: readonly number[]): void {
  if (!sameShape(list, other))
    throw new RangeError(`${name} ${shapeText(list)} and ${otherName} ${shapeText(other)} differ`);
}

function isColumnMajor({ order, fortranOrder }: Foreign): boolean {
  if (typeof order !== 'string') return fortranOrder === true;
  if (!/^(row-major|column-major|C|F)$/.test(order))
    throw new TypeError(`order must be 'row-major' or 'column-major', got ${describe(order)}`);
  const inColumns = order === 'column-major' || order === 'F';
  if (typeof fortranOrder === 'boolean' && fortranOrder !== inColumns)
    throw new TypeError(`order ${describe(order)} and fortranOrder ${fortranOrder} differ`);
  return inColumns;
}

function columnMajor(shape: readonly number[]): readonly number[] {
  return frozen(contiguousStrides(shape.toReversed()).toReversed());
}

/** What libraries call the types of elements; a name that is none of these may be for anything. */
const elementTypes = /^(b?float(16|32|64)|u?int(4|8|16|32|64)|uint8c|bool(ean)?|complex(64|128)|string)$/;

/** Asserts that something tensor-like does not name another type than its data has. */
function checkElementType(data: unknown, { dtype, type }: Said): void {
  if (typeof dtype === 'string') checkNamed('dtype', dtype, data);
  if (typeof type === 'string') checkNamed('type', type, data);
}

function checkNamed(name: string, said: string, data: unknown): void {
  const type = isFloatArray(data) ? dtypeOf(data) : undefined;
  if (said === type || !elementTypes.test(said)) return;
  // Of other arrays there is more than one for a type, and more than one type for an array.
  if (type === undefined && said !== 'float32' && said !== 'float64') return;
  throw new TypeError(`${name} must be that of the data, got ${describe(said)} for ${describe(data)}`);
}

// onnxruntime's pinned memory is the CPU's, which other devices can read too.
function checkLocation(location: unknown, what: string): void {
  if (location === undefined || location === 'cpu' || location === 'cpu-pinned') return;
  const there = what === 'out' ? '' : `; pass { data: await ${what}.getData(), dims: ${what}.dims }`;
  const instead = location === 'none' ? '; it was disposed' : there;
  throw new TypeError(`a tensor must be in memory, at location 'cpu', got ${describe(location)}${instead}`);
}

/** What numbers of 16 bits something tensor-like says that its data holds, or the array itself. */
export function saidHalf(data: HalfArray, said?: Said): HalfDType | undefined {
  if (isFloat16Array(data)) return 'float16';
  const name = typeof said?.dtype === 'string' ? said.dtype : said?.type;
  return isHalfDType(name) ? name : undefined;
}

// A tensor of an array whose memory is gone would be an empty one.
export function checkMemory(data: unknown, what = 'data'): void {
  if (typeName(data) !== undefined && lengthOf(data as ArrayBufferView) === 0)
    checkPresent(data as ArrayBufferView, what);
}

export function floats(data: unknown, like: Foreign | undefined, what: string): FloatArray {
  checkMemory(data);
  if (isFloatArray(data)) return data;
  const instead = like === undefined ? advice(data, what) : dataAdvice(data, like, what, 'Float32Array');
  throw new TypeError(`data must be a Float32Array or a Float64Array, got ${describe(data)}${instead}`);
}
