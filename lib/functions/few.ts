// Calls on few elements: on arrays, and on Tensors that are all of their memory, where nothing about them has to be looked at or told.
// Each gives its result, or undefined where it has done nothing: then operands.ts asks one thing after another.

import { type Chosen, chosenOf, type Elementwise } from '../activations/signatures.js';
import { mostFew, type Slice } from '../backends/backend.js';
import { backend } from '../backends/select.js';
import { type FloatArray, isFloatArray, lengthOfPresent } from '../basics/floats.js';
import type { Given } from '../basics/options.js';
import { isReadOnly } from '../tensor/foreign/layout.js';
import { sameShape } from '../tensor/shape.js';
import { resultLike, type Tensor, wholeOf } from '../tensor/tensor.js';
import { dimOf } from './dims.js';

type Few = unknown;

/** y = f(x) of Tensors. */
export function mapFewOf(x: unknown, out: unknown, chosen: Chosen, exact: boolean): Few {
  const from = wholeOf(x);
  const into = from && placeOf(x, out);
  if (from === undefined || into === null) return undefined;
  return answered(x, out, backend.mapFew?.(from, into, chosen, exact));
}

/** y = grad * f'(x) of Tensors. */
export function mapGradFewOf(grad: unknown, x: unknown, out: unknown, chosen: Chosen, exact: boolean): Few {
  const from = wholeOf(x);
  const by = from && placeOf(x, grad);
  const into = from && placeOf(x, out);
  if (from === undefined || by == null || into === null) return undefined;
  return answered(x, out, backend.mapGradFew?.(by, from, into, chosen, exact));
}

/** y = f(x), with any options. */
export function mapFew(of: Elementwise, name: string, x: unknown, given: Given): Few {
  const exact = exactOf(given);
  const data = exact === undefined ? undefined : dataOf(x);
  if (data === undefined) return undefined;
  const chosen = chosenOf(of, given, data, name);
  if (data !== x) return mapFewOf(x, given.out, chosen, exact!);
  return backend.mapFew?.(x, given.out, chosen, exact!);
}

/** y = grad * f'(x), with any options. */
export function mapGradFew(of: Elementwise, name: string, grad: unknown, x: unknown, given: Given): Few {
  const exact = exactOf(given);
  const data = exact === undefined ? undefined : dataOf(x);
  if (data === undefined) return undefined;
  const chosen = chosenOf(of, given, data, name);
  if (data !== x) return mapGradFewOf(grad, x, given.out, chosen, exact!);
  return backend.mapGradFew?.(grad, x, given.out, chosen, exact!);
}

/** y = f(x) by. */
export function gateFew(of: Elementwise, name: string, x: unknown, by: unknown, given: Given): Few {
  const exact = exactOf(given);
  const data = exact === undefined ? undefined : dataOf(x);
  if (data === undefined) return undefined;
  const chosen = chosenOf(of, given, data, name);
  if (data === x) return backend.gateFew?.(x, by, given.out, chosen, exact!);
  const other = placeOf(x, by);
  const into = placeOf(x, given.out);
  if (other == null || into === null) return undefined;
  return answered(x, given.out, backend.gateFew?.(data, other, into, chosen, exact!));
}

/** Shares along one dimension, the last where none is named. */
export function slicesFew(slice: Slice, name: string, x: unknown, out: unknown, dim: unknown, exact: boolean): Few {
  const data = dataOf(x);
  if (data === undefined) return undefined;
  if (data === x) {
    const count = lengthOfPresent(data);
    if (dim !== undefined) dimOf(dim, [count], name);
    return backend.slicesFew?.(x, out, slice, count, 1, exact);
  }
  const into = placeOf(x, out);
  if (into === null) return undefined;
  const { shape } = x as Tensor;
  const at = dim === undefined ? shape.length - 1 : dimOf(dim, shape, name);
  let inner = 1;
  for (let i = shape.length - 1; i > at; i--) inner *= shape[i]!;
  return answered(x, out, backend.slicesFew?.(data, into, slice, shape[at] ?? 1, inner, exact));
}

/** Whether `exact` is asked for; undefined where something is given that others have to look at. */
export function exactOf({ precision, dtype }: Given): boolean | undefined {
  if (dtype !== undefined) return undefined;
  return precision === undefined || precision === 'fast' ? false : precision === 'exact' ? true : undefined;
}

/** An array, or the memory of a Tensor that is all of it, of few elements. */
function dataOf(x: unknown): FloatArray | undefined {
  const data = isFloatArray(x) ? x : wholeOf(x);
  return data === undefined || lengthOfPresent(data) > mostFew ? undefined : data;
}

/** The memory of an operand besides the Tensor x, undefined where there is none; null where it is not all of a Tensor of x's shape. */
function placeOf(x: unknown, other: unknown): FloatArray | undefined | null {
  if (other === undefined) return undefined;
  const data = wholeOf(other);
  if (data === undefined || !sameShape((x as Tensor).shape, (other as Tensor).shape) || isReadOnly(other)) return null;
  return data;
}

const answered = (x: unknown, out: unknown, y: FloatArray | undefined): Few =>
  y === undefined ? undefined : (out ?? resultLike(x as Tensor, y));
