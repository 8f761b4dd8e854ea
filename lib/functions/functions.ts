// The path of a public function: check, find the memory, call the backend once. A Tensor travels as a contiguous array.

import {
  checkTogether,
  type Elementwise,
  type FunctionName,
  type OwnOptions,
  parameterOf,
  rowOf,
  type Signature,
  signatures,
} from '../activations/signatures.js';
import { emptyLike } from '../backends/memory.js';
import { backend } from '../backends/select.js';
import { checkGrad, checkOut, checkPrecision, countOf, type Precision } from '../basics/checks.js';
import { inNameOf } from '../basics/errors.js';
import { type FloatArray, isFloatArray } from '../basics/floats.js';
import { type Given, readOptions, tooMany } from '../basics/options.js';
import { isReadOnly } from '../tensor/foreign.js';
import { checkReach, normalizeDim, overlapsItself, sameShape, shapeText, sizeOf } from '../tensor/shape.js';
import {
  asTensor,
  contiguousData,
  copyInto,
  type DataOf,
  type DTypeOf,
  ownData,
  resultLike,
  type Tensor,
  type TensorLike,
} from '../tensor/tensor.js';

/** What a function takes: a typed array, a Tensor, or anything tensor-like. */
export type Input = FloatArray | TensorLike;

/** A new array of results. It lies in an ArrayBuffer, whatever x lies in, and TypeScript before 5.7 cannot say so. */
export type NewArray = {
  readonly float32: ReturnType<typeof Float32Array.of>;
  readonly float64: ReturnType<typeof Float64Array.of>;
};

/** What a function gives: a new typed array for a typed array, a Tensor for everything else, anything for any. */
// biome-ignore lint/suspicious/noExplicitAny: 0 extends only `1 & any`, and who has no types for x wants none for the result.
export type Output<X> = 0 extends 1 & X ? any : X extends FloatArray ? NewArray[DTypeOf<X>] : Tensor<DTypeOf<X>>;

/** What may be filled with the result for x, where anything is. */
export type Out<X> = (X extends FloatArray ? DataOf<DTypeOf<X>> : TensorLike) | undefined;

/** What a function gives with options: `out` itself, where there is one. */
export type Result<X, O> = [O] extends [undefined]
  ? Output<X>
  : undefined extends O
    ? Output<X> | Exclude<O, undefined>
    : O;

export interface Options<X extends Input = Input, O extends Out<X> = Out<X>> {
  /** Filled and returned instead of something new; has the kind, dtype and size of x, and may be x itself. */
  readonly out?: O;
  /** `'fast'` (default) computes float32 in float32; `'exact'` rounds correctly, once. float64 is the same in both. */
  readonly precision?: Precision;
}

/** The options of an elementwise function, by its name: those of its own besides. */
export type OptionsOf<F extends FunctionName, X extends Input = Input, O extends Out<X> = Out<X>> = Options<X, O> &
  OwnOptions<F>;

export interface SoftmaxOptions<X extends Input = Input, O extends Out<X> = Out<X>> extends Options<X, O> {
  /** The dimension whose entries sum to 1; negative counts from the end. Default -1. */
  readonly dim?: number;
}

/** The options of `gelu`. */
export type GELUOptions<X extends Input = Input, O extends Out<X> = Out<X>> = OptionsOf<'gelu', X, O>;

/** Whether some option must be given. */
type IsNeeded<F extends FunctionName> = Record<never, never> extends OwnOptions<F> ? false : true;

/** An elementwise function. */
export type Forward<F extends FunctionName> =
  IsNeeded<F> extends true
    ? <X extends Input, O extends Out<X> = undefined>(x: X, options: OptionsOf<F, X, O>) => Result<X, O>
    : <X extends Input, O extends Out<X> = undefined>(x: X, options?: OptionsOf<F, X, O>) => Result<X, O>;

/** Its gradient. */
export type Gradient<F extends FunctionName> =
  IsNeeded<F> extends true
    ? <X extends Input, O extends Out<X> = undefined>(grad: Input, x: X, options: OptionsOf<F, X, O>) => Result<X, O>
    : <X extends Input, O extends Out<X> = undefined>(grad: Input, x: X, options?: OptionsOf<F, X, O>) => Result<X, O>;

/** The function of that name. */
export function forward<F extends FunctionName>(name: F): Forward<F> {
  const signature = signatures[name];
  const { own } = signature;
  return ((x: Input, options: unknown, more: unknown) => {
    if (more !== undefined) throw tooMany(more, name, 'x');
    return map(signature, name, x, readOptions(options, name, own)).result;
  }) as Forward<F>;
}

/** The gradient of the function of that name. */
export function gradient<F extends FunctionName>(of: F): Gradient<F> {
  const signature = signatures[of];
  const { own } = signature;
  const name = `${of}Grad`;
  return ((grad: unknown, x: Input, options: unknown, more: unknown) => {
    if (more !== undefined) throw tooMany(more, name, 'grad, x');
    return mapGrad(signature, name, grad, x, readOptions(options, name, own)).result;
  }) as Gradient<F>;
}

/** y = f(x), element by element. */
export function map(of: Elementwise, name: string, x: Input, given: Given): Operands {
  const exact = checkPrecision(given.precision, name);
  const op = rowOf(of, given, name);
  const call = operands(name, x, given.out, false);
  const a = parameterOf(of, 0, given, call.x, name);
  const b = parameterOf(of, 1, given, call.x, name);
  if (of.together !== undefined) checkTogether(of, a, b, name);
  try {
    backend.map(call.x, call.y, op, a, b, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

/** y = grad * f'(x), element by element. */
export function mapGrad(of: Elementwise, name: string, grad: unknown, x: Input, given: Given): Operands {
  const exact = checkPrecision(given.precision, name);
  const op = rowOf(of, given, name);
  const call = operands(name, x, given.out, true, grad);
  const a = parameterOf(of, 0, given, call.x, name);
  const b = parameterOf(of, 1, given, call.x, name);
  if (of.together !== undefined) checkTogether(of, a, b, name);
  try {
    backend.mapGrad(call.grad!, call.x, call.y, op, a, b, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

/** What softmax takes, and its gradient. */
export const softmaxSignature: Signature = { own: ['dim'] };

export function softmax(name: string, x: Input, given: Given, dim = given.own[0]): Operands {
  const exact = checkPrecision(given.precision, name);
  const call = operands(name, x, given.out, false);
  const shape = call.shape ?? [call.count];
  const at = dimOf(dim, shape, name);
  const inner = sizeOf(shape, at + 1);
  try {
    if (call.count > 0) backend.softmax(call.x, call.y, shape[at] ?? 1, inner, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

export function softmaxGrad(name: string, grad: unknown, x: Input, given: Given, dim = given.own[0]): Operands {
  const exact = checkPrecision(given.precision, name);
  const call = operands(name, x, given.out, true, grad);
  const shape = call.shape ?? [call.count];
  const at = dimOf(dim, shape, name);
  const inner = sizeOf(shape, at + 1);
  try {
    if (call.count > 0) backend.softmaxGrad(call.grad!, call.x, call.y, shape[at] ?? 1, inner, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

function dimOf(dim: unknown = -1, shape: readonly number[], name: string): number {
  try {
    return normalizeDim(dim as number, shape);
  } catch (error) {
    throw inNameOf(name, error);
  }
}

/** What a backend is called with, checked, and what its caller gets. */
export interface Operands {
  readonly x: FloatArray;
  readonly y: FloatArray;
  readonly grad: FloatArray | undefined;
  readonly count: number;
  /** Undefined for typed arrays, which have one dimension. */
  readonly shape: readonly number[] | undefined;
  readonly result: unknown;
  /** Whether y is new memory. */
  readonly fresh: boolean;
  /** An `out` that is not contiguous: y is to be scattered into it. */
  readonly scatter: Tensor | undefined;
  /** The memory that x lies in, and that `out` does: x and y, unless those are copies. */
  readonly source: FloatArray;
  readonly target: FloatArray;
}

/** The operands of x, and of grad where there is to be one, with `out` or something new for the result. */
function operands(name: string, x: Input, out: unknown, hasGrad: boolean, grad?: unknown): Operands {
  if (!isFloatArray(x)) return tensorOperands(name, x, out, hasGrad, grad);
  const count = countOf(x, name);
  const g = hasGrad ? checkGrad(x, count, grad, name) : undefined;
  const fresh = out === undefined;
  const y = fresh ? emptyLike(x, count) : checkOut(x, count, g, out, name);
  return { x, y, grad: g, count, shape: undefined, result: y, fresh, scatter: undefined, source: x, target: y };
}

function tensorOperands(name: string, like: unknown, out: unknown, hasGrad: boolean, grad: unknown): Operands {
  const from = asTensor(like, 'x', name);
  const gradFrom = hasGrad ? likeX(from, grad, 'grad', name) : undefined;
  const into = out === undefined ? undefined : likeX(from, out, 'out', name);
  if (into !== undefined && isReadOnly(out)) throw new TypeError(`${name}: out is marked READONLY`);
  // Their memory only now: what was read so far may have been getters, which can have done anything to it.
  let what = 'x';
  let x: FloatArray;
  let g: FloatArray | undefined;
  let own: FloatArray | undefined;
  try {
    x = contiguousData(from);
    what = 'grad';
    if (gradFrom !== undefined) g = contiguousData(gradFrom);
    what = 'out';
    own = into && ownData(into);
    if (into !== undefined && own === undefined) checkReach(into.data, into);
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
  const { shape, size: count } = from;
  const source = from.data;
  if (own === undefined) {
    if (into !== undefined && overlapsItself(into)) throw selfOverlap(into, name);
    const y = emptyLike(x, count);
    const result = out ?? resultLike(from, y);
    // Scattered afterwards, so an out may share anything with x.
    return { x, y, grad: g, count, shape, result, fresh: true, scatter: into, source, target: into?.data ?? y };
  }
  const y = checkOut(x, count, g, own, name);
  return { x, y, grad: g, count, shape, result: out, fresh: false, scatter: undefined, source, target: y };
}

function selfOverlap({ strides }: Tensor, name: string): RangeError {
  return new RangeError(`${name}: out has strides ${shapeText(strides)}: several elements are one place in memory`);
}

function finished(call: Operands): Operands {
  if (call.scatter !== undefined) copyInto(call.scatter, call.y);
  return call;
}

/** `other` as a tensor of x's dtype and shape. */
function likeX(x: Tensor, other: unknown, what: string, name: string): Tensor {
  const tensor = asTensor(other, what, name);
  if (tensor.dtype !== x.dtype) throw new TypeError(`${name}: ${what} must be ${x.dtype} like x, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, x.shape))
    throw new RangeError(`${name}: ${what} has shape ${shapeText(tensor.shape)} but x has ${shapeText(x.shape)}`);
  return tensor;
}
