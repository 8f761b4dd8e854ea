// Rows that are as a textbook has them, of which the table has none: ISRU and ELiSH, as CONTRIBUTING adds them.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { textbook } from '../../lib/activations/formula.js';
import { toFloat32 } from '../../lib/arithmetic/double-double.js';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import * as unbounded from '../../lib/arithmetic/unbounded.js';
import { program } from '../programs/build.mjs';
import { vectorsOf } from '../support/vectors.js';

const { add, cube, divide, exp, expm1, isBelow, multiply, negate, sigmoid, sqrt, square, subtract } = unbounded;

const isru = textbook({
  parameters: { alpha: { default: 1, above: 0, samples: [3, 0.01] } },
  f: (x, a) => divide(x, sqrt(add(1, multiply(a, square(x))))),
  slope: (x, a) => divide(1, cube(sqrt(add(1, multiply(a, square(x)))))),
});
const elish = textbook({
  f: (x) => multiply(isBelow(x, 0) ? expm1(x) : x, sigmoid(x)),
  slope: (x) => {
    const rest = sigmoid(negate(x));
    return multiply(sigmoid(x), isBelow(x, 0) ? add(exp(x), multiply(expm1(x), rest)) : add(1, multiply(x, rest)));
  },
  zero: { at: -0.88 },
});

/** 1 / (2 e^-x + e^x), from exponentials that no float64 holds. */
const bump = textbook({
  f: (x) => divide(exp(x), add(2, exp(multiply(2, x)))),
  slope: (x) => {
    const square = exp(multiply(2, x));
    return multiply(divide(exp(x), add(2, square)), divide(subtract(2, square), add(2, square)));
  },
  zero: { at: 0.3466 },
});

/** x / (1 + x) above 0; what is compared with NaN is not. */
const ramp = textbook({
  f: (x) => (isBelow(0, x) ? divide(x, add(1, x)) : unbounded.unbounded(0)),
  slope: (x) => (isBelow(0, x) ? divide(1, square(add(1, x))) : unbounded.unbounded(0)),
});

/** x tanh(e^x), and e^x beside the root of e^2x. */
const nested = textbook({
  f: (x) => multiply(x, unbounded.tanh(exp(x))),
  slope: (x) => {
    const fall = exp(multiply(-2, exp(x)));
    const rise = divide(unbounded.tanh(exp(x)), exp(x));
    return multiply(exp(x), add(rise, divide(multiply(multiply(x, 4), fall), square(add(1, fall)))));
  },
  zero: { at: -1.1 },
});
const share = textbook({ f: (x) => divide(exp(x), sqrt(add(1, exp(multiply(2, x))))), slope: (x) => x });
const root = textbook({
  f: (x) => unbounded.copysign(sqrt(unbounded.abs(x)), x),
  slope: (x) => divide(1, multiply(2, sqrt(unbounded.abs(x)))),
});

it('every instruction set computes them as MPFR does', ({ skip }) => {
  const path = program('textbook');
  if (path === null) return skip('MPFR is not installed (libmpfr-dev)');
  const { status, stdout } = spawnSync(path, { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d{7,} results, 0 wrong\n$/) });
}, 300_000);

const vectors = vectorsOf<Readonly<Record<'isru' | 'elish', readonly number[]>>>('textbook');

describe.each([
  ['isru', isru, 3],
  ['elish', elish, 0],
] as const)('%s in TypeScript', (name, row, a) => {
  const flat = vectors[name];
  it('is the nearest float64 and float32, however small or large', () => {
    expect(flat.length).toBeGreaterThan(250);
    for (let i = 0; i < flat.length; i += 4) {
      const [x, value, slope, product] = flat.slice(i, i + 4) as [number, number, number, number];
      const [f, one, large] = [row.f(x, a, 0), row.grad(x, 1, a, 0), row.grad(x, 1e300, a, 0)];
      // Below the normal numbers it is rounded twice.
      for (const [got, wanted] of [
        [f, value],
        [one, slope],
        [large, product],
      ] as const)
        expect(ulpDistance(got, wanted, 'float64'), `at ${x}`).toBeLessThanOrEqual(
          Math.abs(wanted) < 2 ** -1021 ? 1 : 0,
        );
      expect(toFloat32(row.exactly!.f(x, a, 0)), `at ${x}`).toBe(Math.fround(value));
      expect(toFloat32(row.exactly!.slope(x, a, 0)), `at ${x}`).toBe(Math.fround(slope));
    }
  });
});

it('has their limits at the infinities, and keeps NaN and the sign of zero', () => {
  const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
  const most = Math.sqrt(1 / 3);
  expect([-infinity, infinity, -0, nan].map((x) => isru.f(x, 3, 0))).toEqual([-most, most, -0, nan]);
  expect([-infinity, infinity, -0, nan].map((x) => isru.grad(x, 1, 3, 0))).toEqual([0, 0, 1, nan]);
  expect([-infinity, infinity, -0, nan].map((x) => elish.f(x, 0, 0))).toEqual([-0, infinity, -0, nan]);
  expect([-infinity, infinity, -0, nan].map((x) => elish.grad(x, 1, 0, 0))).toEqual([-0, 1, 0.5, nan]);
  const far = [-infinity, -1e300, -(2 ** 40), -1e12, -800, 800, 1e12, 2 ** 40, 1e300, infinity];
  expect(far.map((x) => bump.f(x, 0, 0))).toEqual(far.map(() => 0));
  expect(far.map((x) => bump.grad(x, 1, 0, 0))).toEqual(far.map((x) => (x < 0 ? 0 : -0)));
  expect(bump.f(3, 0, 0)).toBeCloseTo(1 / (2 * Math.exp(-3) + Math.exp(3)), 15);
  expect([-infinity, infinity, nan, 1].map((x) => ramp.f(x, 0, 0))).toEqual([0, 1, nan, 0.5]);
  expect([-infinity, infinity, nan, 1].map((x) => ramp.grad(x, 1, 0, 0))).toEqual([0, 0, nan, 0.25]);
  for (const x of [800, 2 ** 23, 1e7, 1e12, 3e38, 1.7e308, infinity]) {
    expect([nested.f(x, 0, 0), nested.grad(x, 1e10, 0, 0)], `${x}`).toEqual([x, 1e10]);
    if (x !== 1.7e308) expect(share.f(x, 0, 0), `${x}`).toBe(1);
    expect([nested.f(-x, 0, 0), share.f(-x, 0, 0)], `${-x}`).toEqual([-0, 0]);
  }
  expect([-infinity, infinity].map((x) => [root.f(x, 0, 0), root.grad(x, 1, 0, 0)])).toEqual([
    [-infinity, 0],
    [infinity, 0],
  ]);
  // A slope of less than any float64 is no zero, but its limit is one.
  expect([-1e5, -infinity].map((x) => elish.grad(x, infinity, 0, 0))).toEqual([-infinity, nan]);
  expect([0, 1e300].map((x) => isru.grad(x, nan, 3, 0))).toEqual([nan, nan]);
});

it('has larger powers of e for larger numbers, however large', () => {
  const numbers: number[] = [];
  for (let exponent = -10; exponent < 1024; exponent += exponent > 990 || Math.abs(exponent) < 60 ? 1 : 50)
    for (const size of [1, 1.1, 1.5, 1.9, 2 - 2 ** -20]) numbers.push(size * 2 ** exponent);
  const nested = Array.from({ length: 22_400 }, (_, i) => exp(600 + i / 16));
  const powers = [...numbers.map((x) => exp(x)), ...nested.map((x) => exp(x))];
  for (let i = 1; i < powers.length; i++)
    if (i !== numbers.length) expect(isBelow(powers[i]!, powers[i - 1]!), `${i}`).toBe(false);
  const over = (x: number | unbounded.Unbounded, more: number) => divide(exp(x), add(1, exp(multiply(x, more))));
  for (const x of [695.75, 700, 705.25, 1000, 2000]) expect(unbounded.toFloat64(over(exp(x), 1.3)), `${x}`).toBe(0);
  for (const x of [1e300, 1.1e308, 1.7e308]) expect(unbounded.toFloat64(over(x, 1.2)), `${x}`).toBe(0);
});

it('has what formulas may call', () => {
  const { abs, softplus, tanh, toFloat64 } = unbounded;
  const of = (f: (x: unbounded.Unbounded) => unbounded.Unbounded, x: number) => toFloat64(f(unbounded.unbounded(x)));
  for (const x of [-1e300, -800, -2.5, -1e-200, -0, 0, 1e-200, 0.3, 3, 40, 800, 1e300]) {
    expect(of(tanh, x), `tanh(${x})`).toBeCloseTo(Math.tanh(x), 14);
    expect(of(abs, x)).toBe(Math.abs(x));
    expect(of((x) => divide(subtract(exp(x), exp(negate(x))), add(exp(x), exp(negate(x)))), x)).toBeCloseTo(
      Math.tanh(x),
      14,
    );
    if (x < 700)
      expect(of((x) => divide(softplus(x), exp(x)), x)).toBeCloseTo(
        x < -30 ? 1 : Math.log1p(Math.exp(x)) / Math.exp(x),
        14,
      );
    else expect(of(softplus, x)).toBe(x);
  }
  expect(of(tanh, -1e-200)).toBe(-1e-200);
  expect(of((x) => multiply(exp(x), exp(negate(x))), 1e9)).toBe(1);
  expect([-2, 3].map((x) => [of((x) => unbounded.max(x, 1), x), of((x) => unbounded.min(x, 1), x)])).toEqual([
    [1, -2],
    [3, 1],
  ]);
  expect(of((x) => sqrt(multiply(x, x)), 1.7e308)).toBe(1.7e308);
  expect(of((x) => sqrt(multiply(x, x)), 2 ** -1074)).toBe(2 ** -1074);
});
