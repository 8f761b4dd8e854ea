// `exact` is the correctly rounded share wherever a slice lies, however long it is, and under conditions that change no share: of rows
// of which float64 leaves a share open (test/vectors/make.py).
import { afterAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';
import { expectSame } from '../support/same.js';
import { vectorsOf } from '../support/vectors.js';

const { Tensor, softmax, softmin } = nonlin;
const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

const { middle: vectors, logits } = vectorsOf<{
  middle: { x: number[]; y: number[] }[];
  logits: { x: number[]; t: number; bias: number[]; y: number[] }[];
}>('softmax');
// A register and its neighbours, sums of a block and more, and more than a kernel keeps.
const lengths = [7, 8, 16, 17, 33, 65, 300, 1029, 5000, 33_000];
const precision = 'exact';

/** The vectors as rows of one length, -Infinity beside them from a place of their own, among rows of something else, one of them NaN. */
function matrixOf(length: number): { x: nonlin.Tensor; wanted: Float32Array } {
  const rows = length > 5000 ? vectors.slice(0, 2) : vectors;
  const x = new Float32Array(2 * rows.length * length).fill(-Infinity);
  const wanted = new Float32Array(x.length);
  for (const [i, row] of rows.entries()) {
    const start = (2 * i + 1) * length + (length - row.x.length);
    x.set(row.x, start);
    wanted.set(row.y, start);
    x.set(random('float32', length, 3), 2 * i * length);
  }
  x[0] = Number.NaN;
  const shape = [2 * rows.length, length];
  const matrix = new Tensor(x, { shape });
  const others = softmax(matrix, { precision }).data;
  for (let i = 0; i < rows.length; i++) {
    const from = 2 * i * length;
    wanted.set(others.subarray(from, from + length), from);
  }
  expect(wanted[0]).toBeNaN();
  return { x: matrix, wanted };
}

describe.each(nonlin.backends())('%s', (backend) => {
  it.each(lengths)('rows of %d', (length) => {
    nonlin.useBackend(backend);
    const { x, wanted } = matrixOf(length);
    const data = (y: nonlin.Tensor) => y.contiguous().data;
    expectSame(data(softmax(x, { precision })), wanted);
    expectSame(data(softmax(x.T.contiguous(), { precision, dim: 0 }).T), wanted);
    expectSame(data(softmax(x.T, { precision, dim: 0 }).T), wanted);
    for (let i = 0; i < x.shape[0]!; i += 5) {
      const [from, to] = [i * length, (i + 1) * length];
      expectSame(softmax(x.data.slice(from, to), { precision }), wanted.slice(from, to));
    }
    const inPlace = x.clone();
    softmax(inPlace, { precision, out: inPlace });
    expectSame(data(inPlace), wanted);
    const columns = x.T.contiguous();
    softmax(columns, { precision, dim: 0, out: columns });
    expectSame(data(columns.T), wanted);
  });

  it.each(lengths)('rows of %d under conditions', (length) => {
    nonlin.useBackend(backend);
    const { x, wanted } = matrixOf(length);
    const of = (scale: number, options: object) => {
      const scaled = new Tensor(
        x.data.map((value) => value * scale),
        { shape: x.shape },
      );
      const rows = scale < 0 ? softmin(scaled, { precision, ...options }) : softmax(scaled, { precision, ...options });
      expectSame(rows.data, wanted);
    };
    of(-1, {});
    of(2, { temperature: 2 });
    of(-0.25, { temperature: 0.25 });
    // The same is added to all, and nothing to any.
    const added = (value: number) => new Tensor(new Float32Array(length).fill(value));
    of(1, { mask: added(0) });
    of(1, { mask: added(1.5) });
    of(4, { mask: added(-0.7), temperature: 4 });
    // What is left out here is -Infinity there.
    const kept = Array.from(x.data, (value) => value !== -Infinity);
    const filled = new Tensor(
      x.data.map((value) => (value === -Infinity ? 7 : value)),
      { shape: x.shape },
    );
    const flags = { data: Uint8Array.from(kept, Number), shape: x.shape };
    const mask = new Tensor(
      Float32Array.from(kept, (value) => (value ? 0 : -Infinity)),
      { shape: x.shape },
    );
    expectSame(softmax(filled, { precision, mask: flags }).data, wanted);
    expectSame(softmax(filled, { precision, mask }).data, wanted);
    const columns = softmax(filled.T.contiguous(), { precision, mask: mask.T, dim: 0 });
    expectSame(columns.T.contiguous().data, wanted);
  });

  it('rows and columns of logits beside a middle', () => {
    nonlin.useBackend(backend);
    for (const { x, t, bias, y } of logits) {
      const mask = new Tensor(Float32Array.from(bias), { shape: [x.length] });
      const options = { precision, temperature: t, ...(bias.some((b) => b !== 0) ? { mask } : {}) } as const;
      expectSame(softmax(Float32Array.from(x), options), Float32Array.from(y));
      // The last column of one register, of several, and of a second band.
      for (const count of [1, 5, 9, 40]) {
        const shape = [x.length, count];
        const spread = (row: readonly number[], other: number) =>
          new Tensor(
            Float32Array.from({ length: x.length * count }, (_, i) =>
              i % count === count - 1 ? row[Math.floor(i / count)]! : other,
            ),
            { shape },
          );
        const columns = spread(x, 0);
        const masks = 'mask' in options ? { mask: spread(bias, 0) } : {};
        const last = (of: nonlin.Tensor) => of.data.filter((_, i) => i % count === count - 1);
        expectSame(last(softmax(columns, { ...options, ...masks, dim: 0 })), Float32Array.from(y));
        softmax(columns, { ...options, ...masks, dim: 0, out: columns });
        expectSame(last(columns), Float32Array.from(y));
      }
    }
  });
});
