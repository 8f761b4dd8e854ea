// How float64 results become float32: rounded to the nearest, unless what their error allows lies on both sides of the middle
// between two float32; then a sum of two float64 is computed, which decides. So results are correctly rounded by themselves: no
// formula is tuned for the inputs where it would come out wrong.

import { multiply, toFloat32 } from '../arithmetic/double-double.js';
import type { FloatArray } from '../basics/floats.js';
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
  return toFloat32(f(x, a, b));
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
  const { at, overA = false } = exactly.zero ?? { at: Number.NaN };
  const zero = overA ? at / a : at;
  const near = overA ? nearZero / Math.abs(a) : nearZero;
  for (let i = 0; i < gradients.length; i++) {
    const gradient = gradients[i]!;
    const cancels = Math.abs(x[from + i]! - zero) < near;
    const error = cancels ? cancelledError * Math.abs(g[from + i]!) : gradientError * Math.abs(gradient);
    y[from + i] = isOpen(gradient, error)
      ? toFloat32(
          exactly.gradient?.(x[from + i]!, g[from + i]!) ?? multiply(exactly.slope(x[from + i]!, a, b), g[from + i]!),
        )
      : gradient;
  }
}
