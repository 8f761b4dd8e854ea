// Softmax as people use it: over one dimension or several, at a temperature, of what a mask leaves, forward and backward.

import type { Conditions, Slice } from '../backends/backend.js';
import { backend } from '../backends/select.js';
import { allocate } from '../basics/allocate.js';
import { checkPrecision } from '../basics/checks.js';
import { inNameOf } from '../basics/errors.js';
import { dtypeOf, type FloatArray, isFloat32, isFloatArray, lengthOf } from '../basics/floats.js';
import { named } from '../basics/named.js';
import { afterDim, type Given, givenOf, isAlone, ofCalls, outAlone, readOptions, tooMany } from '../basics/options.js';
import { contiguousData, copyInto } from '../tensor/copies.js';
import { readForeign } from '../tensor/foreign/as-tensor.js';
import type { Marks, Mask } from '../tensor/foreign/masks.js';
import { listed, Parts } from '../tensor/layouts/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { areUsual, isZero, temperatureOf } from './conditions.js';
import { dimOf, dimsOf, slicesAt } from './dims.js';
import { conditionedFew, exactOf, slicesFew } from './few.js';
import type { Options, Out, Result } from './functions.js';
import { type HalfCall, halfCall, mayBeHalf, throughFloats } from './halves.js';
import { type Arrangement, fitted, marksOf, maskFor } from './masks.js';
import { type Answer, answerOf, finished, type Input, type Operands, operands, resultArray } from './operands.js';

export interface SoftmaxOptions<X extends Input = Input, O extends Out<X> = Out<X>> extends Options<X, O> {
  /** The dimension along which it is taken, or several that are taken as one; shares sum to 1. Negative counts from the end. Default -1. */
  readonly dim?: number | readonly number[] | undefined;
  /** What x is divided by, finite and above 0. Default 1. */
  readonly temperature?: number | undefined;
  /**
   * Broadcast to x. Booleans, and numbers of an integer type, keep an entry where they are `true` or not 0, as in PyTorch's attention
   * and unlike `maskedFill`, which fills there. Floats of x's dtype are added to x / temperature, and -Infinity masks. Masked entries
   * have share 0 and gradient 0, as long as their slice is not NaN.
   */
  readonly mask?: SoftmaxMask | undefined;
  /** What a slice gets of which no entry is left: `'nan'` (default), or `'zero'` for shares and gradients of 0. */
  readonly empty?: 'nan' | 'zero' | undefined;
}

/** A list of booleans, or what `maskedFill` takes but for lists of numbers, which could be of either kind. */
export type SoftmaxMask = readonly NestedBooleans[] | Exclude<Mask, readonly unknown[]>;
type NestedBooleans = boolean | readonly NestedBooleans[];

/** A function over dimensions. */
export type SliceName = Slice | 'softmin';

/** What a function over dimensions takes of its own, and its gradient. */
export const sliceOptions = ['dim', 'temperature', 'mask', 'empty'] as const;

/** Softmax, its logarithm or softmin along dimensions. */
export function slices(what: SliceName, name: string, x: Input, given: Given, own = given.own): Answer {
  const exact = exactOfPlain(what, given, own);
  const few = exact === undefined ? undefined : slicesFew(what as Slice, name, x, given.out, own[0], exact);
  return few === undefined ? slicesAny(what, name, x, given, exact, own) : answerOf(x, few);
}

/** What exactOf says of a call for which there is nothing but a dimension; undefined of others. */
const exactOfPlain = (what: SliceName, given: Given, own: readonly unknown[]): boolean | undefined =>
  what === 'softmin' || !isPlain(own) || given.dtype !== undefined ? undefined : exactOf(given);

/** Not by spreading, which takes V8 300 ns. */
const withOwn = (given: Given, own: Given['own']): Given =>
  own === given.own ? given : { out: given.out, precision: given.precision, dtype: given.dtype, own };

/** `exact` is what exactOfPlain says. */
function slicesAny(
  what: SliceName,
  name: string,
  input: Input,
  given: Given,
  exact: boolean | undefined,
  own = given.own,
): Answer {
  const x = readForeign(input, given.dtype, 'x', name);
  const half = mayBeHalf(x, given)
    ? (plainHalves(what, name, x, given, own) ??
      throughFloats(name, [x], ['x'], withOwn(given, own), ([x], given) => slicesOfFloats(what, name, x!, given)))
    : undefined;
  if (half !== undefined) return half;
  if (exact === undefined) {
    const marks = marksOf(own[2], name);
    const slice = what === 'softmin' ? 'softmax' : what;
    const few = conditionedFew(slice, what === 'softmin' ? -1 : 1, name, x, given, own, marks);
    return few === undefined ? slicesOfFloats(what, name, x, given, own, marks) : answerOf(x, few);
  }
  const few = x === input ? undefined : slicesFew(what as Slice, name, x, given.out, own[0], exact);
  return few === undefined ? slicesOfFloats(what, name, x, given, own) : answerOf(x, few);
}

/** A call on numbers of 16 bits for which there is nothing but a dimension. */
function plainHalves(
  what: SliceName,
  name: string,
  x: Input,
  given: Given,
  own: readonly unknown[],
  hasOther = false,
  other?: unknown,
): Answer | undefined {
  if (what === 'softmin' || !isPlain(own)) return undefined;
  const call = halfCall(name, x, given, hasOther, other);
  if (call === undefined) return undefined;
  checkPrecision(given.precision, name);
  const { shape, dtype } = call;
  const { length, inner } = slicesAt(own[0], shape, name);
  try {
    if (lengthOf(call.x) === 0) return call.finish();
    if (backend.halfSlices !== undefined) backend.halfSlices(call.other, call.x, call.y, dtype, what, length, inner);
    else halfSlicesAsFloats(call, what, length, inner);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return call.finish();
}

/** The same by a backend that has them of floats alone. */
function halfSlicesAsFloats({ other, x, y, dtype }: HalfCall, slice: Slice, length: number, inner: number): void {
  const floatsOf = (bits: Uint16Array) => {
    const floats = allocate('float32', lengthOf(bits));
    backend.convert(bits, dtype, floats, 'float32');
    return floats;
  };
  const floats = floatsOf(x);
  if (other === undefined) backend.slices(floats, floats, slice, length, inner, true);
  else backend.slicesGrad(floatsOf(other), floats, floats, slice, length, inner, true);
  backend.convert(floats, 'float32', y, dtype);
}

/** The same where x is known to be floats. */
export function slicesOfFloats(
  what: SliceName,
  name: string,
  x: Input,
  given: Given,
  own = given.own,
  marks = marksOf(own[2], name),
): Operands {
  const exact = checkPrecision(given.precision, name);
  if (what === 'softmin' || !isPlain(own)) {
    const dim = listed(own[0]);
    return conditioned(what, name, operands(name, x, given.out), dim, marks, own, exact);
  }
  const call = operands(name, x, given.out);
  const shape = call.shape ?? [call.count];
  const { at, length, inner } = slicesAt(own[0], shape, name);
  if (call.strided !== undefined) call.strided.computeSlices(what, at, exact);
  else shares(what, name, call.x, call.y, length, inner, exact, call.fresh);
  return finished(call);
}

/** The shares of slices of [outer, length, inner]. */
function shares(
  what: Slice,
  name: string,
  x: FloatArray,
  y: FloatArray,
  length: number,
  inner: number,
  exact: boolean,
  fresh: boolean,
): void {
  try {
    if (lengthOf(y) > 0) backend.slices(x, y, what, length, inner, exact, fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
}

/** The shares of an array, which is one slice. */
function sharesOfArray(what: Slice, x: FloatArray, { out, own, precision }: Given): FloatArray {
  const exact = checkPrecision(precision, what);
  const y = resultArray(what, x, out);
  const count = lengthOf(y);
  if (own.length > 0) dimOf(own[0], [count], what);
  shares(what, what, x, y, count, 1, exact, out === undefined);
  return y;
}

export function slicesGrad(
  what: SliceName,
  name: string,
  grad: unknown,
  input: Input,
  given: Given,
  own = given.own,
): Answer {
  const x = readForeign(input, given.dtype, 'x', name);
  const half = mayBeHalf(x, given)
    ? (plainHalves(what, name, x, given, own, true, grad) ??
      throughFloats(name, [x, grad], ['x', 'grad'], withOwn(given, own), ([x, grad], given) =>
        slicesGradOfFloats(what, name, grad, x!, given),
      ))
    : undefined;
  return half ?? slicesGradOfFloats(what, name, grad, x, given, own);
}

/** The same where x is known to be floats. */
export function slicesGradOfFloats(
  what: SliceName,
  name: string,
  grad: unknown,
  x: Input,
  given: Given,
  own = given.own,
): Operands {
  const exact = checkPrecision(given.precision, name);
  if (what === 'softmin' || !isPlain(own)) {
    const [dim, marks] = [listed(own[0]), marksOf(own[2], name)];
    return conditioned(what, name, operands(name, x, given.out, true, grad), dim, marks, own, exact);
  }
  const call = operands(name, x, given.out, true, grad);
  const shape = call.shape ?? [call.count];
  const { at, length, inner } = slicesAt(own[0], shape, name);
  if (call.strided !== undefined) {
    call.strided.computeSlices(what, at, exact);
    return finished(call);
  }
  try {
    if (call.count > 0) backend.slicesGrad(call.other!, call.x, call.y, what, length, inner, exact, call.fresh);
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

/** Whether there is nothing but a dimension. Entries beyond the last would take V8 longer to look for. */
function isPlain(own: readonly unknown[]): boolean {
  const { length } = own;
  if (length === 0) return true;
  for (let i = 1; i < length; i++) if (own[i] !== undefined) return false;
  return typeof own[0] !== 'object';
}

/** The value of a call, or its gradient where there is another operand. */
function conditioned(
  what: SliceName,
  name: string,
  call: Operands,
  dim: unknown,
  given: Marks | undefined,
  [, temperature, , empty]: readonly unknown[],
  exact: boolean,
): Operands {
  const shape = call.shape ?? [call.count];
  const dims = dimsOf(dim, shape, name);
  // Of a single number, whose shape has no dimension, the slice is it.
  const sizes = shape.length === 0 ? [1] : shape;
  const t = temperatureOf(temperature, isFloat32(call.x), name);
  const zero = isZero(empty, name);
  const marks = given && fitted(given, call.x, sizes, name);
  if (call.count === 0) return finished(call);
  const order = arrangementOf(dims, sizes.length);
  const conditions: Conditions = {
    temperature: what === 'softmin' ? -t : t,
    mask: marks === undefined ? undefined : maskFor(marks, call.y, sizes, order, name),
    zero,
  };
  const slice = what === 'softmin' ? 'softmax' : what;
  const length = sizeAlong(sizes, order.along);
  const inner = sizeAlong(sizes, order.inner);
  const compute = (x: FloatArray, grad: FloatArray | undefined, y: FloatArray, fresh: boolean): void => {
    if (!areUsual(conditions)) backend.conditioned(grad, x, y, slice, length, inner, conditions, exact, fresh);
    else if (grad === undefined) backend.slices(x, y, slice, length, inner, exact, fresh);
    else backend.slicesGrad(grad, x, y, slice, length, inner, exact, fresh);
  };
  try {
    if (order.isInOrder) compute(call.x, call.other, call.y, call.fresh);
    else {
      const rows = (data: FloatArray) => new Tensor(new Parts(data, sizes)).permute([...order.outer, ...order.along]);
      const y = allocate(dtypeOf(call.x), call.count, name);
      compute(contiguousData(rows(call.x)), call.other && contiguousData(rows(call.other)), y, true);
      copyInto(rows(call.y), y);
    }
  } catch (error) {
    throw inNameOf(name, error);
  }
  return finished(call);
}

function sizeAlong(sizes: readonly number[], dims: readonly number[]): number {
  let size = 1;
  for (let i = 0; i < dims.length; i++) size *= sizes[dims[i]!]!;
  return size;
}

// Of one dimension, by the rank and the dimension: each is made once.
const ofOne: Arrangement[][] = [];

function arrangementOf(dims: readonly number[], rank: number): Arrangement {
  if (dims.length > 1) return arranged(dims, rank);
  ofOne[rank] ??= Array.from({ length: rank }, (_, dim) => arranged([dim], rank));
  return ofOne[rank][dims[0]!]!;
}

/** Neighbouring dimensions stay where they are; others become the last ones. */
function arranged(dims: readonly number[], rank: number): Arrangement {
  const [first, last] = [dims[0]!, dims.at(-1)!];
  const rest = Array.from({ length: rank }, (_, dim) => dim).filter((dim) => !dims.includes(dim));
  const isApart = last - first >= dims.length;
  const outer = isApart ? rest : rest.filter((dim) => dim < first);
  const inner = isApart ? [] : rest.filter((dim) => dim > last);
  const isInOrder = [...outer, ...dims, ...inner].every((dim, place) => dim === place);
  return { outer, along: dims, inner, isInOrder };
}

/** A function over dimensions, and its gradient. */
export type Slices = <X extends Input, O extends Out<X> = undefined>(
  x: X,
  options?: SoftmaxOptions<X, O> | number,
) => Result<X, O>;
export type SlicesGradient = <X extends Input, O extends Out<X> = undefined>(
  grad: Input,
  x: X,
  options?: SoftmaxOptions<X, O> | number,
) => Result<X, O>;

export function alongDim(what: SliceName): Slices {
  return named(what, (x: Input, options: unknown, more: unknown) => {
    if (more !== undefined) throw tooMany(more, what, 'x', afterDim(options, more, [...sliceOptions, ...ofCalls]));
    const out = outAlone(options);
    if (isAlone(out) && what !== 'softmin') {
      const few = slicesFew(what, what, x, out, undefined, false);
      if (few !== undefined) return few;
    }
    const given = givenOf(out, options, what, sliceOptions);
    if (what !== 'softmin' && isFloatArray(x) && given.dtype === undefined && isPlain(given.own))
      return sharesOfArray(what, x, given);
    const exact = exactOfPlain(what, given, given.own);
    // What says nothing but `out` has been tried as few.
    const few =
      isAlone(out) || exact === undefined
        ? undefined
        : slicesFew(what as Slice, what, x, given.out, given.own[0], exact);
    return few ?? slicesAny(what, what, x, given, exact).result;
  }) as Slices;
}

export function alongDimGradient(what: SliceName): SlicesGradient {
  const name = `${what}Grad`;
  return named(name, (grad: unknown, x: Input, options: unknown, more: unknown) => {
    if (more !== undefined)
      throw tooMany(more, name, 'grad, x', afterDim(options, more, [...sliceOptions, ...ofCalls]));
    return slicesGrad(what, name, grad, x, readOptions(options, name, sliceOptions, undefined, true)).result;
  }) as SlicesGradient;
}
