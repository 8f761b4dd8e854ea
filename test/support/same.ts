// Whether long results have the same bits, or are as near as is promised, found out at once.
import { expect } from 'vitest';
import { boundOf, type Comparison, distance } from '../../lib/activations/bounds.js';
import type { FloatArray } from '../../lib/basics/floats.js';

type Floats = Float32Array | Float64Array;
/** Its memory. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Floats) => new Uint8Array(buffer, byteOffset, byteLength);

/** `expect(a).toEqual(b)` of long arrays, at once where they have the same bits, and up to the first difference: toEqual takes minutes. */
export function expectSame(a: Floats, b: Floats, what = ''): void {
  expect(a.constructor, what).toBe(b.constructor);
  expect(a.length, what).toBe(b.length);
  if (Buffer.compare(bytesOf(a), bytesOf(b)) === 0) return;
  // NaN is NaN, whatever its bits.
  const at = a.findIndex((value, i) => !Object.is(value, b[i]));
  if (at >= 0) expect(a[at], `${what} at ${at}`).toBe(b[at]);
}

/** The worst distance over its bound, as text to be read in a failure; undefined where all are within. */
export function beyond(
  comparison: Comparison,
  actual: FloatArray,
  expected: FloatArray,
  x: FloatArray,
  terms?: FloatArray,
) {
  const bound = boundOf(comparison);
  for (let i = 0; i < actual.length; i++) {
    const ulp = distance(comparison, bound, actual[i]!, expected[i]!, x[i]!, Math.abs(terms?.[i] ?? 1));
    if (ulp > bound.ulp) return `x = ${x[i]}: ${actual[i]} for ${expected[i]}, ${ulp} ulp apart, ${bound.ulp} allowed`;
  }
  return undefined;
}
