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
  // By how much one entry is above the others: what is left of them has a share that is large, small, or nothing.
  peak: fc.constantFrom(0, 5, 20, 55, 62, 75, 90, 115, 125),
  seed: fc.nat(),
});
interface Kind {
  readonly centre: number;
  readonly spread: number;
  readonly peak: number;
  readonly seed: number;
}

/** Some of its entries beyond everything, or nothing. */
function entriesOf({ centre, spread, peak, seed }: Kind, length: number) {
  let state = (seed % 2147483646) + 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const entries = Array.from({ length }, () => (next() < 0.05 ? -Infinity : centre + spread * (next() - 0.5)));
  entries[seed % length]! += peak;
  return entries;
}

/** Around the limit beyond which the maximum is taken from a slice first: what suits the first of them would suit the second. */
const aroundLimit = [65520, 65542, 0, -65520, -65542, 0, 64500, 64530].map((centre, seed) => ({
  centre,
  spread: 20,
  peak: 0,
  seed,
}));
/** All of one kind, of which what is left beside the peak is just not nothing, and one of another among them. */
const peaks = Array.from({ length: 60 }, (_, seed) => ({ centre: 3, spread: 4, peak: seed === 40 ? 0 : 62, seed }));
/** After a matrix whose columns one power does not suit, one with small shares beside a column without a maximum. */
const besideNothing = [0, 0, 0, 0, -150, 0, 0, 0, 0, -Infinity].map((centre, i) => ({
  centre,
  spread: i === 8 ? 200 : 0,
  peak: 0,
  seed: 0,
}));
const examples: [Kind[], number, Slice, number, boolean][] = [
  [besideNothing, 1000, 'softmax', 5, false],
  [aroundLimit, 300, 'softmax', 1, false],
  [aroundLimit, 10, 'softmax', 1, false],
  [aroundLimit, 300, 'logSoftmax', 1, false],
  [aroundLimit, 300, 'logSoftmax', 8, false],
  [aroundLimit, 300, 'softmax', 1, true],
  [peaks, 10, 'softmax', 20, false],
  [peaks, 17, 'logSoftmax', 5, false],
  [peaks, 130, 'logSoftmax', 20, false],
  [peaks, 130, 'logSoftmax', 1, false],
  [peaks, 300, 'logSoftmax', 3, false],
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
        fc.constantFrom(1, 2, 5, 17, 40, 100),
        fc.boolean(),
        (kinds, length, what, most, gradient) => {
          // Side by side, so many in each slab.
          const inner = Math.min(most, kinds.length);
          const slices = kinds.slice(0, kinds.length - (kinds.length % inner));
          const count = slices.length;
          const each = slices.map((of) => Floats.from(entriesOf(of, length)));
          const gradients = each.map((x, i) => x.map((_, j) => ((i * 7 + j * 13) % 11) - 5));
          const laid = (all: readonly FloatArray[]) =>
            new Floats(count * length).map((_, i) => {
              const slab = Math.floor(i / (inner * length));
              return all[slab * inner + (i % inner)]![Math.floor(i / inner) % length]!;
            });
          const y = compute(what, gradient ? laid(gradients) : undefined, laid(each), length, inner);
          const alone = each.map((x, i) => compute(what, gradient ? gradients[i] : undefined, x, length, 1));
          expectSame(y, laid(alone));
        },
      ),
      { numRuns: 200, examples },
    );
  });
});
