// Distance between floating-point numbers, counted in the numbers that can be represented between them.
import type { DType } from '../basics/floats.js';

const floats = new Float32Array(1);
const floatBits = new Int32Array(floats.buffer);
const doubles = new Float64Array(1);
const doubleBits = new BigInt64Array(doubles.buffer);

// Numbers in their order, -0 just below 0: negative ones count downwards from -1.
function floatOrder(x: number): number {
  floats[0] = x;
  const bits = floatBits[0]!;
  return bits >= 0 ? bits : -1 - (bits & 0x7fffffff);
}
function doubleOrder(x: number): bigint {
  doubles[0] = x;
  const bits = doubleBits[0]!;
  return bits >= 0n ? bits : -1n - (bits & 0x7fffffffffffffffn);
}

/**
 * How many steps from one number to the next lie between a and b, both of them of the dtype. 0 only for the same number: -0 and 0
 * are 1 apart. NaN is 0 from NaN and Infinity from everything else.
 */
export function ulpDistance(a: number, b: number, dtype: DType): number {
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Infinity;
  if (dtype === 'float32') return Math.abs(floatOrder(a) - floatOrder(b));
  const distance = doubleOrder(a) - doubleOrder(b);
  return Number(distance < 0n ? -distance : distance);
}
