// How far a native backend may be from plain TypeScript, by what is promised of both: the one table, for `nonlin check` and for the
// tests. A bound is not raised to let a difference pass.

import { ulpDistance } from '../arithmetic/ulp.js';
import type { Precision } from '../basics/checks.js';
import type { DType } from '../basics/floats.js';
import type { Formula } from './formula.js';
import { promised, type Subject, slices } from './promises.js';
import { activationNames, activations, besideZero, zeroOf } from './table.js';

/** What is compared. */
export interface Comparison {
  readonly activation: Subject;
  readonly direction: 'forward' | 'gradient';
  readonly dtype: DType;
  readonly precision: Precision;
  /** The row's first parameter; by default 1. */
  readonly a?: number | undefined;
}

export interface Bound extends Partial<Omit<Comparison, 'activation' | 'a'>> {
  readonly activations?: readonly Comparison['activation'][];
  /** Distance in representable numbers. */
  readonly ulp: number;
  /** Where the terms of a result cancel, a difference of this many times the size of the terms is allowed as well. */
  readonly absolute?: number;
  /** The inputs between which the terms cancel, or with `overA` these over the row's parameter; without it, any. */
  readonly between?: readonly [number, number];
  readonly overA?: boolean;
  readonly reason: string;
}

// Around the zero of a slope terms of 1/4 cancel.
const zerosOfSlopes = activationNames.flatMap((name) => {
  const zero = zeroOf(name);
  if (zero === undefined) return [];
  const between = [zero.at - besideZero, zero.at + besideZero] as const;
  return [{ activations: [name], direction: 'gradient', between, overA: zero.overA ?? false } as const];
});

const value = promised('gelu', false, false);
const slope = promised('gelu', true, false);
const ofSlices = promised('softmax', false, false);
/** What rounds once or not at all, on both sides. */
const rounded = activationNames.filter((name) => (activations[name] as Formula).ulp !== undefined);

/** The first row that fits a comparison is its bound; what a row does not name, it does not ask for. */
export const bounds: readonly Bound[] = [
  { activations: rounded, ulp: 0, reason: 'nothing is rounded, or once and correctly' },

  ...zerosOfSlopes.flatMap((zero): Bound[] => [
    {
      ...zero,
      dtype: 'float32',
      precision: 'fast',
      ulp: slope.fast,
      absolute: 2 ** -25,
      reason: 'the promised error of the slope; grad is a power of two',
    },
    {
      ...zero,
      dtype: 'float64',
      ulp: 2 * slope.float64,
      absolute: 2 ** -52,
      reason: 'the promised error of the slope on both sides',
    },
  ]),
  {
    activations: slices,
    direction: 'gradient',
    dtype: 'float32',
    ulp: 1,
    absolute: 2 ** -50,
    reason: 'float64 sums, rounded once; where grad and its weighted mean cancel, what their difference keeps',
  },
  {
    activations: slices,
    direction: 'gradient',
    dtype: 'float64',
    ulp: 8,
    absolute: 2 ** -50,
    reason: 'sums in another order; where grad and its weighted mean cancel, what their difference keeps',
  },
  {
    direction: 'gradient',
    dtype: 'float32',
    precision: 'exact',
    ulp: 0,
    reason: 'the correctly rounded product on both sides',
  },
  {
    direction: 'gradient',
    dtype: 'float32',
    precision: 'fast',
    ulp: slope.fast + 1,
    reason: 'the promised error of the slope, and what its product with grad is rounded by',
  },
  {
    direction: 'gradient',
    dtype: 'float64',
    ulp: 2 * slope.float64,
    reason: 'the promised error of the slope on both sides',
  },

  {
    activations: ['logSoftmax'],
    dtype: 'float32',
    precision: 'exact',
    ulp: 1,
    reason: 'two roundings of nearly one float64',
  },
  { activations: slices, dtype: 'float64', ulp: 8, reason: 'less than the promised error on both sides' },
  { dtype: 'float32', precision: 'exact', ulp: 0, reason: 'the correctly rounded result on both sides' },
  {
    activations: slices,
    dtype: 'float32',
    ulp: ofSlices.fast,
    reason: 'the promised error, against the correct rounding, or nearly that',
  },
  {
    dtype: 'float32',
    precision: 'fast',
    ulp: value.fast,
    reason: 'the promised error, against the correctly rounded result',
  },
  { dtype: 'float64', ulp: 2 * value.float64, reason: 'the promised error on both sides' },
];

export function boundOf(comparison: Comparison): Bound {
  const { activation, direction, dtype, precision } = comparison;
  const fits = (bound: Bound) =>
    (bound.activations?.includes(activation) ?? true) &&
    (bound.direction ?? direction) === direction &&
    (bound.dtype ?? dtype) === dtype &&
    (bound.precision ?? precision) === precision;
  const bound = bounds.find(fits);
  if (bound === undefined) throw new RangeError(`no bound for ${Object.values(comparison).join(' ')}`);
  return bound;
}

/**
 * The distance between two results at x, to be held against `bound.ulp`: 0 where the bound allows their absolute difference,
 * Infinity between a zero and one of the other sign, which is an error and not a rounding.
 * `terms` is the size of what cancels: |grad|; for softmax the result's share times the largest |grad| of its slice, and for its
 * logarithm |grad| and as many times that as the slice is long.
 */
export function distance(
  { dtype, a = 1 }: Comparison,
  bound: Bound,
  actual: number,
  expected: number,
  x: number,
  terms: number,
): number {
  const { absolute, between: [low, high] = [-Infinity, Infinity], overA = false } = bound;
  const place = overA ? a * x : x;
  const cancels = absolute !== undefined && low <= place && place <= high;
  if (cancels && Math.abs(actual - expected) <= absolute * terms) return 0;
  if (actual === 0 && expected === 0 && !Object.is(actual, expected)) return Infinity;
  return ulpDistance(actual, expected, dtype);
}
