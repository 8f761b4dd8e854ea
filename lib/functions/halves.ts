// Calls on numbers of 16 bits: a Tensor of float16 or bfloat16, a Float16Array, or a Uint16Array with the option `dtype`.
import { shapeText } from '../basics/allocate.js';
import { checkPresent } from '../basics/checks.js';
import { describe } from '../basics/errors.js';
import { type Data, type HalfArray, type HalfDType, lengthOf, shareMemory } from '../basics/floats.js';
import { isFloat16Array, isHalfArray, isHalfDType, newBits, ofBits } from '../basics/halves.js';
import type { Given } from '../basics/options.js';
import { isReadOnly, isTensorLike } from '../tensor/foreign.js';
import { contiguousBits, ofHalves } from '../tensor/halves.js';
import { overlapsItself, type Parts, sameShape } from '../tensor/shape.js';
import { anyTensor, copyBitsInto, Tensor } from '../tensor/tensor.js';
import type { Answer } from './operands.js';

/** Numbers of 16 bits and what they are; where they came without a shape, `array` is what they came in. */
interface Halves {
  readonly parts: Parts<Data>;
  readonly dtype: HalfDType;
  readonly array: HalfArray | undefined;
}

/** The bits of a call, checked. */
export interface HalfCall {
  readonly dtype: HalfDType;
  readonly x: Uint16Array;
  readonly other: Uint16Array | undefined;
  readonly y: Uint16Array;
  /** What the call returns, once y is filled. */
  finish(): Answer;
}

/** x as numbers of 16 bits; undefined where it is something else. */
export function halvesOf(x: unknown, dtype: unknown, name: string, what = 'x'): Halves | undefined {
  if (isHalfArray(x)) {
    if (dtype === undefined && !isFloat16Array(x))
      throw new TypeError(
        `${name}: ${what} is a Uint16Array; say of which numbers: { dtype: 'float16' } or { dtype: 'bfloat16' }`,
      );
    if (!isHalfDType(dtype ?? 'float16') || (isFloat16Array(x) && dtype === 'bfloat16'))
      throw new TypeError(`${name}: dtype must be that of ${what}, ${describe(x)}, got ${describe(dtype)}`);
    if (lengthOf(x as Uint16Array) === 0) checkPresent(x, `${name}: ${what}`);
    const { dtype: own, parts } = withDType(anyTensor(x, dtype ?? 'float16', what, name));
    return { parts, dtype: own, array: x };
  }
  if (!(x instanceof Tensor) && !isTensorLike(x)) return undefined;
  if (!(x instanceof Tensor) && !isHalfArray((x as { readonly data: unknown }).data)) return undefined;
  const tensor = anyTensor(x, undefined, what, name);
  if (tensor.half === undefined) return undefined;
  if (dtype !== undefined && dtype !== tensor.half)
    throw new TypeError(`${name}: dtype must be that of ${what}, '${tensor.half}', got ${describe(dtype)}`);
  return { ...withDType(tensor), array: undefined };
}

const withDType = (tensor: Parts<Data>) => ({ parts: tensor, dtype: tensor.half! });

/** The call of x, and of another input where there is to be one; undefined where x is no numbers of 16 bits. */
export function halfCall(
  name: string,
  x: unknown,
  { out, dtype }: Given,
  hasOther = false,
  other?: unknown,
  word = 'grad',
): HalfCall | undefined {
  const from = halvesOf(x, dtype, name);
  if (from === undefined) return undefined;
  const second = hasOther ? likeX(from, other, word, name) : undefined;
  const into = out === undefined ? undefined : likeX(from, out, 'out', name);
  if (into !== undefined) {
    if (isReadOnly(out)) throw new TypeError(`${name}: out is marked READONLY`);
    if (!into.packed && overlapsItself(into))
      throw new RangeError(
        `${name}: out has strides ${shapeText(into.strides)}: several elements are one place in memory`,
      );
  }
  const bits = contiguousBits(from.parts, name);
  const otherBits = second && contiguousBits(second, name);
  const own = into?.packed ? contiguousBits(into, name) : undefined;
  // A part of an input would be written before it was read.
  const apart = own !== undefined && [bits, otherBits].every((input) => input === undefined || isApart(input, own));
  const y = apart ? own : newBits(from.dtype, lengthOf(bits), name, from.parts.shape);
  return {
    dtype: from.dtype,
    x: bits,
    other: otherBits,
    y,
    finish() {
      if (into !== undefined && y !== own) copyBitsInto(into, y);
      const made = () =>
        from.array === undefined ? new Tensor(ofHalves(y, from.parts)) : ofBits(y, from.dtype, from.array);
      const target = into === undefined ? y : into.data;
      return { result: out ?? made(), source: from.parts.data, target };
    },
  };
}

/** Whether y is the input itself, or shares no memory with it. */
const isApart = (input: Uint16Array, y: Uint16Array) =>
  !shareMemory(input, y) || (input.byteOffset === y.byteOffset && input.length === y.length);

function likeX(x: Halves, other: unknown, what: string, name: string): Parts<Data> {
  const { array, dtype } = x;
  if (array !== undefined && isHalfArray(other) !== true)
    throw new TypeError(`${name}: ${what} must be a ${describe(array).split(' ')[0]} like x, got ${describe(other)}`);
  const same = halvesOf(other, array === undefined || isFloat16Array(other) ? undefined : dtype, name, what);
  const isArray = same?.array !== undefined;
  if (same === undefined || same.dtype !== dtype || isArray !== (array !== undefined)) {
    const got = other instanceof Tensor ? `a Tensor of ${other.dtype}` : describe(other);
    throw new TypeError(`${name}: ${what} must be ${dtype} like x, got ${got}`);
  }
  if (array !== undefined && same.parts.size !== x.parts.size)
    throw new RangeError(`${name}: ${what} has ${same.parts.size} elements but x has ${x.parts.size}`);
  if (!sameShape(same.parts.shape, x.parts.shape))
    throw new RangeError(
      `${name}: ${what} has shape ${shapeText(same.parts.shape)} but x has ${shapeText(x.parts.shape)}`,
    );
  return same.parts;
}
