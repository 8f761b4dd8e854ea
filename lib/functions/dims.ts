// Which dimensions of a shape an option names.
import { inNameOf } from '../basics/errors.js';
import { normalizeDim, normalizeDims } from '../tensor/layouts/shape.js';

/** One dimension; the last where none is named. Messages call it `what`. */
export function dimOf(dim: unknown = -1, shape: readonly number[], name: string, what?: string): number {
  try {
    return normalizeDim(dim as number, shape, what);
  } catch (error) {
    throw inNameOf(name, error);
  }
}

/** The dimension of channels or classes; where none is named 1 of two and more, as in PyTorch, and 0 of one. */
export const channelDimOf = (dim: unknown, shape: readonly number[], name: string, what?: string): number =>
  dimOf(dim === undefined ? Math.min(1, shape.length - 1) : dim, shape, name, what);

/** One dimension, or several of them, in their order; a list is one that was `listed`. */
export function dimsOf(dim: unknown = -1, shape: readonly number[], name: string): readonly number[] {
  if (!Array.isArray(dim)) return [dimOf(dim, shape, name)];
  try {
    return normalizeDims(dim, shape);
  } catch (error) {
    throw inNameOf(name, error);
  }
}
