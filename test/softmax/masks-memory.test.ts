// Where a mask lies: in the memory of x or of out, in steps of its own, and after another one.
import { afterAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';

const { Tensor, softmax } = nonlin;
type Tensor = nonlin.Tensor;

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

const elements = (x: Tensor) => Array.from(x.contiguous().data);
const sizeOf = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1);

describe.each(nonlin.backends())('%s', (backend) => {
  it('a mask may lie in the memory of out, and out over a part of x is refused', () => {
    nonlin.useBackend(backend);
    const x = Float32Array.from(random('float32', 300, 4));
    const expected = softmax(x, { mask: Uint8Array.from(x, (_, i) => Number(i < 200 || i % 3 > 0)) });
    const memory = new ArrayBuffer(1200);
    const mask = new Uint8Array(memory, 0, 300).map((_, i) => Number(i < 200 || i % 3 > 0));
    new Uint8Array(memory).set(mask);
    expect(softmax(x, { mask: new Uint8Array(memory, 0, 300), out: new Float32Array(memory) })).toEqual(expected);
    const both = new Float32Array(301);
    expect(() => softmax(both.subarray(1), { out: both.subarray(0, 300), temperature: 2 })).toThrow(RangeError);
  });

  it('a mask for all rows may lie in the first row of out', () => {
    nonlin.useBackend(backend);
    const x = new Tensor(Float32Array.from(random('float32', 700, 4)), { shape: [70, 10] });
    const memory = new Float32Array(700).fill(-Infinity, 3, 4);
    const mask = memory.subarray(0, 10);
    const expected = softmax(x, { mask: mask.slice() });
    expect(softmax(x, { mask, out: new Tensor(memory, { shape: [70, 10] }) }).equals(expected)).toBe(true);
  });

  it('a mask of one entry, or with a stride of 0, serves all entries of an array, whatever lies behind it', () => {
    nonlin.useBackend(backend);
    const x = Float32Array.of(1, 2, 3, 4);
    const data = Uint8Array.of(1, 0, 0, 0);
    for (const mask of [
      new Tensor([0, -Infinity, 0, 0]).slice(0, 0, 1),
      { data, shape: [1], strides: [1] },
      { data, shape: [4], strides: [0] },
    ])
      expect(softmax(x, { mask })).toEqual(softmax(x));
  });

  it('a mask serves after one for another dimension, for another x, or of another shape', () => {
    nonlin.useBackend(backend);
    for (const [shape, own, dim] of [
      [[40, 30], [40, 30], 1],
      [[40, 30], [40, 30], 0],
      [[40, 30], [1, 30], 0],
      [[2, 20, 30], [2, 1, 30], 2],
      [[2, 18, 30], [2, 1, 30], 2],
    ] as const) {
      const x = new Tensor(Float32Array.from(random('float32', sizeOf(shape), 4)), { shape });
      const data = Uint8Array.from({ length: sizeOf(own) }, (_, i) => Number(i % 3 > 0));
      const everywhere = Tensor.zeros(shape).add(Tensor.from(data, { shape: own }));
      const dropped = { data: Uint8Array.from(everywhere.data, (kept) => 1 - kept), shape };
      const expected = softmax(x.maskedFill(dropped, -Infinity), { dim });
      expect(softmax(x, { mask: { data, shape: own }, dim }).allClose(expected, { equalNan: true })).toBe(true);
    }
  });

  it('a copy of the members of a mask is followed whose lists JavaScript changes', () => {
    nonlin.useBackend(backend);
    const shape = [40, 30];
    const x = new Tensor(Float32Array.from(random('float32', 1200, 4)), { shape });
    const data = Float32Array.from({ length: 1200 }, (_, i) => -(i % 7));
    const strides = [30, 1];
    const members = { data, shape, strides, offset: 0, size: 1200 };
    const mask = Object.assign(Object.create(Tensor.prototype), members) as Tensor;
    for (const now of [
      [30, 1],
      [1, 40],
    ]) {
      strides.splice(0, 2, ...now);
      const added = x.add(new Tensor({ data, shape, strides: now }));
      expect(softmax(x, { mask }).allClose(softmax(added))).toBe(true);
    }
  });

  it('x, a mask and out may be parts of one memory, and a mask is one for all rows or has an order of its own', () => {
    nonlin.useBackend(backend);
    for (const length of [10, 100, 300]) {
      const shape = [70, length];
      const count = 70 * length;
      const memory = new ArrayBuffer(16 * count);
      const x = new Float32Array(memory, 0, count);
      x.set(random('float32', count, 4));
      const out = new Tensor(new Float32Array(memory, 4 * count, count), { shape });
      const turned = new Uint8Array(memory, 8 * count, count).map((_, i) => Number(i % 3 > 0));
      new Uint8Array(memory, 8 * count, count).set(turned);
      const one = new Float32Array(memory, 12 * count, length);
      one.set(Float32Array.from(one, (_, j) => (j % 3 === 1 ? -Infinity : j % 3 === 2 ? -1e9 : 0)));
      const masks = [
        { data: new Uint8Array(memory, 8 * count, count), shape, strides: [1, 70], offset: 0 },
        { data: one, shape: [length] },
      ];
      for (const mask of masks) {
        const everywhere = Tensor.zeros(shape).add(new Tensor({ ...mask, data: Float32Array.from(mask.data) }));
        const own =
          mask.data instanceof Uint8Array ? { data: Uint8Array.from(everywhere.data), shape } : everywhere.clone();
        const expected = softmax(new Tensor(x.slice(), { shape }), { mask: own });
        expect(softmax(new Tensor(x, { shape }), { mask, out })).toBe(out);
        expect(out.equals(expected)).toBe(true);
      }
    }
  });

  it('a mask in the memory of out that no buffer tells of is read before it is written, or refused', () => {
    nonlin.useBackend(backend);
    for (const size of [4, 400]) {
      const memory = new SharedArrayBuffer(4 * size);
      const mask = new Uint8Array(structuredClone(memory), 0, 2);
      mask.set([1, 0]);
      const x = new Tensor(new Float32Array(size), { shape: [size / 2, 2] });
      const out = new Tensor(new Float32Array(memory), { shape: [size / 2, 2] });
      try {
        expect(elements(softmax(x, { mask, out }))).toEqual(Array.from({ length: size }, (_, i) => 1 - (i % 2)));
      } catch (error) {
        expect(error).toEqual(new RangeError('softmax: out overlaps the mask'));
      }
    }
  });
});
