// Tensors of new memory, and what is taken from tensors along dimensions: the names and the rules of PyTorch.
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type DType, Tensor } from '../../lib/index.js';

const dtypes: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16'];
const x = new Tensor([
  [1, 5, 3],
  [4, 2, 6],
]);

describe('new memory', () => {
  it.each(dtypes)('%s', (dtype) => {
    for (const y of [Tensor.zeros([2, 1], { dtype }), Tensor.empty([2, 1], { dtype })])
      expect([y.dtype, y.toArray()]).toEqual([dtype, [[0], [0]]]);
    expect(Tensor.ones([2], { dtype }).toArray()).toEqual([1, 1]);
    expect(Tensor.full([], -0, { dtype }).item()).toBe(-0);
    expect(Tensor.full([1], 0.1, { dtype }).equals(new Tensor([0.1], { dtype }))).toBe(true);
    expect(Tensor.arange(3, { dtype }).toArray()).toEqual([0, 1, 2]);
    expect(Tensor.zeros([0, 3], { dtype }).shape).toEqual([0, 3]);
  });

  it('is float32 where no dtype is named', () => {
    expectTypeOf(Tensor.zeros([1])).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(Tensor.ones([1], { dtype: 'bfloat16' })).toEqualTypeOf<Tensor<'bfloat16'>>();
    expect(Tensor.arange(1, 2, 0.25).dtype).toBe('float32');
  });

  it('of a range ends before its end, either way', () => {
    expect(Tensor.arange(1, 2, 0.25).toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(Tensor.arange(3, 0, -2).toArray()).toEqual([3, 1]);
    expect(Tensor.arange(2, 2).size).toBe(0);
    expect(Tensor.arange(0, 1.2, 0.5).toArray()).toEqual([0, 0.5, 1]);
    // start + i * step in float64 and not a sum of steps; of 16 bits rounded once: float32 would make a middle of 1 + 2^-11 + 2^-30.
    expect(Tensor.arange(0, 0.75, 0.1, { dtype: 'float64' }).toArray()).toEqual(
      Array.from({ length: 8 }, (_, i) => i * 0.1),
    );
    expect(Tensor.arange(1 + 2 ** -11 + 2 ** -30, 2, { dtype: 'float16' }).item()).toBe(1 + 2 ** -10);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a shape', () => Tensor.zeros([-1]), /^zeros: shape must hold sizes/],
    ['a dtype', () => Tensor.zeros([1], { dtype: 'int8' as DType }), /^zeros: dtype must be/],
    ['an option', () => Tensor.ones([1], { type: 'float32' } as object), /^ones: there is no option `type`/],
    ['a value', () => Tensor.full([1], '1' as never), /^full: value must be a number/],
    ['a step', () => Tensor.arange(0, 2, -1), /^arange: step must lead from 0 to 2/],
    ['an end', () => Tensor.arange(Infinity), /^arange: end must be a finite number/],
    ['an end that is missing', () => Tensor.arange(3, undefined as never), /^arange: end must be a finite number/],
    ['a fifth', () => Tensor.arange(0, 1, 0.5, 'float16' as never), /^arange takes start, end, step and one object/],
    ['a size alone', () => Tensor.zeros(3 as never), /^zeros: shape must be an array of sizes, got 3/],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});

describe('from', () => {
  it('copies numbers of any type', () => {
    const sources = [
      [1, 2],
      Int8Array.of(1, 2),
      Uint16Array.of(1, 2),
      BigInt64Array.of(1n, 2n),
      { data: Int32Array.of(1, 2), dims: [2] },
      { data: Uint16Array.of(1, 2), shape: [2] },
      { data: Uint16Array.of(0x3c00, 0x4000), dims: [2], type: 'float16' },
      new Tensor([1, 2], { dtype: 'bfloat16' }),
      Float64Array.of(1, 2),
    ];
    for (const source of sources) {
      for (const dtype of dtypes) {
        const y = Tensor.from(source, { dtype });
        expect([y.dtype, y.toArray()]).toEqual([dtype, [1, 2]]);
      }
      expect(Tensor.from(source, { shape: [2, 1] }).toArray()).toEqual([[1], [2]]);
    }
    expect(sources.map((source) => Tensor.from(source).dtype)).toEqual([
      ...Array(6).fill('float32'),
      'float16',
      'bfloat16',
      'float64',
    ]);
  });

  it('reads what a typed array holds, whatever its class says', () => {
    class Odd extends Int8Array {
      override get length() {
        return 1;
      }
      override *[Symbol.iterator]() {
        yield 9;
        return undefined;
      }
    }
    expect(Tensor.from(new Odd([1, 2])).toArray()).toEqual([1, 2]);
    expect(Tensor.from({ data: new Odd([1, 2]), shape: [2] }).toArray()).toEqual([1, 2]);
  });

  it.each<[string, unknown, object | undefined, RegExp]>([
    ['text', 'abc', undefined, /^from: a Tensor is made of numbers/],
    ['a list of texts', ['1'], undefined, /^from: element 0 must be a number/],
    ['bytes of anything', new DataView(new ArrayBuffer(8)), undefined, /^from: x must hold numbers/],
    ['a dtype of integers', [1], { dtype: 'int8' }, /^from: dtype must be 'float32'/],
    ['a shape', [1, 2, 3], { shape: [2, -1] }, /^from: shape \[2, -1\] does not fit 3 elements/],
    ['a scale for each channel', Int8Array.of(1), { scale: [1] }, /^from: scale must be a number/],
  ])('refuses %s', (_, source, options, message) => {
    expect(() => Tensor.from(source, options)).toThrow(message);
  });

  it('says that the memory of integers has gone', () => {
    const x = Int8Array.of(1, 2);
    structuredClone(x, { transfer: [x.buffer] });
    expect(() => Tensor.from(x)).toThrow(new TypeError('from: data is detached: its buffer was transferred'));
  });

  it('has memory of its own', () => {
    const data = Float32Array.of(1);
    const y = Tensor.from(data);
    data[0] = 2;
    expect(y.item()).toBe(1);
  });

  it('gives quantised integers their scale', () => {
    expect(Tensor.from(Uint8Array.of(0, 128, 255), { scale: 0.5, zeroPoint: 128 }).toArray()).toEqual([-64, 0, 63.5]);
    expect(Tensor.from(Uint8Array.of(3), { zeroPoint: 1 }).item()).toBe(2);
    expect(() => Tensor.from(Float32Array.of(1), { scale: 2 })).toThrow(/^from: scale and zeroPoint are for integers/);
  });
});

describe('parts of a tensor', () => {
  it('slice as those of arrays do, with a step', () => {
    const list = fc.array(fc.nat(9), { maxLength: 8 });
    const place = fc.integer({ min: -10, max: 10 });
    fc.assert(
      fc.property(list, place, place, fc.integer({ min: 1, max: 4 }), (values, start, end, step) => {
        const expected = values.slice(start, end).filter((_, i) => i % step === 0);
        for (const dtype of dtypes)
          expect(new Tensor(values, { dtype }).slice(0, start, end, step).toArray()).toEqual(expected);
      }),
    );
    expect(x.slice(1, 1).toArray()).toEqual([
      [5, 3],
      [2, 6],
    ]);
    expect(x.slice(-1, 0, 3, 2).data).toBe(x.data);
    expect(() => x.slice(0, 0, 1, 0)).toThrow(new RangeError('slice: step must be at least 1, got 0'));
    expect(() => x.slice(2)).toThrow(RangeError);
    expect(() => new Tensor(1).slice(0)).toThrow(RangeError);
    expect(() => x.slice(0, 0.5)).toThrow(TypeError);
  });

  it('gain and lose dimensions of size 1', () => {
    for (const at of [0, 1, 2, -1, -3]) {
      const y = x.unsqueeze(at);
      expect(y.shape[at < 0 ? at + 3 : at]).toBe(1);
      expect(y.squeeze().equals(x)).toBe(true);
      expect(y.squeeze(at).equals(x)).toBe(true);
    }
    expect(x.squeeze(0).shape).toEqual([2, 3]);
    expect(new Tensor(1).unsqueeze(-1).shape).toEqual([1]);
    for (const at of [3, -4])
      expect(() => x.unsqueeze(at)).toThrow(
        new RangeError(`unsqueeze: a new dim must be in [-3, 2] for shape [2, 3], got ${at}`),
      );
    expect(() => x.unsqueeze(0.5)).toThrow(TypeError);
  });
});

describe('along dimensions', () => {
  it('takes no time where there is nothing', () => {
    expect(Tensor.zeros([2 ** 50, 0]).topk(0).values.shape).toEqual([2 ** 50, 0]);
    expect(Tensor.zeros([2 ** 50, 3, 0]).max(1).values.shape).toEqual([2 ** 50, 0]);
    expect(() => Tensor.zeros([0, 2 ** 50]).sum(0)).toThrow(/^sum: a float64 array of shape .* cannot be allocated/);
  });

  it('sums and means', () => {
    expect(x.sum().item()).toBe(21);
    expect(x.sum(0).toArray()).toEqual([5, 7, 9]);
    expect(x.T.sum(0).toArray()).toEqual([9, 12]);
    expect(x.mean(1, { keepdim: true }).toArray()).toEqual([[3], [4]]);
    expect(x.mean([1], { keepdim: true }).toArray()).toEqual([[3], [4]]);
    expect(new Tensor([1e30, 1, -1e30]).sum().item()).toBe(1);
    expect(Tensor.full([3000], 1, { dtype: 'bfloat16' }).sum().item()).toBe(3008);
    // Just above a middle, which float32 would round them to.
    expect(new Tensor([1, 2 ** -11, 2 ** -24], { dtype: 'float16' }).sum().item()).toBe(1 + 2 ** -10);
    expect(new Tensor([1, 2 ** -8, 2 ** -40], { dtype: 'bfloat16' }).sum().item()).toBe(1 + 2 ** -7);
    const cube = new Tensor(Float32Array.from({ length: 24 }, (_, i) => i)).reshape([2, 3, 4]);
    expect(cube.sum([0, 2]).toArray()).toEqual([60, 92, 124]);
    expect(cube.permute([2, 0, 1]).sum([-3, 1]).toArray()).toEqual([60, 92, 124]);
    expect(cube.mean([2, 1], { keepdim: true }).toArray()).toEqual([[[5.5]], [[17.5]]]);
    expect(cube.slice(1, 1, 3).sum([0, 2]).toArray()).toEqual([92, 124]);
    expect(Tensor.full([], 5).sum([-1]).item()).toBe(5);
    expect(cube.to('bfloat16').sum([0, 1, 2]).item()).toBe(276);
    expect(Tensor.zeros([2, 0, 3]).sum([0, 1]).toArray()).toEqual([0, 0, 0]);
    expect(Tensor.zeros([2, 0, 3]).mean([2, 0]).shape).toEqual([0]);
    const huge = Object.assign([], { length: 4e9 });
    const wrong = [[], huge, [0, -3], [0, 3], [0, 1.5], [0, undefined as never]];
    for (const dims of wrong) expect(() => cube.sum(dims)).toThrow(/^sum: dim /);
    expect(() => cube.sum({ dim: 0 } as never)).toThrow(
      new TypeError('sum: dim must be an integer, got an object; pass the dim itself'),
    );
    expect(() => cube.mean([])).toThrow(new RangeError('mean: dim must name a dimension, got an empty list'));
    expect(() => cube.max([0, 1] as never)).toThrow(new TypeError('max: dim must be an integer, got an Array of 2'));
    expect(Tensor.zeros([0]).sum().item()).toBe(0);
    expect(Tensor.zeros([0]).mean().item()).toBeNaN();
    expect(Tensor.zeros([2, 0]).sum(1).toArray()).toEqual([0, 0]);
  });

  it('largest entries, the first of equal ones', () => {
    expect(x.max().item()).toBe(6);
    expect(x.argmax()).toBe(5);
    const { values, indices } = x.max(0);
    expect([values.toArray(), [...indices.data], indices.shape]).toEqual([[4, 5, 6], [1, 0, 1], [3]]);
    expect([...x.argmax(1, { keepdim: true }).shape]).toEqual([2, 1]);
    expect(new Tensor([1, NaN, 2, NaN]).argmax()).toBe(1);
    expect(new Tensor([1, 2, 2, 0, -0]).argmax()).toBe(1);
    expect(new Tensor([-0, 0]).max().item()).toBe(-0);
    expect(() => Tensor.zeros([0]).max()).toThrow('max: there is no largest of no elements');
    expect(new Tensor(3).max(0).values.item()).toBe(3);
    // As in PyTorch, also where there would be no result to fill.
    expect(() => Tensor.zeros([0, 0]).max(1)).toThrow(RangeError);
    expect(Tensor.zeros([0, 3]).argmax(1).shape).toEqual([0]);
  });

  it('k of them in order, as by a sort', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(NaN)), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(values, fc.nat(30), fc.boolean(), (list, some, isLargest) => {
        const k = Math.min(some, list.length);
        const order = [...list.keys()].sort((i, j) => {
          const [a, b] = [i, j].map((at) => (Number.isNaN(list[at]) ? Infinity : list[at]!));
          return (a === b ? 0 : isLargest ? b! - a! : a! - b!) || i - j;
        });
        const found = new Tensor(list).topk(k, { largest: isLargest });
        expect([...found.indices.data]).toEqual(order.slice(0, k));
        expect(found.values.toArray()).toEqual(order.slice(0, k).map((i) => list[i]));
      }),
    );
    const { values: columns, indices } = x.topk(1, { dim: 0 });
    expect([columns.toArray(), [...indices.data]]).toEqual([[[4, 5, 6]], [1, 0, 1]]);
    expect([x.topk(2).values.toArray(), [...x.topk(2).indices.data]]).toEqual([
      [
        [5, 3],
        [6, 4],
      ],
      [1, 2, 2, 0],
    ]);
    const block = new Tensor([0, 7, 5, 1, 4, 2, 6, 3, 9, 8, 11, 10], { shape: [2, 3, 2] });
    const top = block.topk(2, { dim: 1 });
    expect([top.values.toArray(), [...top.indices.data]]).toEqual([
      [
        [
          [5, 7],
          [4, 2],
        ],
        [
          [11, 10],
          [9, 8],
        ],
      ],
      [1, 0, 2, 2, 2, 2, 1, 1],
    ]);
    expect(new Tensor([0.1, 0.7, 0.2], { dtype: 'float16' }).topk(2).values.dtype).toBe('float16');
    expect(() => x.topk(4)).toThrow('topk: k must be in [0, 3], got 4');
    // torch.tensor(3.).topk(0) is 3, too.
    for (const k of [0, 1]) expect(new Tensor(3).topk(k).values.item()).toBe(3);
  });
});

it.each([
  [
    BigInt64Array,
    -1n,
    -(2n ** 31n),
    -(2n ** 32n) - 1n,
    -(2n ** 53n) - 1n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 62n + 3n,
  ],
  [BigUint64Array, 2n ** 63n, 2n ** 64n - 1n, 2n ** 63n + 2n ** 10n, 2n ** 63n + 3n * 2n ** 10n],
] as const)('reads integers of 64 bits as Number does: %o', (Kind, ...own) => {
  const values = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 53n + 3n, ...own] as bigint[];
  const integers = Kind.from([7n, ...values]).subarray(1);
  expect(Array.from(Tensor.from(integers, { dtype: 'float64' }).data)).toEqual(values.map(Number));
  const like = { data: integers, dims: [values.length] };
  expect(Array.from(Tensor.from(like, { dtype: 'float64' }).data)).toEqual(values.map(Number));
});
