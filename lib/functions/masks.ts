// Where a mask says what of each entry of x. It is read where it lies, broadcast, unless that takes more steps than a backend follows.

import { type Mask, mostSteps } from '../backends/backend.js';
import { allocate, shapeText } from '../basics/allocate.js';
import { inNameOf } from '../basics/errors.js';
import {
  bufferOf,
  byteOffset,
  dtypeOf,
  type FloatArray,
  isFloatArray,
  lengthOf,
  part,
  shareMemory,
} from '../basics/floats.js';
import { spread } from '../tensor/copies.js';
import { type Marks, readMarks } from '../tensor/foreign/masks.js';
import { mergeRuns } from '../tensor/layouts/runs.js';
import { broadcastStrides, checkReach, contiguousStrides, sizeOf, stretchesTo } from '../tensor/layouts/shape.js';
import { broken, isIntact } from '../tensor/members.js';
import { Tensor, wholeOf } from '../tensor/tensor.js';

/** The dimensions of a shape as [outer, length, inner]: those before a slice, of a slice and after it. */
export interface Arrangement {
  readonly outer: readonly number[];
  readonly along: readonly number[];
  readonly inner: readonly number[];
  /** Whether this is the order in which they lie. */
  readonly isInOrder: boolean;
}

/** A mask as it was given. What is read may be getters, which can do anything to the memory of x: so before that is found. */
export function marksOf(mask: unknown, name: string): Marks | undefined {
  if (mask === undefined) return undefined;
  const whole = wholeOf(mask);
  if (whole !== undefined && isFloatArray(whole)) {
    const { shape, strides } = mask as Tensor;
    return { data: whole, shape, strides, offset: 0, isFlat: false };
  }
  if (mask instanceof Tensor && !isIntact(mask)) throw inNameOf(name, broken(mask, 'mask'));
  try {
    return readMarks(mask);
  } catch (error) {
    throw inNameOf(name, error);
  }
}

/** The same for an x of that shape, to which it broadcasts; a typed array as long as x has its shape. */
export function fitted(marks: Marks, x: FloatArray, shape: readonly number[], name: string): Marks {
  if (isFloatArray(marks.data) && dtypeOf(marks.data) !== dtypeOf(x))
    throw new TypeError(
      `${name}: a mask of floats is added to x and must be ${dtypeOf(x)} like x, got ${dtypeOf(marks.data)}`,
    );
  if (marks.isFlat && marks.shape[0] === sizeOf(shape))
    return { data: marks.data, shape, strides: contiguousStrides(shape), offset: marks.offset, isFlat: true };
  if (!stretchesTo(marks.shape, shape))
    throw new RangeError(
      `${name}: a mask of shape ${shapeText(marks.shape)} does not broadcast to x's shape ${shapeText(shape)}`,
    );
  return marks;
}

/** The mask as backends take it, for a shape with elements; not in the memory of y. */
export function maskFor(marks: Marks, y: FloatArray, shape: readonly number[], order: Arrangement, name: string): Mask {
  try {
    checkReach(marks.data, marks);
  } catch (error) {
    throw inNameOf(`${name}: mask`, error);
  }
  const way = wayOf(marks, shape, order);
  const { strides } = way;
  const additive = isFloatArray(marks.data);
  if (way.serves && !shareMemory(marks.data, y)) {
    const data = marks.offset === 0 ? marks.data : rest(marks.data, marks.offset);
    return { data, additive, along: way.along, across: way.across, steps: way.steps };
  }
  const dims = [...order.outer, ...order.along, ...order.inner];
  const size = sizeOf(shape);
  const data = isFloatArray(marks.data) ? allocate(dtypeOf(marks.data), size, name, shape) : new Uint8Array(size);
  const lengths = dims.map((dim) => shape[dim]!);
  const walked = { shape: lengths, strides: dims.map((dim) => strides[dim]!), offset: marks.offset };
  spread(marks.data, walked, lengths, size, data);
  const across = sizeOf(order.inner.map((dim) => shape[dim]!));
  const length = sizeOf(order.along.map((dim) => shape[dim]!));
  const outer = size / (across * length);
  return {
    data,
    additive,
    along: across,
    across: 1,
    steps: outer === 1 ? [] : [{ size: outer, stride: across * length }],
  };
}

/** How a mask lies beside slices of a shape, and whether a backend follows it so. */
interface Way extends Pick<Mask, 'along' | 'across' | 'steps'> {
  readonly strides: readonly number[];
  readonly serves: boolean;
}

// The way found last, kept for the next mask of the same: to find it takes longer than a small call. Lists that are frozen
// stay as they are.
const last: { of: readonly unknown[]; way: Way | undefined } = { of: [], way: undefined };

function wayOf(marks: Marks, shape: readonly number[], order: Arrangement): Way {
  const { of } = last;
  if (last.way !== undefined && of[0] === marks.shape && of[1] === marks.strides && of[2] === shape && of[3] === order)
    return last.way;
  const strides = broadcastStrides(marks, shape);
  const runs = (dims: readonly number[]) =>
    stepsOf(
      dims.map((dim) => shape[dim]!),
      dims.map((dim) => strides[dim]!),
    );
  const [steps, along, inner] = [runs(order.outer), runs(order.along), runs(order.inner)];
  const isEven = steps.length <= mostSteps && along.length <= 1 && inner.length <= 1;
  const isForwards = strides.every((stride, dim) => stride >= 0 || shape[dim] === 1);
  const serves = isEven && isForwards;
  const way = { strides, serves, along: along[0]?.stride ?? 0, across: inner[0]?.stride ?? 0, steps };
  const lists = [marks.shape, marks.strides, shape];
  if (lists.every(Object.isFrozen)) {
    last.of = [...lists, order];
    last.way = way;
  }
  return way;
}

/** The elements from the first on. Not by subarray(), which asks the array's class for one of its own. */
function rest(data: FloatArray | Uint8Array, first: number): FloatArray | Uint8Array {
  const count = lengthOf(data) - first;
  return isFloatArray(data)
    ? part(data, first, count)
    : new Uint8Array(bufferOf(data), byteOffset(data) + first, count);
}

/** Dimensions as few steps as they make, innermost first. */
function stepsOf(lengths: readonly number[], strides: readonly number[]): { size: number; stride: number }[] {
  const runs = mergeRuns(lengths, [strides])!;
  return runs.lengths.map((size, i) => ({ size, stride: runs.steps[0]![i]! }));
}
