// Every activation on every native backend against the TypeScript one, and against each other: dtype x precision x length x offset.

import { describe, expect, it } from 'vitest';
import type { Formula } from '../../lib/activations/formula.js';
import { type Case, casesOf } from '../../lib/activations/signatures.js';
import { activationNames, activations, opOf } from '../../lib/activations/table.js';
import type { Backend } from '../../lib/backends/backend.js';
import { mostFew, mostFewDoubles } from '../../lib/backends/backend.js';
import { native } from '../../lib/backends/native/native.js';
import { reference } from '../../lib/backends/reference.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import { random, repeated, specials } from '../support/inputs.js';
import { guarded, kernelBackends } from '../support/kernels.js';
import { beyond, expectSame } from '../support/same.js';
import { vectorsOf } from '../support/vectors.js';

const cases = activationNames.flatMap(casesOf);
const dtypes = { float32: Float32Array, float64: Float64Array } as const;
const precisions = ['fast', 'exact'] as const;
// Around the widths of a vector and of two, 2 to 16 lanes, and around the size of a small call.
const lengths = [
  ...[0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100],
  ...[mostFewDoubles, mostFewDoubles + 1, mostFew - 1, mostFew, mostFew + 1],
];

/** float32 inputs and results from arbitrary precision: [x, value, slope] and [x, grad, gradient] in flat lists. */
interface Vectors {
  readonly float32: number[];
  readonly gradient: number[];
}

/** The rows whose slope is below zero on one side of a place left of 0, and that. */
const withZero = activationNames.flatMap((name) => {
  const of = casesOf(name)[0]!;
  const isBelow = (x: number) => {
    const slope = new Float64Array(1);
    reference.mapGrad(Float64Array.of(1), Float64Array.of(x), slope, of.op, of.a, of.b, false);
    return slope[0]! < 0;
  };
  let [zero, end] = [-2, -0.125];
  if (!isBelow(zero) || isBelow(end)) return [];
  while (end - zero > 2 ** -50) {
    const middle = (zero + end) / 2;
    if (isBelow(middle)) zero = middle;
    else end = middle;
  }
  return [{ ...of, zero }];
});

it('has the native backends of this machine', () => {
  // On a machine that no instruction set fits, everything below would pass without a comparison.
  expect(native.reason).toBeUndefined();
  expect(native.backends.length).toBeGreaterThan(0);
  // Nor is one left out as it computes wrong numbers.
  expect(native.backends.map(({ name }) => name)).toEqual(native.addon!.sets);
});

it('the addon has the activations of the TypeScript table, in its order', () => {
  expect(native.addon?.activations).toEqual(activationNames);
});

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
          expectSame(gradient(mixed), expected);
          const [g, y] = [mixed.slice(), x.slice()];
          expectSame(gradient(g, g), expected);
          expectSame(gradient(mixed, y, y), expected);
          const right = new Floats(x.length);
          reference.mapGrad(mixed, x, right, op, a, b, exact);
          expect(beyond(comparison, expected, right, x, mixed)).toBeUndefined();
        },
      );

      it.each(cases)('$label of an element does not depend on its place', ({ op, a, b }) => {
        const whole = new Floats(inputs.length);
        const wholeGrad = new Floats(inputs.length);
        backend.map(inputs, whole, op, a, b, exact);
        backend.mapGrad(grads, inputs, wholeGrad, op, a, b, exact);
        for (const length of lengths) {
          for (const offset of [0, 1, 3, 16]) {
            const part = <T extends FloatArray>(x: T) => x.subarray(offset, offset + length);
            expectSame(
              guarded(Floats, length, (y) => backend.map(part(inputs), y, op, a, b, exact)),
              part(whole),
            );
            expectSame(
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
            expectSame(
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
        expectSame(y, expected);
        backend.mapGrad(grads, inputs, expected, op, a, b, exact);
        const g = grads.slice();
        backend.mapGrad(g, inputs, g, op, a, b, exact);
        expectSame(g, expected);
      });
    });
  });
});

describe.each(kernelBackends)('exact of $name', (backend) => {
  // gelu's rare inputs: none, a few and many of a group of 64, more than a part of the array, and a rest.
  it.each(activationNames.map((name) => casesOf(name)[0]!))('$label of groups with some far out', ({ op, a, b }) => {
    const far = [-4.26, -5.1, -7, -14, 4.3, 5.3, -14.8, -300, 5.41, 80, -Infinity, Infinity, NaN, 3e38];
    const usual = random('float32', 64, 4);
    for (const many of [0, 1, 5, 6, 20, 64]) {
      const x = Float32Array.from({ length: 40 * 64 + 37 }, (_, i) =>
        (i * 11) % 64 < many ? far[i % (many < 20 ? 4 : far.length)]! : usual[i % 64]!,
      );
      const [y, expected] = [new Float32Array(x.length), new Float32Array(x.length)];
      reference.map(x, expected, op, a, b, true);
      backend.map(x, y, op, a, b, true);
      expectSame(y, expected);
      backend.map(x, x, op, a, b, true);
      expectSame(x, expected);
    }
  });

  // Where it is what is left of larger terms: the floats around the zero, and farther ones.
  it.each(withZero)('$label, its slope near $zero', ({ op, a, b, zero }) => {
    const steps = random('float32', 4096, 8).map((step, i) => Math.round(step) * 2 ** (i % 2 === 0 ? -24 : -12));
    const x = Float32Array.from(steps, (step) => zero + step);
    const g = Float32Array.from(random('float32', x.length, 1));
    const [y, expected] = [new Float32Array(x.length), new Float32Array(x.length)];
    backend.mapGrad(g, x, y, op, a, b, true);
    reference.mapGrad(g, x, expected, op, a, b, true);
    expectSame(y, expected);
  });

  it.each(activationNames.filter((name) => (activations[name] as Formula).exactly !== undefined))(
    '%s rounds correctly where doubles cannot decide',
    (name) => {
      const { float32, gradient } = vectorsOf<Vectors>(name);
      const { a, b } = casesOf(name)[0]!;
      const column = (flat: readonly number[], k: number) => Float32Array.from(flat.filter((_, i) => i % 3 === k));
      const x = column(float32, 0);
      const [y, dx] = [x.slice(), column(gradient, 0)];
      backend.map(x, y, opOf[name], a, b, true);
      expectSame(y, column(float32, 1));
      backend.mapGrad(new Float32Array(x.length).fill(1), x, y, opOf[name], a, b, true);
      expectSame(y, column(float32, 2));
      backend.mapGrad(column(gradient, 1), dx, dx, opOf[name], a, b, true);
      expectSame(dx, column(gradient, 2));
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
      expectSame(out.subarray(0, x.length), y);
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
    expectSame(y, expected);
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
    for (const other of others) {
      const expected = all(first);
      for (const [i, y] of all(other).entries()) expectSame(y, expected[i]!);
    }
  });
});
