// Checks of what the caller passed, alike for every backend and before anything is written. Only this file, options.ts, the Tensor
// and its readers blame the caller.
import { counted, describe } from './errors.js';
import { byteOffset, type FloatArray, lengthOf, lengthOfPresent, lossOf, shareMemory, typeName } from './floats.js';

/** Which arithmetic serves float32: `'fast'` in float32, `'exact'` in float64 and more, rounded once. */
export type Precision = 'fast' | 'exact';

export function checkPrecision(precision: unknown, name: string): boolean {
  if (precision === undefined || precision === 'fast') return false;
  if (precision === 'exact') return true;
  throw new TypeError(`${name}: precision must be 'fast' or 'exact', got ${describe(precision)}`);
}

/** Asserts that a typed array without elements is an empty one, and not one whose memory is gone. */
export function checkPresent(x: ArrayBufferView, what: string): void {
  const loss = lossOf(x);
  if (loss === 'transferred') throw new TypeError(`${what} is detached: its buffer was transferred`);
  if (loss === 'shrunk') throw new RangeError(`${what} lies outside of its buffer, which has shrunk`);
}

/** The number of elements of x, which may be none. */
export function countOf(x: FloatArray, name: string, what = 'x'): number {
  const count = lengthOfPresent(x);
  return isThere(x, count) ? count : countOfNone(x, what, name);
}

/** Whether an array has memory for so many elements: what V8 inlines may have for one that was transferred its old length, but no element. */
export const isThere = (x: FloatArray | Uint16Array, count: number) => count > 0 && x[count - 1] !== undefined;

/** Whether that is an array of this type with so many elements. */
export function isLike(x: FloatArray, type: string | undefined, count: number): boolean {
  return typeName(x) === type && lengthOfPresent(x) === count && isThere(x, count);
}

/** The number of elements of what has none, or none that are there. */
function countOfNone(x: FloatArray, what: string, name: string): number {
  const count = lengthOf(x);
  if (count === 0) checkPresent(x, `${name}: ${what}`);
  return count;
}

/** Another input of `count` elements, such as the incoming gradient: an array of their type and number. `like` is the word for x. */
export function checkOther(
  x: FloatArray,
  count: number,
  other: unknown,
  what: string,
  name: string,
  like = 'x',
): FloatArray {
  return checkLike(x, count, other, what, name, like);
}

/** An output for x and another input: of their type and length, and each of them itself in memory or sharing none of it. */
export function checkOut(
  x: FloatArray,
  count: number,
  other: FloatArray | undefined,
  out: unknown,
  name: string,
  what = 'grad',
  like = 'x',
): FloatArray {
  const y = checkLike(x, count, out, 'out', name, like);
  checkOverlap(x, y, like, name);
  if (other !== undefined) checkOverlap(other, y, what, name);
  return y;
}

// What throws is apart from what is asked at every call: V8 inlines only so much code into a function, and counts what never runs.

function checkLike(x: FloatArray, count: number, other: unknown, what: string, name: string, like: string): FloatArray {
  if (typeName(other) !== typeName(x)) throw otherType(x, other, what, name, like);
  const y = other as FloatArray;
  const length = lengthOfPresent(y);
  if (length !== count || !isThere(y, count)) checkLength(y, count, what, name, like);
  return y;
}

function otherType(x: FloatArray, other: unknown, what: string, name: string, like: string): TypeError {
  return new TypeError(`${name}: ${what} must be a ${typeName(x)} like ${like}, got ${describe(other)}`);
}

function checkLength(other: FloatArray, count: number, what: string, name: string, like: string): void {
  const length = countOfNone(other, what, name);
  if (length !== count)
    throw new RangeError(`${name}: ${what} has ${counted(length, 'element')} but ${like} has ${count}`);
}

/** Asserts that `out` is x, or lies beside it: for arrays of one type and length. What has another buffer object over the same memory is for a backend to find. */
export function checkOverlap(x: FloatArray, out: FloatArray, what: string, name: string): void {
  if (x !== out && byteOffset(x) !== byteOffset(out) && shareMemory(x, out)) throw overlap(what, name);
}

function overlap(what: string, name: string): RangeError {
  return new RangeError(`${name}: out overlaps part of ${what}; it may be ${what} itself or separate memory`);
}
