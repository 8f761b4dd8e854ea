// What a backend is called with: checks what a caller passed, finds the memory, and puts the result where the caller wants it. A Tensor
// travels as a contiguous array.

import { allocate, shapeText } from '../basics/allocate.js';
import { checkOther, checkOut, countOf } from '../basics/checks.js';
import { inNameOf } from '../basics/errors.js';
import { type Data, dtypeOf, type FloatArray, isFloatArray, lengthOf } from '../basics/floats.js';
import { copyInto, copyOf, fewElements, ownData } from '../tensor/copies.js';
import { shapeAdvice } from '../tensor/foreign/advice.js';
import { asTensor } from '../tensor/foreign/as-tensor.js';
import { isReadOnly } from '../tensor/foreign/layout.js';
import { overlapsItself } from '../tensor/layouts/overlaps.js';
import { checkReach, sameShape } from '../tensor/layouts/shape.js';
import { resultLike, type Tensor, type TensorLike } from '../tensor/tensor.js';
import { StridedOperands, type Words } from './strided.js';

/** What a function takes: a typed array, a Tensor, or anything tensor-like. */
export type Input = Data | TensorLike;

/** What a backend is called with, checked, and what its caller gets. */
export interface Operands {
  readonly x: FloatArray;
  readonly y: FloatArray;
  /** Of x's type and length: the incoming gradient, or what a gate lets through. */
  readonly other: FloatArray | undefined;
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
  /** The same, where some of them do not lie side by side. */
  readonly strided: StridedOperands | undefined;
}

/** What a layer needs to know of a call. */
export type Answer = Pick<Operands, 'result'> & { readonly source: Data; readonly target: Data };

/** The answer of a call on few elements (few.ts). */
export function answerOf(x: Input, result: unknown): Answer {
  const memory = (of: unknown) => (isFloatArray(of) ? of : (of as Tensor).data);
  return { result, source: memory(x), target: memory(result) };
}

const usual: Words = { x: 'x', other: 'grad' };

/** The operands of x, and of another input where there is to be one, with `out` or something new for the result. */
export function operands(
  name: string,
  x: Input,
  out: unknown,
  hasOther = false,
  other?: unknown,
  words = usual,
): Operands {
  if (!isFloatArray(x)) return tensorOperands(name, x, out, hasOther, other, words);
  const second = hasOther ? otherArray(name, x, other, words) : undefined;
  const fresh = out === undefined;
  const y = resultArray(name, x, out, second, words);
  const count = lengthOf(y);
  return {
    x,
    y,
    other: second,
    count,
    shape: undefined,
    result: y,
    fresh,
    scatter: undefined,
    source: x,
    target: y,
    strided: undefined,
  };
}

// For typed arrays these two are all that there is to ask, and the functions that people call on small ones do without the object.

/** The other input of an array x: of its type and length. */
export function otherArray(name: string, x: FloatArray, other: unknown, words = usual): FloatArray {
  return checkOther(x, countOf(x, name, words.x), other, words.other, name, words.x);
}

/** `out`, or a new array like x. */
export function resultArray(name: string, x: FloatArray, out: unknown, second?: FloatArray, words = usual): FloatArray {
  const count = countOf(x, name, words.x);
  return out === undefined
    ? allocate(dtypeOf(x), count, name)
    : checkOut(x, count, second, out, name, words.other, words.x);
}

function tensorOperands(
  name: string,
  like: unknown,
  out: unknown,
  hasOther: boolean,
  other: unknown,
  words: Words,
): Operands {
  const from = asTensor(like, words.x, name);
  const otherFrom = hasOther ? likeX(from, other, words.other, name, words.x) : undefined;
  const into = out === undefined ? undefined : likeX(from, out, 'out', name, words.x);
  if (into !== undefined && isReadOnly(out)) throw new TypeError(`${name}: out is marked READONLY`);
  // Their memory only now: what was read so far may have been getters, which can have done anything to it.
  let what = words.x;
  let x: FloatArray | undefined;
  let second: FloatArray | undefined;
  let own: FloatArray | undefined;
  try {
    x = memoryOf(from);
    what = words.other;
    second = otherFrom && memoryOf(otherFrom);
    what = 'out';
    own = into && memoryOf(into);
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
  const { shape, size: count } = from;
  if (into !== undefined) {
    if (own === undefined) {
      if (overlapsItself(into)) throw selfOverlap(into, name);
    } else checkOut(x ?? own, count, second, own, name, words.other, words.x);
  }
  const isCopied = x === undefined || (second === undefined && otherFrom !== undefined);
  const scatter = own === undefined ? into : undefined;
  if (count > fewElements && (isCopied || scatter !== undefined))
    return new StridedOperands(name, words, from, otherFrom, out, into, own);
  const source = from.data;
  const copy = x === undefined ? copyOf(from, name) : undefined;
  x ??= copy!;
  if (otherFrom !== undefined) second ??= copyOf(otherFrom, name);
  // A copy takes the result too.
  const y = own ?? copy ?? allocate(dtypeOf(x), count, name);
  const result = out ?? resultLike(from, y);
  const fresh = own === undefined && copy === undefined;
  const target = into?.data ?? y;
  return { x, y, other: second, count, shape, result, fresh, scatter, source, target, strided: undefined };
}

/** What `ownData` gives; of a tensor that is not contiguous nothing, but its memory is there. */
function memoryOf(tensor: Tensor): FloatArray | undefined {
  if (!tensor.packed) checkReach(tensor.data, tensor);
  return ownData(tensor);
}

function selfOverlap({ strides }: Tensor, name: string): RangeError {
  return new RangeError(`${name}: out has strides ${shapeText(strides)}: several elements are one place in memory`);
}

/** The call, its result where the caller wants it. */
export function finished(call: Operands): Operands {
  if (call.scatter !== undefined) copyInto(call.scatter, call.y);
  return call;
}

/** `other` as a tensor of x's dtype and shape; messages call x `first`. */
export function likeX(x: Tensor, other: unknown, what: string, name: string, first = 'x'): Tensor {
  const tensor = asTensor(other, what, name);
  if (tensor.dtype !== x.dtype)
    throw new TypeError(`${name}: ${what} must be ${x.dtype} like ${first}, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, x.shape))
    throw new RangeError(
      `${name}: ${what} has shape ${shapeText(tensor.shape)} but ${first} has ${shapeText(x.shape)}${shapeAdvice(other, what, x.shape)}`,
    );
  return tensor;
}
