// prelu with a slope for each channel, against a loop of one element at a time, and its gradients against sums in integers.
import { afterEach, describe, expect, it } from 'vitest';
import { loaded } from '../../lib/backends/native/addon.js';
import * as nonlin from '../../lib/index.js';
import { expectSame } from '../support/same.js';

const { PReLU, prelu, preluGrad, preluWeightGrad, Tensor } = nonlin;
const { backend, threads: usual } = nonlin.info();
afterEach(() => nonlin.useBackend(backend));

type Float = Float32Array | Float64Array;
// Small calls; tiles of whole periods and of parts of one; slopes that lie as x does; long channels; sums of both kinds.
const shapes = [
  [0, 3, 2],
  [1, 1, 1],
  [5, 3, 2],
  [4, 32, 1],
  [700, 3, 1],
  [3, 300, 1],
  [2, 1500, 1],
  [7, 70, 17],
  [2, 5, 255],
  [3, 4, 256],
  [2, 3, 1100],
  [1, 2, 20_000],
] as const;
const special = [NaN, -0, 0, -Infinity, Infinity, -1e-45, 5e-324];
const valuesOf = (Floats: typeof Float32Array | typeof Float64Array, count: number, seed: number) =>
  new Floats(count).map((_: number, i: number) => (i % 13 === 5 ? special[i % 7]! : 5 * Math.sin(i * 1.7 + seed)));
const slopeOf = (c: number) => [0.25, 0, -1.5, 1, 1e-30][c % 5]!;
const stored = (x: Float, value: number) => (x instanceof Float32Array ? Math.fround(value) : value);

const { addon } = loaded;
const measured = addon?.slowSubnormals();

describe.each(nonlin.backends())('%s', (name) => {
  afterEach(() => {
    if (measured !== undefined) addon?.slowSubnormals(measured);
  });
  it.each([
    [Float32Array, true],
    [Float32Array, false],
    [Float64Array, true],
  ])('every channel has its slope: %o, where subnormal numbers are slow: %s', (Floats, slow) => {
    nonlin.useBackend(name);
    addon?.slowSubnormals(slow);
    for (const shape of shapes) {
      const [outer, length, inner] = shape;
      const size = outer * length * inner;
      const [x, g] = [valuesOf(Floats, size, 1), valuesOf(Floats, size, 2)];
      const weight = new Floats(length).map((_: number, c: number) => slopeOf(c));
      const [expected, slopes] = [x.slice(), x.slice()];
      for (let i = 0; i < size; i++) {
        const slope = weight[Math.floor(i / inner) % length]!;
        if (x[i]! < 0) expected[i] = slope === 0 ? -0 : stored(x, slope * x[i]!);
        if (x[i]! > 0) slopes[i] = g[i]!;
        if (x[i]! <= 0) slopes[i] = slope === 0 ? 0 : stored(x, slope * g[i]!);
      }
      const [input, grad] = [new Tensor(x, { shape }), new Tensor(g, { shape })];
      for (const given of [weight, [...weight], new Tensor(weight)]) {
        expectSame(prelu(input, { weight: given }).data, expected, `${shape}`);
        expectSame(preluGrad(grad, input, { weight: given }).data, slopes, `${shape}`);
      }
      const inPlace = new Tensor(x.slice(), { shape });
      expect(prelu(inPlace, { weight, channelDim: -2, out: inPlace, precision: 'exact' })).toBe(inPlace);
      expectSame(inPlace.data, expected);
      const inGrad = new Tensor(g.slice(), { shape });
      expectSame(preluGrad(inGrad, input, { weight, out: inGrad }).data, slopes);
    }
  });

  it('the sums of channels are within an ulp of the sum of absolute values, and of the same bits everywhere', () => {
    for (const Floats of [Float32Array, Float64Array])
      for (const shape of shapes) {
        const [outer, length, inner] = shape;
        const size = outer * length * inner;
        // Multiples of a power of two, whose products and sums are exact as integers.
        const [bits, one] = Floats === Float32Array ? [20, 2 ** 10] : [50, 2 ** 40];
        const [g, x] = [3, 4].map((seed) =>
          new Floats(size).map((_, i) => Math.round(2 ** bits * Math.sin(i * i * 0.7 + seed) ** 5) / one),
        ) as [Float, Float];
        const [input, grad] = [new Tensor(x, { shape }), new Tensor(g, { shape })];
        const weight = new Floats(length).fill(0.25);
        nonlin.useBackend(name);
        const sums = preluWeightGrad(grad, input, { weight }) as nonlin.Tensor;
        nonlin.useBackend('js');
        expect(preluWeightGrad(grad, input, { weight })).toEqual(sums);
        if (size > 10_000) continue;
        const exact = Array.from({ length }, () => ({ sum: 0n, size: 0n }));
        for (let i = 0; i < size; i++) {
          if (x[i]! >= 0) continue;
          const term = BigInt(g[i]! * one) * BigInt(x[i]! * one);
          const channel = exact[Math.floor(i / inner) % length]!;
          channel.sum += term;
          channel.size += term < 0n ? -term : term;
        }
        exact.forEach(({ sum, size }, c) => {
          const off = BigInt(Math.round(sums.data[c]! * one * one)) - sum;
          const ulp = Floats === Float32Array ? 2n ** 24n : 2n ** 52n;
          expect(off < 0n ? -off : off, `${shape} ${c}`).toBeLessThanOrEqual(size / ulp + 1n);
        });
      }
  });

  it('a sum keeps what rounding takes from it, within a tile and between its elements', () => {
    nonlin.useBackend(name);
    const terms = [2 ** 60, 1, -(2 ** 60)];
    for (const [outer, inner] of [
      [3, 1],
      [1, 3],
      [3, 700],
      [1, 2100],
    ] as const) {
      const x = new Tensor(new Float64Array(outer * 2 * inner).fill(-1), { shape: [outer, 2, inner] });
      const of = (i: number) => terms[outer === 1 ? i % 3 : Math.floor(i / (2 * inner))]!;
      const g = new Tensor(
        x.data.map((_, i) => of(i)),
        { shape: x.shape },
      );
      const sum = (-outer * inner) / 3;
      expect(preluWeightGrad(g, x, { weight: [1, 1] }), `${x.shape}`).toEqual(new Tensor(Float64Array.of(sum, sum)));
    }
  });

  it('drops grad where x is not below 0, and keeps NaN and infinite sums', () => {
    nonlin.useBackend(name);
    const x = new Tensor([
      [0, -1, NaN, -1],
      [2, -2, 1, 1],
    ]);
    const g = new Tensor([
      [Infinity, Infinity, 1, NaN],
      [NaN, -1, 1, 1],
    ]);
    expect(preluWeightGrad(g, x, { weight: [1, 1, 1, 1] })).toEqual(new Tensor([0, -Infinity, NaN, NaN]));
  });

  it('threads change no bit', () => {
    nonlin.useBackend(name);
    const shape = [8, 64, 1200];
    const x = new Tensor(valuesOf(Float32Array, 614_400, 1), { shape });
    const g = new Tensor(
      new Float32Array(614_400).map((_, i) => Math.sin(i)),
      { shape },
    );
    const options = { weight: Float32Array.from({ length: 64 }, (_, c) => slopeOf(c)) };
    const all = [1, 2].map((threads) => {
      nonlin.setThreads(threads);
      return [prelu(x, options), preluGrad(g, x, options), preluWeightGrad(g, x, options) as nonlin.Tensor];
    });
    all[0]!.forEach((one, i) => {
      expectSame(one.data, all[1]![i]!.data);
    });
    nonlin.setThreads(usual);
  });
});

it('a number is one slope for all, a list of one too, and the channels of one dimension are its elements', () => {
  const x = Float32Array.of(-1, -2, 3);
  expect(prelu(x, { weight: [0.5] })).toEqual(prelu(x, { weight: 0.5 }));
  expect(prelu(x, { weight: [0.5, 0.25, 1] })).toEqual(Float32Array.of(-0.5, -0.5, 3));
  expect(preluWeightGrad(x, x, { weight: 0.5 })).toBe(5);
  expect(preluWeightGrad(x, x, { weight: [0.5] })).toEqual(Float32Array.of(5));
  expect(preluWeightGrad(x, x, { weight: [1, 2, 3] })).toEqual(Float32Array.of(1, 4, 0));
  // Rounded once, to the dtype of x.
  expect(prelu(Float64Array.of(-1), { weight: [0.1] })).toEqual(Float64Array.of(-0.1));
});

it('strided x, and an out that is the weight', () => {
  const x = new Tensor([
    [-1, -2, -3],
    [-4, -5, -6],
  ]);
  const turned = prelu(x.transpose(0, 1), { weight: [1, 10] });
  expect(turned.toArray()).toEqual([
    [-1, -40],
    [-2, -50],
    [-3, -60],
  ]);
  const weight = Float32Array.of(2, 3);
  expect(prelu(Float32Array.of(-1, -1), { weight, out: weight })).toEqual(Float32Array.of(-2, -3));
});

describe('refuses', () => {
  const x = new Tensor([[-1, 2, 3, 4]]);
  it.each([
    [{ weight: [1, 2, 3] }, RangeError, 'weight has 3 slopes but x of shape [1, 4] has 4 channels along dimension 1'],
    [{ weight: [] }, RangeError, 'weight has 0 slopes but x of shape [1, 4] has 4 channels'],
    [{ weight: [[1, 2, 3, 4]] }, TypeError, 'weight[0] must be a number, got an Array of 4'],
    [{ weight: new Tensor([[1, 2, 3, 4]]) }, RangeError, 'weight must have one dimension, got shape [1, 4]'],
    [{ weight: 'x' }, TypeError, 'weight must be a number, a list, a Float32Array'],
    [{ weight: [1, NaN, 1, 1] }, RangeError, 'weight[1] must be finite, got NaN'],
    [{ weight: [1, 1, 1e300, 1] }, RangeError, 'weight[2] must be finite as a float32, got 1e+300'],
    [{ weight: 1, channelDim: 2 }, RangeError, 'channelDim must be in [-2, 1] for shape [1, 4], got 2'],
    [{ weight: 1, channelDim: '1' }, TypeError, 'channelDim must be an integer, got "1"'],
    [{}, TypeError, '`weight` is needed, a number or a list of them'],
  ])('%o', (options, kind, message) => {
    for (const [name, call] of [
      ['prelu', () => prelu(x, options as never)],
      ['preluGrad', () => preluGrad(x, x, options as never)],
      ['preluWeightGrad', () => preluWeightGrad(x, x, options as never)],
    ] as const) {
      expect(call).toThrow(kind);
      expect(call).toThrow(`${name}: ${message}`);
    }
  });
});

describe('PReLU', () => {
  it("has PyTorch's weight, or the one that it is given", () => {
    expect(`${new PReLU()}`).toBe('PReLU(numParameters=1)');
    expect(new PReLU().weight).toEqual(new Tensor([0.25]));
    expect(`${new PReLU({ numParameters: 3, init: 0.5 })}`).toBe('PReLU(numParameters=3)');
    expect(`${new PReLU({ weight: [1, 2], channelDim: 0 })}`).toBe('PReLU(numParameters=2, channelDim=0)');
    expect(`${new PReLU({ weight: 0.1 })}`).toBe('PReLU(weight=0.1)');
    const weight = Float32Array.of(0.5, 0.25);
    const layer = new PReLU({ weight });
    const x = new Tensor([[-1, -1]]);
    expect(layer(x)).toEqual(new Tensor([[-0.5, -0.25]]));
    expect(layer.backward(x)).toEqual(preluGrad(x, x, { weight }));
    expect(layer.weightGrad(x)).toEqual(new Tensor([1, 1]));
    weight[0] = 2;
    expect(layer(x)).toEqual(new Tensor([[-2, -0.25]]));
    expect(layer.parameters()).toEqual([new Tensor(weight)]);
    expect(() => new PReLU().weightGrad(x)).toThrow('weightGrad(grad) needs the input of a forward');
    expect(nonlin.activation('PReLU')(x)).toEqual(new Tensor([[-0.25, -0.25]]));
  });

  it.each([
    [{ numParameters: 0 }, RangeError, 'numParameters must be at least 1, got 0'],
    [{ numParameters: 1.5 }, TypeError, 'numParameters must be an integer, got 1.5'],
    [{ init: NaN }, RangeError, 'init must be finite as a float32, got NaN'],
    [{ weight: [1], init: 1 }, TypeError, 'leave out `numParameters` and `init`'],
    [{ weight: [1, Infinity] }, RangeError, 'weight[1] must be finite, got Infinity'],
  ])('refuses %o', (options, kind, message) => {
    expect(() => new PReLU(options)).toThrow(kind);
    expect(() => new PReLU(options)).toThrow(message);
  });
});

it.each([
  [1_500_000, 3, 1],
  [2, 3, 700_001],
  [2, 300, 7_001],
])('writes past the cache as into it: [%i, %i, %i]', (outer, channels, inner) => {
  const x = Float32Array.from({ length: outer * channels * inner }, (_, i) => ((i * 7919) % 1009) - 504);
  const weight = Float32Array.from({ length: channels }, (_, c) => 0.3 - c / 7);
  const y = prelu(new Tensor(x, { shape: [outer, channels, inner] }), { weight }).data;
  let wrong = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (y[i] !== Math.fround(value > 0 ? value : value * weight[Math.floor(i / inner) % channels]!)) wrong++;
  }
  expect(wrong).toBe(0);
  const grad = x.map((value) => value / 3);
  const dx = preluGrad(
    new Tensor(grad, { shape: [outer, channels, inner] }),
    new Tensor(x, { shape: [outer, channels, inner] }),
    { weight },
  ).data;
  for (let i = 0; i < x.length; i++) {
    const slope = x[i]! > 0 ? 1 : weight[Math.floor(i / inner) % channels]!;
    if (dx[i] !== Math.fround(grad[i]! * slope)) wrong++;
  }
  expect(wrong).toBe(0);
});
