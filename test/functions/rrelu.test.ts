// rrelu in `exact`, its value and slope, against whole numbers: the mean of two bounds may be none that a float64 holds, and its product
// with x lies as near a middle between two floats as bounds can be chosen to bring it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const chosen = nonlin.info().backend;
afterAll(() => nonlin.useBackend(chosen));

/** Of x that is none too large, x 2^149, which is whole. */
function whole(x: number): bigint {
  const [high, low] = [Math.trunc(x), x - Math.trunc(x)];
  return (BigInt(high) << 149n) + BigInt(low * 2 ** 149);
}
/** The float32 after so many more, of one above 0. */
function stepped(x: number, steps: number): number {
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0]! += steps;
  return new Float32Array(bits.buffer)[0]!;
}
/** Whether y is the float32 nearest to x (a + b) / 2, which is above 0. */
function isNearest(y: number, x: number, a: number, b: number): boolean {
  const product = whole(x) * (whole(a) + whole(b));
  const off = (one: number) => {
    const difference = (whole(one) << 150n) - product;
    return difference < 0n ? -difference : difference;
  };
  const others = [off(stepped(y, 1)), off(stepped(y, -1))];
  const isEven = (new Int32Array(Float32Array.of(y).buffer)[0]! & 1) === 0;
  return others.every((other) => off(y) < other || (off(y) === other && isEven));
}

// [factor, lower, upper], so that the factor times their mean is next to a middle.
const cases: [number, number, number][] = [
  [8388611, 2 ** -69, 3],
  [8388611, -(2 ** -69), 3],
  [8388609, 2 ** -69, 3],
  [8388611, 2 ** -100, 3],
  [8388611, 0, 3],
];
let state = 1;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
while (cases.length < 6000) {
  const x = Math.floor((1 + random()) * 2 ** 23) | 1;
  const middle = Math.floor((1 + random()) * 2 ** 23) + 0.5;
  const upper = Math.fround((2 * middle) / x);
  const lower = Math.fround((2 * middle) / x - upper);
  if (lower !== 0) cases.push([x, lower, upper]);
}
/** Of an odd x, what times it leaves 1 of 2^bits. */
function inverse(x: bigint, bits: bigint): bigint {
  let y = 1n;
  for (let i = 0; i < 7; i++) y = BigInt.asUintN(Number(bits), y * (2n - x * y));
  return y;
}
// Means of 33 bits, so that the product has up to 57, and is a few units of its last place from a middle.
while (cases.length < 8000) {
  const x = BigInt(Math.floor((1 + random()) * 2 ** 23) | 1);
  const beside = BigInt(Math.floor(random() * 15) - 7);
  const sum = 2n * BigInt.asUintN(33, inverse(x, 33n) * (2n ** 32n + beside));
  const upper = Math.fround(Number(sum));
  const lower = Number(sum - BigInt(upper));
  if (beside !== 0n && sum >= 2n ** 33n && x * sum >= 2n ** 57n && Math.fround(lower) === lower)
    cases.push([Number(x), Math.min(lower, upper), Math.max(lower, upper)]);
}

describe.each(nonlin.backends())('%s', (backend) => {
  beforeAll(() => nonlin.useBackend(backend));

  it.each(['value', 'gradient'])('%s', (what) => {
    const wrong = cases.filter(([factor, lower, upper]) => {
      const x = Float32Array.of(what === 'value' ? -factor : -1);
      const options = { lower, upper, precision: 'exact' } as const;
      const [y] = what === 'value' ? nonlin.rrelu(x, options) : nonlin.rreluGrad(Float32Array.of(factor), x, options);
      return !isNearest(Math.abs(y!), factor, lower, upper);
    });
    expect(wrong).toEqual([]);
  });
});
