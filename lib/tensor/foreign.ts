// Reads what a caller has as the parts of a tensor, by structure and importing nothing: numbers, nested lists, typed arrays, the
// tensors of other libraries. Memory is shared, never copied (lists have none), and everything is checked before it is read.
import { allocate, shapeText } from '../basics/allocate.js';
import { checkPresent } from '../basics/checks.js';
import { brand, describe, list } from '../basics/errors.js';
import { flagsOf } from '../basics/flags.js';
import {
  bytesOf,
  type Data,
  type DType,
  dtypeOf,
  type FloatArray,
  type FloatDType,
  type HalfArray,
  type HalfDType,
  isFloatArray,
  lengthOf,
  lengthOfAny,
  typeName,
} from '../basics/floats.js';
import {
  bitsOf,
  isFloat16Array,
  isHalfArray,
  isHalfDType,
  newBits,
  ofBits,
  roundHalves,
  widenHalves,
} from '../basics/halves.js';
import { readNested } from './lists.js';
import {
  checkReach,
  checkShape,
  checkSize,
  checkStrides,
  contiguousStrides,
  type Layout,
  mostDimensions,
  Parts,
  placesOf,
  sameShape,
  sizeOf,
} from './shape.js';

/** Numbers in lists of equal lengths, to any depth. */
export type Nested = number | readonly Nested[];

/** The typed array of a dtype. */
export type DataOf<D extends DType> = {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: HalfArray;
  readonly bfloat16: Uint16Array;
}[D];

/** The dtype of a Tensor of something: that of its data, where the type tells, and float32 for numbers and lists. */
export type DTypeOf<S> = S extends number | readonly unknown[]
  ? 'float32'
  : S extends { readonly data: unknown; readonly dtype: infer D extends DType }
    ? D
    : S extends Float32Array | { readonly data: Float32Array }
      ? 'float32'
      : S extends Float64Array | { readonly data: Float64Array }
        ? 'float64'
        : S extends Uint16Array
          ? HalfDType
          : S extends FloatArray | { readonly data: FloatArray }
            ? FloatDType
            : DType;

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

/** What a Tensor can be made of; `true` and `false` in a list are 1 and 0. */
export type TensorSource = number | readonly NestedMask[] | Data | TensorLike;

/** The entries to fill: non-zero numbers or `true`, in lists, in a typed array, or in something tensor-like. */
export type Mask = readonly NestedMask[] | ArrayBufferView | TensorLike;
/** Booleans or numbers in lists of equal lengths, to any depth. */
export type NestedMask = boolean | number | readonly NestedMask[];

export interface TensorOptions<D extends DType = DType> {
  /** The sizes of the dimensions; one of them may be -1, which stands for what the others leave. */
  readonly shape?: IntegerList;
  /**
   * Of lists and numbers what they become, `'float32'` by default. Memory is shared and must have this dtype already; of a
   * Uint16Array it says whether its numbers are `'float16'` or `'bfloat16'`.
   */
  readonly dtype?: D;
}

// What JSON has no number for.
const unwritable: readonly unknown[] = ['NaN', 'Infinity', '-Infinity', '-0'];

/** A number in JSON, which has none for these four. */
export type JSONNumber = number | 'NaN' | 'Infinity' | '-Infinity' | '-0';

/** What a Tensor is in JSON: its elements in row-major order. */
export interface TensorJSON<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: readonly JSONNumber[];
}

/** True for a Tensor, of this or another copy of the package, and for what has the members of TensorLike. */
export function isTensorLike(x: unknown): x is TensorLike {
  return typeof x === 'object' && x !== null && 'data' in x && ('dims' in x || 'shape' in x);
}

/** The parts of a number, a nested list, a typed array or something tensor-like. */
export function readParts(source: unknown, dtype: unknown): Parts<Data> {
  checkDType(dtype);
  if (typeof source === 'number' || Array.isArray(source)) return readNumberOrList(source, dtype ?? 'float32');
  let parts: Parts<Data>;
  if (isHalfArray(source) && (isFloat16Array(source) || isHalfDType(dtype))) {
    checkMemory(source);
    const half = isFloat16Array(source) ? 'float16' : (dtype as HalfDType);
    const length = lengthOf(source as Uint16Array);
    parts = new Parts<Data>(source, Object.freeze([length]), undefined, 0, true, half);
  } else if (ArrayBuffer.isView(source)) parts = flat(floats(source));
  else if (isTensorLike(source)) parts = readTensor(source, dtype);
  else
    throw new TypeError(
      `a Tensor is made of numbers, nested lists of them, a Float32Array, a Float64Array or something with data and shape or dims, got ${describe(source)}${advice(source)}`,
    );
  const own = dtypeOfParts(parts);
  if (dtype !== undefined && dtype !== own)
    throw new TypeError(`dtype must be that of the shared data, '${own}', got '${dtype}'; to() converts`);
  return parts;
}

export const dtypeOfParts = (parts: Parts<Data>): DType => parts.half ?? dtypeOf(parts.data as FloatArray);

/** The parts of something tensor-like, also of numbers of 16 bits where it or `dtype` says what they are. */
function readTensor(source: TensorLike, dtype: DType | undefined): Parts<Data> {
  let half: HalfDType | undefined;
  const { data, shape, strides, offset, isPacked } = readLayout<Data>(source, (data, like) => {
    if (!isHalfArray(data)) return floats(data, like);
    half = saidHalf(data, like) ?? (isHalfDType(dtype) ? dtype : undefined);
    if (half === undefined) return floats(data, like);
    checkMemory(data);
    return data;
  });
  return new Parts<Data>(data, shape, strides, offset, isPacked, half);
}

/** What numbers of 16 bits something tensor-like says that its data holds, or the array itself. */
function saidHalf(data: HalfArray, like?: Foreign): HalfDType | undefined {
  if (isFloat16Array(data)) return 'float16';
  const said = like?.[brand] === true || typeof like?.dtype === 'string' ? like.dtype : like?.type;
  return isHalfDType(said) ? said : undefined;
}

const dtypeNames = list(
  Object.keys(bytesOf).map((dtype) => `'${dtype}'`),
  'or',
);

export function checkDType(dtype: unknown): asserts dtype is DType | undefined {
  if (dtype !== undefined && (typeof dtype !== 'string' || !Object.hasOwn(bytesOf, dtype))) throw noDType(dtype);
}

export const noDType = (dtype: unknown) => new TypeError(`dtype must be ${dtypeNames}, got ${describe(dtype)}`);

/** Where an entry is to be filled: where the byte is not 0. */
export interface Flags extends Layout {
  readonly data: Uint8Array;
}

/** A mask as flags; a typed array as long as `shape` takes that shape, another one is a single dimension. */
export function readMask(mask: unknown, shape: readonly number[]): Flags {
  if (Array.isArray(mask)) return flagged(readNested(mask, 'float32'));
  if (isTensorLike(mask)) return flagged(readLayout(mask, numbers));
  if (!ArrayBuffer.isView(mask))
    throw new TypeError(
      `mask must be a Tensor, a nested list, a typed array or tensor-like, got ${describe(mask)}${advice(mask)}`,
    );
  const data = numbers(mask);
  const length = lengthOf(data);
  const own = length === sizeOf(shape) ? shape : Object.freeze([length]);
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
    const { data, shape, strides, offset } = readNested(mask, 'float32');
    return { data: Uint8Array.from(data), shape, strides, offset, isFlat: false };
  }
  if (isTensorLike(mask)) return { ...readLayout(mask, floatsOrBytes), isFlat: false };
  if (!ArrayBuffer.isView(mask))
    throw new TypeError(
      `mask must be a Tensor, a nested list of booleans, a typed array or tensor-like, got ${describe(mask)}${advice(mask)}`,
    );
  const data = floatsOrBytes(mask);
  return { data, shape: Object.freeze([lengthOf(data)]), strides: [1], offset: 0, isFlat: true };
}

const isBooleans = (value: unknown, depth = 0): boolean =>
  Array.isArray(value)
    ? depth < mostDimensions && value.every((entry) => isBooleans(entry, depth + 1))
    : typeof value === 'boolean';

function floatsOrBytes(data: unknown, like?: Foreign): FloatArray | Uint8Array {
  const array = numbers(data, like);
  return isFloatArray(array) ? array : flagsOf(array, 0, lengthOf(array));
}

/** The parts of something tensor-like of floats or of integers, and whether they are integers: these as float64. */
export function readNumbers(source: TensorLike): { readonly parts: Parts; readonly areIntegers: boolean } {
  let areIntegers = false;
  const parts = readLike(source, (data, like) => {
    // Of 16 bits there are floats too, in arrays of integers.
    areIntegers = /^(Big)?U?[Ii]nt\d/.test(typeName(data) ?? '') && !/float16$/.test(`${like.dtype ?? like.type}`);
    if (!areIntegers) return floats(data, like);
    checkMemory(data);
    return integersOf(data as ArrayBufferView);
  });
  return { parts, areIntegers };
}

/** The integers of a typed array as float64, by its places, as its class may iterate over anything. */
export function integersOf(data: ArrayBufferView): Float64Array {
  const integers = data as unknown as ArrayLike<number | bigint>;
  const count = lengthOfAny(data);
  const numbers = allocate('float64', count);
  for (let i = 0; i < count; i++) numbers[i] = Number(integers[i]);
  return numbers as Float64Array;
}

/** True for what says that it must not be written: a stdlib ndarray with its READONLY flag, a buffer of Pyodide's. */
export function isReadOnly(like: unknown): boolean {
  const { flags, readonly } = like as { readonly flags?: { readonly READONLY?: unknown }; readonly readonly?: unknown };
  return flags?.READONLY === true || readonly === true;
}

/** What to pass in place of x, for the end of the message of an error; empty where there is nothing to say. */
export function advice(x: unknown): string {
  const name = tagOf(x);
  if (name === 'ArrayBuffer' || name === 'SharedArrayBuffer') return '; pass new Float32Array(x)';
  if (name === 'Uint8Array')
    return '; pass Float32Array.from(x) for its numbers, new Float32Array(Uint8Array.from(x).buffer) for the floats in its bytes';
  if (name === 'DataView') return '; pass new Float32Array(x.buffer.slice(x.byteOffset, x.byteOffset + x.byteLength))';
  if (typeof x !== 'object' || x === null) return '';
  if (Array.isArray(x)) return '; pass new Tensor(x)';
  if (typeName(x) === 'Uint16Array')
    return `; pass new Tensor(x, ${kindsOfBits}) for its bits, ${conversion('x', x)} for its numbers`;
  const given = x as Foreign;
  if (typeName(x) !== undefined) return `; pass ${conversion('x', x)}`;
  if (typeof given.then === 'function') return '; await it first';
  if (typeof given.toArray === 'function') return '; pass x.toArray()';
  if ('values' in x && 'shape' in x) return '; pass { data: x.values, shape: x.shape }';
  return 'selection' in x ? '; pass x.selection' : '';
}

/** An object of another library's, of which nothing is known. */
type Foreign = Readonly<Record<string | symbol, unknown>>;

function flat(data: FloatArray): Parts {
  return new Parts(data, Object.freeze([lengthOf(data)]));
}

// A tensor of an array whose memory is gone would be an empty one.
export function checkMemory(data: unknown): void {
  if (typeName(data) !== undefined && lengthOfAny(data as ArrayBufferView) === 0)
    checkPresent(data as ArrayBufferView, 'data');
}

function floats(data: unknown, like?: Foreign): FloatArray {
  checkMemory(data);
  if (isFloatArray(data)) return data;
  throw new TypeError(
    `data must be a Float32Array or a Float64Array, got ${describe(data)}${like === undefined ? advice(data) : dataAdvice(data, like)}`,
  );
}

/** A typed array of any type; of floats of 16 bits, whose bits would be other numbers, a copy as float32. */
function numbers(data: unknown, like?: Foreign): FloatArray | Uint8Array {
  checkMemory(data);
  if (typeName(data) === undefined)
    throw new TypeError(
      `the data of a mask must be a typed array, got ${describe(data)}${like === undefined ? '' : dataAdvice(data, like)}`,
    );
  const half = isHalfArray(data) ? saidHalf(data, like) : undefined;
  if (half === undefined) return data as FloatArray | Uint8Array;
  const bits = bitsOf(data as HalfArray);
  const y = allocate('float32', lengthOf(bits));
  widenHalves(half, bits, y);
  return y;
}

/** Like `advice`, for the data of a tensor that is otherwise as it should be. */
function dataAdvice(data: unknown, like: Foreign): string {
  if (typeof data === 'function')
    return typeof like.dataSync === 'function'
      ? '; pass { data: x.dataSync(), shape: x.shape }'
      : '; pass { data, shape } with what it returns';
  // Of transformers.js, whose own conversion knows every type.
  if ('ort_tensor' in like) return `; pass x.to('float32')`;
  const type = like.dtype ?? like.type;
  if (typeName(data) === 'Uint16Array' && (type === 'float16' || type === 'bfloat16')) return `; pass new Tensor(x)`;
  const numbers = conversion('x.data', data);
  if (numbers === undefined) return '';
  const layout = ['dims' in like ? 'dims' : 'shape', 'strides', 'stride', 'offset'].filter((name) => name in like);
  const converted = `{ data: ${[numbers, ...layout.map((name) => `${name}: x.${name}`)].join(', ')} }`;
  if (typeName(data) !== 'Uint16Array') return `; pass ${converted}`;
  return `; pass new Tensor(x, ${kindsOfBits}) for its bits, ${converted} for its numbers`;
}

/** What says what the bits of a Uint16Array are. */
const kindsOfBits = "{ dtype: 'float16' or 'bfloat16' }";

/** The expression that makes a Float32Array of what has numbers in it, or undefined where that has none. */
function conversion(name: string, data: unknown): string | undefined {
  const first = typeName(data) !== undefined || Array.isArray(data) ? (data as ArrayLike<unknown>)[0] : '';
  if (typeof first === 'string') return undefined;
  return `Float32Array.from(${name}${typeof first === 'bigint' ? ', Number' : ''})`;
}

function tagOf(x: unknown): string {
  // `x instanceof ArrayBuffer` is false for one of another realm.
  return Object.prototype.toString.call(x).slice('[object '.length, -1);
}

// Each member is read once: a getter may answer differently the second time, and what was checked must be what is used.
function readLayout<A extends Data | Uint8Array>(
  source: object,
  toArray: (data: unknown, like: Foreign) => A,
): Layout & { readonly data: A; readonly isPacked: boolean | undefined } {
  const like = source as Foreign;
  const own = like[brand] === true;
  // Before `data`, which throws an error of its own where a tensor is on another device.
  if (!own) checkLocation(like.location);
  const { data: given } = like;
  const data = toArray(given, like);
  if (!own && !isHalfArray(data)) checkElementType(given, like);
  const shape = own ? checkShape(like.shape) : readShape(like);
  const { offset } = like;
  if (offset !== undefined && !Number.isSafeInteger(offset))
    throw new TypeError(`offset must be an integer, got ${describe(offset)}`);
  const strides = readStrides(like, shape);
  const isWhole = strides === undefined && offset === undefined;
  if (isWhole) checkSize(shape, lengthOf(data));
  const layout = {
    data,
    shape,
    strides: strides ?? contiguousStrides(shape),
    offset: (offset as number | undefined) ?? 0,
    isPacked: strides === undefined ? true : undefined,
  };
  // What is as large as its data lies in it, where there is any.
  if (!isWhole || lengthOf(data) === 0) checkReach(data, layout);
  return layout;
}

function readLike(source: object, toFloats: (data: unknown, like: Foreign) => FloatArray): Parts {
  const { data, shape, strides, offset, isPacked } = readLayout(source, toFloats);
  return new Parts(data, shape, strides, offset, isPacked);
}

// What says one thing under two names may say it twice, and not two things: who wrote one of them meant it.

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
  const read = (given: unknown) =>
    given == null
      ? undefined
      : checkStrides(typeof given === 'function' ? (given as () => unknown).call(like) : given, shape);
  const [first, second] = [read(strides), read(stride)];
  if (first !== undefined && second !== undefined) checkSame('strides', first, 'stride', second);
  return first ?? second;
}

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
  return Object.freeze(contiguousStrides(shape.toReversed()).toReversed());
}

/** What libraries call the types of elements; a name that is none of these may be for anything. */
const elementTypes = /^(b?float(16|32|64)|u?int(4|8|16|32|64)|uint8c|bool(ean)?|complex(64|128)|string)$/;

/** Asserts that something tensor-like does not name another type than its data has. */
function checkElementType(data: unknown, like: Foreign): void {
  const { dtype, type } = like;
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
function checkLocation(location: unknown): void {
  if (location === undefined || location === 'cpu' || location === 'cpu-pinned') return;
  const instead = location === 'none' ? '; it was disposed' : '; pass { data: await x.getData(), dims: x.dims }';
  throw new TypeError(`a tensor must be in memory, at location 'cpu', got ${describe(location)}${instead}`);
}

/** The parts of what toJSON wrote. */
export function readJSON(json: unknown): Parts<Data> {
  if (typeof json !== 'object' || json === null)
    throw new TypeError(`fromJSON takes the object that JSON.parse gives, got ${describe(json)}`);
  const { dtype, shape, data } = json as Readonly<Record<string, unknown>>;
  if (dtype === undefined) throw noDType(dtype);
  checkDType(dtype);
  const sizes = checkShape(shape);
  if (!Array.isArray(data)) throw new TypeError(`data must be a list of numbers, got ${describe(data)}`);
  const { length } = data;
  checkSize(sizes, length);
  const numbers = allocate(isHalfDType(dtype) ? 'float64' : dtype, length, 'fromJSON', sizes);
  for (let k = 0; k < length; k++) {
    const value: unknown = data[k];
    if (typeof value !== 'number' && !unwritable.includes(value))
      throw new TypeError(
        `element ${k} of data must be a number or one of ${unwritable.map(describe).join(', ')}, got ${describe(value)}`,
      );
    numbers[k] = Number(value);
  }
  return isHalfDType(dtype) ? roundedParts(numbers, sizes, dtype) : new Parts(numbers, sizes);
}

/** A number as toJSON writes it. */
export function writeJSON(value: number): JSONNumber {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : (String(value) as JSONNumber);
}

/** Numbers of 16 bits are rounded once, from float64. */
function readNumberOrList(source: unknown, dtype: DType): Parts<Data> {
  if (!isHalfDType(dtype)) return readNested(source, dtype);
  const { data, shape } = readNested(source, 'float64');
  return roundedParts(data, shape, dtype);
}

function roundedParts(data: FloatArray, shape: readonly number[], dtype: HalfDType): Parts<Data> {
  const bits = newBits(dtype, lengthOf(data), 'Tensor', shape);
  roundHalves(dtype, data, bits);
  return new Parts<Data>(ofBits(bits, dtype), shape, undefined, 0, true, dtype);
}
