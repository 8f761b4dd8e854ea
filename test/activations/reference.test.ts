// The TypeScript backend against results from arbitrary precision (vectors/), and the values at the edges. Bounds are the
// largest distances seen, which the formulas of lib/activations say, rounded up; they are not raised to let a change pass.

import { describe, expect, it } from 'vitest';
import type { Formula } from '../../lib/activations/formula.js';
import { promised } from '../../lib/activations/promises.js';
import { casesOf } from '../../lib/activations/signatures.js';
import {
  type Activation,
  activationNames,
  activations,
  besideZero,
  opOf,
  zeroOf,
} from '../../lib/activations/table.js';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import { reference } from '../../lib/backends/reference.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import { hasVectors, vectorsOf } from '../support/vectors.js';

type DType = 'float32' | 'float64';
const arrayOf = { float32: Float32Array, float64: Float64Array } as const;
const dtypes = ['float32', 'float64'] as const;
const floats = (dtype: DType, values: Iterable<number>): FloatArray => arrayOf[dtype].from([...values]);

/** The columns of a flat list of [x, value, slope], or of [x, grad, gradient]. */
function columnsOf(flat: readonly number[], dtype: DType) {
  const column = (k: number) =>
    floats(
      dtype,
      flat.filter((_, i) => i % 3 === k),
    );
  return { x: column(0), value: column(1), slope: column(2) };
}

const mapped = (op: Activation, x: FloatArray): FloatArray => {
  const y = x.slice();
  const { a, b } = casesOf(op)[0]!;
  reference.map(x, y, opOf[op], a, b);
  return y;
};
const slopes = (op: Activation, x: FloatArray): FloatArray => {
  const y = x.slice();
  const { a, b } = casesOf(op)[0]!;
  reference.mapGrad(
    x.map(() => 1),
    x,
    y,
    opOf[op],
    a,
    b,
  );
  return y;
};

// Distances in float64, of values and of slopes, as they were found; of rows that are not here what is promised of native code. Where
// a slope vanishes terms of the size of 1 / 4 cancel, and what counts around there is the difference.
const measured: Partial<Record<Activation, { value: number; slope: number }>> = {
  sigmoid: { value: 2, slope: 2 },
  tanh: { value: 3, slope: 3 },
  gelu: { value: 3, slope: 3 },
  geluTanh: { value: 2, slope: 5 },
  geluSigmoid: { value: 2, slope: 5 },
  softsign: { value: 1, slope: 3 },
  rrelu: { value: 1, slope: 0 },
  hardSigmoidOf: { value: 0, slope: 0 },
  hardSwish: { value: 2, slope: 1 },
  squareplus: { value: 2, slope: 3 },
  silu: { value: 2, slope: 5 },
  softplus: { value: 2, slope: 2 },
  logSigmoid: { value: 2, slope: 2 },
  selu: { value: 2, slope: 2 },
  seluOf: { value: 2, slope: 2 },
  celu: { value: 2, slope: 1 },
  mish: { value: 3, slope: 4 },
  tanhShrink: { value: 2, slope: 5 },
  softcap: { value: 3, slope: 3 },
};
const difference = 2 ** -54;

describe.each(activationNames.filter(hasVectors))('%s', (op) => {
  const [value, slope] = [false, true].map((isSlope) => promised(op, isSlope, false).float64);
  const bound = measured[op] ?? { value: value!, slope: slope! };
  const vectors = vectorsOf<Record<DType | 'gradient', number[]>>(op);

  it('is within its bound in float64', () => {
    const { x, value } = columnsOf(vectors.float64, 'float64');
    for (const [i, y] of mapped(op, x).entries()) {
      const found = `${op}(${x[i]}) is ${y}, not ${value[i]}`;
      expect(ulpDistance(y, value[i]!, 'float64'), found).toBeLessThanOrEqual(bound.value);
    }
  });

  it('has a gradient within its bound in float64', () => {
    const { x, slope } = columnsOf(vectors.float64, 'float64');
    for (const [i, y] of slopes(op, x).entries()) {
      if (Math.abs(x[i]! - (zeroOf(op)?.at ?? Infinity)) < besideZero && Math.abs(y - slope[i]!) <= difference)
        continue;
      const found = `the slope of ${op} at ${x[i]} is ${y}, not ${slope[i]}`;
      expect(ulpDistance(y, slope[i]!, 'float64'), found).toBeLessThanOrEqual(bound.slope);
    }
  });

  it('is correctly rounded in float32, and so is its gradient', () => {
    const { x, value, slope } = columnsOf(vectors.float32, 'float32');
    const wrong: string[] = [];
    for (const [i, y] of mapped(op, x).entries()) if (!Object.is(y, value[i])) wrong.push(`${op}(${x[i]}): ${y}`);
    for (const [i, y] of slopes(op, x).entries()) if (!Object.is(y, slope[i])) wrong.push(`slope at ${x[i]}: ${y}`);
    expect(wrong).toEqual([]);
  });

  it('has a gradient that is correctly rounded in float32 for any grad', () => {
    const { x, value: g, slope: expected } = columnsOf(vectors.gradient, 'float32');
    const y = x.slice();
    const { a, b } = casesOf(op)[0]!;
    reference.mapGrad(g, x, y, opOf[op], a, b);
    const wrong = [...y].flatMap((y, i) => (Object.is(y, expected[i]) ? [] : [`x = ${x[i]}, grad = ${g[i]}: ${y}`]));
    expect(wrong).toEqual([]);
  });
});

// x, then relu, sigmoid, tanh and the three GELUs; 'half' is half of x, where that is a number of the dtype.
const edges = (least: number, largest: number) =>
  [
    [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN],
    [Infinity, Infinity, 1, 1, Infinity],
    [-Infinity, 0, 0, -1, -0],
    [0, 0, 0.5, 0, 0],
    [-0, -0, 0.5, -0, -0],
    [2 * least, 2 * least, 0.5, 2 * least, least],
    [-2 * least, 0, 0.5, -2 * least, -least],
    // A tie between two numbers, which the term in x^2 decides.
    [least, least, 0.5, least, least],
    [-least, 0, 0.5, -least, -0],
    [largest, largest, 1, 1, largest],
    [-largest, 0, 0, -1, -0],
  ] as const;
const ends = { float32: [2 ** -149, 3.4028234663852886e38], float64: [2 ** -1074, Number.MAX_VALUE] } as const;

describe.each(dtypes)('at the edges of %s', (dtype) => {
  const [least, largest] = ends[dtype];
  const rows = edges(least, largest);
  const x = floats(
    dtype,
    rows.map((row) => row[0]),
  );
  const column = (k: 1 | 2 | 3 | 4) => [
    ...floats(
      dtype,
      rows.map((row) => row[k]),
    ),
  ];

  it.each([
    ['relu', 1],
    ['sigmoid', 2],
    ['tanh', 3],
    ['gelu', 4],
    ['geluTanh', 4],
    ['geluSigmoid', 4],
  ] as const)('%s', (op, k) => expect([...mapped(op, x)]).toEqual(column(k)));

  // At NaN, the infinities, the zeros and the largest numbers.
  const steps = [0, 1, 2, 3, 4, 9, 10];
  it.each([
    ['relu', [Number.NaN, 1, 0, 0, 0, 1, 0]],
    ['sigmoid', [Number.NaN, 0, 0, 0.25, 0.25, 0, 0]],
    ['tanh', [Number.NaN, 0, 0, 1, 1, 0, 0]],
    ['gelu', [Number.NaN, 1, -0, 0.5, 0.5, 1, -0]],
    ['geluTanh', [Number.NaN, 1, -0, 0.5, 0.5, 1, -0]],
    ['geluSigmoid', [Number.NaN, 1, -0, 0.5, 0.5, 1, -0]],
  ] as const)('the slope of %s', (op, expected) => {
    expect([
      ...slopes(
        op,
        floats(
          dtype,
          steps.map((i) => x[i]!),
        ),
      ),
    ]).toEqual(expected);
  });

  it('relu drops any gradient at and below 0', () => {
    const y = new arrayOf[dtype](5);
    reference.mapGrad(
      y.map(() => Infinity),
      arrayOf[dtype].of(-1, -0, 0, 1, Number.NaN),
      y,
      opOf.relu,
      0,
      0,
    );
    expect([...y]).toEqual([0, 0, 0, Infinity, Number.NaN]);
  });
});

it.each(activationNames)('the loop of %s computes the formula of the table', (name) => {
  const { op, a, b } = casesOf(name)[0]!;
  const { f, grad }: Formula = activations[name];
  const x = Float64Array.from({ length: 401 }, (_, i) => (i - 200) / 16);
  const g = x.map((_, i) => Math.sin(i));
  const y = new Float64Array(x.length);
  reference.mapGrad(g, x, y, op, a, b);
  expect([...mapped(name, x)]).toEqual([...x].map((x) => f(x, a, b)));
  expect([...y]).toEqual([...x].map((x, i) => grad(x, g[i]!, a, b)));
});

it('GELU keeps its tails', () => {
  // x P(N < x): at -6, where 1 + erf has lost all digits, and where float32 is subnormal.
  expect(mapped('gelu', Float64Array.of(-6))[0]).toBeCloseTo(-5.9195258702261885e-9, 23);
  expect(mapped('gelu', Float32Array.of(-14))[0]).toBeLessThan(0);
  expect(mapped('geluTanh', Float32Array.of(-10))[0]).toBeLessThan(0);
});

interface Row {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

describe.each(dtypes)('softmax in %s', (dtype) => {
  const of = (...values: number[]) => floats(dtype, values);
  const generate = (length: number, f: (i: number) => number) =>
    floats(
      dtype,
      Array.from({ length }, (_, i) => f(i)),
    );
  const rows = vectorsOf<Record<DType, Row[]>>('softmax')[dtype];
  const softmax = (x: FloatArray, length: number, inner = 1) => {
    const y = x.slice();
    reference.slices(x, y, 'softmax', length, inner);
    return y;
  };
  const softmaxGrad = (g: FloatArray, x: FloatArray, length: number, inner = 1) => {
    const y = x.slice();
    reference.slicesGrad(g, x, y, 'softmax', length, inner);
    return y;
  };

  it.each(rows.map((row, i) => [i, row] as const))('row %i', (_, { x, y }) => {
    for (const [i, share] of softmax(of(...x), x.length).entries()) {
      const found = `the share of ${x[i]} is ${share}, not ${y[i]}`;
      // In float64 the errors of e^x, of the sum and of the quotient; in float32 one rounding.
      expect(ulpDistance(share, y[i]!, dtype), found).toBeLessThanOrEqual(dtype === 'float64' ? 3 : 0);
    }
  });

  it('runs over the middle dimension', () => {
    const [outer, length, inner] = [3, 7, 5];
    const x = generate(outer * length * inner, (i) => 9 * Math.sin(i * i));
    const g = x.map((_, i) => Math.cos(i * i));
    const y = softmax(x, length, inner);
    const dx = softmaxGrad(g, x, length, inner);
    for (let o = 0; o < outer; o++) {
      for (let column = 0; column < inner; column++) {
        const slice = (a: FloatArray) => generate(length, (i) => a[(o * length + i) * inner + column]!);
        expect(slice(y)).toEqual(softmax(slice(x), length));
        expect(slice(dx)).toEqual(softmaxGrad(slice(g), slice(x), length));
      }
    }
  });

  it('keeps NaN and infinities within their slices', () => {
    const [nan, infinity] = [Number.NaN, Infinity];
    const largest = ends[dtype][1];
    const x = [nan, 0, 1, 0, 0, 0, infinity, 0, infinity, -infinity, 0, 0, -infinity, -infinity, -infinity];
    const y = [nan, nan, nan, 1 / 3, 1 / 3, 1 / 3, nan, nan, nan, 0, 0.5, 0.5, nan, nan, nan];
    expect([...softmax(of(...x), 3)]).toEqual([...of(...y)]);
    expect([...softmax(of(largest, largest, -largest, -infinity), 4)]).toEqual([0.5, 0.5, 0, 0]);
    expect([...softmax(of(5), 1)]).toEqual([1]);
    expect(softmax(of(), 0).length).toBe(0);
  });

  it('does not drift over a million entries', () => {
    // A float64 sum that forgets what it rounds off is wrong by 90000 ulp here.
    const n = 1_000_000;
    const x = generate(n, (i) => (i === 0 ? 0 : -0.1));
    // 1 + 999999 e^-0.1 with the float32 or the float64 nearest to -0.1, from arbitrary precision.
    const total = dtype === 'float32' ? 904837.51185023 : 904837.5131985415;
    expect(ulpDistance(softmax(x, n)[0]!, of(1 / total)[0]!, dtype)).toBeLessThanOrEqual(2);
  });

  it('has the gradient s_i (1 - s_i) or -s_i s_j where grad is 1 at one place', () => {
    for (const { x, y } of rows) {
      const j = x.length >> 1;
      const g = generate(x.length, (i) => Number(i === j));
      for (const [i, dx] of softmaxGrad(g, of(...x), x.length).entries()) {
        const expected = i === j ? y[i]! * (1 - y[i]!) : -y[i]! * y[j]!;
        expect(Math.abs(dx - expected)).toBeLessThanOrEqual(2 ** (dtype === 'float64' ? -51 : -23) * y[i]!);
      }
    }
  });

  it('works in place', () => {
    const x = generate(60, (i) => 5 * Math.sin(i * i));
    const g = x.map((_, i) => Math.cos(i));
    const inPlace = x.slice();
    reference.slices(inPlace, inPlace, 'softmax', 4, 5);
    expect(inPlace).toEqual(softmax(x, 4, 5));
    const expected = softmaxGrad(g, x, 4, 5);
    const overX = x.slice();
    reference.slicesGrad(g, overX, overX, 'softmax', 4, 5);
    expect(overX).toEqual(expected);
    const overG = g.slice();
    reference.slicesGrad(overG, x, overG, 'softmax', 4, 5);
    expect(overG).toEqual(expected);
  });
});
