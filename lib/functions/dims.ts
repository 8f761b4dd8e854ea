// Which dimensions of a shape an option names.
import { inNameOf } from '../basics/errors.js';
import { normalizeDim, normalizeDims, sizeOf } from '../tensor/layouts/shape.js';

/** One dimension; the last where none is named. Messages call it `what`. */
export function dimOf(dim: unknown = -1, shape: readonly number[], name: string, what?: string): number {
  try {
    return normalizeDim(dim as number, shape, what);
  } catch (error) {
    throw inNameOf(name, error);
  }
}

/** A shape as [outer, length, inner], of which the middle one is the dimension `at`; `count` of the others. */
export interface SlicesAt {
  readonly at: number;
  readonly length: number;
  readonly inner: number;
  readonly count: number;
  /** The shape without it, from when it was first asked for. */
  rest: readonly number[] | undefined;
}

let last: SlicesAt & { readonly shape: readonly number[]; readonly dim: unknown } = {
  shape: [],
  dim: undefined,
  at: -1,
  length: 1,
  inner: 1,
  count: 1,
  rest: undefined,
};

/**
 * The slices along one dimension; the last where none is named. Kept for the next call on the same shape, as V8 reads frozen lists by a
 * call for each entry.
 */
export function slicesAt(dim: unknown, shape: readonly number[], name: string, what?: string): SlicesAt {
  if (shape === last.shape && dim === last.dim) return last;
  const at = dimOf(dim, shape, name, what);
  const found = {
    shape,
    dim,
    at,
    length: shape[at] ?? 1,
    inner: sizeOf(shape, at + 1),
    count: slicesAlong(shape, at),
    rest: undefined,
  };
  // Of a copy of the members of a Tensor the shape may be a list that changes.
  if (Object.isFrozen(shape)) last = found;
  return found;
}

/** How many slices a shape has along one of its dimensions. */
function slicesAlong(shape: readonly number[], at: number): number {
  let count = 1;
  for (let i = 0; i < shape.length; i++) {
    if (i === at) continue;
    // As in sizeOf.
    if (shape[i] === 0) return 0;
    count *= shape[i]!;
  }
  return count;
}

/** Those along the dimension of channels or classes; where none is named 1 of two and more, as in PyTorch, and 0 of one. */
export const channelsAt = (dim: unknown, shape: readonly number[], name: string, what?: string): SlicesAt =>
  slicesAt(dim === undefined ? Math.min(1, shape.length - 1) : dim, shape, name, what);

/** One dimension, or several of them, in their order; a list is one that was `listed`. */
export function dimsOf(dim: unknown = -1, shape: readonly number[], name: string): readonly number[] {
  if (!Array.isArray(dim)) return [dimOf(dim, shape, name)];
  try {
    return normalizeDims(dim, shape);
  } catch (error) {
    throw inNameOf(name, error);
  }
}
