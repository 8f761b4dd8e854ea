// The weights of classes: what they mean at the edges, where they may stand, and what is refused. test/elsewhere holds them against
// PyTorch.
import { afterEach, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const { CrossEntropyLoss, Tensor, crossEntropy, crossEntropyGrad } = nonlin;
const before = nonlin.info().backend;
afterEach(() => nonlin.useBackend(before));

const x = new Tensor([
  [1, 2, 4],
  [3, -1, 0],
]);
const p = new Tensor([
  [0.5, 0.25, 0.25],
  [0, 1, 0],
]);

describe.each(nonlin.backends())('%s', (backend) => {
  it('of 1 change nothing, and others what their classes come to', () => {
    nonlin.useBackend(backend);
    for (const target of [[2, 1], p] as nonlin.Targets[])
      for (const labelSmoothing of [0, 0.3]) {
        const options = { labelSmoothing };
        const plain = crossEntropy(x, target, options);
        const ones = { ...options, weight: [1, 1, 1] };
        expect(Math.abs(crossEntropy(x, target, ones) / plain - 1)).toBeLessThan(1e-15);
        expect(crossEntropyGrad(x, target, ones)).toEqual(crossEntropyGrad(x, target, options));
        // Of the sum: the mean over classes divides by the weights.
        const sum = { ...options, reduction: 'sum' } as const;
        const [once, twice] = [crossEntropy(x, target, sum), crossEntropy(x, target, { ...sum, weight: [2, 2, 2] })];
        expect(Math.abs(twice / once - 2)).toBeLessThan(1e-15);
        expect(crossEntropyGrad(x, target, { ...sum, weight: [2, 2, 2] })).toEqual(
          crossEntropyGrad(x, target, sum).mul(2),
        );
      }
  });

  it('of 0 leave a class out, whatever its logit is', () => {
    nonlin.useBackend(backend);
    const logits = new Tensor([
      [1, -Infinity],
      [2, 0],
    ]);
    const options = { weight: [1, 0] };
    expect(crossEntropy(logits, [0, 1], options)).toBe(0);
    expect(crossEntropy(logits, [1, 0], options)).toBe(crossEntropy(Float32Array.of(2, 0), [0]));
    const grad = crossEntropyGrad(logits, [1, 0], { ...options, reduction: 'sum' });
    expect([...grad.data.subarray(0, 2)].map((v) => v + 0)).toEqual([0, 0]);
    // Nothing is left to divide by.
    expect(crossEntropy(logits, [1, 1], options)).toBe(NaN);
    expect(crossEntropy(logits, [1, 1], { ...options, reduction: 'sum' })).toBe(0);
    // 0.7 of the other class is spread from it.
    const spread = { ...options, labelSmoothing: 0.6, reduction: 'sum' } as const;
    expect(crossEntropy(Float64Array.of(0, 0), [1], spread)).toBeCloseTo(0.3 * Math.LN2, 15);
  });

  it('of a class that does not count, count nothing', () => {
    nonlin.useBackend(backend);
    const options = { weight: [1, 2, 5], ignoreIndex: 1 };
    expect(crossEntropy(x, [2, 1], options)).toBe(crossEntropy(Float32Array.of(1, 2, 4), [2]));
    expect(crossEntropyGrad(x, [2, 1], options).select(0, 1).toArray()).toEqual([0, 0, 0]);
    expect(crossEntropy(x, [2, -100], { weight: [1, 2, 5], reduction: 'none' }).at(1)).toBe(0);
  });

  it('stand in a list, an array of either kind, or anything with a shape, and are rounded to the dtype of the logits', () => {
    nonlin.useBackend(backend);
    const weight = [0.1, 2.5, 0.3];
    const strided = new Tensor(Float64Array.of(0.1, 9, 2.5, 9, 0.3, 9), { shape: [3, 2] }).select(1, 0);
    const given = [
      weight,
      Float32Array.from(weight),
      Float64Array.from(weight),
      strided,
      { data: Float32Array.from(weight), dims: [3] },
    ];
    const losses = given.map((one) => crossEntropy(x, [2, 1], { weight: one }));
    expect(new Set(losses).size).toBe(1);
    const wide = new Tensor(Float64Array.from(x.data), { shape: [2, 3] });
    const [list, single, double] = given.map((one) => crossEntropy(wide, [2, 1], { weight: one }));
    expect(list).toBe(double);
    expect(single).not.toBe(double);
  });
});

it('may be negative, as in PyTorch', () => {
  expect(crossEntropy(x, [2, 1], { weight: [0, 1, -1], reduction: 'none' }).toArray()).toEqual(
    crossEntropy(x, [2, 1], { reduction: 'none' })
      .mul(new Tensor([-1, 1]))
      .toArray(),
  );
});

it('a layer has them in the memory they were given in', () => {
  const weight = new Tensor([1, 2, 3]);
  const loss = new CrossEntropyLoss({ weight });
  expect(loss.weight!.data).toBe(weight.data);
  expect(String(loss)).toBe('CrossEntropyLoss(weight of 3 classes)');
  expect(loss(x, [2, 0])).toBe(crossEntropy(x, [2, 0], { weight: [1, 2, 3] }));
  weight.data[2] = 7;
  expect(loss(x, [2, 0])).toBe(crossEntropy(x, [2, 0], { weight: [1, 2, 7] }));
  expect(loss.backward()).toEqual(crossEntropyGrad(x, [2, 0], { weight: [1, 2, 7] }));
  expect(new CrossEntropyLoss().weight).toBe(undefined);
  const list = [1, 2, 3];
  const listed = new CrossEntropyLoss({ weight: list });
  list[2] = 7;
  expect(listed(x, [2, 0])).toBe(crossEntropy(x, [2, 0], { weight: [1, 2, 3] }));
});

describe('refuses', () => {
  const wanted = 'weight must be a list, a Float32Array, a Float64Array or a Tensor of one dimension, got';
  it.each([
    ['a number', 2, TypeError, `${wanted} 2`],
    ['null', null, TypeError, `${wanted} null`],
    ['integers', Int32Array.of(1, 2, 3), TypeError, wanted],
    ['words', [1, 'x', 3], TypeError, 'weight[1] must be a number, got "x"'],
    ['holes', new Array(3), TypeError, 'weight[0] must be a number, got undefined'],
    ['NaN', [1, 2, NaN], RangeError, 'weight[2] must be finite, got NaN'],
    [
      'what is infinite as a float32',
      Float64Array.of(1, 1e39, 1),
      RangeError,
      'weight[1] must be finite as a float32, got 1e+39',
    ],
    ['too few', [1, 2], RangeError, 'weight has 2 elements, and logits of shape [2, 3] have 3 classes along 1'],
    ['one for all', [1], RangeError, 'weight has 1 element, and logits of shape [2, 3] have 3 classes along 1'],
    ['two dimensions', p, RangeError, 'weight must have one dimension, got shape [2, 3]'],
  ])('%s', (_, weight, kind, message) => {
    for (const f of [crossEntropy, crossEntropyGrad]) {
      const call = () => (f as typeof crossEntropy)(x, [2, 1], { weight: weight as never });
      expect(call).toThrow(kind);
      expect(call).toThrow(`${f.name}: ${message}`);
    }
  });

  it('in a layer at once, what is of the wrong kind', () => {
    expect(() => new CrossEntropyLoss({ weight: 2 as never })).toThrow(new TypeError(`CrossEntropyLoss: ${wanted} 2`));
    expect(() => new CrossEntropyLoss({ weight: [1, Infinity] })).toThrow(RangeError);
    expect(() => new CrossEntropyLoss({ weight: [] })).toThrow('CrossEntropyLoss: weight must have a class at least');
  });

  it('logits that the getters of a weight have taken away', () => {
    const data = Float32Array.of(1, 2, 3);
    const weight = {
      get data() {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return Float32Array.of(1, 1, 1);
      },
      dims: [3],
    };
    expect(() => crossEntropy(data, [0], { weight })).toThrow('crossEntropy: ');
    expect(() => crossEntropy(Float32Array.of(1, 2, 3), [0], { weight: data })).toThrow('crossEntropy: weight');
  });
});
