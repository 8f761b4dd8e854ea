// Arithmetic, masks and comparisons of tensors, against loops over indices.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { indices } from '../support/tensors.js';

const operations = {
  add: (x: number, y: number) => x + y,
  sub: (x: number, y: number) => x - y,
  mul: (x: number, y: number) => x * y,
  div: (x: number, y: number) => x / y,
};
const names = Object.keys(operations) as (keyof typeof operations)[];

/** Two shapes that broadcast: one shape, of which each side may lack leading dimensions and have 1 in place of others. */
const pairs = fc
  .array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 3 })), { maxLength: 4 })
  .chain((dims) =>
    fc.record({
      a: fc.constant(dims.map(([length, side]) => (side === 1 ? 1 : length))),
      b: fc.constant(dims.map(([length, side]) => (side === 2 ? 1 : length))),
      lacking: fc.nat({ max: dims.length }),
      seed: fc.integer(),
    }),
  )
  .map(({ a, b, lacking, seed }) => ({ a, b: b.slice(lacking), seed }));

/** Numbers of either sign, zeros and non-finite ones among them, in a permuted tensor so that strides are at work. */
function random(shape: readonly number[], seed: number, dtype: 'float32' | 'float64'): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-40];
  const values = Array.from({ length: size }, (_, k) => special[(k * 7 + seed) % 23] ?? Math.sin(k + seed) * 10);
  const data = dtype === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
  return new Tensor(data, { shape: shape.toReversed() }).T;
}

const valueAt = (x: Tensor, index: readonly number[]) =>
  x.at(...x.shape.map((length, dim) => (length === 1 ? 0 : index[dim - x.ndim + index.length]!))) as number;

describe.each(names)('%s', (name) => {
  it.each([
    ['float32', 'float32'],
    ['float32', 'float64'],
    ['float64', 'float32'],
    ['float64', 'float64'],
  ] as const)('broadcasts %s with %s as loops do', (left, right) => {
    fc.assert(
      fc.property(pairs, ({ a, b, seed }) => {
        const [x, y] = [random(a, seed & 15, left), random(b, seed & 7, right)];
        const z = x[name](y);
        const dtype = left === right ? left : 'float64';
        const round = dtype === 'float64' ? (value: number) => value : Math.fround;
        const naive = indices(z.shape).map((index) => round(operations[name](valueAt(x, index), valueAt(y, index))));
        expect(z).toMatchObject({ dtype, offset: 0 });
        expect(z.isContiguous()).toBe(true);
        expect([...z.data]).toEqual(naive);
      }),
    );
  });

  it('does not write to its operands', () => {
    const x = new Tensor([1, 2]);
    const y = new Tensor([3, 4]);
    x[name](y);
    x[name](5);
    expect([...x.data, ...y.data]).toEqual([1, 2, 3, 4]);
  });
});

describe('of many elements, which come by blocks', () => {
  const large = (shape: readonly number[], dtype: 'float32' | 'float64') => random(shape, 11, dtype);
  const sizes: readonly (readonly [readonly number[], readonly number[]])[] = [
    [
      [190, 180],
      [190, 180],
    ],
    [[20000, 2], [2]],
    [
      [20000, 2],
      [20000, 1],
    ],
    [[40, 900], [900]],
    [[300, 1], [140]],
    [[2, 40000], [40000]],
    [
      [3, 5, 40, 60],
      [5, 1, 60],
    ],
    [[33000], []],
  ];

  it.each(sizes)('%j and %j', (a, b) => {
    for (const [left, right] of [
      ['float32', 'float32'],
      ['float64', 'float64'],
      ['float32', 'float64'],
    ] as const) {
      const [x, y] = [large(a, left), large(b, right)];
      const round = left === 'float32' && right === 'float32' ? Math.fround : (value: number) => value;
      const z = x.sub(y);
      // As many of the elements as show a block's place, one in 37.
      const some = indices(z.shape).filter((_, k) => k % 37 === 0);
      for (const name of names) {
        const all = x[name](y);
        const naive = some.map((index) => round(operations[name](valueAt(x, index), valueAt(y, index))));
        expect(some.map((index) => all.at(...index))).toEqual(naive);
      }
      const sum = new Tensor(z.data, { shape: z.shape });
      expect(sum.allClose(z, { equalNan: true })).toBe(true);
      const last = sum.data.findLastIndex(Number.isFinite);
      const other = sum.clone();
      other.data[last]! += 1;
      expect(other.allClose(sum, { equalNan: true })).toBe(false);
    }
  });

  it('give the same bits on every backend, of any size, by several threads and past the cache', () => {
    const { backend: before, threads } = nonlin.info();
    try {
      for (const dtype of ['float32', 'float64'] as const)
        for (const size of [255, 256, 257, 1000, 16387, 70001, 2 ** 21 + 3]) {
          const values = Float64Array.from({ length: size + 1 }, (_, k) => Math.sin(k * k) * 2 ** ((k * 7) % 90));
          const data = dtype === 'float32' ? Float32Array.from(values) : values;
          // Which begin anywhere in memory.
          const [x, y] = [data.subarray(1), data.slice(0, size).reverse()].map((part) => new Tensor(part));
          for (const name of size > 2 ** 20 ? (['mul'] as const) : names) {
            const bits = nonlin.backends().map((backend) => {
              nonlin.useBackend(backend);
              nonlin.setThreads(backend === 'js' ? 1 : 4);
              // One number after another: neither is to stay where the next one goes.
              const all = [x!, 3, -0.7].map((other) => Buffer.from((y![name](other) as Tensor).data.buffer));
              return Buffer.concat(all);
            });
            for (const other of bits) expect(other.equals(bits[0]!), `${name} of ${size} ${dtype}`).toBe(true);
          }
        }
    } finally {
      nonlin.useBackend(before);
      nonlin.setThreads(threads);
    }
  });

  it('find the one difference of two that lie in other ways', () => {
    const x = new Tensor(
      Float32Array.from({ length: 40000 }, (_, k) => k),
      { shape: [200, 200] },
    );
    const y = x.T.clone().T;
    const wide = new Tensor(Float64Array.from(y.contiguous().data), { shape: [200, 200] }).T.clone().T;
    expect([x.equals(y), x.equals(wide), wide.equals(x), x.allClose(wide)]).toEqual([true, true, true, true]);
    for (const other of [y, wide]) {
      other.data[39000]! += 0.5;
      expect([x.equals(other), other.equals(x), x.allClose(other)]).toEqual([false, false, false]);
    }
  });

  it.each(sizes)('%j are filled where a mask of %j says, of every type', (a, b) => {
    const size = b.reduce((product, length) => product * length, 1);
    const marks = Array.from({ length: size }, (_, k) => [0, 1, -0, 0, 3][(k * 7) % 5]!);
    for (const dtype of ['float32', 'float64'] as const) {
      if (b.length > 0 && a[0] !== 300) {
        const x = large(a, dtype);
        const masks = [
          ...[Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array].map((Kind) => Kind.from(marks)),
          ...[Float32Array, Float64Array].map((Kind) => Kind.from(marks)),
          BigInt64Array.from(marks, BigInt),
          BigUint64Array.from(marks, (mark) => BigInt(mark) << 40n),
        ];
        const expected = x.maskedFill({ data: masks[0], shape: b }, 5);
        for (const index of indices(a).filter((_, k) => k % 37 === 0)) {
          const at = b.reduce(
            (place, length, d) => place * length + (length === 1 ? 0 : index[d - b.length + a.length]!),
            0,
          );
          expect(expected.at(...index)).toEqual(marks[at] === 0 ? x.at(...index) : 5);
        }
        for (const data of masks) {
          const filled = x.maskedFill({ data, shape: b }, 5);
          expect(Buffer.compare(Buffer.from(filled.data.buffer), Buffer.from(expected.data.buffer))).toBe(0);
        }
      }
    }
  });

  it('a mask is read where it lies in a larger array', () => {
    const x = new Tensor(new Float32Array(6), { shape: [2, 3] });
    const data = Uint32Array.of(9, 9, 0, 9, 1, 9, 0, 9, 2, 9, 0, 9);
    const mask = { data, shape: [3], strides: [2], offset: 2 };
    expect(x.maskedFill(mask, 4).toArray()).toEqual([
      [0, 4, 0],
      [0, 4, 0],
    ]);
    expect(x.maskedFill({ data, shape: [3], strides: [-2], offset: 8 }, 4).toArray(2)[0]).toEqual([4, 0, 4]);
  });
});

describe('operands', () => {
  it('a number takes the dtype, so that x - 0.1 is 0 where x is 0.1', () => {
    const x = new Tensor([0.1]);
    expect(x.sub(0.1).item()).toBe(0);
    expect(x.sub(0.1).dtype).toBe('float32');
    expect(new Tensor([0.1], { dtype: 'float64' }).sub([0.1]).item()).toBe(0);
    expect(x.mul(Number.NEGATIVE_INFINITY).item()).toBe(Number.NEGATIVE_INFINITY);
  });

  it('are lists, typed arrays and what is tensor-like', () => {
    const x = new Tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(x.add([10, 20]).toArray()).toEqual([
      [11, 22],
      [13, 24],
    ]);
    expect(x.add(Float64Array.of(1, 1)).dtype).toBe('float64');
    expect(x.add({ data: Float32Array.of(1, 2), dims: [2, 1] }).toArray()).toEqual([
      [2, 3],
      [5, 6],
    ]);
  });

  it('must broadcast and be of a kind', () => {
    const x = new Tensor([[1, 2, 3]]);
    expect(() => x.mul([1, 2])).toThrow(new RangeError('mul: shapes [1, 3] and [2] do not broadcast: 3 and 2 at -1'));
    expect(() => x.add('1' as never)).toThrow(TypeError);
    expect(() => x.add(undefined as never)).toThrow(TypeError);
    expect(() => x.add(new Int32Array(3) as never)).toThrow(
      new TypeError(
        'add: data must be a Float32Array or a Float64Array, got Int32Array of 3; pass Float32Array.from(other)',
      ),
    );
  });
});

describe('maskedFill', () => {
  const scores = () =>
    new Tensor([
      [1, 2],
      [3, 4],
    ]);
  const filled = [
    [1, Number.NEGATIVE_INFINITY],
    [3, 4],
  ];

  it.each([
    [
      'booleans',
      [
        [false, true],
        [false, false],
      ],
    ],
    [
      'numbers',
      [
        [0, -2],
        [-0, 0],
      ],
    ],
    [
      'a tensor',
      new Tensor([
        [0, Number.NaN],
        [0, 0],
      ]),
    ],
    [
      'a transposed tensor',
      new Tensor([
        [0, 0],
        [1, 0],
      ]).T,
    ],
    ['a flat Uint8Array', Uint8Array.of(0, 1, 0, 0)],
    ['a flat Float64Array', Float64Array.of(0, 1e-300, 0, 0)],
    ['something tensor-like of bytes', { data: Uint8Array.of(0, 255, 0, 0), dims: [2, 2] }],
    ['something tensor-like of bigints', { data: BigInt64Array.of(0n, 1n, 0n, 0n), dims: [2, 2] }],
  ])('takes %s', (_, mask) => {
    const x = scores();
    expect(x.maskedFill(mask, Number.NEGATIVE_INFINITY).toArray()).toEqual(filled);
    expect(x.equals(scores())).toBe(true);
  });

  it('broadcasts the mask to the tensor', () => {
    expect(scores().maskedFill([true, false], 0).toArray()).toEqual([
      [0, 2],
      [0, 4],
    ]);
    expect(scores().maskedFill(Uint8Array.of(0, 1), 0).toArray()).toEqual([
      [1, 0],
      [3, 0],
    ]);
    expect(
      scores()
        .T.maskedFill([[true], [false]], 0)
        .toArray(),
    ).toEqual([
      [0, 0],
      [2, 4],
    ]);
  });

  it('keeps the dtype', () => {
    expect(new Tensor([1], { dtype: 'float64' }).maskedFill([true], 0.1).item()).toBe(0.1);
    expect(new Tensor([1]).maskedFill([true], 0.1).item()).toBe(Math.fround(0.1));
  });

  it('refuses a mask that would stretch the tensor, and what is no mask', () => {
    const x = new Tensor([1, 2]);
    expect(() => x.maskedFill([[true], [true]], 0)).toThrow(
      new RangeError('maskedFill: a mask of shape [2, 1] does not broadcast to shape [2]'),
    );
    expect(() => x.maskedFill([true, true, false], 0)).toThrow(RangeError);
    expect(() => x.maskedFill(['yes', 'no'] as never, 0)).toThrow(
      new TypeError('maskedFill: mask: element 0 must be a number or a boolean, got "yes"'),
    );
    expect(() => x.maskedFill(true as never, 0)).toThrow(
      new TypeError('maskedFill: mask must be a Tensor, a nested list, a typed array or tensor-like, got true'),
    );
    expect(() => x.maskedFill(new DataView(new ArrayBuffer(2)), 0)).toThrow(
      new TypeError('maskedFill: mask must be a typed array, got a DataView'),
    );
    expect(() => x.maskedFill([true, false], '0' as never)).toThrow(
      new TypeError('maskedFill: value must be a number, got "0"'),
    );
  });
});

describe('equals', () => {
  it('compares shapes and values', () => {
    const x = new Tensor([[1, 2, 3]]);
    expect(x.equals([[1, 2, 3]])).toBe(true);
    expect(x.equals([1, 2, 3])).toBe(false);
    expect(x.equals([[1, 2, 4]])).toBe(false);
    expect(x.equals(Float64Array.of(1, 2, 3))).toBe(false);
    expect(x.equals(new Tensor(Float64Array.of(1, 2, 3), { shape: [1, 3] }))).toBe(true);
    expect(x.T.equals([[1], [2], [3]])).toBe(true);
    expect(new Tensor([0]).equals([-0])).toBe(true);
    expect(new Tensor([Number.NaN]).equals([Number.NaN])).toBe(false);
    expect(new Tensor([]).equals([])).toBe(true);
  });
});

describe('allClose', () => {
  const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;

  it.each([
    [[1, 2], [1.00001, 2], {}, true],
    [[1, 2], [1.0001, 2], {}, false],
    [[1, 2], [1.0001, 2], { rtol: 1e-3 }, true],
    [[0], [1e-9], {}, true],
    [[0], [1e-7], {}, false],
    [[0], [1e-7], { atol: 1e-6 }, true],
    [[100], [101], { rtol: 0, atol: 1 }, true],
    [[100], [101], { rtol: 0, atol: 0.99 }, false],
    [[infinity], [infinity], {}, true],
    [[infinity], [-infinity], { rtol: 1 }, false],
    [[1], [infinity], {}, false],
    [[infinity], [1], { atol: 1e300 }, false],
    [[nan], [nan], {}, false],
    [[nan], [nan], { equalNan: true }, true],
    [[nan], [1], { equalNan: true }, false],
  ])('%j, %j within %j: %s', (x, y, tolerance, expected) => {
    expect(new Tensor(x, { dtype: 'float64' }).allClose(y, tolerance)).toBe(expected);
  });

  it('is relative to the other one', () => {
    const [x, y] = [new Tensor([10]), new Tensor([11])];
    expect(x.allClose(y, { rtol: 0.095 })).toBe(true);
    expect(y.allClose(x, { rtol: 0.095 })).toBe(false);
  });

  it('broadcasts', () => {
    expect(
      new Tensor([
        [1, 1],
        [1, 1],
      ]).allClose(1),
    ).toBe(true);
    expect(() => new Tensor([1, 2]).allClose([1, 2, 3])).toThrow(RangeError);
  });

  it('checks the tolerances', () => {
    const x = new Tensor([1]);
    expect(() => x.allClose(x, { rtol: -1 })).toThrow(
      new RangeError('allClose: rtol must not be negative or NaN, got -1'),
    );
    expect(() => x.allClose(x, { atol: nan })).toThrow(
      new RangeError('allClose: atol must not be negative or NaN, got NaN'),
    );
    expect(() => x.allClose(x, { equalnan: true } as never)).toThrow(
      new TypeError('allClose: there is no option `equalnan`; did you mean `equalNan`?'),
    );
    expect(() => x.allClose(x, 1e-3 as never)).toThrow(
      new TypeError('allClose: options must be a plain object such as { atol: 1e-6 }, got 0.001'),
    );
    expect(() => x.allClose(x, { equalNan: 'yes' as never })).toThrow(
      new TypeError('allClose: equalNan must be true or false, got "yes"'),
    );
    expect(() => x.allClose(x, { atol: '1' as never })).toThrow(
      new TypeError('allClose: atol must be a number, got "1"'),
    );
  });
});

it('takes one operand, and refuses what it would not see', () => {
  const x = new Tensor([[1, 2]]);
  type Loose = Record<string, (...args: unknown[]) => unknown>;
  for (const op of ['add', 'sub', 'mul', 'div'])
    expect(() => (x as unknown as Loose)[op]!(x, { out: x })).toThrow(
      new TypeError(`${op} takes one operand and gives a new tensor, got also an object`),
    );
  expect(() => (x as unknown as Loose).equals!(x, 1e-6)).toThrow(
    new TypeError('equals takes one operand, and allClose a tolerance, got also 0.000001'),
  );
  expect(() => (x as unknown as Loose).transpose!(0, 1, 2)).toThrow(
    new TypeError('transpose takes two dimensions, and permute all, got also 2'),
  );
});
