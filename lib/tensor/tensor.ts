// The Tensor: a shape, strides and an offset over a typed array. Its memory is shared with whoever gave it and with every view
// made of it; a method that copies says so. What reads a caller's arguments is in foreign.ts, the loops are in arithmetic.ts.

import { allocate, shapeText } from '../basics/allocate.js';
import { brand, describe, inNameOf } from '../basics/errors.js';
import {
  type Data,
  type DType,
  type FloatArray,
  type FloatDType,
  type HalfArray,
  type HalfDType,
  isFloatArray,
  lengthOf,
  part,
} from '../basics/floats.js';
import { bitsOf, isFloat16Array, isHalfDType, numbersOf } from '../basics/halves.js';
import { checkOptions, optionOf } from '../basics/options.js';
import { allClose, allEqual, combine, fillWhere } from './arithmetic.js';
import { copyOf, scatter } from './copies.js';
import { copiedFrom, filled, range } from './create.js';
import {
  advice,
  checkDType,
  type DataOf,
  type DTypeOf,
  dtypeOfParts,
  type IntegerList,
  isTensorLike,
  type JSONNumber,
  type Mask,
  type Nested,
  type NestedMask,
  noDType,
  readJSON,
  readMask,
  readParts,
  type TensorJSON,
  type TensorLike,
  type TensorOptions,
  type TensorSource,
  writeJSON,
} from './foreign.js';
import { format } from './format.js';
import { asDType, asFloats, converted, copied } from './halves.js';
import type { Operation } from './loops.js';
import { type Indices, keepdimIn, largest, ordered, summed } from './reduce.js';
import {
  broadcastShapes,
  checkReach,
  type Layout,
  normalizeDim,
  Parts,
  placeFor,
  readIntegers,
  resolveShape,
  sameShape,
  sizeOf,
  viewStrides,
} from './shape.js';

export type {
  DataOf,
  DTypeOf,
  IntegerList,
  JSONNumber,
  Mask,
  Nested,
  NestedMask,
  TensorJSON,
  TensorLike,
  TensorOptions,
  TensorSource,
};

/** Sizes or dimensions, one by one or as one array. */
export type Integers = readonly number[] | readonly [IntegerList];

/** What `toArray(rank)` gives, by rank. */
export type Lists = [number, number[], number[][], number[][][], number[][][][]];

/** The dtype of a sum: float64 where one of the two is. */
export type Wider<D extends DType, E extends DType> = [D] extends ['float64'] ? D : [E] extends ['float64'] ? E : D | E;

/** The dtype that `other` has beside a tensor of dtype D: a number or a list takes D. */
export type OperandDType<S, D extends DType> = S extends number | readonly unknown[] ? D : DTypeOf<S>;

/** How a Tensor is made, with the dtype that it will have. */
export interface TensorConstructor {
  new <S extends TensorSource = TensorSource, D extends DType = DTypeOf<S>>(
    source: S,
    options?: TensorOptions<D>,
  ): Tensor<D>;
  readonly prototype: Tensor<DType>;
  fromJSON: typeof Tensor.fromJSON;
  from: typeof Tensor.from;
  zeros: typeof Tensor.zeros;
  ones: typeof Tensor.ones;
  full: typeof Tensor.full;
  empty: typeof Tensor.empty;
  arange: typeof Tensor.arange;
}

/** How new memory is made. */
export interface NewOptions<D extends DType = DType> {
  /** `'float32'` by default. */
  readonly dtype?: D;
}
export interface FromOptions<D extends DType = DType> extends NewOptions<D> {
  readonly shape?: IntegerList;
  /** Of integers: what one of them counts, 1 by default, from `zeroPoint` on, 0 by default. */
  readonly scale?: number;
  readonly zeroPoint?: number;
}
export interface ReduceOptions {
  /** Whether the dimension stays, with size 1. Default false. */
  readonly keepdim?: boolean;
}
export interface TopkOptions {
  readonly dim?: number;
  /** Default true. */
  readonly largest?: boolean;
}
export type { Indices };

export interface Tolerance {
  /** How far apart two values may be, relative to the other tensor's. Default 1e-5. */
  readonly rtol?: number;
  /** How far apart two values may be, added to the relative part. Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN. Default false. */
  readonly equalNan?: boolean;
}

const tensorOptions = ['shape', 'dtype'] as const satisfies (keyof TensorOptions)[];
const tolerances = ['rtol', 'atol', 'equalNan'] as const satisfies (keyof Tolerance)[];

// Not for others: no list of keys, no clone and no JSON has it. A private field would throw in a tensor behind a Proxy, as Vue makes.
const packed = Symbol('packed');
const half = Symbol('half');

const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A float32 or float64 array of any number of dimensions, over memory that it shares. Behaves as PyTorch's, on the CPU. */
export class Tensor<D extends DType = FloatDType> {
  /** The typed array given, itself, of which the tensor may be a part; an element's index in it follows from `strides`. */
  readonly data: DataOf<D>;
  /** The sizes of the dimensions, frozen; [] for a single number. */
  readonly shape: readonly number[];
  /** How many elements of `data` lie between neighbours along each dimension, frozen. */
  readonly strides: readonly number[];
  /** The index in `data` of the first element. */
  readonly offset: number;
  /** The number of elements. */
  readonly size: number;
  /** @internal */
  readonly [packed]: boolean;
  /** @internal */
  declare readonly [half]?: HalfDType;
  /** What the numbers of 16 bits are, where they are that: for structuredClone, which leaves the getter `dtype` out. */
  declare readonly type?: HalfDType;

  /**
   * A tensor of a number, of nested lists, of a typed array, or of something tensor-like (another Tensor, an onnxruntime or
   * transformers.js tensor, an ndarray). Numbers and lists are written to new memory, `true` and `false` in them as 1 and 0;
   * everything else is shared.
   *
   * @throws TypeError where the source, a list's element or an option is of the wrong kind, or `dtype` is not that of the shared
   * data; RangeError where lists are ragged, a shape does not fit, or strides and offset lead out of the data.
   */
  constructor(source: TensorSource, options?: TensorOptions) {
    checkOptions(options, 'Tensor', tensorOptions, 'shape: [2, 3]');
    let parts = source instanceof Parts ? source : readParts(source, optionOf(options, 'dtype'));
    const shape = optionOf(options, 'shape');
    if (shape !== undefined) parts = viewOf(parts, resolveShape(shape, parts.size));
    this.data = parts.data as DataOf<D>;
    this.shape = parts.shape;
    this.strides = parts.strides;
    this.offset = parts.offset;
    this.size = parts.size;
    this[packed] = parts.packed;
    if (parts.half !== undefined) {
      this[half] = parts.half;
      this.type = parts.half;
    }
  }

  /**
   * The tensor that `toJSON` wrote, element for element (a NaN is any NaN), in new memory.
   *
   * @throws TypeError where a member is of the wrong kind, RangeError where the shape does not fit the data.
   */
  static fromJSON(json: {
    readonly dtype: string;
    readonly shape: IntegerList;
    readonly data: readonly (number | string)[];
  }): Tensor {
    return new Tensor(readJSON(json));
  }

  /**
   * A copy of numbers in new memory, in the dtype given: of integers and lists else `'float32'`, of floats their own. Of integers
   * (number - zeroPoint) * scale, as quantised models have them. (The constructor shares memory, and takes a Uint16Array for bits.)
   *
   * @throws TypeError where the source has no numbers or an option is of the wrong kind, RangeError where the shape does not fit.
   * @example Tensor.from(Int8Array.of(-1, 3), { scale: 0.5, zeroPoint: 1 }).toArray(); // [-1, 1]
   */
  static from<D extends DType = 'float32'>(source: unknown, options?: FromOptions<D>): Tensor<D> {
    return new Tensor(copiedFrom(source, options)) as unknown as Tensor<D>;
  }

  /** A tensor of zeros: `Tensor.zeros([2, 3], { dtype: 'bfloat16' })`. */
  static zeros<D extends DType = 'float32'>(shape: IntegerList, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, 0, options, 'zeros')) as unknown as Tensor<D>;
  }

  /** A tensor of ones. */
  static ones<D extends DType = 'float32'>(shape: IntegerList, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, 1, options, 'ones')) as unknown as Tensor<D>;
  }

  /** A tensor of one value, rounded to the dtype. */
  static full<D extends DType = 'float32'>(shape: IntegerList, value: number, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, value, options, 'full')) as unknown as Tensor<D>;
  }

  /** A tensor to be written to: of zeros, as JavaScript has no other new memory. */
  static empty<D extends DType = 'float32'>(shape: IntegerList, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, 0, options, 'empty')) as unknown as Tensor<D>;
  }

  /**
   * 0, 1, ... below `end`; or start, start + step, ... before `end`, each rounded once.
   *
   * @throws TypeError where one of them is no finite number, RangeError where the step leads away from `end`.
   * @example Tensor.arange(1, 2, 0.25).toArray(); // [1, 1.25, 1.5, 1.75]
   */
  static arange<D extends DType = 'float32'>(end: number, options?: NewOptions<D>): Tensor<D>;
  static arange<D extends DType = 'float32'>(start: number, end: number, options?: NewOptions<D>): Tensor<D>;
  static arange<D extends DType = 'float32'>(
    start: number,
    end: number,
    step: number,
    options?: NewOptions<D>,
  ): Tensor<D>;
  static arange(...given: unknown[]): Tensor<DType> {
    return new Tensor(range(given));
  }

  /** `'float32'`, `'float64'`, `'float16'` or `'bfloat16'`. */
  get dtype(): D {
    return dtypeOfParts(this) as D;
  }

  /** The number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The number of elements, like `size`. */
  numel(): number {
    return this.size;
  }

  /** @internal */
  get packed(): boolean {
    return this[packed];
  }
  /** @internal */
  get half(): HalfDType | undefined {
    return this[half];
  }

  /** True where the elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    return this[packed];
  }

  /** This tensor where it is contiguous, else a contiguous copy. */
  contiguous(): Tensor<D> {
    return this[packed] ? this : new Tensor(copied(this, 'contiguous'));
  }

  /** A contiguous copy in memory of its own. */
  clone(): Tensor<D> {
    return new Tensor(copied(this, 'clone'));
  }

  /**
   * The same elements, in row-major order, in another shape: `reshape(2, -1)` or `reshape([2, -1])`, where one -1 stands for
   * what the other sizes leave. Shares memory where strides can express it, and copies otherwise.
   *
   * @throws RangeError where the shape has another number of elements, TypeError where it is not made of integers.
   */
  reshape(...shape: Integers): Tensor<D> {
    const wanted = resolveShape(listOf(shape), this.size);
    const strides = viewStrides(this, wanted);
    if (strides !== undefined) return shownAs(this, wanted, strides, this.offset);
    return new Tensor(viewOf(copied(this, 'reshape'), wanted));
  }

  /**
   * Like `reshape`, but always shares memory.
   *
   * @throws like `reshape`; RangeError where it would take a copy.
   */
  view(...shape: Integers): Tensor<D> {
    return new Tensor(viewOf(this, resolveShape(listOf(shape), this.size)));
  }

  /**
   * Two dimensions exchanged; shares memory.
   *
   * @throws TypeError where a dimension is not an integer, RangeError where the tensor does not have it.
   */
  transpose(dim0: number, dim1: number): Tensor<D> {
    const first = normalizeDim(dim0, this.shape);
    const second = normalizeDim(dim1, this.shape);
    // A 0-d tensor has the dimension 0 to name, but none to exchange.
    if (this.ndim === 0) return this;
    const shape = [...this.shape];
    const strides = [...this.strides];
    [shape[first], shape[second]] = [shape[second]!, shape[first]!];
    [strides[first], strides[second]] = [strides[second]!, strides[first]!];
    return shownAs(this, Object.freeze(shape), Object.freeze(strides), this.offset);
  }

  /**
   * The dimensions in another order, `permute(2, 0, 1)` or `permute([2, 0, 1])`; shares memory.
   *
   * @throws TypeError where a dimension is not an integer, RangeError where they are not each dimension once.
   */
  permute(...dims: Integers): Tensor<D> {
    const given = readIntegers(listOf(dims), 'dims', 'integers');
    const order = given.map((dim) => normalizeDim(dim, this.shape));
    if (order.length !== this.ndim || new Set(order).size !== order.length)
      throw new RangeError(
        `permute needs each dimension of shape ${shapeText(this.shape)} once, got ${shapeText(given)}`,
      );
    const shape = Object.freeze(order.map((dim) => this.shape[dim]!));
    const strides = Object.freeze(order.map((dim) => this.strides[dim]!));
    return shownAs(this, shape, strides, this.offset);
  }

  /** All dimensions in reverse order, the transpose of a matrix; shares memory. */
  get T(): Tensor<D> {
    const shape = Object.freeze([...this.shape].reverse());
    const strides = Object.freeze([...this.strides].reverse());
    return shownAs(this, shape, strides, this.offset);
  }

  /**
   * The number at an index, where there is one for every dimension; with fewer, the tensor that they leave, which shares
   * memory: `x.at(0, -1)` is the last number of the first row, `x.at(0)` the row. Negative indices count from the end. `item`
   * gives numbers only, `select` tensors only.
   *
   * @throws TypeError where an index is not an integer, RangeError where it lies outside, or there are too many.
   */
  at(...indices: readonly number[]): Tensor<D> | number {
    if (indices.length > this.ndim)
      throw new RangeError(`shape ${shapeText(this.shape)} takes ${this.ndim} indices, got ${indices.length}`);
    let { offset } = this;
    for (let dim = 0; dim < indices.length; dim++) offset += stepsTo(this, dim, indices[dim]!);
    if (indices.length === this.ndim) return numberAt(this, offset);
    const shape = Object.freeze(this.shape.slice(indices.length));
    const strides = Object.freeze(this.strides.slice(indices.length));
    return shownAs(this, shape, strides, offset);
  }

  /**
   * The number at an index for every dimension, or in a tensor of one element, of any shape: `x.item(0, -1)`, `x.item()`.
   *
   * @throws RangeError where there are more elements, or none; TypeError, RangeError like `at`.
   */
  item(...indices: readonly number[]): number {
    if (indices.length > 0) {
      const value = this.at(...indices);
      if (typeof value === 'number') return value;
      throw new RangeError(
        `item() needs ${this.ndim} indices for shape ${shapeText(this.shape)}, got ${indices.length}`,
      );
    }
    if (this.size !== 1)
      throw new RangeError(`item() needs one element, but shape ${shapeText(this.shape)} has ${this.size}`);
    return numberAt(this, this.offset);
  }

  /**
   * The tensor at an index of one dimension, without that dimension; shares memory: `x.select(1, -1)` is the last column.
   *
   * @throws TypeError where an argument is not an integer, RangeError where the tensor does not have it.
   */
  select(dim: number, index: number): Tensor<D> {
    const at = normalizeDim(dim, this.shape);
    if (this.ndim === 0) throw new RangeError('select() needs a dimension, but shape [] has none');
    const offset = this.offset + stepsTo(this, at, index);
    const shape = Object.freeze(this.shape.toSpliced(at, 1));
    const strides = Object.freeze(this.strides.toSpliced(at, 1));
    return shownAs(this, shape, strides, offset);
  }

  /**
   * Of one dimension the entries from `start` up to `end`, every `step`-th of them; shares memory. Negative places count from the end,
   * and those beyond it are it, as in PyTorch: `x.slice(0, 1)` is all but the first, `x.slice(-1, 0, 4, 2)` the columns 0 and 2.
   *
   * @throws TypeError where an argument is not an integer; RangeError where there is no such dimension, or the step is below 1.
   */
  slice(dim: number, start = 0, end = Number.MAX_SAFE_INTEGER, step = 1): Tensor<D> {
    const at = normalizeDim(dim, this.shape);
    if (this.ndim === 0) throw new RangeError('slice() needs a dimension, but shape [] has none');
    for (const place of [start, end, step])
      if (!Number.isInteger(place)) throw new TypeError(`slice() takes integers, got ${describe(place)}`);
    if (step < 1) throw new RangeError(`slice() needs a step of at least 1, got ${step}`);
    const length = this.shape[at]!;
    const [from, to] = [start, end].map((place) => Math.min(Math.max(place < 0 ? place + length : place, 0), length));
    const count = Math.max(0, Math.ceil((to! - from!) / step));
    const stride = this.strides[at]!;
    const shape = Object.freeze(this.shape.with(at, count));
    const strides = Object.freeze(this.strides.with(at, stride * step));
    return shownAs(this, shape, strides, this.offset + (count === 0 ? 0 : from! * stride));
  }

  /** Without the dimensions of size 1, or without the one named where it has that size; shares memory. */
  squeeze(dim?: number): Tensor<D> {
    const at = dim === undefined ? undefined : normalizeDim(dim, this.shape);
    const stays = (size: number, i: number) => size !== 1 || (at !== undefined && i !== at);
    const strides = this.strides.filter((_, i) => stays(this.shape[i]!, i));
    return shownAs(this, Object.freeze(this.shape.filter(stays)), Object.freeze(strides), this.offset);
  }

  /** With a dimension of size 1 before the one named, or with -1 behind the last; shares memory. */
  unsqueeze(dim: number): Tensor<D> {
    const at = placeFor(dim, this.shape);
    const shape = Object.freeze(this.shape.toSpliced(at, 0, 1));
    return shownAs(this, shape, Object.freeze(this.strides.toSpliced(at, 0, 1)), this.offset);
  }

  /** The sum of all elements, or along a dimension, as a tensor: in float64 with what its additions round off, and rounded once. */
  sum(dim?: number, options?: ReduceOptions): Tensor<D> {
    return new Tensor(summed(this, dim, keepdimIn(options, 'sum'), false, 'sum'));
  }

  /** The mean, like `sum`; of no elements NaN. */
  mean(dim?: number, options?: ReduceOptions): Tensor<D> {
    return new Tensor(summed(this, dim, keepdimIn(options, 'mean'), true, 'mean'));
  }

  /**
   * The largest element as a tensor, or along a dimension the largest ones and where each is first. NaN is larger than anything.
   *
   * @throws RangeError where there are no elements.
   */
  max(): Tensor<D>;
  max(dim: number, options?: ReduceOptions): { readonly values: Tensor<D>; readonly indices: Indices };
  max(dim?: number, options?: ReduceOptions): unknown {
    const { values, indices } = largest(this, dim, keepdimIn(options, 'max'), 'max');
    return dim === undefined ? new Tensor(values) : { values: new Tensor(values), indices };
  }

  /** Where the largest element is in row-major order, or along a dimension, as `max` finds it. */
  argmax(): number;
  argmax(dim: number, options?: ReduceOptions): Indices;
  argmax(dim?: number, options?: ReduceOptions): unknown {
    const { indices } = largest(this, dim, keepdimIn(options, 'argmax'), 'argmax');
    return dim === undefined ? indices.data[0] : indices;
  }

  /**
   * The k largest elements along a dimension (the last by default), or with `largest: false` the smallest, in their order, and where
   * they are. Of equal ones the first; NaN is larger than anything.
   *
   * @throws RangeError where the dimension has fewer than k.
   * @example new Tensor([0.1, 0.7, 0.2]).topk(2).indices.data; // Int32Array [1, 2]
   */
  topk(k: number, options?: TopkOptions): { readonly values: Tensor<D>; readonly indices: Indices } {
    const { values, indices } = ordered(this, k, options);
    return { values: new Tensor(values), indices };
  }

  /**
   * The entries of the first dimension, one by one: rows of a matrix, 0-d tensors of a vector, each over its part of the memory.
   * A 0-d tensor is not iterable, as the TypeError says.
   */
  get [Symbol.iterator](): () => IterableIterator<Tensor<D>> {
    // Not a method that throws: to be asked for it is how toEqual of vitest and jest, which compares iterables entry by entry,
    // finds that there are no entries further down.
    return (this.ndim === 0 ? undefined : entries) as () => IterableIterator<Tensor<D>>;
  }

  /**
   * The elements as nested arrays of numbers, a copy; the number itself for a 0-d tensor. A rank asks for so many dimensions, and
   * is what the type then follows: `toArray(2)` is a `number[][]`.
   *
   * @throws RangeError where the tensor has another rank.
   */
  toArray<R extends 0 | 1 | 2 | 3 | 4>(rank: R): Lists[R];
  toArray(): Nested;
  toArray(rank?: number): Nested {
    if (rank !== undefined && rank !== this.ndim)
      throw new RangeError(
        `toArray(${describe(rank)}) does not fit shape ${shapeText(this.shape)} of rank ${this.ndim}`,
      );
    const data = contiguousData(asFloats(this), 'toArray');
    return this.ndim === 0 ? data[0]! : nested(data, this.shape, 0, 0);
  }

  /**
   * The same numbers in another dtype, rounded once, to the nearest, ties to even: a contiguous copy in new memory, or this tensor
   * where it has the dtype.
   *
   * @throws TypeError where there is no such dtype.
   * @example new Tensor([1, 0.1]).to('bfloat16').toArray(); // [1, 0.10009765625]
   */
  to<E extends DType>(dtype: E): Tensor<E> {
    checkDType(dtype);
    const wanted: DType | undefined = dtype;
    if (wanted === undefined) throw noDType(wanted);
    return (wanted === this.dtype ? this : new Tensor(converted(this, wanted))) as unknown as Tensor<E>;
  }

  /**
   * What JSON.stringify writes, and `Tensor.fromJSON` reads: dtype, shape, and the elements in row-major order, of which NaN, the
   * infinities and -0 are strings.
   */
  toJSON(): TensorJSON<D> {
    return {
      dtype: this.dtype,
      shape: this.shape,
      data: Array.from(contiguousData(asFloats(this), 'toJSON'), writeJSON),
    };
  }

  /**
   * A copy with `value` at every entry that the mask marks with `true` or a number other than 0, such as -Infinity before a
   * softmax. The mask broadcasts to the tensor; a flat typed array as long as the tensor takes its shape.
   *
   * @throws TypeError where the mask or the value is of the wrong kind, RangeError where the mask does not broadcast.
   */
  maskedFill(mask: Mask, value: number): Tensor<D> {
    if (typeof value !== 'number') throw new TypeError(`value must be a number, got ${describe(value)}`);
    const marks = readMask(mask, this.shape);
    if (!sameShape(broadcastShapes(this.shape, marks.shape), this.shape))
      throw new RangeError(
        `a mask of shape ${shapeText(marks.shape)} does not broadcast to shape ${shapeText(this.shape)}`,
      );
    return new Tensor(asDType(fillWhere(asFloats(this), marks, value), this.dtype));
  }

  /** True where the shapes are the same and all values are `===`: NaN equals nothing, 0 equals -0, the dtype does not matter. */
  equals(other: TensorSource): boolean {
    const tensor = operand(other, this.dtype);
    return sameShape(this.shape, tensor.shape) && allEqual(asFloats(this), tensor);
  }

  /**
   * True where `|this - other| <= atol + rtol * |other|` for all elements, after broadcasting. An infinity is close to itself
   * only, NaN to nothing unless `equalNan`.
   *
   * @throws RangeError where the shapes do not broadcast or a tolerance is negative, TypeError where one is not a number.
   */
  allClose(other: TensorSource, tolerance?: Tolerance): boolean {
    checkOptions(tolerance, 'allClose', tolerances, 'atol: 1e-6');
    const rtol = readTolerance('rtol', optionOf(tolerance, 'rtol'), 1e-5);
    const atol = readTolerance('atol', optionOf(tolerance, 'atol'), 1e-8);
    const equalNan = optionOf(tolerance, 'equalNan') ?? false;
    if (typeof equalNan !== 'boolean')
      throw new TypeError(`allClose: equalNan must be true or false, got ${describe(equalNan)}`);
    return allClose(asFloats(this), operand(other, this.dtype), { rtol, atol, equalNan });
  }

  /**
   * `this + other` for a tensor, lists or a number, in new memory. Shapes broadcast; the result is float64 where either tensor
   * is, while a number or a list takes this tensor's dtype.
   *
   * @throws RangeError where the shapes do not broadcast, TypeError where `other` is of the wrong kind.
   */
  add<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>> {
    return combined('add', this, other);
  }

  /** `this - other`, otherwise like `add`. */
  sub<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>> {
    return combined('sub', this, other);
  }

  /** `this * other`, otherwise like `add`. */
  mul<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>> {
    return combined('mul', this, other);
  }

  /** `this / other`, otherwise like `add`; a division by zero gives an infinity or NaN. */
  div<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>> {
    return combined('div', this, other);
  }

  /** The numbers in nested brackets, four decimals or none, in aligned columns; of more than 1000 only the corners. */
  toString(): string {
    return format(asFloats(this));
  }

  /** The number of a tensor with one element, where one is asked for: `Number(x)`, `x.at(0) + 1`, `Math.max(...x)`. */
  [Symbol.toPrimitive](hint: string): number | string {
    // toString() has four decimals.
    return hint === 'number' || (hint === 'default' && this.size === 1) ? this.item() : this.toString();
  }

  [inspect](depth?: number): unknown {
    const head = `Tensor(${this.dtype}, ${shapeText(this.shape)})`;
    if (depth !== undefined && depth < 0) return `[${head}]`;
    const numbers = format(asFloats(this));
    const text = `${head}${numbers.includes('\n') || head.length + numbers.length >= 80 ? '\n' : ' '}${numbers}`;
    // Node indents the further lines of what an object inspects as, but not those of a string.
    return { [inspect]: () => text };
  }

  get [brand](): true {
    return true;
  }
}

/** A Tensor itself, or one that shares the memory of a typed array or of something tensor-like; `what` of the function `name`. */
export function asTensor(x: unknown, what: string, name: string): Tensor<FloatDType> {
  if (x instanceof Tensor && x.half === undefined) return x as Tensor<FloatDType>;
  if (!isFloatArray(x) && !isTensorLike(x)) {
    const wanted = 'a Float32Array, a Float64Array, a Tensor or something with data and shape or dims';
    // What would make an input of an output would not be it.
    const instead = what === 'out' ? '' : advice(x).replace(/\bx\b/g, what);
    throw new TypeError(`${name}: ${what} must be ${wanted}, got ${describe(x)}${instead}`);
  }
  const tensor = x instanceof Tensor ? x : anyTensor(x, undefined, what, name);
  if (tensor.half === undefined) return tensor as Tensor<FloatDType>;
  throw new TypeError(`${name}: ${what} must be float32 or float64, got ${tensor.dtype}; pass ${what}.to('float32')`);
}

/** The same of any dtype; `dtype` says what a Uint16Array holds. */
export function anyTensor(x: unknown, dtype: unknown, what: string, name: string): Tensor {
  if (x instanceof Tensor && dtype === undefined) return x;
  try {
    return new Tensor(readParts(x, dtype));
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
}

/** A tensor of fresh, contiguous results of x's shape, and of its strides where it is contiguous too. */
export function resultLike(x: Tensor, data: FloatArray): Tensor<FloatDType> {
  return new Tensor(x.packed ? new Parts(data, x.shape, x.strides, 0, true) : new Parts(data, x.shape));
}

/** The elements in row-major order: of the tensor's own memory where it is contiguous, else a copy, for the function `name`. */
export function contiguousData(tensor: Parts, name?: string): FloatArray {
  return ownData(tensor) ?? copyOf(tensor, name);
}

/** The tensor's part of its memory, or undefined where that is not contiguous. */
export function ownData(tensor: Parts): FloatArray | undefined {
  const { data, offset, size } = tensor;
  if (!tensor.packed) return undefined;
  // Contiguous elements lie from offset to offset + size.
  const count = lengthOf(data);
  if (count === 0 || (size > 0 && !(offset >= 0 && offset + size <= count))) checkReach(data, tensor);
  return size === count ? data : part(data, size === 0 ? 0 : offset, size);
}

/** Writes as many elements as the tensor has into its memory, from row-major order. */
export function copyInto(tensor: Parts, source: FloatArray): void {
  checkReach(tensor.data, tensor);
  scatter(source, tensor.data, tensor, tensor.size);
}

/** The same of the bits of 16-bit numbers. */
export function copyBitsInto(tensor: Parts<Data>, source: Uint16Array): void {
  checkReach(tensor.data, tensor);
  scatter(source, bitsOf(tensor.data as HalfArray), tensor, tensor.size);
}

/** An element of a tensor by its index in data, which is there unless the memory has gone. */
function numberAt(tensor: Parts<Data>, index: number): number {
  const { data, half } = tensor;
  const value = (data as FloatArray)[index];
  if (value === undefined) checkReach(data, tensor);
  return half === undefined || isFloat16Array(data) ? value! : numbersOf(half)[value!]!;
}

/** How many elements of data lie before an index of one dimension, which may be negative. */
function stepsTo({ shape, strides }: Layout, dim: number, index: number): number {
  const length = shape[dim]!;
  if (!Number.isInteger(index)) throw new TypeError(`an index must be an integer, got ${describe(index)}`);
  if (index < -length || index >= length)
    throw new RangeError(`index ${index} is outside of dimension ${dim} of shape ${shapeText(shape)}`);
  return (index < 0 ? index + length : index) * strides[dim]!;
}

function* entries<D extends DType>(this: Tensor<D>): Generator<Tensor<D>, undefined> {
  const length = this.shape[0]!;
  for (let index = 0; index < length; index++) {
    const entry = this.select(0, index);
    // With no more of the memory than its own: toEqual of two vectors compares all that their entries have, 1000 times 1000 numbers.
    const own = ownData(entry as unknown as Parts);
    yield own === undefined ? entry : new Tensor(new Parts(own, entry.shape));
  }
}

function viewOf(parts: Parts<Data>, shape: readonly number[]): Parts<Data> {
  const strides = viewStrides(parts, shape);
  if (strides !== undefined) return new Parts(parts.data, shape, strides, parts.offset, undefined, parts.half);
  const from = `shape ${shapeText(parts.shape)} with strides ${shapeText(parts.strides)}`;
  throw new RangeError(`a view of ${from} as shape ${shapeText(shape)} would be a copy; reshape makes one`);
}

/** The same memory in another layout. */
function shownAs<D extends DType>(
  x: Tensor<D>,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): Tensor<D> {
  return new Tensor(new Parts<Data>(x.data, shape, strides, offset, undefined, x.half));
}

/** The elements from the place `at` on in lists for the dimensions from `dim` on. */
function nested(data: FloatArray, shape: readonly number[], dim: number, at: number): Nested[] {
  const length = shape[dim]!;
  // Of more entries V8 makes a dictionary.
  const list: Nested[] = length > 2 ** 25 ? [] : new Array<Nested>(length);
  // Not by push nor by Array.from with a function: 7 and 46 ns per element, where this takes 2.
  if (dim === shape.length - 1) for (let i = 0; i < length; i++) list[i] = data[at + i]!;
  else {
    const size = sizeOf(shape, dim + 1);
    for (let i = 0; i < length; i++) list[i] = nested(data, shape, dim + 1, at + i * size);
  }
  return list;
}

/** A number or a list in the dtype of the tensor it meets, so that 0.1 is the same number on both sides; halves as floats. */
function operand(other: unknown, dtype: DType): Parts {
  return asFloats(anyOperand(other, dtype));
}

function anyOperand(other: unknown, dtype: DType): Parts<Data> {
  if (other instanceof Tensor) return other;
  if (typeof other !== 'number') return readParts(other, Array.isArray(other) ? dtype : undefined);
  if (isHalfDType(dtype)) return readParts(other, dtype);
  const data = allocate(dtype, 1);
  data[0] = other;
  return new Parts(data, none, none, 0, true);
}

/** The sum and so on: of two tensors of one dtype of 16 bits in that, computed as float32, which rounds as if it were done once. */
function combined<T extends DType>(op: Operation, a: Tensor<DType>, other: unknown): Tensor<T> {
  const b = anyOperand(other, a.dtype);
  if (a.half === undefined && b.half === undefined) return new Tensor(combine(op, asFloats(a), asFloats(b)));
  const result = combine(op, asFloats(a), asFloats(b));
  return new Tensor(a.half === b.half ? asDType(result, a.dtype) : result);
}

/** The shape and the strides of a number. */
const none: readonly number[] = Object.freeze([]);

function listOf(integers: Integers): unknown {
  const [first] = integers;
  return integers.length === 1 && typeof first === 'object' ? first : integers;
}

function readTolerance(name: string, value: unknown, usual: number): number {
  if (value === undefined) return usual;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${describe(value)}`);
  if (!(value >= 0)) throw new RangeError(`${name} must not be negative or NaN, got ${value}`);
  return value;
}
