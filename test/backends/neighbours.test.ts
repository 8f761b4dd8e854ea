// A slice among others has the bits that it has alone. Native code tries each slice first with the power of two that suited the last.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Slice } from '../../lib/backends/backend.js';
import { reference } from '../../lib/backends/reference.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import { kernelBackends } from '../support/kernels.js';
import { expectSame } from '../support/same.js';

const arithmetics = [
  { Floats: Float32Array, precision: 'fast' },
  { Floats: Float32Array, precision: 'exact' },
  { Floats: Float64Array, precision: 'fast' },
] as const;

// Where the entries of a slice lie, and how far apart: both sides of each limit that a kernel has.
const centres = [
  0,
  17,
  -19,
  51,
  60,
  -60,
  150,
  -150,
  219,
  300,
  -400,
  5000,
  -9000,
  64500,
  64530,
  65520,
  65542,
  1e6,
  -1e30,
  Infinity,
  -Infinity,
  NaN,
];
const slice = fc.record({
  centre: fc.constantFrom(...centres),
  spread: fc.constantFrom(0, 1, 20, 200, 2000),
  seed: fc.nat(),
});

/** Some of its entries beyond everything, or nothing. */
function entriesOf({ centre, spread, seed }: { centre: number; spread: number; seed: number }, length: number) {
  let state = (seed % 2147483646) + 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return Array.from({ length }, () => (next() < 0.05 ? -Infinity : centre + spread * (next() - 0.5)));
}

/** Around the limit beyond which the maximum is taken from a slice first: what suits the first of them would suit the second. */
const aroundLimit = [65520, 65542, 0, -65520, -65542, 0, 64500, 64530].map((centre, seed) => ({
  centre,
  spread: 20,
  seed,
}));
const examples: [typeof aroundLimit, number, Slice, boolean, boolean][] = [
  [aroundLimit, 300, 'softmax', false, false],
  [aroundLimit, 10, 'softmax', false, false],
  [aroundLimit, 300, 'logSoftmax', false, false],
  [aroundLimit, 300, 'logSoftmax', true, false],
  [aroundLimit, 300, 'softmax', false, true],
];

describe.each([...kernelBackends, reference])('$name', (backend) => {
  it.each(arithmetics)('$Floats.name, $precision', ({ Floats, precision }) => {
    const exact = precision === 'exact';
    const compute = (what: Slice, g: FloatArray | undefined, x: FloatArray, length: number, inner: number) => {
      const y = new Floats(x.length);
      if (g === undefined) backend.slices(x, y, what, length, inner, exact);
      else backend.slicesGrad(g, x, y, what, length, inner, exact);
      return y;
    };
    fc.assert(
      fc.property(
        fc.array(slice, { minLength: 1, maxLength: 100 }),
        fc.constantFrom(1, 2, 3, 10, 17, 64, 65, 130, 300, 1000),
        fc.constantFrom<Slice>('softmax', 'logSoftmax'),
        fc.boolean(),
        fc.boolean(),
        (slices, length, what, columns, gradient) => {
          const count = slices.length;
          const each = slices.map((of) => Floats.from(entriesOf(of, length)));
          const gradients = each.map((x, i) => x.map((_, j) => ((i * 7 + j * 13) % 11) - 5));
          const laid = (all: readonly FloatArray[]) =>
            new Floats(count * length).map((_, i) =>
              columns ? all[i % count]![Math.floor(i / count)]! : all[Math.floor(i / length)]![i % length]!,
            );
          const y = compute(what, gradient ? laid(gradients) : undefined, laid(each), length, columns ? count : 1);
          const alone = each.map((x, i) => compute(what, gradient ? gradients[i] : undefined, x, length, 1));
          expectSame(y, laid(alone));
        },
      ),
      { numRuns: 200, examples },
    );
  });
});
