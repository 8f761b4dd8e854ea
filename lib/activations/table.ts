// Each elementwise activation, once: its value and its gradient in float64. native/rows/activations.def is the same list, and a
// test holds the two together.
import { algebraicRows } from './algebraic.js';
import { exponentialRows } from './exponential.js';
import type { Exactly, Formula, Zero } from './formula.js';
import { gaussianRows } from './gaussian.js';
import { logisticRows } from './logistic.js';
import { piecewiseRows } from './piecewise.js';

export const activations = {
  ...piecewiseRows,
  ...algebraicRows,
  ...logisticRows,
  ...gaussianRows,
  ...exponentialRows,
} satisfies Record<string, Formula>;

/** Functions that are several rows of the table: an option chooses one of them. */
export const variants = {
  gelu: { option: 'approximate', rows: { none: 'gelu', tanh: 'geluTanh', sigmoid: 'geluSigmoid' } },
} as const satisfies Record<string, { option: string; rows: Record<string, keyof typeof activations> }>;

/** Functions with another row for when a parameter of that is another number: what theirs has in its place is no float. */
export const parametrized = {
  hardSigmoid: 'hardSigmoidOf',
  selu: 'seluOf',
} as const satisfies Record<string, keyof typeof activations>;

export type Activation = keyof typeof activations;

/** The names of the table, in its order. */
export const activationNames = Object.keys(activations) as Activation[];

/** An activation by its place in the table: a number crosses into native code faster than a name. */
export type Op = number;
export const opOf = Object.fromEntries(activationNames.map((name, op) => [name, op])) as Readonly<
  Record<Activation, Op>
>;

/** About where the slope of a row is zero, if anywhere. */
export const zeroOf = (name: Activation): Zero | undefined =>
  (activations[name] as { readonly exactly?: Exactly }).exactly?.zero;

/**
 * How far from such a zero, over a where distances are, a result counts as what is left of larger terms: slopes are no more than 1/5
 * there. As `width` in test/programs/prove/prove.h.
 */
export const besideZero = 0.35;
