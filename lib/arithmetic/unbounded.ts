// Numbers of 106 bits whose exponent has no bounds: a textbook's formula neither overflows nor loses digits in them, whatever is
// squared or is the power of e. native/exact/unbounded.h is the same.

import * as sums from './double-double.js';
import { type DoubleDouble, powerOfTwo } from './double-double.js';

/** part * 2^exponent. The size of the part is from 1 to 2; or it is zero, infinite or NaN, and the exponent 0. */
export interface Unbounded {
  readonly part: DoubleDouble;
  readonly exponent: number;
}
type Operand = number | Unbounded;

const special = (a: number): Unbounded => ({ part: { high: a, low: 0 }, exponent: 0 });
const isUsual = ({ part: { high } }: Unbounded) => high !== 0 && Number.isFinite(high);

const high = new Float64Array(1);
const bits = new BigInt64Array(high.buffer);
/** The exponent of a normal number. */
function exponentOf(a: number): number {
  high[0] = a;
  return (Number(bits[0]! >> 52n) & 0x7ff) - 1023;
}

// So that no difference of two exponents is NaN.
const mostExponent = 2 ** 1022;

function normal(part: DoubleDouble, exponent: number): Unbounded {
  const size = Math.abs(part.high);
  if (!(size > 0 && size < Number.POSITIVE_INFINITY)) return special(part.high);
  // From where it takes one power of two to the size of 1.
  const step = size < 2 ** -900 ? -200 : size > 2 ** 900 ? 200 : 0;
  const near = sums.scale(part, powerOfTwo(-step));
  const own = exponentOf(near.high);
  const whole = Math.max(-mostExponent, Math.min(exponent + step + own, mostExponent));
  return { part: sums.scale(near, powerOfTwo(-own)), exponent: whole };
}
export const unbounded = (a: Operand): Unbounded => (typeof a === 'number' ? normal({ high: a, low: 0 }, 0) : a);

export const negate = (a: Operand): Unbounded => {
  const { part, exponent } = unbounded(a);
  return { part: sums.negate(part), exponent };
};

/** Errors are those of double-double.ts. Terms so far apart that this is not known of one number stay apart. */
export function add(a: Operand, b: Operand): Unbounded {
  const [x, y] = [unbounded(a), unbounded(b)];
  if (!isUsual(x) || !isUsual(y)) {
    if (isUsual(x) && y.part.high === 0) return x;
    if (isUsual(y) && x.part.high === 0) return y;
    return special(x.part.high + y.part.high);
  }
  const [large, small] = x.exponent < y.exponent ? [y, x] : [x, y];
  const apart = Math.min(large.exponent - small.exponent, 900);
  return normal(sums.add(large.part, sums.scale(small.part, powerOfTwo(-apart))), large.exponent);
}
export const subtract = (a: Operand, b: Operand): Unbounded => add(a, negate(b));

export function multiply(a: Operand, b: Operand): Unbounded {
  const [x, y] = [unbounded(a), unbounded(b)];
  if (!isUsual(x) || !isUsual(y)) return special(x.part.high * y.part.high);
  return normal(sums.multiply(x.part, y.part), x.exponent + y.exponent);
}

export const square = (x: Operand): Unbounded => multiply(x, x);
export const cube = (x: Operand): Unbounded => multiply(x, square(x));

export function divide(a: Operand, b: Operand): Unbounded {
  const [x, y] = [unbounded(a), unbounded(b)];
  if (!isUsual(x) || !isUsual(y)) return special(x.part.high / y.part.high);
  return normal(sums.divide(x.part, y.part), x.exponent - y.exponent);
}

export function sqrt(a: Operand): Unbounded {
  const x = unbounded(a);
  if (!isUsual(x) || x.part.high < 0) return special(Math.sqrt(x.part.high));
  const odd = x.exponent - 2 * Math.floor(x.exponent / 2);
  return normal(sums.sqrt(sums.scale(x.part, 1 + odd)), (x.exponent - odd) / 2);
}

export const isBelow = (a: Operand, b: Operand): boolean => subtract(a, b).part.high < 0;
export const max = (x: Operand, c: Operand): Unbounded => unbounded(isBelow(x, c) ? c : x);
export const min = (x: Operand, c: Operand): Unbounded => unbounded(isBelow(c, x) ? c : x);
export const copysign = (a: Operand, b: Operand): Unbounded => (isNegative(b) ? negate(a) : unbounded(a));
export const abs = (a: Operand): Unbounded => (isNegative(a) ? negate(a) : unbounded(a));
export const isNegative = (a: Operand): boolean => {
  const { high } = unbounded(a).part;
  return high < 0 || Object.is(high, -0);
};

/** x as k ln 2 + r, and e^r - 1. */
const powerOfE = ({ part, exponent }: Unbounded) =>
  // Of what is smaller only its sign counts.
  sums.reduced(sums.scale(part, powerOfTwo(Math.max(exponent, -900))));

// From where on 106 bits no longer tell a fraction of the exponent, and from where on it would have no room.
const [onlySize, onlyOrder] = [50, 960];

function orderBeyond({ part: { high }, exponent }: Unbounded): number {
  const beyond = exponent - onlyOrder + (Math.abs(high) - 1);
  if (beyond < 2 ** 50) return 1 + beyond;
  const own = exponentOf(beyond);
  return 2 ** 50 + (own - 50) + beyond * powerOfTwo(-own);
}

/**
 * From 2^50 on a power of two whose exponent is twice as large for twice an x. From 2^960 on it is only larger for a larger x: 1 at 2^960,
 * 2 at 2^961 and so on, as far as a float64 tells them apart.
 */
export function exp(a: Operand): Unbounded {
  const x = unbounded(a);
  const { high } = x.part;
  if (high === 0) return special(1);
  if (!isUsual(x)) return special(high < 0 ? 0 : high);
  if (x.exponent >= onlySize) {
    // Of 24 bits each, so that the product is exact.
    const [size, unit] = [Math.fround(high), Math.fround(Math.LOG2E)];
    const power =
      x.exponent < onlyOrder
        ? size * unit * powerOfTwo(x.exponent)
        : Math.sign(size) * orderBeyond(x) * unit * powerOfTwo(onlyOrder);
    return normal(special(1).part, power);
  }
  const { k, rest } = powerOfE(x);
  return normal(sums.add(1, rest), k);
}

export function expm1(a: Operand): Unbounded {
  const x = unbounded(a);
  if (!isUsual(x) || x.exponent >= onlySize) return x.part.high === 0 ? x : subtract(exp(x), 1);
  // What follows is a share of x^2 / 6, below 2^-220.
  if (x.exponent < -110) return add(x, divide(multiply(x, x), 2));
  const { k, rest } = powerOfE(x);
  return k === 0 ? normal(rest, 0) : subtract(normal(sums.add(1, rest), k), 1);
}

/** log(1 + u) for u from 0 to 1. */
function log1p(a: Operand): Unbounded {
  const u = unbounded(a);
  if (!isUsual(u) || u.exponent < -110) return subtract(u, divide(multiply(u, u), 2));
  return normal(sums.log1p(sums.scale(u.part, powerOfTwo(u.exponent))), 0);
}

export const sigmoid = (x: Operand): Unbounded => divide(1, add(1, exp(negate(x))));

export function tanh(a: Operand): Unbounded {
  const x = unbounded(a);
  if (!isUsual(x)) return special(Math.sign(x.part.high));
  const e = expm1(multiply(2, abs(x)));
  return copysign(divide(e, add(e, 2)), x);
}

/** log(1 + e^x) */
export const softplus = (x: Operand): Unbounded => add(max(x, 0), log1p(exp(negate(abs(x)))));

function scaled(a: number, exponent: number): number {
  const within = Math.max(-1100, Math.min(exponent, 1100));
  const half = Math.trunc(within / 2);
  return a * powerOfTwo(half) * powerOfTwo(within - half);
}
/** The nearest float64, but that it is rounded twice below the normal numbers. */
export const toFloat64 = ({ part, exponent }: Unbounded): number => scaled(part.high, exponent);
/** As far as it has room in one. */
export const toSum = ({ part: { high, low }, exponent }: Unbounded): DoubleDouble => ({
  high: scaled(high, exponent),
  low: scaled(low, exponent),
});

/**
 * The limit of f at an infinity, from two numbers that are farther out than what curves a function, and below 2^960 with
 * all that their powers of e are compared with: it is infinite or zero where their results differ by more than a factor
 * of 4, which powers of x from the 7th root on do, and else the second.
 */
export function limitAt(x: number, f: (x: Unbounded) => Unbounded): number {
  const [far, farther] = [930, 946].map((k) => f(unbounded(Math.sign(x) * 2 ** k))) as [Unbounded, Unbounded];
  if (!isUsual(far) || !isUsual(farther)) return toFloat64(farther);
  const { high } = farther.part;
  const growth = farther.exponent - far.exponent;
  if (Math.abs(growth) > 1) return growth > 0 ? high * Number.POSITIVE_INFINITY : high * 0;
  return toFloat64(farther);
}
