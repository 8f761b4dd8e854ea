// Calls on few elements: on arrays, and on Tensors that are all of their memory, that need no further check and no message.
// Each gives its result, or undefined where it has done nothing: then operands.ts asks one thing after another.

import { type Chosen, chosenOf, type Elementwise } from '../activations/signatures.js';
import { mostFew, type Slice } from '../backends/backend.js';
import { backend } from '../backends/select.js';
import {
  bufferOf,
  byteOffset,
  dtypeOf,
  elementBytes,
  type FloatArray,
  isFloat32,
  isFloatArray,
  lengthOfPresent,
} from '../basics/floats.js';
import type { Given } from '../basics/options.js';
import { fewElements, spread } from '../tensor/copies.js';
import { isReadOnly } from '../tensor/foreign/layout.js';
import type { Marks } from '../tensor/foreign/masks.js';
import { isContiguous, sameShape, stretchesTo } from '../tensor/layouts/shape.js';
import { gather, liesIn, scatterTo } from '../tensor/layouts/walks.js';
import { isIntact } from '../tensor/members.js';
import { resultLike, Tensor, walkOf, wholeOf } from '../tensor/tensor.js';
import { areUsual, isZero, temperatureOf } from './conditions.js';
import { dimOf, slicesAt } from './dims.js';

/** y = f(x) of Tensors. */
export function mapFewOf(x: unknown, out: unknown, chosen: Chosen, exact: boolean): unknown {
  const from = elementsOf(x, 0);
  const into = from && placeOf(x, from, out);
  if (from === undefined || into === null) return undefined;
  return answered(x, out, into, backend.mapFew?.(from, into, chosen, exact));
}

/** y = grad * f'(x) of Tensors. */
export function mapGradFewOf(grad: unknown, x: unknown, out: unknown, chosen: Chosen, exact: boolean): unknown {
  const from = elementsOf(x, 0);
  const by = from && besideOf(x, grad);
  const into = by && placeOf(x, from, out, grad);
  if (by === undefined || into === null) return undefined;
  return answered(x, out, into, backend.mapGradFew?.(by, from, into, chosen, exact));
}

/** y = f(x), with any options. */
export function mapFew(of: Elementwise, name: string, x: unknown, given: Given): unknown {
  const exact = exactOf(given);
  const data = exact === undefined ? undefined : dataOf(x, given);
  if (data === undefined) return undefined;
  const chosen = chosenOf(of, given, data, name);
  if (data !== x) return mapFewOf(x, given.out, chosen, exact!);
  return backend.mapFew?.(x, given.out, chosen, exact!);
}

/** y = grad * f'(x), with any options. */
export function mapGradFew(of: Elementwise, name: string, grad: unknown, x: unknown, given: Given): unknown {
  const exact = exactOf(given);
  const data = exact === undefined ? undefined : dataOf(x, given);
  if (data === undefined) return undefined;
  const chosen = chosenOf(of, given, data, name);
  if (data !== x) return mapGradFewOf(grad, x, given.out, chosen, exact!);
  return backend.mapGradFew?.(grad, x, given.out, chosen, exact!);
}

/** y = f(x) by. */
export function gateFew(of: Elementwise, name: string, x: unknown, by: unknown, given: Given): unknown {
  const exact = exactOf(given);
  const data = exact === undefined ? undefined : dataOf(x, given);
  if (data === undefined) return undefined;
  const chosen = chosenOf(of, given, data, name);
  const { out } = given;
  if (data === x) return backend.gateFew?.(x, by, out, chosen, exact!);
  const from = elementsOf(x, 0);
  const other = from && besideOf(x, by);
  const into = other && placeOf(x, from, out, by);
  if (other === undefined || into === null) return undefined;
  return answered(x, out, into, backend.gateFew?.(from, other, into, chosen, exact!));
}

/** Shares along one dimension, the last where none is named. */
export function slicesFew(slice: Slice, name: string, x: unknown, out: unknown, dim: unknown, exact: boolean): unknown {
  if (isFloatArray(x)) {
    const count = lengthOfPresent(x);
    if (count > mostFew) return undefined;
    if (dim !== undefined) dimOf(dim, [count], name);
    return backend.slicesFew?.(x, out, slice, count, 1, exact);
  }
  const from = elementsOf(x, 0);
  const into = from && placeOf(x, from, out);
  if (from === undefined || into === null) return undefined;
  const { length, inner } = slicesAt(dim, (x as Tensor).shape, name);
  return answered(x, out, into, backend.slicesFew?.(from, into, slice, length, inner, exact));
}

/** The same at a temperature, negative for softmin, or under a mask. */
export function conditionedFew(
  slice: Slice,
  sign: number,
  name: string,
  x: unknown,
  given: Given,
  own: readonly unknown[],
  marks: Marks | undefined,
): unknown {
  const exact = exactOf(given);
  const dim = own[0];
  if (exact === undefined || typeof dim === 'object') return undefined;
  const isArray = isFloatArray(x);
  const from = isArray ? x : elementsOf(x, 0);
  const count = from === undefined ? 0 : lengthOfPresent(from);
  if (from === undefined || count === 0 || count > mostFew) return undefined;
  const shape = isArray ? [count] : (x as Tensor).shape;
  const { out } = given;
  const into = isArray ? out : placeOf(x, from, out);
  if (into === null || shape.length === 0) return undefined;
  const mask = marks && entriesOf(marks, from, x, shape);
  if (mask === null) return undefined;
  const { length, inner } = slicesAt(dim, shape, name);
  const t = temperatureOf(own[1], isFloat32(from), name);
  const under = { temperature: sign * t, mask, zero: isZero(own[3], name) };
  const others = areUsual(under) ? undefined : under;
  const y = backend.slicesFew?.(from, into, slice, length, inner, exact, others);
  return isArray ? y : answered(x, out, into as FloatArray | undefined, y);
}

/** A mask with an entry for each element of x: itself, or a copy that is broadcast; null of what others have to look at. */
function entriesOf(marks: Marks, from: FloatArray, x: unknown, shape: readonly number[]): Marks['data'] | null {
  if (liesLike(marks, from, x)) return marks.data;
  const count = lengthOfPresent(from);
  const { data } = marks;
  if (count > fewElements || !stretchesTo(marks.shape, shape)) return null;
  if (isFloatArray(data) && isFloat32(data) !== isFloat32(from)) return null;
  const room = isFloatArray(data) ? roomFor(from, count, 1) : flagRoom(count);
  spread(data, marks, shape, count, room);
  return room;
}

/** Whether a mask has its entries where x has its elements. */
function liesLike({ data, shape, strides, offset, isFlat }: Marks, elements: FloatArray, x: unknown): boolean {
  const count = lengthOfPresent(elements);
  if (offset !== 0 || lengthOfPresent(data) !== count) return false;
  if (isFlat || !(x instanceof Tensor)) return isFlat || (shape.length === 1 && shape[0] === count && strides[0] === 1);
  // Lists that are alike are often the same, and those that are frozen take V8 a call for each entry.
  if (shape === x.shape && strides === x.strides && x.packed) return true;
  return sameShape(shape, x.shape) && isContiguous({ shape, strides, offset });
}

/** Whether `exact` is asked for; undefined where something is given that others have to look at. */
export function exactOf({ precision }: Given): boolean | undefined {
  return precision === undefined || precision === 'fast' ? false : precision === 'exact' ? true : undefined;
}

/** An array of few elements, or the memory of a Tensor that has few; of the dtype of the options, where they have one. */
function dataOf(x: unknown, { dtype }: Given): FloatArray | undefined {
  const data = isFloatArray(x) ? x : x instanceof Tensor && x.size <= mostFew ? x.data : undefined;
  if (data === undefined || !isFloatArray(data) || (dtype !== undefined && dtype !== dtypeOf(data))) return undefined;
  return data !== x || lengthOfPresent(data) <= mostFew ? data : undefined;
}

// Where the elements of views go, an array for each number of them. Nothing runs between that and their use.
const rooms = [0, 1].map(() => ({
  float32: new Array<FloatArray | undefined>(fewElements + 1),
  float64: new Array<FloatArray | undefined>(fewElements + 1),
}));

function roomFor(like: FloatArray, count: number, place: number): FloatArray {
  const isSingle = isFloat32(like);
  const { float32, float64 } = rooms[place]!;
  const kept = isSingle ? float32 : float64;
  kept[count] ??= isSingle ? new Float32Array(count) : new Float64Array(count);
  return kept[count];
}

const flagRooms = new Array<Uint8Array | undefined>(fewElements + 1);
function flagRoom(count: number): Uint8Array {
  flagRooms[count] ??= new Uint8Array(count);
  return flagRooms[count];
}

/** The elements of a Tensor of few in row-major order: its memory where they are all of that, or a copy. */
function elementsOf(x: unknown, place: number): FloatArray | undefined {
  if (!(x instanceof Tensor) || x.size > mostFew) return undefined;
  const whole = wholeOf(x);
  if (whole !== undefined) return isFloatArray(whole) ? whole : undefined;
  if (x.size > fewElements || backend.mapFew === undefined) return undefined;
  const walk = walkOf(x);
  const { data } = x;
  if (walk === null || !liesIn(data, walk)) return undefined;
  const room = roomFor(data, x.size, place);
  gather(data, walk, room);
  return room;
}

/** The same of another operand, which has x's shape; its type is asked with that of the elements. */
function besideOf(x: unknown, other: unknown): FloatArray | undefined {
  const elements = elementsOf(other, 1);
  return elements && sameShape((x as Tensor).shape, (other as Tensor).shape) ? elements : undefined;
}

/**
 * What is filled for a Tensor x of these elements: undefined where there is no `out`, its memory where it is all of that, else memory
 * from where `answered` writes to it. Null where it is no Tensor that can be written in this way.
 */
function placeOf(x: unknown, elements: FloatArray, out: unknown, other = x): FloatArray | undefined | null {
  if (out === undefined) return undefined;
  const whole = wholeOf(out);
  if (!(out instanceof Tensor) || (whole === undefined && !isIntact(out))) return null;
  if (!sameShape((x as Tensor).shape, out.shape) || isReadOnly(out)) return null;
  if (liesOverPart(out, x as Tensor) || (other !== x && liesOverPart(out, other as Tensor))) return null;
  if (whole !== undefined) return whole;
  if (out.size > fewElements) return null;
  const walk = walkOf(out);
  if (walk === null || walk.overlaps || !liesIn(out.data, walk) || isFloat32(out.data) !== isFloat32(elements))
    return null;
  return roomFor(elements, out.size, 0);
}

/** Whether an `out` that is contiguous lies over a part of an operand that is, which is refused. */
function liesOverPart(out: Tensor, x: Tensor): boolean {
  if (!out.packed || !x.packed) return false;
  const bytes = elementBytes(x.data);
  const apart = Math.abs(byteOffset(out.data) - byteOffset(x.data) + (out.offset - x.offset) * bytes);
  return apart > 0 && apart < x.size * bytes && bufferOf(out.data) === bufferOf(x.data);
}

function answered(x: unknown, out: unknown, into: FloatArray | undefined, y: FloatArray | undefined): unknown {
  if (y === undefined) return undefined;
  if (out === undefined) return resultLike(x as Tensor, y);
  const { data } = out as Tensor;
  if (into !== data) scatterTo(y, data, walkOf(out as Tensor)!);
  return out;
}
