// logSumExp, losses and weights of float16 and bfloat16: against their definitions in float64, rounded once, on every backend.
import { afterEach, describe, expect, it } from 'vitest';
import { bitsOf, halfOf, numbersOf } from '../../lib/basics/halves.js';
import * as nonlin from '../../lib/index.js';
import { indices } from '../support/tensors.js';

const { CrossEntropyLoss, LogSumExp, PReLU, Tensor } = nonlin;
const { crossEntropy, crossEntropyGrad, logSumExp, logSumExpGrad, prelu, preluGrad, preluWeightGrad } = nonlin;
type Half = nonlin.Tensor<nonlin.HalfDType>;

const before = nonlin.info().backend;
afterEach(() => nonlin.useBackend(before));

const dtypes = ['float16', 'bfloat16'] as const;
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const sumOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The numbers of a tensor in row-major order. */
const numbersIn = (x: nonlin.Tensor<nonlin.DType>) => [...x.to('float64').contiguous().data];
const made = (values: readonly number[], shape: readonly number[], dtype: nonlin.HalfDType): Half =>
  Tensor.from(Float64Array.from(values), { dtype, shape });
/** The same numbers, which lie in another order and behind others. */
function scattered(x: Half): Half {
  const room = Tensor.zeros([...x.shape.toReversed(), 2], { dtype: x.dtype });
  const view = room.select(-1, 1).T as Half;
  const bits = bitsOf(room.data);
  const values = bitsOf(x.contiguous().data);
  indices(x.shape).forEach((index, i) => {
    bits[view.offset + sumOf(index.map((k, dim) => k * view.strides[dim]!))] = values[i]!;
  });
  return view;
}

/** Whether y is what a number off by `error` at most, and by some thousandths of an ulp, rounds to. */
function isRounded(y: number, value: number, error: number, dtype: nonlin.HalfDType, thousandths = 1): boolean {
  if (Number.isNaN(value)) return Number.isNaN(y);
  const [digits, least] = dtype === 'float16' ? [10, -14] : [7, -126];
  const ulp = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), least) - digits);
  const slack = Number.isFinite(value) ? error + 0.001 * thousandths * ulp : 0;
  const [low, high] = [value - slack, value + slack].map((one) => numbersOf(dtype)[halfOf(dtype, one)]!);
  return low! <= y && y <= high!;
}
function expectRounded(
  y: nonlin.Tensor<nonlin.DType>,
  shape: readonly number[],
  values: readonly number[],
  errors: readonly number[],
  dtype: nonlin.HalfDType,
  what = '',
  thousandths = 1,
) {
  expect([y.dtype, y.shape], what).toEqual([dtype, shape]);
  numbersIn(y).forEach((one, i) => {
    if (!isRounded(one, values[i]!, errors[i]!, dtype, thousandths))
      expect.unreachable(`${what}: ${one} is not ${values[i]} at ${i}`);
  });
}

/** The places of each slice of a shape over some dimensions. */
function slicesOf(shape: readonly number[], dims: readonly number[]): number[][] {
  const rest = (index: readonly number[]) => String(index.filter((_, dim) => !dims.includes(dim)));
  const slices = new Map<string, number[]>();
  for (const index of indices(shape.filter((_, dim) => !dims.includes(dim)))) slices.set(String(index), []);
  for (const [i, index] of indices(shape).entries()) slices.get(rest(index))!.push(i);
  return [...slices.values()];
}
/** The largest number of a slice, and the logarithm of what all come to above it. */
function logSumOf(x: readonly number[]): [number, number] {
  const m = x.reduce((a, b) => (a >= b ? a : b >= a ? b : NaN), -Infinity);
  if (!Number.isFinite(m)) return [m, 0];
  const rest = x.toSpliced(x.indexOf(m), 1);
  return [m, Math.log1p(sumOf(rest.map((one) => Math.exp(one - m))))];
}
const softmaxOf = (x: readonly number[]) => {
  const [m, log] = logSumOf(x);
  return x.map((one) => Math.exp(one - m - log));
};

interface Given {
  readonly values: readonly number[];
  readonly slices: readonly (readonly number[])[];
  readonly weight: nonlin.Weights | undefined;
  readonly labelSmoothing: number;
}
/** The losses of slices, what their mean is over, and the gradient of their sum with the error that its difference has. */
function lossesOf({ values, slices, weight, labelSmoothing }: Given, target: readonly number[]) {
  const ofClasses = target.length !== values.length || slices.length === target.length;
  const weights =
    weight === undefined
      ? undefined
      : weight instanceof Tensor
        ? numbersIn(weight)
        : Array.from(weight as Float64Array, Math.fround);
  const [losses, grad, larger]: number[][] = [[], [], []];
  let total = 0;
  for (const [k, places] of slices.entries()) {
    const counts = !ofClasses || target[k] !== 2;
    total += Number(counts) * (ofClasses ? (weights?.[target[k]!] ?? 1) : 1);
    const shares = places.map((i, j) => {
      const one = ofClasses ? Number(j === target[k]) : target[i]!;
      return Number(counts) * (weights?.[j] ?? 1) * (one * (1 - labelSmoothing) + labelSmoothing / places.length);
    });
    const x = places.map((i) => values[i]!);
    const [m, log] = logSumOf(x);
    losses!.push(sumOf(shares.map((share, j) => share * (m - x[j]! + log))));
    softmaxOf(x).forEach((s, j) => {
      grad![places[j]!] = s * sumOf(shares) - shares[j]!;
      larger![places[j]!] = 2 ** -48 * Math.max(s * sumOf(shares), shares[j]!);
    });
  }
  return { losses: losses!, total, grad: grad!, larger: larger! };
}
/** None, in lists and arrays that are to be rounded, and of 16 bits. */
const weightsOf = (length: number) => {
  const list = Array.from({ length }, (_, j) => 0.25 + (j % 5) / 3);
  return [undefined, list, Float64Array.from(list), ...dtypes.map((dtype) => made(list, [length], dtype))];
};
function expectClose(loss: number, value: number, what: string) {
  if (Number.isNaN(value)) expect(loss, what).toBeNaN();
  else expect(Math.abs(loss - value), what).toBeLessThanOrEqual(2 ** -45 * value);
}

const shapes = [[], [1], [4], [37], [0], [5, 3], [1, 7], [3, 0], [0, 3], [2, 3, 4], [2, 2, 3, 2], [3, 130]];
const valuesOf = (count: number, seed: number) =>
  Array.from({ length: count }, (_, i) => 6 * Math.sin(seed + i * i) + (i % 7 === 3 ? -20 : 0));

describe.each(nonlin.backends())('%s', (backend) => {
  describe.each(dtypes)('%s', (dtype) => {
    it('logSumExp and its gradient, over any dimensions', () => {
      nonlin.useBackend(backend);
      for (const shape of shapes) {
        const x = made(valuesOf(sizeOf(shape), 1), shape, dtype);
        const values = numbersIn(x);
        const places = shape.map((_, i) => i);
        const some = [
          [-1],
          [0],
          places,
          ...(shape.length > 2
            ? [
                [0, 2],
                [2, 1],
              ]
            : []),
        ];
        for (const given of shape.length === 0 ? [[-1]] : some)
          for (const keepdim of [false, true]) {
            const dims = given.map((dim) => (dim < 0 ? dim + shape.length : dim));
            const own = { dim: given.length === 1 ? given[0]! : given, keepdim };
            const slices = slicesOf(shape, dims);
            const kept = shape.flatMap((size, dim) => (dims.includes(dim) ? (keepdim ? [1] : []) : [size]));
            const parts = slices.map((places) => logSumOf(places.map((i) => values[i]!)));
            const sums = parts.map(([m, log]) => m + log);
            const errors = parts.map(([m, log]) => 2 ** -50 * (Math.abs(m) + log));
            const grad = made(valuesOf(slices.length, 2), kept, dtype);
            const factors = numbersIn(grad);
            const shares = new Array<number>(values.length);
            for (const [k, places] of slices.entries())
              softmaxOf(places.map((i) => values[i]!)).forEach((share, j) => {
                shares[places[j]!] = factors[k]! * share;
              });
            const exact = shares.map((share) => Math.abs(share) * 2 ** -48);
            for (const same of [x, scattered(x)]) {
              expectRounded(logSumExp(same, own), kept, sums, errors, dtype, `${shape} over ${given}`);
              expectRounded(logSumExpGrad(scattered(grad), same, own), shape, shares, exact, dtype, `${shape}`, 0);
            }
            const layer = new LogSumExp(own);
            expect(layer(x).equals(logSumExp(x, own))).toBe(true);
            expect((layer.backward(grad, x) as Half).equals(logSumExpGrad(grad, x, own))).toBe(true);
          }
      }
    });

    it('the gradient of logSumExp is rounded once, after the product', () => {
      nonlin.useBackend(backend);
      // So many that some lie within an ulp of float32 of a middle.
      const rows = 30_000;
      const values = Array.from({ length: 2 * rows }, (_, i) => Math.sin(i * i));
      const [x, grad] = [made(values, [rows, 2], dtype), made(values.slice(rows), [rows], dtype)];
      const [given, factors] = [numbersIn(x), numbersIn(grad)];
      const wanted = factors.flatMap((by, k) => softmaxOf(given.slice(2 * k, 2 * k + 2)).map((share) => share * by));
      const errors = wanted.map((one) => 2 ** -48 * Math.abs(one));
      expectRounded(logSumExpGrad(grad, x), [rows, 2], wanted, errors, dtype, '', 0);
    });

    it('logSumExp where the maximum and the rest cancel', () => {
      nonlin.useBackend(backend);
      for (let n = 2; n < 300; n++) {
        const x = made([...new Array<number>(n - 1).fill(-Math.log(n)), -Math.log(n) - 1 / n], [n], dtype);
        const [m, log] = logSumOf(numbersIn(x));
        expectRounded(logSumExp(x), [], [m + log], [2 ** -50 * log], dtype, `${n}`);
      }
    });

    it('logSumExp of entries that are infinite or NaN', () => {
      nonlin.useBackend(backend);
      const rows = [
        [-Infinity, -Infinity, -Infinity],
        [-Infinity, 3, -Infinity],
        [Infinity, 0, 1],
        [NaN, 0, Infinity],
        [-0, -Infinity, -Infinity],
      ];
      const x = made(rows.flat(), [5, 3], dtype);
      expect(logSumExp(x).toArray()).toEqual([-Infinity, 3, Infinity, NaN, 0]);
      const grad = logSumExpGrad(made([1, 2, 1, 1, 0.5], [5], dtype), x);
      expect(grad.toArray(2).map((row) => row.map((one) => one + 0))).toEqual([
        [NaN, NaN, NaN],
        [0, 2, 0],
        [NaN, NaN, NaN],
        [NaN, NaN, NaN],
        [0.5, 0, 0],
      ]);
      // Larger than float16 has, and than bfloat16 has.
      const large = dtype === 'float16' ? 65504 : numbersOf(dtype)[0x7f7f]!;
      expect(logSumExp(made([large, large], [2], dtype)).item()).toBe(large);
    });

    it('crossEntropy and its gradient, of classes and of probabilities', () => {
      nonlin.useBackend(backend);
      for (const [shape, dim] of [
        [[4], undefined],
        [[5, 3], undefined],
        [[5, 3], 0],
        [[1, 7], -1],
        [[3, 0], 0],
        [[0, 3], undefined],
        [[2, 3, 4], undefined],
        [[2, 3, 4], -1],
        [[2, 2, 3, 2], undefined],
        [[3, 130], undefined],
      ] as const) {
        const x = made(valuesOf(sizeOf(shape), 3), shape, dtype);
        const at = dim === undefined ? Math.min(1, shape.length - 1) : (dim + shape.length) % shape.length;
        const left = shape.filter((_, i) => i !== at);
        const length = shape[at]!;
        const likely = valuesOf(sizeOf(shape), 4).map((one) => Math.abs(one) / 30);
        const p = made(likely, shape, dtype);
        const classes = Array.from({ length: sizeOf(left) }, (_, k) => (k % 5 === 4 ? 2 : (k * 7) % length));
        const factors = made(valuesOf(classes.length, 5), left, dtype);
        for (const weight of weightsOf(length))
          for (const labelSmoothing of [0, 0.1])
            for (const target of [classes, p, scattered(p)]) {
              const options = {
                labelSmoothing,
                ...(dim !== undefined && { dim }),
                ...(target === classes && { ignoreIndex: 2 }),
                ...(weight !== undefined && { weight }),
              };
              const what = `${shape} over ${at}, ${target === classes}, ${labelSmoothing}, ${weight?.constructor.name}`;
              const given = { values: numbersIn(x), slices: slicesOf(shape, [at]), weight, labelSmoothing };
              const { losses, total, grad, larger } = lossesOf(
                given,
                target instanceof Tensor ? numbersIn(target) : target,
              );
              const times = (numbers: readonly number[], by: readonly number[]) =>
                numbers.map((one, i) => one * by[given.slices.findIndex((places) => places.includes(i))]!);
              const sum = sumOf(losses);
              for (const same of [x, scattered(x)]) {
                const none = crossEntropy(same, target, { ...options, reduction: 'none' });
                const errors = losses.map((one) => 2 ** -45 * one);
                expectRounded(none, left, losses, errors, dtype, what);
                expectClose(crossEntropy(same, target, { ...options, reduction: 'sum' }), sum, what);
                expectClose(crossEntropy(same, target, options), sum / total, what);
                const sums = crossEntropyGrad(same, target, { ...options, reduction: 'sum' });
                expectRounded(sums, shape, grad, larger, dtype, what, 0);
                const means = crossEntropyGrad(same, target, options);
                const by = total === 0 ? 1 : total;
                const mean = [grad, larger].map((numbers) => numbers.map((one) => one / by));
                expectRounded(means, shape, mean[0]!, mean[1]!, dtype, what, 0);
              }
              const loss = new CrossEntropyLoss({ ...options, reduction: 'none' });
              expect(loss(x, target)).toEqual(crossEntropy(x, target, { ...options, reduction: 'none' }));
              const by = numbersIn(factors);
              const most = times(larger, by.map(Math.abs));
              expectRounded(loss.backward<Half>(scattered(factors)), shape, times(grad, by), most, dtype, what, 0);
            }
      }
    });

    it('crossEntropy of entries that are infinite or NaN is that of float64, rounded', () => {
      nonlin.useBackend(backend);
      const rows = [
        [-Infinity, -Infinity, -Infinity],
        [-Infinity, 3, 1],
        [Infinity, 0, 1],
        [NaN, 0, 1],
        [0, 1, 2],
      ];
      const x = made(rows.flat(), [5, 3], dtype);
      for (const target of [
        [0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1],
        [-100, 2, -100, -100, 2],
      ] as const) {
        const hot = made(
          target.flatMap((one) => [0, 1, 2].map((j) => Number(j === one))),
          [5, 3],
          dtype,
        );
        for (const [half, wide] of [
          [target, target],
          [hot, hot.to('float64')],
        ] as const) {
          const none = crossEntropy(x, half, { reduction: 'none' });
          expect(none).toEqual(crossEntropy(x.to('float64'), wide, { reduction: 'none' }).to(dtype));
          expect(crossEntropyGrad(x, half)).toEqual(crossEntropyGrad(x.to('float64'), wide).to(dtype));
          expect(crossEntropy(x, half)).toBe(crossEntropy(x.to('float64'), wide));
        }
      }
    });

    it('a loss or a sum that is more than a dtype has', () => {
      nonlin.useBackend(backend);
      const x = made([0, 60000, 60000, 0, 0, 60000], [3, 2], dtype);
      const sum = crossEntropy(x, [0, 1, 0], { reduction: 'sum' });
      expect(sum).toBe(3 * Number(x.at(0, 1)));
      const none = crossEntropy(x, [0, 1, 0], { reduction: 'none', weight: [2, 1] });
      expect(none.at(0)).toBe(dtype === 'float16' ? Infinity : 2 * Number(x.at(0, 1)));
    });

    it('bits with their dtype are a tensor of one dimension, but for the kinds of results', () => {
      nonlin.useBackend(backend);
      const x = made(valuesOf(9, 6), [9], dtype);
      const bits = bitsOf(x.data);
      const options = { dtype };
      expect(logSumExp(bits, options)).toBe(logSumExp(x).item());
      expect(logSumExpGrad(2, bits, options)).toEqual(bitsOf(logSumExpGrad(made([2], [], dtype), x).data));
      expect(new LogSumExp(options)(bits)).toBe(logSumExp(x).item());
      for (const target of [3, [3], Uint16Array.of(3), x] as const) {
        expect(crossEntropy(bits, target, options)).toBe(crossEntropy(x, target));
        expect(crossEntropy(bits, target, { ...options, reduction: 'none' }).toJSON()).toEqual(
          crossEntropy(x, target, { reduction: 'none' }).toJSON(),
        );
        const grad = crossEntropyGrad(bits, target, options);
        expect(grad).toBeInstanceOf(Uint16Array);
        expect(grad).toEqual(bitsOf(crossEntropyGrad(x, target).data));
      }
      const like = { data: bits, dims: [9], type: dtype };
      expect(logSumExp(like).toJSON()).toEqual(logSumExp(x).toJSON());
      expect(crossEntropy(like, like)).toBe(crossEntropy(x, x));
      // What says nothing has the dtype of the option, and a grad that of x.
      const bare = { data: bits, dims: [3, 3] };
      const grad = { data: bits.subarray(0, 3), dims: [3] };
      const [rows, by] = [x.reshape([3, 3]), x.reshape([3, 3]).select(0, 0)];
      expect(logSumExpGrad(grad, bare, options).toJSON()).toEqual(logSumExpGrad(by, rows).toJSON());
      expect(() => logSumExp(bare)).toThrow(TypeError);
    });

    it('empty ones', () => {
      nonlin.useBackend(backend);
      expect(logSumExp(new Uint16Array(), { dtype })).toBe(-Infinity);
      expect(logSumExpGrad(1, new Uint16Array(), { dtype })).toEqual(new Uint16Array());
      const none = Tensor.zeros([0, 3], { dtype });
      expect(crossEntropy(none, [])).toBe(NaN);
      expect(crossEntropy(none, none, { reduction: 'sum' })).toBe(0);
      expect(crossEntropyGrad(none, none).toJSON()).toEqual({ dtype, shape: [0, 3], data: [] });
    });

    it('weights for any logits and slopes for any x', () => {
      nonlin.useBackend(backend);
      const weight = made([0.3, 2.7, 0.1], [3], dtype);
      const steps = scattered(weight);
      const list = numbersIn(weight);
      for (const own of ['float32', 'float64', ...dtypes] as const) {
        const x = Tensor.from(valuesOf(6, 7), { dtype: own, shape: [2, 3] }) as nonlin.Tensor<nonlin.DType>;
        for (const given of [weight, steps, { data: bitsOf(weight.data), dims: [3], dtype }]) {
          expect(crossEntropy(x, [2, 1], { weight: given })).toBe(crossEntropy(x, [2, 1], { weight: list }));
          expect(crossEntropyGrad(x, [2, 1], { weight: given })).toEqual(crossEntropyGrad(x, [2, 1], { weight: list }));
          expect(prelu(x, { weight: given })).toEqual(prelu(x, { weight: list }));
          expect(preluGrad(x, x, { weight: given })).toEqual(preluGrad(x, x, { weight: list }));
          const sums = preluWeightGrad(x, x, { weight: given });
          expect(sums).toEqual(preluWeightGrad(x, x, { weight: list }));
          expect([sums.dtype, sums.shape]).toEqual([own, [3]]);
        }
      }
    });

    it('weights of logits of 16 bits are those of float32', () => {
      nonlin.useBackend(backend);
      // Just above the middle of 1 and the next, and in float32 the middle itself.
      const weight = [1 + (dtype === 'float16' ? 2 ** -11 : 2 ** -8) + 2 ** -40, 1];
      const x = made([-Infinity, 0], [2], dtype);
      const options = { weight, reduction: 'sum' } as const;
      expect(crossEntropyGrad(x, [0], options).toArray()).toEqual([-1, 1]);
    });

    it('the gradient by a slope is the sum, rounded once', () => {
      nonlin.useBackend(backend);
      const [x, g] = [made(valuesOf(60, 8), [4, 5, 3], dtype), made(valuesOf(60, 9), [4, 5, 3], dtype)];
      const [values, grads] = [numbersIn(x), numbersIn(g)];
      const products = values.map((one, i) => (one < 0 ? one * grads[i]! : 0));
      const sums = slicesOf([4, 5, 3], [0, 2]).map((places) => sumOf(places.map((i) => products[i]!)));
      const y = preluWeightGrad(g, x, { weight: [1, 2, 3, 4, 5] });
      expectRounded(y, [5], sums, new Array(5).fill(1e-12), dtype);
      const all = preluWeightGrad(scattered(g), scattered(x), { weight: 0.5 });
      expect(isRounded(all, sumOf(sums), 1e-12, dtype)).toBe(true);
      const options = { dtype, weight: 0.5 } as const;
      expect(preluWeightGrad(bitsOf(g.data), bitsOf(x.data), options)).toBe(all);
      const bits = preluWeightGrad(bitsOf(g.data), bitsOf(x.data), { dtype, weight: [0.5] });
      expect([bits.constructor, numbersOf(dtype)[bits[0]!]]).toEqual([Uint16Array, all]);
      const layer = new PReLU({ weight: made([1, 2, 3, 4, 5], [5], dtype) });
      layer(x);
      expect(layer.weightGrad(g)).toEqual(y);

      // Just above the middle of 1 and the next, and in float32 the middle itself.
      const step = dtype === 'float16' ? 2 ** -10 : 2 ** -7;
      const [by, below] = [
        [-1, -step / 2, -(2 ** -14)],
        [-1, -1, -(2 ** -10)],
      ].map((list) => made(list, [3], dtype));
      expect(preluWeightGrad(by!, below!, { weight: [0.5] }).toArray()).toEqual([1 + step]);
      expect(preluWeightGrad(by!, below!, { weight: 0.5 })).toBe(1 + step);
    });
  });
});

it('results of a Tensor lie in an array of the kind that its numbers do', () => {
  const x = new Tensor(Uint16Array.of(0x3c00, 0), { dtype: 'float16' });
  const results = [
    logSumExp(x),
    logSumExpGrad(logSumExp(x), x),
    crossEntropy(x, x, { reduction: 'none' }),
    crossEntropyGrad(x, [0]),
    preluWeightGrad(x, x, { weight: [1, 2] }),
  ];
  for (const { data, dtype } of results) expect([data.constructor, dtype]).toEqual([Uint16Array, 'float16']);
});

it('layers have weights of 16 bits in the memory they were given in', () => {
  const weight = new Tensor([1, 2, 3], { dtype: 'bfloat16' });
  const x = new Tensor([[1, -2, 4]]);
  const loss = new CrossEntropyLoss({ weight });
  const layer = new PReLU({ weight });
  expect([loss.weight!.data, layer.weight, layer.parameters()[0]]).toEqual([weight.data, weight, weight]);
  expect(loss.weight!.data).toBe(weight.data);
  expect(String(loss)).toBe('CrossEntropyLoss(weight of 3 classes)');
  for (const second of [2, 0.5]) {
    weight.data[1] = second === 2 ? 0x4000 : 0x3f00;
    expect(layer(x)).toEqual(prelu(x, { weight: [1, second, 3] }));
    expect(layer(x.to('bfloat16')).toArray()).toEqual([[1, -2 * second, 4]]);
    expect(loss(x, p)).toBe(crossEntropy(x, p, { weight: [1, second, 3] }));
    expect(loss.backward()).toEqual(crossEntropyGrad(x, p, { weight: [1, second, 3] }));
  }
});
const p = new Tensor([[0.25, 0.5, 0.25]]);

const { Float16Array } = globalThis as { readonly Float16Array?: { of(...numbers: number[]): Float32Array } };

describe.runIf(Float16Array !== undefined)('Float16Array', () => {
  // As the types of a runtime that has it would say.
  const of = (...numbers: number[]) => Float16Array!.of(...numbers) as unknown as Uint16Array & readonly number[];
  const tag = (y: unknown) => Object.prototype.toString.call(y);

  it('says itself what it holds, and gives its like', () => {
    const x = new Tensor([1, 2, -3], { dtype: 'float16' });
    const same = of(1, 2, -3);
    expect(logSumExp(same)).toBe(logSumExp(x).item());
    const shares = of(0.5, 0.25, 0.25);
    const p = new Tensor([0.5, 0.25, 0.25], { dtype: 'float16' });
    expect(crossEntropy(same, shares)).toBe(crossEntropy(x, p));
    expect(crossEntropy(x, shares)).toBe(crossEntropy(x, p));
    expect(crossEntropy({ data: same, dims: [3] }, { data: shares, dims: [3] })).toBe(crossEntropy(x, p));
    expect(crossEntropy(same, Uint16Array.of(2))).toBe(crossEntropy(x, [2]));
    expect(crossEntropy(same, shares, { reduction: 'none' }).dtype).toBe('float16');
    for (const [y, wanted] of [
      [crossEntropyGrad(same, shares), crossEntropyGrad(x, p)],
      [logSumExpGrad(2, same), logSumExpGrad(new Tensor(2, { dtype: 'float16' }), x)],
      [preluWeightGrad(same, same, { weight: shares }), preluWeightGrad(x, x, { weight: p })],
    ] as const) {
      expect(tag(y)).toBe('[object Float16Array]');
      expect([...y]).toEqual(wanted.toArray());
    }
    for (const y of [crossEntropyGrad(new Tensor(same), [0]), logSumExp(new Tensor(same))])
      expect(tag(y.data)).toBe('[object Float16Array]');
    expect(() => crossEntropy(same, Float32Array.of(1, 0, 0) as never)).toThrow(
      'must be float16 like the logits, got float32',
    );
    expect(() => crossEntropy(Float32Array.of(1, 0, 0), shares as never)).toThrow(TypeError);
  });

  it('is a weight, for any x', () => {
    const [weight, list] = [of(0.5, 0.25, 3), [0.5, 0.25, 3]];
    const x = Float32Array.of(-1, -2, -3);
    expect(prelu(x, { weight })).toEqual(prelu(x, { weight: list }));
    expect(crossEntropy(x, [1], { weight })).toBe(crossEntropy(x, [1], { weight: list }));
    const layer = new PReLU({ weight });
    expect((layer.weight as Half).data).toBe(weight);
    weight[0] = 4;
    expect(layer(x)).toEqual(Float32Array.of(-4, -0.5, -9));
  });
});
