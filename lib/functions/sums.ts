// The logarithm of a sum of exponentials, a number for a slice, and its gradient.

import { backend } from '../backends/select.js';
import { allocate, shapeText } from '../basics/allocate.js';
import { checkPrecision, checkPresent, type Precision } from '../basics/checks.js';
import { describe, inNameOf, naming } from '../basics/errors.js';
import {
  type Data,
  type DType,
  dtypeOf,
  type FloatArray,
  type FloatDType,
  type HalfArray,
  isFloat32,
  isFloatArray,
  lengthOf,
  typeName,
} from '../basics/floats.js';
import { isFloat16Array, isHalfDType } from '../basics/halves.js';
import { afterDim, checkOptions, optionOf, tooMany } from '../basics/options.js';
import { contiguousData, fewElements } from '../tensor/copies.js';
import { shapeAdvice } from '../tensor/foreign/advice.js';
import { asTensor, readForeign } from '../tensor/foreign/as-tensor.js';
import { checkDType, dtypeOfParts } from '../tensor/foreign/dtypes.js';
import { asDType, asFloats } from '../tensor/halves.js';
import { forEachRow, mergeRuns } from '../tensor/layouts/runs.js';
import {
  broadcastStrides,
  contiguousStrides,
  frozen,
  listed,
  Parts,
  sameShape,
  sizeOf,
} from '../tensor/layouts/shape.js';
import { type DTypeOf, Tensor, type TensorLike } from '../tensor/tensor.js';
import { dimsOf, slicesAt } from './dims.js';
import type { Output } from './functions.js';
import { givenHalves, halvesOf, mayBeHalf } from './halves.js';
import type { Input } from './operands.js';
import { slicesOfFloats } from './slices.js';

export interface LogSumExpOptions {
  /** The dimension or dimensions that are summed over; negative counts from the end. Default -1. */
  readonly dim?: number | readonly number[] | undefined;
  /** Whether the result has them with size 1. Default false. */
  readonly keepdim?: boolean | undefined;
  /** Of numbers of 16 bits it is always exact. */
  readonly precision?: Precision | undefined;
  /** What the numbers of a Uint16Array are; of other inputs their own dtype. */
  readonly dtype?: DType | undefined;
}

/** What `logSumExp` gives. */
export type SumOf<X extends Input> = X extends Data ? number : Tensor<DTypeOf<X>>;
/** What its gradient takes: a number for each slice. */
export type SumGrad<X extends Input> = X extends Data ? number : TensorLike;

/** x with its dimensions in an order in which the slices lie along one of them. */
export interface Sliced {
  readonly x: FloatArray;
  readonly shape: readonly number[];
  readonly at: number;
}

/** The two parts of each slice's log(sum(e^x)), whose sum may cancel. */
export interface LogParts {
  readonly maxima: Float64Array;
  readonly logs: Float64Array;
}

const newParts = (count: number): LogParts => ({ maxima: new Float64Array(count), logs: new Float64Array(count) });

// Kept for the next call on as many slices, as new memory takes longer than what is done with it.
const mostKept = 65536;
let kept = newParts(0);

function partsFor(count: number): LogParts {
  if (count > mostKept) return newParts(count);
  if (kept.maxima.length !== count) kept = newParts(count);
  return kept;
}

/** The shape of the result over dimensions. */
function shapeOver(shape: readonly number[], dims: readonly number[], keepdim: boolean, name: string) {
  if (dims.length > 1 || keepdim) return frozen(reduced(shape, dims, keepdim));
  const slices = slicesAt(dims[0], shape, name);
  slices.rest ??= frozen(reduced(shape, dims, false));
  return slices.rest;
}

/** These of each slice, until the next call of this. */
export function partsOf({ x, shape, at }: Sliced, name: string, exact: boolean): LogParts {
  const { length, inner, count } = slicesAt(at, shape, name);
  if (lengthOf(x) === 0) {
    const parts = newParts(count);
    parts.maxima.fill(-Infinity);
    return parts;
  }
  const parts = partsFor(count);
  backend.logParts(x, parts.maxima, parts.logs, length, inner, exact);
  return parts;
}

/** An input that has been read: an array of floats itself, else as a tensor. `memoryOf` finds its memory. */
export type Read = FloatArray | Parts<Data>;

/** The first input of a call, whose dtype the option is. */
export function readInput(input: Input, name: string, given: Pick<Settings, 'dtype'>, what = 'x'): Read {
  const from = readForeign(input, given.dtype, what, name);
  const half = mayBeHalf(from, given) ? givenHalves(from, given.dtype, name, what) : undefined;
  return half === undefined ? readFloats(from, name, what) : half.parts;
}

/** Another one, beside an input of that dtype: bits that do not say what they are have the same. */
export function readOther(input: Input, name: string, dtype: DType, what: string): Read {
  const said = input instanceof Tensor || isFloat16Array(input) ? undefined : dtype;
  const from = readForeign(input, said, what, name);
  const half = isHalfDType(dtype) ? halvesOf(from, said, name, what) : undefined;
  return half === undefined ? readFloats(from, name, what) : half.parts;
}

function readFloats(input: Input, name: string, what: string): FloatArray | Tensor {
  if (!isFloatArray(input)) return asTensor(input, what, name);
  if (lengthOf(input) === 0) checkPresent(input, `${name}: ${what}`);
  return input;
}

export const shapeOf = (from: Read) => (isFloatArray(from) ? [lengthOf(from)] : from.shape);
export const dtypeIn = (from: Read): DType => (isFloatArray(from) ? dtypeOf(from) : dtypeOfParts(from));
export const isHalf = (from: Read): boolean => !isFloatArray(from) && from.half !== undefined;

/** The elements in row-major order, those of 16 bits as other floats, and their shape. */
export function memoryOf(
  from: Read,
  name: string,
  what = 'x',
  wide: FloatDType = 'float32',
): { readonly x: FloatArray; readonly shape: readonly number[] } {
  if (isFloatArray(from)) {
    if (lengthOf(from) === 0) checkPresent(from, `${name}: ${what}`);
    return { x: from, shape: [lengthOf(from)] };
  }
  try {
    return { x: contiguousData(asFloats(from, wide)), shape: from.shape };
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
}

/** Results as a Tensor of the dtype of an input, rounded once. */
export function roundedLike(from: Read, y: FloatArray, shape: readonly number[]): Tensor<DType> {
  const floats = new Parts(y, shape);
  return new Tensor(isFloatArray(from) ? floats : asDType(floats, dtypeOfParts(from), from.data as HalfArray));
}

/** Results of the kind, the dtype and the shape of an input, of which there is what has been read. */
export function resultFor(input: Input, from: Read, y: FloatArray): FloatArray | HalfArray | Tensor<DType> {
  if (isFloatArray(from)) return y;
  const rounded = roundedLike(from, y, from.shape);
  return typeName(input) === undefined ? rounded : rounded.data;
}

/** Multiplies what lies in y, row-major in a shape, by a factor for each slice: theirs is the shape with size 1 along it. */
export function scaleSlices(
  y: FloatArray,
  shape: readonly number[],
  factors: FloatArray,
  theirs: readonly number[],
): void {
  const ownStrides = contiguousStrides(shape);
  const strides = broadcastStrides({ shape: theirs, strides: contiguousStrides(theirs), offset: 0 }, shape);
  // A number beside float32 is a double, whose product is rounded once.
  if (backend.combineStrided !== undefined && lengthOf(y) > fewElements && (isFloat32(factors) || !isFloat32(y))) {
    const alike = isFloat32(factors) === isFloat32(y) ? factors : new Float64Array(factors);
    backend.combineStrided('mul', y, alike, y, [0, 0, 0], mergeRuns(shape, [ownStrides, strides, ownStrides])!);
    return;
  }
  const operands = [
    { strides: ownStrides, offset: 0 },
    { strides, offset: 0 },
  ];
  forEachRow(shape, operands, ([at = 0, by = 0], [step = 0, stepBy = 0], length) => {
    for (let i = 0; i < length; i++) y[at + i * step]! *= factors[by + i * stepBy]!;
  });
}

export interface Settings {
  readonly dim: unknown;
  readonly keepdim: boolean;
  readonly precision: Precision | undefined;
  readonly dtype: unknown;
}

/** The options of logSumExp and its gradient. */
const takes = ['dim', 'keepdim', 'precision', 'dtype'] as const;

const usual: Settings = Object.freeze({ dim: undefined, keepdim: false, precision: 'fast', dtype: undefined });

export function readSettings(options: unknown, name: string): Settings {
  if (options === undefined) return usual;
  const given = typeof options === 'number' ? { dim: options } : options;
  checkOptions(given, name, takes, 'dim');
  const precision = optionOf(given, 'precision');
  const exact = checkPrecision(precision, name);
  const dim = listed(optionOf(given, 'dim'));
  const wanted = optionOf(given, 'keepdim');
  const keepdim = wanted === undefined ? false : wanted;
  if (typeof keepdim !== 'boolean') throw new TypeError(`${name}: keepdim must be a boolean, got ${describe(keepdim)}`);
  return { dim, keepdim, precision: exact ? 'exact' : 'fast', dtype: readDType(given, name) };
}

/** The option `dtype`. */
export function readDType(options: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  const dtype = optionOf(options, 'dtype');
  if (dtype !== undefined) naming(name, () => checkDType(dtype));
  return dtype;
}

/** The shape without some of its dimensions, or with them at size 1. */
const reduced = (shape: readonly number[], dims: readonly number[], keepdim: boolean): number[] => {
  const left: number[] = [];
  for (let i = 0; i < shape.length; i++)
    if (!dims.includes(i)) left.push(shape[i]!);
    else if (keepdim) left.push(1);
  return left;
};

export function sum(name: string, input: Input, settings: Settings): unknown {
  const { dim, keepdim, precision } = settings;
  const from = readInput(input, name, settings);
  const { x, shape } = memoryOf(from, name);
  const dims = dimsOf(dim, shape, name);
  const sliced = dims.length === 1 ? { x, shape, at: dims[0]! } : asRows(x, shape, dims);
  const parts = partsOf(sliced, name, precision === 'exact' || isHalf(from));
  const y = allocate(dtypeOf(x), parts.maxima.length);
  addParts(parts, y);
  if (isFloatArray(from)) return y[0];
  const result = roundedLike(from, y, shapeOver(shape, dims, keepdim, name));
  return typeName(input) === undefined ? result : result.item();
}

/** The slices over several dimensions as rows. */
function asRows(x: FloatArray, shape: readonly number[], dims: readonly number[]): Sliced {
  const kept = shape.map((_, i) => i).filter((i) => !dims.includes(i));
  const rows = new Tensor(new Parts(x, shape)).permute([...kept, ...dims]);
  return {
    x: contiguousData(rows),
    shape: [...kept.map((i) => shape[i]!), sizeOf(dims.map((i) => shape[i]!))],
    at: kept.length,
  };
}

// Apart, as V8 then knows the arrays: a long loop within a function that runs seldom is compiled for those of its first calls.
function addParts({ maxima, logs }: LogParts, y: FloatArray): void {
  for (let i = 0, { length } = maxima; i < length; i++) y[i] = maxima[i]! + logs[i]!;
}

export function sumGrad(name: string, grad: unknown, input: Input, settings: Settings): unknown {
  const { dim, keepdim, precision } = settings;
  const from = readInput(input, name, settings);
  const shape = shapeOf(from);
  const dims = dimsOf(dim, shape, name);
  const factors = factorsOf(grad, input, from, reduced(shape, dims, keepdim), name);
  const { x } = memoryOf(from, name, 'x', 'float64');
  // In float64 where float32 is to be rounded once, after the product.
  const wide = precision === 'exact' && isFloat32(x) ? converted(x, 'float64', name, shape) : x;
  const like = new Tensor(new Parts(wide, shape));
  const own = [dims.length === 1 ? dims[0] : dims];
  const { y: shares } = slicesOfFloats('softmax', name, like, { out: undefined, precision, own });
  scaleSlices(shares, shape, factors, reduced(shape, dims, true));
  return resultFor(input, from, wide === x ? shares : converted(shares, 'float32', name, shape));
}

/** A copy of numbers in another type. */
function converted(x: FloatArray, dtype: FloatDType, name: string, shape: readonly number[]): FloatArray {
  const y = allocate(dtype, lengthOf(x), name, shape);
  backend.convert(x, dtypeOf(x), y, dtype);
  return y;
}

/** The gradient of a result of that shape, or the number of an array's. */
function factorsOf(grad: unknown, input: Input, from: Read, shape: readonly number[], name: string): FloatArray {
  if (typeName(input) !== undefined) {
    if (typeof grad !== 'number')
      throw new TypeError(`${name}: grad must be a number, as the result of a typed array is, got ${describe(grad)}`);
    return Float64Array.of(grad);
  }
  if (typeof grad === 'number')
    throw new TypeError(
      `${name}: grad must be a Tensor of shape ${shapeText(shape)}, as the result for x is, got ${describe(grad)}; pass ${shape.length === 0 ? 'new Tensor(grad)' : `Tensor.full(${shapeText(shape)}, grad)`}`,
    );
  const by = readOther(grad as Input, name, dtypeIn(from), 'grad');
  if (dtypeIn(by) !== dtypeIn(from))
    throw new TypeError(`${name}: grad must be ${dtypeIn(from)} like x, got ${dtypeIn(by)}`);
  if (!sameShape(shapeOf(by), shape))
    throw new RangeError(
      `${name}: grad has shape ${shapeText(shapeOf(by))} but the result for x has ${shapeText(shape)}${shapeAdvice(grad, 'grad', shape)}`,
    );
  return memoryOf(by, name, 'grad').x;
}

/**
 * `log(sum(e^x))` over dimensions, which the result lacks, or has with size 1 where `keepdim` is true; of a typed array a number. The
 * largest entry is taken out, so that nothing overflows. Of -Infinity only, or of nothing, it is -Infinity, with +Infinity in it
 * +Infinity. Of float16 and bfloat16 it is one of their numbers, within 0.501 ulp, like its gradient {@link logSumExpGrad}.
 *
 * It is the largest entry and a logarithm: within 6 ulp (float64: 8) of the true value, or of the largest entry where they nearly cancel
 * and that is larger; a search found 4.4 (5.7). `precision: 'exact'` of float32 is that in float64, rounded once.
 *
 * @throws TypeError where x, `dim` or another option is of the wrong kind; RangeError where x has no such dimension.
 */
export function logSumExp<X extends Input>(x: X, options?: LogSumExpOptions | number): SumOf<X>;
export function logSumExp(input: Input, options?: unknown, more?: unknown): unknown {
  if (more !== undefined) throw tooMany(more, 'logSumExp', 'x', afterDim(options, more, takes));
  return sum('logSumExp', input, readSettings(options, 'logSumExp'));
}

/**
 * The gradient of {@link logSumExp}: `grad * softmax(x)` over the same dimensions, NaN in the slices of which softmax is NaN.
 *
 * ```ts
 * logSumExpGrad(1, Float32Array.of(0, 0)); // Float32Array [0.5, 0.5]
 * ```
 *
 * @param grad of the shape of the result under the same options, and of x's dtype; for a typed array a number.
 * @param x what `logSumExp` takes. The gradient has its kind, dtype and shape.
 * @param options those of the call that it is the gradient of; with `precision: 'exact'` float32 is computed in float64 and rounded once.
 * @throws like {@link logSumExp}; TypeError where `grad` is of the wrong kind or dtype, RangeError where it has another shape.
 */
export function logSumExpGrad<X extends Input>(grad: SumGrad<X>, x: X, options?: LogSumExpOptions | number): Output<X>;
export function logSumExpGrad(grad: unknown, x: Input, options?: unknown, more?: unknown): unknown {
  if (more !== undefined) throw tooMany(more, 'logSumExpGrad', 'grad, x', afterDim(options, more, takes));
  return sumGrad('logSumExpGrad', grad, x, readSettings(options, 'logSumExpGrad'));
}
