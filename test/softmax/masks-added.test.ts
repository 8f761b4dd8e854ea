// What masks of floats owe to those of booleans, and to the numbers that they add, in every backend.
import { afterAll, describe, expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';

const { Tensor, softmax, logSoftmax, softmin } = nonlin;

const values = { softmax, logSoftmax, softmin } as const;
const kinds = [Float32Array, Float64Array] as const;
const precisions = ['fast', 'exact'] as const;

/** In place of toEqual, which takes many times as long. */
const sameBits = (a: Float32Array | Float64Array, b: Float32Array | Float64Array) =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

describe.each(nonlin.backends())('%s', (backend) => {
  it('floats that only leave out give the bits of a boolean mask, whatever is added to other slices', () => {
    nonlin.useBackend(backend);
    for (const Floats of kinds)
      for (const length of [1, 3, 10, 37, 300]) {
        const lowest = Floats === Float32Array ? -3.4e38 : -1.7e308;
        // What leaves out, row by row; something is left of -20, and of a number to a logarithm.
        const outs = [-Infinity, lowest, -Infinity, -1e9, -20, -Infinity, -Infinity];
        const count = outs.length * length;
        const shape = [outs.length, length];
        const x = new Tensor(Floats.from(random('float64', count, 8)) as Float32Array, { shape });
        const keeps = Uint8Array.from(random('float64', count, 1), (value) => Number(value > -0.3));
        // A row of which nothing is left, and in another one a number that is added.
        keeps.fill(0, 5 * length, 6 * length);
        const bias = new Floats(
          Array.from(keeps, (kept, i) => (kept === 1 ? (i % 2 === 0 ? -0 : 0) : outs[Math.floor(i / length)]!)),
        );
        bias[6 * length] = 0.25;
        const floats = new Tensor(bias as Float32Array, { shape });
        const booleans = new Tensor(Floats.from(keeps) as Float32Array, { shape })
          .toArray(2)
          .map((row) => row.map(Boolean));
        for (const precision of precisions)
          for (const [name, same] of [
            ['softmax', [0, 1, 2, 3, 5]],
            ['softmin', [0, 1, 2, 3, 5]],
            ['logSoftmax', [0, 2, 5]],
          ] as const) {
            const f = values[name];
            const given = { precision, empty: 'zero' } as const;
            const byRows = f(x, { ...given, mask: floats });
            const expected = f(x, { ...given, mask: booleans });
            for (const row of same)
              expect(byRows.select(0, row).toArray(), `${name} of ${length}, row ${row}`).toEqual(
                expected.select(0, row).toArray(),
              );
            const [turned, mask] = [x, floats].map((one) => one.T.contiguous());
            expect(f(turned!, { ...given, mask: mask!, dim: 0 }).T.toArray()).toEqual(byRows.toArray());
            // An entry of the last row in two, of which one is 0.25 more.
            if (length > 1 && name === 'softmax') expect(byRows.select(0, 6).equals(expected.select(0, 6))).toBe(false);
          }
      }
  });

  const rowOf = (Floats: (typeof kinds)[number], numbers: readonly number[]) =>
    new Tensor(Floats.from(numbers) as Float32Array, { shape: [1, numbers.length] });

  it('what is added counts as much beside large numbers, as rows and as columns', () => {
    nonlin.useBackend(backend);
    const added = [0, -1, -0, -2.5, -Infinity, -20];
    for (const Floats of kinds)
      for (const large of [200, 2 ** 20, 2 ** 32, 3e38, ...(Floats === Float64Array ? [2 ** 60, 1.7e308] : [])])
        for (const precision of precisions)
          for (const name of ['softmax', 'softmin', 'logSoftmax'] as const)
            for (const x of [large, -large].map((value) =>
              rowOf(
                Floats,
                added.map(() => value),
              ),
            )) {
              const f = values[name];
              const mask = rowOf(Floats, added);
              const expected = f(rowOf(Floats, [0, 0, 0, 0, 0, 0]), { mask, precision });
              for (const given of [f(x, { mask, precision }), f(x.T, { mask: mask.T, precision, dim: 0 })])
                given.data.forEach((value, i) => {
                  expect(ulpDistance(value, expected.data[i]!, x.dtype), `${name} of ${large}: ${value}`).toBeLessThan(
                    9,
                  );
                });
            }
  });

  it('sums beyond the largest number are as finite as the others', () => {
    nonlin.useBackend(backend);
    for (const [Floats, low] of [
      [Float32Array, -3e38],
      [Float64Array, -1.5e308],
    ] as const)
      for (const precision of precisions)
        for (const empty of ['nan', 'zero'] as const) {
          const x = rowOf(Floats, [low, low, -Infinity, low]);
          const all = rowOf(Floats, [low, low, low, -Infinity]);
          const shares = [0.5, 0.5, 0, 0];
          expect([...softmax(x, { mask: all, precision, empty }).data]).toEqual(shares);
          expect([...softmax(x.T, { mask: all.T, precision, empty, dim: 0 }).data]).toEqual(shares);
          const logs = logSoftmax(x, { mask: all, precision, empty }).data;
          expect(logs[0]).toBeCloseTo(Math.log(0.5), 6);
          expect([...logs.subarray(1)]).toEqual([logs[0], -Infinity, -Infinity]);
          // Of the second nothing is left, and yet its logarithm is a number.
          const other = rowOf(Floats, [0, low / 4, low / 4, low / 4]);
          expect([...logSoftmax(x, { mask: other, precision, empty }).data]).toEqual([
            0,
            other.data[1],
            -Infinity,
            other.data[3],
          ]);
        }
  });

  it('what is added leaves what is no less than the smallest number', () => {
    nonlin.useBackend(backend);
    for (const [Floats, low] of [
      [Float32Array, -100],
      [Float64Array, -740],
    ] as const)
      for (const precision of precisions) {
        const [one, least] = softmax(rowOf(Floats, [3, 3]), { mask: rowOf(Floats, [0, low]), precision }).data;
        expect(one).toBe(1);
        expect(Math.log(least!)).toBeCloseTo(low, 1);
      }
  });

  it('columns have each its own mask, however many are computed at a time', () => {
    nonlin.useBackend(backend);
    const shape = [2, 40, 1000];
    const x = new Tensor(Float32Array.from(random('float32', 80_000, 8)), { shape });
    // To every third row numbers are added; of the others some entries are only left out.
    const added = random('float32', 80_001, 8).slice(1);
    const isAdded = (i: number) => Math.floor(i / 1000) % 3 === 0;
    const bias = Float32Array.from(added, (value, i) => (value > 0 ? 0 : isAdded(i) ? value : -Infinity));
    const mask = new Tensor(bias, { shape });
    const rows = softmax(x, { mask });
    const [turned, besides] = [x, mask].map((one) => one.permute(0, 2, 1).contiguous());
    expect(softmax(turned!, { mask: besides!, dim: 1 }).permute(0, 2, 1).equals(rows)).toBe(true);
    const head = mask.select(0, 0).T.contiguous();
    const heads = softmax(turned!, { mask: head, dim: 1 }).permute(0, 2, 1);
    expect(heads.equals(softmax(x, { mask: mask.select(0, 0) }))).toBe(true);
  });

  it('rows of any kinds beside each other are each as it is alone, by flags and by numbers, in place too', () => {
    nonlin.useBackend(backend);
    for (const Floats of kinds)
      for (const length of [1, 2, 3, 10, 40, 100, 130, 200, 300]) {
        const low = Floats === Float32Array ? -3e38 : -1.5e308;
        // What is added to every other entry; in the last kinds also to all, and to such entries that the sum overflows.
        const outs = [-Infinity, -1e9, -1e4, -60, 0.5, Number.NaN, Infinity, -0, -Infinity, -1e9, low];
        for (const usual of [true, false]) {
          const rows = 90;
          const shape = [rows, length];
          const kindOf = (row: number) => (usual ? row % 2 : (row * 7 + Math.floor(row / 11)) % outs.length);
          const x = Floats.from(random('float64', rows * length, 6));
          const bias = new Floats(x.length);
          const keeps = new Uint8Array(x.length);
          for (let i = 0; i < x.length; i++) {
            const kind = kindOf(Math.floor(i / length));
            const isAll = kind > 7;
            keeps[i] = isAll || (i % length) % 2 === 0 ? Number(!isAll) : 0;
            if (keeps[i] === 0) bias[i] = outs[kind]!;
            if (kind === 10) x[i] = i % 3 === 0 ? -Infinity : low;
            if (!usual && kind === 3) x[i]! += 300;
          }
          const given = new Tensor(x as Float32Array, { shape });
          for (const mask of [bias, keeps].map((all) => ({ data: all as Float32Array | Uint8Array, shape })))
            for (const f of [softmax, softmin])
              for (const empty of ['nan', 'zero'] as const) {
                const together = f(given, { mask, empty });
                const inPlace = given.clone();
                f(inPlace, { mask, empty, out: inPlace });
                expect(sameBits(inPlace.data, together.data)).toBe(true);
                for (let row = 0; row < rows; row += 3) {
                  const [from, to] = [row * length, (row + 1) * length];
                  const alone = f(x.slice(from, to) as Float32Array, { mask: mask.data.slice(from, to), empty });
                  const isSame = sameBits(alone, together.data.slice(from, to));
                  expect(isSame, `row ${row} of ${length}, ${kindOf(row)}`).toBe(true);
                }
              }
        }
      }
  });

  it('one mask for many rows, or in an order of its own, is for each row what it is for that alone', () => {
    nonlin.useBackend(backend);
    for (const Floats of kinds)
      for (const length of [3, 40, 100, 256]) {
        const rows = 300;
        const x = new Tensor(Floats.from(random('float64', rows * length, 6)) as Float32Array, {
          shape: [rows, length],
        });
        // Such as are out of reach in most rows, and really added in a few.
        const bias = new Floats(rows * length).map((_, i) => [0, -Infinity, 0, i % 7919 < 2 ? -1 : -1e9][i % 4]!);
        const data = bias as Float32Array;
        const masks = [
          new Tensor(data, { shape: [length, rows] }).T,
          new Tensor(data.subarray(0, length)),
          new Tensor(data.subarray(0, rows), { shape: [rows, 1] }),
        ];
        for (const mask of masks) {
          const together = softmax(x, { mask });
          for (let row = 0; row < rows; row++) {
            const own = mask.shape.length === 1 ? mask : mask.select(0, row).contiguous();
            const alone = softmax(x.select(0, row), { mask: own });
            expect(sameBits(alone.data, together.select(0, row).clone().data), `row ${row} of ${length}`).toBe(true);
          }
        }
      }
  });

  it('how large the logits of one row are does not say what is out of reach in another', () => {
    nonlin.useBackend(backend);
    for (const Floats of kinds) {
      const [far, added] = Floats === Float32Array ? [300, -60] : [2000, -600];
      for (const first of [0, 1]) {
        const x = new Floats(8).fill(far, 4 * first, 4 * first + 4);
        const bias = new Floats(8);
        bias[4 * (1 - first)] = added;
        const shape = [2, 4];
        const y = softmax(new Tensor(x as Float32Array, { shape }), {
          mask: new Tensor(bias as Float32Array, { shape }),
        });
        expect(Number(y.at(1 - first, 0)) / (Math.exp(added) / 3)).toBeCloseTo(1, 5);
      }
    }
  });

  it('the logarithm of what is out of reach is a number, and that of what is left out is not', () => {
    nonlin.useBackend(backend);
    const added = [0, -1e4, -Infinity, -1e9];
    for (const Floats of kinds)
      for (const precision of precisions) {
        const mask = rowOf(Floats, added);
        expect([...logSoftmax(rowOf(Floats, [2, 2, 2, 2]), { mask, precision }).data]).toEqual(added);
        expect([...softmax(rowOf(Floats, [2, 2, 2, 2]), { mask, precision }).data]).toEqual([1, 0, 0, 0]);
      }
  });

  it('what is no finite number counts as in the sum, and not where -Infinity is added', () => {
    nonlin.useBackend(backend);
    for (const Floats of kinds)
      for (const precision of precisions)
        for (const value of [1, NaN, Infinity, -Infinity])
          for (const bias of [0, -0, -1, -1e9, NaN, Infinity, -Infinity])
            for (const f of [softmax, logSoftmax]) {
              const x = rowOf(Floats, [1, 1, value, 1]);
              const mask = rowOf(Floats, [0, -Infinity, bias, -0]);
              const sums = rowOf(Floats, [1, -Infinity, bias === -Infinity ? bias : value + bias, 1]);
              const given = `${f.name} of ${value} and ${bias}`;
              const expected = f(sums, { precision }).data;
              f(x, { mask, precision }).data.forEach((got, i) => {
                expect(ulpDistance(got, expected[i]!, x.dtype), `${given}: ${got}, not ${expected[i]}`).toBeLessThan(9);
              });
            }
  });
});
