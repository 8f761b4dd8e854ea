// The loops of arithmetic and comparisons, each typed out for each type. V8 inlines what a loop does only where it is written in it,
// and asks arrays of one type for less: ns per element of 65536 float32 in a process that knows both types, the new array included,
// 2.8, of a loop for both 4.9, of a comparison by a function 15 in place of 2.2 (Zen 3, Node 20.20).
import type { Operation } from '../backends/backend.js';
import type { FloatArray, FloatDType } from '../basics/floats.js';

type OperationLoop = (
  a: FloatArray,
  i: number,
  iStep: number,
  b: FloatArray,
  j: number,
  jStep: number,
  out: FloatArray,
  from: number,
  to: number,
) => void;

/** out[from] and so on up to `to`, of elements of a and b in even steps; all of one type. */
export const operationLoops: Readonly<Record<Operation, Readonly<Record<FloatDType, OperationLoop>>>> = {
  add: {
    float32(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! + b[j]!;
    },
    float64(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! + b[j]!;
    },
  },
  sub: {
    float32(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! - b[j]!;
    },
    float64(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! - b[j]!;
    },
  },
  mul: {
    float32(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! * b[j]!;
    },
    float64(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! * b[j]!;
    },
  },
  div: {
    float32(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! / b[j]!;
    },
    float64(a, i, iStep, b, j, jStep, out, from, to) {
      for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! / b[j]!;
    },
  },
};

type EqualLoop = (
  a: FloatArray,
  i: number,
  iStep: number,
  b: FloatArray,
  j: number,
  jStep: number,
  count: number,
) => boolean;

/** Whether `count` pairs of elements are all `===`. */
export const equalLoops: Readonly<Record<FloatDType, EqualLoop>> = {
  float32(a, i, iStep, b, j, jStep, count) {
    for (let left = count; left > 0; left--, i += iStep, j += jStep) if (a[i] !== b[j]) return false;
    return true;
  },
  float64(a, i, iStep, b, j, jStep, count) {
    for (let left = count; left > 0; left--, i += iStep, j += jStep) if (a[i] !== b[j]) return false;
    return true;
  },
};

/** How far apart numbers may be, and whether NaN is close to NaN. */
export interface Closeness {
  readonly rtol: number;
  readonly atol: number;
  readonly equalNan: boolean;
}

type CloseLoop = (
  a: FloatArray,
  i: number,
  iStep: number,
  b: FloatArray,
  j: number,
  jStep: number,
  count: number,
  closeness: Closeness,
) => boolean;

/** Whether `count` pairs of elements are all close. */
export const closeLoops: Readonly<Record<FloatDType, CloseLoop>> = {
  float32(a, i, iStep, b, j, jStep, count, closeness) {
    const { rtol, atol } = closeness;
    for (let left = count; left > 0; left--, i += iStep, j += jStep) {
      const x = a[i]!;
      const y = b[j]!;
      const distance = Math.abs(x - y);
      if (!(distance <= atol + rtol * Math.abs(y) && distance < Infinity) && !isClose(x, y, closeness)) return false;
    }
    return true;
  },
  float64(a, i, iStep, b, j, jStep, count, closeness) {
    const { rtol, atol } = closeness;
    for (let left = count; left > 0; left--, i += iStep, j += jStep) {
      const x = a[i]!;
      const y = b[j]!;
      const distance = Math.abs(x - y);
      if (!(distance <= atol + rtol * Math.abs(y) && distance < Infinity) && !isClose(x, y, closeness)) return false;
    }
    return true;
  },
};

/** The whole question; the loops ask it where the difference is not small, or not finite. */
function isClose(x: number, y: number, { rtol, atol, equalNan }: Closeness): boolean {
  if (x === y || (equalNan && Number.isNaN(x) && Number.isNaN(y))) return true;
  return Number.isFinite(y) && Math.abs(x - y) <= atol + rtol * Math.abs(y);
}

/** Float32 numbers as float64 ones, from the first place of `wide` on. */
export function widen(narrow: FloatArray, from: number, wide: FloatArray, count: number): void {
  for (let k = 0; k < count; k++) wide[k] = narrow[from + k]!;
}

/** Writes a number of one element of 32 bits over those that the flags mark. */
export function fillWords(
  words: Int32Array,
  flags: Uint8Array,
  j: number,
  jStep: number,
  bits: Int32Array,
  from: number,
  to: number,
): void {
  const [low = 0] = bits;
  // Not by a branch, which random flags mispredict. A flag is a byte: 0 less one is negative unless it is 0.
  for (let k = from; k < to; k++, j += jStep) {
    const mask = (0 - flags[j]!) >> 31;
    words[k] = (words[k]! & ~mask) | (low & mask);
  }
}

/** The same for elements of 64 bits, of two words each. */
export function fillPairs(
  words: Int32Array,
  flags: Uint8Array,
  j: number,
  jStep: number,
  bits: Int32Array,
  from: number,
  to: number,
): void {
  const [low = 0, high = 0] = bits;
  for (let k = 2 * from; k < 2 * to; k += 2, j += jStep) {
    const mask = (0 - flags[j]!) >> 31;
    words[k] = (words[k]! & ~mask) | (low & mask);
    words[k + 1] = (words[k + 1]! & ~mask) | (high & mask);
  }
}
