// The .node file's calls on slices, under conditions and by channels: what does not fit ends in an exception.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockOf, call, channels, conditioned, headerBytes, kinds, logParts, raw } from '../support/raw.js';

const f32 = (n: number) => new Float32Array(n);
const { softmax } = kinds;

it('softmax refuses slices that do not fit', () => {
  const sizes = [0, -1, 3, 7, 0.5, 2.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, -(2 ** 63), Infinity, NaN];
  for (const size of sizes)
    for (const record of [{ length: size }, { inner: size }, { length: size, inner: size }]) {
      expect(() => raw({ kind: softmax, ...record }, f32(4), f32(4))).toThrow(RangeError);
      expect(() => call(blockOf({ kind: softmax, count: 4, ...record }, 128))).toThrow(RangeError);
    }
});

it('the parts of a logarithm: refuses what does not fit', () => {
  const f64 = (n: number) => new Float64Array(n);
  const record = { kind: logParts, length: 3 };
  const [maxima, logs] = [f64(2), f64(2)];
  raw(record, Float32Array.of(1, 2, 3, 0, 0, 0), maxima, logs);
  expect([...maxima]).toEqual([3, 0]);
  expect(logs[1]).toBeCloseTo(Math.log(3), 6);
  // Behind the record: 6 float32 in the place of as many float64, and the parts of 2 slices in 6 more each.
  const small = { ...record, count: 6 };
  const block = blockOf(small, headerBytes + 3 * 6 * 8);
  new Float32Array(block, headerBytes).set([1, 2, 3, 0, 0, 0]);
  call(block);
  const doubles = new Float64Array(block, headerBytes);
  expect([...doubles.subarray(6, 8), ...doubles.subarray(12, 14)]).toEqual([...maxima, ...logs]);
  expect(() => call(blockOf(small, headerBytes + 3 * 6 * 8 - 8))).toThrow(RangeError);
  expect(() => call(blockOf({ ...small, count: 7 }, 512))).toThrow(RangeError);
  expect(() => raw(record, f32(6), f64(2))).toThrow(TypeError);
  expect(() => raw(record, f32(6), f32(2), f64(2))).toThrow(TypeError);
  expect(() => raw(record, f64(6), f64(2), f64(2))).toThrow(TypeError);
  expect(() => raw(record, f32(6), f64(2), f64(3))).toThrow(RangeError);
  expect(() => raw(record, f32(7), f64(2), f64(2))).toThrow(RangeError);
  expect(() => raw(record, f32(6), maxima, maxima)).toThrow(RangeError);
  const both = new ArrayBuffer(48);
  expect(() => raw(record, new Float32Array(both, 0, 6), new Float64Array(both, 16, 2), logs)).toThrow(RangeError);
  for (const length of [0, -1, 4, 0.5, NaN, 2 ** 53])
    expect(() => raw({ ...record, length }, f32(6), f64(2), f64(2))).toThrow(RangeError);
});

describe('conditions', () => {
  // How the mask lies, behind the record; each of 6 slices of 4 in x has flags of its own, unless said.
  const plain = { flags: 2, temperature: 1, along: 1, beside: 0, steps: [[6, 4]], length: 4, inner: 1 };
  const record = (conditions: Partial<typeof plain>, bytes = 400) => {
    const { flags, temperature, along, beside, steps, length, inner } = { ...plain, ...conditions };
    const block = blockOf({ kind: conditioned, length, inner, a: temperature }, bytes);
    new Int32Array(block)[5] = flags;
    if (bytes >= 400)
      new Float64Array(block, headerBytes).set([along, beside, steps.length, ...steps.flat()].slice(0, 42));
    return block;
  };
  const mask = Uint8Array.from({ length: 24 }, (_, i) => Number(i % 4 !== 1));

  it('are those of few elements behind the record too, with a mask behind them that is all there', () => {
    for (const [Floats, how] of [
      [Float32Array, 0],
      [Float32Array, 1],
      [Float64Array, 2],
    ] as const)
      for (const flags of [0, 1, 2, 3, 6, 7, 10, 15])
        for (const [length, inner] of [
          [4, 1],
          [2, 3],
          [24, 1],
        ] as const) {
          const inputs = 1 + (flags & 1);
          const bytes = 24 * Floats.BYTES_PER_ELEMENT;
          const ofMask = (flags & 4) !== 0 ? bytes : (flags & 2) !== 0 ? 24 : 0;
          const numbers = Array.from({ length: inputs }, (_, k) =>
            new Floats(24).map((_, i) => Math.sin(i + 30 * k) * 3),
          );
          const added = new Floats(24).map((_, i) => (i % 5 === 2 ? -Infinity : Math.cos(i)));
          const given = (flags & 2) === 0 ? [] : [(flags & 4) !== 0 ? added : mask];
          const conditions = { flags, temperature: 0.75, length, inner, along: inner, beside: 1 };
          const steps = [[24 / (length * inner), length * inner]];
          const large = record({ ...conditions, steps });
          new Int32Array(large)[3] = how;
          const y = new Floats(24);
          call(large, ...numbers, y, ...given);

          const small = record(conditions, headerBytes + inputs * bytes + ofMask + 8);
          new Int32Array(small).set([how, 24], 3);
          for (const [k, array] of numbers.entries()) new Floats(small, headerBytes + k * bytes, 24).set(array);
          for (const one of given)
            new (one.constructor as typeof Floats)(small, headerBytes + inputs * bytes, 24).set(one as never);
          const cut = small.slice(0, headerBytes + inputs * bytes + ofMask - 1);
          call(small);
          expect(new Floats(small, headerBytes, 24), JSON.stringify({ how, ...conditions })).toEqual(y);
          expect(() => call(cut)).toThrow(RangeError);
          for (const wrong of [{ temperature: 0 }, { temperature: NaN }, { length: 5 }, { inner: 0 }]) {
            const refused = record({ ...conditions, ...wrong }, small.byteLength);
            new Int32Array(refused).set([how, 24], 3);
            expect(() => call(refused), JSON.stringify(wrong)).toThrow(RangeError);
          }
        }
  });

  it('follow the steps of a mask', () => {
    const y = f32(24);
    call(record({}), f32(24), y, mask);
    expect(y).toEqual(Float32Array.from(mask, (flag) => Math.fround(flag / 3)));
    call(record({ steps: [[6, 0]] }), f32(24), y, mask.subarray(0, 4));
    expect(y).toEqual(Float32Array.from(mask, (flag) => Math.fround(flag / 3)));
    call(record({ flags: 3 }), f32(24), f32(24).fill(NaN), y, mask);
    expect(y.every((value, i) => (i % 4 === 1 ? value === 0 : Number.isNaN(value) || value === 0))).toBe(true);
  });

  it('refuse a mask that does not reach, or lies in the results', () => {
    const wrong: Partial<typeof plain>[] = [
      ...[-1, 2, 2 ** 31, 2 ** 53, 2 ** 63, NaN, Infinity].map((along) => ({ along })),
      ...[
        [],
        [[6, 5]],
        [[5, 4]],
        [[7, 0]],
        [[6, -1]],
        [[0, 0]],
        [[2 ** 53, 0]],
        [
          [3, 2 ** 62],
          [2, 1],
        ],
        [[6, NaN]],
      ].map((steps) => ({ steps })),
      { steps: new Array(5).fill([1, 0]) },
      { inner: 2, beside: 20 },
      { length: 5 },
    ];
    for (const conditions of wrong)
      expect(() => call(record(conditions), f32(24), f32(24), mask), JSON.stringify(conditions)).toThrow(RangeError);
    for (const temperature of [0, NaN, Infinity])
      expect(() => call(record({ temperature }), f32(24), f32(24), mask)).toThrow(RangeError);
    expect(() => call(record({}, 100), f32(24), f32(24), mask)).toThrow(RangeError);
    expect(() => call(record({}), f32(24), f32(23), mask)).toThrow(RangeError);
    expect(() => call(record({}), f32(24), f32(24), f32(24))).toThrow(TypeError);
    expect(() => call(record({ flags: 6 }), f32(24), f32(24), mask)).toThrow(TypeError);
    expect(() => call(record({}), f32(24), f32(24))).toThrow(TypeError);
    expect(() => call(record({}))).toThrow(RangeError);
    const both = f32(24);
    expect(() => call(record({}), f32(24), both, new Uint8Array(both.buffer, 0, 24))).toThrow(RangeError);
    expect(() => call(record({}), both.subarray(0, 12), both.subarray(4, 16), mask)).toThrow(RangeError);
  });

  it('refuse a mask that ends one entry too early, along any of its steps', () => {
    const lies: Partial<typeof plain>[] = [
      {},
      { length: 2, inner: 2, along: 2, beside: 1 },
      { length: 2, inner: 2, along: 1, beside: 2 },
      {
        steps: [
          [2, 12],
          [3, 4],
        ],
      },
    ];
    for (const how of lies) {
      const y = f32(24).fill(7);
      expect(() => call(record(how), f32(24), y, mask.subarray(0, 23)), JSON.stringify(how)).toThrow(RangeError);
      expect(y).toEqual(f32(24).fill(7));
      call(record(how), f32(24), y, mask);
      expect(y.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
    // Of floats it has as many elements, not bytes.
    expect(() => call(record({ flags: 6 }), f32(24), f32(24), f32(23))).toThrow(RangeError);
  });

  it('are none where flags speak of a mask, and there is none', () => {
    for (const op of [0, 1]) {
      const [plain, flagged] = [f32(12), f32(12)];
      for (const [flags, y] of [
        [0, plain],
        [4, flagged],
        [12, flagged],
      ] as const) {
        const block = record({ flags, length: 3 });
        new Int32Array(block)[2] = op;
        call(block, f32(12), y);
        expect(y).toEqual(plain);
      }
    }
  });

  it('survive anything', () => {
    const array = fc.oneof(
      fc.float32Array({ maxLength: 40 }),
      fc.float64Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.anything(),
    );
    const number = fc.oneof(fc.integer({ min: -1, max: 6 }), fc.double());
    fc.assert(
      fc.property(
        fc.nat(31),
        fc.nat(2),
        fc.nat(1),
        fc.array(number, { minLength: 15, maxLength: 15 }),
        fc.array(array, { minLength: 2, maxLength: 5 }),
        (flags, how, op, numbers, arrays) => {
          const block = new ArrayBuffer(400);
          new Int32Array(block).set([0, conditioned, op, how, 0, flags]);
          new Float64Array(block, 32).set(numbers);
          try {
            call(block, ...arrays);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('channels', () => {
  const f64 = (n: number) => new Float64Array(n);
  const calls = [
    { kind: channels.value, place: 1, arrays: () => [f32(12), f32(3), f32(12)] },
    { kind: channels.gradient, place: 2, arrays: () => [f32(12), f32(12), f32(3), f32(12)] },
    { kind: channels.sums, place: 2, arrays: () => [f32(12), f32(12), f64(3)] },
  ];
  it.each(calls)('are as many as there are slopes or sums: $kind', ({ kind, place, arrays }) => {
    raw({ kind, length: 3, inner: 2 }, ...arrays());
    raw({ kind, length: 3, inner: 2 }, ...arrays().map((array, i) => (i === place ? array : array.subarray(0, 0))));
    for (const [length, inner] of [
      [4, 1],
      [3, 3],
      [3, 0],
      [0, 2],
      [NaN, 2],
      [3, 0.5],
      [2 ** 53, 2 ** 53],
    ])
      expect(() => raw({ kind, length: length!, inner: inner! }, ...arrays()), `${length}, ${inner}`).toThrow(
        RangeError,
      );
    for (let i = 0; i < arrays().length; i++) {
      const with_ = (value: unknown) => arrays().map((array, k) => (k === i ? value : array));
      for (const value of [
        undefined,
        1,
        {},
        new Int32Array(12),
        i === place && kind === channels.sums ? f32(3) : f64(12),
      ])
        expect(() => raw({ kind, length: 3, inner: 2 }, ...with_(value))).toThrow(TypeError);
      const more = i === place && kind === channels.sums ? f64(4) : f32(i === place ? 4 : 18);
      expect(() => raw({ kind, length: 3, inner: 2 }, ...with_(more))).toThrow(RangeError);
      expect(() => raw({ kind, length: 3, inner: 2 }, ...arrays().slice(0, i))).toThrow(Error);
    }
  });

  it.each(calls)('no result lies over another array: $kind', ({ kind, place, arrays }) => {
    const memory = new ArrayBuffer(256);
    const over = arrays();
    const last = over.length - 1;
    over[last] = last === place ? new Float64Array(memory, 0, 3) : new Float32Array(memory, 0, 12);
    for (let i = 0; i < last; i++) {
      const all = over.map((array, k) => (k === i ? new Float32Array(memory, 4, array.length) : array));
      expect(() => raw({ kind, length: 3, inner: 2 }, ...all)).toThrow(RangeError);
    }
  });

  it('a small call has a slope for each element, and none has sums', () => {
    const record = { kind: channels.value, count: 4, length: 4 };
    call(blockOf(record, 128));
    call(blockOf({ ...record, kind: channels.gradient }, 128));
    for (const wrong of [
      { length: 2 },
      { inner: 2 },
      { length: NaN },
      { count: 9, length: 9 },
      { count: 0, length: 0 },
    ])
      expect(() => call(blockOf({ ...record, ...wrong }, 128))).toThrow(RangeError);
    expect(() => call(blockOf({ ...record, kind: channels.sums }, 128))).toThrow(TypeError);
  });
});
