// The losses of slices and what their gradient is taken for, entry by entry.
import { Sum } from '../../arithmetic/sum.js';
import { allocate } from '../../basics/allocate.js';
import { dtypeOf, type FloatArray, lengthOf } from '../../basics/floats.js';
import type { LogParts, Sliced } from '../sums.js';
import type { Slices } from './classes.js';

/** The logits, and what each slice of them is to be. */
export interface Call extends Slices, Sliced {
  /** The class of each slice, or -1 where it does not count. */
  readonly classes: Int32Array | undefined;
  readonly probabilities: FloatArray | undefined;
  /** A target is p * keep + spread, of which nothing is spread as a rule. */
  readonly keep: number;
  readonly spread: number;
  /** Of each class, where they are not all 1. */
  readonly weights: FloatArray | undefined;
  /** How many slices count. */
  readonly counted: number;
  /** What the mean is over: these, or the weights of their classes. */
  readonly total: number;
}

/** Where a slice has its first entry. */
const startOf = (i: number, { length, inner }: Slices) => Math.floor(i / inner) * length * inner + (i % inner);

/**
 * -sum(p * logSoftmax) of a slice, p * keep + spread in the place of p. A logarithm with the other sign is the distance to the maximum
 * and what all entries come to above it, both at least 0, so that no term cancels another where no p is negative; the sum keeps its
 * rounding errors.
 */
function sharedLoss(call: Call, start: number, maximum: number, log: number): number {
  const { x, length, inner, keep, spread } = call;
  const p = call.probabilities!;
  const sum = new Sum();
  for (let j = 0, at = start; j < length; j++, at += inner) {
    const share = p[at]! * keep + spread;
    // 0 times infinity would be NaN.
    if (share === 0) continue;
    const term = share * (maximum - x[at]! + log);
    sum.add(term);
  }
  return sum.value;
}

/** The same of one class, where something is spread. */
function smoothedLoss(call: Call, target: number, start: number, maximum: number, log: number): number {
  const { x, length, inner, keep, spread } = call;
  const sum = new Sum();
  for (let j = 0, at = start; j < length; j++, at += inner) {
    const term = maximum - x[at]! + log;
    sum.add(term);
  }
  const own = keep === 0 ? 0 : keep * (maximum - x[start + target * inner]! + log);
  return own + spread * sum.value;
}

/** The same of a class or of probabilities, each share times the weight of its class. */
function weightedLoss(call: Call, target: number, start: number, maximum: number, log: number): number {
  const { x, probabilities, length, inner, keep, spread } = call;
  const weights = call.weights!;
  const sum = new Sum();
  // Of a class alone there is nothing but its own share.
  const isOne = probabilities === undefined && spread === 0;
  for (let j = isOne ? target : 0, end = isOne ? target + 1 : length; j < end; j++) {
    const at = start + j * inner;
    const p = probabilities === undefined ? Number(j === target) : probabilities[at]!;
    const share = weights[j]! * (p * keep + spread);
    // As where nothing is weighted: a share of 0 adds nothing.
    if (share !== 0) sum.add(share * (maximum - x[at]! + log));
  }
  return sum.value;
}

/** The logarithm of a slice; NaN where its maximum is infinite, as all of its logSoftmax is. */
const logOf = ({ maxima, logs }: LogParts, i: number): number => (maxima[i]! < Infinity ? logs[i]! : Number.NaN);

/** The sum of the losses of slices, which are also left where there is a place for them. */
export function lossesOf(call: Call, parts: LogParts, losses: FloatArray | undefined): number {
  const { count, classes, probabilities, weights } = call;
  const sum = new Sum();
  for (let i = 0; i < count; i++) {
    const own = classes === undefined ? 0 : classes[i]!;
    if (own < 0) continue;
    const [start, maximum, log] = [startOf(i, call), parts.maxima[i]!, logOf(parts, i)];
    let loss: number;
    if (weights !== undefined) loss = weightedLoss(call, own, start, maximum, log);
    else if (probabilities !== undefined) loss = sharedLoss(call, start, maximum, log);
    else loss = smoothedLoss(call, own, start, maximum, log);
    if (losses !== undefined) losses[i] = loss;
    sum.add(loss);
  }
  return sum.value;
}

/** The same of classes alone, of which a row has a number each. */
export function plainLosses(
  { x, length, inner, count }: Call,
  classes: Int32Array,
  parts: LogParts,
  losses: FloatArray | undefined,
): number {
  const sum = new Sum();
  for (let i = 0, first = 0; i < count; first += length * inner)
    for (let k = 0; k < inner; k++, i++) {
      const own = classes[i]!;
      if (own < 0) continue;
      const loss = parts.maxima[i]! - x[first + k + own * inner]! + logOf(parts, i);
      if (losses !== undefined) losses[i] = loss;
      sum.add(loss);
    }
  return sum.value;
}

/** What the gradient of logSoftmax is taken for: the shares of each slice with the other sign, those of classes times a factor. */
export function negativeTargets(call: Call, factor: number, name: string): FloatArray {
  const { x, shape, classes, probabilities, keep, spread, length, inner, count, weights } = call;
  const g = allocate(dtypeOf(x), lengthOf(x), name, shape);
  if (weights !== undefined) return weightedTargets(g, call, weights, factor);
  if (probabilities !== undefined) {
    for (let i = 0, size = g.length; i < size; i++) g[i] = -(probabilities[i]! * keep + spread);
    return g;
  }
  for (let i = 0; i < count; i++) {
    const target = classes![i]!;
    if (target < 0) continue;
    const start = startOf(i, call);
    if (spread > 0) for (let j = 0, at = start; j < length; j++, at += inner) g[at] = -spread;
    g[start + target * inner] = -(keep + spread) * factor;
  }
  return g;
}

/** The same of weighted classes or probabilities. */
function weightedTargets(g: FloatArray, call: Call, weights: FloatArray, factor: number): FloatArray {
  const { classes, probabilities, keep, spread, length, inner, count } = call;
  for (let i = 0; i < count; i++) {
    const target = classes === undefined ? 0 : classes[i]!;
    if (target < 0) continue;
    for (let j = 0, at = startOf(i, call); j < length; j++, at += inner) {
      const p = probabilities === undefined ? Number(j === target) : probabilities[at]!;
      const share = p * keep + spread;
      if (share !== 0) g[at] = -(weights[j]! * share * factor);
    }
  }
  return g;
}

/** 0 in the slices that do not count, whatever their logits are: 0 times NaN would be NaN. */
export function clearIgnored(y: FloatArray, call: Call): void {
  const { classes, length, inner, count } = call;
  for (let i = 0; i < count; i++) {
    if (classes![i]! >= 0) continue;
    for (let j = 0, at = startOf(i, call); j < length; j++, at += inner) y[at] = 0;
  }
}
