// The path of a public function: check, find the memory, call the backend once. A Tensor travels as a contiguous array.
import type { Activation } from './activations.js';
import { type FloatArray, type Op, opOf } from './backend.js';
import { checkGrad, checkOut, checkPrecision, type Precision } from './check.js';
import { describe } from './errors.js';
import { isFloatArray, lengthOf } from './floats.js';
import { emptyLike } from './memory.js';
import { backend } from './select.js';
import { normalizeDim, overlapsItself, sameShape, shapeText, sizeOf } from './shape.js';
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
  /** `'fast'` (default) computes float32 in float32; `'exact'` in float64, rounded once. float64 is the same in both. */
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
export function geluOf(approximate: unknown = 'none'): Op {
  const op = geluOps.get(approximate);
  if (op !== undefined) return op;
  throw new TypeError(`gelu: approximate must be 'none', 'tanh' or 'sigmoid', got ${describe(approximate)}`);
}

/** y = f(x), element by element. */
export function map<X extends Input, O>(op: Op, name: string, x: X, options: Options<X> | undefined): Result<X, O> {
  const exact = checkPrecision(options?.precision, name);
  const call = operands(name, x, undefined, options?.out);
  backend.map(call.x, call.y, op, exact);
  return finish(call);
}

/** y = grad * f'(x), element by element. */
export function mapGrad<X extends Input, O>(
  op: Op,
  name: string,
  grad: Input,
  x: X,
  options: Options<X> | undefined,
): Result<X, O> {
  const exact = checkPrecision(options?.precision, name);
  const call = operands(name, x, grad, options?.out);
  backend.mapGrad(call.grad!, call.x, call.y, op, exact);
  return finish(call);
}

export function softmaxOf<X extends Input, O>(x: X, options: SoftmaxOptions<X> | undefined): Result<X, O> {
  const exact = checkPrecision(options?.precision, 'softmax');
  const call = operands('softmax', x, undefined, options?.out);
  const at = normalizeDim(options?.dim ?? -1, call.shape);
  const inner = sizeOf(call.shape, at + 1);
  if (call.count > 0) backend.softmax(call.x, call.y, call.shape[at] ?? 1, inner, exact);
  return finish(call);
}

export function softmaxGradOf<X extends Input, O>(
  grad: Input,
  x: X,
  options: SoftmaxOptions<X> | undefined,
): Result<X, O> {
  const exact = checkPrecision(options?.precision, 'softmaxGrad');
  const call = operands('softmaxGrad', x, grad, options?.out);
  const at = normalizeDim(options?.dim ?? -1, call.shape);
  const inner = sizeOf(call.shape, at + 1);
  if (call.count > 0) backend.softmaxGrad(call.grad!, call.x, call.y, call.shape[at] ?? 1, inner, exact);
  return finish(call);
}

/** What a backend is called with, checked, and what its caller gets. */
interface Operands {
  readonly x: FloatArray;
  readonly y: FloatArray;
  readonly grad: FloatArray | undefined;
  readonly count: number;
  readonly shape: readonly number[];
  readonly result: unknown;
  /** An `out` that is not contiguous: y is to be scattered into it. */
  readonly scatter: Tensor | undefined;
}

/** The operands of x, and of grad where there is one, with `out` or something new for the result. */
function operands(name: string, x: Input, grad: Input | undefined, out: unknown): Operands {
  if (!isFloatArray(x)) return tensorOperands(name, x, grad, out);
  const count = lengthOf(x);
  const g = grad === undefined ? undefined : checkGrad(x, count, grad, name);
  const y = out === undefined ? emptyLike(x, count) : checkOut(x, count, g, out, name);
  return { x, y, grad: g, count, shape: [count], result: y, scatter: undefined };
}

function tensorOperands(name: string, like: Input, grad: Input | undefined, out: unknown): Operands {
  const from = asTensor(like);
  const g = grad === undefined ? undefined : contiguousData(checkLike(from, grad, 'grad', name));
  const x = contiguousData(from);
  const { shape, size: count } = from;
  if (out === undefined) {
    const y = emptyLike(x, count);
    return { x, y, grad: g, count, shape, result: resultLike(from, y), scatter: undefined };
  }
  const into = checkLike(from, out, 'out', name);
  if (isReadOnly(out)) throw new TypeError(`${name}: out is marked READONLY`);
  const own = ownData(into);
  if (own !== undefined)
    return { x, y: checkOut(x, count, g, own, name), grad: g, count, shape, result: out, scatter: undefined };
  if (overlapsItself(into))
    throw new RangeError(
      `${name}: out has strides ${shapeText(into.strides)}: several elements are one place in memory`,
    );
  // Scattered afterwards, so it may share anything with x.
  return { x, y: emptyLike(x, count), grad: g, count, shape, result: out, scatter: into };
}

function finish<X extends Input, O>({ y, result, scatter }: Operands): Result<X, O> {
  if (scatter !== undefined) copyInto(scatter, y);
  return result as Result<X, O>;
}

/** `other` as a tensor of x's dtype and shape. */
function checkLike(x: Tensor, other: unknown, what: string, name: string): Tensor {
  const tensor = asTensor(other);
  if (tensor.dtype !== x.dtype) throw new TypeError(`${name}: ${what} must be ${x.dtype} like x, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, x.shape))
    throw new RangeError(`${name}: ${what} has shape ${shapeText(tensor.shape)} but x has ${shapeText(x.shape)}`);
  return tensor;
}
