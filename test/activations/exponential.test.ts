// The activations that are made of exponentials by the public functions, on every backend: the limits at the infinities, both zeros,
// NaN, and each formula's thresholds. Numbers that are not limits are mpmath's.
import { afterAll, describe, expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import * as nonlin from '../../lib/index.js';

const { backends, info, useBackend } = nonlin;
const before = info().backend;
afterAll(() => useBackend(before));

type Floats = Float32Array | Float64Array;
type Call = (x: Floats, options?: object) => Floats;
type Gradient = (grad: Floats, x: Floats, options?: object) => Floats;
const callOf = (name: string) => nonlin[name as keyof typeof nonlin] as Call;
const gradientOf = (name: string) => nonlin[`${name}Grad` as keyof typeof nonlin] as Gradient;

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const ln2 = Math.LN2;
const scale = 1.0507009873554805;
const below = 1.758099340847377; // times 1.6732632423543772

/** Of a function with some options: [x, value, slope]. */
interface Edges {
  readonly name: string;
  readonly options?: object;
  readonly rows: readonly (readonly [x: number, value: number, slope: number])[];
}

const edges: readonly Edges[] = [
  {
    name: 'silu',
    rows: [
      [-inf, -0, -0],
      [inf, inf, 1],
      [-0, -0, 0.5],
      [0, 0, 0.5],
      [-1e30, -0, -0],
      [1, 0.7310585786300049, 0.9276705118714867],
    ],
  },
  {
    name: 'silu',
    options: { beta: -2 },
    rows: [
      [-inf, -inf, 1],
      [inf, 0, -0],
      [-0, -0, 0.5],
      [0, 0, 0.5],
      [1e30, 0, -0],
    ],
  },
  {
    name: 'silu',
    options: { beta: 0 },
    rows: [
      [-inf, -inf, 0.5],
      [inf, inf, 0.5],
      [-0, -0, 0.5],
      [3, 1.5, 0.5],
      [-(2 ** 100), -(2 ** 99), 0.5],
    ],
  },
  {
    // Its exponent reaches its end only at 10^9.
    name: 'silu',
    options: { beta: 2 ** -20 },
    rows: [
      [-inf, -0, -0],
      [inf, inf, 1],
      [2 ** 20, 766570.480145536, 0.9276705118714867],
    ],
  },
  {
    name: 'swish',
    rows: [
      [-inf, -0, -0],
      [inf, inf, 1],
      [1, 0.7310585786300049, 0.9276705118714867],
    ],
  },
  {
    name: 'softplus',
    rows: [
      [-inf, 0, 0],
      [inf, inf, 1],
      [-0, ln2, 0.5],
      [0, ln2, 0.5],
      [-100, 3.720075976020836e-44, 3.720075976020836e-44],
      [100, 100, 1],
      [-1e30, 0, 0],
    ],
  },
  {
    // Where PyTorch's threshold of 20 would drop what is added to 2.5.
    name: 'softplus',
    options: { beta: 8 },
    rows: [
      [-inf, 0, 0],
      [inf, inf, 1],
      [0, ln2 / 8, 0.5],
      [2.625, 2.625000000094782, 0.9999999992417439],
    ],
  },
  {
    name: 'softplus',
    options: { beta: 2 ** -10 },
    rows: [
      [-inf, 0, 0],
      [-1e6, 0, 0],
      [0, 1024 * ln2, 0.5],
    ],
  },
  {
    name: 'logSigmoid',
    rows: [
      [-inf, -inf, 1],
      [inf, -0, 0],
      [-0, -ln2, 0.5],
      [0, -ln2, 0.5],
      [100, -3.720075976020836e-44, 3.720075976020836e-44],
      [-100, -100, 1],
      [1e30, -0, 0],
    ],
  },
  {
    name: 'selu',
    rows: [
      [-inf, -below, 0],
      [inf, inf, scale],
      [-0, -0, below],
      [0, 0, below],
      [2, 2 * scale, scale],
    ],
  },
  {
    name: 'celu',
    options: { alpha: 0.5 },
    rows: [
      [-inf, -0.5, 0],
      [inf, inf, 1],
      [-0, -0, 1],
      [0, 0, 1],
      [-1, -0.43233235838169365, 0.1353352832366127],
      [4, 4, 1],
    ],
  },
  {
    // x / alpha is subnormal, as a float32.
    name: 'celu',
    options: { alpha: 1024 },
    rows: [
      [-inf, -1024, 0],
      [-3 * 2 ** -126, -3 * 2 ** -126, 1],
    ],
  },
  {
    name: 'mish',
    rows: [
      [-inf, -0, -0],
      [inf, inf, 1],
      [-0, -0, 0.6],
      [0, 0, 0.6],
      [-1e30, -0, -0],
      [-60, -5.253906457617912e-25, -5.166341349990947e-25],
      [50, 50, 1],
    ],
  },
  {
    name: 'tanhShrink',
    rows: [
      [-inf, -inf, 1],
      [inf, inf, 1],
      [-0, -0, 0],
      [0, 0, 0],
      [1, 0.23840584404423512, 0.580025658385974],
      [-1, -0.23840584404423512, 0.580025658385974],
      [2 ** -33, 2 ** -99 / 3, 2 ** -66],
    ],
  },
  {
    name: 'softcap',
    options: { cap: 30 },
    rows: [
      [-inf, -30, 0],
      [inf, 30, 0],
      [-0, -0, 1],
      [0, 0, 1],
    ],
  },
  {
    name: 'softcap',
    options: { cap: 1024 },
    rows: [
      [3 * 2 ** -126, 3 * 2 ** -126, 1],
      [-3 * 2 ** -126, -3 * 2 ** -126, 1],
      [1e30, 1024, 0],
    ],
  },
];

describe.each(backends())('%s', (backend) => {
  describe.each([
    ['float32', Float32Array, 'fast', 4],
    ['float32', Float32Array, 'exact', 0],
    ['float64', Float64Array, 'fast', 4],
  ] as const)('%s, %s', (dtype, Floats, precision, ulp) => {
    it.each(edges)('$name $options at its edges', ({ name, options, rows }) => {
      useBackend(backend);
      const [x, value, slope] = [0, 1, 2].map((k) => Floats.from([...rows.map((row) => row[k]!), nan]));
      const given = { ...options, precision };
      const far = (found: Floats, expected: Floats) =>
        [...found].flatMap((y, i) =>
          ulpDistance(y, expected[i]!, dtype) <= ulp ? [] : [`${y} for ${expected[i]} at ${x![i]}`],
        );
      expect(far(callOf(name)(x!, given), value!)).toEqual([]);
      const found = gradientOf(name)(new Floats(x!.length).fill(1), x!, given);
      // Slopes beyond an end may be no float32.
      expect(far(found, slope!)).toEqual([]);
    });
  });

  it('tanhShrink of a number whose cube is hardly one keeps its sign', () => {
    useBackend(backend);
    expect(nonlin.tanhShrink(Float64Array.of(-1.42e-108, 1.42e-108))).toEqual(Float64Array.of(-0, 0));
  });

  it('tanhShrink beyond 2^24: x - 1 is the middle of two numbers, and the result lies beyond it', () => {
    useBackend(backend);
    const x = Float32Array.of(2 ** 24 + 2, 2 ** 24 + 4, -(2 ** 24) - 2, -(2 ** 24) - 4);
    expect(nonlin.tanhShrink(x, { precision: 'exact' })).toEqual(x);
  });

  it("tanhShrink's slope near 0, hardly below x^2, is x^2 rounded, also where that is a middle between two floats", () => {
    useBackend(backend);
    const x = Float32Array.from(
      { length: 260_000 },
      (_, i) => (i % 2 ? -1 : 1) * (2 * (i >> 6) + 1) * 2 ** -(56 + ((i >> 1) % 32)),
    );
    const slope = nonlin.tanhShrinkGrad(new Float32Array(x.length).fill(1), x, { precision: 'exact' });
    const wrong = x.filter((value, i) => slope[i] !== Math.fround(value * value));
    expect(wrong).toEqual(Float32Array.of());
  });

  // e^-800 times 1e300, where e^-800 is no number.
  const far = 3.667874584177687e-48;
  it.each([
    ['softplus', {}, -800, far],
    ['softplus', { beta: 4 }, -200, far],
    ['logSigmoid', {}, 800, far],
    ['selu', {}, -800, below * far],
    ['celu', {}, -800, far],
    ['celu', { alpha: 0.25 }, -200, far],
    ['silu', {}, -800, -799 * far],
    ['silu', { beta: -2 }, 400, -799 * far],
    ['mish', {}, -800, -799 * far],
    ['softcap', { cap: 8 }, 3200, 4 * far],
    ['tanhShrink', {}, 2 ** -700, 1e300 * 2 ** -700 * 2 ** -700],
    ['tanhShrink', {}, 2 ** -514, 1e300 * 2 ** -514 * 2 ** -514],
  ] as const)('%sGrad with %o keeps its digits where only grad is large', (name, options, x, expected) => {
    useBackend(backend);
    const [y] = gradientOf(name)(Float64Array.of(1e300), Float64Array.of(x), options);
    expect(ulpDistance(y!, expected, 'float64')).toBeLessThanOrEqual(8);
  });
});

describe.each(backends())('parameters far from 1: %s', (backend) => {
  const one = (Kind: typeof Float32Array | typeof Float64Array, name: string, x: number, options: object) =>
    callOf(name)(Kind.of(x), options)[0]!;
  const slope = (Kind: typeof Float32Array | typeof Float64Array, name: string, x: number, options: object) =>
    gradientOf(name)(Kind.of(1), Kind.of(x), options)[0]!;

  it.each([
    [Float32Array, 'elu', -1, { alpha: 1e20 }, 36787944117144230000],
    [Float32Array, 'elu', -100, { alpha: 1e30 }, 3.720075976020836e-14],
    [Float64Array, 'elu', -1, { alpha: 1e290 }, 3.678794411714423e289],
    [Float32Array, 'selu', -1, { alpha: 1e20, gamma: 1e-10 }, 3678794411.714423],
    [Float64Array, 'selu', -2, { alpha: 1e300, gamma: 1e-300 }, 0.1353352832366127],
    [Float64Array, 'selu', -698, { alpha: 1e-30, gamma: 1e30 }, Math.exp(-698)],
  ] as const)('%o: the slope of %s at %f with %o', (Kind, name, x, options, expected) => {
    useBackend(backend);
    // 4 ulp of the slope, and of parameters that rounding to float32 takes up to an ulp from, each.
    const dtype = Kind === Float32Array ? 'float32' : 'float64';
    expect(ulpDistance(slope(Kind, name, x, options), expected, dtype)).toBeLessThanOrEqual(6);
  });

  it.each([Float32Array, Float64Array])('%o: a threshold of softplus is where x itself begins, exactly', (Kind) => {
    useBackend(backend);
    const dtype = Kind === Float32Array ? 'float32' : 'float64';
    const softplus = (x: number, beta: number, threshold: number) => one(Kind, 'softplus', x, { beta, threshold });
    const expectNear = (y: number, expected: number) => expect(ulpDistance(y, expected, dtype)).toBeLessThanOrEqual(4);
    // log(1 + e^5) and log(1 + e^1.5) / 3, not the x at the threshold; and the next x is one.
    expectNear(softplus(5, 1, 5), 5.006715348489118);
    expectNear(softplus(0.5, 3, 1.5), 0.5671377593275841);
    expect(softplus(5 + 2 ** -20, 1, 5)).toBe(5 + 2 ** -20);
    // Products that are no normal numbers still have the sign of x.
    const tiny = Kind === Float32Array ? 2 ** -70 : 2 ** -1000;
    expect(softplus(tiny, 2 ** -100, 0)).toBe(tiny);
    expectNear(softplus(-tiny, 2 ** -60, 0), Math.LN2 * 2 ** 60);
  });

  it('selu without alpha is -0 below 0', () => {
    useBackend(backend);
    expect(one(Float32Array, 'selu', -1, { alpha: 0 })).toBe(-0);
    expect(one(Float64Array, 'selu', -1, { alpha: 0 })).toBe(-0);
  });
});

describe('options', () => {
  const x = Float32Array.of(1);
  it.each([
    ['softplus', { beta: 1e-40 }, RangeError, `softplus: beta must be no smaller than ${2 ** -126} in size, got 1e-40`],
    ['silu', { beta: -1e-39 }, RangeError, `silu: beta must be no smaller than ${2 ** -126} in size, got -1e-39`],
    [
      'selu',
      { alpha: 1e30, gamma: 1e30 },
      RangeError,
      'selu: alpha * gamma must be between 2^-60 and 2^60 in size, or alpha 0, got alpha 1.0000000150474662e+30 and gamma 1.0000000150474662e+30',
    ],
    ['softplus', { beta: 0 }, RangeError, 'softplus: beta must be finite, above 0, got 0'],
    ['celu', { alpha: 0 }, RangeError, 'celu: alpha must be finite, above 0, got 0'],
    ['softcap', { cap: -1 }, RangeError, 'softcap: cap must be finite, above 0, got -1'],
    ['softcap', undefined, TypeError, 'softcap: `cap` is needed, a number'],
    ['silu', { beta: '1' }, TypeError, 'silu: beta must be a number, got "1"'],
  ] as const)('%s with %o is an error', (name, options, kind, message) => {
    expect(() => callOf(name)(x, options)).toThrow(new kind(message));
  });
});

describe.each(backends())('half of a subnormal number, %s', (backend) => {
  // Half of an odd multiple of the least number is a middle, and x^2 times some number says on which side of it the value lies.
  const least = 2 ** -149;
  const odd = [1, 3, 5, 4097, 8388607];
  it.each([
    { name: 'silu', options: { beta: 1 }, round: Math.ceil },
    { name: 'silu', options: { beta: -1.702 }, round: Math.floor },
    { name: 'gelu', options: {}, round: Math.ceil },
    { name: 'gelu', options: { approximate: 'tanh' }, round: Math.ceil },
    { name: 'gelu', options: { approximate: 'sigmoid' }, round: Math.ceil },
  ])('$name $options', ({ name, options, round }) => {
    useBackend(backend);
    const x = Float32Array.from(odd.flatMap((n) => [n * least, -n * least]));
    const wanted = Float32Array.from(x, (value) => round(value / least / 2) * least);
    expect(callOf(name)(x, { ...options, precision: 'exact' })).toEqual(wanted);
  });
});

describe.each(backends())('a large alpha makes something of an exponential far out: %s', (backend) => {
  it.each([
    ['elu', -105, { alpha: 2 ** 20 }],
    ['elu', -111, { alpha: 2 ** 20 }],
    ['elu', -115, { alpha: 2 ** 20 }],
    // From here on float lanes have none.
    ['elu', -130.00001525878906, { alpha: 2 ** 31 }],
    ['elu', -130.00001525878906, { alpha: 2 ** 32 }],
    ['elu', -130.00001525878906, { alpha: 2 ** 40 }],
    ['selu', -130.00001525878906, { alpha: 2 ** 19, gamma: 2 ** 19 }],
    ['selu', -130.00001525878906, { alpha: 2 ** 17, gamma: 2 ** 14 }],
  ])('%s, x = %s, %o', (name, x, options) => {
    useBackend(backend);
    const factor = options.alpha * ('gamma' in options ? options.gamma! : 1);
    const [grad, inputs] = [Float32Array.of(1, 64, 64.00001), new Float32Array(3).fill(x)];
    const gradient = gradientOf(name)(grad, inputs, options);
    const wanted = Float32Array.from(grad, (g) => g * factor * Math.exp(x));
    expect(Array.from(gradient, (y, i) => ulpDistance(y, wanted[i]!, 'float32') <= 1)).toEqual([true, true, true]);
  });
});
