// What a call keeps of its lists for the next one: whatever changes between two calls is seen by the second.
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { checkShape, checkStrides } from '../../lib/tensor/layouts/shape.js';
import { walkThrough } from '../../lib/tensor/layouts/walks.js';

const { Tensor } = nonlin;
const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) * 4);

/** Members with the prototype of a Tensor, whose lists stay the caller's. */
const copyOf = (members: object) => Object.assign(Object.create(Tensor.prototype), members) as nonlin.Tensor;
const listOf = (result: unknown) => (result as nonlin.Tensor).toArray();
const side = (shape: readonly number[], strides?: readonly number[], offset = 0) =>
  new Tensor(strides === undefined ? { data: values.slice(0, 16), shape } : { data: values, shape, strides, offset });

/** Layouts of 16 elements or fewer, each unlike the one before it in one thing. */
const layouts: readonly [shape: number[], strides: number[], offset: number][] = [
  [[4, 4], [4, 1], 0],
  [[4, 4], [1, 4], 0],
  [[4, 4], [1, 4], 7],
  [[4, 4], [-1, 4], 7],
  [[2, 4], [-1, 4], 7],
  [[4, 2], [-1, 4], 7],
  [[4, 2], [-1, 0], 7],
  [[2], [-1], 7],
  [[2, 2, 2], [1, 2, 3], 7],
  [[4, 4], [4, 1], 0],
];

describe('something tensor-like whose members change', () => {
  it('strides, an offset and a shape', () => {
    const like: { data: Float32Array; shape: number[]; strides: number[]; offset: number } = {
      data: values,
      shape: [],
      strides: [],
      offset: 0,
    };
    for (const [shape, strides, offset] of layouts) {
      like.shape.splice(0, like.shape.length, ...shape);
      like.strides.splice(0, like.strides.length, ...strides);
      like.offset = offset;
      const expected = side(shape, strides, offset).clone();
      expect(nonlin.tanh(like).toArray()).toEqual(nonlin.tanh(expected).toArray());
      expect(nonlin.softmax(like, 0).toArray()).toEqual(nonlin.softmax(expected, 0).toArray());
      expect(nonlin.logSumExp(like, 0).toArray()).toEqual(nonlin.logSumExp(expected, 0).toArray());
      expect(expected.add(new Tensor(like)).toArray()).toEqual(expected.add(expected).toArray());
    }
    like.offset = 61;
    expect(() => nonlin.tanh(like)).toThrow(
      /^tanh: x: shape \[4, 4\], strides \[4, 1\], offset 61 reach elements 61 to 76/,
    );
    like.offset = -1;
    expect(() => nonlin.tanh(like)).toThrow(/reach elements -1 to 14/);
    like.offset = 0;
    like.data = values.slice(0, 15);
    expect(() => nonlin.tanh(like)).toThrow(/reach elements 0 to 15, but data has 15/);
  });

  it('dims without strides', () => {
    const like: { data: Float32Array; dims: number[] } = { data: values.slice(0, 16), dims: [4, 4] };
    for (const dims of [[4, 4], [2, 8], [16], [4, 2, 2], [4, 4]]) {
      like.dims.splice(0, like.dims.length, ...dims);
      expect(nonlin.tanh(like).shape).toEqual(dims);
      expect(nonlin.softmax(like).toArray()).toEqual(nonlin.softmax(side(dims)).toArray());
    }
    like.dims[1] = 3;
    expect(() => nonlin.tanh(like)).toThrow('tanh: x: shape [4, 3] has 12 elements, but there are 16');
    like.dims[1] = 4;
    like.data = values;
    expect(() => nonlin.tanh(like)).toThrow('tanh: x: shape [4, 4] has 16 elements, but there are 64');
  });

  it('a mask', () => {
    const x = side([4, 4]);
    const mask = { data: new Uint8Array(16).map((_, i) => Number(i % 3 > 0)), shape: [4, 4] };
    for (const shape of [[4, 4], [1, 4], [4, 1], [4], [1, 1], [4, 4]]) {
      mask.shape.splice(0, mask.shape.length, ...shape);
      const count = shape.reduce((a, b) => a * b, 1);
      mask.data = mask.data.map((kept) => 1 - kept);
      const own = { data: mask.data.slice(0, count), shape: mask.shape };
      const everywhere = Tensor.zeros([4, 4]).add(Tensor.from(own.data, { shape })).data;
      const dropped = { data: Uint8Array.from(everywhere, (kept) => 1 - kept), shape: [4, 4] };
      expect(nonlin.softmax(x, { mask: own }).toArray()).toEqual(
        nonlin.softmax(x.maskedFill(dropped, -Infinity)).toArray(),
      );
    }
  });
});

it.each<[string, (x: nonlin.Tensor) => unknown]>([
  ['softmax', (x) => nonlin.softmax(x, 0)],
  ['logSumExp', (x) => nonlin.logSumExp(x, 0)],
  ['prelu', (x) => nonlin.prelu(x, { weight: [0.5, 2, 3, 4].slice(0, x.shape[1]) })],
  ['a sum', (x) => x.add(x)],
])('a copy of the members of a Tensor whose lists change: %s', (_, call) => {
  const changes = [
    [
      [4, 2],
      [2, 1],
    ],
    [
      [2, 4],
      [2, 1],
    ],
    [
      [2, 4],
      [1, 2],
    ],
    [
      [4, 2],
      [1, 2],
    ],
  ] as const;
  // First, as nothing is to come between two calls on the copy.
  const expected = changes.map(([shape, strides]) => listOf(call(side(shape, strides, 3).clone())));
  const [shape, strides]: [number[], number[]] = [[], []];
  const x = copyOf({ data: values, shape, strides, offset: 3, size: 8 });
  const results = changes.map(([now, steps]) => {
    shape.splice(0, 2, ...now);
    strides.splice(0, 2, ...steps);
    return listOf(call(x));
  });
  expect(results).toEqual(expected);
});

it('a row beside one shape and then another', () => {
  const row = side([4], [2], 5);
  const sums = [side([2, 4], [4, 1]), side([4, 4]), side([2, 4], [4, 1])].map((x) => [x, x.add(row)] as const);
  for (const [x, sum] of sums)
    expect(sum.toArray(2)).toEqual(x.toArray(2).map((own) => own.map((value, i) => Math.fround(value + row.item(i)))));
});

it('the same dimension of another shape, and another dimension of the same', () => {
  const [x, wide] = [side([4, 4]), side([2, 8])];
  for (const [one, dim] of [
    [x, 0],
    [x, 1],
    [x, -1],
    [wide, -1],
    [wide, 0],
    [x, 0],
  ] as const) {
    const expected = nonlin.softmax(new Tensor(one.toArray() as number[][]), dim).toArray();
    expect(nonlin.softmax(one, { dim }).toArray()).toEqual(expected);
    expect(nonlin.logSumExp(one, { dim }).shape).toEqual([one.shape[1 - ((dim + 2) % 2)]]);
    expect(nonlin.logSumExp(one, { dim, keepdim: true }).shape).toHaveLength(2);
  }
  expect(() => nonlin.softmax(x, { dim: 2 })).toThrow('softmax: dim must be in [-2, 1] for shape [4, 4], got 2');
  expect(() => nonlin.softmax(x, { dim: '0' as never })).toThrow('softmax: dim must be an integer, got "0"');
});

it('lists of -0, which is another number than 0', () => {
  expect(checkStrides([2, 0], [2, 2])).toEqual([2, 0]);
  expect(Object.is(checkStrides([2, -0], [2, 2])[1], -0)).toBe(true);
  expect(Object.is(checkStrides([2, 0], [2, 2])[1], 0)).toBe(true);
  expect(Object.is(checkShape([0])[0], 0)).toBe(true);
  expect(Object.is(checkShape([-0])[0], -0)).toBe(true);
});

it('each entry of a list is read once, whether or not it is the one before', () => {
  checkShape([3, 5]);
  let reads = 0;
  const list = (...entries: number[]) =>
    new Proxy(entries, {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
        return Reflect.get(target, key, receiver);
      },
    });
  for (const [sizes, expected] of [
    [list(3, 5), [3, 5]],
    [list(3, 6), [3, 6]],
    [list(4, 6), [4, 6]],
  ] as const) {
    reads = 0;
    expect(checkShape(sizes)).toEqual(expected);
    expect(reads).toBe(2);
  }
});

it('the way through a view that begins elsewhere, or nowhere', () => {
  const [shape, strides] = [Object.freeze([2, 3]), Object.freeze([1, 4])];
  const way = walkThrough({ shape, strides, offset: 5 })!;
  expect(walkThrough({ shape, strides, offset: 5 })).toBe(way);
  expect(walkThrough({ shape, strides, offset: 7 })).toEqual({ ...way, offset: 7, least: 7, most: 16 });
  for (const offset of [0.5, -1, Number.NaN, 2 ** 53]) expect(walkThrough({ shape, strides, offset })).toBe(null);
  const changing = [2, 3];
  const before = walkThrough({ shape: changing, strides, offset: 0 })!;
  changing.reverse();
  expect([before.rows, walkThrough({ shape: changing, strides, offset: 0 })!.rows]).toEqual([2, 3]);
});
