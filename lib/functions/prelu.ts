// prelu, whose weight is a number or a slope for each channel, and its two gradients: by x and by the weight.
import { signatures } from '../activations/signatures.js';
import { opOf } from '../activations/table.js';
import { backend } from '../backends/select.js';
import { allocate, shapeText } from '../basics/allocate.js';
import { checkOther, checkPrecision, countOf, type Precision } from '../basics/checks.js';
import { counted, describe, inNameOf } from '../basics/errors.js';
import { type DType, dtypeOf, type FloatArray, isFloatArray, lengthOf } from '../basics/floats.js';
import { type Given, readOptions, tooMany } from '../basics/options.js';
import { contiguousData } from '../tensor/copies.js';
import { asTensor, readForeign } from '../tensor/foreign/as-tensor.js';
import { frozen, Parts, sizeOf } from '../tensor/layouts/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { channelsAt } from './dims.js';
import { map, mapGrad, type Options, type Out, type Output, type Result } from './functions.js';
import { mayBeHalf, throughFloats } from './halves.js';
import { keptWeights, numberOrWeights, type Weights, weightsFor } from './losses/weights.js';
import { type Answer, finished, type Input, likeX, operands } from './operands.js';

/** One slope for all, or a slope for each channel. */
export type Weight = number | Weights;

interface Slopes<W extends Weight> {
  /** The slope below 0: a number, or one for each channel; rounded to the dtype of x, and to float32 for those of 16 bits. */
  readonly weight: W;
  /** The dimension of the channels; negative counts from the end. Default 1 of two and more dimensions, as in PyTorch, and 0 of one. */
  readonly channelDim?: number | undefined;
}

export interface PReLUOptions<X extends Input = Input, O extends Out<X> = Out<X>>
  extends Options<X, O>,
    Slopes<Weight> {}

export interface WeightGradOptions<W extends Weight = Weight> extends Slopes<W> {
  readonly precision?: Precision | undefined;
  /** What the numbers of a Uint16Array are; of other inputs their own dtype. */
  readonly dtype?: DType | undefined;
}

/** The gradient by the weight: a number for a number. */
export type WeightGradient<X, W> = W extends number ? number : Output<X>;

type PReLU = <X extends Input, O extends Out<X> = undefined>(x: X, options: PReLUOptions<X, O>) => Result<X, O>;
type PReLUGradient = <X extends Input, O extends Out<X> = undefined>(
  grad: Input,
  x: X,
  options: PReLUOptions<X, O>,
) => Result<X, O>;
type PReLUWeightGradient = <X extends Input, const W extends Weight>(
  grad: Input,
  x: X,
  options: WeightGradOptions<W>,
) => WeightGradient<X, W>;

const own = ['weight', 'channelDim'];

/**
 * `x` from 0 on and `weight * x` below (He, Zhang, Ren and Sun, 2015). `weight` is needed: a number, or a slope for each
 * channel along `channelDim`, as a typed array, a list or a Tensor of one dimension; a list of one counts for all. Each slope is
 * finite. `channelDim` is 1, as in PyTorch, and of one dimension 0. Accepts, returns and throws like
 * {@link relu}, and a RangeError where there are not as many slopes as channels; rounds correctly.
 *
 * @example prelu(new Tensor([[-1, -1], [-2, 2]]), { weight: [0.5, 0.25] }); // Tensor(float32, [2, 2]) [[-0.5, -0.25], [-1, 2]]
 */
export const prelu = ((x: Input, options: unknown, more: unknown) => {
  if (more !== undefined) throw tooMany(more, 'prelu', 'x');
  return apply('prelu', x, readOptions(options, 'prelu', own, undefined, true)).result;
}) as PReLU;

/**
 * The gradient of {@link prelu} by x: `grad` where x is positive and `grad` times the slope elsewhere. Arguments as in
 * {@link reluGrad}, and of {@link prelu}.
 */
export const preluGrad = ((grad: unknown, x: Input, options: unknown, more: unknown) => {
  if (more !== undefined) throw tooMany(more, 'preluGrad', 'grad, x');
  return applyGrad('preluGrad', grad, x, readOptions(options, 'preluGrad', own, undefined, true)).result;
}) as PReLUGradient;

/**
 * The gradient of {@link prelu} by its weight: the sum of `grad * x` over the x below 0, for each channel where the weight is a list,
 * whose result is an array, or of a Tensor x a Tensor, of as many; a number for a number, all of x in one sum. Products are float64
 * numbers, exact for float32; their sum keeps its rounding errors and is rounded once, to the dtype of x; the same whatever the threads and the instruction set. An infinite
 * `grad` is nothing where x is not below 0. The options are those of {@link prelu} but for `out`.
 *
 * @throws like {@link preluGrad}.
 * @example
 * const x = new Tensor([[-1, -1], [-2, 2]]);
 * preluWeightGrad(x, x, { weight: [0.5, 0.25] }); // Tensor(float32, [2]) [5, 1]
 */
export const preluWeightGrad = ((grad: unknown, x: Input, options: unknown, more: unknown) => {
  const name = 'preluWeightGrad';
  if (more !== undefined) throw tooMany(more, name, 'grad, x');
  const { out, ...given } = readOptions(options, name, own, undefined, true);
  if (out !== undefined) throw new TypeError(`${name} takes no \`out\`: its result has the size of the weight`);
  return weightGrad(name, grad, x, given);
}) as PReLUWeightGradient;

/** What takes no list has its own way, and pays nothing for lists. */
const isOne = ({ own }: Given) => typeof own[0] === 'number' && own[1] === undefined;

export function apply(name: string, input: Input, given: Given): Answer {
  if (isOne(given)) return map(signatures.prelu, name, input, given);
  const x = readForeign(input, given.dtype, 'x', name);
  const half = mayBeHalf(x, given)
    ? throughFloats(name, [x], ['x'], given, ([x], given) => apply(name, x!, given))
    : undefined;
  if (half !== undefined) return half;
  const weight = slopesOf(given.own[0], name);
  const exact = checkPrecision(given.precision, name);
  const call = operands(name, x, given.out);
  const { slopes, inner } = channelsOf(call.x, call.shape, weight, given, name);
  try {
    if (slopes.length === 1) backend.map(call.x, call.y, opOf.prelu, slopes[0]!, 0, exact, call.fresh);
    else if (call.count > 0) backend.channels(call.x, slopes, call.y, inner, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

export function applyGrad(name: string, grad: unknown, input: Input, given: Given): Answer {
  if (isOne(given)) return mapGrad(signatures.prelu, name, grad, input, given);
  const x = readForeign(input, given.dtype, 'x', name);
  const half = mayBeHalf(x, given)
    ? throughFloats(name, [x, grad], ['x', 'grad'], given, ([x, grad], given) => applyGrad(name, grad, x!, given))
    : undefined;
  if (half !== undefined) return half;
  const weight = slopesOf(given.own[0], name);
  const exact = checkPrecision(given.precision, name);
  const call = operands(name, x, given.out, true, grad);
  const { slopes, inner } = channelsOf(call.x, call.shape, weight, given, name);
  const g = call.other!;
  try {
    if (slopes.length === 1) backend.mapGrad(g, call.x, call.y, opOf.prelu, slopes[0]!, 0, exact, call.fresh);
    else if (call.count > 0) backend.channelsGrad(g, call.x, slopes, call.y, inner, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

export function weightGrad(name: string, grad: unknown, input: Input, given: Given): unknown {
  const x = readForeign(input, given.dtype, 'x', name);
  const half = mayBeHalf(x, given)
    ? throughFloats(name, [x, grad], ['x', 'grad'], given, ([x, grad], given) => ({
        result: weightSums(name, grad, x!, given, true),
      }))
    : undefined;
  return half === undefined ? weightSums(name, grad, x, given, false) : half.result;
}

/** The sums, rounded to the dtype of x, or in float64 where they are to be rounded to 16 bits, once. */
function weightSums(name: string, grad: unknown, input: Input, given: Given, wide: boolean): unknown {
  const [weight] = given.own;
  const list = slopesOf(weight, name);
  checkPrecision(given.precision, name);
  const { x, g, shape } = inputsOf(name, grad, input);
  const { slopes, inner } = channelsOf(x, shape, list, given, name);
  const sums = new Float64Array(slopes.length);
  const count = sizeOf(shape);
  try {
    if (count > 0) backend.channelSums(g, x, sums, slopes.length === 1 ? count : inner);
  } catch (error) {
    throw inNameOf(name, error);
  }
  const y = wide ? sums : slopes;
  if (y !== sums) y.set(sums);
  if (typeof weight === 'number') return y[0];
  return isFloatArray(input) ? y : new Tensor(new Parts(y, frozen([y.length])));
}

/** x and a grad like it. */
function inputsOf(name: string, grad: unknown, x: Input) {
  if (isFloatArray(x)) {
    const count = countOf(x, name);
    return { x, g: checkOther(x, count, grad, 'grad', name), shape: [count] };
  }
  const from = asTensor(x, 'x', name);
  const by = likeX(from, grad, 'grad', name);
  let what = 'x';
  try {
    const data = contiguousData(from);
    what = 'grad';
    return { x: data, g: contiguousData(by), shape: from.shape };
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
}

/** The slopes that were given, not yet rounded. */
function slopesOf(weight: unknown, name: string): FloatArray {
  if (weight === undefined) throw new TypeError(`${name}: \`weight\` is needed, a number or a list of them`);
  return numberOrWeights(weight, name);
}

/** The weight of a layer: a number, or slopes in the memory they were given in. */
export function keptWeight(given: unknown, name: string): number | Tensor<DType> {
  const weight = readForeign(given, undefined, 'weight', name);
  const slopes = slopesOf(weight, name);
  if (typeof weight !== 'number') return keptWeights(weight, slopes, 'slope', name);
  weightsFor(dtypeOf(slopes), slopes, weight, name);
  return weight;
}

/** A weight of as many slopes of one value, as PyTorch makes it. */
export function newWeight(count: unknown = 1, init: unknown = 0.25, name: string): Tensor {
  if (!Number.isInteger(count))
    throw new TypeError(`${name}: numParameters must be an integer, got ${describe(count)}`);
  if ((count as number) < 1) throw new RangeError(`${name}: numParameters must be at least 1, got ${count}`);
  if (typeof init !== 'number') throw new TypeError(`${name}: init must be a number, got ${describe(init)}`);
  if (!Number.isFinite(Math.fround(init)))
    throw new RangeError(`${name}: init must be finite as a float32, got ${init}`);
  return new Tensor(allocate('float32', count as number, name).fill(init));
}

/** The slopes in the dtype of x, as many as it has channels or one, and how many elements of a channel lie side by side. */
function channelsOf(
  x: FloatArray,
  dims: readonly number[] | undefined,
  weight: FloatArray,
  { own: [given, channelDim] }: Given,
  name: string,
): { readonly slopes: FloatArray; readonly inner: number } {
  const shape = dims ?? [lengthOf(x)];
  const { at, length: channels, inner } = channelsAt(channelDim, shape, name, 'channelDim');
  if (weight.length !== 1 && weight.length !== channels)
    throw new RangeError(
      `${name}: weight has ${counted(weight.length, 'slope')} but x of shape ${shapeText(shape)} has ${counted(channels, 'channel')} along dimension ${at}`,
    );
  return { slopes: weightsFor(dtypeOf(x), weight, given, name), inner };
}
