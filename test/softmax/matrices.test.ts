// Softmax of columns of whole matrices, several of them at a time, against each column as a row by itself.
import { afterAll, describe, expect, it } from 'vitest';
import type { FloatArray } from '../../lib/basics/floats.js';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';
import { guarded, kernelBackends } from '../support/kernels.js';
import { expectSame } from '../support/same.js';
import { vectorsOf } from '../support/vectors.js';

const { Tensor, softmax, softmin, setThreads } = nonlin;
const before = nonlin.info();
afterAll(() => {
  nonlin.useBackend(before.backend);
  setThreads(before.threads);
});

const { middle } = vectorsOf<{ middle: { x: number[]; y: number[] }[] }>('softmax');

const arithmetics = [
  { dtype: 'float32', precision: 'fast' },
  { dtype: 'float32', precision: 'exact' },
  { dtype: 'float64', precision: 'fast' },
] as const;
// Of one register and of several, of one band and of several, full ones and not.
const widths = [6, 9, 17, 40, 64, 130];

describe.each(kernelBackends)('$name', (backend) => {
  describe.each(arithmetics)('$dtype, $precision', ({ dtype, precision }) => {
    const Floats = dtype === 'float32' ? Float32Array : Float64Array;
    const exact = precision === 'exact';

    /** Column k of matrix i. */
    const column = (a: FloatArray, length: number, inner: number, i: number, k: number) =>
      new Floats(length).map((_, j) => a[(i * length + j) * inner + k]!);
    const alone = (row: FloatArray) => {
      const y = new Floats(row.length);
      backend.slices(row, y, 'softmax', row.length, 1, exact);
      return y;
    };
    /** Every column as a row by itself has it. */
    const byRows = (x: FloatArray, length: number, inner: number) => {
      const y = new Floats(x.length);
      for (let i = 0; i < x.length / (length * inner); i++)
        for (let k = 0; k < inner; k++)
          for (const [j, share] of alone(column(x, length, inner, i, k)).entries())
            y[(i * length + j) * inner + k] = share;
      return y;
    };
    const expectColumns = (x: FloatArray, wanted: FloatArray, length: number, inner: number, what: string) => {
      const y = guarded(Floats, x.length, (y) => backend.slices(x, y, 'softmax', length, inner, exact));
      expectSame(y, wanted, what);
      const inPlace = x.slice();
      backend.slices(inPlace, inPlace, 'softmax', length, inner, exact);
      expectSame(inPlace, wanted, `${what} in place`);
    };

    it('a small share beside columns whose totals are small', () => {
      const [top, depth] = dtype === 'float32' ? [36, 87.5] : [300, 708.5];
      const length = 12;
      for (const inner of widths) {
        const x = Floats.from(random(dtype, inner * length * inner, 0.5)).map((value) => value - 14);
        // One of each matrix, a bit further in the next.
        for (let i = 0; i < inner; i++)
          for (let j = 0; j < length; j++) {
            const at = (i * length + j) * inner + i;
            x[at] = x[at]! + 14 + top - (j === i % length ? depth + j / 3 : 0);
          }
        expectColumns(x, byRows(x, length, inner), length, inner, `of ${inner}`);
      }
    });

    it.runIf(exact)('a share beside a middle in some columns of some matrices', () => {
      for (const length of [7, 33, 90])
        for (const inner of widths) {
          const matrices = 5;
          const x = Floats.from(random(dtype, matrices * length * inner, 5));
          const places = [0, 1, 2].map((i) => ({
            matrix: 2 * i,
            k: (i * (inner - 1)) >> 1,
            row: middle[(i * 7 + inner) % middle.length]!,
          }));
          for (const { matrix, k, row } of places)
            for (let j = 0; j < length; j++)
              x[(matrix * length + j) * inner + k] = row.x[j - length + row.x.length] ?? -Infinity;
          const wanted = byRows(x, length, inner);
          for (const { matrix, k, row } of places)
            expect(Array.from(column(wanted, length, inner, matrix, k)).slice(-row.y.length)).toEqual(row.y);
          expectColumns(x, wanted, length, inner, `${length} x ${inner}`);
        }
    });

    // Of which a block of rows is kept at a time.
    it.runIf(exact)('a share beside a middle in a long matrix', () => {
      const [length, inner, k] = [20000, 17, 16];
      const [row] = middle;
      const x = Floats.from(random(dtype, length * inner, 5));
      for (let j = 0; j < length; j++) x[j * inner + k] = row!.x[j - length + row!.x.length] ?? -Infinity;
      const y = new Floats(x.length);
      backend.slices(x, y, 'softmax', length, inner, exact);
      expect(Array.from(column(y, length, inner, 0, k)).slice(-row!.y.length)).toEqual(row!.y);
      expect(column(y, length, inner, 0, 0)).toEqual(alone(column(x, length, inner, 0, 0)));
    });

    it('one column that is unlike the others, in some of several matrices', () => {
      const length = 10;
      for (const inner of widths)
        for (const k of new Set([0, 5, inner >> 1, inner - 1]))
          for (const entries of [[Number.NaN], [Infinity], [-Infinity], [1e4, 9995], [-130, -131], [-2e4]]) {
            const x = Floats.from(random(dtype, 5 * length * inner, 3));
            for (const i of [1, 2, 4])
              for (let j = 0; j < length; j++) {
                const value = entries[j % entries.length]!;
                if (Number.isNaN(value) && j !== 3) continue;
                x[(i * length + j) * inner + k] = value;
              }
            expectColumns(x, byRows(x, length, inner), length, inner, `${k} of ${inner}, ${entries}`);
          }
    });

    it('more columns than are kept side by side', () => {
      const [length, inner] = [3, 9000];
      const x = Floats.from(random(dtype, length * inner, 3));
      expectColumns(x, byRows(x, length, inner), length, inner, 'all');
    });

    it('the gradient, in some columns of grads that are alike or cancel', () => {
      for (const length of [3, 20, 70, 300])
        for (const inner of [4, 5, 9, 12, 33]) {
          const matrices = 3;
          const ordinary = random(dtype, matrices * length * inner, 1);
          const kindOf = (i: number) => (i % inner) % 5;
          const g = new Floats(ordinary).map((value, i) =>
            kindOf(i) === 1 ? 0.7 : kindOf(i) === 3 ? (Math.floor(i / inner) % 3) - 1 : value,
          );
          const x = Floats.from(random(dtype, g.length, 4)).map((value, i) => (kindOf(i) === 3 ? 0.5 : value));
          for (const what of ['softmax', 'logSoftmax'] as const) {
            const wanted = new Floats(x.length);
            for (let i = 0; i < matrices; i++)
              for (let k = 0; k < inner; k++) {
                const dx = new Floats(length);
                const parts = [g, x].map((a) => column(a, length, inner, i, k)) as [FloatArray, FloatArray];
                backend.slicesGrad(...parts, dx, what, length, 1, exact);
                for (const [j, value] of dx.entries()) wanted[(i * length + j) * inner + k] = value;
              }
            const expectGrad = (g: FloatArray, x: FloatArray, y: FloatArray, where: string) => {
              backend.slicesGrad(g, x, y, what, length, inner, exact);
              expectSame(y, wanted, `${what} of ${length} x ${inner} ${where}`);
            };
            guarded(Floats, x.length, (y) => expectGrad(g, x, y, ''));
            const [inG, inX] = [g.slice(), x.slice()];
            expectGrad(inG, x, inG, 'in place of g');
            expectGrad(g, inX, inX, 'in place of x');
          }
        }
    });
  });
});

describe.each(nonlin.backends())('%s', (backend) => {
  describe.each(arithmetics)('$dtype, $precision', ({ dtype, precision }) => {
    const Floats = (dtype === 'float32' ? Float32Array : Float64Array) as Float32ArrayConstructor;
    const randomMatrices = (matrices: number, length: number, inner: number) =>
      new Tensor(Floats.from(random(dtype, matrices * length * inner, 5)), { shape: [matrices, length, inner] });
    const flagsOf = (count: number) => Uint8Array.from({ length: count }, (_, i) => Number((i * i + (i >> 3)) % 5 > 1));
    /** As rows, with -Infinity where nothing is kept. */
    const byRows = (x: nonlin.Tensor, kept: (matrix: number, j: number, k: number) => boolean) => {
      const [, length, inner] = x.shape as [number, number, number];
      const left = x.data.map((value, i) => {
        const row = Math.floor(i / inner);
        return kept(Math.floor(row / length), row % length, i % inner) ? value : -Infinity;
      });
      const rows = new Tensor(left, { shape: x.shape }).transpose(1, 2).contiguous();
      return softmax(rows, { precision }).transpose(1, 2).contiguous().data;
    };

    it('a mask whose flags lie in any order', () => {
      nonlin.useBackend(backend);
      for (const [length, inner] of [
        [7, 6],
        [30, 17],
        [33, 40],
      ] as const) {
        const x = randomMatrices(3, length, inner);
        const slab = length * inner;
        for (const strides of [
          [slab, inner, 1],
          [0, inner, 1],
          [0, inner, 0],
          [slab, inner, 2],
          [slab, 1, length],
          [slab, inner + 1, 1],
          [1, 0, 1],
        ] as const) {
          const data = flagsOf(4 * slab);
          const wanted = byRows(x, (...at) => data[at.reduce((sum, i, d) => sum + i * strides[d]!, 0)] !== 0);
          for (const empty of ['nan', 'zero'] as const) {
            const mask = { data, shape: x.shape, strides, offset: 0 };
            const options = { dim: 1, precision, mask, empty } as const;
            const shares = wanted.map((value) => (empty === 'zero' && Number.isNaN(value) ? 0 : value));
            const what = `${length} x ${inner}, ${strides}, ${empty}`;
            expectSame(softmax(x, options).data, shares, what);
            expectSame(softmin(x.mul(-1), options).data, shares, `${what}, softmin`);
          }
        }
      }
    });

    it('a mask of matrices that threads share by their columns', () => {
      nonlin.useBackend(backend);
      setThreads(2);
      const x = randomMatrices(4, 33, 1100);
      const data = flagsOf(x.size);
      const wanted = byRows(x, (matrix, j, k) => data[(matrix * 33 + j) * 1100 + k] !== 0);
      expectSame(softmax(x, { dim: 1, precision, mask: { data, shape: x.shape } }).data, wanted);
      setThreads(before.threads);
    });
  });
});
