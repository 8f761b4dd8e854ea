// The activations beside relu, sigmoid, tanh and gelu by the public functions, on every backend: the limits at the infinities, both
// zeros, NaN, and each formula's thresholds, written down by hand.
import { afterAll, describe, expect, it } from 'vitest';
import { casesOf } from '../../lib/activations/signatures.js';
import { activationNames } from '../../lib/activations/table.js';
import { backend as serving } from '../../lib/backends/select.js';
import * as nonlin from '../../lib/index.js';

const { backends, info, useBackend } = nonlin;
const before = info().backend;
afterAll(() => useBackend(before));

type Floats = Float32Array | Float64Array;
type Function = (x: Floats, options?: object) => Floats;
type Gradient = (grad: Floats, x: Floats, options?: object) => Floats;

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const third = 1 / 3;

/** Of a function with some options: [x, value, gradient for a grad of 2]. */
interface Edges {
  readonly name: string;
  readonly options?: object;
  readonly rows: readonly (readonly [x: number, value: number, gradient: number])[];
}

const edges: readonly Edges[] = [
  {
    name: 'leakyRelu',
    options: { negativeSlope: 0.25 },
    rows: [
      [-inf, -inf, 0.5],
      [inf, inf, 2],
      [-0, -0, 0.5],
      [0, 0, 0.5],
      [-4, -1, 0.5],
    ],
  },
  {
    name: 'leakyRelu',
    options: { negativeSlope: 0 },
    rows: [
      [-inf, -0, 0],
      [-4, -0, 0],
      [4, 4, 2],
    ],
  },
  {
    // Its square is no float32.
    name: 'leakyRelu',
    options: { negativeSlope: 2 ** -100 },
    rows: [
      [-inf, -inf, 2 ** -99],
      [-4, -(2 ** -98), 2 ** -99],
    ],
  },
  {
    name: 'elu',
    options: { alpha: 0.5 },
    rows: [
      [-inf, -0.5, 0],
      [inf, inf, 2],
      [-0, -0, 1],
      [0, 0, 1],
    ],
  },
  {
    name: 'relu6',
    rows: [
      [-inf, 0, 0],
      [inf, 6, 0],
      [-0, -0, 0],
      [0, 0, 0],
      [2 ** -149, 2 ** -149, 2],
      [5.75, 5.75, 2],
      [6, 6, 0],
      [6.25, 6, 0],
    ],
  },
  {
    name: 'hardTanh',
    rows: [
      [-inf, -1, 0],
      [inf, 1, 0],
      [-0, -0, 2],
      [-1, -1, 0],
      [-0.75, -0.75, 2],
      [1, 1, 0],
    ],
  },
  {
    name: 'hardTanh',
    options: { min: 2, max: 2 },
    rows: [
      [-inf, 2, 0],
      [inf, 2, 0],
      [2, 2, 0],
    ],
  },
  {
    name: 'hardShrink',
    rows: [
      [-inf, -inf, 2],
      [inf, inf, 2],
      [-0, -0, 0],
      [0, 0, 0],
      [-0.5, 0, 0],
      [0.5, 0, 0],
      [-0.75, -0.75, 2],
      [0.75, 0.75, 2],
    ],
  },
  {
    name: 'softShrink',
    rows: [
      [-inf, -inf, 2],
      [inf, inf, 2],
      [-0, -0, 0],
      [0, 0, 0],
      [-0.5, 0, 0],
      [0.5, 0, 0],
      [-0.75, -0.25, 2],
      [0.75, 0.25, 2],
    ],
  },
  {
    name: 'softShrink',
    options: { lambd: 0 },
    rows: [
      [-0, -0, 0],
      [-(2 ** -149), -(2 ** -149), 2],
    ],
  },
  {
    name: 'threshold',
    options: { threshold: 1, value: -3 },
    rows: [
      [-inf, -3, 0],
      [inf, inf, 2],
      [-0, -3, 0],
      [1, -3, 0],
      [1.25, 1.25, 2],
    ],
  },
  {
    name: 'relu2',
    rows: [
      [-inf, 0, 0],
      [inf, inf, inf],
      [-0, 0, 0],
      [-3, 0, 0],
      [0.5, 0.25, 2],
      [3, 9, 12],
    ],
  },
  {
    name: 'softsign',
    rows: [
      [-inf, -1, 0],
      [inf, 1, 0],
      [-0, -0, 2],
      [0, 0, 2],
      [-1, -0.5, 0.5],
      [3, 0.75, 0.125],
      [2 ** 127, 1, 0],
    ],
  },
  {
    name: 'identity',
    rows: [
      [-inf, -inf, 2],
      [inf, inf, 2],
      [-0, -0, 2],
      [3.5, 3.5, 2],
    ],
  },
  {
    name: 'rrelu',
    options: { lower: 0.25, upper: 0.75 },
    rows: [
      [-inf, -inf, 1],
      [inf, inf, 2],
      [-0, -0, 1],
      [-3, -1.5, 1],
    ],
  },
  {
    name: 'rrelu',
    options: { lower: -1, upper: 1 },
    rows: [
      [-inf, -0, 0],
      [-3, -0, 0],
    ],
  },
  {
    name: 'hardSigmoid',
    rows: [
      [-inf, 0, 0],
      [inf, 1, 0],
      [-0, 0.5, third],
      [-3, 0, 0],
      [3, 1, 0],
      [-2.25, 0.125, third],
      [1.5, 0.75, third],
    ],
  },
  {
    name: 'hardSigmoid',
    options: { alpha: 0.25, beta: 0.5 },
    rows: [
      [-inf, 0, 0],
      [inf, 1, 0],
      [-0, 0.5, 0.5],
      [-2, 0, 0],
      [2, 1, 0],
      [-1.5, 0.125, 0.5],
    ],
  },
  {
    name: 'hardSigmoid',
    options: { alpha: -0.25, beta: 0.75 },
    rows: [
      [-inf, 1, 0],
      [inf, 0, 0],
      [-1, 1, 0],
      [3, 0, 0],
      [1, 0.5, -0.5],
    ],
  },
  {
    name: 'hardSigmoid',
    options: { alpha: 0, beta: 0.75 },
    rows: [
      [-inf, 0.75, 0],
      [inf, 0.75, 0],
      [1, 0.75, 0],
    ],
  },
  {
    name: 'hardSwish',
    rows: [
      [-inf, -0, 0],
      [inf, inf, 2],
      [-0, -0, 1],
      [0, 0, 1],
      [-3, -0, 0],
      [3, 3, 2],
      [-1.5, -0.375, 0],
      [1.5, 1.125, 2],
    ],
  },
  {
    name: 'squareplus',
    rows: [
      [-inf, 0, 0],
      [inf, inf, 2],
      [-0, 1, 1],
      [0, 1, 1],
      [1.5, 2, 1.6],
      [-1.5, 0.5, 0.4],
      [2 ** 100, 2 ** 100, 2],
      [-(2 ** 100), 2 ** -100, 0],
    ],
  },
  {
    name: 'prelu',
    options: { weight: 0.25 },
    rows: [
      [-inf, -inf, 0.5],
      [inf, inf, 2],
      [-0, -0, 0.5],
      [-4, -1, 0.5],
    ],
  },
];

describe.each(backends())('%s', (backend) => {
  describe.each([Float32Array, Float64Array])('%o', (Floats) => {
    it.each(edges.flatMap((edge) => (['fast', 'exact'] as const).map((precision) => ({ ...edge, precision }))))(
      '$name $options, $precision, at its edges',
      ({ name, options, rows, precision }) => {
        useBackend(backend);
        const f = nonlin[name as keyof typeof nonlin] as Function;
        const grad = nonlin[`${name}Grad` as keyof typeof nonlin] as Gradient;
        const [x, value, gradient] = [0, 1, 2].map((k) => Floats.from([...rows.map((row) => row[k]!), nan]));
        const given = { ...options, precision };
        expect(f(x!, given)).toEqual(value);
        // Slopes of a tail of squareplus are no float32, but they are a float64.
        const found = grad(new Floats(x!.length).fill(2), x!, given).map((y) => (Math.abs(y) < 2 ** -150 ? 0 : y));
        expect(found).toEqual(gradient);
      },
    );
  });
});

describe('an infinite grad', () => {
  // Of what is flat there, and of a zero of the slope.
  it.each([
    ['relu6', undefined, [-1, 0, 6, 7]],
    ['hardTanh', undefined, [-1, 1]],
    ['hardShrink', undefined, [-0.5, 0, 0.25]],
    ['softShrink', undefined, [-0.5, 0, 0.25]],
    ['threshold', { threshold: 1, value: 2 }, [1, -5]],
    ['relu2', undefined, [-1, 0]],
    ['leakyRelu', { negativeSlope: 0 }, [-1, 0]],
    ['prelu', { weight: 0 }, [-1, 0]],
    ['rrelu', { lower: 0, upper: 0 }, [-1, 0]],
    ['hardSigmoid', undefined, [-3, 3, 10]],
    ['hardSigmoid', { alpha: 0.25 }, [-3, 3, 10]],
    ['hardSwish', undefined, [-3, -10, -1.5]],
  ] as const)('is dropped by %sGrad with %o where the slope is 0', (name, options, at) => {
    const grad = nonlin[`${name}Grad`] as Gradient;
    for (const backend of backends()) {
      useBackend(backend);
      for (const Floats of [Float32Array, Float64Array])
        for (const precision of ['fast', 'exact'])
          for (const g of [inf, -inf])
            expect(grad(new Floats(at.length).fill(g), Floats.from(at), { ...options, precision })).toEqual(
              new Floats(at.length),
            );
    }
  });
});

describe.each(backends())('%s', (backend) => {
  it("hardSwish's gradient is rounded once, also where g (2 x + 3) / 6 is a middle between two floats", () => {
    useBackend(backend);
    const from = [1, 0.5, -0.25, 2, -1, -2.5, 2.75, -1.0625];
    const x = Float32Array.from({ length: 40_000 }, (_, i) => from[i % 8]!);
    const g = Float32Array.from(x, (_, i) => 3 * (2 * i + 1) * (i % 3 === 0 ? 2 ** -20 : 83));
    const gradient = nonlin.hardSwishGrad(g, x, { precision: 'exact' });
    // The product is exact, and so is its sixth where that is a middle.
    const wrong = x.filter((value, i) => gradient[i] !== Math.fround((g[i]! * (2 * value + 3)) / 6));
    expect(wrong).toEqual(Float32Array.of());
  });
});

describe.each(backends())('%s', (backend) => {
  it.each(activationNames.flatMap(casesOf))('nothing on the way to a gradient of $label overflows', ({ op, a, b }) => {
    useBackend(backend);
    const x = Float64Array.from({ length: 257 }, (_, i) => (i - 128) / 32);
    const gradient = (g: number) => {
      const y = new Float64Array(x.length);
      serving.mapGrad(new Float64Array(x.length).fill(g), x, y, op, a, b, false);
      return y;
    };
    // Powers of two round nothing.
    const expected = gradient(2 ** 900).map((y) => y * 2 ** 123);
    expect(gradient(2 ** 1023)).toEqual(expected);
  });
});

describe.each(backends())('%s', (backend) => {
  // The slope at x as a fraction; of so small a grad half of all products with an even divisor are middles.
  it.each([
    ['softsign', {}, 9, 1, 100],
    ['softsign', {}, -25, 1, 676],
    ['softsign', {}, 0.5, 4, 9],
    ['squareplus', { b: 9 }, 4, 9, 10],
    ['squareplus', { b: 9 }, -4, 1, 10],
    ['squareplus', { b: 225 }, 8, 25, 34],
    ['squareplus', { b: 225 }, -8, 9, 34],
    ['squareplus', { b: 1 }, 0, 1, 2],
  ])(
    'the gradient of %s %o at %d is rounded to even where it is a middle between two floats',
    (name, options, at, p, q) => {
      useBackend(backend);
      const least = 2 ** -149;
      const g = Float32Array.from({ length: 4000 }, (_, i) => (i - 1000) * least);
      const gradient = (nonlin[`${name}Grad` as keyof typeof nonlin] as Gradient)(g, g.slice().fill(at), {
        ...options,
        precision: 'exact',
      });
      const rounded = (k: number) => {
        const [whole, rest] = [Math.floor((Math.abs(k) * p) / q), (Math.abs(k) * p) % q];
        const isUp = 2 * rest > q || (2 * rest === q && whole % 2 === 1);
        return Math.sign(k) * (whole + Number(isUp)) * least;
      };
      const wrong = [...gradient].flatMap((y, i) => (y === rounded(i - 1000) ? [] : [[i - 1000, y / least]]));
      expect(wrong).toEqual([]);
    },
  );
});

describe('options', () => {
  const x = Float32Array.of(-1, 0.25, 3);
  const call = (name: string, options?: object) => () => (nonlin[name as keyof typeof nonlin] as Function)(x, options);

  it.each([
    ['hardTanh', { min: 2, max: 1 }, RangeError, 'hardTanh: min must be at most max, got min 2 and max 1'],
    ['hardTanh', { minVal: 2 }, RangeError, 'hardTanh: min must be at most max, got minVal 2 and max 1'],
    ['hardTanh', { maxVal: NaN }, RangeError, 'hardTanh: maxVal must be finite, got NaN'],
    ['hardShrink', { lambd: -1 }, RangeError, 'hardShrink: lambd must be finite, at least 0, got -1'],
    ['hardTanh', { max: 2, maxVal: 2 }, TypeError, 'hardTanh: `max` and `maxVal` are the same option'],
    ['hardTanh', { min: 2 }, RangeError, 'hardTanh: min must be at most max, got min 2 and max 1'],
    ['rrelu', { lower: 1 }, RangeError, 'rrelu: lower must be at most upper, got lower 1 and upper 0.3333333432674408'],
    ['hardShrink', { lambda: -1 }, RangeError, 'hardShrink: lambda must be finite, at least 0, got -1'],
    ['softShrink', { lambd: -1 }, RangeError, 'softShrink: lambd must be finite, at least 0, got -1'],
    ['softShrink', { lambda: 1, lambd: 1 }, TypeError, 'softShrink: `lambda` and `lambd` are the same option'],
    ['hardShrink', { lambda: null }, TypeError, 'hardShrink: lambda must be a number, got null'],
    ['squareplus', { b: 0 }, RangeError, 'squareplus: b must be finite, above 0, got 0'],
    ['threshold', undefined, TypeError, 'threshold: `threshold` is needed, a number'],
    ['threshold', { threshold: 1 }, TypeError, 'threshold: `value` is needed, a number'],
    ['prelu', {}, TypeError, 'prelu: `weight` is needed, a number or a list of them'],
    ['hardSigmoid', { beta: 'x' }, TypeError, 'hardSigmoid: beta must be a number, got "x"'],
    ['hardShrink', { lambda: 1n }, TypeError, 'hardShrink: lambda must be a number, got 1n'],
    ['hardTanh', { max: Symbol('s') }, TypeError, 'hardTanh: max must be a number, got a symbol'],
  ] as const)('%s with %o is an error', (name, options, kind, message) => {
    expect(call(name, options)).toThrow(new kind(message));
  });

  it('an object is no number, and is not asked for one', () => {
    const lambda = {
      valueOf() {
        throw new Error('asked');
      },
    };
    expect(call('hardShrink', { lambda })).toThrow(new TypeError('hardShrink: lambda must be a number, got an object'));
  });

  it('lambd is lambda, in functions and layers', () => {
    expect(nonlin.softShrink(x, { lambd: 0.125 })).toEqual(nonlin.softShrink(x, { lambda: 0.125 }));
    const layer = new nonlin.Softshrink({ lambd: 0.125 });
    expect(layer(x)).toEqual(Float32Array.of(-0.875, 0.125, 2.875));
    expect([layer.lambda, layer.lambd, String(layer)]).toEqual([0.125, 0.125, 'Softshrink(lambda=0.125)']);
  });

  it('minVal and maxVal are min and max, in functions and layers', () => {
    const ends = { minVal: -0.125, maxVal: 2 };
    expect(nonlin.hardTanh(x, ends)).toEqual(nonlin.hardTanh(x, { min: -0.125, max: 2 }));
    expect(nonlin.hardTanh(x, { min: -0.125, maxVal: 2 })).toEqual(nonlin.hardTanh(x, ends));
    expect(nonlin.hardTanhGrad(x, x, ends)).toEqual(nonlin.hardTanhGrad(x, x, { min: -0.125, max: 2 }));
    const layer = new nonlin.Hardtanh(ends);
    expect(layer(x)).toEqual(nonlin.hardTanh(x, ends));
    expect([layer.min, layer.maxVal, String(layer)]).toEqual([-0.125, 2, 'Hardtanh(min=-0.125, max=2)']);
  });

  it('hardSigmoid has the real sixth, unless another one or another half is given', () => {
    // 1 / 6 is no float64, and alpha is one.
    const at = Float64Array.of(2 ** -20 - 3);
    const ofReal = nonlin.hardSigmoid(at)[0]!;
    expect(ofReal).toBe(2 ** -20 / 6);
    expect((nonlin.hardSigmoid as Function)(at, { alpha: undefined, beta: undefined })[0]).toBe(ofReal);
    expect(nonlin.hardSigmoid(at, { alpha: 1 / 6 })[0]).toBe(2 ** -20 / 6 + 2 ** -55);
    // With the half that is the default nothing is another function.
    expect(nonlin.hardSigmoid(at, { beta: 0.5 })[0]).toBe(ofReal);
    expect(nonlin.hardSigmoidGrad(at, at, { beta: 0.5 })).toEqual(nonlin.hardSigmoidGrad(at, at));
    expect(nonlin.hardSigmoid(at, { beta: 0.25 })[0]).not.toBe(ofReal);
    expect(nonlin.hardSigmoid(x, { alpha: 0.2 })).toEqual(nonlin.hardSigmoid(x, { alpha: 0.2, beta: 0.5 }));
    expect(new nonlin.Hardsigmoid({ alpha: 0.25, beta: 0.5 })(x)).toEqual(Float32Array.of(0.25, 0.5625, 1));
  });

  // [alpha, beta, x, value, slope], the value and slope those of real numbers, rounded.
  it.each([
    ['float32', 1, 2 ** -66, -(2 ** -100), 2 ** -66, 1],
    ['float32', 2 ** 39, 0.5, 2 ** -45, 0.515625, 2 ** 39],
    // What the line is above 0 by is less than half of the smallest number.
    ['float32', 0.75, 2 ** -149, -(2 ** -149), 0, 0.75],
    ['float64', 0.75, 2 ** -1074, -(2 ** -1074), 0, 0.75],
    ['float64', 2 ** 1010, 0.5, 2 ** -1012, 0.75, 2 ** 1010],
    ['float64', 2 ** -1014, 0.5, 2 ** 1012, 0.75, 2 ** -1014],
    ['float64', -(2 ** 1010), 1, 2 ** -1015, 0.96875, -(2 ** 1010)],
  ] as const)('hardSigmoid of %s, alpha %d, beta %d, at %d', (dtype, alpha, beta, x, value, slope) => {
    const Floats = dtype === 'float32' ? Float32Array : Float64Array;
    for (const length of [1, 70, 2000])
      for (const precision of ['fast', 'exact'] as const) {
        const all = (number: number) => new Floats(length).fill(number);
        const options = { alpha, beta, precision };
        expect(nonlin.hardSigmoid(all(x), options)).toEqual(all(value));
        expect(nonlin.hardSigmoidGrad(all(1), all(x), options)).toEqual(all(slope));
      }
  });

  it('layers need what functions need, and refuse what they refuse', () => {
    expect(new nonlin.Threshold({ threshold: 1, value: 7 })(x)).toEqual(Float32Array.of(7, 7, 3));
    // @ts-expect-error: both are needed.
    expect(() => new nonlin.Threshold({ threshold: 1 })).toThrow(
      new TypeError('Threshold: `value` is needed, a number'),
    );
    const wrong = 'Hardtanh: min must be at most max, got min 5 and max 1';
    expect(() => new nonlin.Hardtanh({ min: 5 })).toThrow(new RangeError(wrong));
  });
});
