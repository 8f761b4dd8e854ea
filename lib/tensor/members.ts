// What a Tensor was made with, kept beside its members. Those are its own and may be assigned, as structuredClone leaves getters out and
// Object.freeze takes 20 to 70 ns of 300 for each new one: so every call asks whether shape, strides and size are still the same, offset an
// integer and data of its kind.
import { describe, inNameOf } from '../basics/errors.js';
import { type Data, type HalfDType, isFloatArray } from '../basics/floats.js';
import { isHalfArray } from '../basics/halves.js';
import type { Layout } from './layouts/shape.js';

// Not for others: no list of keys, no clone and no JSON has them. A private field would throw in a tensor behind a Proxy, as Vue makes.
// Those that are asked for here are the same in every bundle of the package.
export const shaped = Symbol.for('nonlin.shaped');
export const steps = Symbol.for('nonlin.steps');
/** The size of a tensor that is contiguous; of another one -1 less it. */
export const packed = Symbol.for('nonlin.packed');
export const half = Symbol.for('nonlin.half');

interface Members extends Layout {
  readonly data: Data;
  readonly size: number;
  readonly [shaped]?: readonly number[];
  readonly [steps]?: readonly number[];
  readonly [packed]?: number;
  readonly [half]?: HalfDType;
}

/** Whether a tensor has the shape and the strides that it was made with. Short, as V8 inlines only so much. */
export const hasLayout = (x: Members): boolean =>
  (x.shape === x[shaped] && x.strides === x[steps]) || (isSame(x.shape, x[shaped]) && isSame(x.strides, x[steps]));

/** The same list, or another of the same numbers: a Proxy may give a Proxy of its members, a new one each time. */
const isSame = (list: readonly number[], made: readonly number[] | undefined): boolean =>
  list === made ||
  (Array.isArray(list) && list.length === made?.length && list.every((number, i) => number === made?.[i]));

/** Whether x is a tensor whose members are what they were, or may be: also a copy of those of one, which lacks what is kept. */
export function isIntact(x: unknown): boolean {
  const own = x as Members | null | undefined;
  if (own?.[shaped] === undefined) return isCopy(own);
  return hasLayout(own) && hasSize(own) && Number.isSafeInteger(own.offset) && hasData(own);
}

function isCopy(x: Members | null | undefined): boolean {
  return Array.isArray(x?.shape) && Array.isArray(x.strides) && Number.isSafeInteger(x.offset) && hasData(x);
}

/** Whether it has the size that it was made with. */
export const hasSize = (x: Members): boolean => x[packed] === x.size || x[packed] === -1 - x.size;

/** Whether its memory is of its kind of numbers. */
const hasData = ({ data, [half]: bits }: Members): boolean =>
  bits === undefined ? isFloatArray(data) : isHalfArray(data);

/** For a tensor that is none, or no longer what it was made; messages call it `what`. */
export function broken(x: unknown, what: string): TypeError {
  const own = x as Members | null | undefined;
  if (own?.[shaped] === undefined)
    return new TypeError(`${what} must be a Tensor that new Tensor made, got ${describe(x)}`);
  const { shape, strides } = own;
  let member = 'data';
  if (!isSame(shape, own[shaped])) member = 'shape';
  else if (!isSame(strides, own[steps])) member = 'strides';
  else if (!hasSize(own)) member = 'size';
  else if (!Number.isSafeInteger(own.offset)) member = 'offset';
  const assigned = member === 'strides' ? 'were assigned, which are' : 'was assigned, which is';
  return new TypeError(
    `the ${member} of ${what} ${assigned} read-only; new Tensor({ data, shape, strides }) makes another Tensor`,
  );
}

/** What a method of x gives; its errors with its name in front. */
export function within<A>(x: unknown, name: string, act: () => A): A {
  try {
    if (isIntact(x)) return act();
  } catch (error) {
    throw inNameOf(name, error);
  }
  throw inNameOf(name, broken(x, 'this'));
}
