// Every native backend against the TypeScript one, and against each other: dtype x precision x activation x length x offset.

import { describe, expect, it } from 'vitest';
import { boundOf, type Comparison, distance } from '../../lib/activations/bounds.js';
import type { Formula } from '../../lib/activations/formula.js';
import { type Case, casesOf } from '../../lib/activations/signatures.js';
import { activationNames, activations, opOf } from '../../lib/activations/table.js';
import type { Backend } from '../../lib/backends/backend.js';
import { mostFew } from '../../lib/backends/backend.js';
import { native } from '../../lib/backends/native/native.js';
import { reference } from '../../lib/backends/reference.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import { random, repeated, specials } from '../support/inputs.js';
import { kernelBackends } from '../support/kernels.js';
import { bytesOf } from '../support/same.js';
import { vectorsOf } from '../support/vectors.js';

const cases = activationNames.flatMap(casesOf);
const dtypes = { float32: Float32Array, float64: Float64Array } as const;
const precisions = ['fast', 'exact'] as const;
// Around the widths of a vector and of two, 2 to 16 lanes, and around the size of a small call.
const lengths = [
  ...[0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100],
  ...[mostFew - 1, mostFew, mostFew + 1],
];

/** float32 inputs and results from arbitrary precision: [x, value, slope] and [x, grad, gradient] in flat lists. */
interface Vectors {
  readonly float32: number[];
  readonly gradient: number[];
}

it('has the native backends of this machine', () => {
  // On a machine that no instruction set fits, everything below would pass without a comparison.
  expect(native.reason).toBeUndefined();
  expect(native.backends.length).toBeGreaterThan(0);
});

it('the addon has the activations of the TypeScript table, in its order', () => {
  expect(native.addon?.activations).toEqual(activationNames);
});

/** The worst distance over its bound, as text to be read in a failure; undefined where all are within. */
function beyond(comparison: Comparison, actual: FloatArray, expected: FloatArray, x: FloatArray, terms?: FloatArray) {
  const bound = boundOf(comparison);
  for (let i = 0; i < actual.length; i++) {
    const ulp = distance(comparison, bound, actual[i]!, expected[i]!, x[i]!, Math.abs(terms?.[i] ?? 1));
    if (ulp > bound.ulp) return `x = ${x[i]}: ${actual[i]} for ${expected[i]}, ${ulp} ulp apart, ${bound.ulp} allowed`;
  }
  return undefined;
}

describe.each(kernelBackends)('$name', (backend) => {
  describe.each(['float32', 'float64'] as const)('%s', (dtype) => {
    const Floats = dtypes[dtype];

    describe.each(precisions)('%s', (precision) => {
      const exact = precision === 'exact';
      const inputs = Floats.from([...specials(dtype), ...random(dtype, 4096)]);
      // Powers of two: their products round nothing, so a difference is one of the slopes. Correctly rounded products need none.
      const powers = inputs.map((_, i) => (i % 3 === 0 ? -1 : 1) * 2 ** (i % 4));
      const grads = exact && dtype === 'float32' ? Floats.from(random(dtype, inputs.length)) : powers;

      it.each(cases)('$label agrees with TypeScript', ({ row: activation, op, a, b }) => {
        const comparison = { activation, direction: 'forward', dtype, precision } as const;
        const [y, expected] = [new Floats(inputs.length), new Floats(inputs.length)];
        backend.map(inputs, y, op, a, b, exact);
        reference.map(inputs, expected, op, a, b, exact);
        expect(beyond(comparison, y, expected, inputs)).toBeUndefined();
      });

      it.each(cases)('the gradient of $label agrees with TypeScript', ({ row: activation, op, a, b }) => {
        const comparison = { activation, direction: 'gradient', dtype, precision, a } as const;
        const [y, expected] = [new Floats(inputs.length), new Floats(inputs.length)];
        backend.mapGrad(grads, inputs, y, op, a, b, exact);
        reference.mapGrad(grads, inputs, expected, op, a, b, exact);
        expect(beyond(comparison, y, expected, inputs, grads)).toBeUndefined();
      });

      it.each(cases)(
        'the gradient of $label keeps its digits where grad is large and the slope small',
        ({ row: activation, op, a, b }) => {
          const comparison = { activation, direction: 'gradient', dtype, precision, a } as const;
          const largest = dtype === 'float32' ? 3.4028234663852886e38 : Number.MAX_VALUE;
          // Where slopes become subnormal and beyond, as far as a grad can make something of them.
          const [start, end] = dtype === 'float32' ? [5, 200] : [12, 1500];
          const x = new Floats(4000).map((_, i) => (start + (end - start) * (i / 4000)) * (-1) ** i);
          for (const grad of [1.5, -(2 ** 40), 2 ** 126, largest, -Infinity]) {
            const g = new Floats(x.length).fill(grad);
            const [y, expected] = [new Floats(x.length), new Floats(x.length)];
            backend.mapGrad(g, x, y, op, a, b, exact);
            reference.mapGrad(g, x, expected, op, a, b, exact);
            expect(beyond(comparison, y, expected, x, g), `grad ${grad}`).toBeUndefined();
          }
        },
      );

      it.each(cases)(
        'the gradient of $label does not depend on the grads beside it, nor on where it is written',
        ({ row: activation, op, a, b }) => {
          const comparison = { activation, direction: 'gradient', dtype, precision, a } as const;
          // From the usual slopes to those that are subnormal, which are none in the largest of these.
          const end = dtype === 'float32' ? 120 : 800;
          const x = new Floats(4000).map((_, i) => end * (i / 4000) * (-1) ** i);
          const gradient = (g: FloatArray, y: FloatArray = new Floats(x.length), from: FloatArray = x) => {
            backend.mapGrad(g, from, y, op, a, b, exact);
            return y;
          };
          const small = gradient(new Floats(x.length).fill(-0.75));
          const large = gradient(new Floats(x.length).fill(2 ** 40));
          const isLarge = (i: number) => i % 37 === 5;
          const mixed = x.map((_, i) => (isLarge(i) ? 2 ** 40 : -0.75));
          const expected = x.map((_, i) => (isLarge(i) ? large : small)[i]!);
          expectSameBits(gradient(mixed), expected);
          const [g, y] = [mixed.slice(), x.slice()];
          expectSameBits(gradient(g, g), expected);
          expectSameBits(gradient(mixed, y, y), expected);
          const right = new Floats(x.length);
          reference.mapGrad(mixed, x, right, op, a, b, exact);
          expect(beyond(comparison, expected, right, x, mixed)).toBeUndefined();
        },
      );

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

      it.each(cases)('$label of an element does not depend on its place', ({ op, a, b }) => {
        const whole = new Floats(inputs.length);
        const wholeGrad = new Floats(inputs.length);
        backend.map(inputs, whole, op, a, b, exact);
        backend.mapGrad(grads, inputs, wholeGrad, op, a, b, exact);
        for (const length of lengths) {
          for (const offset of [0, 1, 3, 16]) {
            const part = <T extends FloatArray>(x: T) => x.subarray(offset, offset + length);
            expectSameBits(
              guarded(Floats, length, (y) => backend.map(part(inputs), y, op, a, b, exact)),
              part(whole),
            );
            expectSameBits(
              guarded(Floats, length, (y) => backend.mapGrad(part(grads), part(inputs), y, op, a, b, exact)),
              part(wholeGrad),
            );
          }
        }
      });

      it.each(cases)('$label of an element does not depend on what is beside it', ({ op, a, b }) => {
        const results = (x: FloatArray, g: FloatArray) => {
          const [y, gradient] = [new Floats(x.length), new Floats(x.length)];
          backend.map(x, y, op, a, b, exact);
          backend.mapGrad(g, x, gradient, op, a, b, exact);
          return [y, gradient];
        };
        const whole = results(inputs, grads);
        // Few to many of those among usual ones: loops put rare inputs aside, a few in another way than many.
        for (const every of [61, 23, 7, 2]) {
          const isOne = (i: number) => i % every === 1;
          const [few, usual] = [0.5, 0.5].map((value) => new Floats(inputs.length).fill(value)) as [
            FloatArray,
            FloatArray,
          ];
          for (let i = 0; i < few.length; i++) if (isOne(i)) few[i] = inputs[i]!;
          const beside = results(usual, grads);
          results(few, grads).forEach((actual, which) => {
            expectSameBits(
              actual,
              actual.map((_, i) => (isOne(i) ? whole : beside)[which]![i]!),
            );
          });
        }
      });

      it.each(cases)('$label works in place', ({ op, a, b }) => {
        const expected = new Floats(inputs.length);
        const y = inputs.slice();
        backend.map(inputs, expected, op, a, b, exact);
        backend.map(y, y, op, a, b, exact);
        expectSameBits(y, expected);
        backend.mapGrad(grads, inputs, expected, op, a, b, exact);
        const g = grads.slice();
        backend.mapGrad(g, inputs, g, op, a, b, exact);
        expectSameBits(g, expected);
      });

      // [outer, length, inner]: rows shorter and longer than a vector and than the 64 elements of a step, and columns.
      describe.each(['softmax', 'logSoftmax'] as const)('%s', (what) => {
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
          for (const length of [1, 2, 9, 16, 17, 40, 100, 300]) {
            const rows = 19;
            const x = Floats.from(random(dtype, rows * length, 30));
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
              expectSameBits(transposed(byColumn, length, rows), run(g, x, 1));
            }
          }
        });

        // Which take another way, as do those beside them.
        it('of slices with subnormal shares agrees with TypeScript, and does not depend on the slices beside', () => {
          const deepest = dtype === 'float32' ? 112 : 760;
          for (const length of [2, 7, 16, 17, 40, 64, 65, 200, 257, 1000, 40000]) {
            const rows = length > 1000 ? 3 : 19;
            const below = random(dtype, rows * length, 1);
            for (const centre of [0, 80, -1000, 1e5]) {
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
                expectSameBits(y.subarray(i, i + length), alone);
              }
              const transposed = (a: FloatArray, m: number, n: number) =>
                a.map((_, i) => a[(i % m) * n + Math.floor(i / m)]!);
              backend.slices(transposed(x, rows, length), turned, what, length, rows, exact);
              expectSameBits(transposed(turned, length, rows), y);
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
            expectSameBits(transposed(turned, length, rows), y);
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
              expectSameBits(
                guarded(Floats, slab, (y) => backend.slices(part(x), y, what, length, inner, exact)),
                part(y),
              );
              expectSameBits(
                guarded(Floats, slab, (y) => backend.slicesGrad(part(g), part(x), y, what, length, inner, exact)),
                part(dx),
              );
            }
          }
        });

        it('works in place', () => {
          for (const [length, inner] of [
            [130, 1],
            [10, 1],
            [26, 5],
          ] as const) {
            const x = Floats.from(random(dtype, 1300, 10));
            const g = Floats.from(random(dtype, 1300, 1));
            const expected = new Floats(x.length);
            const y = x.slice();
            backend.slices(x, expected, what, length, inner, exact);
            backend.slices(y, y, what, length, inner, exact);
            expectSameBits(y, expected);
            backend.slicesGrad(g, x, expected, what, length, inner, exact);
            const inG = g.slice();
            backend.slicesGrad(inG, x, inG, what, length, inner, exact);
            expectSameBits(inG, expected);
          }
        });
      });
    });
  });
});

describe.each(kernelBackends)('exact of $name', (backend) => {
  it.each(activationNames.filter((name) => (activations[name] as Formula).exactly !== undefined))(
    '%s rounds correctly where doubles cannot decide',
    (name) => {
      const { float32, gradient } = vectorsOf<Vectors>(name);
      const { a, b } = casesOf(name)[0]!;
      const column = (flat: readonly number[], k: number) => Float32Array.from(flat.filter((_, i) => i % 3 === k));
      const x = column(float32, 0);
      const [y, dx] = [x.slice(), column(gradient, 0)];
      backend.map(x, y, opOf[name], a, b, true);
      expectSameBits(y, column(float32, 1));
      backend.mapGrad(new Float32Array(x.length).fill(1), x, y, opOf[name], a, b, true);
      expectSameBits(y, column(float32, 2));
      backend.mapGrad(column(gradient, 1), dx, dx, opOf[name], a, b, true);
      expectSameBits(dx, column(gradient, 2));
    },
  );
});

// Parameters that float lanes do not hold with, and those next to them (`floats_hold` in native/rows/rows.h): x from where the
// function begins to bend to where it ends, and millions of elements, which another loop takes.
describe.each(kernelBackends)('far parameters on $name', (backend) => {
  it.each([
    ['silu', [2 ** -30, 2 ** -31, -1e-18, 2 ** -126]],
    ['softplus', [2 ** -30, 2 ** -31, 1e-18, 2 ** -126]],
    ['elu', [2 ** 40, 2 ** 41, -1e30, 3e38]],
    ['seluOf', [2 ** 20, 2 ** 21, -(2 ** 59)]],
  ] as const)('%s', (row, parameters) => {
    for (const a of parameters) {
      const b = row === 'softplus' ? 20 : row === 'seluOf' ? 1 : 0;
      const unit = Math.abs(a) < 1 ? 1 / Math.abs(a) : 1;
      const x = Float32Array.from([...random('float32', 1000, 200), ...random('float32', 1000, 3)], (x) => x * unit);
      const g = new Float32Array(x.length).fill(1);
      const of = { activation: row, dtype: 'float32', precision: 'fast', a } as const;
      const [y, expected] = [new Float32Array(x.length), new Float32Array(x.length)];
      backend.map(x, y, opOf[row], a, b);
      reference.map(x, expected, opOf[row], a, b, false);
      expect(beyond({ ...of, direction: 'forward' }, y, expected, x), `${a}`).toBeUndefined();
      const many = repeated(x, 2 ** 22);
      const out = new Float32Array(many.length);
      backend.map(many, out, opOf[row], a, b);
      expectSameBits(out.subarray(0, x.length), y);
      backend.mapGrad(g, x, y, opOf[row], a, b);
      reference.mapGrad(g, x, expected, opOf[row], a, b, false);
      expect(beyond({ ...of, direction: 'gradient' }, y, expected, x, g), `${a}`).toBeUndefined();
    }
  });
  it('softplus of the smallest threshold', () => {
    const x = Float32Array.of(-1, 0, 2 ** -149, 2 ** -148, 1);
    const [y, expected] = [new Float32Array(5), new Float32Array(5)];
    backend.map(x, y, opOf.softplus, 1, 2 ** -149);
    reference.map(x, expected, opOf.softplus, 1, 2 ** -149, true);
    expectSameBits(y, expected);
  });
});

describe.each(precisions)('all backends of the kernels give the same bits: %s', (precision) => {
  const exact = precision === 'exact';
  const [first, ...others] = kernelBackends as [Backend, ...Backend[]];

  it.each(['float32', 'float64'] as const)('%s', (dtype) => {
    const Floats = dtypes[dtype];
    const x = Floats.from([...specials(dtype), ...random(dtype, 100_003)]);
    const g = Floats.from(random(dtype, x.length, 1));
    const run = (f: (y: FloatArray) => void) => {
      const y = new Floats(x.length);
      f(y);
      return y;
    };
    const all = (backend: Backend) => [
      ...cases.map(({ op, a, b }: Case) => run((y) => backend.map(x, y, op, a, b, exact))),
      ...cases.map(({ op, a, b }: Case) => run((y) => backend.mapGrad(g, x, y, op, a, b, exact))),
    ];
    const slices = (backend: Backend) => {
      const rows = Floats.from(random(dtype, 120_120, 30));
      return [1, 2, 7, 10, 33, 77, 1001, 120_120].flatMap((length) =>
        [1, 3, 40]
          .filter((inner) => rows.length % (length * inner) === 0)
          .flatMap((inner) => {
            const [y, dx] = [new Floats(rows.length), new Floats(rows.length)];
            backend.slices(rows, y, 'softmax', length, inner, exact);
            backend.slicesGrad(y, rows, dx, 'softmax', length, inner, exact);
            return [y, dx];
          }),
      );
    };
    for (const other of others) {
      const expected = [...all(first), ...slices(first)];
      for (const [i, y] of [...all(other), ...slices(other)].entries()) expectSameBits(y, expected[i]!);
    }
  });
});

/** Runs f on an array of `length` between guards, and asserts that they are as they were. */
function guarded(Floats: typeof Float32Array | typeof Float64Array, length: number, f: (y: FloatArray) => void) {
  const guards = 20;
  const memory = new Floats(length + 2 * guards).fill(1.25);
  const y = memory.subarray(guards, guards + length);
  f(y);
  for (let i = 0; i < guards; i++) {
    if (memory[i] !== 1.25 || memory[guards + length + i] !== 1.25)
      throw new Error(`wrote outside of ${length} elements`);
  }
  return y;
}

function expectSameBits(actual: FloatArray, expected: FloatArray): void {
  if (Buffer.compare(bytesOf(actual), bytesOf(expected)) === 0) return;
  // NaN is NaN, whatever its bits.
  const at = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  if (at >= 0) throw new Error(`element ${at} is ${actual[at]}, not ${expected[at]}`);
}
