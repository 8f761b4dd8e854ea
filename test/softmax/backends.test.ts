// Softmax and its logarithm on every native backend against the TypeScript one, and against each other: dtype x precision x layout.

import { describe, expect, it } from 'vitest';
import type { Backend } from '../../lib/backends/backend.js';
import { mostFew } from '../../lib/backends/backend.js';
import { reference } from '../../lib/backends/reference.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import { random } from '../support/inputs.js';
import { guarded, kernelBackends } from '../support/kernels.js';
import { beyond, expectSame } from '../support/same.js';

const dtypes = { float32: Float32Array, float64: Float64Array } as const;
const precisions = ['fast', 'exact'] as const;

describe.each(kernelBackends)('$name', (backend) => {
  describe.each(['float32', 'float64'] as const)('%s', (dtype) => {
    const Floats = dtypes[dtype];

    describe.each(precisions)('%s', (precision) => {
      const exact = precision === 'exact';

      it('the gradient of softmax takes an infinite grad', () => {
        for (const [length, inner] of [
          [3, 1],
          [40, 1],
          [3, 5],
        ] as const) {
          const x = Floats.from(random(dtype, length * inner * 4, 5));
          const g = Floats.from(random(dtype, x.length, 1));
          g[1] = Infinity;
          g[g.length - 1] = -Infinity;
          const [y, expected] = [new Floats(x.length), new Floats(x.length)];
          backend.slicesGrad(g, x, y, 'softmax', length, inner, exact);
          reference.slicesGrad(g, x, expected, 'softmax', length, inner, exact);
          const special = (a: FloatArray) => Array.from(a, (value) => (Number.isFinite(value) ? 0 : value));
          expect(special(y)).toEqual(special(expected));
        }
      });

      // Side by side, in the same lane of a register, and in several.
      it.each([[[3]], [[0, 1]], [[0, 16, 32]], [[1, 2, 17, 33, 50]]])('logSoftmax of maxima at %j', (places) => {
        for (const length of [51, 64, 65, 100, 300, 1000, 33_000]) {
          const x = new Floats(length).fill(7.5);
          for (const place of places) x[place] = 40.25;
          const most = dtype === 'float32' ? 2 ** -22.5 : 2 ** -51;
          const log = Math.log1p((length - places.length) * Math.exp(7.5 - 40.25) + (places.length - 1));
          for (const inner of [1, 3]) {
            const [all, y] = [
              new Floats(inner * length).map((_, i) => x[Math.floor(i / inner)]!),
              new Floats(inner * length),
            ];
            backend.slices(all, y, 'logSoftmax', length, inner, exact);
            const wrong = y.findIndex((value, i) => {
              const wanted = all[i]! - 40.25 - log;
              return !(Math.abs(value - wanted) <= most * Math.abs(wanted));
            });
            expect(wrong, `${length} x ${inner}`).toBe(-1);
          }
        }
      });

      it('logSoftmax of two equal entries is -log(2) to the last bit', () => {
        const wanted = Floats.of(-Math.LN2)[0];
        for (const length of [2, 10, 30, 64, 100]) {
          const [x, y] = [new Floats(length * 500).fill(-200), new Floats(length * 500)];
          // Side by side, since of more than 64 entries two of a lane have the error of an exponential.
          for (let i = 0; i < 500; i++) x.fill(Math.fround((i - 250) / 37), i * length, i * length + 2);
          backend.slices(x, y, 'logSoftmax', length, 1, exact);
          expect(new Set(y.filter((_, i) => i % length < 2))).toEqual(new Set([wanted]));
        }
      });

      it('the logarithm of a certain entry is 0, whatever the sign of its zero', () => {
        for (const length of [1, 3, 20, 100, 300])
          for (const inner of [1, 3])
            for (const entry of [0, -0, 7, -100]) {
              const [x, y] = [new Floats(inner * length).fill(Number.NEGATIVE_INFINITY), new Floats(inner * length)];
              x.fill(entry, inner * (length >> 1), inner * ((length >> 1) + 1));
              backend.slices(x, y, 'logSoftmax', length, inner, exact);
              expectSame(
                y,
                x.map((value) => (value === entry ? 0 : value)),
              );
            }
      });

      describe.each(['softmax', 'logSoftmax'] as const)('%s', (what) => {
        // [outer, length, inner]: rows shorter and longer than a vector and than the 64 elements of a step, and columns.
        it.each([
          [3, 1, 1],
          [7, 3, 1],
          [17, 10, 1],
          [5, 16, 1],
          [3, 17, 1],
          [2, 64, 1],
          [2, 131, 1],
          [2, 1000, 1],
          [1, 70000, 1],
          [2, 3, 5],
          [1, 10, 33],
          [2, 131, 17],
          [1, 70, 64],
        ])('of [%i, %i, %i] and its gradient agree with TypeScript', (outer, length, inner) => {
          const x = Floats.from(random(dtype, outer * length * inner, 20));
          const g = Floats.from(random(dtype, x.length, 1));
          const [y, expected, s, shares] = [0, 1, 2, 3].map(() => new Floats(x.length)) as FloatArray[] as [
            FloatArray,
            FloatArray,
            FloatArray,
            FloatArray,
          ];
          backend.slices(x, y, what, length, inner, exact);
          reference.slices(x, s, what, length, inner, exact);
          expect(beyond({ activation: what, direction: 'forward', dtype, precision }, y, s, x)).toBeUndefined();
          backend.slicesGrad(g, x, y, what, length, inner, exact);
          reference.slicesGrad(g, x, expected, what, length, inner, exact);
          reference.slices(x, shares, 'softmax', length, inner, exact);
          // What cancels is the share times a gradient of at most 1, of the logarithm as many times as there are gradients, and g.
          const terms = what === 'softmax' ? shares : shares.map((share) => share * length + 1);
          const comparison = { activation: what, direction: 'gradient', dtype, precision } as const;
          expect(beyond(comparison, y, expected, x, terms)).toBeUndefined();
        });

        // One power of two serves entries near 0; elsewhere, and where one towers above the rest, a slice needs its own.
        it.each([
          -1e4, -1100, -1054, -760, -400, -130, -122, -118, -100, -60, -20, 36, 46, 51, 52, 60, 100, 361, 700, 1e4,
        ])('of entries near %d agrees with TypeScript', (centre) => {
          for (const [outer, length, inner] of [
            [9, 3, 1],
            [5, 12, 1],
            [3, 70, 1],
            [2, 300, 1],
            [2, 12, 20],
            [1, 300, 5],
          ] as const) {
            const size = outer * length * inner;
            const spread = random(dtype, size, 8);
            // All of them there; and all near 0 but every seventh.
            for (const some of [false, true]) {
              const x = new Floats(spread).map((value, i) => (some && i % 7 > 0 ? value : value + centre));
              const [y, expected] = [new Floats(size), new Floats(size)];
              backend.slices(x, y, what, length, inner, exact);
              reference.slices(x, expected, what, length, inner, exact);
              const comparison = { activation: what, direction: 'forward', dtype, precision } as const;
              expect(beyond(comparison, y, expected, x), `[${outer}, ${length}, ${inner}]`).toBeUndefined();
            }
          }
        });

        it('of a slice does not depend on the layout', () => {
          for (const length of [1, 2, 9, 16, 17, 40, 100, 300, 511, 33000, 70001]) {
            const rows = length > 1000 ? 6 : 40;
            const x = Floats.from(random(dtype, rows * length, 30));
            // In half of them one entry leaves less and less of a rest: anywhere, and in the longest also in two places.
            for (let i = rows / 2; i < rows; i++) {
              const top = i * (120 / rows);
              const at = Math.floor((length * (2 * i + 1)) / (2 * rows));
              x[i * length + (length > 1000 ? at : (7 * i) % length)] = top;
              if (length > 1000 && i % 2 === 0) x[i * length + length - 1] = top;
            }
            const g = Floats.from(random(dtype, rows * length, 1));
            const transposed = (a: FloatArray, m: number, n: number) =>
              a.map((_, i) => a[(i % m) * n + Math.floor(i / m)]!);
            for (const grad of [false, true]) {
              const run = (g: FloatArray, x: FloatArray, inner: number) => {
                const y = new Floats(x.length);
                if (grad) backend.slicesGrad(g, x, y, what, length, inner, exact);
                else backend.slices(x, y, what, length, inner, exact);
                return y;
              };
              const byColumn = run(transposed(g, rows, length), transposed(x, rows, length), rows);
              expectSame(transposed(byColumn, length, rows), run(g, x, 1));
            }
          }
        });

        // Four floats that are added in a lane are rounded, in which order ever they come.
        it('of a slice longer than a chunk, of which four entries in one lane are all but the peak, does not depend on the layout', () => {
          const [length, inner] = [33024, 16];
          for (let t = 0; t < 8; t++) {
            const row = new Floats(length).fill(-100);
            row[0] = t < 4 ? 0 : -100;
            for (let k = 0; k < 4; k++) row[32768 + 64 * k] = -10 - k * 0.37 - t / 13;
            const columns = new Floats(length * inner).map((_, i) => row[Math.floor(i / inner)]!);
            const [y, turned] = [new Floats(length), new Floats(columns.length)];
            backend.slices(row, y, what, length, 1, exact);
            backend.slices(columns, turned, what, length, inner, exact);
            expectSame(
              turned.filter((_, i) => i % inner === t),
              y,
            );
          }
        });

        // After some with a rest in turn the next one is added up in another way.
        it('of a slice longer than a chunk does not depend on those before', () => {
          const length = 40_000;
          const shares = (row: FloatArray) => {
            const y = new Floats(length);
            backend.slices(row, y, what, length, 1, exact);
            return y;
          };
          const flat = new Floats(length);
          // The largest share from little to all: a logarithm from which there is a rest lies among them, 0.7.
          const rows = Array.from({ length: 24 }, (_, k) => {
            const row = Floats.from(random(dtype, length, 2));
            row[(k * 12_345) % length] = [10, 11, 11.15, 11.17, 11.18, 11.19, 11.21, 11.3, 12, 30, 90, 0][k % 12]!;
            return k % 12 === 11 ? row.fill(1e4 + k) : row;
          });
          const alone = rows.map((row) => {
            for (let i = 0; i < 3; i++) shares(flat);
            return shares(row);
          });
          const peak = Floats.from(flat);
          peak[39_999] = 70;
          for (const [k, row] of rows.entries()) {
            for (let i = 0; i < 4; i++) shares(peak);
            expectSame(shares(row), alone[k]!);
          }
        });

        // After many with a rest others are added up in another way.
        it('of a short slice does not depend on those before', () => {
          for (const length of [17, 26, 30, 40, 63, 64, 65, 100]) {
            const rows = 320;
            const x = Floats.from(random(dtype, rows * length, 2));
            const others = [5, 30, 60, -1e4, Number.NaN, Number.POSITIVE_INFINITY];
            for (let i = 0; i < rows; i++) {
              const row = x.subarray(i * length, (i + 1) * length);
              let rest = 0;
              for (let k = 0; k < length; k++) if (k !== i % length) rest += Math.exp(row[k]!);
              // 64 with a peak in turn with those whose logarithm is about 0.7, from which there is a rest, and all kinds.
              const near = Math.log(rest / Math.expm1(0.68 + (i % 17) / 400));
              const top = [40, near, 40, i % 3 > 0 ? near : others[i % 6]!, 40][i >> 6]!;
              if (top === -1e4) row.fill(top + 1);
              row[i % length] = top;
            }
            const y = new Floats(x.length);
            backend.slices(x, y, what, length, 1, exact);
            for (let i = 0; i < x.length; i += length) {
              const alone = new Floats(length);
              backend.slices(x.subarray(i, i + length), alone, what, length, 1, exact);
              expectSame(y.subarray(i, i + length), alone);
            }
          }
        });

        it('of columns of which not all exponentials are kept, each with a peak, does not depend on the layout', () => {
          const [length, inner] = [12000, 80];
          const x = new Floats(length * inner);
          for (let c = 0; c < inner; c++) x[((c * 7) % length) * inner + c] = 30;
          const [y, row] = [new Floats(x.length), new Floats(length)];
          backend.slices(x, y, what, length, inner, exact);
          const first = x.filter((_, i) => i % inner === 0);
          backend.slices(first, row, what, length, 1, exact);
          for (let c = 0; c < inner; c++) {
            const peak = (c * 7) % length;
            expect([y[peak * inner + c], y[(peak + 1) * inner + c]]).toEqual([row[0], row[1]]);
          }
        });

        // Which take another way, as do those beside them.
        it('of slices with subnormal shares agrees with TypeScript, and does not depend on the slices beside', () => {
          const deepest = dtype === 'float32' ? 112 : 760;
          for (const length of [2, 7, 16, 17, 40, 64, 65, 200, 257, 1000, 40000]) {
            const rows = length > 1000 ? 3 : 19;
            const below = random(dtype, rows * length, 1);
            // Of rows longer than a chunk also those at which exponents that overflow would look usual.
            for (const centre of length === 40000 ? [0, 80, 340, 361, 400, -1000, 1e5] : [0, 80, -1000, 1e5]) {
              // Every third without, and some of them with entries that are left out.
              const x = new Floats(below).map((value, i) => {
                const [row, column] = [Math.floor(i / length), i % length];
                if (column === row % length) return centre;
                if (row % 3 === 2) return centre + value;
                return row % 3 === 1 && column % 5 === 0 ? -Infinity : centre - Math.abs(value) * deepest;
              });
              const [y, expected, turned] = [new Floats(x.length), new Floats(x.length), new Floats(x.length)];
              backend.slices(x, y, what, length, 1, exact);
              reference.slices(x, expected, what, length, 1, exact);
              expect(
                beyond({ activation: what, direction: 'forward', dtype, precision }, y, expected, x),
              ).toBeUndefined();
              for (let i = 0; i < x.length; i += length) {
                const alone = new Floats(length);
                backend.slices(x.subarray(i, i + length), alone, what, length, 1, exact);
                expectSame(y.subarray(i, i + length), alone);
              }
              const transposed = (a: FloatArray, m: number, n: number) =>
                a.map((_, i) => a[(i % m) * n + Math.floor(i / m)]!);
              backend.slices(transposed(x, rows, length), turned, what, length, rows, exact);
              expectSame(transposed(turned, length, rows), y);
            }
          }
        });

        it('of slices with one small share, wherever it is, does not depend on the layout', () => {
          const rows = 601;
          const small = dtype === 'float32' ? 87 : 708;
          for (const length of [12, 40, 100, 300, 1000]) {
            const row = (i: number) => Math.floor(i / length);
            const near = random(dtype, rows * length, 0.5);
            // About the least normal number, in every third slice, beside which the totals of the others are small.
            const x = new Floats(near).map((value, i) => {
              if (row(i) % 3 > 0) return value - 15;
              const below = small - Math.log(length) - (row(i) % 40) / 8;
              return value + 32 - (i % length === row(i) % length ? below : 0);
            });
            const [y, turned] = [new Floats(x.length), new Floats(x.length)];
            const transposed = (a: FloatArray, m: number, n: number) =>
              a.map((_, i) => a[(i % m) * n + Math.floor(i / m)]!);
            backend.slices(x, y, what, length, 1, exact);
            backend.slices(transposed(x, rows, length), turned, what, length, rows, exact);
            expectSame(transposed(turned, length, rows), y);
          }
        });

        it('of a slice does not depend on how many there are', () => {
          for (const [length, inner] of [
            [1, 1],
            [10, 1],
            [17, 1],
            [100, 1],
            [10, 3],
            [26, 17],
          ] as const) {
            const slab = length * inner;
            const size = slab * Math.ceil((2 * mostFew) / slab);
            const x = Floats.from(random(dtype, size, 20));
            const g = Floats.from(random(dtype, size, 1));
            const [y, dx] = [new Floats(size), new Floats(size)];
            backend.slices(x, y, what, length, inner, exact);
            backend.slicesGrad(g, x, dx, what, length, inner, exact);
            for (let i = 0; i < size; i += slab) {
              const part = (a: FloatArray) => a.subarray(i, i + slab);
              expectSame(
                guarded(Floats, slab, (y) => backend.slices(part(x), y, what, length, inner, exact)),
                part(y),
              );
              expectSame(
                guarded(Floats, slab, (y) => backend.slicesGrad(part(g), part(x), y, what, length, inner, exact)),
                part(dx),
              );
            }
          }
        });

        it('works in place', () => {
          // The longest is more than is kept of a row.
          for (const [length, inner] of [
            [130, 1],
            [10, 1],
            [2, 1],
            [26, 1],
            [65, 1],
            [26, 5],
            [400_010, 1],
          ] as const) {
            const size = Math.max(length, 1300);
            const x = Floats.from(random(dtype, size, 10));
            const g = Floats.from(random(dtype, size, 1));
            const expected = new Floats(x.length);
            const y = x.slice();
            backend.slices(x, expected, what, length, inner, exact);
            backend.slices(y, y, what, length, inner, exact);
            expectSame(y, expected);
            backend.slicesGrad(g, x, expected, what, length, inner, exact);
            const inG = g.slice();
            backend.slicesGrad(inG, x, inG, what, length, inner, exact);
            expectSame(inG, expected);
          }
        });
      });
    });
  });
});

describe.each(precisions)('all backends of the kernels give the same bits: %s', (precision) => {
  const exact = precision === 'exact';
  const [first, ...others] = kernelBackends as [Backend, ...Backend[]];

  it.each(['float32', 'float64'] as const)('%s', (dtype) => {
    const Floats = dtypes[dtype];
    const slices = (backend: Backend) => {
      const rows = Floats.from(random(dtype, 120_120, 30));
      return [1, 2, 7, 10, 33, 77, 1001, 120_120].flatMap((length) =>
        [1, 3, 40]
          .filter((inner) => rows.length % (length * inner) === 0)
          .flatMap((inner) => {
            const [y, dx] = [new Floats(rows.length), new Floats(rows.length)];
            const logs = new Floats(rows.length);
            backend.slices(rows, y, 'softmax', length, inner, exact);
            backend.slicesGrad(y, rows, dx, 'softmax', length, inner, exact);
            backend.slices(rows, logs, 'logSoftmax', length, inner, exact);
            return [y, dx, logs];
          }),
      );
    };
    for (const other of others) {
      const expected = slices(first);
      for (const [i, y] of slices(other).entries()) expectSame(y, expected[i]!);
    }
  });
});
