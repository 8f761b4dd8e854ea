// What a row of the table is, and what several formulas use. The largest errors seen of formulas are given in units in the last place
// (ulp) of float64, against MPFR, 100,000 inputs and more each. Every form keeps its relative accuracy in the tails: no 1 + erf, no
// 1 + tanh.

import { add, type DoubleDouble } from '../arithmetic/double-double.js';
import { restOfProduct } from '../arithmetic/erfc.js';
import { limitAt, multiply, toFloat64, toSum, type Unbounded, unbounded } from '../arithmetic/unbounded.js';

/** A row of the table. In it a and b are its parameters, in their order and rounded to the dtype of x. */
export interface Formula {
  /** By their names. */
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** What they must be together, where that is more than what each must be. */
  readonly together?: Together;
  readonly f: (x: number, a: number, b: number) => number;
  /** g times the derivative at x. */
  readonly grad: (x: number, g: number, a: number, b: number) => number;
  /**
   * The error in ulp in every precision, of the value and of a gradient for grad = 1, of what chooses among its input and constants (0),
   * or is one operation (0.5); of others promises.ts tells.
   */
  readonly ulp?: 0 | 0.5;
  /** What decides the rounding to float32 where that takes more than float64; absent where one operation rounds, or none. */
  readonly exactly?: Exactly;
}

/** What two parameters must be together: as a question and in words. */
export interface Together {
  readonly holds: (a: number, b: number) => boolean;
  readonly wanted: string;
}

/** A finite number that a caller may choose. */
export interface Parameter {
  /** Where it is left out; without this it is needed. */
  readonly default?: number;
  /** Another name for it, which PyTorch has. */
  readonly alias?: string;
  /** The least that it may be, and what it must be above. */
  readonly least?: number;
  readonly above?: number;
  /** Whether it is divided by: then it is 0, where that is allowed, or no smaller than normal numbers of float32. */
  readonly normal?: boolean;
  /** Others than the default, that tests and `nonlin check` try; those of a row's parameters go together. */
  readonly samples?: readonly number[];
}

/** The value and the derivative as a textbook has them, to some 94 bits. */
export interface Exactly {
  readonly f: (x: number, a: number, b: number) => DoubleDouble;
  readonly slope: (x: number, a: number, b: number) => DoubleDouble;
  /** g times it, where the product may be a middle between two floats and the slope is a quotient that does not end. */
  readonly gradient?: (x: number, g: number, a: number, b: number) => DoubleDouble;
  /** Where f beside zero is x / 2 and a multiple of x^2: the sign of that, for a parameter below 2^60 in size. */
  readonly half?: (a: number) => number;
  /** About where the slope is zero, if anywhere: near it `grad` need not keep its relative accuracy (rounding.ts). */
  readonly zero?: Zero;
}

/** x = at, or with `overA` at / a, where distances from it are over a as well. */
export interface Zero {
  readonly at: number;
  readonly overA?: boolean;
}

// A slope below the normal numbers has lost digits, which a g above 1 would bring to light. There `far` gives the product for
// a = |x|, which is not beyond what even the largest g makes something of.
export const product = (g: number, slope: number, x: number, far: (g: number, a: number) => number) =>
  Math.abs(slope) < 2 ** -1022 && Math.abs(g) > 1 && Number.isFinite(x) ? far(g, Math.abs(x)) : g * slope;

/** The number x in exact terms. */
export const wide = (x: number) => add(x, 0);

/** The slope of what is flat; NaN where x is. */
export const flat = (x: number) => (Number.isNaN(x) ? x : 0);

/** What rounding took from p = b x. */
export const restOf = (b: number, x: number, p: number) => (b === 1 ? 0 : restOfProduct(b, x, p));

/** x / a less z, which it was rounded to. */
export function restOfQuotient(x: number, a: number, z: number): number {
  const p = z * a;
  return a === 1 ? 0 : (x - p - restOfProduct(z, a, p)) / a;
}

/** Formulas as a textbook has them, on what lib/arithmetic/unbounded.ts offers. */
export interface Textbook<P> {
  readonly parameters?: P;
  readonly f: (x: Unbounded, a: number, b: number) => Unbounded;
  /** The derivative. */
  readonly slope: (x: Unbounded, a: number, b: number) => Unbounded;
  /** About where it is zero, if anywhere. */
  readonly zero?: Zero;
}

/**
 * A row of such formulas: right for whatever x, and not made for speed. With numbers without bounds nothing has to be said of
 * limits, or of slopes that are far below the normal numbers.
 */
export function textbook<const P extends Readonly<Record<string, Parameter>> = Readonly<Record<never, Parameter>>>(
  row: Textbook<P>,
): Formula & { readonly parameters: P } {
  type Curve = Textbook<P>['f'];
  const at = (curve: Curve, x: number, a: number, b: number) =>
    Math.abs(x) === Number.POSITIVE_INFINITY ? unbounded(limitAt(x, (x) => curve(x, a, b))) : curve(unbounded(x), a, b);
  // An infinite g makes no zero of a slope that is one only as a float64.
  const gradient = (x: number, g: number, a: number, b: number) => multiply(at(row.slope, x, a, b), g);
  return {
    parameters: row.parameters ?? ({} as P),
    f: (x, a, b) => (Number.isNaN(x) ? x : toFloat64(at(row.f, x, a, b))),
    grad: (x, g, a, b) => (Number.isNaN(x) ? x : toFloat64(gradient(x, g, a, b))),
    exactly: {
      f: (x, a, b) => toSum(at(row.f, x, a, b)),
      slope: (x, a, b) => toSum(at(row.slope, x, a, b)),
      gradient: (x, g, a, b) => toSum(gradient(x, g, a, b)),
      ...(row.zero && { zero: row.zero }),
    },
  };
}
