// Gates, softmax and PReLU of numbers of 16 bits: on every backend what float32 is in `exact`, rounded.
import { afterEach, describe, expect, it } from 'vitest';
import {
  backends,
  type DType,
  gegluGrad,
  gelu,
  geluGrad,
  glu,
  hardSigmoid,
  info,
  leakyRelu,
  logSoftmax,
  logSoftmaxGrad,
  prelu,
  preluGrad,
  Softmax,
  setThreads,
  silu,
  softmax,
  softmaxGrad,
  softmin,
  softminGrad,
  swiglu,
  Tensor,
  useBackend,
} from '../../../lib/index.js';

const one = { float16: 0x3c00, bfloat16: 0x3f80 };
const dtypes = ['float16', 'bfloat16'] as const;

afterEach(() => useBackend(backends()[0]!));

describe('gates, softmax and PReLU', () => {
  const calls: Record<string, (x: Tensor<DType>, g: Tensor<DType>, precision: 'fast' | 'exact') => Tensor<DType>> = {
    softmax: (x, _, precision) => softmax(x, { dim: 0, precision }),
    softmaxGrad: (x, g, precision) => softmaxGrad(g, x, { precision }),
    softmin: (x, _, precision) => softmin(x, { precision }),
    softminGrad: (x, g, precision) => softminGrad(g, x, { precision }),
    logSoftmaxMasked: (x, _, precision) =>
      logSoftmax(x, { mask: Uint8Array.from({ length: 12 }, (_, i) => i % 5), temperature: 2, precision }),
    glu: (x, _, precision) => glu(x, { precision }),
    swiglu: (x, g, precision) => swiglu(x, g, { precision }),
    gegluGrad: (x, g, precision) => gegluGrad(g, x, x, { precision })[1] as Tensor<DType>,
    prelu: (x, _, precision) => prelu(x, { weight: [0.25, 0.5, 1], channelDim: 0, precision }),
    preluGrad: (x, g, precision) => preluGrad(g, x, { weight: [0.25, 0.5, 1], channelDim: 0, precision }),
  };
  it.each(Object.keys(calls))('%s: as float32 is exactly, rounded to 16 bits, on every backend', (name) => {
    for (const dtype of dtypes) {
      const values = (seed: number) =>
        Array.from({ length: 3 }, (_, i) => [0, 1, 2, 3].map((j) => 4 * Math.sin(seed + 5 * i + j)));
      const [x, g] = [new Tensor(values(1), { dtype }), new Tensor(values(2), { dtype })];
      for (const backend of backends()) {
        useBackend(backend);
        const expected = calls[name]!(x.to('float32'), g.to('float32'), 'exact').to(dtype);
        const y = calls[name]!(x, g, 'fast');
        expect([y.dtype, y.shape]).toEqual([dtype, expected.shape]);
        expect(y.toArray()).toEqual(expected.toArray());
      }
    }
  });

  it('softmax of slices of any size and layout: the same, in place, gradients and threads included', () => {
    const before = info().threads;
    for (const dtype of dtypes)
      for (const [shape, dim] of [
        [[4, 4], 1],
        [[1000], 0],
        [[700, 7], 1],
        [[3, 1100], 1],
        [[2, 40000], -1],
        [[1, 17], 1],
        [[50, 17, 5], 1],
        [[3, 1000, 400], 1],
        [[40, 200, 3], 0],
      ] as const) {
        const size = shape.reduce((a: number, b) => a * b, 1);
        const values = (seed: number) =>
          new Tensor(
            Float32Array.from({ length: size }, (_, i) => 9 * Math.sin(i * i + seed)),
            { shape },
          ).to(dtype);
        const [x, g] = [values(1), values(2)];
        x.data[size >> 1] = dtype === 'float16' ? 0xfc00 : 0xff80;
        for (const f of [softmax, logSoftmax]) {
          const expected = f(x.to('float32'), { dim, precision: 'exact' }).to(dtype);
          for (const count of [1, 2]) {
            setThreads(count);
            expect(f(x, { dim }).equals(expected)).toBe(true);
          }
          const [same, view] = [x.clone(), new Tensor(new Uint16Array(2 * size), { dtype, shape: [...shape, 2] })];
          expect(f(same, { dim, out: same }).equals(expected)).toBe(true);
          expect(f(x, { dim, out: view.select(-1, 1) }).equals(expected)).toBe(true);
          expect(view.select(-1, 0).equals(new Tensor(new Uint16Array(size), { dtype, shape }))).toBe(true);
        }
        const expected = softmaxGrad(g.to('float32'), x.to('float32'), { dim, precision: 'exact' }).to(dtype);
        expect(softmaxGrad(g, x, { dim }).equals(expected)).toBe(true);
        const ofLogarithms = logSoftmaxGrad(g.to('float32'), x.to('float32'), { dim, precision: 'exact' }).to(dtype);
        expect(logSoftmaxGrad(g, x, { dim }).equals(ofLogarithms)).toBe(true);
        expect(softmaxGrad(g, x, { dim, out: g }).equals(expected)).toBe(true);
      }
    setThreads(before);
  });

  it('what floats leave open is decided in its place, and nothing behind the last one is written', () => {
    const guard = 0x1234;
    for (const dtype of dtypes)
      for (const f of [gelu, leakyRelu, silu])
        for (const count of [1025, 1030, 2049, 3077]) {
          const all = new Uint16Array(count + 40).fill(guard);
          // Subnormal halves, of which these give middles between two.
          for (let i = 0; i < count; i++) all[i] = 0x8001 + (i % 60) * 2;
          const x = all.subarray(0, count);
          const own = f === leakyRelu ? { negativeSlope: 0.5 } : {};
          const alone = x.map((bits) => f(Uint16Array.of(bits), { dtype, ...own })[0]!);
          f(x, { dtype, out: x, ...own });
          expect(x).toEqual(alone);
          expect(all.subarray(count).every((bits) => bits === guard)).toBe(true);
        }
    // Over a part of the incoming gradient, which is copied first, as x is.
    const [bits, of] = [new Uint16Array(3001), new Uint16Array(3000)].map((all) => all.map((_, i) => 0x3000 + i));
    const wanted = geluGrad(bits!.slice(0, 3000), of!, { dtype: 'float16' });
    expect(geluGrad(bits!.subarray(0, 3000), of!, { dtype: 'float16', out: bits!.subarray(1) })).toEqual(wanted);
    // What is over a middle between two halves by too little for a double.
    const options = { dtype: 'float16', alpha: 2 ** -80, beta: 0.5 + 2 ** -12 } as const;
    expect(hardSigmoid(Uint16Array.of(one.float16), options)[0]).toBe(0x3801);
  });

  it('add a mask of 16-bit floats, and never take it for one that keeps', () => {
    const x = new Tensor([1, 2, 3], { dtype: 'bfloat16' });
    const mask = new Tensor([0, -Infinity, 0], { dtype: 'bfloat16' });
    const expected = softmax(x.to('float32'), { mask: mask.to('float32'), precision: 'exact' }).to('bfloat16');
    expect(softmax(x, { mask }).equals(expected)).toBe(true);
    expect(softmax(x, { mask }).at(1)).toBe(0);
    const floats = softmax(x.to('float32'), { mask: mask.to('float32') });
    expect(softmax(x.to('float32'), { mask: mask as never }).equals(floats)).toBe(true);
  });

  it('fill out and take bits', () => {
    const x = new Tensor([[1, 2, 3, 4]], { dtype: 'bfloat16' });
    const out = new Tensor([[0, 0]], { dtype: 'bfloat16' });
    expect(swiglu(x, { out })).toBe(out);
    expect(out.equals(swiglu(x))).toBe(true);
    const bits = x.data as Uint16Array;
    const y = softmax(bits, { dtype: 'bfloat16' });
    expect(new Tensor(y, { dtype: 'bfloat16' }).equals(softmax(x.reshape(4)))).toBe(true);
    expect(new Softmax()(x).equals(softmax(x))).toBe(true);
    expect(() => softmax(Float32Array.of(1), { dtype: 'bfloat16' })).toThrow(/dtype must be that of x, 'float32'/);
  });
});
