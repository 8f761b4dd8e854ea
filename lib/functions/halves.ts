// Calls on numbers of 16 bits: a Tensor of float16 or bfloat16, a Float16Array, or a Uint16Array with the option `dtype`.
import { shapeText } from '../basics/allocate.js';
import { checkPrecision, checkPresent, isThere } from '../basics/checks.js';
import { counted, describe, inNameOf, naming } from '../basics/errors.js';
import {
  byteOffset,
  type Data,
  type DType,
  dtypeOf,
  type FloatArray,
  type HalfArray,
  type HalfDType,
  isFloatArray,
  lengthOf,
  shareMemory,
  typeName,
} from '../basics/floats.js';
import { isFloat16Array, isHalfArray, isHalfDType, newBits, ofBits } from '../basics/halves.js';
import type { Given } from '../basics/options.js';
import { copyBitsInto } from '../tensor/copies.js';
import { anyTensor, readForeign } from '../tensor/foreign/as-tensor.js';
import { dtypeAdvice, meantDType } from '../tensor/foreign/dtypes.js';
import { isReadOnly } from '../tensor/foreign/layout.js';
import { asDType, asFloats, contiguousBits, ofHalves } from '../tensor/halves.js';
import { mayMeet, overlapsItself } from '../tensor/layouts/overlaps.js';
import { checkPlace, type Parts, sameShape } from '../tensor/layouts/shape.js';
import { isIntact } from '../tensor/members.js';
import { Tensor, wholeOf } from '../tensor/tensor.js';
import type { Answer, Input } from './operands.js';

/** Numbers of 16 bits and what they are; where they came without a shape, `array` is what they came in. */
interface Halves {
  readonly parts: Parts<Data>;
  readonly dtype: HalfDType;
  readonly array: HalfArray | undefined;
}

/** The bits of a call, checked. */
export interface HalfCall {
  readonly dtype: HalfDType;
  readonly shape: readonly number[];
  readonly x: Uint16Array;
  readonly other: Uint16Array | undefined;
  readonly y: Uint16Array;
  /** What the call returns, once y is filled. */
  finish(): Answer;
}

/** x as numbers of 16 bits, of which bits that do not say it have a dtype; undefined where it is something else. */
export function halvesOf(x: unknown, dtype: unknown, name: string, what = 'x'): Halves | undefined {
  if (isHalfArray(x)) {
    if (dtype === undefined && !isFloat16Array(x))
      throw new TypeError(
        `${name}: ${what} is a Uint16Array; say of which numbers: { dtype: 'float16' } or { dtype: 'bfloat16' }`,
      );
    const own = dtype === undefined ? 'float16' : dtype;
    if (isFloat16Array(x) && own !== 'float16')
      throw new TypeError(`${name}: dtype must be that of ${what}, 'float16', got ${describe(dtype)}`);
    if (!isHalfDType(own))
      throw new TypeError(
        `${name}: dtype must be 'float16' or 'bfloat16' for ${what}, ${describe(x)}, got ${describe(dtype)}${dtypeAdvice(dtype, ['float16', 'bfloat16'])}`,
      );
    if (lengthOf(x as Uint16Array) === 0) checkPresent(x, `${name}: ${what}`);
    return { parts: anyTensor(x, own, what, name), dtype: own, array: x };
  }
  const like = readForeign(x, dtype, what, name);
  if (!(like instanceof Tensor)) return undefined;
  const tensor = anyTensor(like, undefined, what, name);
  return tensor.half === undefined ? undefined : { parts: tensor, dtype: tensor.half, array: undefined };
}

/** The same of the input whose dtype the option is, also where that is floats. */
export function givenHalves(x: unknown, dtype: unknown, name: string, what?: string): Halves | undefined {
  const halves = halvesOf(x, dtype, name, what);
  if (dtype !== undefined && halves?.dtype !== dtype) checkDTypeOf(halves?.parts ?? x, dtype, name, what);
  return halves;
}

/** The call of x, and of another input where there is to be one; undefined where x is no numbers of 16 bits. */
export function halfCall(
  name: string,
  x: unknown,
  { out, dtype }: Given,
  hasOther = false,
  other?: unknown,
  word = 'grad',
): HalfCall | undefined {
  const whole = hasOther || dtype !== undefined ? undefined : wholeCall(name, x, out);
  if (whole !== undefined) return whole;
  const from = givenHalves(x, dtype, name);
  if (from === undefined) return undefined;
  const second = hasOther ? likeX(from, other, word, name) : undefined;
  const into = out === undefined ? undefined : writable(out, likeX(from, out, 'out', name), name);
  let what = 'x';
  let bits: Uint16Array;
  let otherBits: Uint16Array | undefined;
  let own: Uint16Array | undefined;
  try {
    bits = contiguousBits(from.parts);
    what = word;
    otherBits = second && contiguousBits(second);
    what = 'out';
    if (into?.packed) own = contiguousBits(into);
    else if (into !== undefined) checkPlace(into);
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
  // A part of an input would be written before it was read.
  const isOwn = own !== undefined && isApart(bits, own) && (otherBits === undefined || isApart(otherBits, own));
  const y = isOwn ? own! : newBits(from.dtype, lengthOf(bits), name, from.parts.shape);
  return {
    dtype: from.dtype,
    shape: from.parts.shape,
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

/** The call of a Tensor that is all of its memory, and of such an `out`, where there is no more to ask; undefined of others. */
function wholeCall(name: string, x: unknown, out: unknown): HalfCall | undefined {
  if (!(x instanceof Tensor)) return undefined;
  if (out !== undefined && !(out instanceof Tensor && out.half === x.half && !isReadOnly(out))) return undefined;
  const { shape, size } = x;
  if (out !== undefined && !sameShape(out.shape, shape)) return undefined;
  const bits = wholeBits(x);
  const own = out && wholeBits(out);
  if (bits === undefined || (out !== undefined && own === undefined)) return undefined;
  // What begins apart may overlap.
  if (own !== undefined && byteOffset(own) !== byteOffset(bits)) return undefined;
  const dtype = x.half!;
  const y = own ?? newBits(dtype, size, name, shape);
  const finish = () => ({ result: out ?? new Tensor(ofHalves(y, x)), source: x.data, target: y });
  return { dtype, shape, x: bits, other: undefined, y, finish };
}

/** The memory of a Tensor of 16 bits that is all of it. */
function wholeBits(x: Tensor<DType>): Uint16Array | undefined {
  const data: unknown = x.half === undefined ? undefined : wholeOf(x);
  if (typeName(data) !== 'Uint16Array') return undefined;
  return isThere(data as Uint16Array, x.size) ? (data as Uint16Array) : undefined;
}

/** Whether y is the input itself, or shares no memory with it. What begins and ends alike is either: to ask for a buffer is slow. */
const isApart = (input: Uint16Array, y: Uint16Array) =>
  (byteOffset(input) === byteOffset(y) && lengthOf(input) === lengthOf(y)) || !shareMemory(input, y);

/** Another input, or an output: of the dtype of x, which messages call `first`, and like it a Tensor or an array. */
function alike({ array, dtype }: Halves, other: unknown, what: string, name: string, first = 'x'): Parts<Data> {
  const said = isFloat16Array(other) || other instanceof Tensor ? undefined : dtype;
  const same = halvesOf(other, said, name, what);
  if (same?.dtype === dtype && (same.array === undefined) === (array === undefined)) return same.parts;
  const wanted = `a ${array === undefined ? 'Tensor' : typeName(array)} of ${dtype} like ${first}`;
  const own = other instanceof Tensor ? other.dtype : same?.array === undefined ? same?.dtype : undefined;
  const got = own === undefined ? describe(other) : `${describe(other)} of ${own}`;
  throw new TypeError(`${name}: ${what} must be ${wanted}, got ${got}`);
}

/** The same of its shape. */
function likeX(x: Halves, other: unknown, what: string, name: string): Parts<Data> {
  const same = alike(x, other, what, name);
  if (x.array !== undefined && same.size !== x.parts.size)
    throw new RangeError(`${name}: ${what} has ${counted(same.size, 'element')} but x has ${x.parts.size}`);
  if (!sameShape(same.shape, x.parts.shape))
    throw new RangeError(`${name}: ${what} has shape ${shapeText(same.shape)} but x has ${shapeText(x.parts.shape)}`);
  return same;
}

function writable(out: unknown, into: Parts<Data>, name: string): Parts<Data> {
  if (isReadOnly(out)) throw new TypeError(`${name}: out is marked READONLY`);
  if (!into.packed && overlapsItself(into))
    throw new RangeError(
      `${name}: out has strides ${shapeText(into.strides)}: several elements are one place in memory`,
    );
  return into;
}

/** Whether a call may be one on numbers of 16 bits, or says what its numbers are. */
export const mayBeHalf = (x: unknown, { dtype }: Pick<Given, 'dtype'>): boolean =>
  dtype !== undefined || !(x instanceof Tensor ? x.half === undefined : isFloatArray(x));

/**
 * What has no kernels of its own for numbers of 16 bits: computed as float32, precisely, and then rounded to them; within 0.501 units in
 * the last place. `compute` gets the inputs, the first of which is x, as floats of the same kind. Undefined where x is something else.
 */
export function throughFloats(
  name: string,
  inputs: readonly unknown[],
  words: readonly string[],
  given: Given,
  compute: (inputs: readonly Input[], given: Given) => Pick<Answer, 'result'>,
): Answer | undefined {
  const through = (floats: readonly Input[], given: Given) => [compute(floats, given).result];
  return allThroughFloats(name, inputs, words, given, [given.out], through)?.[0];
}

/** The same of several results, each with an output where there is one. */
export function allThroughFloats(
  name: string,
  inputs: readonly unknown[],
  words: readonly string[],
  given: Given,
  outs: readonly unknown[],
  compute: (inputs: readonly Input[], given: Given) => readonly unknown[],
): readonly Answer[] | undefined {
  const from = givenHalves(inputs[0], given.dtype, name, words[0]);
  if (from === undefined) return undefined;
  const { array, dtype, parts } = from;
  const all = inputs.map((input, i) => (i === 0 ? parts : alike(from, input, words[i]!, name, words[0])));
  const into = outs.map((out) =>
    out === undefined ? undefined : writable(out, alike(from, out, 'out', name, words[0]), name),
  );
  const [first, second] = into;
  if (first !== undefined && second !== undefined) checkApart(first, second, name);
  checkPrecision(given.precision, name);
  // A mask that is added, or slopes. One that is no longer what it was made is refused where it is read.
  const widened = (option: unknown) =>
    option instanceof Tensor && option.half !== undefined && isIntact(option)
      ? naming(name, () => new Tensor(asFloats(option)))
      : option;
  const floats = all.map((part, i) => {
    const wide = naming(`${name}: ${words[i]}`, () => asFloats(part));
    return array === undefined ? new Tensor(wide) : wide.data;
  });
  // Of a number no bits are lost.
  const tensorOf = (result: unknown) =>
    typeof result === 'number' ? new Tensor(Float64Array.of(result), { shape: [] }) : new Tensor(result as FloatArray);
  const results = compute(floats, { out: undefined, precision: 'exact', own: given.own.map(widened) });
  const rounded = results.map((result) =>
    asDType(result instanceof Tensor ? result : tensorOf(result), dtype, parts.data as HalfArray),
  );
  // All of them before one is written.
  for (const [i, { shape }] of rounded.entries()) {
    const target = into[i];
    if (target === undefined) continue;
    if (!sameShape(target.shape, shape))
      throw new RangeError(`${name}: out has shape ${shapeText(target.shape)} but the result has ${shapeText(shape)}`);
    naming(`${name}: out`, () => checkPlace(target));
  }
  return rounded.map((result, i) => {
    const target = into[i] ?? result;
    if (into[i] !== undefined) copyBitsInto(into[i], contiguousBits(result));
    const made = () => (array === undefined ? new Tensor(result) : result.data);
    const own = typeof results[i] === 'number' ? new Tensor(result).item() : (outs[i] ?? made());
    return { result: own, source: parts.data, target: target.data };
  });
}

/** Asserts that two results do not overlap. */
export function checkApart(first: Parts<Data>, second: Parts<Data>, name: string): void {
  if (mayMeet(first, second)) throw new RangeError(`${name}: the two results share memory; each needs its own`);
}

/** Asserts that numbers have the dtype that was given. */
export function checkDTypeOf(x: unknown, dtype: unknown, name: string, what = 'x'): void {
  const own = isFloatArray(x) ? dtypeOf(x) : anyTensor(x, undefined, what, name).dtype;
  if (dtype === own) return;
  const meant = meantDType(dtype);
  const help = meant === undefined || meant === own ? dtypeAdvice(dtype) : '; to() of a Tensor converts';
  throw new TypeError(`${name}: dtype must be that of ${what}, '${own}', got ${describe(dtype)}${help}`);
}
