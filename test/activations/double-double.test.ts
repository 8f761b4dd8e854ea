// Sums of two float64 against results from arbitrary precision (vectors/double-double.json) and against whole numbers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Exactly } from '../../lib/activations/formula.js';
import { casesOf } from '../../lib/activations/signatures.js';
import { type Activation, activationNames, activations, besideZero, zeroOf } from '../../lib/activations/table.js';
import {
  add,
  type DoubleDouble,
  density,
  divide,
  exp,
  expm1,
  logistic,
  multiply,
  normal,
  sqrt,
  subtract,
  toFloat32,
} from '../../lib/arithmetic/double-double.js';

/** [x, high, low] in one flat list: f(x) to 106 bits. */
type Sums = readonly number[];
const functions = { exp, expm1, logistic, sqrt, density, normal };
/** The rows that say what they are exactly. */
const curves = activationNames.filter((name) => 'exactly' in activations[name]);
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/double-double.json'), 'utf8')) as Record<
  keyof typeof functions,
  Sums
> &
  Record<Activation, { readonly value: Sums; readonly slope: Sums }>;

/** Asserts that f is within `bound` of the results, relative to them; where terms of 1 / 4 cancel, to no less than 1 / 8. */
function expectWithin(
  bound: number,
  f: (x: number) => DoubleDouble,
  sums: Sums,
  cancels = (_x: number) => false,
): void {
  for (let i = 0; i < sums.length; i += 3) {
    const [x, high, low] = [sums[i]!, sums[i + 1]!, sums[i + 2]!];
    const difference = subtract(f(x), { high, low }).high;
    expect(Math.abs(difference), `at ${x}`).toBeLessThanOrEqual(
      bound * Math.max(Math.abs(high), cancels(x) ? 1 / 8 : 0),
    );
  }
}

test.each([
  ['exp', 2 ** -100],
  ['expm1', 2 ** -99],
  ['logistic', 2 ** -99],
  ['sqrt', 2 ** -103],
  ['density', 2 ** -99],
  ['normal', 2 ** -94],
] as const)('%s is within %f', (name, bound) => expectWithin(bound, functions[name], vectors[name]));

describe.each(curves)('%s', (name) => {
  const { exactly } = activations[name] as { readonly exactly: Exactly };
  const { a, b } = casesOf(name)[0]!;

  it('is within 2^-93', () => expectWithin(2 ** -93, (x) => exactly.f(x, a, b), vectors[name].value));
  it('has a slope within 2^-93', () =>
    expectWithin(
      2 ** -93,
      (x) => exactly.slope(x, a, b),
      vectors[name].slope,
      (x) => Math.abs(x - (zeroOf(name)?.at ?? Infinity)) < besideZero,
    ));
});

// Whole numbers of 106 bits, in two parts.
const parts = fc.tuple(
  fc.maxSafeInteger(),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  fc.integer({ min: 0, max: 53 }),
);
const sumOf = ([high, low, shift]: readonly [number, number, number]) => add(high * 2 ** shift, low);
const whole = ({ high, low }: DoubleDouble) => BigInt(high) + BigInt(low);
const magnitude = (n: bigint) => (n < 0n ? -n : n);

test('sums are within 3 * 2^-106, also where they cancel, and products within 7', () => {
  fc.assert(
    fc.property(parts, parts, (p, q) => {
      const [a, b] = [sumOf(p), sumOf(q)];
      const [sum, product] = [whole(a) + whole(b), whole(a) * whole(b)];
      expect(magnitude(whole(add(a, b)) - sum) * 2n ** 106n).toBeLessThanOrEqual(3n * magnitude(sum));
      expect(magnitude(whole(multiply(a, b)) - product) * 2n ** 106n).toBeLessThanOrEqual(7n * magnitude(product));
    }),
  );
});

test('quotients are within 10 * 2^-106', () => {
  fc.assert(
    fc.property(parts, parts, (p, q) => {
      const [a, b] = [sumOf(p), sumOf(q)];
      fc.pre(whole(b) !== 0n);
      // Times 2^600, which makes it a whole number however small its last part is.
      const quotient = divide(a, b);
      const scaled = whole({ high: quotient.high * 2 ** 600, low: quotient.low * 2 ** 600 });
      const error = magnitude(scaled * whole(b) - whole(a) * 2n ** 600n);
      expect(error * 2n ** 106n).toBeLessThanOrEqual(10n * magnitude(whole(a) * 2n ** 600n));
    }),
    // One whose quotient ends at 2^-221.
    {
      examples: [
        [
          [1, 0, 0],
          [1125899772624889, 0, 50],
        ],
      ],
    },
  );
});

test('terms that are far apart are kept', () => {
  expect(add(1, 2 ** -500)).toEqual({ high: 1, low: 2 ** -500 });
  expect(exp(2 ** -149)).toEqual({ high: 1, low: 2 ** -149 });
  expect(normal(2 ** -149)).toMatchObject({ high: 0.5, low: expect.closeTo(0.3989422804014327 * 2 ** -149, 160) });
  expect(divide(1, add(2, 2 ** -300))).toEqual({ high: 0.5, low: -(2 ** -302) });
});

describe('the float32 nearest to a sum', () => {
  const ulp = 2 ** -23;
  test.each([
    ['the middle between two of them, and more', { high: 1 + ulp / 2, low: 2 ** -200 }, 1 + ulp],
    ['and less', { high: 1 + 1.5 * ulp, low: -(2 ** -200) }, 1 + ulp],
    ['a tie to the even one below', { high: 1 + ulp / 2, low: 0 }, 1],
    ['a tie to the even one above', { high: 1 + 1.5 * ulp, low: 0 }, 1 + 2 * ulp],
    ['nearly the middle, from below', { high: 1 + ulp / 2 - 2 ** -52, low: 2 ** -54 }, 1],
    ['a negative middle, and more', { high: -1 - ulp / 2, low: -(2 ** -200) }, -1 - ulp],
    ['and less', { high: -1 - ulp / 2, low: 2 ** -200 }, -1],
    ['the middle between subnormal ones, and more', { high: 2 ** -150, low: 2 ** -300 }, 2 ** -149],
    ['and less', { high: 2 ** -150, low: -(2 ** -300) }, 0],
    ['a power of two, and less', { high: 1, low: -(2 ** -60) }, 1],
    ['the end of the range, and less', { high: 2 ** 128 - 2 ** 103, low: -1 }, 2 ** 128 - 2 ** 104],
    ['the end of the range', { high: 2 ** 128 - 2 ** 103, low: 0 }, Infinity],
    ['zero', { high: -0, low: 0 }, -0],
  ] as const)('%s', (_, sum, expected) => expect(toFloat32(sum)).toBe(expected));
});
