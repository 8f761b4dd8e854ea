// The public functions: kinds in and out, `out`, edge values of the contract, and what they say to wrong arguments.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const { Tensor, gelu, geluGrad, relu, reluGrad, sigmoid, softmax, softmaxGrad, tanh } = nonlin;
const f32 = (...values: number[]) => Float32Array.from(values);

const chosen = nonlin.info().backend;
afterAll(() => nonlin.useBackend(chosen));

describe.each(nonlin.backends())('%s', (backend) => {
  beforeAll(() => nonlin.useBackend(backend));

  it('gives a typed array for a typed array, of its type', () => {
    expect(relu(f32(-1, 0, 1, 2))).toEqual(f32(0, 0, 1, 2));
    expect(relu(Float64Array.of(-1, 2))).toEqual(Float64Array.of(0, 2));
  });

  it('gives a Tensor for a Tensor and for something tensor-like', () => {
    const y = relu(new Tensor([[-1, 0, 1, 2]]));
    expect(String(y)).toBe('[[0, 0, 1, 2]]');
    const z = relu({ data: f32(-1, 2, -3, 4), dims: [2, 2] });
    expect(z).toBeInstanceOf(Tensor);
    expect(z.toArray()).toEqual([
      [0, 2],
      [0, 4],
    ]);
  });

  it('follows strides', () => {
    const x = new Tensor([
      [1, -2, 3],
      [-4, 5, -6],
    ]);
    expect(relu(x.T).toArray()).toEqual([
      [1, 0],
      [0, 5],
      [3, 0],
    ]);
    expect(softmax(x.T, { dim: 0 }).toArray()).toEqual(softmax(x, { dim: 1 }).T.toArray());
  });

  it('fills out and returns it itself, which may be x', () => {
    const x = f32(-1, 2);
    const out = new Float32Array(2);
    expect(relu(x, { out })).toBe(out);
    expect(out).toEqual(f32(0, 2));
    expect(relu(x, { out: x })).toBe(x);
    expect(x).toEqual(f32(0, 2));
    const t = new Tensor([
      [1, -2],
      [-3, 4],
    ]);
    // A transposed out is scattered into, even over its own input.
    expect(relu(t, { out: t.T }).toArray()).toEqual([
      [1, 0],
      [0, 4],
    ]);
    expect(t.toArray()).toEqual([
      [1, 0],
      [0, 4],
    ]);
    const like = { data: f32(0, 0), dims: [2] };
    expect(relu({ data: f32(-5, 5), dims: [2] }, { out: like })).toBe(like);
    expect(like.data).toEqual(f32(0, 5));
  });

  it('leaves its input alone', () => {
    const x = f32(-1, 2, -3);
    for (const f of [relu, sigmoid, tanh, gelu, softmax]) f(x);
    expect(x).toEqual(f32(-1, 2, -3));
  });

  const max = { Float32Array: 3.4028234663852886e38, Float64Array: Number.MAX_VALUE };
  describe.each([Float32Array, Float64Array])('$name at the edges', (Floats) => {
    const largest = max[Floats.name as keyof typeof max];
    const least = Floats === Float32Array ? 2 ** -149 : 5e-324;
    const inputs = [NaN, Infinity, -Infinity, -0, 0, largest, -largest, 6 * least, -6 * least];
    // design: NaN, both infinities, both zeros, the largest and a subnormal number.
    const rows: [
      string,
      (x: nonlin.FloatArray, options: nonlin.Options<nonlin.FloatArray>) => nonlin.FloatArray,
      number[],
    ][] = [
      ['relu', relu, [NaN, Infinity, 0, -0, 0, largest, 0, 6 * least, 0]],
      ['sigmoid', sigmoid, [NaN, 1, 0, 0.5, 0.5, 1, 0, 0.5, 0.5]],
      ['tanh', tanh, [NaN, 1, -1, -0, 0, 1, -1, 6 * least, -6 * least]],
      ['gelu', gelu, [NaN, Infinity, -0, -0, 0, largest, -0, 3 * least, -3 * least]],
      [
        'gelu tanh',
        (x, options) => gelu(x, { approximate: 'tanh', ...options }),
        [NaN, Infinity, -0, -0, 0, largest, -0, 3 * least, -3 * least],
      ],
      [
        'gelu sigmoid',
        (x, options) => gelu(x, { approximate: 'sigmoid', ...options }),
        [NaN, Infinity, -0, -0, 0, largest, -0, 3 * least, -3 * least],
      ],
    ];
    for (const precision of ['fast', 'exact'] as const) {
      it.each(rows)(`%s, ${precision}`, (_, f, expected) => {
        expect([...Array.from(f(Floats.from(inputs), { precision }))]).toEqual(expected);
      });
    }

    it('softmax', () => {
      const x = new Tensor(
        Floats.of(
          NaN,
          1,
          2,
          Infinity,
          0,
          0,
          -Infinity,
          3,
          3,
          -Infinity,
          -Infinity,
          -Infinity,
          largest,
          largest,
          -largest,
        ),
        {
          shape: [5, 3],
        },
      );
      for (const [y, nan] of [
        [softmax(x), NaN],
        [softmax(x.T.contiguous(), { dim: 0 }).T, NaN],
      ] as const)
        expect(y.toArray()).toEqual([
          [nan, nan, nan],
          [nan, nan, nan],
          [0, 0.5, 0.5],
          [nan, nan, nan],
          [0.5, 0.5, 0],
        ]);
      expect(softmax(Floats.of(1000, 1000, -1000, -1000))).toEqual(Floats.of(0.5, 0.5, 0, 0));
    });
  });

  it('takes empty and 0-d tensors', () => {
    for (const shape of [[0], [3, 0], [0, 3], [2, 0, 3]]) {
      const x = new Tensor(new Float32Array(0), { shape });
      for (const f of [relu, sigmoid, tanh, gelu]) expect(f(x).shape).toEqual(shape);
      for (let dim = -shape.length; dim < shape.length; dim++) expect(softmax(x, { dim }).shape).toEqual(shape);
    }
    const scalar = new Tensor(-2);
    expect(relu(scalar).item()).toBe(0);
    expect(softmax(scalar, { dim: 0 }).item()).toBe(1);
    expect(softmax(scalar, { dim: -1 }).item()).toBe(1);
    expect(relu(new Float32Array(0))).toEqual(new Float32Array(0));
    expect(softmax(new Float64Array(0))).toEqual(new Float64Array(0));
  });

  it('keeps its relative accuracy in the tail of gelu', () => {
    // By mpmath, from erfc and from x / (1 + exp(-v)); 0 where float32 has no smaller number.
    const expected = {
      none: [-5.919525870226189e-9, -7.61985302416e-23, -7.95231371941e-38],
      tanh: [-8.439646700762297e-11, -1.20409234821e-37, 0],
      sigmoid: [-2.203535497873924e-4, -4.05796129486e-7, -3.19700743011e-9],
    } as const;
    for (const approximate of ['none', 'tanh', 'sigmoid'] as const) {
      for (const precision of ['fast', 'exact'] as const) {
        const y = gelu(f32(-6, -10, -13), { approximate, precision });
        for (const [i, value] of expected[approximate].entries())
          expect(Math.abs(y[i]! - value)).toBeLessThanOrEqual(2e-7 * Math.abs(value));
      }
    }
  });

  it('multiplies a gradient, of which out may be either argument', () => {
    const x = f32(-1, 2, 3);
    const g = f32(5, 6, 7);
    expect(reluGrad(g, x)).toEqual(f32(0, 6, 7));
    expect(reluGrad(g, x, { out: g })).toBe(g);
    expect(g).toEqual(f32(0, 6, 7));
    expect(geluGrad(f32(1), f32(0))).toEqual(f32(0.5));
    // Along a slice of equal entries, only what differs from the mean of grad flows.
    expect(softmaxGrad(f32(1, 1, 4), f32(8, 8, 8))).toEqual(f32(-1 / 3, -1 / 3, 2 / 3));
    const t = softmaxGrad(
      new Tensor([
        [1, 0],
        [0, 0],
      ]),
      new Tensor([
        [0, 0],
        [0, 0],
      ]),
      { dim: 0 },
    );
    expect(t.toArray()).toEqual([
      [0.25, 0],
      [-0.25, 0],
    ]);
  });

  it('takes the last dimension for softmax and its gradient where none is named', () => {
    const x = new Tensor([
      [1, 2, 4],
      [0, 3, 1],
    ]);
    const g = new Tensor([
      [1, 0, 2],
      [3, 5, 1],
    ]);
    for (const run of [softmax, (x: nonlin.Tensor, o?: { dim: number }) => softmaxGrad(g, x, o)]) {
      expect(run(x)).toEqual(run(x, { dim: 1 }));
      expect(run(x)).toEqual(run(x, { dim: -1 }));
      expect(run(x)).not.toEqual(run(x, { dim: 0 }));
    }
  });

  it('serves arrays on shared memory and at an offset', () => {
    const shared = new Float32Array(new SharedArrayBuffer(64), 4, 15).fill(-1);
    expect(relu(shared)).toEqual(new Float32Array(15));
    expect(relu(shared, { out: shared })).toBe(shared);
    expect(sigmoid(shared, { out: shared })).toBe(shared);
    expect(shared).toEqual(new Float32Array(15).fill(0.5));
    const some = f32(1, -2, 3, -4, 5).subarray(1, 4);
    expect(relu(some)).toEqual(f32(0, 3, 0));
    expect(tanh(some)).toEqual(tanh(f32(-2, 3, -4)));
  });

  it('asks arrays themselves, not what a subclass says in their place', () => {
    class Strange extends Float32Array {
      override set() {
        throw new Error('called');
      }
      override get byteOffset() {
        return 0;
      }
    }
    const memory = new Strange(5).fill(1);
    const out = memory.subarray(1, 4);
    expect(tanh(out, { out })).toBe(out);
    expect([...memory]).toEqual([1, ...tanh(f32(1, 1, 1)), 1]);
    expect(() => tanh(memory.subarray(0, 3), { out })).toThrow('out overlaps part of x');
    const integers = Object.defineProperty(new Int32Array(3), Symbol.toStringTag, { value: 'Float32Array' });
    expect(() => tanh(integers as unknown as Float32Array)).toThrow(TypeError);
  });
});

it('info gives a list of problems of its own to each caller', () => {
  (nonlin.info().problems as string[]).push('none of ours');
  expect(nonlin.info().problems).not.toContain('none of ours');
});

describe('wrong arguments', () => {
  const x = f32(1, 2, 3);
  const loose = nonlin as unknown as Record<string, (...args: unknown[]) => unknown>;
  const input = 'a Float32Array, a Float64Array, a Tensor or something with data and shape or dims';
  const cases: [string, unknown[], new (message?: string) => Error, string][] = [
    ['relu', [], TypeError, `relu: x must be ${input}, got undefined`],
    ['relu', [null], TypeError, `relu: x must be ${input}, got null`],
    ['tanh', [3n], TypeError, `tanh: x must be ${input}, got 3n`],
    ['gelu', ['abc'], TypeError, `gelu: x must be ${input}, got "abc"`],
    [
      'sigmoid',
      [new Int32Array(3)],
      TypeError,
      `sigmoid: x must be ${input}, got Int32Array of 3; pass Float32Array.from(x)`,
    ],
    [
      'softmax',
      [BigInt64Array.of(3n)],
      TypeError,
      `softmax: x must be ${input}, got BigInt64Array of 1; pass Float32Array.from(x, Number)`,
    ],
    ['relu', [new DataView(new ArrayBuffer(8))], TypeError, `relu: x must be ${input}, got a DataView`],
    ['relu', [[1, 2]], TypeError, `relu: x must be ${input}, got an Array of 2; pass new Tensor(x)`],
    ['relu', [{ data: x, dims: [4] }], RangeError, 'relu: x: shape [4] has 4 elements, but there are 3'],
    ['reluGrad', [x], TypeError, `reluGrad: x must be ${input}, got undefined`],
    // Without a gradient there was none: the result was that of relu.
    ['reluGrad', [undefined, x], TypeError, 'reluGrad: grad must be a Float32Array like x, got undefined'],
    ['softmaxGrad', [undefined, x], TypeError, 'softmaxGrad: grad must be a Float32Array like x, got undefined'],
    ['tanhGrad', [undefined, new Tensor(x)], TypeError, `tanhGrad: grad must be ${input}, got undefined`],
    [
      'geluGrad',
      [[1, 2, 3], new Tensor(x)],
      TypeError,
      `geluGrad: grad must be ${input}, got an Array of 3; pass new Tensor(grad)`,
    ],
    ['tanh', [new Tensor(x), { out: [1, 2, 3] }], TypeError, `tanh: out must be ${input}, got an Array of 3`],
    [
      'tanh',
      [new Tensor(x), { out: { data: x, dims: [1.5] } }],
      TypeError,
      'tanh: out: shape must hold integers, got 1.5',
    ],
    ['relu', [x, { out: null }], TypeError, 'relu: out must be a Float32Array like x, got null'],
    [
      'relu',
      [x, { out: new Float64Array(3) }],
      TypeError,
      'relu: out must be a Float32Array like x, got Float64Array of 3',
    ],
    ['relu', [x, { out: new Float32Array(2) }], RangeError, 'relu: out has 2 elements but x has 3'],
    ['relu', [x, { precision: 'double' }], TypeError, `relu: precision must be 'fast' or 'exact', got "double"`],
    [
      'gelu',
      [x, { approximate: 'erf' }],
      TypeError,
      `gelu: approximate must be 'none', 'tanh' or 'sigmoid', got "erf"`,
    ],
    ['gelu', [x, { approximate: 'toString' }], TypeError, 'got "toString"'],
    ['softmax', [x, { dim: 1 }], RangeError, 'softmax: dim must be in [-1, 0] for shape [3], got 1'],
    ['softmax', [x, { dim: 2 ** 32 }], RangeError, 'softmax: dim must be in [-1, 0] for shape [3], got 4294967296'],
    ['softmax', [x, { dim: 0.5 }], TypeError, 'softmax: dim must be an integer, got 0.5'],
    ['softmax', [x, { dim: null }], TypeError, 'softmax: dim must be an integer, got null'],
    ['softmaxGrad', [x, x, { dim: 1 }], RangeError, 'softmaxGrad: dim must be in [-1, 0] for shape [3], got 1'],
    ['geluGrad', [x, x, { approximate: 'x' }], TypeError, 'geluGrad: approximate must be'],
    ['softmax', [x, { dim: '0' }], TypeError, 'softmax: dim must be an integer, got "0"'],
    ['reluGrad', [f32(1), x], RangeError, 'reluGrad: grad has 1 element but x has 3'],
    [
      'reluGrad',
      [new Float64Array(3), x],
      TypeError,
      'reluGrad: grad must be a Float32Array like x, got Float64Array of 3',
    ],
    ['relu', [new Tensor([1, 2]), { out: new Tensor([1, 2, 3]) }], RangeError, 'relu: out has shape [3] but x has [2]'],
    [
      'relu',
      [new Tensor([1, 2]), { out: new Tensor([1, 2], { dtype: 'float64' }) }],
      TypeError,
      'relu: out must be float32 like x, got float64',
    ],
    [
      'reluGrad',
      [new Tensor([1, 2]), new Tensor([[1, 2]])],
      RangeError,
      'reluGrad: grad has shape [2] but x has [1, 2]',
    ],
    [
      'silu',
      [new Tensor([[1, 2]]), { out: f32(0, 0) }],
      RangeError,
      'silu: out has shape [2] but x has [1, 2]; pass new Tensor(out, { shape: [1, 2] })',
    ],
    [
      'swiglu',
      [new Tensor([[1, 2]]), f32(0, 0)],
      RangeError,
      'swiglu: up has shape [2] but gate has [1, 2]; pass new Tensor(up, { shape: [1, 2] })',
    ],
    [
      'logSumExpGrad',
      [f32(0, 0), new Tensor([[1], [2]]), { keepdim: true }],
      RangeError,
      'grad has shape [2] but the result for x has [2, 1]; pass new Tensor(grad, { shape: [2, 1] })',
    ],
    [
      'useBackend',
      ['cuda'],
      TypeError,
      `useBackend: backend must be one of those that run here, ${nonlin.backends().join(', ')}, got "cuda"`,
    ],
  ];
  it.each(cases)('%s: case %#', (name, args, kind, message) => {
    const f = loose[name]!;
    expect(() => f(...args)).toThrow(kind);
    expect(() => f(...args)).toThrow(message);
  });

  it('may be an output that cannot hold a result', () => {
    const data = f32(1, 2);
    const out = { data, shape: [2], strides: [1], offset: 0, flags: { READONLY: true } };
    expect(() => relu(new Tensor([1, 2]), { out })).toThrow(new TypeError('relu: out is marked READONLY'));
    const theirs = { data, shape: [2], strides: [1], offset: 0, readonly: true };
    expect(() => relu(new Tensor([3, 4]), { out: theirs })).toThrow(new TypeError('relu: out is marked READONLY'));
    expect(data).toEqual(f32(1, 2));
  });

  it.each([
    [[4], [0]],
    [
      [2, 2],
      [1, 1],
    ],
    [
      [2, 2],
      [-1, 1],
    ],
    [
      [4, 2],
      [2, 4],
    ],
  ])('may be an output of shape %j and strides %j, of which several elements are one place', (shape, strides) => {
    const data = new Float32Array(20).fill(7);
    const x = new Tensor(new Float32Array(shape.reduce((m, n) => m * n)), { shape });
    const message = `softmax: out has strides [${strides.join(', ')}]: several elements are one place in memory`;
    expect(() => softmax(x, { out: { data, shape, strides, offset: 9 } })).toThrow(new RangeError(message));
    expect(data).toEqual(new Float32Array(20).fill(7));
  });

  it('are found before anything is written', () => {
    const memory = f32(-1, -2, -3, -4);
    const part = 'relu: out overlaps part of x; it may be x itself or separate memory';
    expect(() => relu(memory.subarray(0, 3), { out: memory.subarray(1, 4) })).toThrow(new RangeError(part));
    expect(() => softmax(memory, { out: memory, dim: 7 })).toThrow(RangeError);
    for (const f of [reluGrad, geluGrad, softmaxGrad]) {
      const [first, last, x] = [memory.subarray(0, 3), memory.subarray(1, 4), f32(1, 2, 3)];
      expect(() => f(first, x, { out: last })).toThrow(
        'out overlaps part of grad; it may be grad itself or separate memory',
      );
      expect(() => f(last, x, { out: first })).toThrow('out overlaps part of grad');
      expect(() => f(x, first, { out: last })).toThrow('out overlaps part of x; it may be x itself or separate memory');
      expect(() => f(first, first, { out: last })).toThrow(RangeError);
    }
    expect(memory).toEqual(f32(-1, -2, -3, -4));
  });

  it('may be tensors whose memory has shrunk', () => {
    const Resizable = ArrayBuffer as unknown as new (bytes: number, options: object) => { resize(bytes: number): void };
    const buffer = new Resizable(32, { maxByteLength: 32 });
    const memory = new Float32Array(buffer as unknown as ArrayBuffer).fill(1);
    const [first, second] = [0, 1].map((row) => new Tensor(memory, { shape: [2, 4] }).at(row) as nonlin.Tensor);
    const x = new Tensor([1, 2, 3, 4]);
    buffer.resize(16);
    expect(sigmoid(x, { out: first! })).toBe(first);
    expect(first!.toArray()).toEqual(sigmoid(x).toArray());
    const reach = 'shape [4], strides [1], offset 4 reach elements 4 to 7, but data has 4';
    expect(() => sigmoid(second!)).toThrow(new RangeError(`sigmoid: x: ${reach}`));
    expect(() => sigmoid(x, { out: second! })).toThrow(new RangeError(`sigmoid: out: ${reach}`));
    expect(() => reluGrad(second!, x)).toThrow(new RangeError(`reluGrad: grad: ${reach}`));
    buffer.resize(0);
    expect(() => softmax(first!)).toThrow(/^softmax: x: shape .* but data has 0$/);
  });

  it('names a backend that cannot run here, and those that can', () => {
    const absent = (['avx512', 'avx2', 'neon'] as const).find((name) => !nonlin.backends().includes(name))!;
    expect(() => nonlin.useBackend(absent)).toThrow(`useBackend: ${absent} cannot run here; `);
  });
});
