// What the package exports, name by name. Each function is a row of the table in activations.ts; softmax has its own shape.
import type { Activation } from './activations.js';
import { opOf } from './backend.js';
import {
  type GELUOptions,
  geluOf,
  type Input,
  map,
  mapGrad,
  type Options,
  type Out,
  type Result,
  type SoftmaxOptions,
  softmaxGradOf,
  softmaxOf,
} from './functions.js';
import { readOptions, tooMany } from './options.js';
import { type DType, Tensor as TensorClass, type TensorConstructor } from './tensor.js';

type Forward = <X extends Input, O extends Out<X> = undefined>(x: X, options?: Options<X, O>) => Result<X, O>;
type Gradient = <X extends Input, O extends Out<X> = undefined>(
  grad: Input,
  x: X,
  options?: Options<X, O>,
) => Result<X, O>;

function forward(name: Activation): Forward {
  const op = opOf[name];
  return (x, options, more?: unknown) => {
    if (more !== undefined) throw tooMany(more, name, 'x');
    return map(op, name, x, readOptions(options, name));
  };
}

function gradient(of: Activation): Gradient {
  const op = opOf[of];
  const name = `${of}Grad`;
  return (grad, x, options, more?: unknown) => {
    if (more !== undefined) throw tooMany(more, name, 'grad, x');
    return mapGrad(op, name, grad, x, readOptions(options, name));
  };
}

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
export function gelu<X extends Input, O extends Out<X> = undefined>(x: X, options?: GELUOptions<X, O>): Result<X, O>;
export function gelu<X extends Input, O>(x: X, options?: unknown, more?: unknown): Result<X, O> {
  if (more !== undefined) throw tooMany(more, 'gelu', 'x');
  const given = readOptions(options, 'gelu', 'approximate');
  return map(geluOf(given.approximate), 'gelu', x, given);
}

/**
 * Softmax along a dimension, `e^x / sum(e^x)`. float32 is within 4 ulp of the true value and float64 within 5, measured on rows
 * of up to 2^20: nothing overflows, nothing is lost in a difference to the largest entry, and the sum keeps its rounding errors.
 * A slice with NaN or +Infinity in it, or of -Infinity only, becomes NaN; a single -Infinity becomes 0.
 *
 * @param x a Float32Array, a Float64Array (one slice), a Tensor or anything tensor-like.
 * @param options `dim` in [-rank, rank - 1], default -1; or the number itself, `softmax(x, 0)`.
 * @throws like {@link relu}; TypeError where `dim` is not an integer, RangeError where x has no such dimension.
 */
export function softmax<X extends Input, O extends Out<X> = undefined>(
  x: X,
  options?: SoftmaxOptions<X, O> | number,
): Result<X, O>;
export function softmax<X extends Input, O>(x: X, options?: unknown, more?: unknown): Result<X, O> {
  if (more !== undefined) throw tooMany(more, 'softmax', 'x');
  return softmaxOf(x, readOptions(options, 'softmax', 'dim'));
}

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
export function geluGrad<X extends Input, O extends Out<X> = undefined>(
  grad: Input,
  x: X,
  options?: GELUOptions<X, O>,
): Result<X, O>;
export function geluGrad<X extends Input, O>(grad: Input, x: X, options?: unknown, more?: unknown): Result<X, O> {
  if (more !== undefined) throw tooMany(more, 'geluGrad', 'grad, x');
  const given = readOptions(options, 'geluGrad', 'approximate');
  return mapGrad(geluOf(given.approximate, 'geluGrad'), 'geluGrad', grad, x, given);
}

/** `s * (grad - sum(grad * s))` with s = softmax(x) along `dim`. Arguments as in {@link reluGrad}, and of {@link softmax}. */
export function softmaxGrad<X extends Input, O extends Out<X> = undefined>(
  grad: Input,
  x: X,
  options?: SoftmaxOptions<X, O> | number,
): Result<X, O>;
export function softmaxGrad<X extends Input, O>(grad: Input, x: X, options?: unknown, more?: unknown): Result<X, O> {
  if (more !== undefined) throw tooMany(more, 'softmaxGrad', 'grad, x');
  return softmaxGradOf(grad, x, readOptions(options, 'softmaxGrad', 'dim'));
}

/** A float32 or float64 array of any number of dimensions, over memory that it shares. Behaves as PyTorch's, on the CPU. */
export const Tensor: TensorConstructor = TensorClass;
export type Tensor<D extends DType = DType> = TensorClass<D>;

export type { BackendName, FloatArray } from './backend.js';
export type { Precision } from './check.js';
export type {
  Approximate,
  GELUOptions,
  Input,
  NewArray,
  Options,
  Out,
  Output,
  Result,
  SoftmaxOptions,
} from './functions.js';
export { GELU, type Layer, ReLU, Sigmoid, Softmax, Tanh } from './layers.js';
export { backends, type Info, info, useBackend } from './select.js';
export type {
  DataOf,
  DType,
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
} from './tensor.js';
export { setThreads } from './threads.js';
export { version } from './version.js';
