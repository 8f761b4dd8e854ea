// Softmax at a temperature and under added masks against numbers of 400 bits, in every backend.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { promised } from '../../lib/activations/promises.js';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import type { DType, FloatArray } from '../../lib/basics/floats.js';
import * as nonlin from '../../lib/index.js';

const { Tensor, softmax, softmaxGrad, logSoftmax } = nonlin;

interface Row {
  readonly x: number[];
  readonly t: number;
  readonly bias: (number | null)[];
  readonly grad: number[];
  readonly y: number[];
  readonly log: (number | null)[];
  readonly dx: number[];
}
const rows: Record<DType, Row[]> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/conditioned.json'), 'utf8'),
);

// Over a temperature, and where nothing is added or only left out, softmax is computed in float lanes, as without.
const arithmetics = [
  { dtype: 'float32', precision: 'fast', ulp: 1, shareUlp: promised('softmax', false, false).fast },
  { dtype: 'float32', precision: 'exact', ulp: 1, shareUlp: 1 },
  { dtype: 'float64', precision: 'fast', ulp: 5, shareUlp: 5 },
] as const;

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

describe.each(nonlin.backends())('%s', (backend) => {
  const here = <Result>(act: () => Result): Result => {
    nonlin.useBackend(backend);
    return act();
  };

  describe.each(arithmetics)('$dtype, $precision', ({ dtype, precision, ulp, shareUlp }) => {
    const Floats = dtype === 'float32' ? Float32Array : Float64Array;
    const mapped = <S>(source: ArrayLike<S>, f: (value: S, i: number) => number): FloatArray =>
      Floats.from(Array.from(source, f));
    const of = (values: readonly (number | null)[]): FloatArray => mapped(values, (value) => value ?? -Infinity);

    /** A function of a row, as a row by itself, one of many, and a column; seen to be the same in all. */
    const everywhere = (
      row: readonly FloatArray[],
      f: (inputs: readonly nonlin.Tensor[], dim: number) => nonlin.Tensor,
    ) =>
      here(() => {
        const { length } = row[0]!;
        const all = [
          f(
            row.map((part) => new Tensor(part.slice() as Float32Array)),
            0,
          ),
        ];
        const many = row.map((part) =>
          new Tensor(part.slice() as Float32Array, { shape: [1, length] }).add(
            new Tensor(new Floats(19) as Float32Array, { shape: [19, 1] }),
          ),
        );
        const result = f(many, 1);
        for (const one of result) all.push(one);
        const columns = f(
          many.map((part) => part.T.contiguous()),
          0,
        );
        for (const one of columns.T.contiguous()) all.push(one);
        const [first] = all.map((one) => one.contiguous().data);
        for (const one of all) expect(Array.from(one.contiguous().data)).toEqual(Array.from(first!));
        return first!;
      });

    it.each(rows[dtype].map((row, i) => [i, row] as const))('row %i has its true values', (_, row) => {
      const [x, bias, g] = [of(row.x), of(row.bias), of(row.grad)];
      const near = (actual: FloatArray, expected: FloatArray, what: string, most: number = ulp) => {
        for (const [i, value] of actual.entries())
          expect(
            ulpDistance(value, expected[i]!, dtype),
            `${what} ${i}: ${value} for ${expected[i]}`,
          ).toBeLessThanOrEqual(most);
      };
      const options = { temperature: row.t, precision } as const;
      const shares = everywhere([x, bias], ([x, mask], dim) => softmax(x!, { ...options, dim, mask: mask! }));
      near(shares, of(row.y), 'share', shareUlp);
      near(
        everywhere([x, bias], ([x, mask], dim) => logSoftmax(x!, { ...options, dim, mask: mask! })),
        of(row.log),
        'log',
      );
      const dx = everywhere([x, bias, g], ([x, mask, g], dim) => softmaxGrad(g!, x!, { ...options, dim, mask: mask! }));
      for (const [i, value] of dx.entries()) {
        // What cancels are the share times gradients of at most 1.
        const error = Math.abs(value - row.dx[i]!) * row.t;
        const most = Math.abs(row.dx[i]! * row.t) * (dtype === 'float32' ? 2 ** -24 : 2 ** -50) + row.y[i]! * 2 ** -49;
        expect(error, `gradient ${i}: ${value} for ${row.dx[i]}`).toBeLessThanOrEqual(most + 2 ** -148);
      }
      if (row.bias.every((value) => value === 0)) {
        const plain = everywhere([x], ([x], dim) => softmax(x!, { ...options, dim }));
        expect(plain).toEqual(shares);
      }
    });
  });

  // Short rows are done many at a time, but for those whose entries are far out, or masked.
  it.each(arithmetics)(
    '$dtype, $precision: short rows have the bits of each alone, whatever lies beside them',
    ({ dtype, precision }) => {
      here(() => {
        const tensor = (data: FloatArray, shape: number[]) => new Tensor(data as Float32Array, { shape });
        // At -308, over a temperature or not, a row alone has its maximum taken off. In the second most rows are far out.
        const mixed = [0, 170, -190, 420, -500, 0, 1e5, -309, -216.5, -311, -218];
        const far = [1e4, 9e3, -700, 0, 1e5, 2 ** 41, 420, -1e4, 1e13, 290, -310];
        for (const [length, places] of [1, 2, 3, 10, 31, 128].flatMap((length) => [
          [length, mixed] as const,
          [length, far] as const,
        ])) {
          const [rows, size] = [70, 70 * length];
          const from = (f: (i: number) => number): FloatArray =>
            (dtype === 'float32' ? new Float32Array(size) : new Float64Array(size)).map((_, i) => f(i));
          const number = (i: number) => Math.sin(i * i + length);
          const x = from((i) => 3 * number(i) + places[Math.floor(i / length) % places.length]!);
          x[5 * length] = Number.NaN;
          x[11 * length] = Infinity;
          x[12 * length] = -Infinity;
          const grad = from((i) => number(i + 0.5));
          const keeps = (i: number) => Number(Math.floor(i / length) % 9 !== 4 && number(i + 0.25) < 0.4);
          const flags = Uint8Array.from({ length: size }, (_, i) => keeps(i));
          grad[flags.indexOf(0)] = Number.NaN;
          const added = from((i) => (keeps(i) ? 2 * number(i + 0.75) : -Infinity));
          const masks = [undefined, flags, added];
          const calls = (['softmax', 'softmaxGrad', 'logSoftmaxGrad'] as const).flatMap((name) =>
            masks.flatMap((mask) => [1, 0.7].map((temperature) => ({ name, mask, temperature }))),
          );
          for (const { name, mask, temperature } of calls) {
            // In place of x, and of grad.
            const part = (first: number, count: number) => {
              const of = (data: FloatArray) =>
                tensor(data.slice(first * length, (first + count) * length), [count, length]);
              const marks = () =>
                mask instanceof Uint8Array
                  ? { data: mask.slice(first * length, (first + count) * length), shape: [count, length] }
                  : of(mask!);
              const options = { temperature, precision, ...(mask && { mask: marks() }) };
              return (name === 'softmax' ? [0] : [0, 1]).map((place) => {
                const inputs = [of(x), of(grad)];
                const out = inputs[place]!;
                const y =
                  name === 'softmax'
                    ? softmax(out, { ...options, out })
                    : nonlin[name](inputs[1]!, inputs[0]!, { ...options, out });
                return Array.from(y.data);
              });
            };
            const together = part(0, rows);
            const alone = Array.from({ length: rows }, (_, i) => part(i, 1));
            for (const [k, all] of together.entries())
              expect(all, `${name} of ${length}, in place of ${k}`).toEqual(alone.flatMap((one) => one[k]!));
          }
        }
      });
    },
  );

  // The shares and logarithms are mpmath's, of 4000 bits.
  it.each([
    ['float32', 1e-40, [1, 2, 3], [0, 0, 1], [-Infinity, -Infinity, 0]],
    [
      'float32',
      1e-36,
      [-2.1, 3.7, 3.7, 1.3],
      [0, 0.5, 0.5, 0],
      [-5.799999682730039e36, -Math.LN2, -Math.LN2, -2.399999939748024e36],
    ],
    ['float32', 0.01, [-3e38], [1], [0]],
    ['float32', 0.01, [3e38, -3e38, 1e38], [1, 0, 0], [0, -Infinity, -Infinity]],
    [
      'float32',
      1.4e-45,
      [2.8e-45, 0, -2e38],
      [0.8807970779778823, 0.11920292202211757, 0],
      [-0.12692801654338837, -2.1269280910491943, -Infinity],
    ],
    [
      'float64',
      1e-300,
      [1e-300, -2e-300, 0.5e-300],
      [0.6037488961486258, 0.03005888756957402, 0.3661922162818002],
      [-0.5045969023422835, -3.5045969023422834, -1.0045969023422836],
    ],
    ['float64', 1e-300, [1e308, -1e308, 1.7e308], [0, 0, 1], [-Infinity, -Infinity, 0]],
    ['float64', 1e-300, [1.7e308, 1.7e308 * (1 - 2 ** -52)], [1, 0], [0, -Infinity]],
    [
      'float64',
      5e-324,
      [1e-323, 5e-324, -5e-324, 0],
      [0.6439142598879724, 0.23688281808991013, 0.03205860328008499, 0.08714431874203257],
      [-0.44018969856119533, -1.4401896985611953, -3.4401896985611953, -2.4401896985611953],
    ],
    [
      'float64',
      Number.MAX_VALUE,
      [1e308, -1e308, 0],
      [0.5257434249429075, 0.1728244568753391, 0.3014321181817535],
      [-0.6429419705300115, -1.7554788997836124, -1.1992104351568118],
    ],
  ] as const)('%s, temperature %d, of %j: %j', (dtype, temperature, row, shares, logs) => {
    here(() => {
      const [x, minus] = [1, -1].map((sign) => new Tensor([row.map((value) => sign * value)], { dtype }));
      const grad = new Tensor([row.map(() => 0)], { dtype });
      const all = [
        softmax(x!, { temperature }),
        nonlin.softmin(minus!, { temperature }),
        softmax(x!.T, { temperature, dim: 0 }),
        softmax(x!, { temperature, mask: new Tensor(0, { dtype }) }),
      ];
      const rounded = (value: number) => (dtype === 'float32' ? Math.fround(value) : value);
      const within = (y: nonlin.Tensor, wanted: readonly number[]) => {
        for (const [i, value] of y.contiguous().data.entries())
          expect(ulpDistance(value, rounded(wanted[i]!), dtype), `${value} for ${wanted[i]}`).toBeLessThan(4);
      };
      for (const y of all) within(y, shares);
      within(logSoftmax(x!, { temperature }), logs);
      within(logSoftmax(x!.T, { temperature, dim: 0 }), logs);
      expect(Array.from(softmaxGrad(grad, x!, { temperature }).data, Math.abs)).toEqual(row.map(() => 0));
    });
  });
});
