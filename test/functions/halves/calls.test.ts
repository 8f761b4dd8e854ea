// Numbers of 16 bits through the functions of the package: who may pass them and how, and that every backend gives the same bits.
// What they round to is test/activations/halves.test.ts.
import { afterEach, describe, expect, it } from 'vitest';
import { bitsOf } from '../../../lib/basics/halves.js';
import {
  activation,
  backends,
  type DType,
  ELU,
  elu,
  GELU,
  gegluGrad,
  gelu,
  geluGrad,
  leakyRelu,
  mishGrad,
  PReLU,
  prelu,
  relu,
  Softmax,
  SwiGLU,
  sigmoid,
  sigmoidGrad,
  siluGrad,
  softmax,
  swiglu,
  swigluGrad,
  Tensor,
  tanh,
  useBackend,
} from '../../../lib/index.js';

const one = { float16: 0x3c00, bfloat16: 0x3f80 };
const dtypes = ['float16', 'bfloat16'] as const;

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array) => Buffer.from(buffer, byteOffset, byteLength);

afterEach(() => useBackend(backends()[0]!));

describe.each(backends())('%s', (backend) => {
  it.each(dtypes)('takes a Tensor, a view, or bits with their dtype: %s', (dtype) => {
    useBackend(backend);
    const x = new Tensor([-1, 0, 2], { dtype });
    expect(relu(x).dtype).toBe(dtype);
    expect(relu(x).toArray()).toEqual([0, 0, 2]);
    const bits = bitsOf(x.data);
    const y = relu(bits, { dtype });
    expect(y).toBeInstanceOf(Uint16Array);
    expect([...y]).toEqual([0, 0, one[dtype] + (dtype === 'float16' ? 0x400 : 0x80)]);
    const matrix = new Tensor(
      Array.from({ length: 40 }, (_, i) => [i - 20, i / 8]),
      { dtype },
    );
    expect(sigmoid(matrix.T).equals(sigmoid(matrix).T)).toBe(true);
    expect(sigmoidGrad(matrix.T, matrix.T).equals(sigmoidGrad(matrix, matrix).T)).toBe(true);
  });

  it.each(dtypes)(
    'gives numbers of a long array the bits that they have in a short one, in place as well: %s',
    (dtype) => {
      useBackend(backend);
      const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
      const infinity = dtype === 'float16' ? 0x7c00 : 0x7f80;
      const oneNaN = (bits: Uint16Array) => bits.map((each) => ((each & 0x7fff) > infinity ? 0x7fff : each));
      // As many of each, in no order, an odd number in all, and longer than where a table begins to pay.
      const x = Uint16Array.from({ length: 2 ** 19 + 3 }, (_, i) => Math.imul(i, 40503) + (i >> 16));
      const given: readonly [typeof sigmoid, object?][] = [[gelu], [sigmoid], [leakyRelu], [elu, { alpha: 1.5 }]];
      for (const [f, own] of given) {
        const short = f(all, { ...own, dtype });
        const wanted = bytesOf(oneNaN(x.map((bits) => short[bits]!)));
        const out = new Uint16Array(x.length + 1).subarray(1);
        expect(bytesOf(oneNaN(f(x, { ...own, dtype, out }))).equals(wanted)).toBe(true);
        const same = x.slice();
        expect(f(same, { ...own, dtype, out: same })).toBe(same);
        expect(bytesOf(oneNaN(same)).equals(wanted)).toBe(true);
      }
    },
  );

  it.each(dtypes)('fills and returns out, which may be x, lie in steps or overlap a part: %s', (dtype) => {
    useBackend(backend);
    for (const count of [0, 1, 7, 128, 129, 3000]) {
      const values = Array.from({ length: count }, (_, i) => 5 * Math.sin(i));
      const x = new Tensor(values, { dtype });
      const expected = gelu(x).toArray();
      const out = new Tensor(new Uint16Array(2 * count), { dtype, shape: [count, 2] }).T.select(0, 1);
      expect(gelu(x, { out })).toBe(out);
      expect(out.toArray()).toEqual(expected);
      const bits = new Uint16Array(count + 3);
      bits.set(bitsOf(x.data), 3);
      gelu(bits.subarray(3), { dtype, out: bits.subarray(0, count) });
      expect(new Tensor(bits.subarray(0, count), { dtype }).toArray()).toEqual(expected);
      expect(gelu(x, { out: x })).toBe(x);
      expect(x.toArray()).toEqual(expected);
    }
  });

  it('finds that memory has shrunk before anything is written', () => {
    useBackend(backend);
    const dtype = 'float16';
    const memory = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 8 }]) as ArrayBuffer & {
      resize(bytes: number): void;
    };
    const out = new Tensor(new Uint16Array(memory), { dtype });
    const turned = new Tensor({ data: out.data, shape: [2, 2], strides: [1, 2] }, { dtype });
    memory.resize(2);
    const [x, first] = [Tensor.ones([4], { dtype }), Tensor.zeros([4], { dtype })];
    const wrong: [string, () => unknown][] = [
      ['softmax: out: shape [4], strides [1]', () => softmax(x, { out })],
      ['swigluGrad: out: shape [4], strides [1]', () => swigluGrad(x, x, x, { out: [first, out] })],
      ['prelu: shape [4], strides [1]', () => prelu(x, { weight: out })],
      ['softmax: shape [4], strides [1]', () => softmax(x, { mask: out })],
      ['relu: out: shape [2, 2], strides [1, 2]', () => relu(x.reshape(2, 2), { out: turned })],
    ];
    for (const [what, call] of wrong)
      expect(call).toThrow(new RangeError(`${what}, offset 0 reach elements 0 to 3, but data has 1`));
    expect(first.toArray()).toEqual([0, 0, 0, 0]);
    expect([...new Uint16Array(memory)]).toEqual([0]);
  });

  it('takes a tensor of no elements that begins at the end of its memory, or beyond', () => {
    useBackend(backend);
    const column = Tensor.ones([2, 3], { dtype: 'float16' }).select(1, 2);
    const none = column.slice(0, 2);
    expect([none.offset, relu(none).shape]).toEqual([2, [0]]);
    const layout = { shape: [0, 9], strides: [9, -1], offset: 8 };
    const single = new Tensor({ data: new Float32Array(4), ...layout });
    const half = new Tensor({ data: new Uint16Array(4), ...layout }, { dtype: 'float16' });
    for (const y of [relu(single), relu(half), single.to('float16'), softmax(half)]) expect(y.shape).toEqual([0, 9]);
  });

  it('refuses another dtype than floats have, of few and of many', () => {
    useBackend(backend);
    for (const length of [2, 2000])
      expect(() => softmax(new Float32Array(length), { dtype: 'float64' })).toThrow(
        new TypeError('softmax: dtype must be that of x, \'float32\', got "float64"; to() of a Tensor converts'),
      );
  });
});

it.skipIf(backends()[0] === 'js').each(dtypes)('are the same past the cache and by several threads: %s', (dtype) => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const expected = [gelu(all, { dtype }), geluGrad(all, all, { dtype })];
  // 16 MiB and a little, from where no vector is aligned.
  const count = 2 ** 23 + 12345;
  const [x, out] = [new Uint16Array(count), new Uint16Array(count + 1).subarray(1)];
  for (let at = 0; at < count; at += all.length) x.set(all.subarray(0, Math.min(all.length, count - at)), at);
  for (const [i, run] of [() => gelu(x, { dtype, out }), () => geluGrad(x, x, { dtype, out })].entries()) {
    run();
    for (let at = 0; at < count; at += all.length) {
      const part = out.subarray(at, at + all.length);
      expect(Buffer.compare(bytesOf(part), bytesOf(expected[i]!.subarray(0, part.length)))).toBe(0);
    }
  }
});

it('has layers, which keep the input', () => {
  const layer = new GELU();
  const x = new Tensor([-1, 2], { dtype: 'bfloat16' });
  expect(layer(x).dtype).toBe('bfloat16');
  expect(layer.backward(x).equals(geluGrad(x, x))).toBe(true);
  const bits = x.data as Uint16Array;
  expect(layer(bits, { dtype: 'bfloat16' })).toEqual(gelu(bits, { dtype: 'bfloat16' }));
  expect(layer.backward(bits, undefined, { dtype: 'bfloat16' })).toEqual(geluGrad(bits, bits, { dtype: 'bfloat16' }));
  const others = [
    new GELU({ approximate: 'tanh' }),
    new ELU({ alpha: 2 }),
    new PReLU(),
    new Softmax(),
    new SwiGLU(),
    activation('gelu_10'),
  ];
  for (const other of others) {
    const y = other(bits, { dtype: 'bfloat16' });
    expect([...y]).toEqual([...(other(x).data as Uint16Array)]);
    const g = new Tensor(y, { dtype: 'bfloat16' });
    expect([...other.backward(y, bits, { dtype: 'bfloat16' })]).toEqual([
      ...(other.backward(g, x).data as Uint16Array),
    ]);
  }
});

it('takes parameters as float32 has them', () => {
  const x = new Tensor([-1], { dtype: 'bfloat16' });
  expect(leakyRelu(x, { negativeSlope: 0.3 }).item()).toBe(-0.30078125);
});

describe('what does not fit is refused', () => {
  const bits = Uint16Array.of(0, 0);
  const half = new Tensor([1, 2], { dtype: 'float16' });
  const cases: [string, () => unknown, RegExp][] = [
    ['bits without a dtype', () => relu(bits), /^relu: x is a Uint16Array; say of which numbers/],
    ['another dtype', () => relu(bits, { dtype: 'float32' }), /^relu: dtype must be 'float16' or 'bfloat16' for x/],
    ['no such option', () => relu(bits, { dtpye: 'float16' } as object), /did you mean `dtype`\?/],
    [
      'bits of a tensor-like without a dtype',
      () => relu({ data: bits, dims: [2] }),
      /pass new Tensor\(x, \{ dtype: 'float16' or 'bfloat16' \}\) for its bits, \{ data: Float32Array/,
    ],
    [
      'bits as a Tensor without',
      () => new Tensor(bits as never),
      /pass new Tensor\(x, \{ dtype: 'float16' or 'bfloat16' \}\)/,
    ],
    ['one that a Tensor has not', () => relu(half, { dtype: 'bfloat16' }), /^relu: dtype must be that of x, 'float16'/],
    [
      'one that floats have not',
      () => relu(Float32Array.of(1), { dtype: 'float16' }),
      /^relu: dtype must be that of x/,
    ],
    [
      'one that a Tensor of floats has not',
      () => geluGrad(new Tensor([1]), new Tensor([1]), { dtype: 'float16' }),
      /^geluGrad: dtype must be that of x, 'float32'/,
    ],
    [
      'an out of floats',
      () => relu(half, { out: new Tensor([1, 2]) }),
      /^relu: out must be a Tensor of float16 like x, got a Tensor of float32$/,
    ],
    [
      'an out of bits for a Tensor',
      () => relu(half, { out: bits as never }),
      /^relu: out must be a Tensor of float16 like x, got U/,
    ],
    [
      'a grad of another type',
      () => geluGrad(new Tensor([1, 2]), half),
      /^geluGrad: grad must be a Tensor of float16 like x/,
    ],
    [
      'an out of another length',
      () => relu(bits, { dtype: 'float16', out: Uint16Array.of(0) }),
      /^relu: out has 1 elem/,
    ],
    [
      'an out of another shape',
      () => swiglu(half, { out: half }),
      /^swiglu: out has shape \[2\] but the result has \[1\]/,
    ],
    [
      'one out for two results',
      () => gegluGrad(half, half, half, { out: [half, half] }),
      /^gegluGrad: the two results share memory/,
    ],
    ['no dtype', () => half.to('int8' as DType), /^to: dtype must be 'float32'/],
    ['a precision', () => relu(half, { precision: 'best' as never }), /^relu: precision must/],
  ];
  it.each(cases)('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});

it('takes bits in something tensor-like with the option dtype', () => {
  expect(relu({ data: Uint16Array.of(0xbf80, 0x3f80), dims: [2], type: 'bfloat16' }).toArray()).toEqual([0, 1]);
  const like = { data: Uint16Array.of(0xbf80, 0x3f80), dims: [2] };
  expect(relu(like, { dtype: 'bfloat16' }).toArray()).toEqual([0, 1]);
  expect(geluGrad(like, like, { dtype: 'bfloat16' }).dtype).toBe('bfloat16');
  expect(relu(like, { dtype: 'bfloat16', out: like })).toBe(like);
  expect([...like.data]).toEqual([0, 0x3f80]);
});

type Numbers = Uint16Array & Iterable<number>;
const { Float16Array } = globalThis as { readonly Float16Array?: { of(...numbers: number[]): Numbers } };

describe.runIf(Float16Array !== undefined)('Float16Array', () => {
  const of = (...numbers: number[]) => Float16Array!.of(...numbers);
  const expected = gelu(new Tensor([-1, 0, 2], { dtype: 'float16' }));

  it('says itself what it holds, and gives its like', () => {
    for (const options of [undefined, { dtype: 'float16' as const }]) {
      const y = gelu(of(-1, 0, 2), options);
      expect(Object.prototype.toString.call(y)).toBe('[object Float16Array]');
      expect([...y]).toEqual(expected.toArray());
    }
    expect(new Tensor(of(1, 2)).dtype).toBe('float16');
    expect(Tensor.from(of(1, 2), { dtype: 'bfloat16' }).toArray()).toEqual([1, 2]);
    expect(Tensor.zeros([2], { dtype: 'float16' }).data).toEqual(of(0, 0));
    expect(() => gelu(of(1), { dtype: 'bfloat16' })).toThrow(
      'gelu: dtype must be that of x, \'float16\', got "bfloat16"',
    );
  });

  it('may be out, also of bits', () => {
    const [x, bits] = [of(-1, 0, 2), new Uint16Array(3)];
    gelu(x, { out: bits });
    expect(new Tensor(bits, { dtype: 'float16' }).toArray()).toEqual(expected.toArray());
    expect(gelu(x, { out: x })).toBe(x);
    expect([...x]).toEqual(expected.toArray());
  });

  it('is added as a mask', () => {
    const x = new Tensor([1, 2, 3]);
    expect(softmax(x, { mask: of(0, -Infinity, 0) })).toEqual(softmax(x, { mask: Float32Array.of(0, -Infinity, 0) }));
    expect(x.maskedFill(of(0, -0, 1), 9).toArray()).toEqual([1, 2, 9]);
  });
});

// NaN in place of half of them before, where the slope is near its zero.
describe.each(dtypes)('a %s gradient of all numbers with an infinite grad', (dtype) => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const x = new Tensor(all, { dtype }).to('float64').data;
  const grad = new Uint16Array(all.length).fill(dtype === 'float16' ? 0xfc00 : 0xff80);
  // Of a slope too small for a double the zero has it; at -Infinity it is one.
  const signOf = (slope: number, x: number) => (Object.is(slope, -0) && x !== -Infinity ? -1 : Math.sign(slope));

  it.each([
    ['silu', siluGrad],
    ['gelu', geluGrad],
    ['mish', mishGrad],
  ] as const)('%s has the sign of the slope', (_, gradient) => {
    const slopes = gradient(new Float64Array(x.length).fill(1), x);
    for (const backend of backends()) {
      useBackend(backend);
      const dx = new Tensor(gradient(grad, all, { dtype }), { dtype }).to('float64').data;
      const wrong = Array.from(x.keys()).filter((i) => !Object.is(dx[i], -Infinity * signOf(slopes[i]!, x[i]!)));
      expect(wrong, backend).toEqual([]);
    }
  });
});

it('says of which function memory has gone', () => {
  const bits = Uint16Array.of(0, 0);
  const x = new Tensor(bits, { dtype: 'float16' });
  structuredClone(bits, { transfer: [bits.buffer] });
  const message = (name: string, what: string) =>
    new TypeError(`${name}: ${what}: data is detached: its buffer was transferred`);
  expect(() => relu(x)).toThrow(message('relu', 'x'));
  expect(() => softmax(x)).toThrow(message('softmax', 'x'));
  expect(() => geluGrad(x, new Tensor([1, 2], { dtype: 'float16' }))).toThrow(message('geluGrad', 'grad'));
});

describe.each(backends())('%s, of one memory under two buffers', (backend) => {
  it.each([5, 128, 129, 3000])('comes out right, or throws before it writes: %d', (count) => {
    useBackend(backend);
    for (const apart of [-3, 3]) {
      const memory = new SharedArrayBuffer(2 * (count + 3));
      const from = new Uint16Array(memory, apart < 0 ? 6 : 0, count);
      const out = new Uint16Array(structuredClone(memory), apart < 0 ? 0 : 6, count);
      for (let i = 0; i < count; i++) from[i] = 0x3c00 + i;
      const before = from.slice();
      const expected = [...gelu(before, { dtype: 'float16' })];
      try {
        gelu(from, { dtype: 'float16', out });
        expect([...out]).toEqual(expected);
      } catch (error) {
        expect(String(error)).toBe('RangeError: gelu: out overlaps part of x; it may be x itself or separate memory');
        expect([...from]).toEqual([...before]);
      }
    }
  });

  it.each([5, 200])('asks no class where an array lies, or to be written: %d', (count) => {
    class Odd extends Uint16Array {
      override get byteOffset() {
        return 0;
      }
      override get length() {
        return 1;
      }
      override set() {}
      override subarray(): never {
        throw new Error('not to be called');
      }
    }
    useBackend(backend);
    const memory = new ArrayBuffer(2 * (count + 3));
    const [x, out] = [new Odd(memory, 0, count), new Odd(memory, 6, count)];
    for (let i = 0; i < count; i++) x[i] = 0x3c00 + i;
    const expected = [...gelu(new Uint16Array(memory, 0, count), { dtype: 'float16' })];
    expect(gelu(x as Uint16Array, { dtype: 'float16', out: out as Uint16Array })).toBe(out);
    expect([...new Uint16Array(memory, 6, count)]).toEqual(expected);
    expect(new Tensor(x, { dtype: 'float16', shape: [count] }).slice(0, 1).sum().item()).toBeGreaterThan(0);
  });
});

it.each([16, 3000])('an out that begins within x, both all of their memory, of %i elements', (count) => {
  for (const backend of backends()) {
    useBackend(backend);
    const memory = new Tensor(Float32Array.from({ length: count + 1 }, (_, i) => Math.sin(i) * 4)).to('bfloat16')
      .data as Uint16Array;
    const over = (first: number) =>
      new Tensor(new Uint16Array(memory.buffer, 2 * first, count), { dtype: 'bfloat16', shape: [2, count / 2] });
    const [x, out] = [over(0), over(1)];
    for (const call of [tanh, softmax]) {
      const expected = call(x.clone()).toArray();
      expect(call(x, { out })).toBe(out);
      expect(out.toArray()).toEqual(expected);
    }
  }
});

it('an out that says it is not to be written', () => {
  const x = new Tensor([1, 2], { dtype: 'float16' });
  const out = Object.assign(x.clone(), { readonly: true });
  expect(() => tanh(x, { out })).toThrow(new TypeError('tanh: out is marked READONLY'));
  expect(out.toArray()).toEqual([1, 2]);
});
