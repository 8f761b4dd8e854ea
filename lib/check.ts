// Checks of what the caller passed, alike for every backend and before anything is written. Only this file, the Tensor and its
// readers blame the caller.
import type { FloatArray } from './backend.js';
import { describe } from './errors.js';
import { byteOffset, elementBytes, typeName } from './floats.js';

/** Which arithmetic serves float32: `'fast'` in float32, `'exact'` in float64 and rounded once. */
export type Precision = 'fast' | 'exact';

/** The options object of a call, which may be left out. */
export function checkOptions<O extends object>(options: O | undefined, name: string): O | undefined {
  if (options !== undefined && (typeof options !== 'object' || options === null))
    throw new TypeError(`${name}: options must be an object such as { out }, got ${describe(options)}`);
  return options;
}

export function checkPrecision(precision: unknown, name: string): boolean {
  if (precision === undefined || precision === 'fast') return false;
  if (precision === 'exact') return true;
  throw new TypeError(`${name}: precision must be 'fast' or 'exact', got ${describe(precision)}`);
}

/** The incoming gradient of a typed array: an array of its type and length. */
export function checkGrad(x: FloatArray, grad: unknown, name: string): FloatArray {
  return checkLike(x, grad, 'grad', name);
}

/** An output for x (and grad): of their type and length, and each of them itself in memory or sharing none of it. */
export function checkOut(x: FloatArray, grad: FloatArray | undefined, out: unknown, name: string): FloatArray {
  const y = checkLike(x, out, 'out', name);
  checkOverlap(x, y, 'x', name);
  if (grad !== undefined) checkOverlap(grad, y, 'grad', name);
  return y;
}

function checkLike(x: FloatArray, other: unknown, what: string, name: string): FloatArray {
  if (typeName(other) !== typeName(x))
    throw new TypeError(`${name}: ${what} must be a ${typeName(x)} like x, got ${describe(other)}`);
  const like = other as FloatArray;
  if (like.length !== x.length)
    throw new RangeError(`${name}: ${what} has ${like.length} elements but x has ${x.length}`);
  return like;
}

/** For arrays of one type and length. */
function checkOverlap(x: FloatArray, out: FloatArray, what: string, name: string): void {
  const from = byteOffset(x);
  const to = byteOffset(out);
  const bytes = x.length * elementBytes(x);
  // Whether or not they share a buffer, which is slow to ask for: no part of one lies in the other, unless they are one.
  if (from === to || from >= to + bytes || to >= from + bytes) return;
  if (x.buffer === out.buffer)
    throw new RangeError(`${name}: out overlaps part of ${what}; it may be ${what} itself or separate memory`);
}
