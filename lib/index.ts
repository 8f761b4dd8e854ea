// What the package exports, name by name. Each elementwise function is a row of lib/activations/table.ts.

import type { DType, FloatDType } from './basics/floats.js';
import { forward, gradient } from './functions/functions.js';
import { gate, gateGradient } from './functions/gates.js';
import { alongDim, alongDimGradient } from './functions/slices.js';
import { Tensor as TensorClass, type TensorConstructor } from './tensor/tensor.js';

/**
 * Rectified linear unit, `max(x, 0)`, element by element (Nair and Hinton, 2010). Exact; NaN stays NaN and -0 stays -0.
 *
 * @param x a Float32Array, a Float64Array, a Tensor or anything tensor-like, of any shape; of 16 bits a Float16Array, a Tensor, or a
 * Uint16Array with the `dtype` that says which.
 * @returns a new array or Tensor like x, or `options.out`.
 * @throws TypeError where x, `out` or an option is of the wrong kind, or there is no such option; RangeError where `out` differs
 * from x in size or overlaps a part of it, or a parameter is outside of its range. Nothing is written then.
 */
export const relu = forward('relu');

/**
 * The logistic function, `1 / (1 + e^-x)`, element by element. Accepts, returns and throws like {@link relu}.
 * float32 is within 2 ulp of the true value for every input, `precision: 'exact'` correctly rounded; float64 within 2 ulp. Tails
 * keep their digits: `sigmoid(-100)` is 3.8e-44 in float32.
 */
export const sigmoid = forward('sigmoid');

/**
 * The hyperbolic tangent, element by element (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998). Accepts, returns and throws like
 * {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const tanh = forward('tanh');

/**
 * Gaussian error linear unit, `x * Phi(x)` with the normal distribution function Phi, element by element (Hendrycks and
 * Gimpel, 2016). `approximate: 'tanh'` is `x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))`, `approximate: 'sigmoid'` is
 * `x * sigmoid(1.702 x)`. All three keep their relative accuracy in the left tail, down to subnormal results. PyTorch's and ONNX's default
 * is the first as well; that of `jax.nn.gelu` and `keras.ops.gelu` is `'tanh'`, and TinyTorch's GELU is `'sigmoid'`.
 * Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 *
 * @example
 * gelu(Float32Array.of(-1, 0, 2));                      // Float32Array [-0.1587, 0, 1.9545]
 * gelu(Float32Array.of(-1), { approximate: 'tanh' });   // Float32Array [-0.1588]
 */
export const gelu = forward('gelu');

/**
 * `x` where x is positive and `negativeSlope * x` elsewhere (Maas, Hannun and Ng, 2013); `negativeSlope` is 0.01, as in PyTorch.
 * Accepts, returns and throws like {@link relu}, and rounds correctly.
 */
export const leakyRelu = forward('leakyRelu');

/**
 * Exponential linear unit, `x` where x is positive and `alpha * (e^x - 1)` elsewhere (Clevert, Unterthiner and Hochreiter, 2015);
 * `alpha` is 1. Keeps its digits near 0. Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}; in
 * float64, with an `alpha` above 1000 in size, slopes below e^-760 of it may be 0.
 *
 * @example elu(Float32Array.of(-1, 2), { alpha: 2 }); // Float32Array [-1.2642, 2]
 */
export const elu = forward('elu');

/**
 * Sigmoid linear unit, `x * sigmoid(beta * x)` (Hendrycks and Gimpel, 2016; with `beta` Swish, Ramachandran, Zoph and Le, 2017);
 * `beta`, any finite number, is 1. -0 at -Infinity, where the product would be NaN.
 * Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}; with another `beta` float64 is within 4 ulp;
 * where its size is below 2^-20, the far left tail ends early.
 */
export const silu = forward('silu');

/** The same as {@link silu}, by its other name. */
export const swish = silu;

/**
 * Gated linear unit, `a * sigmoid(b)` of the halves a and b of x along `dim` (Dauphin and others, 2017): the second half is the gate,
 * as in PyTorch. Typed arrays are cut in the middle. Rounds twice, as {@link reglu} says.
 *
 * @throws like {@link relu}; RangeError where there is no such dimension, or it has no halves.
 * @example glu(Float32Array.of(1, 2, 0, Infinity)); // Float32Array [0.5, 2]
 */
export const glu = gate('glu');

/**
 * `relu(gate) * up`, element by element, in one pass over memory (Shazeer, "GLU variants improve transformer", 2020). With one
 * input, its first half along `dim` is the gate. `up` has the dtype and the shape of `gate`, whose kind the result has: beside a typed
 * array it is one of the same type, and beside a Tensor of one dimension it may be one too, but for 16 bits.
 *
 * The function is rounded and then its product. Here the first takes nothing away, and the product is correctly rounded; of the other
 * gates float32 and float64 are within 4.5 ulp and `precision: 'exact'` within 1.5, as long as the function's value is no subnormal number,
 * whose error `up` multiplies. Of float16 and bfloat16 all are within 0.501 ulp.
 *
 * @throws like {@link relu}; TypeError, RangeError where `up` differs from `gate` in kind or dtype, or in shape; RangeError where one input
 * has no halves along `dim`.
 * @example
 * reglu(Float32Array.of(-1, 2), Float32Array.of(3, 4)); // Float32Array [0, 8]
 * reglu(new Tensor([[-1, 2, 3, 4]]));                   // Tensor(float32, [1, 2]) [[0, 8]]
 */
export const reglu = gate('reglu');

/**
 * `silu(gate) * up`, with the options of {@link silu}. Accepts, returns and throws like {@link reglu}, which says how accurate it is; with
 * another `beta` float64 is within 8.5 ulp.
 *
 * @example swiglu(Float32Array.of(-1, 2), Float32Array.of(3, 4)); // Float32Array [-0.8068, 7.0464]
 */
export const swiglu = gate('swiglu');

/**
 * `gelu(gate) * up`, with the options of {@link gelu}. Accepts, returns and throws like {@link reglu}, which says how accurate it is.
 *
 * @example geglu(new Tensor([[1, 2], [3, 4]]), { dim: 0 }); // Tensor(float32, [1, 2]) [[2.524, 7.818]]
 */
export const geglu = gate('geglu');

/**
 * `x` between 0 and 6, `min(max(x, 0), 6)` (Krizhevsky, 2010). Accepts, returns and throws like {@link relu}, and is exact; NaN stays
 * NaN.
 */
export const relu6 = forward('relu6');

/**
 * `x` between `min` and `max`, `min(max(x, min), max)` (Collobert, 2004); they are, or by PyTorch's names `minVal` and `maxVal`, -1 and 1.
 * Both are finite, unlike PyTorch's, where an infinity leaves an end open. Accepts, returns and throws like {@link relu}, and a RangeError where
 * `min` is above `max`; exact, and NaN stays NaN.
 *
 * @example hardTanh(Float32Array.of(-3, 0.5, 3), { min: -2, max: 2 }); // Float32Array [-2, 0.5, 2]
 */
export const hardTanh = forward('hardTanh');

/**
 * `x` where `|x|` is above `lambda`, and 0 elsewhere (Donoho and Johnstone, 1994); `lambda`, or by PyTorch's name `lambd`, is 0.5 and at
 * least 0. Accepts, returns and throws like {@link relu}, and is exact; NaN stays NaN and -0 stays -0.
 */
export const hardShrink = forward('hardShrink');

/**
 * `x - lambda` above `lambda`, `x + lambda` below `-lambda`, and 0 between (Donoho and Johnstone, 1994). Options and edges as of
 * {@link hardShrink}; rounds correctly.
 */
export const softShrink = forward('softShrink');

/**
 * `x` where it is above `threshold`, and `value` elsewhere, as PyTorch has it; both are needed, and finite, as PyTorch's need not be. Accepts,
 * returns and throws like {@link relu}, and is exact; NaN stays NaN.
 *
 * @example threshold(Float32Array.of(0.5, 2), { threshold: 1, value: -7 }); // Float32Array [-7, 2]
 */
export const threshold = forward('threshold');

/** `max(x, 0)^2`, the squared ReLU (So and others, 2021). Accepts, returns and throws like {@link relu}, and rounds correctly. */
export const relu2 = forward('relu2');

/**
 * `x / (1 + |x|)` (Bergstra and others, 2009), -1 and 1 at the infinities. Accepts, returns and throws like {@link relu}, and is as
 * accurate as {@link sigmoid}.
 */
export const softsign = forward('softsign');

/** `x` itself, in new memory or in `out`. Accepts, returns and throws like {@link relu}, and is exact. */
export const identity = forward('identity');

/**
 * `x` where x is positive and `x * (lower + upper) / 2` elsewhere: what {@link leakyRelu} is once the slopes that training draws between
 * `lower`, 1/8, and `upper`, 1/3, are averaged (Xu and others, 2015). Nothing is drawn here. Accepts, returns and throws like
 * {@link relu}, and a RangeError where `lower` is above `upper`; as accurate as {@link sigmoid}.
 */
export const rrelu = forward('rrelu');

/**
 * `x / 6 + 1 / 2` between 0 and 1 (Howard and others, 2019), with the real sixth, as in PyTorch, Keras 3 and JAX. With another
 * `alpha` or `beta` it is `alpha * x + beta` between 0 and 1, of numbers of the array's dtype, rounded correctly: ONNX, WebNN and Keras 2
 * have 0.2 and 0.5. Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}, also near 0 at -3.
 *
 * @example
 * hardSigmoid(Float32Array.of(-1, 1));                             // Float32Array [0.3333, 0.6667]
 * hardSigmoid(Float32Array.of(-1, 1), { alpha: 0.2, beta: 0.5 });  // Float32Array [0.3, 0.7]
 */
export const hardSigmoid = forward('hardSigmoid');

/**
 * `x * (x + 3) / 6` between -3 and 3, 0 below and `x` above (Howard and others, 2019): {@link hardSigmoid} times x. Accepts, returns and
 * throws like {@link relu}, and is as accurate as {@link sigmoid}; -0 at -Infinity.
 */
export const hardSwish = forward('hardSwish');

/**
 * `(x + sqrt(x^2 + b)) / 2` (Barron, 2021), a smooth {@link relu}; `b` is 4, as in Keras and JAX, and above 0. Keeps its digits for
 * negative x, where the sum cancels. Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const squareplus = forward('squareplus');

/**
 * Softplus, `log(1 + e^(beta * x)) / beta` (Dugas and others, 2000); `beta`, above 0, is 1. The formula holds everywhere, with all
 * digits in the left tail, so PyTorch's `threshold`, from where it takes x itself, is not needed: one below its default of 20 is
 * obeyed, where `beta * x` is above it, and others change nothing. Accepts, returns and throws like {@link relu}, and is as accurate as
 * {@link silu}.
 */
export const softplus = forward('softplus');

/**
 * The logarithm of {@link sigmoid}, `-log(1 + e^-x)`, as PyTorch has it, the log-likelihood of Cox's logistic regression (1958): near 0 from
 * below for large x, and x itself for very negative ones.
 * Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const logSigmoid = forward('logSigmoid');

/**
 * Scaled exponential linear unit, `s * x` where x is positive and `s * a * (e^x - 1)` elsewhere, with the real numbers
 * s = 1.0507009873554804934193349852946 and a = 1.6732632423543772848170429916717 (Klambauer and others, 2017). With one of the
 * options `alpha` and `gamma` it is that of numbers of the array's dtype: ONNX has the float32 nearest to both; in float64, with a
 * product of the two above 1000 in size, slopes below e^-760 of it may be 0. Accepts, returns and throws like {@link relu}, and is as
 * accurate as {@link silu}.
 */
export const selu = forward('selu');

/**
 * `x` where x is positive and `alpha * (e^(x / alpha) - 1)` elsewhere (Barron, 2017); `alpha`, above 0, is 1.
 * Accepts, returns and throws like {@link relu}, and is as accurate as {@link silu}.
 */
export const celu = forward('celu');

/**
 * `x * tanh(log(1 + e^x))` (Misra, 2019), with all digits in the left tail and -0 at -Infinity.
 * Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const mish = forward('mish');

/**
 * `x - tanh(x)`, as PyTorch has it, near 0 with all the digits that the difference would lose.
 * Accepts, returns and throws like {@link relu}, and is as accurate as {@link sigmoid}.
 */
export const tanhShrink = forward('tanhShrink');

/**
 * `cap * tanh(x / cap)` (Bello and others, 2016; the logits of Gemma 2); `cap`, above 0, is needed.
 * Accepts, returns and throws like {@link relu}; float32 is within 2 ulp and float64 within 4, `precision: 'exact'` correctly rounded.
 *
 * @example softcap(Float32Array.of(1, 100), { cap: 30 }); // Float32Array [0.9996, 29.9237]
 */
export const softcap = forward('softcap');

/**
 * Softmax along a dimension, `e^x / sum(e^x)` (Bridle, 1990). float32 is within 4 ulp of the true value and float64 within 5, measured on rows
 * of up to 2^20: nothing overflows, nothing is lost in a difference to the largest entry, and the sum keeps its rounding errors.
 * `precision: 'exact'` rounds float32 shares correctly, under conditions too.
 * A slice with NaN or +Infinity in it, or of -Infinity only, becomes NaN; a single -Infinity becomes 0.
 *
 * With options it is softmax of `x / temperature + mask`, as accurate: neither is rounded on the way. A boolean mask (booleans in lists,
 * a Uint8Array, other integers) keeps an entry where it is `true` or not 0, as in PyTorch's attention and unlike
 * {@link Tensor.maskedFill}; a mask of floats of x's dtype is added after the division, and -Infinity masks. A masked entry has share
 * 0 and gradient 0, whatever x and `grad` hold there; but share NaN in a slice that is NaN. Boolean masks cost least.
 *
 * ```ts
 * const causal = [[true, false, false], [true, true, false], [true, true, true]];
 * softmax(scores, { mask: causal, temperature: Math.sqrt(64), empty: 'zero' }); // scores of [batch, heads, 3, 3]
 * softmax(image, { dim: [-2, -1] });                                           // over both, as one slice
 * ```
 *
 * @param x a Float32Array, a Float64Array (one slice), a Tensor or anything tensor-like.
 * @param options `dim` in [-rank, rank - 1], default -1, or a list of them; or the number itself, `softmax(x, 0)`. `temperature`, 1,
 * rounded to x's dtype, of 16 bits to float32. `mask`, which broadcasts to x. `empty`, `'nan'` or `'zero'`: what a slice gets of which the mask leaves nothing,
 * or only -Infinity.
 * @throws like {@link relu}; TypeError where an option is of the wrong kind, RangeError where x has no such dimension, the mask does
 * not broadcast to x or the temperature is not finite and above 0.
 */
export const softmax = alongDim('softmax');

/**
 * The logarithm of {@link softmax} along a dimension, `x - log(sum(e^x))`, as PyTorch has it, within 4 ulp (float64: 5) of the true value,
 * the largest share's too: of a slice in which one entry is all but certain it is a small number and not 0. A slice with NaN or +Infinity in it, or of
 * -Infinity only, becomes NaN. Arguments as in {@link softmax}; masked entries, and slices of nothing with `empty: 'zero'`, become
 * -Infinity.
 *
 * @example logSoftmax(new Tensor([[1, 2], [3, 3]])); // Tensor(float32, [2, 2]) [[-1.3133, -0.3133], [-0.6931, -0.6931]]
 */
export const logSoftmax = alongDim('logSoftmax');

/**
 * `softmax(-x)`, as PyTorch has it: of distances, the nearest has the largest share. Arguments as in {@link softmax}, and as accurate; a mask
 * is added to `-x / temperature`.
 *
 * @example softmin(Float32Array.of(1, 2)); // Float32Array [0.7311, 0.2689]
 */
export const softmin = alongDim('softmin');

/**
 * `grad` where x > 0, else 0; NaN where x is NaN. `grad` has the dtype and the shape of x, whose kind the result has: beside a typed array
 * it is one of the same type. `out` may be either of them.
 * This and the slopes below are within 2 ulp (float64: 4), or 2^-25 (2^-53) where a slope passes through zero; the product with
 * `grad` adds a rounding.
 *
 * @throws like {@link relu}, and where `grad` differs from x in kind, dtype or shape.
 * @example reluGrad(Float32Array.of(1, 2, 3), Float32Array.of(-1, 0, 2)); // Float32Array [0, 0, 3]
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

/**
 * `grad * s * (1 + beta * x * (1 - s))` with s = sigmoid(beta * x), element by element. Arguments as in {@link reluGrad}, and of
 * {@link silu}.
 */
export const siluGrad = gradient('silu');

/** The same as {@link siluGrad}, by its other name. */
export const swishGrad = siluGrad;

/**
 * The gradient of {@link glu}, of the shape of x; `grad` has the shape of the result. Arguments as in {@link reluGrad}, and of {@link glu}, and
 * as accurate as {@link regluGrad}.
 *
 * @throws like {@link regluGrad}.
 */
export const gluGrad = gateGradient('glu');

/**
 * The gradients of {@link reglu}: `[grad * up * f'(gate), grad * f(gate)]`, and with one input its gradient. `out` is a pair like the
 * result, of memory that is apart.
 *
 * The second is as accurate as the gate. In the first `grad * up` is rounded, and then its product with the slope: it is within 5.5 ulp
 * (float64: 9.5), `precision: 'exact'` within 1.5, where the slope neither passes through zero nor is a subnormal number.
 *
 * @throws like {@link reglu}; where `grad` differs from the result in kind, dtype or shape; RangeError where the two of `out` overlap.
 * @example
 * swigluGrad(Float32Array.of(1, 1), Float32Array.of(-1, 2), Float32Array.of(3, 4));
 * // [Float32Array [0.217, 4.3631], Float32Array [-0.2689, 1.7616]]
 */
export const regluGrad = gateGradient('reglu');

/** The gradients of {@link swiglu}. Accepts, returns and throws like {@link regluGrad}, and is as accurate; options of {@link swiglu}. */
export const swigluGrad = gateGradient('swiglu');

/** The gradients of {@link geglu}. Accepts, returns and throws like {@link regluGrad}, and is as accurate; options of {@link geglu}. */
export const gegluGrad = gateGradient('geglu');

/** `grad` where x is between 0 and 6, and 0 elsewhere, also at both. Arguments as in {@link reluGrad}. */
export const relu6Grad = gradient('relu6');

/** `grad` where x is between `min` and `max`, and 0 elsewhere, also at both. Arguments as in {@link reluGrad}, and of {@link hardTanh}. */
export const hardTanhGrad = gradient('hardTanh');

/** `grad` where `|x|` is above `lambda`, and 0 elsewhere. Arguments as in {@link reluGrad}, and of {@link hardShrink}. */
export const hardShrinkGrad = gradient('hardShrink');

/** `grad` where `|x|` is above `lambda`, and 0 elsewhere. Arguments as in {@link reluGrad}, and of {@link softShrink}. */
export const softShrinkGrad = gradient('softShrink');

/** `grad` where x is above `threshold`, and 0 elsewhere. Arguments as in {@link reluGrad}, and of {@link threshold}. */
export const thresholdGrad = gradient('threshold');

/** `2 * x * grad` where x is positive, and 0 elsewhere. Arguments as in {@link reluGrad}. */
export const relu2Grad = gradient('relu2');

/** `grad / (1 + |x|)^2`. Arguments as in {@link reluGrad}. */
export const softsignGrad = gradient('softsign');

/** `grad`, and NaN where x is NaN. Arguments as in {@link reluGrad}. */
export const identityGrad = gradient('identity');

/** `grad` where x is positive and `grad * (lower + upper) / 2` elsewhere. Arguments as in {@link reluGrad}, and of {@link rrelu}. */
export const rreluGrad = gradient('rrelu');

/**
 * `grad / 6`, or `alpha * grad`, where {@link hardSigmoid} is between 0 and 1, and 0 elsewhere, also at both ends. Arguments as in
 * {@link reluGrad}, and of {@link hardSigmoid}.
 */
export const hardSigmoidGrad = gradient('hardSigmoid');

/** `grad * (2 * x + 3) / 6` between -3 and 3, 0 from -3 down and `grad` from 3 up. Arguments as in {@link reluGrad}. */
export const hardSwishGrad = gradient('hardSwish');

/** `grad * (1 + x / sqrt(x^2 + b)) / 2`. Arguments as in {@link reluGrad}, and of {@link squareplus}. */
export const squareplusGrad = gradient('squareplus');

/** `grad * sigmoid(beta * x)`. Arguments as in {@link reluGrad}, and of {@link softplus}. */
export const softplusGrad = gradient('softplus');

/** `grad * sigmoid(-x)`. Arguments as in {@link reluGrad}. */
export const logSigmoidGrad = gradient('logSigmoid');

/**
 * `grad * s` where x is positive and `grad * s * a * e^x` elsewhere, s and a as in {@link selu}. Arguments as in {@link reluGrad}, and of
 * {@link selu}.
 */
export const seluGrad = gradient('selu');

/** `grad` where x is positive and `grad * e^(x / alpha)` elsewhere. Arguments as in {@link reluGrad}, and of {@link celu}. */
export const celuGrad = gradient('celu');

/** `grad` times the derivative of {@link mish}. Arguments as in {@link reluGrad}. */
export const mishGrad = gradient('mish');

/** `grad * tanh(x)^2`. Arguments as in {@link reluGrad}. */
export const tanhShrinkGrad = gradient('tanhShrink');

/** `grad / cosh(x / cap)^2`. Arguments as in {@link reluGrad}, and of {@link softcap}. */
export const softcapGrad = gradient('softcap');

/**
 * `s * (grad - sum(grad * s)) / temperature` with s = softmax(x) along `dim`, in float64, so that float32 is within 1 ulp and float64 within
 * 8, or 2^-50 of `grad` where that is all but its mean; with `precision: 'exact'` float32 is within 1 ulp there, too. Arguments as in
 * {@link reluGrad}, and of {@link softmax}, whose options must be those of the call that it is the gradient of.
 */
export const softmaxGrad = alongDimGradient('softmax');

/** `(grad - s * sum(grad)) / temperature` with s = softmax(x) along `dim`. Arguments as in {@link softmaxGrad}. */
export const logSoftmaxGrad = alongDimGradient('logSoftmax');

/** `-s * (grad - sum(grad * s)) / temperature` with s = softmin(x) along `dim`. Arguments as in {@link softmaxGrad}. */
export const softminGrad = alongDimGradient('softmin');

// Under a name of its own here, as bundlers would else rename the class, whose name users see.
/** An array of floats of any number of dimensions, over memory that it shares. Behaves as PyTorch's, on the CPU. */
const TensorOf: TensorConstructor = TensorClass;
export type Tensor<D extends DType = FloatDType> = TensorClass<D>;

export type { FunctionName, OwnOptions } from './activations/signatures.js';
export type { BackendName } from './backends/backend.js';
export { backends, type Info, info, useBackend } from './backends/select.js';
export type { Precision } from './basics/checks.js';
export type { DType, FloatArray, FloatDType, HalfArray, HalfDType } from './basics/floats.js';
export { setThreads } from './basics/threads.js';
export type {
  GELUOptions,
  Input,
  NewArray,
  Options,
  OptionsOf,
  Out,
  Output,
  Result,
} from './functions/functions.js';
export {
  type CrossEntropyOptions,
  crossEntropy,
  crossEntropyGrad,
  type LossOf,
  type Probabilities,
  type Reduction,
  type Targets,
} from './functions/losses/losses.js';
export type { Weights } from './functions/losses/weights.js';
export { type PReLUOptions, prelu, preluGrad, preluWeightGrad, type Weight } from './functions/prelu.js';
export type { SoftmaxMask, SoftmaxOptions } from './functions/slices.js';
export {
  type LogSumExpOptions,
  logSumExp,
  logSumExpGrad,
  type SumGrad,
  type SumOf,
} from './functions/sums.js';
export * from './layers/elementwise.js';
export { GEGLU, GLU, ReGLU, SwiGLU } from './layers/joined.js';
export type { Layer, Trainable } from './layers/layer.js';
export { CrossEntropyLoss } from './layers/losses.js';
export { activation } from './layers/names.js';
export type { Elementwise } from './layers/of-function.js';
export { PReLU } from './layers/prelu.js';
export { LogSoftmax, Softmax, type SoftmaxSettings, Softmin } from './layers/slices.js';
export { LogSumExp } from './layers/sums.js';
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
export { TensorOf as Tensor };
