// The layouts of views: what a view shows of the memory that it shares, by its shape, strides and offset.
import { shapeText } from '../../basics/allocate.js';
import { counted, describe } from '../../basics/errors.js';
import type { Data } from '../../basics/floats.js';
import { mergeRuns } from './runs.js';
import {
  contiguousStrides,
  frozen,
  isContiguous,
  type Layout,
  normalizeDim,
  Parts,
  placeFor,
  readIntegers,
  resolveShape,
} from './shape.js';

/** A layout of lists that nobody else has. */
const layoutOf = (shape: number[], strides: number[], offset: number): Layout => ({
  shape: frozen(shape),
  strides: frozen(strides),
  offset,
});

export function transposed(x: Layout, dim0: number, dim1: number): Layout {
  const first = normalizeDim(dim0, x.shape, 'dim0');
  const second = normalizeDim(dim1, x.shape, 'dim1');
  // A 0-d tensor has the dimension 0 to name, but none to exchange.
  if (x.shape.length === 0) return x;
  const shape = [...x.shape];
  const strides = [...x.strides];
  [shape[first], shape[second]] = [shape[second]!, shape[first]!];
  [strides[first], strides[second]] = [strides[second]!, strides[first]!];
  return layoutOf(shape, strides, x.offset);
}

export function permuted(x: Layout, dims: unknown): Layout {
  const given = readIntegers(dims, 'dims', 'integers');
  const order = given.map((dim) => normalizeDim(dim, x.shape));
  if (order.length !== x.shape.length || new Set(order).size !== order.length)
    throw new RangeError(`each dimension of shape ${shapeText(x.shape)} is needed once, got ${shapeText(given)}`);
  return layoutOf(
    order.map((dim) => x.shape[dim]!),
    order.map((dim) => x.strides[dim]!),
    x.offset,
  );
}

export const reversed = (x: Layout): Layout => layoutOf(backwards(x.shape), backwards(x.strides), x.offset);

/** Of frozen lists toReversed takes longer: `x.T` 165 ns, 105 by this loop (Node 20.20). */
function backwards(list: readonly number[]): number[] {
  const turned: number[] = [];
  for (let i = list.length - 1; i >= 0; i--) turned.push(list[i]!);
  return turned;
}

/** What is left at indices of the first dimensions. */
export function entered(x: Layout, indices: readonly number[]): Layout {
  if (indices.length > x.shape.length) throw indexCount(x, indices);
  let { offset } = x;
  for (let dim = 0; dim < indices.length; dim++) offset += stepsTo(x, dim, indices[dim]!);
  if (indices.length === x.shape.length) return { shape: none, strides: none, offset };
  return layoutOf(x.shape.slice(indices.length), x.strides.slice(indices.length), offset);
}

export const indexCount = ({ shape }: Layout, indices: readonly number[]) =>
  new RangeError(`shape ${shapeText(shape)} takes ${counted(shape.length, 'index', 'indices')}, got ${indices.length}`);

/** The shape and the strides of a number. */
export const none: readonly number[] = Object.freeze([]);

export function selected(x: Layout, dim: number, index: number): Layout {
  const at = dimOf(x, dim);
  return layoutOf(x.shape.toSpliced(at, 1), x.strides.toSpliced(at, 1), x.offset + stepsTo(x, at, index));
}

export function sliced(x: Layout, dim: number, start: number, end: number, step: number): Layout {
  const at = dimOf(x, dim);
  for (const place of [start, end, step])
    if (!Number.isInteger(place)) throw new TypeError(`start, end and step must be integers, got ${describe(place)}`);
  if (step < 1) throw new RangeError(`step must be at least 1, got ${step}`);
  const length = x.shape[at]!;
  const [from, to] = [start, end].map((place) => Math.min(Math.max(place < 0 ? place + length : place, 0), length));
  const count = Math.max(0, Math.ceil((to! - from!) / step));
  const stride = x.strides[at]!;
  const offset = x.offset + (count === 0 ? 0 : from! * stride);
  return layoutOf(x.shape.with(at, count), x.strides.with(at, stride * step), offset);
}

export function squeezed(x: Layout, dim: number | undefined): Layout {
  const at = dim === undefined ? undefined : normalizeDim(dim, x.shape);
  const stays = (_: number, i: number) => x.shape[i] !== 1 || (at !== undefined && i !== at);
  return layoutOf(x.shape.filter(stays), x.strides.filter(stays), x.offset);
}

export function unsqueezed(x: Layout, dim: number): Layout {
  const at = placeFor(dim, x.shape);
  return layoutOf(x.shape.toSpliced(at, 0, 1), x.strides.toSpliced(at, 0, 1), x.offset);
}

/** The same elements in another shape, where strides can express it. */
export function viewOf(parts: Parts<Data>, shape: readonly number[]): Parts<Data> {
  const strides = viewStrides(parts, shape);
  if (strides !== undefined) return new Parts(parts.data, shape, strides, parts.offset, undefined, parts.half);
  const from = `shape ${shapeText(parts.shape)} with strides ${shapeText(parts.strides)}`;
  throw new RangeError(`a view of ${from} as shape ${shapeText(shape)} would be a copy; reshape makes one`);
}

function dimOf(x: Layout, dim: number): number {
  const at = normalizeDim(dim, x.shape);
  if (x.shape.length === 0) throw new RangeError('a dimension is needed, but shape [] has none');
  return at;
}

/** How many elements of data lie before an index of one dimension, which may be negative. */
function stepsTo({ shape, strides }: Layout, dim: number, index: number): number {
  const length = shape[dim]!;
  if (!Number.isInteger(index)) throw new TypeError(`an index must be an integer, got ${describe(index)}`);
  if (index < -length || index >= length)
    throw new RangeError(`index ${index} is outside of dimension ${dim} of shape ${shapeText(shape)}`);
  return (index < 0 ? index + length : index) * strides[dim]!;
}

/** The strides that show a layout in another shape of the same size, or undefined where that takes a copy. */
export function viewStrides(layout: Layout, shape: readonly number[]): readonly number[] | undefined {
  if (isContiguous(layout)) return contiguousStrides(shape);
  const runs = mergeRuns(layout.shape, [layout.strides])!;
  const strides = new Array<number>(shape.length).fill(1);
  // Each run of evenly spaced elements must be used up by whole dimensions, from the innermost on.
  let dim = shape.length - 1;
  for (const [run, length] of runs.lengths.entries()) {
    let stride = runs.steps[0]![run]!;
    for (let left = length; left > 1; dim--) {
      const size = shape[dim]!;
      if (left % size !== 0) return undefined;
      strides[dim] = stride;
      stride *= size;
      left /= size;
    }
  }
  return frozen(strides);
}

/** The shape that was asked for, of so many elements. */
export function wantedShape(given: readonly unknown[], size: number): readonly number[] {
  if (given.length === 0 && size !== 1)
    throw new TypeError(
      `a shape is needed for ${size} elements, such as ${size === 0 ? '(0)' : '(2, -1) or ([2, -1])'}, got none`,
    );
  return resolveShape(listOf(given), size);
}

/** Integers, one by one or as one array, as that. */
export function listOf(integers: readonly unknown[]): unknown {
  const [first] = integers;
  return integers.length === 1 && typeof first === 'object' ? first : integers;
}
