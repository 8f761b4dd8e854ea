// The plain TypeScript backend: everything in float64, and activations correctly rounded where they are stored as float32, so
// `exact` has nothing to add but to the gradient of softmax.
// It is what the native backends are judged by, and what runs where none of them can.

import type { Formula } from '../activations/formula.js';
import { storeGradients, storeHalfGradients, storeHalfValues, storeValues } from '../activations/rounding.js';
import { type Activation, activationNames, activations, opOf } from '../activations/table.js';
import { timesExp } from '../arithmetic/erfc.js';
import { log1p } from '../arithmetic/log.js';
import { type Logits, multiplyByDifferences } from '../arithmetic/near-mean.js';
import { correctlyRoundedShares, leavesOpen, partOfShare } from '../arithmetic/shares.js';
import { Sum } from '../arithmetic/sum.js';
import { isLike, isThere } from '../basics/checks.js';
import {
  bufferOf,
  byteOffset,
  copyOver,
  type FloatArray,
  isFloat32,
  isFloatArray,
  lengthOfPresent,
  typeName,
} from '../basics/floats.js';
import { isHalfDType, roundHalves, widenHalves } from '../basics/halves.js';
import type { Backend, Conditions } from './backend.js';
import { sumChannels } from './channels.js';
import { conditionedSlices, conditionedSlicesGrad } from './conditions.js';
import { copyRuns } from './copies.js';

/** What a row does for x[from], x[from + 1], ..., `count` of them, into y[0], y[1], ... */
interface Loops {
  map(x: FloatArray, y: FloatArray, from: number, count: number, a: number, b: number): void;
  mapGrad(g: FloatArray, x: FloatArray, y: FloatArray, from: number, count: number, a: number, b: number): void;
}

/** The loops of any row. V8 compiles them once for all rows, with a call and boxed numbers for each element. */
const sharedLoops = ({ f, grad }: Formula): Loops => ({
  map(x, y, from, count, a, b) {
    for (let i = 0; i < count; i++) y[i] = f(x[from + i]!, a, b);
  },
  mapGrad(g, x, y, from, count, a, b) {
    for (let i = 0; i < count; i++) y[i] = grad(x[from + i]!, g[from + i]!, a, b);
  },
});

// An index in place of a branch, which random signs would mispredict: 2.0 against 6.7 ns per element (256 Ki float32).
const valueOrZero = new Float64Array(2);
const slopes = new Float64Array([Number.NaN, 0, 0]);

const { sigmoid, tanh, gelu, geluTanh, geluSigmoid, prelu } = activations;

// The most elements for which the loop is faster than native code: ns of 8, 16 and 24 by the loop 26, 40 and 56, by a call 53 (`npm run
// bench -- --function relu --size 8,16,24`, a Xeon with AVX-512).
const mostRelu = 16;

/** relu of so few float32 elements, as `mapFew` of a backend: its row's loop for one type of array, as V8 likes it. */
export function reluOfFew(x: unknown, out: unknown): Float32Array | undefined {
  if (!(x instanceof Float32Array) || typeName(x) !== 'Float32Array') return undefined;
  const count = lengthOfPresent(x);
  if (count > mostRelu || !isThere(x, count)) return undefined;
  const y = out === undefined ? new Float32Array(count) : out;
  if (!(y instanceof Float32Array) || !isLike(y, 'Float32Array', count) || byteOffset(x) !== byteOffset(y))
    return undefined;
  for (let i = 0; i < count; i++) {
    const value = x[i]!;
    valueOrZero[0] = value;
    y[i] = valueOrZero[Number(value < 0)]!;
  }
  return y;
}

/** Loops typed out, so that V8 inlines the formula: sigmoid takes 8.3 ns per element, 16.2 in the shared loop. */
const ownLoops: Readonly<Partial<Record<Activation, Loops>>> = {
  relu: {
    map(x, y, from, count) {
      for (let i = 0; i < count; i++) {
        const value = x[from + i]!;
        valueOrZero[0] = value;
        y[i] = valueOrZero[Number(value < 0)]!;
      }
    },
    mapGrad(g, x, y, from, count) {
      for (let i = 0; i < count; i++) {
        const value = x[from + i]!;
        slopes[2] = g[from + i]!;
        y[i] = slopes[2 * Number(value > 0) + Number(value <= 0)]!;
      }
    },
  },
  sigmoid: {
    map(x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = sigmoid.f(x[from + i]!);
    },
    mapGrad(g, x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = sigmoid.grad(x[from + i]!, g[from + i]!);
    },
  },
  tanh: {
    map(x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = tanh.f(x[from + i]!);
    },
    mapGrad(g, x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = tanh.grad(x[from + i]!, g[from + i]!);
    },
  },
  gelu: {
    map(x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = gelu.f(x[from + i]!);
    },
    mapGrad(g, x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = gelu.grad(x[from + i]!, g[from + i]!);
    },
  },
  geluTanh: {
    map(x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = geluTanh.f(x[from + i]!);
    },
    mapGrad(g, x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = geluTanh.grad(x[from + i]!, g[from + i]!);
    },
  },
  geluSigmoid: {
    map(x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = geluSigmoid.f(x[from + i]!);
    },
    mapGrad(g, x, y, from, count) {
      for (let i = 0; i < count; i++) y[i] = geluSigmoid.grad(x[from + i]!, g[from + i]!);
    },
  },
};

/** By the number of the activation. */
const loops = activationNames.map((name) => ownLoops[name] ?? sharedLoops(activations[name]));
const exactlies = activationNames.map((name) => (activations[name] as Formula).exactly);

// Where float64 results go before they are rounded. In a loop of their own the roundings cost sigmoid 1.3 ns per element, within
// the loop of the formula 2.2.
const scratch = new Float64Array(256);

const fromHalves = new Float32Array(scratch.length);
const byHalves = new Float32Array(scratch.length);

// As in native/halves/run_halves.cpp: of an array longer than all halves there are, each of them once, and then 1 ns for each element.
const allHalves = 65536;
const byTableElements = 2 * allHalves;

/** Calls f for `count` elements in parts, with room for the float64 results of each and its first element. */
function forEachPart(count: number, f: (results: Float64Array, from: number) => void): void {
  for (let from = 0; from < count; from += scratch.length)
    f(count - from < scratch.length ? scratch.subarray(0, count - from) : scratch, from);
}

// Below this difference from the largest entry a share is zero, also as a subnormal.
const farthest = -760;

/** The largest of x[start], x[start + step], ..., `length` of them. NaN is not larger than anything; the sum finds it. */
function largestOf(x: FloatArray, start: number, step: number, length: number): number {
  let largest = -Infinity;
  for (let i = 0, at = start; i < length; i++, at += step) if (x[at]! > largest) largest = x[at]!;
  return largest;
}

/**
 * Stores e^(x[start] - largest), e^(x[start + step] - largest), ... in `shares`, and returns their sum, without the entry of the number
 * `omitted`.
 */
function exponentials(
  x: FloatArray,
  start: number,
  step: number,
  largest: number,
  shares: Float64Array,
  omitted = -1,
): number {
  const sum = new Sum();
  for (let i = 0, at = start; i < shares.length; i++, at += step) {
    const value = x[at]!;
    const difference = value - largest;
    // The exponential would magnify the rounding error of the difference, so it is given that as well.
    const e = difference < farthest ? 0 : timesExp(1, difference, errorOfDifference(value, largest, difference));
    shares[i] = e;
    if (i === omitted) continue;
    sum.add(e);
  }
  return sum.value;
}

/** Softmax of x[start], x[start + step], ... into `shares`, as many of them as it has elements. */
function share(x: FloatArray, start: number, step: number, shares: Float64Array): void {
  const total = exponentials(x, start, step, largestOf(x, start, step, shares.length), shares);
  for (let i = 0; i < shares.length; i++) shares[i]! /= total;
}

/** The same as they are to be stored: those that float64 leaves open are computed again. */
function storedShare(x: FloatArray, start: number, step: number, shares: Float64Array): void {
  share(x, start, step, shares);
  if (!isFloat32(x) || !leavesOpen(shares)) return;
  const { high, low } = logitsOf(x, start, step, shares.length);
  correctlyRoundedShares(high, low, shares);
}

function logitsOf(x: FloatArray, start: number, step: number, length: number): Logits {
  const largest = largestOf(x, start, step, length);
  const high = new Float64Array(length);
  const low = new Float64Array(length);
  for (let i = 0, at = start; i < length; i++, at += step) {
    high[i] = x[at]! - largest;
    low[i] = errorOfDifference(x[at]!, largest, high[i]!);
  }
  return { high, low };
}

/** Stores results in y[start], y[start + step], ... */
function store(results: Float64Array, y: FloatArray, start: number, step: number): void {
  for (let i = 0, at = start; i < results.length; i++, at += step) y[at] = results[i]!;
}

/** What rounding took from a - b. */
function errorOfDifference(a: number, b: number, difference: number): number {
  const subtracted = a - difference;
  return a - (difference + subtracted) + (subtracted - b);
}

/** log(sum(e^(x - largest))) of x[start], x[start + step], ...: one of the largest is 1, which log1p adds to what the others are. */
function logOfRest(x: FloatArray, start: number, step: number, largest: number, shares: Float64Array): number {
  let [first, equal] = [-1, 0];
  for (let i = 0, at = start; i < shares.length; i++, at += step) {
    if (Number.isNaN(x[at]!)) return Number.NaN;
    if (x[at] === largest) {
      equal++;
      if (first < 0) first = i;
    }
  }
  // An infinite entry less itself is no number.
  if (!Number.isFinite(largest)) return log1p(equal - 1);
  const total = exponentials(x, start, step, largest, shares, first);
  return log1p(total);
}

/** Stores x[start] - largest - log, ... into y. Of an infinite largest entry all are NaN. */
function storeLogs(
  x: FloatArray,
  y: FloatArray,
  start: number,
  step: number,
  length: number,
  shares: Float64Array,
): void {
  const largest = largestOf(x, start, step, length);
  const rest = largest < Infinity ? logOfRest(x, start, step, largest, shares) : Number.NaN;
  // The zero of a certain entry has no sign.
  const log = isFloat32(y) && rest < 2 ** -150 ? 0 : rest;
  for (let i = 0, at = start; i < length; i++, at += step) y[at] = x[at]! - largest - log;
}

/** The sum of shares[i] * g[start + i * step]. */
function weightedSum(shares: Float64Array, g: FloatArray, start: number, step: number): number {
  const sum = new Sum();
  for (let i = 0, at = start; i < shares.length; i++, at += step) {
    const term = shares[i]! * g[at]!;
    sum.add(term);
  }
  return sum.value;
}

/** Calls f with the start of each slice along the middle dimension of [outer, length, inner]. */
function forEachSlice(size: number, length: number, inner: number, f: (start: number) => void): void {
  const slab = length * inner;
  for (let outer = 0; outer < size; outer += slab) for (let start = outer; start < outer + inner; start++) f(start);
}

/** Calls f with the start of each run of `inner` elements of a channel, and with its slope. */
function forEachChannel(size: number, slopes: FloatArray, inner: number, f: (start: number, slope: number) => void) {
  for (let start = 0; start < size; ) for (let c = 0; c < slopes.length; c++, start += inner) f(start, slopes[c]!);
}

export const reference: Backend = {
  name: 'js',

  map(x, y, op, a, b, _exact, fresh) {
    const from = fresh ? x : readable(x, y, forX);
    const count = lengthOfPresent(x);
    const exactly = exactlies[op];
    if (exactly === undefined || !isFloat32(y)) return loops[op]!.map(from, y, 0, count, a, b);
    forEachPart(count, (results, first) => {
      loops[op]!.map(from, results, first, results.length, a, b);
      storeValues(results, from, y, first, exactly, a, b);
    });
  },

  mapFew: (x, out, { op }) => (op === opOf.relu ? reluOfFew(x, out) : undefined),

  mapGrad(grad, x, y, op, a, b, _exact, fresh) {
    const g = fresh ? grad : readable(grad, y, forGrad);
    const from = fresh ? x : readable(x, y, forX);
    const count = lengthOfPresent(x);
    const exactly = exactlies[op];
    if (exactly === undefined || !isFloat32(y)) return loops[op]!.mapGrad(g, from, y, 0, count, a, b);
    forEachPart(count, (results, first) => {
      loops[op]!.mapGrad(g, from, results, first, results.length, a, b);
      storeGradients(results, g, from, y, first, exactly, a, b);
    });
  },

  halves(grad, x, y, dtype, op, a, b) {
    if (grad === undefined && lengthOfPresent(x) >= byTableElements) {
      const table = new Uint16Array(allHalves).map((_, bits) => bits);
      reference.halves(undefined, table, table, dtype, op, a, b);
      const bits = readableBits(x, y);
      for (let i = 0; i < bits.length; i++) y[i] = table[bits[i]!]!;
      return;
    }
    const exactly = exactlies[op];
    const from = readableBits(x, y);
    const by = grad && readableBits(grad, y);
    forEachPart(lengthOfPresent(x), (results, first) => {
      const { length } = results;
      widenHalves(dtype, from, fromHalves, first, length);
      if (by === undefined) {
        loops[op]!.map(fromHalves, results, 0, length, a, b);
        storeHalfValues(results, fromHalves, y, first, dtype, exactly, a, b);
      } else {
        widenHalves(dtype, by, byHalves, first, length);
        loops[op]!.mapGrad(byHalves, fromHalves, results, 0, length, a, b);
        storeHalfGradients(results, byHalves, fromHalves, y, first, dtype, exactly, a, b);
      }
    });
  },

  convert(x, from, y, to) {
    if (!isHalfDType(from) && !isHalfDType(to)) return copyOver(y as FloatArray, x as FloatArray);
    const numbers = isHalfDType(from) ? new Float32Array(lengthOfPresent(x)) : (x as FloatArray);
    if (isHalfDType(from)) widenHalves(from, x as Uint16Array, isHalfDType(to) ? numbers : (y as FloatArray));
    if (isHalfDType(to)) roundHalves(to, numbers, y as Uint16Array);
  },

  gate(x, by, y, op, a, b, exact, fresh) {
    const factor = fresh ? by : readable(by, y, forGrad);
    const values = copyOf(x, lengthOfPresent(x));
    this.map(values, values, op, a, b, exact, true);
    for (let i = 0; i < values.length; i++) y[i] = values[i]! * factor[i]!;
  },

  gateGrad(grad, x, by, dx, dby, op, a, b, exact) {
    const values = copyOf(x, lengthOfPresent(x));
    const slopes = copyOf(grad, values.length);
    this.map(values, values, op, a, b, exact, true);
    for (let i = 0; i < values.length; i++) {
      slopes[i]! *= by[i]!;
      values[i]! *= grad[i]!;
    }
    this.mapGrad(slopes, x, slopes, op, a, b, exact, true);
    copyOver(dx, slopes);
    copyOver(dby, values);
  },

  channels(x, slopes, y, inner, _exact, fresh) {
    const from = fresh ? x : readable(x, y, forX);
    forEachChannel(lengthOfPresent(y), slopes, inner, (start, slope) => {
      for (let i = start; i < start + inner; i++) y[i] = prelu.f(from[i]!, slope);
    });
  },

  channelsGrad(grad, x, slopes, y, inner, _exact, fresh) {
    const g = fresh ? grad : readable(grad, y, forGrad);
    const from = fresh ? x : readable(x, y, forX);
    forEachChannel(lengthOfPresent(y), slopes, inner, (start, slope) => {
      for (let i = start; i < start + inner; i++) y[i] = prelu.grad(from[i]!, g[i]!, slope);
    });
  },

  channelSums: sumChannels,

  slices(input, y, slice, length, inner, _exact, fresh) {
    const x = fresh ? input : readable(input, y, forX);
    const shares = new Float64Array(length);
    forEachSlice(lengthOfPresent(y), length, inner, (start) => {
      if (slice === 'logSoftmax') return storeLogs(x, y, start, inner, length, shares);
      storedShare(x, start, inner, shares);
      store(shares, y, start, inner);
    });
  },

  slicesGrad(grad, input, y, slice, length, inner, exact, fresh) {
    const g = fresh ? grad : readable(grad, y, forGrad);
    const x = fresh ? input : readable(input, y, forX);
    const shares = new Float64Array(length);
    const ones = slice === 'logSoftmax' ? new Float64Array(length).fill(1) : undefined;
    const own = exact && ones === undefined && isFloat32(x) ? new Float64Array(length) : undefined;
    forEachSlice(lengthOfPresent(y), length, inner, (start) => {
      share(x, start, inner, shares);
      const sum = weightedSum(ones ?? shares, g, start, inner);
      if (own !== undefined) {
        for (let i = 0, at = start; i < length; i++, at += inner) own[i] = g[at]!;
        multiplyByDifferences(shares, own, sum, partOfShare, () => logitsOf(x, start, inner, length));
        return store(shares, y, start, inner);
      }
      for (let i = 0, at = start; i < length; i++, at += inner)
        y[at] = ones === undefined ? shares[i]! * (g[at]! - sum) : g[at]! - shares[i]! * sum;
    });
  },

  conditioned(grad, input, y, slice, length, inner, conditions, exact, fresh) {
    const x = fresh ? input : readable(input, y, forX);
    const own = fresh ? conditions : withOwnMask(conditions);
    if (grad === undefined) return conditionedSlices(x, y, slice, length, inner, own);
    const g = fresh ? grad : readable(grad, y, forGrad);
    conditionedSlicesGrad(g, x, y, slice, length, inner, own, exact);
  },

  logParts(x, maxima, logs, length, inner) {
    const shares = new Float64Array(length);
    let slice = 0;
    forEachSlice(lengthOfPresent(x), length, inner, (start) => {
      const largest = largestOf(x, start, inner, length);
      maxima[slice] = largest;
      logs[slice] = logOfRest(x, start, inner, largest, shares);
      slice++;
    });
  },

  copy: copyRuns,
};

// Where copies of small inputs go; nothing runs between a copy and its use. Up to here the copy takes less time than two buffers,
// 13 ns each, and those of arrays that V8 keeps without one would have to be made.
const mostCopied = 128;
const room = () => ({ float32: new Float32Array(mostCopied), float64: new Float64Array(mostCopied) });
const forX = room();
const forGrad = room();

/** An input, or in its place a copy, which may be longer, where y may overlap a part of it unseen. */
function readable(input: FloatArray, y: FloatArray, { float32, float64 }: typeof forX): FloatArray {
  // In place, every element is read before its own is written, and so is every slice.
  if (input === y) return input;
  const count = lengthOfPresent(input);
  if (count > mostCopied) return bufferOf(input) === bufferOf(y) ? input : copyOf(input, count);
  const copy = isFloat32(input) ? float32 : float64;
  copyOver(copy, input);
  return copy;
}

/** The same of bits. */
const readableBits = (input: Uint16Array, y: Uint16Array): Uint16Array =>
  input === y || bufferOf(input) === bufferOf(y) ? input : new Uint16Array(input);

/** With a copy of the mask, which y may overlap unseen, and which serves many slices. */
function withOwnMask(conditions: Conditions): Conditions {
  const { mask } = conditions;
  if (mask === undefined) return conditions;
  const data = isFloatArray(mask.data) ? copyOf(mask.data, lengthOfPresent(mask.data)) : new Uint8Array(mask.data);
  return { ...conditions, mask: { ...mask, data } };
}

function copyOf(input: FloatArray, count: number): FloatArray {
  const copy = isFloat32(input) ? new Float32Array(count) : new Float64Array(count);
  copyOver(copy, input);
  return copy;
}
