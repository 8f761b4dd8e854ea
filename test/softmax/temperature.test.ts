// Softmax over a temperature in float lanes: within the promise wherever the logits lie, and a slice's bits are its own, whatever lies
// beside it and however it is masked.
import { afterAll, describe, expect, it } from 'vitest';
import { promised } from '../../lib/activations/promises.js';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';
import { expectSame } from '../support/same.js';

const { Tensor, softmax, softmin } = nonlin;
const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

/** Rows of a length, each of another kind: usual ones, others whose exponentials need a power of their own, and what none suits. */
function rowsOf(length: number, t: number): Float32Array[] {
  const numbers = (scale: number, shift = 0) =>
    Float32Array.from(random('float32', length, scale), (value) => (value + shift) * t);
  const one = (value: number) => numbers(3).fill(value, length >> 1, (length >> 1) + 1);
  return [
    numbers(3),
    numbers(100),
    numbers(3, 80),
    numbers(3, -200),
    numbers(1, 5000),
    // As far as a power of two brings it back, and beyond.
    numbers(300, 64_512),
    numbers(300, -65_200),
    numbers(300, 65_536),
    numbers(300, 66_000),
    numbers(1, -9e6),
    numbers(1e30),
    // What is nothing beside 1, or subnormal.
    numbers(2 ** -43),
    numbers(1e-38),
    new Float32Array(length),
    one(60 * t),
    one(-Infinity),
    one(3e38),
    one(Infinity),
    one(Number.NaN),
    numbers(1).fill(-Infinity),
  ];
}

/** The shares of a row, in float64: the distances to the largest are exact but for a rounding. */
function sharesOf(row: Float32Array, t: number): number[] {
  const logits = Array.from(row, (x) => x / t);
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  // x / t is rounded to 2^-53 of itself: where that counts, the quotient of the distance is nearer.
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const terms = Array.from(row, (x) => Math.exp(Number.isFinite(top) ? (x - largest) / t : x / t - top));
  const sum = terms.reduce((a, b) => a + b, 0);
  return terms.map((term) => term / sum);
}

const temperatures = [0.7, 1.5, 3, 1 / 3, 2 ** -10, 2 ** 10, 0.0009, 1025, 0.999].map(Math.fround);
const lengths = [1, 2, 7, 10, 33, 256, 257, 1029];

describe.each(nonlin.backends())('%s', (backend) => {
  it.each(temperatures)('temperature %d: true values and the same bits everywhere', (temperature) => {
    nonlin.useBackend(backend);
    const most = promised('softmax', false, false).fast;
    for (const length of temperature === temperatures[0] ? [...lengths, 33_000] : lengths) {
      // Of short rows more than the bits of a number, of those of a batch.
      const rows = Array.from({ length: length < 50 ? 3 : 1 }, () => rowsOf(length, temperature)).flat();
      const together = new Float32Array(rows.length * length);
      for (const [i, row] of rows.entries()) together.set(row, i * length);
      const x = new Tensor(together, { shape: [rows.length, length] });
      const y = softmax(x, { temperature });
      const columns = softmax(x.T.contiguous(), { temperature, dim: 0 }).T.contiguous();
      const mirrored = softmin(
        new Tensor(
          together.map((value) => -value),
          { shape: x.shape },
        ),
        { temperature },
      );
      const unmasked = softmax(x, { temperature, mask: new Tensor(new Float32Array(length)) });
      const inPlace = x.clone();
      softmax(inPlace, { temperature, out: inPlace });
      for (const [i, row] of rows.entries()) {
        const found = y.data.subarray(i * length, (i + 1) * length);
        const what = `row ${i} of ${length} at ${temperature}`;
        const expected = sharesOf(row, temperature);
        for (let j = 0; j < length; j++) {
          const value = Math.fround(expected[j]!);
          if (ulpDistance(found[j]!, value, 'float32') > most)
            expect.fail(`${what}: ${found[j]} for ${expected[j]} of ${row[j]}`);
        }
        const alone = softmax(row, { temperature });
        for (const others of [columns, mirrored, unmasked, inPlace])
          expectSame(others.data.subarray(i * length, (i + 1) * length), found, what);
        expectSame(alone, found, what);
      }
    }
  });

  // What rounding takes of such a logit is as large as the exponent itself: no guess at a power may take it for a usual one.
  it('logits beyond all powers share nothing', () => {
    nonlin.useBackend(backend);
    for (let i = 0; i < 4000; i++) {
      const x = Float32Array.of(2 ** 24 * (1 + i / 150) - 1000, 2 ** 24 * (1 + i / 150), 0);
      expectSame(softmax(x, { temperature: 0.7 }), Float32Array.of(0, 1, 0), String(x));
    }
  });

  it('what is added to a large logit is added to it as it is', () => {
    nonlin.useBackend(backend);
    const t = Math.fround(1.7);
    let far = 0;
    for (let i = 0; i < 2000; i++) {
      const x = Math.fround(2 ** 32 * (1 + i / 2048.3));
      const added = -Math.fround(x / t);
      // Exact but for the quotient.
      const logit = (x + added * t) / t;
      if (logit > 0 || logit < -80) continue;
      // As floats multiply and add, nothing is left.
      if (Math.fround(Math.fround(x * Math.fround(1 / t)) + added) < -130) far++;
      const [, share] = softmax(new Tensor([0, x]), { temperature: t, mask: new Tensor([0, added]) }).data;
      expect(ulpDistance(share!, Math.fround(1 / (1 + Math.exp(-logit))), 'float32'), `${x}`).toBeLessThanOrEqual(4);
    }
    expect(far).toBeGreaterThan(0);
  });

  it('a mask is as entries that are not there, also of softmin', () => {
    nonlin.useBackend(backend);
    for (const length of [10, 100, 1000]) {
      const rows = rowsOf(length, 0.7);
      const keep = Uint8Array.from({ length }, (_, j) => Number(j % 3 !== 1));
      for (const [name, f, nothing] of [
        ['softmax', softmax, -Infinity],
        ['softmin', softmin, Infinity],
      ] as const)
        for (const [i, row] of rows.entries()) {
          const masked = f(new Tensor(row, { shape: [1, length] }), {
            temperature: 0.7,
            mask: { data: keep, shape: [1, length] },
          });
          const left = row.map((value, j) => (keep[j] === 1 ? value : nothing));
          expect(masked.data, `${name} of row ${i}`).toEqual(f(left, { temperature: 0.7 }));
          const added = Float32Array.from(keep, (one) => (one === 1 ? 0 : -Infinity));
          const sum = f(new Tensor(row, { shape: [1, length] }), {
            temperature: 0.7,
            mask: new Tensor(added, { shape: [1, length] }),
          });
          expect(sum.data, `${name} of row ${i}, added`).toEqual(masked.data);
        }
    }
  });
});
