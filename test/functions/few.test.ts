// Calls on few elements of Tensors: views of every kind give the bits of a contiguous copy, and what cannot be read or written is refused.
import { afterAll, describe, expect, it } from 'vitest';
import { casesOf, signatures } from '../../lib/activations/signatures.js';
import { activationNames } from '../../lib/activations/table.js';
import * as nonlin from '../../lib/index.js';

const { Tensor } = nonlin;
type Tensor = nonlin.Tensor;
type Floats = Float32Array | Float64Array;
type Resizable = ArrayBuffer & { resize(bytes: number): void };
const resizable = (bytes: number) =>
  new (ArrayBuffer as unknown as new (bytes: number, options: object) => Resizable)(bytes, { maxByteLength: bytes });

/** 64 numbers, seen in a layout. */
const view = (data: Floats, shape: number[], strides: number[], offset: number) =>
  new Tensor({ data, shape, strides, offset });
const numbers = (Floats: typeof Float32Array | typeof Float64Array, from: number) =>
  new Floats(64).map((_, i) => Math.sin(from + i) * 4);

const layouts: Record<string, [shape: number[], strides: number[], offset: number]> = {
  whole: [[8, 8], [8, 1], 0],
  'a part that is contiguous': [[2, 8], [8, 1], 8],
  transposed: [[8, 8], [1, 8], 0],
  'a slice': [[3, 4], [8, 1], 10],
  'rows backwards': [[4, 5], [-8, 1], 40],
  'columns backwards': [[4, 5], [8, -1], 15],
  'both backwards': [[8, 8], [-8, -1], 63],
  'every other': [[4, 4], [16, 2], 1],
  'one dimension': [[7], [9], 0],
  'one dimension backwards': [[7], [-9], 63],
  'a number': [[], [], 5],
  'three dimensions': [[2, 3, 4], [32, 1, 8], 3],
  nothing: [[0, 4], [4, 1], 0],
};
const stretched: typeof layouts = { 'a row stretched': [[4, 8], [0, 1], 8], 'a column stretched': [[8, 4], [8, 0], 3] };

const functions: Record<string, (x: nonlin.Tensor, other: nonlin.Tensor, options: object) => nonlin.Tensor> = {
  tanh: (x, _, options) => nonlin.tanh(x, options),
  'elu with an alpha': (x, _, options) => nonlin.elu(x, { ...options, alpha: 2 }),
  'gelu, exactly': (x, _, options) => nonlin.gelu(x, { ...options, precision: 'exact' }),
  siluGrad: (x, other, options) => nonlin.siluGrad(other, x, options),
  'eluGrad with an alpha': (x, other, options) => nonlin.eluGrad(other, x, { ...options, alpha: 2 }),
  swiglu: (x, other, options) => nonlin.swiglu(x, other, options),
  softmax: (x, _, options) => nonlin.softmax(x, options),
  'logSoftmax over the first': (x, _, options) => nonlin.logSoftmax(x, { ...options, dim: 0 }),
  'a layer': (x, _, options) => new nonlin.Sigmoid()(x, options),
  'a layer backward': (x, other, options) => new nonlin.Mish().backward(other, x, options),
};
const takesTwo = /Grad|swiglu|backward/;
const bits = (x: nonlin.Tensor) => Buffer.from(x.contiguous().data.slice().buffer).toString('hex');
const elements = (x: nonlin.Tensor) => bits(x.clone());

describe.each([Float32Array, Float64Array])('%o', (Floats) => {
  describe.each(Object.entries(functions))('%s', (name, call) => {
    it.each(Object.entries({ ...layouts, ...stretched }))('of %s, into each layout', (_, [shape, strides, offset]) => {
      const [x, other] = [
        view(numbers(Floats, 0), shape, strides, offset),
        view(numbers(Floats, 9), shape, strides, offset),
      ];
      const expected = call(x.clone(), other.clone(), {});
      const y = call(x, other, {});
      expect(y.shape).toEqual(x.shape);
      expect(y.isContiguous()).toBe(true);
      expect(elements(y)).toBe(elements(expected));
      // One of them contiguous.
      expect(elements(call(x.clone(), other, {}))).toBe(elements(expected));
      expect(elements(call(x, other.clone(), {}))).toBe(elements(expected));
      for (const into of Object.values(layouts)) {
        if (String(into[0]) !== String(shape)) continue;
        const data = new Floats(64).fill(7);
        const out = view(data, ...into);
        expect(call(x, other, { out })).toBe(out);
        expect(elements(out)).toBe(elements(expected));
        expect(data.filter((value) => value !== 7).length).toBeLessThanOrEqual(out.size);
      }
      // In its own place.
      if (Object.values(stretched).some(([own]) => own === shape)) return;
      const own = view(numbers(Floats, 0), shape, strides, offset);
      call(own, other, { out: own });
      expect(elements(own)).toBe(elements(expected));
    });

    it('refuses an out that overlaps itself, has another dtype or another shape, and writes nothing', () => {
      const x = view(numbers(Floats, 0), [4, 4], [1, 8], 0);
      const Other = Floats === Float32Array ? Float64Array : Float32Array;
      for (const input of [x, x.clone()])
        for (const [data, shape, strides] of [
          [new Floats(64), [4, 4], [0, 1]],
          [new Floats(64), [4, 4], [2, 2]],
          [new Other(64), [4, 4], [1, 8]],
          [new Other(16), [4, 4], [4, 1]],
          [new Floats(64), [2, 8], [1, 8]],
          [new Floats(64), [2, 8], [8, 1]],
        ] as const) {
          const out = view(data, [...shape], [...strides], 0);
          expect(() => call(input, x, { out })).toThrow(/out/);
          expect(data.every((value) => value === 0)).toBe(true);
        }
    });

    it('refuses a contiguous out over a part of a contiguous input, and writes nothing', () => {
      const data = numbers(Floats, 0);
      // Two of the rows, as a part of all of them and as memory of their own.
      const rows = (first: number) => [
        view(data, [2, 8], [8, 1], 8 * first),
        new Tensor(data.subarray(8 * first, 8 * first + 16), { shape: [2, 8] }),
      ];
      const apart = view(numbers(Floats, 9), [2, 8], [8, 1], 8);
      for (const x of rows(1))
        for (const out of [...rows(0), ...rows(2)]) {
          expect(() => call(x, apart, { out })).toThrow(/out overlaps part of/);
          if (takesTwo.test(name)) expect(() => call(apart, x, { out })).toThrow(/out overlaps part of/);
        }
      // Also where that is one element.
      for (const [first, second] of [
        [0, 15],
        [15, 0],
      ] as const) {
        const x = new Tensor(data.subarray(first, first + 16), { shape: [2, 8] });
        expect(() => call(x, apart, { out: view(data, [2, 8], [8, 1], second) })).toThrow(/out overlaps part of/);
      }
      expect(data).toEqual(numbers(Floats, 0));
    });

    it('refuses another input of another shape of as many elements', () => {
      if (!takesTwo.test(name)) return;
      const x = view(numbers(Floats, 0), [2, 8], [8, 1], 8);
      for (const shape of [[16], [8, 2], [1, 16]]) {
        const other = new Tensor(new Floats(16), { shape });
        for (const input of [x, x.clone()])
          for (const out of [undefined, x.clone()])
            expect(() => call(input, other, out === undefined ? {} : { out })).toThrow(/has shape .* but /);
      }
    });

    it('refuses memory that has shrunk below an element at either end', () => {
      for (const [shape, strides, offset] of Object.values(layouts).filter(([shape]) => !shape.includes(0))) {
        const buffer = resizable(64 * Floats.BYTES_PER_ELEMENT);
        const x = view(new Floats(buffer), shape, strides, offset);
        const whole = view(numbers(Floats, 0), shape, strides, offset).clone();
        expect(() => call(x, x, {})).not.toThrow();
        // The last place of them all.
        const last = Math.max(...places(shape, strides, offset));
        if (last === 0) continue;
        buffer.resize(last * Floats.BYTES_PER_ELEMENT);
        expect(() => call(x, x, {})).toThrow(RangeError);
        expect(() => call(whole, whole, { out: x })).toThrow(RangeError);
        buffer.resize((last + 1) * Floats.BYTES_PER_ELEMENT);
        expect(() => call(x, x, { out: x })).not.toThrow();
      }
    });

    it('takes a view behind a Proxy', () => {
      const x = view(numbers(Floats, 0), [4, 4], [1, 8], 0);
      const shown = new Proxy(x, {});
      expect(elements(call(shown, x, {}))).toBe(elements(call(x, x, {})));
      expect(elements(call(shown, shown, { out: shown }))).toBe(elements(x));
    });
  });
});

describe('layers', () => {
  it('keep the input of a call into memory of its own, and not what it is written over', () => {
    const data = numbers(Float32Array, 0);
    const x = view(data, [4, 4], [1, 8], 0);
    for (const input of [x, x.clone(), data]) {
      const layer = new nonlin.Sigmoid();
      const out = input instanceof Tensor ? input.clone() : input.slice();
      layer(input, { out });
      expect(layer.backward(out)).toEqual(nonlin.sigmoidGrad(out, input));
      const own = input instanceof Tensor ? input.clone() : input.slice();
      layer(own, { out: own });
      expect(() => layer.backward(out)).toThrow(/the output of the last forward lies among its input/);
    }
  });

  it('refuse a dimension that an array does not have, and a dtype that is not its own', () => {
    const x = Float32Array.of(1, 2, 3);
    expect(() => new nonlin.Softmax({ dim: 1 })(x)).toThrow('Softmax: dim must be in [-1, 0] for shape [3], got 1');
    expect(() => new nonlin.GELU()(x, { dtype: 'float64' })).toThrow("GELU: dtype must be that of x, 'float32'");
  });
});

/** Where a layout's elements lie. */
function places(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  return shape.reduce(
    (before, size, dim) => before.flatMap((at) => Array.from({ length: size }, (_, k) => at + k * strides[dim]!)),
    [offset],
  );
}

it('an out that is marked READONLY is refused, of few elements as of many', () => {
  for (const size of [16, 400]) {
    const x = new Tensor(new Float32Array(size).fill(1));
    const out = Object.assign(new Tensor(new Float32Array(size)), { flags: { READONLY: true } });
    for (const f of [nonlin.sigmoid, nonlin.softmax]) expect(() => f(x, { out })).toThrow(/out is marked READONLY$/);
    expect(out.data.every((value) => value === 0)).toBe(true);
  }
});

it.each(activationNames.filter((row) => row !== 'prelu'))(
  '%s of few elements is that of many, by each sample',
  (row) => {
    const many = numbers(Float32Array, 1);
    const all = Float32Array.from({ length: 640 }, (_, i) => many[i % 64]!);
    for (const { name, own, label } of casesOf(row))
      for (const precision of ['fast', 'exact'] as const) {
        const options = Object.fromEntries(signatures[name].own.map((option, i) => [option, own[i]]));
        const call = { ...options, precision } as object;
        const f = nonlin[name] as (x: Floats | Tensor, options: object) => Floats & Tensor;
        const grad = nonlin[`${name}Grad` as 'reluGrad'] as (g: Floats, x: Floats, options: object) => Floats;
        expect(f(many, call), label).toEqual(f(all, call).slice(0, 64));
        expect(f(new Tensor(many), call).data, label).toEqual(f(all, call).slice(0, 64));
        expect(grad(many, many, call), label).toEqual(grad(all, all, call).slice(0, 64));
      }
  },
);

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

describe.each(nonlin.backends())('what %s refuses', (backend) => {
  const options = [
    ...[null, '1', 0, -1, Number.NaN, Infinity, 1e-60, true, [1]].map((temperature) => ({ temperature })),
    ...[null, 'none', 0].map((empty) => ({ empty })),
    ...[2, 0.5, '0', null, {}].map((dim) => ({ dim })),
    ...[null, 1, [1, 0], new Float64Array(2), new Float32Array(3), { data: new Uint8Array(2), shape: [3] }].map(
      (mask) => ({
        mask,
      }),
    ),
    { precision: 'double', temperature: 2 },
  ];

  it.each(['softmax', 'logSoftmax', 'softmin'] as const)('%s of few as of many', (name) => {
    nonlin.useBackend(backend);
    const said = (rows: number, given: object) => {
      try {
        (nonlin[name] as (x: object, options: object) => unknown)(nonlin.Tensor.zeros([rows, 2]), given);
        return 'nothing';
      } catch (error) {
        return String(error).replaceAll(/\[(?:4|200), 2\]/g, '[rows, 2]');
      }
    };
    const wrong = options.filter((given) => said(4, given) === 'nothing' || said(4, given) !== said(200, given));
    expect(wrong).toEqual([]);
  });
});
