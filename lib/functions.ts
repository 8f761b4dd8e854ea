// The path of a public function: check, find the memory, call the backend once. A Tensor travels as a contiguous array.
import type { Activation } from './activations.js';
import { type FloatArray, type Op, opOf } from './backend.js';
import { checkGrad, checkOut, checkPrecision, countOf, type Precision } from './check.js';
import { describe, inNameOf } from './errors.js';
import { isFloatArray } from './floats.js';
import { emptyLike } from './memory.js';
import type { Given } from './options.js';
import { backend } from './select.js';
import { checkReach, normalizeDim, overlapsItself, sameShape, shapeText, sizeOf } from './shape.js';
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
} from './tensor.js';
import { isReadOnly } from './view.js';

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

export interface GELUOptions<X extends Input = Input, O extends Out<X> = Out<X>> extends Options<X, O> {
  /** `'none'` (default): with the error function. `'tanh'`, `'sigmoid'`: the two usual approximations of it. */
  readonly approximate?: Approximate;
}

export interface SoftmaxOptions<X extends Input = Input, O extends Out<X> = Out<X>> extends Options<X, O> {
  /** The dimension whose entries sum to 1; negative counts from the end. Default -1. */
  readonly dim?: number;
}

/** The activations that `approximate` names. */
export const gelus = { none: 'gelu', tanh: 'geluTanh', sigmoid: 'geluSigmoid' } as const satisfies Record<
  string,
  Activation
>;
export type Approximate = keyof typeof gelus;

// Map.get is a few instructions; the two lookups by a name that varies took 12 ns more.
const geluOps = new Map<unknown, Op>(Object.entries(gelus).map(([name, activation]) => [name, opOf[activation]]));

/** The activation that `approximate` names, by its number. */
export function geluOf(approximate: unknown = 'none', name = 'gelu'): Op {
  const op = geluOps.get(approximate);
  if (op !== undefined) return op;
  throw new TypeError(`${name}: approximate must be 'none', 'tanh' or 'sigmoid', got ${describe(approximate)}`);
}

/** y = f(x), element by element. */
export function map<X extends Input, O>(op: Op, name: string, x: X, given: Given): Result<X, O> {
  const exact = checkPrecision(given.precision, name);
  const call = operands(name, x, given.out, false);
  try {
    backend.map(call.x, call.y, op, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finish(call);
}

/** y = grad * f'(x), element by element. */
export function mapGrad<X extends Input, O>(op: Op, name: string, grad: unknown, x: X, given: Given): Result<X, O> {
  const exact = checkPrecision(given.precision, name);
  const call = operands(name, x, given.out, true, grad);
  try {
    backend.mapGrad(call.grad!, call.x, call.y, op, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finish(call);
}

export function softmaxOf<X extends Input, O>(x: X, given: Given, name = 'softmax', dim = given.dim): Result<X, O> {
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
  return finish(call);
}

export function softmaxGradOf<X extends Input, O>(
  grad: unknown,
  x: X,
  given: Given,
  name = 'softmaxGrad',
  dim = given.dim,
): Result<X, O> {
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
  return finish(call);
}

function dimOf(dim: unknown = -1, shape: readonly number[], name: string): number {
  try {
    return normalizeDim(dim as number, shape);
  } catch (error) {
    throw inNameOf(name, error);
  }
}

/** What a backend is called with, checked, and what its caller gets. */
interface Operands {
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
}

/** The operands of x, and of grad where there is to be one, with `out` or something new for the result. */
function operands(name: string, x: Input, out: unknown, hasGrad: boolean, grad?: unknown): Operands {
  if (!isFloatArray(x)) return tensorOperands(name, x, out, hasGrad, grad);
  const count = countOf(x, name);
  const g = hasGrad ? checkGrad(x, count, grad, name) : undefined;
  const y = out === undefined ? emptyLike(x, count, name) : checkOut(x, count, g, out, name);
  return { x, y, grad: g, count, shape: undefined, result: y, fresh: out === undefined, scatter: undefined };
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
  if (own === undefined) {
    if (into !== undefined && overlapsItself(into)) throw selfOverlap(into, name);
    const y = emptyLike(x, count, name);
    // Scattered afterwards, so an out may share anything with x.
    return { x, y, grad: g, count, shape, result: out ?? resultLike(from, y), fresh: true, scatter: into };
  }
  const y = checkOut(x, count, g, own, name);
  return { x, y, grad: g, count, shape, result: out, fresh: false, scatter: undefined };
}

function selfOverlap({ strides }: Tensor, name: string): RangeError {
  return new RangeError(`${name}: out has strides ${shapeText(strides)}: several elements are one place in memory`);
}

function finish<X extends Input, O>({ y, result, scatter }: Operands): Result<X, O> {
  if (scatter !== undefined) copyInto(scatter, y);
  return result as Result<X, O>;
}

/** `other` as a tensor of x's dtype and shape. */
function likeX(x: Tensor, other: unknown, what: string, name: string): Tensor {
  const tensor = asTensor(other, what, name);
  if (tensor.dtype !== x.dtype) throw new TypeError(`${name}: ${what} must be ${x.dtype} like x, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, x.shape))
    throw new RangeError(`${name}: ${what} has shape ${shapeText(tensor.shape)} but x has ${shapeText(x.shape)}`);
  return tensor;
}
