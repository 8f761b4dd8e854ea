// Copies of what a layout shows. Of few elements by a loop that makes nothing, as to begin a call would take longer.
import { copyRuns } from '../backends/copies.js';
import { backend } from '../backends/select.js';
import { allocate, duplicate } from '../basics/allocate.js';
import { type Data, dtypeOf, type FloatArray, type HalfArray, isFloatArray, lengthOf, part } from '../basics/floats.js';
import { bitsOf } from '../basics/halves.js';
import { mergeRuns } from './layouts/runs.js';
import {
  broadcastStrides,
  checkPlace,
  checkReach,
  contiguousStrides,
  type Layout,
  type Parts,
  sizeOf,
} from './layouts/shape.js';
import { gather, gatherIntegers, type Rows } from './layouts/walks.js';
import type { Nested } from './lists.js';

/**
 * Up to so many elements are few. ns per relu of a transposed Tensor on Zen 4, by a loop and by a call, `npm run bench:forms -- --size 16`
 * and so on: of 12 x 12 378 and 755, of 16 x 16 528 and 694, of 20 x 20 767 and 814.
 */
export const fewElements = 256;

/** A fresh, contiguous copy of x, for the function `name`. */
export function copyOf(x: Parts, name?: string): FloatArray {
  checkPlace(x);
  const { data, shape, size, offset } = x;
  if (x.packed && size > 0 && size === lengthOf(data)) return duplicate(data, name, shape);
  if (x.packed && size > fewElements) return duplicate(part(data, offset, size), name, shape);
  const copy = allocate(dtypeOf(data), size, name, shape);
  spread(data, x, shape, size, copy);
  return copy;
}

type Elements = FloatArray | Uint8Array | Uint16Array;

/** Copies what lies in a layout, broadcast to a shape with so many elements, to the first elements of an array, in row-major order. */
export function spread(data: Elements, layout: Layout, shape: readonly number[], size: number, target: Elements): void {
  if (size <= fewElements) {
    if (size === 0) return;
    if (shape.length > 2) spreadFew(data, layout, layout.offset, shape, 0, target, 0);
    else gatherRows(data, rowsOf(layout, shape), target, 0);
    return;
  }
  const runs = mergeRuns(shape, [broadcastStrides(layout, shape), contiguousStrides(shape)])!;
  if (isFloatArray(data) && isFloatArray(target)) backend.copy(data, layout.offset, target, 0, runs);
  else copyRuns(data, layout.offset, target, 0, runs);
}

/** The same for the dimensions from `dim` on, from one place to another; the place after the last. */
function spreadFew(
  data: Elements,
  layout: Layout,
  from: number,
  shape: readonly number[],
  dim: number,
  target: Elements,
  to: number,
): number {
  const rank = shape.length;
  if (rank - dim <= 2) return gatherRows(data, rowsBehind(dim, layout, from, shape), target, to);
  const step = stepOf(layout, dim, rank);
  let end = to;
  for (let k = 0; k < shape[dim]!; k++) end = spreadFew(data, layout, from + k * step, shape, dim + 1, target, end);
  return end;
}

const gatherRows = (data: Elements, rows: Rows, target: Elements, to: number): number =>
  isFloatArray(data)
    ? gather(data, rows, target as FloatArray, to)
    : gatherIntegers(data, rows, target as Uint8Array | Uint16Array, to);

/** The rows of the last two dimensions at most, those from `dim` on. */
function rowsBehind(dim: number, layout: Layout, offset: number, shape: readonly number[]): Rows {
  const rank = shape.length;
  return {
    rows: rank - dim > 1 ? shape[dim]! : 1,
    columns: rank > dim ? shape[rank - 1]! : 1,
    rowStep: rank - dim > 1 ? stepOf(layout, dim, rank) : 0,
    step: rank > dim ? stepOf(layout, rank - 1, rank) : 0,
    offset,
  };
}

/** The rows of a layout in a shape `to` of two dimensions at most. */
interface KeptRows extends Pick<Layout, 'shape' | 'strides'> {
  readonly to: readonly number[];
  readonly found: Rows;
}

let last: KeptRows | undefined;

/** Kept for the next call: V8 reads frozen lists, such as shape and strides, by a call for each entry. */
function rowsOf(layout: Layout, to: readonly number[]): Rows {
  const { shape, strides, offset } = layout;
  if (last !== undefined && to === last.to && shape === last.shape && strides === last.strides) {
    const { rows, columns, rowStep, step } = last.found;
    return { rows, columns, rowStep, step, offset };
  }
  const found = rowsBehind(0, layout, offset, to);
  // Of a copy of the members of a Tensor they may be lists that change.
  if (Object.isFrozen(to) && Object.isFrozen(shape) && Object.isFrozen(strides)) last = { shape, strides, to, found };
  return found;
}

/** How far a layout goes at each entry of a dimension of a shape of that rank, to which it broadcasts. */
function stepOf({ shape, strides }: Layout, dim: number, rank: number): number {
  const own = dim - rank + shape.length;
  return own < 0 || shape[own] === 1 ? 0 : strides[own]!;
}

/** Writes to the elements of a layout from the first of an array, in row-major order. */
export function scatter<A extends FloatArray | Uint16Array>(source: A, data: A, layout: Layout, size: number): void {
  const { shape, strides, offset } = layout;
  if (size > fewElements) {
    const runs = mergeRuns(shape, [contiguousStrides(shape), strides])!;
    if (isFloatArray(source) && isFloatArray(data)) backend.copy(source, 0, data, offset, runs);
    else copyRuns(source, 0, data, offset, runs);
  } else if (size > 0) scatterFew(source, 0, data, layout, offset, 0);
}

function scatterFew(
  source: FloatArray | Uint16Array,
  from: number,
  data: FloatArray | Uint16Array,
  layout: Layout,
  to: number,
  dim: number,
): number {
  const { shape, strides } = layout;
  const rank = shape.length;
  let end = from;
  if (rank - dim > 2) {
    const step = strides[dim]!;
    for (let k = 0; k < shape[dim]!; k++) end = scatterFew(source, end, data, layout, to + k * step, dim + 1);
    return end;
  }
  const rows = rank - dim > 1 ? shape[dim]! : 1;
  const columns = rank > dim ? shape[rank - 1]! : 1;
  const rowStep = rank - dim > 1 ? strides[dim]! : 0;
  const step = rank > dim ? strides[rank - 1]! : 0;
  for (let row = 0; row < rows; row++) {
    let at = to + row * rowStep;
    for (const last = end + columns; end < last; at += step) data[at] = source[end++]!;
  }
  return end;
}

/** The elements in row-major order: of the tensor's own memory where it is contiguous, else a copy. */
export function contiguousData(tensor: Parts): FloatArray {
  return ownData(tensor) ?? copyOf(tensor);
}

/** The tensor's part of its memory, or undefined where that is not contiguous. */
export function ownData(tensor: Parts): FloatArray | undefined {
  const { data, offset, size } = tensor;
  if (!tensor.packed) return undefined;
  // Contiguous elements lie from offset to offset + size.
  const count = lengthOf(data);
  if (count === 0 || (size > 0 && !(offset >= 0 && offset + size <= count))) checkReach(data, tensor);
  return size === count ? data : part(data, size === 0 ? 0 : offset, size);
}

/** Writes as many elements as the tensor has into its memory, from row-major order. */
export function copyInto(tensor: Parts, source: FloatArray): void {
  checkReach(tensor.data, tensor);
  scatter(source, tensor.data, tensor, tensor.size);
}

/** The same of the bits of 16-bit numbers. */
export function copyBitsInto(tensor: Parts<Data>, source: Uint16Array): void {
  checkReach(tensor.data, tensor);
  scatter(source, bitsOf(tensor.data as HalfArray), tensor, tensor.size);
}

/** The elements from the place `at` on in lists for the dimensions from `dim` on. */
export function nested(data: FloatArray, shape: readonly number[], dim: number, at: number): Nested[] {
  const length = shape[dim]!;
  // Of more entries V8 makes a dictionary.
  const list: Nested[] = length > 2 ** 25 ? [] : new Array<Nested>(length);
  // Not by push nor by Array.from with a function: 7 and 46 ns per element, where this takes 2.
  if (dim === shape.length - 1) for (let i = 0; i < length; i++) list[i] = data[at + i]!;
  else {
    const size = sizeOf(shape, dim + 1);
    for (let i = 0; i < length; i++) list[i] = nested(data, shape, dim + 1, at + i * size);
  }
  return list;
}
