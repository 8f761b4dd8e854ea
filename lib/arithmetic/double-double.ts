// Numbers of 106 bits, as unevaluated sums of two float64, and the functions that the activations are made of. Plain rather than
// fast: `exact` comes here only where float64 lies so near the middle between two float32 that its own error would decide.
//
// Terms that are too far apart for one number stay apart: 1 + e for a tiny e is the sum of 1 and e. So the sign of what decides a
// tie, x^2 / sqrt(2 pi) beside the x / 2 of GELU, is never lost. Errors are relative; those of the operations are Joldes, Muller
// and Popescu's, "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", 2017.

import { log1p as approximateLog1p } from './log.js';

/** high + low, where high is the float64 nearest to it. */
export interface DoubleDouble {
  readonly high: number;
  readonly low: number;
}
type Operand = number | DoubleDouble;

const wide = (a: Operand): DoubleDouble => (typeof a === 'number' ? { high: a, low: 0 } : a);

/** a + b exactly, for |a| >= |b|. */
function orderedSum(a: number, b: number): DoubleDouble {
  const high = a + b;
  return { high, low: b - (high - a) };
}

/** a + b exactly. */
export function exactSum(a: number, b: number): DoubleDouble {
  const high = a + b;
  const ofB = high - a;
  return { high, low: a - (high - ofB) + (b - ofB) };
}

/** a * b exactly, from halves of 26 bits; for products from 2^-960 on, and factors up to 2^990. */
export function exactProduct(a: number, b: number): DoubleDouble {
  const [aHigh, aLow] = halves(a);
  const [bHigh, bLow] = halves(b);
  const high = a * b;
  return { high, low: aHigh * bHigh - high + aHigh * bLow + aLow * bHigh + aLow * bLow };
}
function halves(a: number): readonly [number, number] {
  const shifted = a * (2 ** 27 + 1);
  const high = shifted - (shifted - a);
  return [high, a - high];
}

export const negate = (a: Operand): DoubleDouble => scale(a, -1);

/** a * factor for a power of two. */
export function scale(a: Operand, factor: number): DoubleDouble {
  const { high, low } = wide(a);
  return { high: high * factor, low: low * factor };
}

/** 3 * 2^-106 of the sum, also where the terms cancel. */
export function add(a: Operand, b: Operand): DoubleDouble {
  const [x, y] = [wide(a), wide(b)];
  const sum = exactSum(x.high, y.high);
  const rest = exactSum(x.low, y.low);
  const { high, low } = orderedSum(sum.high, sum.low + rest.high);
  return orderedSum(high, rest.low + low);
}

export const subtract = (a: Operand, b: Operand): DoubleDouble => add(a, negate(b));

/** 7 * 2^-106. */
export function multiply(a: Operand, b: Operand): DoubleDouble {
  const [x, y] = [wide(a), wide(b)];
  const { high, low } = exactProduct(x.high, y.high);
  return orderedSum(high, low + (x.high * y.low + x.low * y.high));
}

/** Long division, three digits of 53 bits: 10 * 2^-106. */
export function divide(a: Operand, b: Operand): DoubleDouble {
  const divisor = wide(b);
  const first = wide(a).high / divisor.high;
  let rest = subtract(a, multiply(divisor, first));
  const second = rest.high / divisor.high;
  rest = subtract(rest, multiply(divisor, second));
  return add(orderedSum(first, second), rest.high / divisor.high);
}

/** One step of Newton's method from the float64 root: 2^-103. */
export function sqrt(a: Operand): DoubleDouble {
  const root = Math.sqrt(wide(a).high);
  return orderedSum(root, subtract(a, exactProduct(root, root)).high / (2 * root));
}

/** 2^k by squaring, exact in every engine; 0 or Infinity where that is none. */
export function powerOfTwo(k: number): number {
  let power = 1;
  for (let n = Math.abs(k), factor = k < 0 ? 0.5 : 2; n > 0; n >>= 1, factor *= factor) if (n & 1) power *= factor;
  return power;
}

// ln 2 in three parts. The product of the first, of 42 bits, with an exponent is exact.
export const ln2 = [0.6931471805598903, 5.497923018708371e-14, 1.94704509238075e-31] as const;
const noFraction = 1.5 * 2 ** 52;

/** x as k ln 2 + r with a whole k and |r| <= 0.35, and e^r - 1: 2^-100. For |x| < 700. */
export function reduced(x: Operand): { readonly k: number; readonly rest: DoubleDouble } {
  const { high, low } = wide(x);
  // Of what is too small for the steps below, x^2 / 2 tells on which side of x it is.
  if (Math.abs(high) < 2 ** -107) return { k: 0, rest: orderedSum(high, low + (high * high) / 2) };
  const k = high * Math.LOG2E + noFraction - noFraction;
  const r = subtract(subtract(x, exactProduct(k, ln2[0])), add(exactProduct(k, ln2[1]), k * ln2[2]));
  // Six times e^2r - 1 = (e^r - 1)(e^r + 1), from r / 64 on, where the series r (1 + r / 2 (1 + r / 3 (1 + ...))) has 12 terms.
  // From the seventh on they are below 2^-57 of the sum, so that float64 is enough.
  const small = scale(r, 1 / 64);
  let last = 0;
  for (let n = 12; n > 6; n--) last = (small.high * (1 + last)) / n;
  let rest = wide(last);
  for (let n = 6; n > 0; n--) rest = divide(multiply(small, add(1, rest)), n);
  for (let i = 0; i < 6; i++) rest = multiply(rest, add(2, rest));
  return { k, rest };
}

/** e^x for |x| < 700: 2^-100. */
export function exp(x: Operand): DoubleDouble {
  const { k, rest } = reduced(x);
  return scale(add(1, rest), powerOfTwo(k));
}

/** e^x - 1 for x < 700: 2^-99. */
export function expm1(x: Operand): DoubleDouble {
  // Above -1, also where nothing else is left of it.
  if (wide(x).high < -700) return { high: -1, low: 2 ** -900 };
  const { k, rest } = reduced(x);
  const power = powerOfTwo(k);
  return add(exactSum(power, -1), scale(rest, power));
}

/** log(1 + u) for u in [0, 1], by a step of Newton's method from the float64 logarithm: 2^-98. */
export function log1p(u: Operand): DoubleDouble {
  const y = approximateLog1p(wide(u).high);
  const e = expm1(y);
  return add(y, divide(subtract(u, e), add(1, e)));
}

/** (e^2x - 1) / (e^2x + 1), and from 8 on what is left of 1: that it lies below tells to which side a multiple of it is rounded. */
export function tanh(x: Operand): DoubleDouble {
  const a = wide(x).high < 0 ? negate(x) : wide(x);
  if (a.high > 8) {
    const far = subtract(1, divide(2, add(expm1(scale(a.high < 300 ? a : 300, 2)), 2)));
    return a.high === wide(x).high ? far : negate(far);
  }
  const numerator = expm1(scale(x, 2));
  return divide(numerator, add(numerator, 2));
}

/**
 * x - tanh(x): from 1 on as x - 1 and a rest, which tells on which side of a middle it is from 2^24 on; and below as
 * (x cosh(x) - sinh(x)) / cosh(x), the first the sum of 2 k x^(2 k + 1) / (2 k + 1)!.
 */
export function tanhShrink(x: number): DoubleDouble {
  const a = Math.abs(x);
  if (a >= 1) {
    const far = add(add(a, -1), divide(2, add(expm1(2 * Math.min(a, 300)), 2)));
    return x < 0 ? negate(far) : far;
  }
  const square = exactProduct(x, x);
  const rise = expm1(x);
  let term = divide(multiply(x, square), 3);
  let sum = term;
  for (let n = 2; Math.abs(term.high) > Math.abs(sum.high) * 2 ** -110; n++) {
    term = divide(multiply(term, square), 2 * n * (2 * n + 1));
    sum = add(sum, multiply(term, n));
  }
  return divide(sum, add(1, divide(multiply(rise, rise), add(2, scale(rise, 2)))));
}

/** tanh(x)^2, which is x^2 (1 - 2/3 x^2 + ...), and x^2 may be a middle between two floats: near 0 as these two terms. */
export function tanhShrinkSlope(x: number): DoubleDouble {
  if (Math.abs(x) < 2 ** -30) {
    const { high, low } = exactProduct(x, x);
    return orderedSum(high, low - (high * high * 2) / 3);
  }
  const y = tanh(x);
  return multiply(y, y);
}

/** 1 / (1 + e^-x) */
export const logistic = (x: Operand): DoubleDouble => divide(1, add(1, exp(negate(x))));

/** Its derivative as 1 / (4 + (e^(x / 2) - e^(-x / 2))^2): the product with 1 - logistic(x) would lose the x^2 beside 1 / 4. */
export function logisticSlope(x: Operand): DoubleDouble {
  const rise = expm1(scale(x, wide(x).high < 0 ? -0.5 : 0.5));
  const difference = add(rise, divide(rise, add(1, rise)));
  return divide(1, add(4, multiply(difference, difference)));
}

const pi = { high: Math.PI, low: 1.2246467991473532e-16 };
const rootOfTwoPi = sqrt(scale(pi, 2));
/** sqrt(2 / pi) */
export const rootOfTwoOverPi = divide(2, rootOfTwoPi);

/** The density of the normal distribution, e^(-x * x / 2) / sqrt(2 pi). */
export const density = (x: Operand): DoubleDouble => divide(exp(scale(multiply(x, x), -0.5)), rootOfTwoPi);

/** P(N < x) for the normal distribution: 2^-94. */
export function normal(x: Operand): DoubleDouble {
  const { high } = wide(x);
  if (high > 0) return subtract(1, normal(negate(x)));
  const a = negate(x);
  if (high > -3) {
    // 1/2 less the density times a + a^3 / 3 + a^5 / (3 * 5) + ..., which loses at most nine bits.
    const square = multiply(a, a);
    let term = a;
    let sum = a;
    for (let n = 3; term.high > sum.high * 2 ** -110; n += 2) {
      term = divide(multiply(term, square), n);
      sum = add(sum, term);
    }
    return subtract(0.5, multiply(density(a), sum));
  }
  // The density over Laplace's continued fraction a + 1 / (a + 2 / (a + 3 / ...)), which so many terms give to 2^-106.
  let fraction = a;
  for (let n = Math.ceil(1600 / (high * high)) + 16; n > 0; n--) fraction = add(a, divide(n, fraction));
  return divide(density(a), fraction);
}

const high = new Float64Array(1);
const bits = new BigInt64Array(high.buffer);

/**
 * A sum as a float64 that rounds to the same float32, float16 or bfloat16. `high` alone has been rounded already. Rounded to odd it is
 * right: a `high` that is even, as a middle between two of those is, moves towards `low`.
 */
export function toOdd(sum: DoubleDouble): number {
  high[0] = sum.high;
  if (sum.low !== 0 && (bits[0]! & 1n) === 0n) bits[0]! += sum.low > 0 === sum.high > 0 ? 1n : -1n;
  return high[0]!;
}

/** The float32 nearest to a sum. */
export const toFloat32 = (sum: DoubleDouble): number => Math.fround(toOdd(sum));
