// Softmax, its logarithm and their gradients under conditions, in TypeScript: of x over a temperature plus a mask. Logits are sums of
// two numbers, as the rounding error of one would count as often as it is large.

import { add, divide, exactProduct, exactSum } from '../arithmetic/double-double.js';
import { timesExp } from '../arithmetic/erfc.js';
import { log1p } from '../arithmetic/log.js';
import { type Logits as Entries, multiplyByDifferences } from '../arithmetic/near-mean.js';
import { correctlyRoundedShares, leavesOpen, partOfShare } from '../arithmetic/shares.js';
import { Sum } from '../arithmetic/sum.js';
import { type FloatArray, isFloat32, lengthOfPresent } from '../basics/floats.js';
import type { Conditions, Slice } from './backend.js';

// Below these differences from the largest entry a share is zero, also as a subnormal, and a logarithm has nothing of it.
const farthest = -760;
// Room for halves of the largest numbers, and for sums of them. At a temperature below `low` the smallest numbers count, which would
// lose their digits by it; a mask is nothing then beside numbers so large.
const margin = 2 ** -64;
const low = 2 ** -500;

/** The logits of a slice less their largest. */
interface Logits extends Entries {
  /** 1 where an entry is masked. */
  readonly masked: Uint8Array;
}

/** Where the mask of each outer slice begins. */
function* outerStarts({ mask }: Conditions): Generator<number, undefined> {
  if (mask === undefined) for (;;) yield 0;
  const index = mask.steps.map(() => 0);
  for (;;) {
    yield mask.steps.reduce((first, { stride }, i) => first + index[i]! * stride, 0);
    for (let i = 0; i < index.length; i++) {
      index[i]!++;
      if (index[i]! < mask.steps[i]!.size) break;
      index[i] = 0;
    }
  }
}

/** Calls f with the start of each slice of [outer, length, inner], in x and in the mask. */
function forEachSlice(
  size: number,
  length: number,
  inner: number,
  conditions: Conditions,
  f: (start: number, first: number) => void,
): void {
  const starts = outerStarts(conditions);
  const across = conditions.mask?.across ?? 0;
  for (let outer = 0; outer < size; outer += length * inner) {
    const first = starts.next().value ?? 0;
    for (let i = 0; i < inner; i++) f(outer + i, first + i * across);
  }
}

/** How x becomes logits: times margin and times high + low, in a unit of which `unit` make 1. */
interface Scale {
  readonly margin: number;
  readonly high: number;
  readonly low: number;
  readonly unit: number;
}

function scaleOf(temperature: number): Scale {
  let t = Math.abs(temperature);
  const room = t < low ? 1 : margin;
  let unit = 1;
  for (; t < 1 && unit < 2 ** 1000; t *= 2) unit *= 2;
  // Else 1 / t would be subnormal.
  for (; t > 2 ** 900; t /= 2) unit /= 2;
  const high = 1 / t;
  const product = exactProduct(high, t);
  const rest = (1 - product.high - product.low) / t;
  const sign = temperature < 0 ? -1 : 1;
  return { margin: room, high: sign * high, low: sign * rest, unit: unit / room };
}

/** What rounding takes from a * b, where halves of a number as large as a would overflow as well. */
const lostOf = (a: number, b: number): number =>
  Math.abs(a) < 2 ** 900 ? exactProduct(a, b).low : exactProduct(a / 2 ** 100, b).low * 2 ** 100;

/** Fills the logits of the slice from x[start] on, `step` apart, and returns the largest, rounded; NaN is none. */
function readLogits(
  x: FloatArray,
  start: number,
  step: number,
  first: number,
  { mask }: Conditions,
  scale: Scale,
  { high, low, masked }: Logits,
): number {
  let largest = -Infinity;
  for (let i = 0; i < high.length; i++) {
    const place = first + i * (mask?.along ?? 0);
    const bias = mask === undefined ? 0 : mask.additive ? mask.data[place]! : mask.data[place] === 0 ? -Infinity : 0;
    masked[i] = Number(bias === -Infinity);
    const value = x[start + i * step]! * scale.margin;
    const whole = value * scale.high;
    const sum = masked[i] ? -Infinity : whole + bias / scale.unit;
    let rest = 0;
    if (Number.isFinite(sum)) {
      const added = sum - whole;
      const lost = lostOf(value, scale.high) + value * scale.low;
      rest = whole - (sum - added) + (bias / scale.unit - added) + lost;
    }
    if (sum + rest > largest) largest = sum + rest;
    high[i] = sum;
    low[i] = rest;
  }
  if (largest === -Infinity) return largest;
  // The largest is taken off in the unit, where nothing overflows, and once more as what is left.
  takeOff(largest, 1, false, high, low);
  let rest = -Infinity;
  for (let i = 0; i < high.length; i++) if (high[i]! + low[i]! > rest) rest = high[i]! + low[i]!;
  if (Number.isFinite(rest)) takeOff(rest, scale.unit, true, high, low);
  return largest;
}

/** Less `largest`, the last time nothing being left of what rounds to it, and that as many times as there are units. */
function takeOff(largest: number, unit: number, last: boolean, high: Float64Array, low: Float64Array): void {
  for (let i = 0; i < high.length; i++) {
    const value = high[i]!;
    if (last && value + low[i]! === largest) {
      high[i] = 0;
      low[i] = 0;
      continue;
    }
    const difference = value - largest;
    const subtracted = value - difference;
    const error = value - (difference + subtracted) + (subtracted - largest) + low[i]!;
    const sum = Number.isFinite(difference) ? difference + error : difference;
    high[i] = sum * unit;
    low[i] = Number.isFinite(high[i]) ? (error - (sum - difference)) * unit : 0;
  }
}

/** What shares of float32 may be wrong by, as a part of them: beside what is added, a logit may have lost all that is rounded of x / t. */
function partOfShares(x: FloatArray, start: number, step: number, length: number, conditions: Conditions): number {
  if (conditions.mask?.additive !== true) return partOfShare;
  let largest = 0;
  for (let i = 0; i < length; i++) {
    const size = Math.abs(x[start + i * step]! / conditions.temperature);
    if (size > largest && size < Infinity) largest = size;
  }
  return partOfShare + 4 * largest * 2 ** -53;
}

/** The same logits of float32, less their largest before anything is rounded: (x - largest) / t + (bias - its bias). */
function exactLogits(
  x: FloatArray,
  start: number,
  step: number,
  first: number,
  { temperature, mask }: Conditions,
  { high, low, masked }: Logits,
): void {
  const biasOf = (i: number) => (mask?.additive ? mask.data[first + i * mask.along]! : 0);
  let top = 0;
  for (let i = 1; i < high.length; i++) if (high[i]! + low[i]! > high[top]! + low[top]!) top = i;
  // What was largest when rounded may not be that.
  for (let next = top; ; top = next) {
    for (let i = 0; i < high.length; i++) {
      const value = x[start + i * step]!;
      const isLeft = !masked[i] && Number.isFinite(value);
      const z = isLeft
        ? add(divide(exactSum(value, -x[start + top * step]!), temperature), exactSum(biasOf(i), -biasOf(top)))
        : { high: -Infinity, low: 0 };
      high[i] = z.high;
      low[i] = z.low;
      if (z.high > 0 && z.high > high[next]!) next = i;
    }
    if (next === top) return;
  }
}

/** Stores e^logit in `shares`, and returns their sum without the entry of the number `omitted`. */
function exponentials({ high, low }: Logits, shares: Float64Array, omitted = -1): number {
  const sum = new Sum();
  for (let i = 0; i < high.length; i++) {
    const e = high[i]! < farthest ? 0 : timesExp(1, high[i]!, low[i]!);
    shares[i] = e;
    if (i === omitted) continue;
    sum.add(e);
  }
  return sum.value;
}

/** Whether nothing of a slice is left: no logit is above -Infinity, and none is NaN. */
const isEmpty = (largest: number, { high }: Logits) => largest === -Infinity && !high.some(Number.isNaN);

/** The shares of a slice, whose sum is 1 unless there is nothing in it. */
function share(largest: number, logits: Logits, shares: Float64Array, zero: boolean): void {
  if (isEmpty(largest, logits)) {
    shares.fill(zero ? 0 : Number.NaN);
    return;
  }
  const total = exponentials(logits, shares);
  for (let i = 0; i < shares.length; i++) shares[i]! /= total;
}

/** log(sum(e^logit)), of which one of the largest is 1; of nothing what makes -Infinity or NaN of each entry. */
function logOf(largest: number, logits: Logits, shares: Float64Array, zero: boolean): number {
  if (isEmpty(largest, logits)) return zero ? Infinity : Number.NaN;
  if (!Number.isFinite(largest)) return Number.NaN;
  // NaN is not it, or the sum would not find it.
  let first = -1;
  let most = -Infinity;
  for (let i = 0; i < shares.length; i++) {
    const logit = logits.high[i]! + logits.low[i]!;
    if (logit > most) [first, most] = [i, logit];
  }
  return log1p(exponentials(logits, shares, first));
}

/** y = softmax or its logarithm; `x` may be y. */
export function conditionedSlices(
  x: FloatArray,
  y: FloatArray,
  slice: Slice,
  length: number,
  inner: number,
  conditions: Conditions,
): void {
  const scale = scaleOf(conditions.temperature);
  const { logits, shares } = roomFor(length);
  forEachSlice(lengthOfPresent(y), length, inner, conditions, (start, first) => {
    const largest = readLogits(x, start, inner, first, conditions, scale, logits);
    if (slice === 'softmax') {
      share(largest, logits, shares, conditions.zero);
      if (isFloat32(x) && leavesOpen(shares, partOfShares(x, start, inner, length, conditions))) {
        exactLogits(x, start, inner, first, conditions, logits);
        correctlyRoundedShares(logits.high, logits.low, shares);
      }
      for (let i = 0; i < length; i++) y[start + i * inner] = shares[i]!;
      return;
    }
    const rest = logOf(largest, logits, shares, conditions.zero);
    // The zero of a certain entry has no sign.
    const log = isFloat32(y) && rest < 2 ** -150 ? 0 : rest;
    for (let i = 0; i < length; i++) y[start + i * inner] = logits.high[i]! - log + logits.low[i]!;
  });
}

/** Its gradient, within 1 ulp if `exact`. What `grad` holds at a masked entry counts nothing, and what it gets is 0. */
export function conditionedSlicesGrad(
  grad: FloatArray,
  x: FloatArray,
  y: FloatArray,
  slice: Slice,
  length: number,
  inner: number,
  conditions: Conditions,
  exact = false,
): void {
  const scale = scaleOf(conditions.temperature);
  const { logits, shares } = roomFor(length);
  const { zero, temperature } = conditions;
  const isLog = slice === 'logSoftmax';
  const own = exact && !isLog && isFloat32(x) ? new Float64Array(length) : undefined;
  forEachSlice(lengthOfPresent(y), length, inner, conditions, (start, first) => {
    const largest = readLogits(x, start, inner, first, conditions, scale, logits);
    share(largest, logits, shares, zero);
    if (isEmpty(largest, logits)) {
      for (let i = 0; i < length; i++) y[start + i * inner] = shares[i]!;
      return;
    }
    const sum = new Sum();
    for (let i = 0; i < length; i++) {
      if (logits.masked[i]) continue;
      const g = grad[start + i * inner]!;
      const term = isLog ? g : shares[i]! * g;
      sum.add(term);
    }
    const mean = sum.value;
    if (own !== undefined) {
      for (let i = 0; i < length; i++) own[i] = logits.masked[i] ? Number.NaN : grad[start + i * inner]!;
      multiplyByDifferences(shares, own, mean, partOfShares(x, start, inner, length, conditions), () => {
        exactLogits(x, start, inner, first, conditions, logits);
        return logits;
      });
      for (let i = 0; i < length; i++) y[start + i * inner] = logits.masked[i] ? 0 : shares[i]! / temperature;
      return;
    }
    for (let i = 0; i < length; i++) {
      const at = start + i * inner;
      const dx = isLog ? grad[at]! - shares[i]! * mean : shares[i]! * (grad[at]! - mean);
      y[at] = logits.masked[i] ? 0 : dx / temperature;
    }
  });
}

function roomFor(length: number): { readonly logits: Logits; readonly shares: Float64Array } {
  const logits = { high: new Float64Array(length), low: new Float64Array(length), masked: new Uint8Array(length) };
  return { logits, shares: new Float64Array(length) };
}
