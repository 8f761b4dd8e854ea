// The path of a public function: check, find the memory, call the backend once. A Tensor travels as a contiguous array.
import type { Activation } from './activations.js';
import type { FloatArray, Op } from './backend.js';
import { checkGrad, checkOut, checkPrecision, type Precision } from './check.js';
import { describe } from './errors.js';
import { isFloatArray } from './floats.js';
import { emptyLike } from './memory.js';
import { backend } from './select.js';
import { normalizeDim, sameShape, shapeText, sizeOf } from './shape.js';
import { asTensor, contiguousData, copyInto, type Tensor, type TensorLike, tensorOf } from './tensor.js';

/** What a function takes: a typed array, a Tensor, or anything tensor-like. */
export type Input = FloatArray | TensorLike;
/** What a function gives: a typed array for a typed array, a Tensor for everything else. */
export type Output<X> = X extends FloatArray ? X : Tensor;

export interface Options<X extends Input = Input> {
  /** Filled and returned instead of something new; has the kind, dtype and size of x, and may be x itself. */
  readonly out?: X extends FloatArray ? X : TensorLike;
  /** `'fast'` (default) computes float32 in float32; `'exact'` in float64, rounded once. float64 is the same in both. */
  readonly precision?: Precision;
}

export interface GELUOptions<X extends Input = Input> extends Options<X> {
  /** `'none'` (default): with the error function. `'tanh'`, `'sigmoid'`: the two usual approximations of it. */
  readonly approximate?: Approximate;
}

export interface SoftmaxOptions<X extends Input = Input> extends Options<X> {
  /** The dimension whose entries sum to 1; negative counts from the end. Default -1. */
  readonly dim?: number;
}

const gelus = { none: 'gelu', tanh: 'geluTanh', sigmoid: 'geluSigmoid' } as const satisfies Record<string, Activation>;
export type Approximate = keyof typeof gelus;

/** The activation that `approximate` names. */
export function geluOf(approximate: unknown = 'none'): Activation {
  if (typeof approximate === 'string' && Object.hasOwn(gelus, approximate)) return gelus[approximate as Approximate];
  throw new TypeError(`gelu: approximate must be 'none', 'tanh' or 'sigmoid', got ${describe(approximate)}`);
}

/** y = f(x), element by element. */
export function map<X extends Input>(op: Op, name: string, x: X, options: Options<X> | undefined): Output<X> {
  const exact = checkPrecision(options?.precision, name);
  if (!isFloatArray(x))
    return runTensor(name, x, undefined, options?.out, (x, y) => backend.map(x, y, op, exact)) as Output<X>;
  // The path of small calls, in which every closure counts.
  const y = options?.out === undefined ? emptyLike(x) : checkOut(x, undefined, options.out, name);
  backend.map(x, y, op, exact);
  return y as Output<X>;
}

/** y = grad * f'(x), element by element. */
export function mapGrad<X extends Input>(
  op: Op,
  name: string,
  grad: Input,
  x: X,
  options: Options<X> | undefined,
): Output<X> {
  const exact = checkPrecision(options?.precision, name);
  return run(name, x, grad, options?.out, (x, y, grad) => backend.mapGrad(grad!, x, y, op, exact));
}

export function softmaxOf<X extends Input>(x: X, options: SoftmaxOptions<X> | undefined): Output<X> {
  const exact = checkPrecision(options?.precision, 'softmax');
  return run('softmax', x, undefined, options?.out, (x, y, _, shape) => {
    const [length, inner] = middle(options?.dim, shape);
    if (x.length > 0) backend.softmax(x, y, length, inner, exact);
  });
}

export function softmaxGradOf<X extends Input>(grad: Input, x: X, options: SoftmaxOptions<X> | undefined): Output<X> {
  const exact = checkPrecision(options?.precision, 'softmaxGrad');
  return run('softmaxGrad', x, grad, options?.out, (x, y, grad, shape) => {
    const [length, inner] = middle(options?.dim, shape);
    if (x.length > 0) backend.softmaxGrad(grad!, x, y, length, inner, exact);
  });
}

/** [length, inner] of a shape seen as [outer, length, inner] around a dimension. */
function middle(dim: number | undefined, shape: readonly number[]): [length: number, inner: number] {
  const at = normalizeDim(dim ?? -1, shape);
  return [shape[at] ?? 1, sizeOf(shape.slice(at + 1))];
}

type Kernel = (x: FloatArray, y: FloatArray, grad: FloatArray | undefined, shape: readonly number[]) => void;

/** Runs a kernel on x, and on grad where there is one, into out or something new, which it returns. */
function run<X extends Input>(name: string, x: X, grad: Input | undefined, out: unknown, kernel: Kernel): Output<X> {
  if (!isFloatArray(x)) return runTensor(name, x, grad, out, kernel) as Output<X>;
  const g = grad === undefined ? undefined : checkGrad(x, grad, name);
  const y = out === undefined ? emptyLike(x) : checkOut(x, g, out, name);
  kernel(x, y, g, [x.length]);
  return y as Output<X>;
}

function runTensor(name: string, x: Input, grad: Input | undefined, out: unknown, kernel: Kernel): unknown {
  const from = asTensor(x);
  const g = grad === undefined ? undefined : contiguousData(like(from, grad, 'grad', name));
  const source = contiguousData(from);
  if (out === undefined) {
    const y = emptyLike(source);
    kernel(source, y, g, from.shape);
    return tensorOf(y, from.shape);
  }
  const into = writable(like(from, out, 'out', name), out, name);
  if (into.isContiguous()) {
    kernel(source, checkOut(source, g, contiguousData(into), name), g, from.shape);
  } else {
    // Scattered afterwards, so it may share anything with x.
    const y = emptyLike(source);
    kernel(source, y, g, from.shape);
    copyInto(into, y);
  }
  return out;
}

/** That out may be written, and has a place of its own for every element. */
function writable(into: Tensor, out: unknown, name: string): Tensor {
  if ((out as { flags?: { READONLY?: boolean } }).flags?.READONLY === true)
    throw new TypeError(`${name}: out is marked READONLY`);
  if (into.strides.some((stride, dim) => stride === 0 && into.shape[dim]! > 1))
    throw new RangeError(`${name}: out has stride 0: several of its elements are one place in memory`);
  return into;
}

/** `other` as a tensor of x's dtype and shape. */
function like(x: Tensor, other: unknown, what: string, name: string): Tensor {
  const tensor = asTensor(other);
  if (tensor.dtype !== x.dtype) throw new TypeError(`${name}: ${what} must be ${x.dtype} like x, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, x.shape))
    throw new RangeError(`${name}: ${what} has shape ${shapeText(tensor.shape)} but x has ${shapeText(x.shape)}`);
  return tensor;
}
