// The loss of logits against classes or probabilities, and its gradient: what a caller gave and what comes back. No array of logarithms is made.

import { allocate, shapeText } from '../../basics/allocate.js';
import { checkPrecision, type Precision } from '../../basics/checks.js';
import { counted, describe, inNameOf } from '../../basics/errors.js';
import {
  type DType,
  dtypeOf,
  type FloatArray,
  type FloatDType,
  isFloatArray,
  lengthOf,
  typeName,
} from '../../basics/floats.js';
import { isFloat16Array } from '../../basics/halves.js';
import { checkOptions, optionOf, tooMany } from '../../basics/options.js';
import { contiguousData } from '../../tensor/copies.js';
import { shapeAdvice } from '../../tensor/foreign/advice.js';
import { isTensorLike } from '../../tensor/foreign/layout.js';
import { readNumbers } from '../../tensor/foreign/sources.js';
import { frozen, Parts, sameShape, sizeOf } from '../../tensor/layouts/shape.js';
import { type Nested, readNested } from '../../tensor/lists.js';
import { type DataOf, type DTypeOf, Tensor, type TensorLike } from '../../tensor/tensor.js';
import { channelsAt } from '../dims.js';
import type { Output } from '../functions.js';
import type { Input } from '../operands.js';
import { slicesGradOfFloats } from '../slices.js';
import {
  dtypeIn,
  isHalf,
  memoryOf,
  partsOf,
  type Read,
  readDType,
  readInput,
  readOther,
  resultFor,
  roundedLike,
  scaleSlices,
  shapeOf,
} from '../sums.js';
import { classesOf, countedOf, giveBack, type Slices, sumOfClasses } from './classes.js';
import { type Call, clearIgnored, lossesOf, negativeTargets, plainLosses } from './terms.js';
import { type Weights, weightsFor, weightsOf } from './weights.js';

/** What becomes of the losses of the slices. */
export type Reduction = 'mean' | 'sum' | 'none';

export interface CrossEntropyOptions<R extends Reduction = Reduction> {
  /** The dimension of the classes; negative counts from the end. Default 1 of two and more dimensions, as in PyTorch, and 0 of one. */
  readonly dim?: number | undefined;
  /** `'mean'` (default) over the slices that count, `'sum'`, or `'none'`: a loss for each. */
  readonly reduction?: R;
  /** A class that does not count. Default -100. Not for probabilities. */
  readonly ignoreIndex?: number | undefined;
  /** How much of each target is spread over all classes alike, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number | undefined;
  /** A weight for each class, rounded to the dtype of the logits, and to float32 for those of 16 bits; default 1. */
  readonly weight?: Weights | undefined;
  /** Of numbers of 16 bits it is always exact. */
  readonly precision?: Precision | undefined;
  /** What the numbers of a Uint16Array of logits are; of other logits their own dtype. */
  readonly dtype?: DType | undefined;
}

/**
 * The numbers of the classes: one for each slice of the logits, in row-major order; nested lists, and something tensor-like of integers,
 * have the slices' shape.
 */
export type Targets =
  | number
  | readonly Nested[]
  | readonly (number | bigint)[]
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | BigInt64Array
  | BigUint64Array;

/** A probability for each logit, of their dtype and shape; a typed array of as many elements has that shape. */
export type Probabilities<X extends Input = Input> = DataOf<DTypeOf<X>> | TensorLike;

/** What `crossEntropy` gives: a number, or with `none` the losses of the slices. */
export type LossOf<X extends Input, R extends Reduction> = R extends 'none' ? Tensor<DTypeOf<X>> : number;

/**
 * The loss of logits against their classes, `-logSoftmax(logits)` at the target, or against probabilities, `-sum(p * logSoftmax(logits))`:
 * `mean` over the slices, `sum`, or with `none` one for each. Where p is 0 nothing is added, of a logit of -Infinity neither, and a slice
 * of p whose sum is not 1 is taken as it is. A logit of +Infinity or NaN makes NaN of the loss of a slice that counts. With
 * `labelSmoothing` s of C classes, a target is p (1 - s) + s / C, p of a class being 1 at
 * it and 0 elsewhere. With a `weight` w for each class the target is w p, smoothed before; `mean` is then over the weights of the targets'
 * classes, not smoothed, and of probabilities over the slices as ever.
 *
 * No array of logarithms is made. Every sum is of float64 and keeps its rounding errors, and none cancels unless some p or w is negative: the
 * loss is within 6 ulp (float64: 8; float32: as `none` rounds it; float16 and bfloat16: 0.501 ulp as `none` does, while `mean` and `sum` are numbers
 * that are not rounded to them).
 *
 * ```ts
 * crossEntropy(logits, [0, 2, 1]);                                // logits of [3, classes]
 * crossEntropy(logits, teacher, { reduction: 'sum' });            // probabilities of [3, classes]
 * crossEntropy(logits, [0, 2, 1], { weight: [1, 1, 10] });        // of three classes the last is rare
 * ```
 *
 * @param logits a typed array of floats (one slice), a Tensor or anything tensor-like.
 * @param target integers, as many as there are slices, or in nested lists or something tensor-like of the shape of the logits without
 * `dim`; or probabilities, floats of the dtype and shape of the logits. A Uint16Array is integers always: probabilities of 16 bits are a Tensor or a
 * Float16Array.
 * @throws TypeError where an argument is of the wrong kind, probabilities are of another dtype than the logits, or `ignoreIndex` comes
 * with them; RangeError where there are not as many classes as slices, a target is no class, probabilities have another shape than the
 * logits, there are not as many weights as classes, one is not finite, or `labelSmoothing` is not in [0, 1].
 */
export function crossEntropy<X extends Input, R extends Reduction = 'mean'>(
  logits: X,
  target: Targets | Probabilities<X>,
  options?: CrossEntropyOptions<R>,
): LossOf<X, R>;
export function crossEntropy(logits: Input, target: unknown, options?: unknown, more?: unknown): unknown {
  if (more !== undefined) throw tooMany(more, 'crossEntropy', 'logits, target');
  return lossOf('crossEntropy', logits, target, readSettings(options, 'crossEntropy'));
}

/**
 * The gradient of {@link crossEntropy} by the logits: of a slice `softmax(logits) * sum(p) - p`, for classes softmax less 1 at the target,
 * w p in the place of p where there are weights, over what `mean` divides by; for `none` the gradient of the sum. Slices that do not count have 0. An entry is within
 * 4 ulp of the larger of the two terms, as their difference cancels where a share is what the target wants; of float16 and bfloat16 it is
 * that of float64, rounded once. Arguments as in {@link crossEntropy}.
 *
 * @returns of the kind, dtype and shape of the logits.
 */
export function crossEntropyGrad<X extends Input>(
  logits: X,
  target: Targets | Probabilities<X>,
  options?: CrossEntropyOptions,
): Output<X>;
export function crossEntropyGrad(logits: Input, target: unknown, options?: unknown, more?: unknown): unknown {
  if (more !== undefined) throw tooMany(more, 'crossEntropyGrad', 'logits, target');
  return lossGrad('crossEntropyGrad', logits, target, readSettings(options, 'crossEntropyGrad'));
}

/** The options as they were given, of the right kinds. */
export interface Settings {
  readonly dim: unknown;
  readonly reduction: Reduction | undefined;
  readonly ignoreIndex: number | undefined;
  readonly labelSmoothing: number | undefined;
  readonly weight: unknown;
  readonly precision: Precision | undefined;
  readonly dtype: unknown;
}

const none: Settings = Object.freeze({
  dim: undefined,
  reduction: undefined,
  ignoreIndex: undefined,
  labelSmoothing: undefined,
  weight: undefined,
  precision: undefined,
  dtype: undefined,
});

export function readSettings(options: unknown, name: string): Settings {
  if (options === undefined) return none;
  checkOptions(options, name, Object.keys(none), "reduction: 'sum'");
  const dim = optionOf(options, 'dim');
  const reduction = optionOf(options, 'reduction');
  const ignoreIndex = optionOf(options, 'ignoreIndex');
  const labelSmoothing = optionOf(options, 'labelSmoothing');
  const weight = optionOf(options, 'weight');
  const precision = optionOf(options, 'precision');
  checkPrecision(precision, name);
  const dtype = readDType(options, name);
  if (reduction !== undefined && reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none')
    throw new TypeError(`${name}: reduction must be 'mean', 'sum' or 'none', got ${describe(reduction)}`);
  if (ignoreIndex !== undefined && !Number.isInteger(ignoreIndex))
    throw new TypeError(`${name}: ignoreIndex must be an integer, got ${describe(ignoreIndex)}`);
  if (labelSmoothing !== undefined && typeof labelSmoothing !== 'number')
    throw new TypeError(`${name}: labelSmoothing must be a number, got ${describe(labelSmoothing)}`);
  if (labelSmoothing !== undefined && !(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new RangeError(`${name}: labelSmoothing must be from 0 to 1, got ${labelSmoothing}`);
  return {
    dim,
    reduction,
    ignoreIndex: ignoreIndex as number | undefined,
    labelSmoothing,
    weight,
    precision: precision as Precision | undefined,
    dtype,
  };
}

/** The call, its logits of 16 bits in the dtype `wide`. */
function readCall(name: string, logits: Read, target: unknown, settings: Settings, wide: FloatDType): Call {
  const shape = shapeOf(logits);
  const { at, length, inner, count } = channelsAt(settings.dim, shape, name);
  const slices: Slices = { shape, at, length, inner, count };
  // The weights and the targets before the memory of the logits is found: they may be getters, which can do anything to it.
  const given = settings.weight === undefined ? undefined : weightsOf(settings.weight, name);
  const read = readTarget(target, slices, dtypeIn(logits), name);
  // A copy of a list is nothing else.
  const isList = Array.isArray(read) && read !== target;
  const likely =
    !isList && !(read instanceof Integers) && isProbabilities(read)
      ? probabilitiesLike(logits, read, settings, name)
      : undefined;
  const classes =
    likely === undefined
      ? classesOf(read instanceof Integers ? read.data : read, slices, settings.ignoreIndex ?? -100, name)
      : undefined;
  const { x } = memoryOf(logits, name, 'logits', wide);
  const size = count * length;
  if (lengthOf(x) !== size)
    throw new RangeError(`${name}: logits had ${size} elements, and has ${lengthOf(x)} since target was read`);
  const dtype = isHalf(logits) ? 'float32' : dtypeOf(x);
  const weights = given && classWeights(dtype, given, slices, settings.weight, name);
  const counted = classes === undefined ? count : countedOf(classes);
  const { labelSmoothing: smoothing = 0 } = settings;
  // Not by `...slices`, which takes V8 7 us (Node 20).
  return {
    shape,
    at,
    length,
    inner,
    count,
    x,
    classes,
    probabilities: likely && memoryOf(likely, name, 'target').x,
    keep: 1 - smoothing,
    spread: smoothing === 0 ? 0 : smoothing / length,
    weights,
    counted,
    total: weights === undefined || classes === undefined ? counted : sumOfClasses(weights, classes),
  };
}

function classWeights(
  dtype: FloatDType,
  weights: FloatArray,
  { shape, at, length }: Slices,
  given: unknown,
  name: string,
) {
  if (weights.length !== length)
    throw new RangeError(
      `${name}: weight has ${counted(weights.length, 'element')}, and logits of shape ${shapeText(shape)} have ${counted(length, 'class', 'classes')} along ${at}`,
    );
  return weightsFor(dtype, weights, given, name);
}

/** Classes that were in something tensor-like, or in nested lists. */
class Integers {
  constructor(readonly data: FloatArray) {}
}

/** Something tensor-like as a Tensor where it is of floats; else, and of nested lists, its classes, which have the shape of the slices. */
function readTarget(target: unknown, slices: Slices, dtype: DType, name: string): unknown {
  if (Array.isArray(target)) {
    // What a getter gives is read once: here where there may be a class for each slice, as to ask whether it is one takes 65 ns.
    const list = target.length === slices.count ? copyOf(target) : target;
    const first = list === target ? Object.getOwnPropertyDescriptor(target, 0)?.value : list[0];
    return Array.isArray(first) ? readShaped(list, true, slices, dtype, name) : list;
  }
  if (typeName(target) !== undefined || target instanceof Tensor || !isTensorLike(target)) return target;
  return readShaped(target, false, slices, dtype, name);
}

function copyOf(list: readonly unknown[]): unknown[] {
  const copy = new Array<unknown>(list.length);
  for (let i = 0; i < copy.length; i++) copy[i] = list[i];
  return copy;
}

// Apart, as V8 makes room for what the function within it needs whenever it is called.
function readShaped(target: unknown, isNested: boolean, slices: Slices, dtype: DType, name: string): Tensor | Integers {
  let read: ReturnType<typeof readNumbers>;
  try {
    read = isNested
      ? { parts: readNested(target, 'float64'), areIntegers: true }
      : readNumbers(target as TensorLike, 'target', (data) => kindFor(data, slices, dtype));
  } catch (error) {
    throw inNameOf(`${name}: target`, error);
  }
  const tensor = new Tensor(read.parts);
  if (!read.areIntegers) return tensor;
  if (isNested && sameShape(tensor.shape, slices.shape))
    throw new TypeError(
      `${name}: nested lists are classes, and have the shape of the logits here; probabilities are a Tensor or an array of floats`,
    );
  const theirs = slices.shape.filter((_, i) => i !== slices.at);
  if (!sameShape(tensor.shape, theirs))
    throw new RangeError(
      `${name}: target has shape ${shapeText(tensor.shape)}, and logits of shape ${shapeText(slices.shape)} have slices ${shapeText(theirs)} along ${slices.at}`,
    );
  return new Integers(contiguousData(tensor));
}

/** Of which kind the array should be that a target has its numbers in: of integers for classes, else of the logits' dtype, if there is one. */
function kindFor(data: unknown, { shape }: Slices, dtype: DType): string | undefined {
  const isClass = (one: unknown) => typeof one !== 'number' || Number.isInteger(one);
  if (Array.isArray(data) && data.length !== sizeOf(shape) && data.every(isClass)) return 'Int32Array';
  return dtype === 'float32' ? 'Float32Array' : dtype === 'float64' ? 'Float64Array' : undefined;
}

/** A typed array of another type is classes, also of bits; in its names V8 looks up slowly. */
const isProbabilities = (target: unknown): target is Input =>
  typeName(target) === undefined ? isTensorLike(target) : isFloatArray(target) || isFloat16Array(target);

/** Probabilities of the logits' dtype and shape. */
function probabilitiesLike(logits: Read, target: Input, { ignoreIndex }: Settings, name: string): Read {
  if (ignoreIndex !== undefined)
    throw new TypeError(`${name}: ignoreIndex is for classes, and the target is probabilities`);
  const dtype = dtypeIn(logits);
  const from = readOther(target, name, dtype, 'target');
  const theirs = dtypeIn(from);
  if (theirs !== dtype)
    throw new TypeError(
      `${name}: a target of floats is probabilities and must be ${dtype} like the logits, got ${theirs}`,
    );
  const shape = shapeOf(logits);
  const fits = isFloatArray(from) ? lengthOf(from) === sizeOf(shape) : sameShape(from.shape, shape);
  if (!fits)
    throw new RangeError(
      `${name}: a target of floats is probabilities, of the shape ${shapeText(shape)} of the logits, got ${isFloatArray(from) ? describe(from) : shapeText(from.shape)}; classes are a list or an array of integers`,
    );
  return from;
}

export function lossOf(name: string, logits: Input, target: unknown, settings: Settings): unknown {
  const from = readInput(logits, name, settings, 'logits');
  const call = readCall(name, from, target, settings, 'float32');
  const { x, shape, at, count, classes, probabilities, spread, weights, total } = call;
  const parts = partsOf(call, name, settings.precision === 'exact' || isHalf(from));
  const losses = settings.reduction === 'none' ? allocate(dtypeOf(x), count) : undefined;
  const isPlain = weights === undefined && probabilities === undefined && spread === 0;
  const sum = isPlain ? plainLosses(call, classes!, parts, losses) : lossesOf(call, parts, losses);
  giveBack(classes);
  if (losses !== undefined) return roundedLike(from, losses, frozen(shapeWithout(at, shape)));
  return settings.reduction === 'sum' ? sum : sum / total;
}

/** The gradient, of the losses by `grad` where there is one. */
export function lossGrad(name: string, logits: Input, target: unknown, settings: Settings, grad?: unknown): unknown {
  const from = readInput(logits, name, settings, 'logits');
  const by = grad === undefined ? undefined : readOther(grad as Input, name, dtypeIn(from), 'grad');
  // In float64 where 16 bits are to be rounded once, after the difference.
  const call = readCall(name, from, target, settings, 'float64');
  const { x, shape, at: dim, spread, counted, total, classes } = call;
  if (by !== undefined) checkGrad(by, shapeWithout(dim, shape), dtypeIn(from), name);
  const factors = by && memoryOf(by, name, 'grad').x;
  const isMean = (settings.reduction ?? 'mean') === 'mean';
  const isOneClass = classes !== undefined && spread === 0;
  const g = negativeTargets(call, isOneClass && isMean ? 1 / total : 1, name);
  const grads = new Tensor(new Parts(g, shape));
  const like = new Tensor(new Parts(x, shape));
  const given = { out: undefined, precision: settings.precision, own: [dim] };
  const { y } = slicesGradOfFloats('logSoftmax', name, grads, like, given);
  // Only now: p / n would have been rounded before p is taken off.
  if (isMean && !isOneClass) for (let i = 0, { length } = y; i < length; i++) y[i]! /= total;
  if (factors !== undefined)
    scaleSlices(
      y,
      shape,
      factors,
      shape.map((extent, i) => (i === dim ? 1 : extent)),
    );
  if (counted < call.count) clearIgnored(y, call);
  giveBack(classes);
  return resultFor(logits, from, y);
}

const shapeWithout = (dim: number, shape: readonly number[]) => shape.filter((_, i) => i !== dim);

function checkGrad(grad: Read, shape: readonly number[], dtype: DType, name: string): void {
  if (dtypeIn(grad) !== dtype)
    throw new TypeError(`${name}: grad must be ${dtype} like the logits, got ${dtypeIn(grad)}`);
  if (!sameShape(shapeOf(grad), shape))
    throw new RangeError(
      `${name}: grad has shape ${shapeText(shapeOf(grad))} but the losses have ${shapeText(shape)}${shapeAdvice(grad, 'grad', shape)}`,
    );
}
