// What the options mask, temperature, empty and dim may be, and what is said where they are not.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';

const { Tensor, softmax, softmaxGrad, logSoftmax, logSoftmaxGrad, softmin, softminGrad } = nonlin;
type Tensor = nonlin.Tensor;

const values = { softmax, logSoftmax, softmin } as const;
const gradients = { softmax: softmaxGrad, logSoftmax: logSoftmaxGrad, softmin: softminGrad } as const;

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

const elements = (x: Tensor) => Array.from(x.contiguous().data);

describe.each(nonlin.backends())('%s', (backend) => {
  beforeAll(() => nonlin.useBackend(backend));

  const x = new Tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const loose = nonlin as unknown as Record<string, (...args: unknown[]) => unknown>;

  it.each([
    [{ temperature: 0 }, RangeError, 'softmax: temperature must be finite and above 0 as a float32, got 0'],
    [{ temperature: -1 }, RangeError, 'softmax: temperature must be finite and above 0 as a float32, got -1'],
    [{ temperature: Number.NaN }, RangeError, 'softmax: temperature must be finite and above 0 as a float32, got NaN'],
    [{ temperature: 1e39 }, RangeError, 'softmax: temperature must be finite and above 0 as a float32, got 1e+39'],
    [{ temperature: '2' }, TypeError, 'softmax: temperature must be a number, got "2"'],
    [{ empty: 0 }, TypeError, "softmax: empty must be 'nan' or 'zero', got 0"],
    [{ dim: [0, -2] }, RangeError, 'softmax: dim names dimension 0 twice'],
    [{ dim: [] }, RangeError, 'softmax: dim must name a dimension, got an empty list'],
    [{ dim: [0, 2] }, RangeError, 'softmax: dim must be in [-2, 1] for shape [2, 3], got 2'],
    [{ dim: [0.5] }, TypeError, 'softmax: dim must be an integer, got 0.5'],
    [
      { mask: [[1, 0, 1]] },
      TypeError,
      'softmax: a mask that is a list must hold true and false; of numbers to be added make a Tensor, of 0 and 1 a Uint8Array',
    ],
    [{ mask: [true, false] }, RangeError, "softmax: a mask of shape [2] does not broadcast to x's shape [2, 3]"],
    [{ mask: new Uint8Array(4) }, RangeError, "softmax: a mask of shape [4] does not broadcast to x's shape [2, 3]"],
    [
      { mask: new Float64Array(3) },
      TypeError,
      'softmax: a mask of floats is added to x and must be float32 like x, got float64',
    ],
    [
      { mask: new Tensor([[[0, 0, 0]]]) },
      RangeError,
      "softmax: a mask of shape [1, 1, 3] does not broadcast to x's shape [2, 3]",
    ],
    [
      { mask: new Tensor([[[0, 0, 0]], [[0, 0, 0]]]) },
      RangeError,
      "softmax: a mask of shape [2, 1, 3] does not broadcast to x's shape [2, 3]",
    ],
    [{ masks: [true] }, TypeError, 'softmax: there is no option `masks`; did you mean `mask`?'],
  ])('%j is refused', (options, kind, message) => {
    const out = new Tensor([
      [7, 7, 7],
      [7, 7, 7],
    ]);
    expect(() => loose.softmax!(x, { ...options, out })).toThrow(new kind(message));
    expect(elements(out)).toEqual([7, 7, 7, 7, 7, 7]);
  });

  it('a mask of any integer type keeps where it is not 0', () => {
    const expected = softmax(x, { mask: [true, false, true] });
    for (const mask of [
      Int32Array.of(1, 0, -1),
      BigInt64Array.of(1n, 0n, 7n),
      Uint8Array.of(255, 0, 1),
      { data: Uint16Array.of(1, 0, 1), dims: [1, 3] },
    ])
      expect(softmax(x, { mask })).toEqual(expected);
    const exact = softmax(x, { mask: [true, false, true], precision: 'exact' });
    const added = softmax(x, { mask: new Tensor([0, -Infinity, 0]), precision: 'exact' });
    expect(elements(added)).toEqual(elements(exact));
  });

  it('a mask that takes the memory of x with it is an error, and no result', () => {
    const there = new Float32Array(200);
    const mask = {
      get data() {
        structuredClone(there.buffer, { transfer: [there.buffer] });
        return Uint8Array.of(1);
      },
      dims: [1],
    };
    expect(() => softmax(there, { mask, out: there })).toThrow(
      new TypeError('softmax: x is detached: its buffer was transferred'),
    );
    const gone = new Uint8Array(3);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => softmax(x, { mask: gone })).toThrow(TypeError);
  });

  it('an out that takes the memory of a mask with it is an error, and no result', () => {
    for (const count of [2, 300]) {
      const [mask, data] = [new Uint8Array(count).fill(1), new Float32Array(count).fill(7)];
      const out = {
        get data() {
          if (mask.length > 0) structuredClone(mask.buffer, { transfer: [mask.buffer] });
          return data;
        },
        shape: [count],
      };
      expect(() => softmax(new Tensor(new Float32Array(count)), { mask, out })).toThrow(
        new TypeError('softmax: mask: data is detached: its buffer was transferred'),
      );
      expect(data).toEqual(new Float32Array(count).fill(7));
    }
  });

  it('a list of dimensions that takes the memory of x with it is an error, and no result', () => {
    for (const take of [
      (there: Float32Array, dim: number[]) => softmax(there, { dim }),
      (there: Float32Array, dim: number[]) => softmaxGrad(new Float32Array(200), there, { dim }),
      (there: Float32Array, dim: number[]) => nonlin.logSumExp(there, { dim }),
    ]) {
      const there = new Float32Array(200);
      const dim = Object.defineProperty([0], 0, {
        get() {
          structuredClone(there.buffer, { transfer: [there.buffer] });
          return 0;
        },
      });
      expect(() => take(there, dim)).toThrow('x is detached: its buffer was transferred');
    }
  });

  it('a mask of a class of its own is read, and its class asked for nothing', () => {
    class Own extends Uint8Array {
      constructor(bytes: number[]) {
        super(bytes);
        Object.defineProperty(this, 'constructor', {
          get() {
            throw new Error('asked');
          },
        });
      }
      static get [Symbol.species](): Uint8ArrayConstructor {
        throw new Error('asked');
      }
    }
    const expected = elements(softmax(x, { mask: [true, false, true] }));
    for (const [bytes, stride, offset] of [
      [[9, 1, 0, 1], 1, 1],
      [[1, 0, 1], -1, 2],
    ] as const)
      expect(
        elements(softmax(x, { mask: { data: new Own([...bytes]), shape: [3], strides: [stride], offset } })),
      ).toEqual(expected);
  });

  it('a mask begins at its offset, also in an array that begins inside its memory', () => {
    const precision = 'exact';
    const expected = elements(softmax(x, { mask: [true, false, true], precision }));
    for (const data of [
      Uint8Array.of(0, 0, 9, 1, 0, 1).subarray(2),
      Float32Array.of(-Infinity, -Infinity, 9, 0, -Infinity, 0).subarray(2),
    ])
      expect(elements(softmax(x, { mask: { data, shape: [3], strides: [1], offset: 1 }, precision }))).toEqual(
        expected,
      );
  });

  it('dimensions may be listed in any order, neighbours or not', () => {
    const cube = new Tensor(Float32Array.from(random('float32', 24, 3)), { shape: [2, 3, 4] });
    const mask = { data: Uint8Array.from({ length: 24 }, (_, i) => i % 5), shape: [2, 3, 4] };
    const lists = [
      [2, 0],
      [-1, 1],
      [1, 2, 0],
    ];
    for (const dim of lists) {
      const sorted = dim.map((one) => (one + 3) % 3).sort();
      for (const f of Object.values(values))
        expect(elements(f(cube, { dim, mask }))).toEqual(elements(f(cube, { dim: sorted, mask })));
      for (const f of Object.values(gradients))
        expect(elements(f(cube, cube, { dim }))).toEqual(elements(f(cube, cube, { dim: sorted })));
    }
  });

  it('a list of more dimensions than there are is not read to its end', () => {
    const dim = Object.assign([], { length: 4e9 });
    const wrong = new TypeError('softmax: dim must be an integer, got undefined');
    expect(() => softmax(x, { dim })).toThrow(wrong);
    expect(() => new nonlin.Softmax({ dim })).toThrow(TypeError);
  });

  it('a list of as many dimensions as there can be may name one twice, which is refused', () => {
    const all = Array.from({ length: 64 }, (_, dim) => dim);
    const most = Tensor.ones(all.map(() => 1));
    expect(softmax(most, { dim: all }).item(...all.map(() => 0))).toBe(1);
    expect(() => softmax(most, { dim: [...all, 0] })).toThrow(new RangeError('softmax: dim names dimension 0 twice'));
  });

  it('says of what is wrong in a mask that it is the mask, and what to pass', () => {
    for (const [mask, wanted] of [
      [{ data: [true, false], dims: [2] }, 'pass { data: Uint8Array.from(mask.data), dims: mask.dims }'],
      [{ data: [0, 1], dims: [2] }, 'pass { data: Uint8Array.from(mask.data), dims: mask.dims }'],
      [{ data: [0, -Infinity], dims: [2] }, 'pass { data: Float32Array.from(mask.data), dims: mask.dims }'],
      [{ data: new Uint8Array(2), dims: [3] }, 'mask: shape [3] has 3 elements, but there are 2'],
      [{ data: new Uint8Array(2), shape: [2], strides: [5] }, 'mask: shape [2], strides [5], offset 0 reach'],
      [[[true], [true, false]], 'mask: row 1 has 2 entries, row 0 has 1'],
      [new DataView(new ArrayBuffer(4)), 'mask must be a typed array, got a DataView'],
    ] as const) {
      expect(() => loose.softmax!(x, { mask })).toThrow(wanted);
      expect(() => new Tensor(2).maskedFill(mask as nonlin.Mask, 1)).toThrow(wanted);
    }
  });

  it('a mask that contains itself is refused', () => {
    const mask: unknown[] = [];
    mask.push(mask);
    expect(() => loose.softmax!(x, { mask })).toThrow('softmax: a mask that is a list must hold true and false');
  });

  it('a single number and an empty x have slices too', () => {
    const one = new Tensor(5);
    expect(softmax(one, { temperature: 2, mask: [true] }).item()).toBe(1);
    expect(softmax(one, { dim: [0], mask: [false], empty: 'zero' }).item()).toBe(0);
    expect(
      softmax(new Tensor(new Float32Array(0), { shape: [0, 3] }), { temperature: 2, mask: [true, false, true] }).shape,
    ).toEqual([0, 3]);
  });

  it('layers keep their options, and those of a call for its gradient', () => {
    const { Softmax, Softmin, LogSoftmax } = nonlin;
    const layer = new Softmax({ dim: [0, 1], temperature: 2, empty: 'zero' });
    expect(String(layer)).toBe("Softmax(dim=[0, 1], temperature=2, empty='zero')");
    expect(String(new Softmin())).toBe('Softmin(dim=-1)');
    expect(String(new LogSoftmax({ temperature: 0.5 }))).toBe('LogSoftmax(dim=-1, temperature=0.5)');
    expect([layer.dim, layer.temperature, layer.empty]).toEqual([[0, 1], 2, 'zero']);
    expect(elements(layer(x))).toEqual(elements(softmax(x, { dim: [0, 1], temperature: 2 })));
    const options = { dim: 1, mask: [true, false, true] } as const;
    expect(elements(layer(x, options))).toEqual(elements(softmax(x, { ...options, temperature: 2 })));
    expect(elements(layer.backward(x))).toEqual(elements(softmaxGrad(x, x, { ...options, temperature: 2 })));
    const dim = [1];
    expect(elements(layer(x, { dim }))).toEqual(elements(softmax(x, { dim: 1, temperature: 2 })));
    dim[0] = 0;
    expect(elements(layer.backward(x))).toEqual(elements(softmaxGrad(x, x, { dim: 1, temperature: 2 })));
    const listed = [0];
    const own = new Softmax({ dim: listed });
    listed[0] = 1;
    expect(own.dim).toEqual([0]);
    expect(elements(own(x))).toEqual(elements(softmax(x, { dim: 0 })));
    expect(Object.isFrozen(own.dim) && !Object.isFrozen(listed)).toBe(true);
    for (const option of ['dim', 'temperature', 'mask', 'empty'])
      expect(() => (layer as unknown as (typeof loose)[string])(x, { [option]: null })).toThrow(TypeError);
    expect(() => new Softmax({ dim: null as never })).toThrow(
      new TypeError('Softmax: dim must be an integer, got null'),
    );
    expect(() => new Softmax({ temperature: 0 })).toThrow(
      new RangeError('Softmax: temperature must be finite and above 0, got 0'),
    );
    expect(() => new (Softmax as unknown as new (o: unknown) => unknown)({ mask: [true] })).toThrow(TypeError);
    expect(elements(nonlin.activation('softmin').forward(x))).toEqual(elements(softmin(x)));
  });
});
