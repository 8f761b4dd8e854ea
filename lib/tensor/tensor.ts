// The Tensor: a shape, strides and an offset over a typed array. Its memory is shared with whoever gave it and with every view
// made of it; a method that copies says so. What reads a caller's arguments is in foreign/, the loops are in arithmetic.ts.

import type { Operation } from '../backends/backend.js';
import { allocate, shapeText } from '../basics/allocate.js';
import { brand, describe, inNameOf, naming } from '../basics/errors.js';
import {
  type Data,
  type DType,
  type FloatArray,
  type FloatDType,
  type HalfDType,
  lengthOfPresent,
} from '../basics/floats.js';
import { isHalfDType } from '../basics/halves.js';
import { alsoGot, checkOptions, optionOf } from '../basics/options.js';
import { allClose, allEqual, combine, fillWhere, readTolerance, type Tolerance } from './arithmetic.js';
import { contiguousData, nested, ownData } from './copies.js';
import { copiedFrom, type FromOptions, filled, type NewOptions, range } from './create.js';
import { checkDType, type DataOf, dtypeOfParts, noDType } from './foreign/dtypes.js';
import { type JSONNumber, readJSON, type TensorJSON, writeJSON } from './foreign/json.js';
import type { IntegerList, TensorLike } from './foreign/layout.js';
import { type Mask, type NestedMask, readMask } from './foreign/masks.js';
import { type DTypeOf, readParts, type TensorOptions, type TensorSource } from './foreign/sources.js';
import { format, missing } from './format.js';
import { asDType, asFloats, converted, copied, numberAt } from './halves.js';
import { broadcastShapes, contiguousStridesOf, type Layout, Parts, resolveShape, sameShape } from './layouts/shape.js';
import {
  entered,
  indexCount,
  listOf,
  none,
  permuted,
  reversed,
  selected,
  sliced,
  squeezed,
  transposed,
  unsqueezed,
  viewOf,
  viewStrides,
  wantedShape,
} from './layouts/views.js';
import { type Walk, walkThrough } from './layouts/walks.js';
import type { Nested } from './lists.js';
import { broken, half, hasLayout, hasSize, isIntact, packed, shaped, steps, within } from './members.js';
import { type Indices, keepdimIn, largest, ordered, type ReduceOptions, summed, type TopkOptions } from './reduce.js';

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

/** The dtype of a sum: float64 where one of the two is, and of two different ones of 16 bits float32. */
export type Wider<D extends DType, E extends DType> = [D] extends ['float64']
  ? D
  : [E] extends ['float64']
    ? E
    : [D, E] extends ['float16', 'bfloat16'] | ['bfloat16', 'float16'] | [HalfDType, 'float32'] | ['float32', HalfDType]
      ? 'float32'
      : D | E;

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

export type { FromOptions, Indices, NewOptions, ReduceOptions, Tolerance, TopkOptions };

const tensorOptions = ['shape', 'dtype'] as const satisfies (keyof TensorOptions)[];

const inspect = Symbol.for('nodejs.util.inspect.custom');

/** The way through the elements of a tensor; null where it is not one of up to two dimensions. */
export let walkOf: (x: Tensor<DType>) => Walk | null;

/** Floats of 16, 32 or 64 bits in any number of dimensions, over memory that it shares. Behaves as PyTorch's, on the CPU. */
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
  readonly [shaped]: readonly number[];
  /** @internal */
  readonly [steps]: readonly number[];
  /** @internal */
  readonly [packed]: number;
  /** @internal */
  declare readonly [half]?: HalfDType;
  /** The way through its elements, from when it was first asked for; null where there is none. */
  #walk: Walk | null | undefined;
  /** What the numbers of 16 bits are, where they are that: for structuredClone, which leaves the getter `dtype` out. */
  declare readonly type?: HalfDType;

  static {
    // Not of a tensor behind a Proxy, which has no private fields.
    walkOf = (x) => {
      if (!(#walk in x) || !hasLayout(x) || !hasSize(x)) return null;
      if (x.#walk === undefined || (x.#walk !== null && x.#walk.offset !== x.offset)) x.#walk = walkThrough(x);
      return x.#walk;
    };
  }

  /**
   * A tensor of a number, of nested lists, of a typed array, or of something tensor-like (another Tensor, an onnxruntime or
   * transformers.js tensor, an ndarray, an Arrow vector of one chunk, with `dtype` the bytes of a Buffer). Numbers and lists are written to
   * new memory, `true` and `false` in them as 1 and 0; everything else is shared, but for bytes that do not lie as numbers have to.
   *
   * @throws TypeError where the source, a list's element or an option is of the wrong kind, or `dtype` is not that of the shared
   * data; RangeError where lists are ragged, a shape does not fit, or strides and offset lead out of the data.
   */
  constructor(source: TensorSource, options?: TensorOptions) {
    const parts = source instanceof Parts && options === undefined ? source : partsOf(source, options);
    this.data = parts.data as DataOf<D>;
    this.shape = parts.shape;
    this.strides = parts.strides;
    this.offset = parts.offset;
    this.size = parts.size;
    this[shaped] = parts.shape;
    this[steps] = parts.strides;
    this[packed] = parts.packed ? parts.size : -1 - parts.size;
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
    return new Tensor(naming('fromJSON', () => readJSON(json)));
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

  /**
   * A tensor of zeros: `Tensor.zeros([2, 3], { dtype: 'bfloat16' })`.
   *
   * @throws TypeError where the shape is not made of integers or there is no such dtype or option, RangeError where a size is negative or there
   * is no memory for so many.
   */
  static zeros<D extends DType = 'float32'>(shape: IntegerList, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, 0, options, 'zeros')) as unknown as Tensor<D>;
  }

  /**
   * A tensor of ones.
   *
   * @throws like `zeros`.
   */
  static ones<D extends DType = 'float32'>(shape: IntegerList, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, 1, options, 'ones')) as unknown as Tensor<D>;
  }

  /**
   * A tensor of one value, rounded to the dtype.
   *
   * @throws like `zeros`; TypeError where the value is no number.
   */
  static full<D extends DType = 'float32'>(shape: IntegerList, value: number, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, value, options, 'full')) as unknown as Tensor<D>;
  }

  /**
   * A tensor to be written to: of zeros, as JavaScript has no other new memory.
   *
   * @throws like `zeros`.
   */
  static empty<D extends DType = 'float32'>(shape: IntegerList, options?: NewOptions<D>): Tensor<D> {
    return new Tensor(filled(shape, 0, options, 'empty')) as unknown as Tensor<D>;
  }

  /**
   * 0, 1, ... below `end`; or start, start + step, ... before `end`, each computed in float64 and rounded to the dtype.
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
    return within(this, 'ndim', () => this.shape.length);
  }

  /** The number of elements, like `size`. */
  numel(): number {
    return within(this, 'numel', () => this.size);
  }

  /** @internal */
  get packed(): boolean {
    return this[packed] >= 0;
  }
  /** @internal */
  get half(): HalfDType | undefined {
    return this[half];
  }

  /** True where the elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    return within(this, 'isContiguous', () => this.packed);
  }

  /** This tensor where it is contiguous, else a contiguous copy. */
  contiguous(): Tensor<D> {
    return within(this, 'contiguous', () => (this.packed ? this : new Tensor(copied(this))));
  }

  /** A contiguous copy in memory of its own. */
  clone(): Tensor<D> {
    return new Tensor(within(this, 'clone', () => copied(this)));
  }

  /**
   * The same elements, in row-major order, in another shape: `reshape(2, -1)` or `reshape([2, -1])`, where one -1 stands for
   * what the other sizes leave. Shares memory where strides can express it, and copies otherwise.
   *
   * @throws RangeError where the shape has another number of elements, TypeError where it is not made of integers.
   */
  reshape(...shape: Integers): Tensor<D> {
    return within(this, 'reshape', () => {
      const wanted = wantedShape(shape, this.size);
      const strides = viewStrides(this, wanted);
      if (strides !== undefined) return shownAs(this, { shape: wanted, strides, offset: this.offset });
      return new Tensor(viewOf(copied(this), wanted));
    });
  }

  /**
   * Like `reshape`, but always shares memory.
   *
   * @throws like `reshape`; RangeError where it would take a copy.
   */
  view(...shape: Integers): Tensor<D> {
    return new Tensor(within(this, 'view', () => viewOf(this, wantedShape(shape, this.size))));
  }

  /**
   * Two dimensions exchanged; shares memory.
   *
   * @throws TypeError where a dimension is not an integer, RangeError where the tensor does not have it.
   * @example new Tensor([[1, 2]]).transpose(0, 1).toArray(); // [[1], [2]]
   */
  transpose(dim0: number, dim1: number): Tensor<D>;
  transpose(dim0: number, dim1: number, more?: unknown): Tensor<D> {
    if (more !== undefined) throw alsoGot('transpose takes two dimensions, and permute all', more);
    return within(this, 'transpose', () => shownAs(this, transposed(this, dim0, dim1)));
  }

  /**
   * The dimensions in another order, `permute(2, 0, 1)` or `permute([2, 0, 1])`; shares memory.
   *
   * @throws TypeError where a dimension is not an integer, RangeError where they are not each dimension once.
   */
  permute(...dims: Integers): Tensor<D> {
    return within(this, 'permute', () => shownAs(this, permuted(this, listOf(dims))));
  }

  /** All dimensions in reverse order, the transpose of a matrix; shares memory. */
  get T(): Tensor<D> {
    if (!isIntact(this)) throw inNameOf('T', broken(this, 'this'));
    return shownAs(this, reversed(this));
  }

  /**
   * The number at an index, where there is one for every dimension; with fewer, the tensor that they leave, which shares
   * memory: `x.at(0, -1)` is the last number of the first row, `x.at(0)` the row. Negative indices count from the end. `item`
   * gives numbers only, `select` tensors only.
   *
   * @throws TypeError where an index is not an integer, RangeError where it lies outside, or there are too many.
   */
  at(...indices: readonly number[]): Tensor<D> | number {
    // Not by within(), whose function takes 9 ns here, of 35.
    try {
      if (!isIntact(this)) throw broken(this, 'this');
      const entry = entered(this, indices);
      return indices.length === this.shape.length ? numberAt(this, entry.offset) : shownAs(this, entry);
    } catch (error) {
      throw inNameOf('at', error);
    }
  }

  /**
   * The number at an index for every dimension, or in a tensor of one element, of any shape: `x.item(0, -1)`, `x.item()`.
   *
   * @throws RangeError where there are more elements, or none; TypeError, RangeError like `at`.
   */
  item(...indices: readonly number[]): number {
    try {
      if (!isIntact(this)) throw broken(this, 'this');
      if (indices.length > 0) {
        const { offset } = entered(this, indices);
        if (indices.length === this.shape.length) return numberAt(this, offset);
        throw indexCount(this, indices);
      }
      if (this.size === 1) return numberAt(this, this.offset);
      throw new RangeError(`one element is needed, but shape ${shapeText(this.shape)} has ${this.size}`);
    } catch (error) {
      throw inNameOf('item', error);
    }
  }

  /**
   * The tensor at an index of one dimension, without that dimension; shares memory. Both count from the end where they are negative.
   *
   * @throws TypeError where an argument is not an integer, RangeError where the tensor does not have it.
   * @example new Tensor([[1, 2, 3], [4, 5, 6]]).select(1, -1).toArray(); // [3, 6], the last column
   */
  select(dim: number, index: number): Tensor<D> {
    return within(this, 'select', () => shownAs(this, selected(this, dim, index)));
  }

  /**
   * Of one dimension, which comes first and is needed, the entries from `start` (default 0) up to `end` (default all), every `step`-th of
   * them (default 1); shares memory. Negative places count from the end, and those beyond it are it, as in PyTorch.
   *
   * @throws TypeError where an argument is not an integer; RangeError where there is no such dimension, or the step is below 1.
   * @example
   * const x = new Tensor([[1, 2, 3], [4, 5, 6]]);
   * x.slice(0, 1).toArray();           // [[4, 5, 6]], the rows from 1 on
   * x.slice(1, -2).toArray();          // [[2, 3], [5, 6]], the last two columns
   * x.slice(-1, 0, 3, 2).toArray();    // [[1, 3], [4, 6]], the columns 0 and 2
   */
  slice(dim: number, start = 0, end = Number.MAX_SAFE_INTEGER, step = 1): Tensor<D> {
    return within(this, 'slice', () => shownAs(this, sliced(this, dim, start, end, step)));
  }

  /**
   * Without the dimensions of size 1, or without the one named where it has that size; shares memory.
   *
   * @throws TypeError where the dimension is not an integer, RangeError where the tensor does not have it.
   * @example new Tensor([[1, 2]]).squeeze().shape; // [2]
   */
  squeeze(dim?: number): Tensor<D> {
    return within(this, 'squeeze', () => shownAs(this, squeezed(this, dim)));
  }

  /**
   * With a dimension of size 1 before the one named, or with -1 behind the last; shares memory.
   *
   * @throws TypeError where the place is not an integer, RangeError where there is none.
   * @example new Tensor([1, 2]).unsqueeze(-1).toArray(); // [[1], [2]]
   */
  unsqueeze(dim: number): Tensor<D> {
    return within(this, 'unsqueeze', () => shownAs(this, unsqueezed(this, dim)));
  }

  /**
   * The sum of all elements, or along a dimension or several, as a tensor: in float64 with what its additions round off, and rounded once.
   *
   * @throws TypeError where a dimension is not an integer, RangeError where the tensor does not have it, and where a list names it twice or is empty.
   * @example new Tensor([[1, 2], [3, 4]]).sum(0, { keepdim: true }).toArray(); // [[4, 6]]; without keepdim [4, 6]
   */
  sum(dim?: number | readonly number[], options?: ReduceOptions): Tensor<D> {
    return new Tensor(within(this, 'sum', () => summed(this, dim, keepdimIn(options, 'sum'), false, 'sum')));
  }

  /** The mean, like `sum`; of no elements NaN. */
  mean(dim?: number | readonly number[], options?: ReduceOptions): Tensor<D> {
    return new Tensor(within(this, 'mean', () => summed(this, dim, keepdimIn(options, 'mean'), true, 'mean')));
  }

  /**
   * The largest element as a tensor, or along a dimension the largest ones and where each is first. NaN is larger than anything.
   *
   * @throws like `sum`; RangeError where there are no elements.
   * @example new Tensor([[1, 2], [4, 3]]).max(1).indices.data; // Int32Array [1, 0]
   */
  max(): Tensor<D>;
  max(dim: number, options?: ReduceOptions): { readonly values: Tensor<D>; readonly indices: Indices };
  max(dim?: number, options?: ReduceOptions): unknown {
    const { values, indices } = within(this, 'max', () => largest(this, dim, keepdimIn(options, 'max'), 'max'));
    return dim === undefined ? new Tensor(values) : { values: new Tensor(values), indices };
  }

  /**
   * Where the largest element is in row-major order, or along a dimension, as `max` finds it.
   *
   * @throws like `max`.
   * @example new Tensor([[1, 2], [4, 3]]).argmax(); // 2
   */
  argmax(): number;
  argmax(dim: number, options?: ReduceOptions): Indices;
  argmax(dim?: number, options?: ReduceOptions): unknown {
    const { indices } = within(this, 'argmax', () => largest(this, dim, keepdimIn(options, 'argmax'), 'argmax'));
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
    const { values, indices } = within(this, 'topk', () => ordered(this, k, options));
    return { values: new Tensor(values), indices };
  }

  /**
   * The entries of the first dimension, one by one: rows of a matrix, 0-d tensors of a vector, each over its part of the memory.
   * A 0-d tensor is not iterable, as the TypeError says.
   */
  get [Symbol.iterator](): () => IterableIterator<Tensor<D>> {
    // Not a method that throws: to be asked for it is how toEqual of vitest and jest, which compares iterables entry by entry,
    // finds that there are no entries further down.
    return (this.shape?.length === 0 ? undefined : entries) as () => IterableIterator<Tensor<D>>;
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
    const data = within(this, 'toArray', () => contiguousData(asFloats(this)));
    const { length } = this.shape;
    if (rank !== undefined && rank !== length)
      throw new RangeError(`toArray(${describe(rank)}) does not fit shape ${shapeText(this.shape)} of rank ${length}`);
    return length === 0 ? data[0]! : nested(data, this.shape, 0, 0);
  }

  /**
   * The same numbers in another dtype, rounded once, to the nearest, ties to even: a contiguous copy in new memory, or this tensor
   * where it has the dtype.
   *
   * @throws TypeError where there is no such dtype.
   * @example new Tensor([1, 0.1]).to('bfloat16').toArray(); // [1, 0.10009765625]
   */
  to<E extends DType>(dtype: E): Tensor<E> {
    return within(this, 'to', () => {
      checkDType(dtype);
      const wanted: DType | undefined = dtype;
      if (wanted === undefined) throw noDType(wanted);
      return (wanted === this.dtype ? this : new Tensor(converted(this, wanted))) as unknown as Tensor<E>;
    });
  }

  /**
   * What JSON.stringify writes, and `Tensor.fromJSON` reads: dtype, shape, and the elements in row-major order, of which NaN, the
   * infinities and -0 are strings.
   */
  toJSON(): TensorJSON<D> {
    const data = within(this, 'toJSON', () => contiguousData(asFloats(this)));
    return { dtype: this.dtype, shape: this.shape, data: Array.from(data, writeJSON) };
  }

  /**
   * A copy with `value` at every entry that the mask marks with `true` or a number other than 0, such as -Infinity before a
   * softmax. The mask broadcasts to the tensor; a flat typed array as long as the tensor takes its shape.
   *
   * @throws TypeError where the mask or the value is of the wrong kind, RangeError where the mask does not broadcast.
   */
  maskedFill(mask: Mask, value: number): Tensor<D> {
    return within(this, 'maskedFill', () => {
      if (typeof value !== 'number') throw new TypeError(`value must be a number, got ${describe(value)}`);
      if (mask instanceof Tensor && !isIntact(mask)) throw broken(mask, 'mask');
      const marks = readMask(mask, this.shape);
      if (!sameShape(broadcastShapes(this.shape, marks.shape), this.shape))
        throw new RangeError(
          `a mask of shape ${shapeText(marks.shape)} does not broadcast to shape ${shapeText(this.shape)}`,
        );
      return new Tensor(asDType(fillWhere(asFloats(this), marks, value), this.dtype));
    });
  }

  /** True where the shapes are the same and all values are `===`: NaN equals nothing, 0 equals -0, the dtype does not matter. */
  equals(other: TensorSource): boolean;
  equals(other: TensorSource, more?: unknown): boolean {
    if (more !== undefined) throw alsoGot('equals takes one operand, and allClose a tolerance', more);
    return within(this, 'equals', () => {
      const tensor = operand(other, this.dtype);
      return sameShape(this.shape, tensor.shape) && allEqual(asFloats(this), tensor);
    });
  }

  /**
   * True where `|this - other| <= atol + rtol * |other|` for all elements, after broadcasting. An infinity is close to itself
   * only, NaN to nothing unless `equalNan`.
   *
   * @throws RangeError where the shapes do not broadcast or a tolerance is negative, TypeError where one is not a number.
   */
  allClose(other: TensorSource, tolerance?: Tolerance): boolean {
    return within(this, 'allClose', () =>
      allClose(asFloats(this), operand(other, this.dtype), readTolerance(tolerance)),
    );
  }

  /**
   * `this + other` for a tensor, lists or a number, in new memory. Shapes broadcast; the result is float64 where either tensor
   * is, while a number or a list takes this tensor's dtype.
   *
   * @throws RangeError where the shapes do not broadcast, TypeError where `other` is of the wrong kind or not all that is given.
   */
  add<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>>;
  add(other: TensorSource, more?: unknown): unknown {
    if (more !== undefined) throw alsoGot('add takes one operand and gives a new tensor', more);
    return combined('add', this, other);
  }

  /** `this - other`, otherwise like `add`. */
  sub<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>>;
  sub(other: TensorSource, more?: unknown): unknown {
    if (more !== undefined) throw alsoGot('sub takes one operand and gives a new tensor', more);
    return combined('sub', this, other);
  }

  /** `this * other`, otherwise like `add`. */
  mul<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>>;
  mul(other: TensorSource, more?: unknown): unknown {
    if (more !== undefined) throw alsoGot('mul takes one operand and gives a new tensor', more);
    return combined('mul', this, other);
  }

  /** `this / other`, otherwise like `add`; a division by zero gives an infinity or NaN. */
  div<S extends TensorSource>(other: S): Tensor<Wider<D, OperandDType<S, D>>>;
  div(other: TensorSource, more?: unknown): unknown {
    if (more !== undefined) throw alsoGot('div takes one operand and gives a new tensor', more);
    return combined('div', this, other);
  }

  /** The numbers in nested brackets, four decimals or none, in aligned columns; of more than 1000 only the corners. */
  toString(): string {
    return within(this, 'toString', () => format(asFloats(this)));
  }

  /** The number of a tensor with one element, where one is asked for: `Number(x)`, `x.at(0) + 1`, `Math.max(...x)`. */
  [Symbol.toPrimitive](hint: string): number | string {
    // toString() has four decimals.
    if (hint === 'string' || (hint === 'default' && this.size !== 1)) return this.toString();
    if (this.size === 1) return this.item();
    const has = `a Tensor of shape ${shapeText(this.shape)} is no single number, as it has ${this.size} elements`;
    throw new RangeError(`${has}; item(0, ...) gives one of them, sub() and equals() are of all`);
  }

  [inspect](depth?: number): unknown {
    // Whoever looks for a defect is not to meet another error.
    if (!isIntact(this)) return `[Tensor: ${broken(this, 'it').message}]`;
    const head = `Tensor(${this.dtype}, ${shapeText(this.shape)})`;
    if (depth !== undefined && depth < 0) return `[${head}]`;
    const numbers = missing(this) ?? format(asFloats(this));
    const text = `${head}${numbers.includes('\n') || head.length + numbers.length >= 80 ? '\n' : ' '}${numbers}`;
    // Node indents the further lines of what an object inspects as, but not those of a string.
    return { [inspect]: () => text };
  }

  get [brand](): true {
    return true;
  }
}

/** What the constructor makes a Tensor of. */
function partsOf(source: unknown, options: TensorOptions | undefined): Parts<Data> {
  checkOptions(options, 'Tensor', tensorOptions, 'shape: [2, 3]');
  return naming('Tensor', () => {
    const parts = source instanceof Parts ? source : readParts(source, optionOf(options, 'dtype'));
    const shape = optionOf(options, 'shape');
    return shape === undefined ? parts : viewOf(parts, resolveShape(shape, parts.size));
  });
}

/** The memory of a Tensor that is all of it, in row-major order; undefined for everything else. Of 16 bits it is no FloatArray. */
export function wholeOf(x: unknown): FloatArray | undefined {
  if (!(x instanceof Tensor) || x[packed] !== x.size || x.offset !== 0 || !hasLayout(x)) return undefined;
  const { data } = x;
  try {
    return lengthOfPresent(data as FloatArray) === x.size ? (data as FloatArray) : undefined;
  } catch {
    // Something else was assigned.
    return undefined;
  }
}

/** A tensor of fresh, contiguous results of x's shape, and of its strides where it is contiguous too. */
export function resultLike(x: Tensor, data: FloatArray): Tensor<FloatDType> {
  const strides = x.packed ? x.strides : contiguousStridesOf(x.shape);
  return new Tensor(new Parts(data, x.shape, strides, 0, true, undefined, x.size));
}

function* entries<D extends DType>(this: Tensor<D>): Generator<Tensor<D>, undefined> {
  const length = within(this, 'Tensor', () => this.shape[0]!);
  for (let index = 0; index < length; index++) {
    yield naming('Tensor', () => {
      const entry = this.select(0, index);
      // With no more of the memory than its own: toEqual of two vectors compares all that their entries have, 1000 times 1000 numbers.
      const own = entry.half === undefined ? ownData(entry as unknown as Parts) : undefined;
      return own === undefined ? entry : new Tensor(new Parts(own, entry.shape));
    });
  }
}

/** The same memory in another layout. */
function shownAs<D extends DType>(x: Tensor<D>, { shape, strides, offset }: Layout): Tensor<D> {
  return new Tensor(new Parts<Data>(x.data, shape, strides, offset, undefined, x.half));
}

/** A number or a list in the dtype of the tensor it meets, so that 0.1 is the same number on both sides; halves as floats. */
function operand(other: unknown, dtype: DType): Parts {
  return asFloats(anyOperand(other, dtype));
}

function anyOperand(other: unknown, dtype: DType): Parts<Data> {
  if (other instanceof Tensor && !isIntact(other)) throw broken(other, 'other');
  if (other instanceof Tensor) return other;
  if (typeof other !== 'number') return readParts(other, Array.isArray(other) ? dtype : undefined, 'other');
  if (isHalfDType(dtype)) return readParts(other, dtype, 'other');
  const data = allocate(dtype, 1);
  data[0] = other;
  return new Parts(data, none, none, 0, true);
}

/** The sum and so on: of two tensors of one dtype of 16 bits in that, computed as float32, which rounds as if it were done once. */
function combined<T extends DType>(op: Operation, a: Tensor<DType>, other: unknown): Tensor<T> {
  return within(a, op, () => {
    const b = anyOperand(other, a.dtype);
    const result = combine(op, asFloats(a), asFloats(b));
    return new Tensor(a.half !== undefined && a.half === b.half ? asDType(result, a.dtype) : result);
  });
}
