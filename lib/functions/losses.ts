// Functions that give a number for a slice: the logarithm of a sum of exponentials, and the loss that rests on it.

import { backend } from '../backends/select.js';
import { allocate, shapeText } from '../basics/allocate.js';
import { checkPrecision, type Precision } from '../basics/checks.js';
import { describe, inNameOf } from '../basics/errors.js';
import { dtypeOf, type FloatArray, isFloatArray, lengthOf } from '../basics/floats.js';
import { checkOptions, optionOf } from '../basics/options.js';
import { Parts, sizeOf } from '../tensor/shape.js';
import { asTensor, contiguousData, type DTypeOf, Tensor } from '../tensor/tensor.js';
import { dimOf, dimsOf } from './dims.js';
import { type Input, operands } from './operands.js';
import { slicesGrad } from './slices.js';

export interface LogSumExpOptions {
  /** The dimension or dimensions that are summed over; negative counts from the end. Default -1. */
  readonly dim?: number | readonly number[];
  /** Whether the result has them with size 1. Default false. */
  readonly keepdim?: boolean;
  readonly precision?: Precision;
}

export interface CrossEntropyOptions {
  /** The dimension of the classes; negative counts from the end. Default 1 of two and more dimensions, as in PyTorch, and 0 of one. */
  readonly dim?: number;
  /** `'mean'` (default) over the targets that count, `'sum'`, or `'none'`: a loss for each. */
  readonly reduction?: 'mean' | 'sum' | 'none';
  /** A target that does not count. Default -100. */
  readonly ignoreIndex?: number;
  readonly precision?: Precision;
}

/** The numbers of the classes: one for each slice of the logits, in row-major order. */
export type Targets =
  | number
  | readonly number[]
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | BigInt64Array;

/** x with its dimensions in an order in which the slices lie along one of them. */
interface Sliced {
  readonly x: FloatArray;
  readonly shape: readonly number[];
  readonly at: number;
}

/** The two parts of each slice's log(sum(e^x)), whose sum may cancel. */
function partsOf({ x, shape, at }: Sliced, exact: boolean): { maxima: Float64Array; logs: Float64Array } {
  const length = shape[at] ?? 1;
  const count = lengthOf(x) === 0 ? sizeOf(shape.filter((_, i) => i !== at)) : lengthOf(x) / length;
  const [maxima, logs] = [new Float64Array(count).fill(-Infinity), new Float64Array(count)];
  if (lengthOf(x) > 0) backend.logParts(x, maxima, logs, length, sizeOf(shape, at + 1), exact);
  return { maxima, logs };
}

/**
 * `log(sum(e^x))` over dimensions, which the result lacks, or has with size 1 where `keepdim` is true; of a typed array a number. The
 * largest entry is taken out, so that nothing overflows. Of -Infinity only, or of nothing, it is -Infinity, with +Infinity in it
 * +Infinity. Its gradient is softmax.
 *
 * @throws TypeError where x, `dim` or another option is of the wrong kind; RangeError where x has no such dimension.
 */
export function logSumExp<X extends Input>(
  x: X,
  options?: LogSumExpOptions | number,
): X extends FloatArray ? number : Tensor<DTypeOf<X>>;
export function logSumExp(input: Input, options?: unknown): unknown {
  const name = 'logSumExp';
  const given = typeof options === 'number' ? { dim: options } : options;
  checkOptions(given, name, ['dim', 'keepdim', 'precision'], 'dim');
  const exact = checkPrecision(optionOf(given, 'precision'), name);
  const keepdim = optionOf(given, 'keepdim') ?? false;
  if (typeof keepdim !== 'boolean') throw new TypeError(`${name}: keepdim must be a boolean, got ${describe(keepdim)}`);
  const { x, shape } = contiguousInput(input, name);
  const dims = dimsOf(optionOf(given, 'dim'), shape, name);
  const kept = shape.map((_, i) => i).filter((i) => !dims.includes(i));
  const whole = new Tensor(new Parts(x, shape));
  // The slices as rows, over all of the dimensions at once.
  const rows = dims.length === 1 ? whole : whole.permute([...kept, ...dims]);
  const sliced: Sliced =
    dims.length === 1
      ? { x, shape, at: dims[0]! }
      : {
          x: contiguousData(rows),
          shape: [...kept.map((i) => shape[i]!), sizeOf(dims.map((i) => shape[i]!))],
          at: kept.length,
        };
  const { maxima, logs } = partsOf(sliced, exact);
  const y = allocate(dtypeOf(x), maxima.length);
  for (let i = 0; i < y.length; i++) y[i] = maxima[i]! + logs[i]!;
  if (isFloatArray(input)) return y[0];
  const outcome = keepdim ? shape.map((extent, i) => (dims.includes(i) ? 1 : extent)) : kept.map((i) => shape[i]!);
  return new Tensor(new Parts(y, Object.freeze(outcome)));
}

/**
 * The loss of logits against the numbers of their classes, `-logSoftmax(logits)` at the target: `mean` over the targets, `sum`, or with
 * `none` one for each. No array of probabilities is made.
 *
 * @throws TypeError where an argument is of the wrong kind; RangeError where there are not as many targets as slices, or a target is
 * no class.
 */
export function crossEntropy(
  logits: Input,
  target: Targets,
  options?: CrossEntropyOptions & { readonly reduction?: 'mean' | 'sum' },
): number;
export function crossEntropy<X extends Input>(
  logits: X,
  target: Targets,
  options: CrossEntropyOptions & { readonly reduction: 'none' },
): Tensor<DTypeOf<X>>;
export function crossEntropy(logits: Input, target: Targets, options?: CrossEntropyOptions): unknown {
  const call = lossOf('crossEntropy', logits, target, options);
  const { sliced, exact, classes, reduction } = call;
  const { maxima, logs } = partsOf(sliced, exact);
  const losses = allocate(dtypeOf(sliced.x), classes.length);
  let [sum, lost, counted] = [0, 0, 0];
  for (let i = 0; i < classes.length; i++) {
    if (classes[i]! < 0) continue;
    const loss = maxima[i]! - sliced.x[call.placeOf(i)]! + logs[i]!;
    losses[i] = loss;
    const next = sum + loss;
    const added = next - sum;
    lost += sum - (next - added) + (loss - added);
    sum = next;
    counted++;
  }
  if (reduction === 'none')
    return new Tensor(new Parts(losses, Object.freeze(sliced.shape.filter((_, i) => i !== sliced.at))));
  const total = Number.isFinite(sum) ? sum + lost : sum;
  return reduction === 'sum' ? total : total / counted;
}

/**
 * The gradient of {@link crossEntropy} by the logits: softmax, less 1 at the target, over the number of targets for `mean`; for `none`
 * the gradient of the sum. Targets that do not count have 0.
 */
export function crossEntropyGrad<X extends Input>(
  logits: X,
  target: Targets,
  options?: CrossEntropyOptions,
): X extends FloatArray ? X : Tensor<DTypeOf<X>>;
export function crossEntropyGrad(logits: Input, target: Targets, options?: CrossEntropyOptions): unknown {
  const name = 'crossEntropyGrad';
  const from = isFloatArray(logits) ? logits : asTensor(logits, 'logits', name);
  const { sliced, classes, reduction, placeOf, exact } = lossOf(name, from, target, options);
  const counted = classes.reduce((count, one) => count + Number(one >= 0), 0);
  // Of logSoftmax, with -1 or -1 / n at the targets and 0 elsewhere.
  const grad = allocate(dtypeOf(sliced.x), lengthOf(sliced.x));
  for (let i = 0; i < classes.length; i++)
    if (classes[i]! >= 0) grad[placeOf(i)] = reduction === 'mean' ? -1 / counted : -1;
  const call = operands(name, from, undefined);
  const g = isFloatArray(from) ? grad : new Tensor(new Parts(grad, call.shape!));
  const given = { out: undefined, precision: exact ? 'exact' : 'fast', own: [sliced.at] };
  return slicesGrad('logSoftmax', name, g, from, given).result;
}

interface Loss {
  readonly sliced: Sliced;
  readonly exact: boolean;
  readonly reduction: 'mean' | 'sum' | 'none';
  /** The class of each slice, or -1 where it does not count. */
  readonly classes: Int32Array;
  /** Where the target of slice i lies in x. */
  readonly placeOf: (i: number) => number;
}

function lossOf(name: string, logits: Input, target: unknown, options: unknown): Loss {
  checkOptions(options, name, ['dim', 'reduction', 'ignoreIndex', 'precision'], "reduction: 'sum'");
  const exact = checkPrecision(optionOf(options, 'precision'), name);
  const reduction = optionOf(options, 'reduction') ?? 'mean';
  if (reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none')
    throw new TypeError(`${name}: reduction must be 'mean', 'sum' or 'none', got ${describe(reduction)}`);
  const ignored = optionOf(options, 'ignoreIndex') ?? -100;
  if (!Number.isInteger(ignored))
    throw new TypeError(`${name}: ignoreIndex must be an integer, got ${describe(ignored)}`);
  const { x, shape } = contiguousInput(logits, name, 'logits');
  const at = dimOf(optionOf(options, 'dim') ?? Math.min(1, shape.length - 1), shape, name);
  const length = shape[at]!;
  const inner = sizeOf(shape, at + 1);
  const count = sizeOf(shape.filter((_, i) => i !== at));
  const targets = targetsOf(target, name);
  if (targets.length !== count)
    throw new RangeError(
      `${name}: target has ${targets.length} elements, and logits of shape ${shapeText(shape)} have ${count} slices along ${at}`,
    );
  const classes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const one = Number(targets[i]);
    if (!Number.isInteger(one)) throw new TypeError(`${name}: target must hold integers, got ${describe(targets[i])}`);
    if (one !== ignored && (one < 0 || one >= length))
      throw new RangeError(`${name}: target ${one} is none of ${length} classes`);
    classes[i] = one === ignored ? -1 : one;
  }
  const placeOf = (i: number) => (Math.floor(i / inner) * length + classes[i]!) * inner + (i % inner);
  return { sliced: { x, shape, at }, exact, reduction, classes, placeOf };
}

function targetsOf(target: unknown, name: string): ArrayLike<number | bigint> {
  if (typeof target === 'number') return [target];
  if (Array.isArray(target) || (ArrayBuffer.isView(target) && !(target instanceof DataView)))
    return target as unknown as ArrayLike<number>;
  throw new TypeError(
    `${name}: target must be an integer, a list or a typed array of integers, got ${describe(target)}`,
  );
}

function contiguousInput(
  input: Input,
  name: string,
  what = 'x',
): { readonly x: FloatArray; readonly shape: readonly number[] } {
  const call = operandsOf(input, name, what);
  return { x: call.x, shape: call.shape };
}

function operandsOf(input: Input, name: string, what: string) {
  const tensor = isFloatArray(input) ? undefined : asTensor(input, what, name);
  if (tensor === undefined) return { x: input as FloatArray, shape: [lengthOf(input as FloatArray)] };
  try {
    return { x: contiguousData(tensor), shape: tensor.shape };
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
}
