// Gates against what they are made of: an activation, and a product of which each element is rounded once.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { gateBy, gateGradientBy, gateNames, gates as table } from '../../../lib/functions/gates.js';
import * as nonlin from '../../../lib/index.js';
import { expectSame } from '../../support/same.js';

const { Tensor } = nonlin;
type Tensor = nonlin.Tensor;
const backend = nonlin.info().backend;
afterEach(() => nonlin.useBackend(backend));

type Float = Float32Array | Float64Array;
type Two = (a: Float, b: Float, options?: object) => Float;
type Gradients = (grad: Float, a: Float, b: Float, options?: object) => [Float, Float];
type Halves = (x: unknown, options?: object) => Float;

const gates = [
  { name: 'reglu', of: nonlin.relu, slope: nonlin.reluGrad },
  { name: 'geglu', of: nonlin.gelu, slope: nonlin.geluGrad },
  { name: 'swiglu', of: nonlin.silu, slope: nonlin.siluGrad },
] as unknown as { name: string; of: (x: Float, o?: object) => Float; slope: Two }[];
const two = (name: string) => (nonlin as unknown as Record<string, Two>)[name]!;
const gradients = (name: string) => (nonlin as unknown as Record<string, Gradients>)[`${name}Grad`]!;

// Around a small call, a block and what several threads share.
const lengths = [0, 1, 7, 127, 128, 129, 1000, 1024, 1025, 5000, 140_000];
const numbers = (Floats: typeof Float32Array | typeof Float64Array, length: number, seed: number) =>
  new Floats(length).map((_: number, i: number) => 6 * Math.sin(i * 1.7 + seed) + (i % 97 === 0 ? -20 : 0));

describe.each(nonlin.backends())('%s', (name) => {
  describe.each([
    [Float32Array, 'fast'],
    [Float32Array, 'exact'],
    [Float64Array, 'fast'],
  ] as const)('%o %s', (Floats, precision) => {
    it.each(gates)('$name is the activation times the other input', ({ name: gate, of, slope }) => {
      nonlin.useBackend(name);
      for (const length of name === 'js' ? lengths.slice(0, -1) : lengths) {
        const [g, a, b] = [1, 2, 3].map((seed) => numbers(Floats, length, seed)) as [Float, Float, Float];
        const product = (x: Float, y: Float) => x.map((value, i) => value * y[i]!) as Float;
        const expected = product(of(a, { precision }), b);
        expectSame(two(gate)(a, b, { precision }), expected);
        const slopes = slope(product(g, b), a, { precision });
        const values = product(g, of(a, { precision }));
        const both = ([first, second]: [Float, Float]) => {
          expectSame(first, slopes);
          expectSame(second, values);
        };
        both(gradients(gate)(g, a, b, { precision }));

        for (const into of [a, b]) {
          const [from, by] = [a.slice(), b.slice()];
          const out = into === a ? from : by;
          expect(two(gate)(from, by, { precision, out })).toBe(out);
          expectSame(out, expected);
        }
        const [dg, da, db] = [g.slice(), a.slice(), b.slice()];
        both(gradients(gate)(dg, da, db, { precision, out: [db, da] }));
        const inGrad = g.slice();
        both(gradients(gate)(inGrad, a, b, { precision, out: [inGrad, a.slice()] }));
      }
    });
  });

  it('the two gradients may be views of one array, if they share no element', () => {
    nonlin.useBackend(name);
    for (const dtype of ['float32', 'float16'] as const) {
      const a = new Tensor([1, 2], { dtype });
      const expected = nonlin.swigluGrad(a, a, a).map((one) => one.toArray());
      for (const stride of [1, 2]) {
        const { data } = Tensor.zeros([8], { dtype });
        const at = (offset: number) => new Tensor({ data, shape: [2], strides: [stride], offset }, { dtype });
        const out = [at(0), at(4)] as const;
        const y = nonlin.swigluGrad(a, a, a, { out });
        expect([y[0] === out[0], y[1] === out[1]]).toEqual([true, true]);
        expect(out.map((one) => one.toArray())).toEqual(expected);
        for (const meeting of [at(0), at(stride)])
          expect(() => nonlin.swigluGrad(a, a, a, { out: [at(0), meeting] })).toThrow(
            new RangeError('swigluGrad: the two results share memory; each needs its own'),
          );
      }
    }
  });

  const loose = nonlin.swigluGrad as unknown as (...args: unknown[]) => readonly unknown[];

  it('the two gradients may be columns of one matrix', () => {
    nonlin.useBackend(name);
    for (const dtype of ['float32', 'float16'] as const) {
      const [a, b] = [1, 2].map((k) => new Tensor(numbers(Float32Array, 200, k), { shape: [10, 20] }).to(dtype));
      const half = (x: nonlin.Tensor<'float16' | 'float32'>, k: number) => x.slice(1, 10 * k, 10 * k + 10);
      const [grad, both] = [half(b!, 1), Tensor.zeros([10, 20], { dtype })];
      const expected = loose(grad, half(a!, 0), half(a!, 1));
      loose(grad, half(a!, 0), half(a!, 1), { out: [half(both, 0), half(both, 1)] });
      for (const k of [0, 1]) expect(half(both, k).toArray()).toEqual((expected[k] as Tensor).toArray());
      expect(() => loose(grad, grad, grad, { out: [both.slice(1, 0, 10), both.slice(1, 9, 19)] })).toThrow(
        'the two results share memory',
      );
    }
  });

  it('the two gradients may lie between each other, whatever the steps of what has one entry', () => {
    nonlin.useBackend(name);
    const a = new Tensor(numbers(Float32Array, 5, 1), { shape: [1, 5] });
    const data = new Float32Array(10);
    const out = [7, 10].map((step, offset) => new Tensor({ data, shape: [1, 5], strides: [step, 2], offset }));
    const expected = nonlin.swigluGrad(a, a, a);
    loose(a, a, a, { out });
    for (const k of [0, 1]) expect(out[k]!.toArray()).toEqual(expected[k]!.toArray());
  });

  it('gradients are left in what is like a tensor, unless it may only be read', () => {
    nonlin.useBackend(name);
    const a = new Tensor([1, 2]);
    const like = (more: object = {}) => ({ data: new Float32Array(2), shape: [2], strides: [1], offset: 0, ...more });
    const out = [like(), like()] as const;
    const y = loose(a, a, a, { out });
    expect([y[0] === out[0], y[1] === out[1]]).toEqual([true, true]);
    expect(out.map(({ data }) => data)).toEqual(loose(a, a, a).map((one) => (one as Tensor).data));
    const only = [like({ readonly: true }), like({ flags: { READONLY: true } })];
    for (const one of only)
      for (const both of [
        [one, like()],
        [like(), one],
      ])
        expect(() => loose(a, a, a, { out: both })).toThrow(new TypeError('swigluGrad: out is marked READONLY'));
    expect(only.every(({ data }) => data.every((value) => value === 0))).toBe(true);
  });

  it('an out that takes the memory of an input away is found before anything is written', () => {
    nonlin.useBackend(name);
    for (const place of [0, 1]) {
      const memory = Float32Array.of(1, 1);
      const [grad, x] = [new Tensor(memory), new Tensor([1, 2])];
      const [taken, other] = [new Float32Array(2), new Float32Array(2)];
      const taking = {
        get data() {
          structuredClone(memory, { transfer: [memory.buffer] });
          return taken;
        },
        shape: [2],
      };
      const out = place === 0 ? [taking, new Tensor(other)] : [new Tensor(other), taking];
      expect(() => nonlin.swigluGrad(grad, x, x, { out: out as never })).toThrow('swigluGrad: grad: data is detached');
      expect([...taken, ...other]).toEqual([0, 0, 0, 0]);
    }
  });

  it.each([64, 600, 2000])('a gradient over a part of any input is refused, and none is written: %i', (count) => {
    nonlin.useBackend(name);
    const [x, y] = [1, 0].map((value) => new Float32Array(count).fill(value)) as [Float32Array, Float32Array];
    const memory = new Float32Array(count + 1).fill(1);
    const [input, over] = [memory.subarray(0, count), memory.subarray(1)];
    const overlap = (what: string) =>
      new RangeError(`swigluGrad: out overlaps part of ${what}; it may be ${what} itself or separate memory`);
    for (const out of [
      [over, y],
      [y, over],
    ] as const) {
      expect(() => nonlin.swigluGrad(input, x, x, { out })).toThrow(overlap('grad'));
      expect(() => nonlin.swigluGrad(x, input, x, { out })).toThrow(overlap('gate'));
      expect(() => nonlin.swigluGrad(x, x, input, { out })).toThrow(overlap('up'));
    }
    expect([memory.every((value) => value === 1), y.every((value) => value === 0)]).toEqual([true, true]);
    const [expected] = nonlin.swigluGrad(x, x, x);
    expectSame(nonlin.swigluGrad(input, x, x, { out: [memory.subarray(0, count), y] })[0], expected);
  });

  it('memory that a getter of grad takes away is found to be gone', () => {
    nonlin.useBackend(name);
    const taking = (memory: Float32Array, data: Float32Array) => ({
      get data() {
        structuredClone(memory, { transfer: [memory.buffer as ArrayBuffer] });
        return data;
      },
      shape: [data.length],
    });
    const [up, out] = [Float32Array.of(3, 4), new Float32Array(2)];
    const x = new Tensor([1, 2]);
    expect(() => nonlin.swigluGrad(taking(up, Float32Array.of(1, 1)), x, new Tensor(up))).toThrow(
      new TypeError('swigluGrad: up: data is detached: its buffer was transferred'),
    );
    expect(() => nonlin.gluGrad(taking(out, Float32Array.of(1)), x, { out: new Tensor(out) })).toThrow(
      new TypeError('gluGrad: out: data is detached: its buffer was transferred'),
    );
  });
});

it('exact gates have the same bits in native code and TypeScript', () => {
  const [g, a, b] = [1, 2, 3].map((seed) => numbers(Float32Array, 3000, seed)) as [Float, Float, Float];
  const all = nonlin.backends().map((name) => {
    nonlin.useBackend(name);
    return [nonlin.geglu(a, b, { precision: 'exact' }), ...nonlin.gegluGrad(g, a, b, { precision: 'exact' })];
  });
  for (const one of all) expect(one).toEqual(all[0]);
});

describe('of the halves of one input', () => {
  const shapes = [[8], [2, 6], [3, 4, 2], [2, 1, 2]];
  const cases = shapes.flatMap((shape) => shape.flatMap((extent, dim) => (extent % 2 === 0 ? [{ shape, dim }] : [])));
  const at = (lists: unknown, index: readonly number[]) => index.reduce((list, i) => (list as unknown[])[i], lists);
  const indices = (shape: readonly number[]): number[][] =>
    shape.reduce<number[][]>((all, n) => all.flatMap((one) => Array.from({ length: n }, (_, i) => [...one, i])), [[]]);

  it.each(cases)('of $shape along $dim', ({ shape, dim }) => {
    const size = shape.reduce((a, b) => a * b);
    const x = new Tensor(numbers(Float32Array, size, 1), { shape });
    const half = shape.map((extent, i) => (i === dim ? extent / 2 : extent));
    const value = (index: readonly number[], second: boolean) =>
      at(x.toArray(), second ? index.map((i, d) => (d === dim ? i + half[dim]! : i)) : index) as number;
    const one = (f: (x: Float) => Float, v: number) => f(Float32Array.of(v))[0]!;
    for (const { gate, wanted } of [
      { gate: nonlin.glu, wanted: (a: number, b: number) => a * one(nonlin.sigmoid, b) },
      { gate: nonlin.reglu, wanted: (a: number, b: number) => one(nonlin.relu, a) * b },
    ] as unknown as { gate: Halves; wanted: (a: number, b: number) => number }[]) {
      for (const input of [x, x.clone().transpose(0, -1).contiguous().transpose(0, -1)]) {
        const y = gate(input, { dim }) as unknown as nonlin.Tensor;
        expect(y.shape).toEqual(half);
        for (const index of indices(half)) {
          const expected = Math.fround(wanted(value(index, false), value(index, true)));
          expect(at(y.toArray(), index), `${index}`).toBe(expected);
        }
      }
    }
  });

  it('a typed array is cut in the middle', () => {
    const [a, b] = [Float32Array.of(1, -2, 3), Float32Array.of(4, 5, 6)];
    const x = Float32Array.of(...a, ...b);
    expect(nonlin.geglu(x)).toEqual(nonlin.geglu(a, b));
    expect(nonlin.geglu(x, { approximate: 'tanh' })).toEqual(nonlin.geglu(a, b, { approximate: 'tanh' }));
    expect(nonlin.glu(x)).toEqual(Float32Array.from(nonlin.sigmoid(b), (gate, i) => gate * a[i]!));
    const g = Float32Array.of(1, 2, 3);
    const [da, db] = nonlin.gegluGrad(g, a, b);
    expect(nonlin.gegluGrad(g, x)).toEqual(Float32Array.of(...da, ...db));
  });

  it('the gradient has the shape of x, and goes where it is wanted', () => {
    for (const dim of [0, 1]) {
      const x = new Tensor(numbers(Float64Array, 24, 1), { shape: [4, 6] });
      const shape = dim === 0 ? [2, 6] : [4, 3];
      const g = new Tensor(numbers(Float64Array, 12, 2), { shape });
      const y = nonlin.gluGrad(g, x, { dim });
      expect(y.shape).toEqual([4, 6]);
      // By differences of the sum of grad * glu.
      const loss = (at: nonlin.Tensor) =>
        (nonlin.glu(at, { dim }).mul(g).toArray() as number[][]).flat().reduce((a, b) => a + b);
      const slopes = Array.from({ length: 24 }, (_, i) => {
        const moved = (by: number) => {
          const data = x.data.slice();
          data[i]! += by;
          return loss(new Tensor(data, { shape: [4, 6] }));
        };
        return (moved(1e-6) - moved(-1e-6)) / 2e-6;
      });
      (y.toArray() as number[][]).flat().forEach((value, i) => {
        expect(value).toBeCloseTo(slopes[i]!, 6);
      });
      const out = new Tensor(new Float64Array(24), { shape: [6, 4] }).transpose(0, 1);
      expect(nonlin.gluGrad(g, x, { dim, out })).toBe(out);
      expect(out.equals(y)).toBe(true);
    }
  });
});

describe('refuses', () => {
  const f32 = (n: number) => new Float32Array(n);
  const gone = () => {
    const x = f32(4);
    structuredClone(x, { transfer: [x.buffer] });
    return x;
  };
  it.each([
    [
      'halves that there are none of',
      () => nonlin.glu(f32(3)),
      RangeError,
      'glu: x has 3 elements, of which there are no halves',
    ],
    [
      'halves of an odd dimension',
      () => nonlin.reglu(new Tensor([[1, 2, 3]])),
      RangeError,
      'reglu: x has shape [1, 3], of which there are no halves',
    ],
    [
      'two inputs for halves of one',
      () => nonlin.glu(f32(4), f32(4) as never),
      TypeError,
      'glu takes x and one object of options, got also Float32Array of 4; x holds both halves, along dim',
    ],
    [
      'three for the gradient of halves',
      () => nonlin.gluGrad(f32(2), f32(4), f32(4) as never),
      TypeError,
      'gluGrad takes grad, x and one object of options, got also Float32Array of 4',
    ],
    [
      'an output of the length of no half',
      () => nonlin.glu(f32(4), { out: f32(3) }),
      RangeError,
      'glu: out has 3 elements but a half of x has 2',
    ],
    [
      'a gradient of the length of no half',
      () => nonlin.swigluGrad(f32(3), f32(4)),
      RangeError,
      'swigluGrad: grad has 3 elements but a half of x has 2',
    ],
    [
      'inputs of two lengths',
      () => nonlin.reglu(f32(3), f32(4)),
      RangeError,
      'reglu: up has 4 elements but gate has 3',
    ],
    [
      'inputs of two types',
      () => nonlin.reglu(f32(3), new Float64Array(3) as never),
      TypeError,
      'reglu: up must be a Float32Array like gate',
    ],
    ['a gate of none', () => nonlin.reglu(gone(), f32(4)), TypeError, 'reglu: gate is detached'],
    ['halves of none', () => nonlin.swiglu(gone()), TypeError, 'swiglu: x is detached'],
    ['a layer of none', () => new nonlin.GLU()(gone()), TypeError, 'GLU: x is detached'],
    ['a gradient of none', () => nonlin.gluGrad(gone(), f32(4)), TypeError, 'gluGrad: grad is detached'],
    [
      'inputs of two types',
      () => nonlin.reglu(f32(3), new Float64Array(3)),
      TypeError,
      'reglu: up must be a Float32Array',
    ],
    ['what is no input', () => nonlin.reglu(f32(3), 'x' as never), TypeError, 'reglu: up must be a Float32Array'],
    [
      'dim of two inputs',
      () => nonlin.reglu(f32(3), f32(3), { dim: 0 } as never),
      TypeError,
      'there is no option `dim`',
    ],
    ['a dim that there is not', () => nonlin.glu(f32(4), { dim: 1 }), RangeError, 'glu: '],
    [
      'results in one memory',
      () => {
        const out = f32(3);
        return nonlin.regluGrad(f32(3), f32(3), f32(3), { out: [out, out] });
      },
      RangeError,
      'regluGrad: the two results share memory; each needs its own',
    ],
    [
      'one result for two gradients',
      () => nonlin.regluGrad(f32(3), f32(3), f32(3), { out: f32(3) as never }),
      TypeError,
      'regluGrad: out must be an array of two',
    ],
  ])('%s', (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});

it('takes beside a Tensor of one dimension an array, but not a Tensor beside an array', () => {
  const [a, b] = [Float32Array.of(1, 2), Float32Array.of(3, 4)];
  expect(nonlin.swiglu(new Tensor(a), b)).toEqual(new Tensor(nonlin.swiglu(a, b)));
  expect(() => nonlin.swiglu(a, new Tensor(b))).toThrow('swiglu: up must be a Float32Array like gate, got a Tensor');
  expect(() => nonlin.swiglu(new Tensor(a, { shape: [1, 2] }), b)).toThrow(
    'swiglu: up has shape [2] but gate has [1, 2]; pass new Tensor(up, { shape: [1, 2] })',
  );
  const bits = Uint16Array.of(0, 0);
  expect(() => nonlin.swiglu(new Tensor(a).to('float16'), bits)).toThrow('up must be a Tensor of float16 like gate');
});

it('takes any two arrays of one length, whatever is in them', () => {
  const value = fc.oneof(fc.float(), fc.constantFrom(NaN, Infinity, -Infinity, -0));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { maxLength: 200 }), (pairs) => {
      const [a, b] = [0, 1].map((k) => Float32Array.from(pairs, (pair) => pair[k]!)) as [Float, Float];
      const expected = Float32Array.from(nonlin.relu(a) as Float32Array, (gate, i) => gate * b[i]!);
      expect(nonlin.reglu(a, b)).toEqual(expected);
    }),
  );
});

describe('layers', () => {
  const x = new Tensor(new Float32Array(24).map((_, i) => Math.sin(i) * 4)).view([2, 3, 4]);
  const grad = new Tensor(new Float32Array(12).map((_, i) => i - 5)).view([2, 3, 2]);
  it.each([
    ['GLU(dim=-1)', new nonlin.GLU(), nonlin.glu, nonlin.gluGrad, {}],
    ['ReGLU(dim=-1)', new nonlin.ReGLU(), nonlin.reglu, nonlin.regluGrad, {}],
    [
      'SwiGLU(beta=1.702, dim=-1)',
      new nonlin.SwiGLU({ beta: 1.702 }),
      nonlin.swiglu,
      nonlin.swigluGrad,
      { beta: 1.702 },
    ],
    [
      "GEGLU(approximate='tanh', dim=-1)",
      new nonlin.GEGLU({ approximate: 'tanh' }),
      nonlin.geglu,
      nonlin.gegluGrad,
      { approximate: 'tanh' },
    ],
  ] as unknown as [string, nonlin.Layer, Halves, Two, object][])('%s', (text, layer, f, slope, options) => {
    expect(String(layer)).toBe(text);
    expect(layer(x)).toEqual(f(x, options));
    expect(layer.backward(grad)).toEqual((slope as unknown as Halves & Two)(grad as never, x as never, options));
  });

  it('along another dimension, and no longer sure of an input that the result lies in', () => {
    const layer = new nonlin.GLU({ dim: 0 });
    expect(layer.dim).toBe(0);
    expect(layer(x)).toEqual(nonlin.glu(x, { dim: 0 }));
    const flat = Float32Array.of(1, 2, 3, 4);
    new nonlin.GLU().forward(flat, { out: flat.subarray(2) });
    expect(flat.subarray(0, 2)).toEqual(Float32Array.of(1, 2));
    for (const overwriting of [new nonlin.ReGLU(), new nonlin.GLU()])
      for (const half of [0, 2]) {
        overwriting(flat);
        overwriting(flat, { out: flat.subarray(half, half + 2) });
        expect(() => overwriting.backward(Float32Array.of(1, 1))).toThrow('lies among its input');
      }
  });

  it('refuse what their functions refuse', () => {
    expect(() => new nonlin.GLU({ dim: 0.5 } as never)).toThrow(new TypeError('GLU: dim must be an integer, got 0.5'));
    expect(() => new nonlin.GEGLU({ approximate: 'erf' } as never)).toThrow(TypeError);
    expect(() => new nonlin.GLU()(Float32Array.of(1, 2, 3))).toThrow(/^GLU: x has 3 elements/);
    const half = Float32Array.of(1);
    for (const second of [half, [1], new nonlin.Tensor(half)])
      expect(() => new nonlin.SwiGLU()(half, second as never)).toThrow(
        /^SwiGLU takes one input, .* of two inputs there is the function swiglu\(a, b\)$/,
      );
  });
});

it('two parameters must be together what their function asks for', () => {
  const x = Float32Array.of(1, -1);
  const options = { alpha: 1e30, gamma: 1e30 };
  const wrong = 'alpha * gamma must be between 2^-60 and 2^60';
  const seluglu = { by: 'selu', gating: 'first', layer: 'SeluGLU' } as const;
  expect(() => gateBy('seluglu', seluglu)(x, x, options)).toThrow(`seluglu: ${wrong}`);
  expect(() => gateGradientBy('selugluGrad', seluglu)(x, x, x, options)).toThrow(`selugluGrad: ${wrong}`);
});

it('of the table are all exported, with their gradients and layers', () => {
  const exported = nonlin as unknown as Record<string, unknown>;
  const [x, grad] = [Float32Array.of(1, -2, 3, 0.5), Float32Array.of(1, 2)];
  for (const name of gateNames) {
    const [f, slope] = [exported[name] as Halves, exported[`${name}Grad`] as Two];
    const layer = new (exported[table[name].layer] as new () => nonlin.Layer)();
    expect(layer(x)).toEqual(f(x));
    expect(layer.backward(grad)).toEqual(slope(grad, x));
    expect(String(layer)).toContain(`${table[name].layer}(`);
  }
});
