// The .node file's calls on operands with strides: whatever JavaScript passes ends in an exception, never in a read or a write elsewhere.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockOf, call, headerBytes, strided } from '../support/raw.js';

const f32 = (n: number) => new Float32Array(n);

describe.each(Object.entries(strided))('strided %s', (_, { kind, inputs }) => {
  /** A dimension: its length, and its step in each array. */
  type Dimension = readonly [length: number, ...steps: number[]];
  const record = (first: readonly number[], dims: readonly Dimension[], rank = dims.length, bytes = 400) => {
    const block = blockOf({ kind, op: 0, length: 1 }, bytes);
    const numbers = [rank, ...first, 0, 0, 0].slice(0, 4);
    for (const dim of dims) numbers.push(...[...dim, 0, 0, 0].slice(0, 4));
    new Float64Array(block, headerBytes).set(numbers.slice(0, (bytes - headerBytes) / 8));
    return block;
  };
  /** The same steps in every array. */
  const even = (length: number, step: number): Dimension => [length, ...Array(inputs + 1).fill(step)];
  const firsts = (first: number) => Array(inputs + 1).fill(first);
  const arrays = (length = 24) => Array.from({ length: inputs + 1 }, () => f32(length));
  const columns = [even(4, 6), even(6, 1)];

  it('follows its steps, and goes nowhere else', () => {
    const all = arrays();
    all[inputs]!.fill(7);
    expect(call(record(firsts(1), [even(3, 6), even(2, 2)]), ...all)).toBe(true);
    const written = [...all[inputs]!.keys()].filter((place) => all[inputs]![place] !== 7);
    expect(written).toEqual([1, 3, 7, 9, 13, 15]);
    call(record(firsts(23), [even(4, -6), even(6, -1)]), ...all);
    expect(all[inputs]!.includes(7)).toBe(false);
  });

  it('refuses steps that lead out of any array, and what are no steps', () => {
    const wrong: [readonly number[], readonly Dimension[], number?, number?][] = [
      [firsts(1), columns],
      [firsts(-1), columns],
      [firsts(Number.NaN), columns],
      [firsts(2 ** 53), columns],
      [firsts(2 ** 63), columns],
      ...[0, -1, 5, 2 ** 31, 2 ** 53, 2 ** 63, Number.NaN, Number.POSITIVE_INFINITY].map(
        (length): [readonly number[], readonly Dimension[]] => [firsts(0), [even(length, 6), even(6, 1)]],
      ),
      ...[-6, 7, 2 ** 53, -(2 ** 62), Number.NaN, Number.NEGATIVE_INFINITY].map(
        (step): [readonly number[], readonly Dimension[]] => [firsts(0), [even(4, step), even(6, 1)]],
      ),
      // More elements than there are places, and more than any number counts.
      [firsts(0), [even(25, 0)]],
      [firsts(0), [even(2 ** 40, 0), even(2 ** 40, 0)]],
      [firsts(0), columns, 65],
      [firsts(0), columns, -1],
      [firsts(0), columns, Number.NaN],
      // Dimensions that the block does not hold have no length.
      [firsts(0), columns, 2, headerBytes + 40],
    ];
    for (const [first, dims, rank, bytes] of wrong) {
      const all = arrays();
      all[inputs]!.fill(7);
      expect(() => call(record(first, dims, rank, bytes), ...all), JSON.stringify([first, dims])).toThrow(RangeError);
      expect(all[inputs]!.every((value) => value === 7)).toBe(true);
    }
    for (let place = 0; place <= inputs; place++) {
      const short = arrays().with(place, f32(23));
      expect(() => call(record(firsts(0), columns), ...short)).toThrow(RangeError);
      const other = (arrays() as unknown[]).with(place, new Float64Array(24));
      expect(() => call(record(firsts(0), columns), ...other)).toThrow(TypeError);
    }
    expect(() => call(record(firsts(0), columns))).toThrow(TypeError);
    expect(() => call(record(firsts(0), columns), ...arrays().slice(1))).toThrow(TypeError);
  });

  it('says false, and writes nothing, where the result lies among an input in other places', () => {
    const both = f32(30).fill(7);
    const all = [...Array.from({ length: inputs }, () => both.subarray(0, 24)), both.subarray(6)];
    expect(call(record(firsts(0), columns), ...all)).toBe(false);
    expect(both).toEqual(f32(30).fill(7));
  });

  it('survives anything', () => {
    const array = fc.oneof(fc.float32Array({ maxLength: 40 }), fc.float64Array({ maxLength: 40 }), fc.anything());
    const number = fc.oneof(fc.integer({ min: -3, max: 6 }), fc.double());
    fc.assert(
      fc.property(
        fc.nat(2),
        fc.nat(1),
        fc.array(number, { minLength: 24, maxLength: 24 }),
        fc.array(array, { minLength: 2, maxLength: 5 }),
        (how, op, numbers, all) => {
          const block = new ArrayBuffer(400);
          new Int32Array(block).set([0, kind, op, how]);
          new Float64Array(block, headerBytes).set(numbers);
          try {
            call(block, ...all);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

it('strided slices are short enough for a block', () => {
  const { kind } = strided.slices;
  const block = blockOf({ kind }, 400);
  new Float64Array(block, headerBytes).set([1, 0, 0, 0, 16385, 1, 1, 0]);
  expect(() => call(block, f32(16385), f32(16385))).toThrow(RangeError);
  new Float64Array(block, headerBytes).set([1, 0, 0, 0, 16384, 1, 1, 0]);
  expect(call(block, f32(16385), f32(16385))).toBe(true);
  new Float64Array(block, headerBytes).set([0]);
  expect(() => call(block, f32(1), f32(1))).toThrow(RangeError);
});
