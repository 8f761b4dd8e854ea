// The complementary error function and the exponential under it, against results from arbitrary precision.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { erfc, millsRatio, millsRatioSlope, plusExp, timesExp } from '../../lib/arithmetic/erfc.js';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';

const vectors: number[] = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/erfc.json'), 'utf8'));

it('is within 3 ulp, in the tail down to subnormal results', () => {
  for (let i = 0; i < vectors.length; i += 2) {
    const [x, y] = [vectors[i]!, vectors[i + 1]!];
    expect(ulpDistance(erfc(x), y, 'float64'), `erfc(${x}) is ${erfc(x)}, not ${y}`).toBeLessThanOrEqual(3);
  }
});

it.each([
  [Number.NaN, Number.NaN],
  [Infinity, 0],
  [-Infinity, 2],
  [0, 1],
  [-0, 1],
  [Number.MAX_VALUE, 0],
])('erfc(%s) is %s', (x, y) => expect(erfc(x)).toBe(y));

it('e^x is exact where the exponent is 0, and keeps its factor out of the subnormals', () => {
  expect(timesExp(3, 0, 0)).toBe(3);
  expect(timesExp(1, Number.NaN, 0)).toBeNaN();
  expect(timesExp(1, -800, 0)).toBe(0);
  // e^-745 itself is the least subnormal, without a digit to multiply. From arbitrary precision:
  expect(timesExp(2 ** 60, -745, 0)).toBe(3.2539488507039394e-306);
});

it('e^x - 1 keeps the digits of small x', () => {
  expect(plusExp(-1, 1e-10, 0)).toBe(1.00000000005e-10);
  expect(plusExp(-1, 0, 0)).toBe(0);
  expect(plusExp(1, -800, 0)).toBe(1);
});

it("Mills' ratio is a half at 0 and falls like 1 / a", () => {
  expect(millsRatio(0)).toBe(0.5);
  expect(millsRatioSlope(0)).toBe(0.5);
  const a = 40;
  const series = (1 - 1 / a ** 2 + 3 / a ** 4 - 15 / a ** 6 + 105 / a ** 8) / (a * Math.sqrt(2 * Math.PI));
  expect(millsRatio(a) / series - 1).toBeCloseTo(0, 12);
});
