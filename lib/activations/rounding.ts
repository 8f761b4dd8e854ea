// How float64 results become float32, float16 or bfloat16: rounded to the nearest, unless what their error allows lies on both sides
// of the middle between two of those; then a sum of two float64 is computed, which decides. So results are correctly rounded by themselves: no
// formula is tuned for the inputs where it would come out wrong.

import { multiply, toOdd } from '../arithmetic/double-double.js';
import type { FloatArray, HalfDType } from '../basics/floats.js';
import { halfOf, settled } from '../basics/halves.js';
import type { Exactly } from './formula.js';

// What a row of the table may be wrong by, relative to its value (16 ulp of float64) and to its gradient; one input in 2^23 and in
// 2^19 is then left open. Near the zero of a slope, where it is all that is left of larger terms, the error is relative to them, and
// they are no larger than the incoming gradient.
const valueError = 2 ** -48;
const gradientError = 2 ** -44;
const cancelledError = 2 ** -52;
// At this distance from its zero a slope is 2^-8, or of silu, the flattest, 0.86 of that: gradientError is as much of cancelledError
// there, and more beyond.
const nearZero = 2 ** -6;

/** Whether y - error and y + error round to different float32; not for NaN. */
const isOpen = (y: number, error: number) => Math.fround(y - error) < Math.fround(y + error);

/** Stores the values that a row gave for x[from], x[from + 1], ... into y. */
export function storeValues(
  values: Float64Array,
  x: FloatArray,
  y: FloatArray,
  from: number,
  exactly: Exactly,
  a: number,
  b: number,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    y[from + i] = isOpen(value, valueError * Math.abs(value)) ? decided(x[from + i]!, exactly, a, b) : value;
  }
}

// Half of a subnormal x may be a middle between two float32, but its side is known, as native/exact/exact.h says.
function decided(x: number, { f, half }: Exactly, a: number, b: number): number {
  if (half !== undefined && Math.abs(x) < 2 ** -126 && Math.abs(a) < 2 ** 60) return 0.5 * x + half(a) * 2 ** -156;
  return toOdd(f(x, a, b));
}

/** Stores the gradients that a row gave for x[from] and g[from], x[from + 1] and g[from + 1], ... into y. */
export function storeGradients(
  gradients: Float64Array,
  g: FloatArray,
  x: FloatArray,
  y: FloatArray,
  from: number,
  exactly: Exactly,
  a: number,
  b: number,
): void {
  const { zero, near } = placeOfZero(exactly, a);
  for (let i = 0; i < gradients.length; i++) {
    const gradient = gradients[i]!;
    const cancels = Math.abs(x[from + i]! - zero) < near;
    const error = cancels ? cancelledError * Math.abs(g[from + i]!) : gradientError * Math.abs(gradient);
    y[from + i] = isOpen(gradient, error) ? decidedGradient(x[from + i]!, g[from + i]!, exactly, a, b) : gradient;
  }
}

const decidedGradient = (x: number, g: number, { gradient, slope }: Exactly, a: number, b: number) =>
  toOdd(gradient?.(x, g, a, b) ?? multiply(slope(x, a, b), g));

function placeOfZero(exactly: Exactly, a: number): { readonly zero: number; readonly near: number } {
  const { at, overA = false } = exactly.zero ?? { at: Number.NaN };
  return overA ? { zero: at / a, near: nearZero / Math.abs(a) } : { zero: at, near: nearZero };
}

/** Stores the values that a row gave for x[0], x[1], ... into y[from] and so on, as 16-bit numbers. */
export function storeHalfValues(
  values: Float64Array,
  x: FloatArray,
  y: Uint16Array,
  from: number,
  dtype: HalfDType,
  exactly: Exactly | undefined,
  a: number,
  b: number,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // At an infinity it is a limit.
    const error = exactly === undefined || Math.abs(x[i]!) === Infinity ? 0 : valueError * Math.abs(value);
    y[from + i] = settled(dtype, value, error) ?? halfOf(dtype, decided(x[i]!, exactly!, a, b));
  }
}

/** The same of gradients. */
export function storeHalfGradients(
  gradients: Float64Array,
  g: FloatArray,
  x: FloatArray,
  y: Uint16Array,
  from: number,
  dtype: HalfDType,
  exactly: Exactly | undefined,
  a: number,
  b: number,
): void {
  const { zero, near } = exactly === undefined ? { zero: 0, near: 0 } : placeOfZero(exactly, a);
  for (let i = 0; i < gradients.length; i++) {
    const gradient = gradients[i]!;
    const cancels = Math.abs(x[i]! - zero) < near;
    const relative = cancels ? cancelledError * Math.abs(g[i]!) : gradientError * Math.abs(gradient);
    y[from + i] =
      settled(dtype, gradient, exactly === undefined ? 0 : relative) ??
      halfOf(dtype, decidedGradient(x[i]!, g[i]!, exactly!, a, b));
  }
}
