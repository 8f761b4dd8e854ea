// logSumExp, logSoftmax and crossEntropy: what is lost where they are computed by their definitions, shapes, and errors.
import { afterEach, describe, expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import { mostFew, mostFewDoubles } from '../../lib/backends/backend.js';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';
import { expectSame } from '../support/same.js';

const { crossEntropy, crossEntropyGrad, Tensor } = nonlin;
const before = nonlin.info().backend;
afterEach(() => nonlin.useBackend(before));
const kinds = [Float32Array, Float64Array] as const;
const ulps = (Floats: (typeof kinds)[number], count: number) => count * (Floats === Float32Array ? 2 ** -23 : 2 ** -52);

describe.each(nonlin.backends())('%s', (name) => {
  describe.each(kinds)('%o', (Floats) => {
    // log1p(e^-d) by its series, which so small a number ends after three terms.
    const log1pExp = (d: number) => {
      const e = Math.exp(-d);
      return e - (e * e) / 2 + (e * e * e) / 3;
    };

    it('the largest share keeps its digits', () => {
      nonlin.useBackend(name);
      for (const d of [15, 20, 40, 80]) {
        for (const [x, at] of [
          [Floats.of(d, 0), 0],
          [Floats.of(-1e3, -1e3 + d), 1],
          [Floats.of(...new Array(40).fill(-Infinity), 0, d), 41],
        ] as const) {
          const y = nonlin.logSoftmax(x)[at]!;
          expect(Math.abs(y / -log1pExp(d) - 1), `${d} at ${at}`).toBeLessThan(ulps(Floats, 4));
        }
      }
    });

    it('the shift is not lost', () => {
      nonlin.useBackend(name);
      const y = nonlin.logSoftmax(Floats.of(2 ** 26, 2 ** 26 - 8, 2 ** 26));
      const expected = [-Math.LN2, -Math.LN2 - 8, -Math.LN2].map((v) => v - Math.log1p(Math.exp(-8) / 2));
      y.forEach((value, i) => {
        expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(ulps(Floats, 4));
      });
    });

    it('of as many entries as a small call has, and more, is what it is as a row of many', () => {
      nonlin.useBackend(name);
      const rounded = (value: number) => Floats.of(value)[0];
      for (const length of [mostFewDoubles, mostFew].flatMap((most) => [most - 1, most, most + 1, 2 * most])) {
        const x = Floats.from(random(Floats === Float32Array ? 'float32' : 'float64', length, 8));
        const rows = new Tensor(Floats.of(...x, ...x, ...x), { shape: [3, length] });
        expect(rounded(nonlin.logSumExp(x))).toBe(nonlin.logSumExp(rows).data[1]);
        expect(rounded(crossEntropy(x, 5))).toBe(crossEntropy(rows, [5, 5, 5], { reduction: 'none' }).data[1]);
      }
    });

    it('entries that are infinite or NaN', () => {
      nonlin.useBackend(name);
      for (const length of [2, 3, 10, 100]) {
        const all = (value: number) => new Floats(length).fill(value);
        const one = (value: number, rest: number) => all(rest).fill(value, length - 1);
        expect(nonlin.logSumExp(all(-Infinity))).toBe(-Infinity);
        expect(nonlin.logSoftmax(all(-Infinity))).toEqual(all(NaN));
        expect(nonlin.logSumExp(one(Infinity, 0))).toBe(Infinity);
        expect(nonlin.logSumExp(all(Infinity))).toBe(Infinity);
        expect(nonlin.logSoftmax(one(Infinity, 0))).toEqual(all(NaN));
        for (const rest of [0, -Infinity, Infinity]) {
          expect(nonlin.logSumExp(one(NaN, rest))).toBe(NaN);
          expect(nonlin.logSoftmax(one(NaN, rest))).toEqual(all(NaN));
        }
        expect(nonlin.logSumExp(one(3, -Infinity))).toBe(3);
        expect(nonlin.logSoftmax(one(3, -Infinity)).map((v) => v + 0)).toEqual(one(0, -Infinity));
      }
    });

    it('n equal entries: -log(n), and their sum', () => {
      nonlin.useBackend(name);
      for (const n of [1, 2, 3, 7, 10, 100, 1000, 40_000]) {
        for (const value of [0, -3.5, 1e4]) {
          const x = new Floats(n).fill(value);
          expect(Math.abs(nonlin.logSoftmax(x)[n - 1]! + Math.log(n))).toBeLessThanOrEqual(
            ulps(Floats, 2) * Math.log(n),
          );
          const sum = nonlin.logSumExp(x);
          expect(Math.abs(sum - (value + Math.log(n)))).toBeLessThanOrEqual(ulps(Floats, 1) * Math.abs(sum));
        }
      }
    });
  });

  // Kernels take another way from there on; wherever the entries lie, of rows and of columns, and whatever is beside them.
  it('a largest share around a half, in float32', () => {
    nonlin.useBackend(name);
    for (const n of [2, 3, 15, 16, 17, 64, 100, 257, 1000, 33_000]) {
      for (const center of [0, 30, -130, 1e4, 1e5]) {
        for (const more of [-3, -0.1, 0, 0.1, 3, 50]) {
          const x = new Float32Array(n).fill(center);
          x[1] = center + Math.log(n - 1) + more;
          const rest = (n - 1) * Math.exp(center - x[1]!);
          const expected = x.map((value) => value - x[1]! - Math.log1p(rest));
          const inColumns = new Tensor(
            Float32Array.from({ length: 3 * n }, (_, i) => x[Math.floor(i / 3)]! + (i % 3 === 1 ? 0 : 500 * (i % 3))),
            { shape: [n, 3] },
          );
          const columns = nonlin.logSoftmax(inColumns, { dim: 0 }).data;
          for (const [what, y] of [
            ['row', nonlin.logSoftmax(x)],
            ['column', columns.filter((_, i) => i % 3 === 1)],
          ] as const)
            for (const i of [0, 1, n - 1])
              expect(ulpDistance(y[i]!, expected[i]!, 'float32'), `${what} of ${n}: ${center}, ${more}`).toBeLessThan(
                4,
              );
        }
      }
    }
  });

  it('rows give the bits of columns, at the lengths from which on they are added up in another way', () => {
    nonlin.useBackend(name);
    for (const n of [15, 16, 17, 63, 64, 65, 255, 256, 257, 300]) {
      const rows = 40;
      const data = Float32Array.from({ length: rows * n }, (_, i) => Math.sin(i * i) * (3 + (Math.floor(i / n) % 12)));
      // Of some rows an entry far above the others, whose own bits are nothing beside it.
      for (let i = 0; i < rows; i += 3) data[i * n + (i % n)]! += 4 + (i % 11);
      const x = new Tensor(data, { shape: [rows, n] });
      const columns = x.T.contiguous();
      expect(nonlin.logSoftmax(columns, { dim: 0 }).T.equals(nonlin.logSoftmax(x)), `logSoftmax of ${n}`).toBe(true);
      expect(nonlin.logSumExp(columns, { dim: 0 }).equals(nonlin.logSumExp(x)), `logSumExp of ${n}`).toBe(true);
    }
  });

  // A sum of losses is a double, and a weight multiplies before it becomes a float: both show what no float of a logarithm does.
  it('the loss of a row that is all but certain is the same in the first batch and in the last, as a row and as a column', () => {
    nonlin.useBackend(name);
    for (const n of [20, 50, 249, 300])
      for (const peak of [100, 110, 120]) {
        const rows = 130;
        const x = new Tensor(new Float32Array(rows * n), { shape: [rows, n] });
        for (let i = 0; i < rows; i++) x.data[i * n] = peak;
        const [classes, weight] = [new Int32Array(rows), new Float32Array(n).fill(1e30)];
        const losses = (x: InstanceType<typeof Tensor>, dim: number) =>
          nonlin.crossEntropy(x, classes, { dim, weight, reduction: 'none' }).data;
        const all = losses(x, 1);
        expect(all[0]).toBeGreaterThan(0);
        expect(new Set(all).size, `${n}, ${peak}`).toBe(1);
        expect(losses(x.T.contiguous(), 0)).toEqual(all);
        const one = nonlin.crossEntropy(x.slice(0, 0, 1), [0]);
        expect(nonlin.crossEntropy(x, classes) / one).toBeCloseTo(1, 12);
      }
  });

  it('many entries of no share come to something together, in float32', () => {
    nonlin.useBackend(name);
    for (const n of [1000, 30_000, 40_000])
      for (const center of [-17.9, 0, 300, 1e5]) {
        const x = new Float32Array(n).fill(center - 106);
        x[n - 1] = center;
        const expected = -(n - 1) * Math.exp(x[0]! - center);
        const columns = new Tensor(x, { shape: [n, 1] });
        for (const y of [nonlin.logSoftmax(x)[n - 1]!, nonlin.logSoftmax(columns, { dim: 0 }).data[n - 1]!])
          expect(Math.abs(y - expected), `${n} at ${center}`).toBeLessThanOrEqual(2 ** -148 + 2 ** -22 * -expected);
      }
  });

  it('an exact logSumExp of float32 is that of float64, rounded once', () => {
    nonlin.useBackend(name);
    const layer = new nonlin.LogSumExp({ precision: 'exact' });
    for (let length = 1; length < 200; length++) {
      const x = Float32Array.from(random('float32', length, 5));
      const expected = Math.fround(nonlin.logSumExp(Float64Array.from(x)));
      expect(nonlin.logSumExp(x, { precision: 'exact' }), `${length} entries`).toBe(expected);
      expect(layer(x)).toBe(expected);
    }
  });

  it('logSumExp is as near as its parts where they nearly cancel', () => {
    nonlin.useBackend(name);
    for (let i = 0; i < 3000; i++) {
      const count = 2 + (i % 40);
      const x = Float32Array.from(random('float32', count, 2), (value) => value - Math.log(count));
      const largest = Math.max(...x);
      const rest = x.reduce((sum, value) => sum + (value === largest ? 0 : Math.exp(value - largest)), 0);
      const truth = largest + Math.log1p(rest);
      const ulp = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(largest), Math.abs(truth)))) - 23);
      expect(Math.abs(nonlin.logSumExp(x) - truth), `${x}`).toBeLessThan(4 * ulp);
      expect(Math.abs(nonlin.logSumExp(x, { precision: 'exact' }) - truth), `${x}`).toBeLessThanOrEqual(0.501 * ulp);
    }
  });

  it('logSumExp over any dimensions', () => {
    nonlin.useBackend(name);
    const x = new Tensor(
      Float64Array.from({ length: 24 }, (_, i) => Math.sin(i) * 5),
      { shape: [2, 3, 4] },
    );
    const at = (i: number, j: number, k: number) => x.at(i, j, k) as number;
    const sum = (values: number[]) => Math.log(values.reduce((a, v) => a + Math.exp(v), 0));
    const span = (n: number) => Array.from({ length: n }, (_, i) => i);
    const close = (y: nonlin.Tensor, shape: number[], expected: number[]) => {
      expect(y.shape).toEqual(shape);
      expected.forEach((value, i) => {
        expect(y.contiguous().data[i]).toBeCloseTo(value, 12);
      });
    };
    const over2 = span(2).flatMap((i) => span(3).map((j) => sum(span(4).map((k) => at(i, j, k)))));
    const over1 = span(2).flatMap((i) => span(4).map((k) => sum(span(3).map((j) => at(i, j, k)))));
    const over02 = span(3).map((j) => sum(span(2).flatMap((i) => span(4).map((k) => at(i, j, k)))));
    close(nonlin.logSumExp(x), [2, 3], over2);
    close(nonlin.logSumExp(x, 1), [2, 4], over1);
    close(nonlin.logSumExp(x, { dim: -2, keepdim: true }), [2, 1, 4], over1);
    close(nonlin.logSumExp(x, { dim: [2, 0] }), [3], over02);
    close(nonlin.logSumExp(x, { dim: [0, -1], keepdim: true }), [1, 3, 1], over02);
    close(nonlin.logSumExp(x, { dim: [0, 1, 2] }), [], [sum(over2)]);
    expect(nonlin.logSumExp(new Float32Array(0))).toBe(-Infinity);
    close(nonlin.logSumExp(new Tensor(new Float64Array(0), { shape: [2, 0] })), [2], [-Infinity, -Infinity]);
  });

  it('crossEntropy is -logSoftmax at the target, and its gradient what differences say', () => {
    nonlin.useBackend(name);
    for (const [shape, dim] of [
      [[5, 4], undefined],
      [[5, 4], 0],
      [[2, 4, 3], undefined],
      [[4], undefined],
    ] as const) {
      const size = shape.reduce<number>((a, b) => a * b, 1);
      const logits = new Tensor(
        Float64Array.from({ length: size }, (_, i) => 4 * Math.cos(i * i)),
        { shape: [...shape] },
      );
      const at = dim ?? Math.min(1, shape.length - 1);
      const count = size / shape[at]!;
      const target = Array.from({ length: count }, (_, i) => (i === 1 ? -100 : (i * 7) % shape[at]!));
      const options = dim === undefined ? {} : { dim };
      const inner = shape.slice(at + 1).reduce<number>((a, b) => a * b, 1);
      const logs = nonlin.logSoftmax(logits, at).contiguous().data;
      const wanted = target.map((one, i) =>
        one < 0 ? 0 : -logs[(Math.floor(i / inner) * shape[at]! + one) * inner + (i % inner)]!,
      );
      const sum = wanted.reduce((a, b) => a + b);
      const counted = target.filter((one) => one >= 0).length;
      expect(nonlin.crossEntropy(logits, target, options)).toBeCloseTo(sum / counted, 12);
      expect(nonlin.crossEntropy(logits, target, { ...options, reduction: 'sum' })).toBeCloseTo(sum, 12);
      const none = nonlin.crossEntropy(logits, target, { ...options, reduction: 'none' });
      expect(none.shape).toEqual(shape.filter((_, i) => i !== at));
      wanted.forEach((value, i) => {
        expect(none.contiguous().data[i]).toBeCloseTo(value, 12);
      });
      const grad = nonlin.crossEntropyGrad(logits, target, options);
      expect(grad.shape).toEqual([...shape]);
      for (let i = 0; i < size; i++) {
        const moved = (by: number) => {
          const data = logits.data.slice();
          data[i]! += by;
          return nonlin.crossEntropy(new Tensor(data, { shape: [...shape] }), target, options);
        };
        expect(grad.data[i]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 7);
      }
    }
  });
});

describe('refuses', () => {
  const x = new Tensor([
    [1, 2],
    [3, 4],
  ]);
  it.each([
    ['a dimension that there is not', () => nonlin.logSumExp(x, 2), RangeError, 'logSumExp: '],
    [
      'a dimension twice',
      () => nonlin.logSumExp(x, { dim: [0, -2] }),
      RangeError,
      'logSumExp: dim names dimension 0 twice',
    ],
    ['no dimension', () => nonlin.logSumExp(x, { dim: [] }), RangeError, 'logSumExp: dim must name a dimension'],
    ['another option', () => nonlin.logSumExp(x, { axis: 0 } as never), TypeError, 'logSumExp takes `dim`'],
    [
      'a keepdim that is no boolean',
      () => nonlin.logSumExp(x, { keepdim: 1 as never }),
      TypeError,
      'keepdim must be a boolean',
    ],
    ['too few targets', () => nonlin.crossEntropy(x, [0]), RangeError, 'target has 1 element, and'],
    [
      'a target that is no class',
      () => nonlin.crossEntropy(x, [0, 2]),
      RangeError,
      'crossEntropy: target 2 is none of 2 classes, 0 to 1',
    ],
    ['a target between two', () => nonlin.crossEntropy(x, [0, 0.5]), TypeError, 'target must hold integers, got 0.5'],
    ['no targets', () => nonlin.crossEntropy(x, 'x' as never), TypeError, 'crossEntropy: target must be'],
    [
      'another reduction',
      () => nonlin.crossEntropy(x, [0, 1], { reduction: 'max' as never }),
      TypeError,
      "reduction must be 'mean', 'sum' or 'none'",
    ],
  ])('%s', (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});

it.each(nonlin.backends())('rows of any kinds beside each other are each as it is alone: %s', (name) => {
  nonlin.useBackend(name);
  // Where a row lies, and how wide; in the last kinds one entry is all but certain.
  const lies = [0, 300, -130, 1e5, 60, 0, 300, -130] as const;
  for (const Floats of kinds)
    for (const length of [3, 10, 40, 130, 300, 391, 1000, 2100, 9000]) {
      const rows = length > 2000 ? 12 : 60;
      const x = Floats.from(random('float32', rows * length, 2));
      const kindOf = (row: number) => (row * row * 5 + 3 * row) % 11;
      for (let i = 0; i < x.length; i++) {
        const kind = kindOf(Math.floor(i / length));
        x[i]! += lies[kind % lies.length]!;
        if (kind > 4 && i % length === 1) x[i]! += 12 + kind;
        if (kind === 9 && i % 3 === 0) x[i] = -Infinity;
      }
      const given = new Tensor(x as Float32Array, { shape: [rows, length] });
      const shares = nonlin.logSoftmax(given).data;
      const sums = nonlin.logSumExp(given).data;
      for (let row = 0; row < rows; row++) {
        const alone = x.slice(row * length, (row + 1) * length) as Float32Array;
        const label = `row ${row} of ${length}, ${kindOf(row)}`;
        expectSame(nonlin.logSoftmax(alone), shares.slice(row * length, (row + 1) * length), label);
        expect(nonlin.logSumExp(alone), label).toBe(sums[row]);
      }
    }
});

describe('memory that calls leave each other', () => {
  const logitsOf = (rows: number, seed: number, inner = 1) =>
    new Tensor(
      new Float32Array(rows * 3 * inner).map((_, i) => Math.sin(seed + i) * 5),
      { shape: inner === 1 ? [rows, 3] : [rows, 3, inner] },
    );

  it('is not seen, whichever came before, and classes in an Int32Array are those of a list', () => {
    const cases = [4, 4, 7, 4, 0, 7, 70000, 4].map((rows, seed) => {
      const list = Array.from({ length: rows }, (_, i) => (i % 5 === 4 ? -100 : (i + seed) % 3));
      return { logits: logitsOf(rows, seed), list };
    });
    const results = () =>
      cases.map(({ logits, list }) => [
        crossEntropy(logits, list),
        crossEntropy(logits, Int32Array.from(list), { reduction: 'sum' }),
        crossEntropy(logits, list, { reduction: 'sum' }),
        crossEntropy(logits, Int32Array.from(list), { reduction: 'none' }).data,
        crossEntropy(logits, list, { reduction: 'none' }).data,
        crossEntropyGrad(logits, Int32Array.from(list)).data,
        nonlin.logSumExp(logits).data,
      ]);
    const [first, second] = [results(), results().reverse()];
    for (const [i, result] of first.entries()) {
      const other = second[first.length - 1 - i]!;
      expect(result.slice(0, 3)).toEqual(other.slice(0, 3));
      for (const j of [3, 4, 5, 6]) expectSame(result[j] as Float32Array, other[j] as Float32Array);
      expect(result[1]).toBe(result[2]);
      const none = result[3] as Float32Array;
      expectSame(none, result[4] as Float32Array);
      // Ignored slices stay 0.
      expect(cases[i]!.list.every((one, k) => one >= 0 || Object.is(none[k], 0))).toBe(true);
    }
    expect(nonlin.logSumExp(new Tensor(new Float32Array(0), { shape: [4, 0] })).toArray()).toEqual(
      Array(4).fill(-Infinity),
    );
  });

  it('is not shared with a call that a getter makes', () => {
    const logits = logitsOf(4, 0);
    const inner = () => crossEntropy(logits, Int32Array.of(2, 2, 2, 2));
    const list = [0, 1, 0, 1];
    const expected = crossEntropy(logits, list);
    inner();
    Object.defineProperty(list, 2, {
      get: () => {
        inner();
        return 0;
      },
    });
    expect(crossEntropy(logits, list)).toBe(expected);
  });

  it('tells of an Int32Array what it tells of a list', () => {
    const logits = logitsOf(2, 0);
    for (const list of [
      [0, 3],
      [-1, 0],
    ])
      for (const target of [list, Int32Array.from(list)])
        expect(() => crossEntropy(logits, target)).toThrow(
          /^crossEntropy: target (3|-1) is none of 3 classes, 0 to 2$/,
        );
    expect(crossEntropy(logits, Int32Array.of(1, 7), { ignoreIndex: 7 })).toBe(
      crossEntropy(logits, [1, 7], { ignoreIndex: 7 }),
    );
    expect(crossEntropy(logits, Int32Array.of(1, 2), { ignoreIndex: 2 })).toBe(
      crossEntropy(logits, [1, 2], { ignoreIndex: 2 }),
    );
  });

  it('finds a class across the slices too', () => {
    const logits = logitsOf(2, 1, 4);
    const list = [0, 1, 2, 0, 2, 1, -100, 1];
    const losses = crossEntropy(logits, Int32Array.from(list), { reduction: 'none' });
    const logs = nonlin.logSoftmax(logits, { dim: 1 });
    for (const [i, one] of list.entries()) {
      const [row, k] = [Math.floor(i / 4), i % 4];
      expect(losses.at(row, k)).toBeCloseTo(one < 0 ? 0 : -(logs.at(row, one, k) as number), 5);
    }
  });
});

it.each(nonlin.backends())('logSumExpGrad of a typed array of many, %s', (name) => {
  nonlin.useBackend(name);
  for (const Floats of kinds) {
    const x = new Floats(1000).map((_, i) => Math.sin(i) * 4);
    const [shares, dx] = [nonlin.softmax(x), nonlin.logSumExpGrad(2.5, x)];
    expectSame(dx, shares.map((share) => 2.5 * share) as typeof dx);
    // Rounded once: of shares in float64.
    const exact = nonlin.logSumExpGrad(2.5, x, { precision: 'exact' });
    const wide = nonlin.softmax(Float64Array.from(x)).map((share) => 2.5 * share);
    expectSame(exact, Floats === Float32Array ? Float32Array.from(wide) : wide);
  }
});
