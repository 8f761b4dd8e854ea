// What softmax owes to arithmetic, whatever its rounding: certainty is 1, equals share alike, more of a logit is not less of a share.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import { reference } from '../../lib/backends/reference.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import { random } from '../support/inputs.js';
import { kernelBackends } from '../support/kernels.js';
import { expectSame } from '../support/same.js';

const arithmetics = [
  { Floats: Float32Array, precision: 'fast', logit: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  { Floats: Float32Array, precision: 'exact', logit: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  { Floats: Float64Array, precision: 'fast', logit: fc.double({ noNaN: true, noDefaultInfinity: true }) },
] as const;

// [outer, inner] of slices: a call of its own, one of many rows, columns, and more of them than a small call has.
const layouts = [
  [1, 1],
  [19, 1],
  [300, 1],
  [1, 5],
  [2, 70],
] as const;
type Layout = (typeof layouts)[number];
const numbers = random('float64', 60000, 1);
const layout = fc.constantFrom(...layouts);

describe.each([...kernelBackends, reference])('$name', (backend) => {
  describe.each(arithmetics)('$Floats.name, $precision', ({ Floats, precision, logit }) => {
    const exact = precision === 'exact';
    const dtype = Floats === Float32Array ? 'float32' : 'float64';

    const spread = (slice: FloatArray, slab: number, inner: number, outer: number) => {
      const all = new Floats(outer * slab);
      for (let j = 0, at = 0; j < slice.length; j++) for (let i = 0; i < inner; i++) all[at++] = slice[j]!;
      for (let first = slab; first < all.length; first += slab) all.copyWithin(first, 0, slab);
      return all;
    };
    /** The same slice everywhere in a layout; what comes out is one slice, after they were seen to be alike. */
    const everywhere = (slices: readonly FloatArray[], [outer, inner]: Layout, grad: boolean): FloatArray => {
      const { length } = slices[0]!;
      const slab = length * inner;
      const arrays = slices.map((slice) => spread(slice, slab, inner, outer));
      const y = new Floats(outer * slab);
      if (grad) backend.slicesGrad(arrays[1]!, arrays[0]!, y, 'softmax', length, inner, exact);
      else backend.slices(arrays[0]!, y, 'softmax', length, inner, exact);
      const one = new Floats(length);
      for (let j = 0; j < length; j++) one[j] = y[j * inner]!;
      expectSame(y, spread(one, slab, inner, outer), 'the same slice has other results');
      return one;
    };
    const softmax = (x: FloatArray, at: Layout) => everywhere([x], at, false);
    const softmaxGrad = (g: FloatArray, x: FloatArray, at: Layout) => everywhere([x, g], at, true);

    const bits = Floats === Float32Array ? new Int32Array(1) : new BigInt64Array(1);
    const value = new Floats(bits.buffer);
    /** The next number above. */
    const above = (x: number) => {
      value[0] = x === 0 ? 0 : x;
      if (bits instanceof Int32Array) bits[0]! += x < 0 ? -1 : 1;
      else bits[0]! += x < 0 ? -1n : 1n;
      return value[0]!;
    };

    it('the only entry has share 1 and gradient 0', () => {
      fc.assert(
        fc.property(logit, logit, layout, (x, g, at) => {
          expect(softmax(Floats.of(x), at)).toEqual(Floats.of(1));
          expect(Math.abs(softmaxGrad(Floats.of(g), Floats.of(x), at)[0]!)).toBe(0);
        }),
      );
    });

    it('the only entry that is not masked has share 1 and gradient 0', () => {
      fc.assert(
        fc.property(logit, logit, fc.nat(150), fc.nat(), layout, (x, g, masked, place, at) => {
          const one = new Floats(masked + 1).fill(-Infinity);
          const winner = place % one.length;
          one[winner] = x;
          const expected = new Floats(one.length);
          expected[winner] = 1;
          expect(softmax(one, at)).toEqual(expected);
          const grad = new Floats(one.length).map((_, i) => g / (1 + i));
          expect(softmaxGrad(grad, one, at).every((value) => value === 0)).toBe(true);
        }),
      );
    });

    it('entries out of reach have share 0 and the rest all of it, wherever they lie', () => {
      for (let logit = -1200; logit <= 1200; logit += 5) {
        for (const length of [3, 40]) {
          const x = new Floats(length).fill(logit - 3000);
          x[logit & 1] = logit;
          const expected = new Floats(length);
          expected[logit & 1] = 1;
          expect(softmax(x, layouts[((logit + 1200) / 5) % layouts.length]!), `${logit}`).toEqual(expected);
        }
      }
    });

    it('n equal entries have share 1 / n', () => {
      const check = (x: number, n: number, at: Layout) => {
        const nearest = Floats.of(1 / n)[0]!;
        const most = exact || Math.log2(n) % 1 === 0 ? 0 : 1;
        for (const value of new Set(softmax(new Floats(n).fill(x), at)))
          expect(ulpDistance(value, nearest, dtype), `${n} of ${x}: ${value}`).toBeLessThanOrEqual(most);
      };
      for (let n = 1; n <= 300; n++) check(n / 7 - 20, n, layouts[n % layouts.length]!);
      for (let power = 0; power <= 20; power++) check(-18.8 + 3 * power, 2 ** power, layouts[0]);
      fc.assert(
        fc.property(logit, fc.integer({ min: 1, max: 5000 }), layout, (x, n, at) => check(x, n, at)),
        { numRuns: 15 },
      );
      fc.assert(
        fc.property(logit, fc.integer({ min: 1, max: 2 ** 20 }), (x, n) => check(x, n, layouts[0])),
        { numRuns: 3 },
      );
    });

    it('no share exceeds 1, and the largest does not fall when its logit grows', () => {
      const slice = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 80 });
      fc.assert(
        fc.property(slice, fc.double({ min: 0, max: 100, noNaN: true }), layout, (logits, more, at) => {
          const x = Floats.from(logits);
          const winner = x.indexOf(Math.max(...x));
          const share = softmax(x, at)[winner]!;
          for (const logit of [above(x[winner]!), x[winner]! + more]) {
            x[winner] = logit;
            const y = softmax(x, at);
            expect(Math.max(...y)).toBeLessThanOrEqual(1);
            expect(y[winner], `x[${winner}] = ${logit}`).toBeGreaterThanOrEqual(share);
          }
        }),
        { numRuns: 150 },
      );
    });

    /** Shares of the entry `at` in slices that differ in it, each as a row or a column of one call. */
    const sharesOf = (slice: FloatArray, at: number, logits: FloatArray, columns: boolean) => {
      const { length } = slice;
      const count = logits.length;
      const place = (j: number, k: number) => (columns ? j * count + k : k * length + j);
      const x = new Floats(length * count);
      for (let k = 0; k < count; k++)
        for (let j = 0; j < length; j++) x[place(j, k)] = j === at ? logits[k]! : slice[j]!;
      const y = new Floats(x.length);
      backend.slices(x, y, 'softmax', length, columns ? count : 1, exact);
      return logits.map((_, k) => y[place(at, k)]!);
    };
    const steps = (from: number, count: number) => {
      const logits = new Floats(count);
      logits[0] = from;
      for (let k = 1; k < count; k++) logits[k] = above(logits[k - 1]!);
      return logits;
    };
    const falls = (shares: FloatArray) => shares.findIndex((share, k) => k > 0 && share < shares[k - 1]!);

    // Slices from equals to one entry that has nearly all, whose logit is so small that a float more is a float more of e^x.
    const lengths = [2, 3, 8, 9, 16, 17, 19, 20, 32, 33, 48, 64, 65, 128, 200, 257, 1000, 50257];
    it.each(lengths)('the largest of %i shares does not fall from one logit to the next', (length) => {
      const [count, slices] = length > 1000 ? [3, 3] : [64, Math.ceil(9000 / (length + 60))];
      for (let i = 0; i < slices; i++) {
        const gap = (i % 7) + 0.01;
        const logit = numbers[i]! * 0.7;
        const slice = new Floats(length).map((_, j) => logit - gap * (1 + numbers[j + i]! + (i % 7) / 3));
        for (const columns of [false, true])
          expect(falls(sharesOf(slice, i % length, steps(logit, count), columns)), `slice ${i} of ${logit}`).toBe(-1);
      }
    });

    it('nor where e^x goes over to the next entry of its table', () => {
      for (const length of [3, 4, 16]) {
        const slice = new Floats(length).fill(0.06);
        expect(falls(sharesOf(slice, 1, steps(0.0649825, 64), false)), `${length}`).toBe(-1);
      }
    });
  });
});
