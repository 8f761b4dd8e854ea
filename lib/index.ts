// What the package exports, name by name. Each elementwise function is a row of lib/activations/table.ts.

import type { DType } from './basics/floats.js';
import { alongDim, alongDimGradient, forward, gradient } from './functions/functions.js';
import { gate, gateGradient, halvesGate, halvesGradient } from './functions/gates.js';
import { Tensor as TensorClass, type TensorConstructor } from './tensor/tensor.js';

/**
 * Rectified linear unit, `max(x, 0)`, element by element (Nair and Hinton, 2010). Exact; NaN stays NaN and -0 stays -0.
 *
 * @param x a Float32Array, a Float64Array, a Tensor or anything tensor-like, of any shape.
 * @returns a new array or Tensor like x, or `options.out`.
 * @throws TypeError where x, `out` or an option is of the wrong kind, or there is no such option; RangeError where `out` differs
 * from x in size or overlaps a part of it. Nothing is written then.
 */
export const relu = forward('relu');

/**
 * The logistic function, `1 / (1 + e^-x)`, element by element. Accepts, returns and throws like {@link relu}.
 * float32 is within 2 ulp of the true value for every input, `precision: 'exact'` correctly rounded; float64 within 2 ulp. Tails
 * keep their digits: `sigmoid(-100)` is 3.8e-44 in float32.
 */
export const sigmoid = forward('sigmoid');

/**
 * The hyperbolic tangent, element by element. Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const tanh = forward('tanh');

/**
 * Gaussian error linear unit, `x * Phi(x)` with the normal distribution function Phi, element by element (Hendrycks and
 * Gimpel, 2016). `approximate: 'tanh'` is `x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))`, `approximate: 'sigmoid'` is
 * `x * sigmoid(1.702 x)`. All three keep their relative accuracy in the left tail, down to subnormal results.
 * Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const gelu = forward('gelu');

/**
 * `x` where x is positive and `negativeSlope * x` elsewhere (Maas, Hannun and Ng, 2013); `negativeSlope` is 0.01, as in PyTorch.
 * Accepts, returns and throws like {@link relu}, and rounds correctly.
 */
export const leakyRelu = forward('leakyRelu');

/**
 * Exponential linear unit, `x` where x is positive and `alpha * (e^x - 1)` elsewhere (Clevert, Unterthiner and Hochreiter, 2015);
 * `alpha` is 1. Keeps its digits near 0. Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const elu = forward('elu');

/**
 * `x * sigmoid(beta * x)`, element by element (Elfwing, Uchibe and Doya, 2017); `beta` is 1 and above 0. Keeps its relative accuracy
 * in the left tail. Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const silu = forward('silu');

/** {@link silu} by its other name. */
export const swish = silu;

/**
 * Gated linear unit, `a * sigmoid(b)` of the halves a and b of x along `dim` (Dauphin and others, 2017): the second half is the gate,
 * as in PyTorch. Typed arrays are cut in the middle.
 *
 * @throws like {@link relu}; RangeError where the dimension has no halves.
 */
export const glu = halvesGate('glu', 'sigmoid', 'second');

/**
 * `relu(gate) * up`, element by element, in one pass over memory (Shazeer, "GLU variants improve transformer", 2020). With one
 * input, its first half along `dim` is the gate. `gate` and `up` have the kind, dtype and shape of each other.
 */
export const reglu = gate('reglu', 'relu');

/** `silu(gate) * up`, with the options of {@link silu}. Arguments as in {@link reglu}. */
export const swiglu = gate('swiglu', 'silu');

/** `gelu(gate) * up`, with the options of {@link gelu}. Arguments as in {@link reglu}. */
export const geglu = gate('geglu', 'gelu');

/**
 * Softmax along a dimension, `e^x / sum(e^x)`. float32 is within 4 ulp of the true value and float64 within 5, measured on rows
 * of up to 2^20: nothing overflows, nothing is lost in a difference to the largest entry, and the sum keeps its rounding errors.
 * A slice with NaN or +Infinity in it, or of -Infinity only, becomes NaN; a single -Infinity becomes 0.
 *
 * @param x a Float32Array, a Float64Array (one slice), a Tensor or anything tensor-like.
 * @param options `dim` in [-rank, rank - 1], default -1; or the number itself, `softmax(x, 0)`.
 * @throws like {@link relu}; TypeError where `dim` is not an integer, RangeError where x has no such dimension.
 */
export const softmax = alongDim('softmax');

/**
 * The logarithm of softmax along a dimension, `x - log(sum(e^x))`, within 4 ulp relative to the true value, the largest share's too:
 * of a slice in which one entry is all but certain it is a small number and not 0. A slice with NaN or +Infinity in it, or of
 * -Infinity only, becomes NaN. Arguments as in {@link softmax}.
 */
export const logSoftmax = alongDim('logSoftmax');

/**
 * `grad` where x > 0, else 0; NaN where x is NaN. `grad` has the kind, dtype and shape of x; `out` may be either of them.
 * This and the slopes below are within 4 ulp, or 2^-24 (float64: 2^-53) where the slope of a GELU passes through zero; the
 * product with `grad` adds a rounding.
 *
 * @throws like {@link relu}, and where `grad` differs from x in kind, dtype or shape.
 */
export const reluGrad = gradient('relu');

/** `grad * s * (1 - s)` with s = sigmoid(x). Arguments as in {@link reluGrad}. */
export const sigmoidGrad = gradient('sigmoid');

/** `grad * (1 - tanh(x)^2)`. Arguments as in {@link reluGrad}. */
export const tanhGrad = gradient('tanh');

/** `grad` times the derivative of {@link gelu} in the form that `approximate` names. Arguments as in {@link reluGrad}. */
export const geluGrad = gradient('gelu');

/** `grad` where x is positive and `negativeSlope * grad` elsewhere. Arguments as in {@link reluGrad}, and of {@link leakyRelu}. */
export const leakyReluGrad = gradient('leakyRelu');

/** `grad` where x is positive and `grad * alpha * e^x` elsewhere. Arguments as in {@link reluGrad}, and of {@link elu}. */
export const eluGrad = gradient('elu');

/** `grad` times the derivative of {@link silu}. Arguments as in {@link reluGrad}, and of {@link silu}. */
export const siluGrad = gradient('silu');

/** {@link siluGrad} by its other name. */
export const swishGrad = siluGrad;

/** The gradient of {@link glu}, of the shape of x. Arguments as in {@link reluGrad}, and of {@link glu}. */
export const gluGrad = halvesGradient('gluGrad', 'sigmoid', 'second');

/**
 * The gradients of {@link reglu}: `[grad * up * f'(gate), grad * f(gate)]`, and with one input its gradient. `out` is a pair like the
 * result.
 */
export const regluGrad = gateGradient('regluGrad', 'relu');

/** The gradients of {@link swiglu}. Arguments as in {@link regluGrad}. */
export const swigluGrad = gateGradient('swigluGrad', 'silu');

/** The gradients of {@link geglu}. Arguments as in {@link regluGrad}. */
export const gegluGrad = gateGradient('gegluGrad', 'gelu');

/** `s * (grad - sum(grad * s))` with s = softmax(x) along `dim`. Arguments as in {@link reluGrad}, and of {@link softmax}. */
export const softmaxGrad = alongDimGradient('softmax');

/** `grad - s * sum(grad)` with s = softmax(x) along `dim`. Arguments as in {@link reluGrad}, and of {@link logSoftmax}. */
export const logSoftmaxGrad = alongDimGradient('logSoftmax');

/** A float32 or float64 array of any number of dimensions, over memory that it shares. Behaves as PyTorch's, on the CPU. */
export const Tensor: TensorConstructor = TensorClass;
export type Tensor<D extends DType = DType> = TensorClass<D>;

export type { FunctionName, OwnOptions } from './activations/signatures.js';
export type { BackendName } from './backends/backend.js';
export { backends, type Info, info, useBackend } from './backends/select.js';
export { setThreads } from './backends/threads.js';
export type { Precision } from './basics/checks.js';
export type { DType, FloatArray } from './basics/floats.js';
export type {
  GELUOptions,
  Input,
  NewArray,
  Options,
  OptionsOf,
  Out,
  Output,
  Result,
  SoftmaxOptions,
} from './functions/functions.js';
export {
  ELU,
  type Elementwise,
  GELU,
  type Layer,
  LeakyReLU,
  LogSoftmax,
  ReLU,
  Sigmoid,
  SiLU,
  Softmax,
  Tanh,
} from './functions/layers.js';
export { crossEntropy, crossEntropyGrad, logSumExp } from './functions/losses.js';
export type {
  DataOf,
  DTypeOf,
  IntegerList,
  Integers,
  JSONNumber,
  Lists,
  Mask,
  Nested,
  NestedMask,
  OperandDType,
  TensorConstructor,
  TensorJSON,
  TensorLike,
  TensorOptions,
  TensorSource,
  Tolerance,
  Wider,
} from './tensor/tensor.js';
export { version } from './version.js';
