// Whose memory is read and written: arrays that answer wrongly for themselves, arrays whose memory is gone, and results that lie
// over their inputs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mostFew, mostFewDoubles } from '../../lib/backends/backend.js';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';

const { Tensor } = nonlin;
type Floats = Float32Array | Float64Array;
const Resizable = ArrayBuffer as unknown as new (
  bytes: number,
  options: object,
) => ArrayBuffer & { resize(bytes: number): void };
const dtypes = ['float32', 'float64'] as const;
const arrayOf = { float32: Float32Array, float64: Float64Array } as const;

const chosen = nonlin.info().backend;
afterAll(() => nonlin.useBackend(chosen));

// For relu in JavaScript, for a small call and for a large one.
const counts = [3, mostFewDoubles, mostFew, mostFew + 172];

/** Every function and gradient, as a function of x and an out; softmax also by columns. */
const functions = ['relu', 'sigmoid', 'tanh', 'gelu', 'softmax'] as const;
const gradients = ['reluGrad', 'sigmoidGrad', 'tanhGrad', 'geluGrad', 'softmaxGrad'] as const;
const loose = nonlin as unknown as Record<string, (...args: unknown[]) => Floats>;

/** Fails where the elements differ in a bit, whatever the arrays say of themselves. */
function expectSame(actual: Floats, expected: Floats, what: string): void {
  const bytes = (x: Floats) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  expect(Buffer.compare(bytes(actual), bytes(expected)), `${what}: ${Array.from(bytes(actual).slice(0, 64))}`).toBe(0);
}

describe.each(nonlin.backends())('%s', (backend) => {
  beforeAll(() => nonlin.useBackend(backend));

  describe.each(dtypes)('%s', (dtype) => {
    const FloatArray = arrayOf[dtype];
    const values = (count: number) => FloatArray.from(random(dtype, count, 8)) as Floats;

    // What an array may say of its length: all of them cost a call its values, or the calls after it theirs.
    const lies: [string, unknown][] = [
      ['an object', { valueOf: () => 2, toString: () => '2' }],
      ['more', 5000],
      ['less', 1],
      ['nothing', undefined],
      ['NaN', Number.NaN],
      ['text', '2'],
    ];
    const classes = lies.map(([what, said]) => {
      class Lying extends (FloatArray as typeof Float32Array) {
        override get length() {
          return said as number;
        }
      }
      return [what, (x: Floats) => new Lying(x as Float32Array) as Floats] as const;
    });
    const owners = lies.map(
      ([what, said]) =>
        [`${what}, itself`, (x: Floats) => Object.defineProperty(x, 'length', { value: said })] as const,
    );
    const throwing = [
      'an error',
      (x: Floats) =>
        Object.defineProperty(x, 'length', {
          get() {
            throw new Error('asked');
          },
        }),
    ] as const;

    it.each([...classes, ...owners, throwing])('takes arrays whose length says %s', (_, lying) => {
      for (const count of counts) {
        const [x, g] = [values(count), values(count).reverse() as Floats];
        for (const name of functions) {
          const expected = loose[name]!(x);
          expectSame(loose[name]!(lying(x.slice())), expected, name);
          expectSame(loose[name]!(x, { out: lying(x.slice()) }), expected, name);
          const both = lying(x.slice());
          expectSame(loose[name]!(both, { out: both }), expected, name);
        }
        for (const name of gradients) {
          const expected = loose[name]!(g, x);
          expectSame(loose[name]!(lying(g.slice()), lying(x.slice())), expected, name);
          expectSame(loose[name]!(g, x, { out: lying(x.slice()) }), expected, name);
        }
        const tensor = nonlin.softmax(new Tensor(lying(x.slice()), { shape: [1, count] }));
        expectSame(tensor.data, nonlin.softmax(x), 'a Tensor');
        // Of another length, whatever it says.
        expect(() => loose.tanh!(x, { out: lying(values(count + 1)) })).toThrow(
          new RangeError(`tanh: out has ${count + 1} elements but x has ${count}`),
        );
      }
    });
  });

  it('keeps nothing of an array for later calls', () => {
    const lengths = Array.from({ length: mostFew + 2 }, (_, length) => length);
    const honest = () => lengths.map((length) => loose.sigmoid!(Float32Array.from({ length }, (_, i) => i - 3)));
    const before = honest();
    for (const length of lengths) {
      let asked = 0;
      class Counting extends Float32Array {
        // Once a number, then something else, as a cache may see it.
        override get length() {
          return (asked++ % 2 === 0 ? length : { length }) as number;
        }
        override subarray(): never {
          throw new Error('called');
        }
      }
      loose.sigmoid!(new Counting(length));
      loose.sigmoid!(new Counting(length), { out: new Counting(length) });
    }
    expect(honest()).toEqual(before);
  });

  describe('memory that is gone', () => {
    const detach = <A extends Floats>(x: A): A => {
      structuredClone(x.buffer, { transfer: [x.buffer as ArrayBuffer] });
      return x;
    };
    const gone = () => detach(Float32Array.of(1, 2, 3));
    const some = () => Float32Array.of(1, 2, 3);
    const tensors: [string, (data: Float32Array) => unknown][] = [
      ['array', (data) => data],
      // Made while its memory was there.
      ['Tensor', (data) => Object.assign(new Tensor(some()), { data })],
      ['tensor-like', (data) => ({ data, dims: [data.length] })],
    ];
    const message = (name: string, what: string, kind: string) =>
      new TypeError(`${name}: ${what}${kind === 'array' ? '' : ': data'} is detached: its buffer was transferred`);

    it.each(tensors)('is refused in every argument: %s', (kind, as) => {
      for (const name of functions) {
        const f = loose[name]!;
        expect(() => f(as(gone())), name).toThrow(message(name, 'x', kind));
        expect(() => f(as(some()), { out: as(gone()) }), name).toThrow(message(name, 'out', kind));
        const both = as(gone());
        expect(() => f(both, { out: both }), name).toThrow(message(name, 'x', kind));
      }
      for (const name of gradients) {
        const f = loose[name]!;
        expect(() => f(as(some()), as(gone())), name).toThrow(message(name, 'x', kind));
        expect(() => f(as(gone()), as(some())), name).toThrow(message(name, 'grad', kind));
        expect(() => f(as(some()), as(some()), { out: as(gone()) }), name).toThrow(message(name, 'out', kind));
      }
    });

    it('is refused where nothing was in it, and where no element is asked for', () => {
      const empty = detach(new Float32Array(0));
      expect(() => nonlin.tanh(empty)).toThrow(message('tanh', 'x', 'array'));
      expect(() => nonlin.tanh(new Float32Array(0), { out: empty })).toThrow(message('tanh', 'out', 'array'));
      const data = some();
      const none = new Tensor({ data, shape: [2, 0], strides: [1, 1], offset: 0 });
      expect(nonlin.softmax(none).shape).toEqual([2, 0]);
      const part = new Tensor(data).slice(0, 0, 0);
      detach(data);
      expect(() => nonlin.softmax(none)).toThrow(message('softmax', 'x', 'Tensor'));
      expect(() => nonlin.relu(part)).toThrow(message('relu', 'x', 'Tensor'));
    });

    it('is not what an empty array has', () => {
      for (const name of functions) expect(loose[name]!(new Float64Array(0)), name).toEqual(new Float64Array(0));
      for (const name of gradients)
        expect(loose[name]!(new Float32Array(0), new Float32Array(0)), name).toEqual(new Float32Array(0));
      const out = new Float32Array(0);
      expect(nonlin.gelu(new Float32Array(0), { out })).toBe(out);
    });

    it('may be that of an array beyond the end of a buffer that has shrunk', () => {
      const buffer = new Resizable(32, { maxByteLength: 32 });
      const [first, last, rest] = [
        new Float32Array(buffer, 0, 4),
        new Float32Array(buffer, 16, 4),
        new Float32Array(buffer),
      ];
      buffer.resize(16);
      expect(nonlin.relu(first)).toEqual(new Float32Array(4));
      const outside = 'lies outside of its buffer, which has shrunk';
      expect(() => nonlin.relu(last)).toThrow(new RangeError(`relu: x ${outside}`));
      expect(() => nonlin.relu(first, { out: last })).toThrow(new RangeError(`relu: out ${outside}`));
      expect(() => nonlin.reluGrad(last, first)).toThrow(new RangeError(`reluGrad: grad ${outside}`));
      // It ends where its buffer does.
      buffer.resize(0);
      expect(nonlin.relu(rest)).toEqual(new Float32Array(0));
    });

    it('may be that of the last element of a Tensor in steps alone', () => {
      const buffer = new Resizable(28, { maxByteLength: 28 });
      const x = new Tensor({ data: new Float32Array(buffer), shape: [4], strides: [2] });
      expect(nonlin.sigmoid(x).toArray()).toEqual([0.5, 0.5, 0.5, 0.5]);
      buffer.resize(24);
      expect(() => nonlin.sigmoid(x)).toThrow(
        new RangeError('sigmoid: x: shape [4], strides [2], offset 0 reach elements 0 to 6, but data has 6'),
      );
    });

    it('may be taken away by a getter of a later argument', () => {
      for (const shape of [[4], [2, 2]]) {
        const strides = shape.length === 1 ? [1] : [1, 2];
        const x = Float32Array.of(1, 2, 3, 4);
        const result = new Float32Array(4).fill(7);
        const out = {
          shape,
          strides,
          offset: 0,
          get data() {
            detach(x);
            return result;
          },
        };
        expect(() => nonlin.sigmoid(new Tensor(x, { shape }), { out })).toThrow(message('sigmoid', 'x', 'Tensor'));
        expect(result).toEqual(new Float32Array(4).fill(7));
      }
    });
  });

  describe.each(dtypes)('two buffers over one memory: %s', (dtype) => {
    const FloatArray = arrayOf[dtype];
    const bytes = FloatArray.BYTES_PER_ELEMENT;

    /** Two arrays of `count` elements, the second of which begins `shift` elements after the first in the same memory. */
    const pairOf = (count: number, shift: number) => {
      const memory = new SharedArrayBuffer((count + Math.abs(shift)) * bytes);
      const [a, b] = [memory, structuredClone(memory)];
      expect(a).not.toBe(b);
      const at = (buffer: SharedArrayBuffer, first: number): Floats =>
        dtype === 'float32'
          ? new Float32Array(buffer, first * bytes, count)
          : new Float64Array(buffer, first * bytes, count);
      return [at(a, Math.max(0, -shift)), at(b, Math.max(0, shift))] as const;
    };
    const shifts = (count: number) => [1, -1, 2, -3, count >> 1, 1 - count];
    // Only the addon sees where memory lies; the others copy what they read.
    const copies = backend === 'js' || backend === 'wasm';
    const few = dtype === 'float32' ? mostFew : mostFewDoubles;
    const large = copies ? [] : [few + 1, few + 172];
    const right = copies ? [3, 20, 31, 32, few, few + 1, few + 172] : [3, 20, 31, 32, few];
    const calls: [string, object][] = [
      ...functions.map((name) => [name, {}] as [string, object]),
      ['softmax', { dim: 0 }],
    ];
    // Slices that are rows, and slices that are columns.
    const shaped = (x: Floats, columns: number) => new Tensor(x, { shape: [x.length / columns, columns] });

    it.each(right)('an out over part of x gets the right values: %i elements', (count) => {
      const values = FloatArray.from(random(dtype, count, 8));
      for (const shift of shifts(count)) {
        for (const [name, options] of calls) {
          const columns = count % 4 === 0 ? 4 : 1;
          const run = (x: Floats, out?: Floats) =>
            loose[name]!(shaped(x, columns), { ...options, ...(out && { out: shaped(out, columns) }) });
          const [x, out] = pairOf(count, shift);
          x.set(values);
          run(x, out);
          expectSame(out, (run(values.slice()) as unknown as nonlin.Tensor).data, `${name}, ${shift}`);
        }
      }
    });

    it.each(right)('an out over part of x or grad gets the right gradient: %i elements', (count) => {
      const [values, slopes] = [FloatArray.from(random(dtype, count, 8)), FloatArray.from(random(dtype, count, 1))];
      for (const shift of shifts(count)) {
        for (const name of gradients) {
          const expected = loose[name]!(slopes, values);
          const [x, out] = pairOf(count, shift);
          x.set(values);
          loose[name]!(slopes, x, { out });
          expectSame(out, expected, `${name}, over x, ${shift}`);
          const [grad, over] = pairOf(count, shift);
          grad.set(slopes);
          loose[name]!(grad, values, { out: over });
          expectSame(over, expected, `${name}, over grad, ${shift}`);
          const [both, rest] = pairOf(count, shift);
          both.set(values);
          const squared = loose[name]!(values, values);
          loose[name]!(both, both, { out: rest });
          expectSame(rest, squared, `${name}, over both, ${shift}`);
        }
      }
    });

    it('an out that is x through another buffer is x', () => {
      for (const count of [3, few, few + 172]) {
        const values = FloatArray.from(random(dtype, count, 8));
        for (const name of functions) {
          const [x, out] = pairOf(count, 0);
          x.set(values);
          loose[name]!(x, { out });
          expectSame(out, loose[name]!(values), name);
        }
      }
    });

    it.runIf(large.length > 0).each(large)(
      'native code refuses it before anything is written: %i elements',
      (count) => {
        const values = FloatArray.from(random(dtype, count, 8));
        const other = values.slice();
        for (const shift of shifts(count)) {
          const [x, out] = pairOf(count, shift);
          x.set(values);
          const overlap = (name: string, what: string) =>
            new RangeError(`${name}: out overlaps part of ${what}; it may be ${what} itself or separate memory`);
          for (const name of functions) expect(() => loose[name]!(x, { out }), name).toThrow(overlap(name, 'x'));
          for (const name of gradients) {
            expect(() => loose[name]!(other, x, { out }), name).toThrow(overlap(name, 'x'));
            expect(() => loose[name]!(x, other, { out }), name).toThrow(overlap(name, 'grad'));
          }
          expectSame(x, values, `${shift}`);
        }
      },
    );
  });
});

describe('on the backend that serves', () => {
  beforeAll(() => nonlin.useBackend(chosen));

  it('refuses an out that lies over part of either input, of few elements too', () => {
    for (const count of [4, 1000]) {
      const memory = new Float32Array(count + 1);
      const [over, out] = [memory.subarray(0, count), memory.subarray(1)];
      const other = new Float32Array(count + 1).subarray(1);
      for (const call of [nonlin.sigmoidGrad, nonlin.swiglu, nonlin.softmaxGrad])
        for (const [a, b] of [
          [over, other],
          [other, over],
        ] as const)
          expect(() => call(a, b, { out })).toThrow(RangeError);
      expect(memory).toEqual(new Float32Array(count + 1));
    }
  });

  it('refuses a Tensor whose memory has shrunk to as many elements as it has, which are others', () => {
    const buffer = new Resizable(32, { maxByteLength: 32 });
    const x = new nonlin.Tensor(new Float32Array(buffer), { shape: [8] }).slice(0, 4);
    buffer.resize(16);
    expect(x.data.length).toBe(x.size);
    expect(() => nonlin.sigmoid(x)).toThrow(RangeError);
  });
});
