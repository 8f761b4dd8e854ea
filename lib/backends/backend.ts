// What a backend does: one method per shape of work. Arguments have been checked; a backend may assume them.
import type { Chosen } from '../activations/signatures.js';
import type { Op } from '../activations/table.js';
import type { DType, FloatArray, HalfDType } from '../basics/floats.js';
import type { Runs } from './copies.js';

/** The instruction sets of the native addon, best first, then WebAssembly and plain TypeScript. */
export const backendNames = ['avx512', 'avx2', 'neon', 'wasm', 'js'] as const;
export type BackendName = (typeof backendNames)[number];

/** Floats, or the bits of 16-bit numbers. */
export type Numbers = FloatArray | Uint16Array;

/** What is computed over a dimension. */
export type Slice = 'softmax' | 'logSoftmax';

/** What becomes of two numbers. */
export type Operation = 'add' | 'sub' | 'mul' | 'div';

/**
 * The most elements that an array of a small call may have, of float32 or 16 bits, and of float64. ns per call with arrays handed over and
 * with a block, `npm run bench -- --function relu --size 129,256,512,1024` (and `--dtype float64`) on a busy Zen 4, Node 20.20: of 129
 * elements 351 and 241, of 256 355 and 243, of 512 384 and 303, of 1024 455 and 419; of 256 of float64 387 and 268, of 512 411 and 369.
 */
export const mostFew = 1024;
export const mostFewDoubles = 512;

/** The most steps that a mask may have; one that has more is copied. */
export const mostSteps = 4;
/** The longest slice of a strided call. */
export const mostStridedSlice = 16384;

/** A mask, broadcast: where it says what of each entry. Its elements are added to x's, or, as bytes, keep those where they are not 0. */
export interface Mask {
  readonly data: Uint8Array | FloatArray;
  /** Whether its elements are added; they are of x's type then. */
  readonly additive: boolean;
  /** From the entry of one of x to that of the next along the slice, and of the next slice within [length, inner]. */
  readonly along: number;
  readonly across: number;
  /** How the outer slices lie, innermost first: so many of them so far apart. */
  readonly steps: readonly { readonly size: number; readonly stride: number }[];
}

/** What a function over a dimension is of but x: of x / temperature plus the mask. */
export interface Conditions {
  /** Finite and not 0; below 0 for softmin. */
  readonly temperature: number;
  readonly mask: Mask | undefined;
  /** Whether a slice without an entry left has shares of 0, and not NaN. */
  readonly zero: boolean;
}

/** The same of few elements, each of which the mask has an entry for. */
export interface FewConditions extends Omit<Conditions, 'mask'> {
  readonly mask: FloatArray | Uint8Array | undefined;
}

/**
 * The arrays of one call have one type and one length. `exact` asks for correctly rounded results, of softmax for nearly those; for
 * float64 arrays it changes nothing.
 *
 * `y` is one of the inputs or overlaps none, as far as their buffers tell. But two buffer objects may have one memory: those of
 * another addon, and of shared memory those of structuredClone. Where y overlaps a part of an input in this way, a call comes out
 * right or throws a RangeError before it writes. `fresh` says that y is new memory, which nothing overlaps.
 */
export interface Backend {
  readonly name: BackendName;
  /** y = f(x), element by element, for the parameters a and b of the row. */
  map(x: FloatArray, y: FloatArray, op: Op, a: number, b: number, exact?: boolean, fresh?: boolean): void;
  /**
   * The same of few elements in one piece with all that is asked of arrays, which takes half the time: gives `out`, or something new
   * where there is none; undefined, and nothing is done, where they are none or something about them has to be looked at.
   */
  mapFew?(x: unknown, out: unknown, chosen: Chosen, exact: boolean): FloatArray | undefined;
  /** `mapGrad` in that way; of what is no array undefined too. */
  mapGradFew?(grad: unknown, x: unknown, out: unknown, chosen: Chosen, exact: boolean): FloatArray | undefined;
  /** `gate` in that way. */
  gateFew?(x: unknown, by: unknown, out: unknown, chosen: Chosen, exact: boolean): FloatArray | undefined;
  /** `slices` in that way. */
  slicesFew?(
    x: unknown,
    out: unknown,
    slice: Slice,
    length: number,
    inner: number,
    exact: boolean,
    under?: FewConditions,
  ): FloatArray | undefined;
  /** y = grad * f'(x), element by element. */
  mapGrad(
    grad: FloatArray,
    x: FloatArray,
    y: FloatArray,
    op: Op,
    a: number,
    b: number,
    exact?: boolean,
    fresh?: boolean,
  ): void;
  /**
   * `map`, or `mapGrad` where there is a grad, on bits of 16-bit numbers: correctly rounded, as far as a product of grad and slope
   * float64 can tell.
   */
  halves(
    grad: Uint16Array | undefined,
    x: Uint16Array,
    y: Uint16Array,
    dtype: HalfDType,
    op: Op,
    a: number,
    b: number,
  ): void;
  /**
   * `slices`, or its gradient where there is a grad, on bits of 16-bit numbers: as float32 in `exact`, rounded to them. Absent where a
   * call does the same with arrays of floats.
   */
  halfSlices?(
    grad: Uint16Array | undefined,
    x: Uint16Array,
    y: Uint16Array,
    dtype: HalfDType,
    slice: Slice,
    length: number,
    inner: number,
  ): void;
  /** The numbers of x in the dtype of y, rounded once; they are of one length and share no memory. */
  convert(x: Numbers, from: DType, y: Numbers, to: DType): void;
  /** y = f(x) * by, element by element: a gate. */
  gate(
    x: FloatArray,
    by: FloatArray,
    y: FloatArray,
    op: Op,
    a: number,
    b: number,
    exact?: boolean,
    fresh?: boolean,
  ): void;
  /** Its two gradients, dx = grad * by * f'(x) and dby = grad * f(x), which share no memory. */
  gateGrad(
    grad: FloatArray,
    x: FloatArray,
    by: FloatArray,
    dx: FloatArray,
    dby: FloatArray,
    op: Op,
    a: number,
    b: number,
    exact?: boolean,
  ): void;
  /**
   * y = prelu(x) with a slope for each channel, the middle dimension of x as [outer, slopes.length, inner]. The slopes have the type of
   * x and share no memory with y. No size is 0.
   */
  channels(x: FloatArray, slopes: FloatArray, y: FloatArray, inner: number, exact?: boolean, fresh?: boolean): void;
  /** Its gradient. */
  channelsGrad(
    grad: FloatArray,
    x: FloatArray,
    slopes: FloatArray,
    y: FloatArray,
    inner: number,
    exact?: boolean,
    fresh?: boolean,
  ): void;
  /** Its gradient by the slopes: of each channel of [outer, sums.length, inner] the sum of grad * x over the x below 0. */
  channelSums(grad: FloatArray, x: FloatArray, sums: Float64Array, inner: number): void;
  /** Softmax or its logarithm over the middle dimension of x as [outer, length, inner]; outer follows from the length of x. No size is 0. */
  slices(
    x: FloatArray,
    y: FloatArray,
    slice: Slice,
    length: number,
    inner: number,
    exact?: boolean,
    fresh?: boolean,
  ): void;
  /** Its gradient over the same dimension, with s = softmax(x): s * (grad - sum(grad * s)), of the logarithm grad - s * sum(grad). */
  slicesGrad(
    grad: FloatArray,
    x: FloatArray,
    y: FloatArray,
    slice: Slice,
    length: number,
    inner: number,
    exact?: boolean,
    fresh?: boolean,
  ): void;
  /** `slices`, or its gradient where there is a grad, under conditions. What `grad` holds at a masked entry counts nothing. */
  conditioned(
    grad: FloatArray | undefined,
    x: FloatArray,
    y: FloatArray,
    slice: Slice,
    length: number,
    inner: number,
    conditions: Conditions,
    exact?: boolean,
    fresh?: boolean,
  ): void;
  /** Of each slice of x the maximum m and log(sum(e^(x - m))), as [outer, inner]. */
  logParts(
    x: FloatArray,
    maxima: Float64Array,
    logs: Float64Array,
    length: number,
    inner: number,
    exact?: boolean,
  ): void;
  /**
   * Copies the elements of runs, the first of which lies at `from` in the source and at `to` in the target. All of them lie in their
   * array, and the arrays share no memory.
   */
  copy(source: FloatArray, from: number, target: FloatArray, to: number, runs: Runs): void;
  /**
   * `map`, or `mapGrad` where there is a grad, on arrays that lie in steps, which the runs name for each of them in that order, their
   * first elements at `first`. False, and nothing written, where y shares memory with an input that does not lie in the same places.
   * Absent where copies serve as well.
   */
  mapStrided?(
    grad: FloatArray | undefined,
    x: FloatArray,
    y: FloatArray,
    first: readonly number[],
    runs: Runs,
    op: Op,
    a: number,
    b: number,
    exact?: boolean,
  ): boolean;
  /** Sums and so on likewise, of arrays x, `by` and y; float32 rounded once. */
  combineStrided?(
    operation: Operation,
    x: FloatArray,
    by: FloatArray,
    y: FloatArray,
    first: readonly number[],
    runs: Runs,
  ): boolean;
  /** `gate` likewise, its arrays x, `by` and y. */
  gateStrided?(
    x: FloatArray,
    by: FloatArray,
    y: FloatArray,
    first: readonly number[],
    runs: Runs,
    op: Op,
    a: number,
    b: number,
    exact?: boolean,
  ): boolean;
  /** `slices`, or `slicesGrad`, likewise; over the first of the runs, which may be as long as `mostStridedSlice`. */
  slicesStrided?(
    grad: FloatArray | undefined,
    x: FloatArray,
    y: FloatArray,
    first: readonly number[],
    runs: Runs,
    slice: Slice,
    exact?: boolean,
  ): boolean;
}
