// Whether long results have the same bits, found out at once.
import { expect } from 'vitest';

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
