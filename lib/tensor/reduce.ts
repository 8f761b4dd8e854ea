// Sums, means, maxima and the largest entries along dimensions, by the rules of PyTorch.
import { Sum } from '../arithmetic/sum.js';
import { allocate } from '../basics/allocate.js';
import { describe } from '../basics/errors.js';
import { type Data, dtypeOf, type FloatArray, isFloat32 } from '../basics/floats.js';
import { checkOptions, optionOf } from '../basics/options.js';
import { copyOf } from './copies.js';
import { asDType, asFloats } from './halves.js';
import { frozen, listed, normalizeDim, normalizeDims, Parts, sizeOf } from './layouts/shape.js';
import { permuted } from './layouts/views.js';

export interface ReduceOptions {
  /** Whether the dimension stays, with size 1. Default false. */
  readonly keepdim?: boolean | undefined;
}
export interface TopkOptions {
  readonly dim?: number | undefined;
  /** Default true. */
  readonly largest?: boolean | undefined;
}

/** Places along a dimension, as tensors of floats cannot hold them. */
export interface Indices {
  readonly data: Int32Array;
  readonly shape: readonly number[];
}

/** A tensor as [outer, length, inner], row-major, and the shape that remains. */
interface Slices {
  readonly x: FloatArray;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly kept: readonly number[];
}

export function keepdimIn(options: unknown, name: string): boolean {
  checkOptions(options, name, ['keepdim'], 'keepdim: true');
  const keepdim = optionOf(options, 'keepdim') ?? false;
  if (typeof keepdim !== 'boolean') throw new TypeError(`${name}: keepdim must be a boolean, got ${describe(keepdim)}`);
  return keepdim;
}

function slicesOf(tensor: Parts<Data>, dim: unknown, keepdim: boolean, name: string): Slices {
  const floats = asFloats(tensor);
  const x =
    floats.packed && floats.offset === 0 && floats.size === floats.data.length ? floats.data : copyOf(floats, name);
  const { shape } = tensor;
  if (dim === undefined) {
    const kept = keepdim ? shape.map(() => 1) : [];
    return { x, outer: 1, length: tensor.size, inner: 1, kept };
  }
  const at = normalizeDim(dim as number, shape);
  const kept = keepdim ? shape.map((size, i) => (i === at ? 1 : size)) : shape.filter((_, i) => i !== at);
  return { x, outer: sizeOf(shape.slice(0, at)), length: shape[at] ?? 1, inner: sizeOf(shape, at + 1), kept };
}

/** The same along several dimensions, as if they were one behind the others. */
function slicesAlong(tensor: Parts<Data>, dims: readonly number[], keepdim: boolean, name: string): Slices {
  const { shape } = tensor;
  const rest = Array.from(shape.keys()).filter((dim) => !dims.includes(dim));
  const floats = asFloats(tensor);
  const { shape: sizes, strides, offset } = permuted(floats, [...rest, ...dims]);
  const x = copyOf(new Parts(floats.data, sizes, strides, offset), name);
  const kept = keepdim ? shape.map((size, i) => (dims.includes(i) ? 1 : size)) : rest.map((dim) => shape[dim]!);
  return { x, outer: sizeOf(sizes.slice(0, rest.length)), length: sizeOf(sizes, rest.length), inner: 1, kept };
}

/** Calls f with the first place of each slice, and its number. */
function forEach({ outer, length, inner }: Slices, f: (start: number, slice: number) => void): void {
  if (inner === 0) return;
  for (let i = 0, slice = 0; i < outer; i++) for (let j = 0; j < inner; j++) f(i * length * inner + j, slice++);
}

/** The sum of each slice, or its mean, in float64 with what its additions round off, and rounded once. */
export function summed(
  tensor: Parts<Data>,
  dim: unknown,
  keepdim: boolean,
  isMean: boolean,
  name: string,
): Parts<Data> {
  const list = listed(dim);
  const dims = Array.isArray(list) ? normalizeDims(list, tensor.shape) : [dim as number];
  const slices = dims.length > 1 ? slicesAlong(tensor, dims, keepdim, name) : slicesOf(tensor, dims[0], keepdim, name);
  const { x, length, inner, kept } = slices;
  const shape = frozen([...kept]);
  const sums = allocate('float64', sizeOf(shape), name, shape);
  forEach(slices, (start, slice) => {
    const sum = new Sum();
    for (let i = 0, at = start; i < length; i++, at += inner) sum.add(x[at]!);
    sums[slice] = isMean ? sum.value / length : sum.value;
  });
  if (tensor.half !== undefined) return asDType(new Parts(sums, shape), tensor.half);
  return new Parts<Data>(isFloat32(tensor.data as FloatArray) ? new Float32Array(sums) : sums, shape);
}

/** Of each slice the largest entry, and where it is first; NaN is larger than anything. */
export function largest(
  tensor: Parts<Data>,
  dim: unknown,
  keepdim: boolean,
  name: string,
): { readonly values: Parts<Data>; readonly indices: Indices } {
  const slices = slicesOf(tensor, dim, keepdim, name);
  const { x, length, inner, kept } = slices;
  const shape = frozen([...kept]);
  const count = sizeOf(shape);
  if (length === 0) throw new RangeError(`${name}: there is no largest of no elements`);
  const y = allocate(dtypeOf(x), count, name, shape);
  const places = new Int32Array(count);
  forEach(slices, (start, slice) => {
    let best = 0;
    let value = x[start]!;
    for (let i = 1, at = start + inner; i < length && !Number.isNaN(value); i++, at += inner)
      if (x[at]! > value || Number.isNaN(x[at]!)) [value, best] = [x[at]!, i];
    y[slice] = value;
    places[slice] = best;
  });
  return { values: like(tensor, new Parts(y, shape)), indices: { data: places, shape } };
}

/** Of each slice the k largest entries, or smallest, in their order; of equal ones the first. NaN is larger than anything. */
export function ordered(
  tensor: Parts<Data>,
  k: unknown,
  options: unknown,
): { readonly values: Parts<Data>; readonly indices: Indices } {
  checkOptions(options, 'topk', ['dim', 'largest'], 'dim: -1');
  const [dim = -1, isLargest = true] = ['dim', 'largest'].map((name) => optionOf(options, name));
  if (typeof isLargest !== 'boolean')
    throw new TypeError(`topk: largest must be a boolean, got ${describe(isLargest)}`);
  const slices = slicesOf(tensor, dim, true, 'topk');
  const { x, length, inner, kept } = slices;
  if (!Number.isInteger(k)) throw new TypeError(`topk: k must be an integer, got ${describe(k)}`);
  if ((k as number) < 0 || (k as number) > length)
    throw new RangeError(`topk: k must be in [0, ${length}], got ${describe(k)}`);
  // A number without a dimension is itself, whatever k, as in PyTorch.
  const most = tensor.shape.length === 0 ? 1 : (k as number);
  const at = tensor.shape.length === 0 ? -1 : normalizeDim(dim as number, tensor.shape);
  const shape = frozen(kept.map((size, i) => (i === at ? most : size)));
  const y = allocate(dtypeOf(x), sizeOf(shape), 'topk', shape);
  const places = new Int32Array(y.length);
  const sign = isLargest ? 1 : -1;
  // Of none there may be any number of slices.
  const some = most === 0 ? { ...slices, outer: 0 } : slices;
  forEach(some, (start, slice) => {
    const entry = (i: number) => x[start + i * inner]!;
    // Whether entry i comes before entry j.
    const before = (i: number, j: number) => {
      const [a, b] = [entry(i), entry(j)];
      if (a === b) return i < j;
      if (Number.isNaN(a) || Number.isNaN(b))
        return Number.isNaN(a) === Number.isNaN(b) ? i < j : Number.isNaN(a) === isLargest;
      return sign * a > sign * b;
    };
    const best = select(length, most, before);
    const first = Math.floor(slice / inner) * most * inner + (slice % inner);
    for (let i = 0; i < most; i++) {
      y[first + i * inner] = entry(best[i]!);
      places[first + i * inner] = best[i]!;
    }
  });
  return { values: like(tensor, new Parts(y, shape)), indices: { data: places, shape } };
}

/** The first k of 0 to count - 1 in an order, by a heap of those found so far, whose top is the last of them. */
function select(count: number, k: number, before: (i: number, j: number) => boolean): readonly number[] {
  const heap: number[] = [];
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      let last = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && before(heap[last]!, heap[child]!)) last = child;
      if (last === at) return;
      [heap[at], heap[last]] = [heap[last]!, heap[at]!];
      at = last;
    }
  };
  for (let i = 0; i < count; i++) {
    if (heap.length < k) {
      heap.push(i);
      if (heap.length === k) for (let at = k >> 1; at >= 0; at--) sink(at);
    } else if (k > 0 && before(i, heap[0]!)) {
      heap[0] = i;
      sink(0);
    }
  }
  return heap.sort((i, j) => (before(i, j) ? -1 : 1));
}

/** Floats in the dtype of a tensor they are taken from. */
const like = ({ half }: Parts<Data>, y: Parts): Parts<Data> => (half === undefined ? y : asDType(y, half));
