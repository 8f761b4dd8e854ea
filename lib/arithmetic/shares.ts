// Softmax of float32, correctly rounded: what is asked for the slices of which float64 leaves a share open, one entry in some eighty
// millions.
import {
  add,
  type DoubleDouble,
  divide,
  exactProduct,
  exp,
  ln2,
  powerOfTwo,
  scale,
  subtract,
  toFloat32,
  toOdd,
} from './double-double.js';
import { Sum } from './sum.js';

// What a share in float64 may be wrong by, as a part of it: an exponential and the rest of its slice by 1.1 units of 2^-53 each, the sum
// of these and the share by one more where they are rounded.
export const partOfShare = 5 * 2 ** -53;
const isOpen = (share: number, part: number): boolean =>
  Math.fround(share - share * part) < Math.fround(share + share * part);

/** Whether a share of a slice lies so near the middle between two float32 that its error may decide; never of NaN. */
export function leavesOpen(shares: Float64Array, part = partOfShare): boolean {
  for (let i = 0; i < shares.length; i++) if (isOpen(shares[i]!, part)) return true;
  return false;
}

const noFraction = 1.5 * 2 ** 52;
const sixth = 1 / 6;
const sixthRest = sixth * 2 ** -54; // Its digits repeat.
const terms = [3628800, 362880, 40320, 5040, 720, 120, 24].map((factorial) => 1 / factorial);
const farthest = -110;

/**
 * e^(z + lost) for a sum of no more than 0, the first number of a sum of which this leaves the second in `rest`: 2^-72 of it, and
 * nothing from e^-110 on, of which shares have nothing left. native/exact/shares.cpp says how.
 */
function exponential(z: number, lost: number, least = farthest): number {
  rest = 0;
  if (z < least) return 0;
  const k = z * Math.LOG2E + noFraction - noFraction;
  const most = z - k * ln2[0];
  const left = lost - k * ln2[1];
  const r = most + left;
  const s = r / 16;
  const sLow = (left - (r - most)) / 16;

  const { high: square, low: squareRest } = exactProduct(s, s);
  const squareLow = squareRest + 2 * s * sLow;
  const { high: cube, low: cubeRest } = exactProduct(square, s);
  const { high: third, low: thirdRest } = exactProduct(cube, sixth);
  const thirdLow = thirdRest + cube * sixthRest + (cubeRest + squareLow * s + square * sLow) * sixth;
  let more = 0;
  for (const term of terms) more = more * s + term;
  const half = square / 2;
  const two = s + half;
  const three = two + third;
  const low = half - (two - s) + (third - (three - two)) + thirdLow + squareLow / 2 + sLow;
  let t = three + (square * square * more + low);
  let tLow = square * square * more + low - (t - three);
  for (let n = 0; n < 4; n++) {
    // (1 + t)^2 - 1
    const product = exactProduct(t, t);
    const sum = 2 * t + product.high;
    const sumLow = product.high - (sum - 2 * t) + 2 * tLow + product.low + 2 * t * tLow;
    t = sum + sumLow;
    tLow = sumLow - (t - sum);
  }
  const one = 1 + t;
  const oneLow = t - (one - 1) + tLow;
  const power = powerOfTwo(k);
  const high = one + oneLow;
  rest = (oneLow - (high - one)) * power;
  return high * power;
}
let rest = 0;

/** The same as one sum for z from -700 on, and what may be missing of it and of a quotient of its sums, as a part of them. */
export function quickExp(z: DoubleDouble): DoubleDouble {
  const high = exponential(z.high, z.low, -700);
  return { high, low: rest };
}
export const quickPart = 2 ** -70;

/** Computes the shares of entries high[i] + low[i], of which the largest is 0, as float64 that round to the float32 nearest to them. */
export function correctlyRoundedShares(high: Float64Array, low: Float64Array, shares: Float64Array): void {
  const sum = new Sum();
  for (let i = 0; i < shares.length; i++) {
    sum.add(exponential(high[i]!, low[i]!));
    sum.add(rest);
  }
  let total: DoubleDouble = sum.parts;
  let isWhole = false;
  for (let i = 0; i < shares.length; i++) {
    const e = exponential(high[i]!, low[i]!);
    shares[i] = e / total.high;
    if (!isOpen(shares[i]!, 2 ** -50)) continue;
    const quotient = divide({ high: e, low: rest }, total);
    shares[i] = toOdd(quotient);
    if (!isOpenBy(quotient, 2 ** -68)) continue;
    if (!isWhole) total = totalOf(high, low);
    isWhole = true;
    shares[i] = toOdd(divide(exp({ high: high[i]!, low: low[i]! }), total));
  }
}

const isOpenBy = (a: DoubleDouble, part: number): boolean =>
  toFloat32(subtract(a, scale(a, part))) < toFloat32(add(a, scale(a, part)));

/** The sum of the exponentials, 2^-90 of it. */
function totalOf(high: Float64Array, low: Float64Array): DoubleDouble {
  let total: DoubleDouble = { high: 0, low: 0 };
  for (let i = 0; i < high.length; i++)
    if (high[i]! >= farthest) total = add(total, exp({ high: high[i]!, low: low[i]! }));
  return total;
}
