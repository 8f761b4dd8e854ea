// What masks, temperatures and lists of dimensions owe to each other, in every backend: a masked entry is as one that is not there.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';
import { expectSame } from '../support/same.js';

const { Tensor, softmax, softmaxGrad, logSoftmax, logSoftmaxGrad, softmin, softminGrad } = nonlin;
type Tensor = nonlin.Tensor;

const values = { softmax, logSoftmax, softmin } as const;
const gradients = { softmax: softmaxGrad, logSoftmax: logSoftmaxGrad, softmin: softminGrad } as const;
const functions = ['softmax', 'logSoftmax', 'softmin'] as const;

const arithmetics = [
  { dtype: 'float32', precision: 'fast', ulp: 8 },
  { dtype: 'float32', precision: 'exact', ulp: 1 },
  { dtype: 'float64', precision: 'fast', ulp: 10 },
] as const;

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

const elements = (x: Tensor) => Array.from(x.contiguous().data);
const sizeOf = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1);

it('adds floats of 16 bits by what they are, and not by their bits', () => {
  const x = new Tensor([1, 2, 3]);
  const minusInfinity = { float16: 0xfc00, bfloat16: 0xff80 };
  const expected = softmax(x, { mask: new Tensor([0, -Infinity, -1]) });
  for (const dtype of ['float16', 'bfloat16'] as const) {
    const mask = new Tensor([0, -Infinity, -1], { dtype });
    expect(softmax(x, { mask }).toArray()).toEqual(expected.toArray());
    expect(softmax(x.to(dtype), { mask }).toArray()).toEqual(expected.to(dtype).toArray());
    const data = Uint16Array.of(0, minusInfinity[dtype], 0, 7);
    const like = { data, shape: [3], strides: [1], offset: 0 };
    // The first and the last alone.
    const kept = softmax(new Tensor([1, -Infinity, 3])).toArray();
    expect(softmax(x, { mask: { ...like, dtype } }).toArray()).toEqual(kept);
    expect(softmax(x, { mask: { data: data.subarray(0, 3), dims: [3], type: dtype } }).toArray()).toEqual(kept);
    // Which says nothing of floats.
    expect(softmax(x, { mask: like }).toArray()).toEqual([0, 1, 0]);
    expect(x.maskedFill(new Tensor([0, -0, 1], { dtype }), 9).toArray()).toEqual([1, 2, 9]);
  }
});

describe.each(nonlin.backends())('%s', (backend) => {
  describe.each(arithmetics)('$dtype, $precision', ({ dtype, precision, ulp }) => {
    const Floats = dtype === 'float32' ? Float32Array : Float64Array;
    const mapped = <S>(source: ArrayLike<S>, f: (value: S, i: number) => number): FloatArray =>
      Floats.from(Array.from(source, f));
    const tensor = (data: FloatArray, shape: readonly number[]): Tensor =>
      data instanceof Float32Array ? new Tensor(data, { shape }) : new Tensor(data, { shape });
    const normal = (shape: readonly number[], scale = 5) =>
      tensor(Floats.from(random(dtype, sizeOf(shape), scale)), shape);
    const flagsOf = (count: number, seed: number) =>
      Uint8Array.from(random('float64', count + seed, 1), (v) => (v > -0.4 ? seed : 0)).subarray(0, count);
    const farthest = (a: readonly number[], b: readonly number[]) =>
      a.reduce((most, value, i) => Math.max(most, ulpDistance(value, b[i]!, dtype)), 0);
    const lowest = (flags: Uint8Array) => mapped(flags, (flag) => (flag === 0 ? -Infinity : 0));

    // [shape, dim]: rows shorter and longer than registers, blocks and chunks, and columns.
    const layouts = [
      [[23, 3], 1],
      [[9, 17], 1],
      [[5, 130], 1],
      [[3, 1000], 1],
      [[1, 33000], 1],
      [[2, 3, 5], 1],
      [[2, 70, 19], 1],
      [[140, 40], 0],
    ] as const;

    it.each(layouts)('a boolean mask on %j along %i is -Infinity there', (shape, dim) => {
      nonlin.useBackend(backend);
      const x = normal(shape);
      const flags = flagsOf(x.size, 3);
      const mask = { data: flags, shape };
      for (const name of functions) {
        const infinite = name === 'softmin' ? Infinity : -Infinity;
        const filled = x.maskedFill({ data: Uint8Array.from(flags, (flag) => Number(flag === 0)), shape }, infinite);
        for (const temperature of [1, 0.7]) {
          const options = { dim, temperature, precision } as const;
          const y = values[name](x, { ...options, mask });
          // TypeScript takes the rounding error of x less the largest along, which float64 logarithms show.
          expect(farthest(elements(y), elements(values[name](filled, options)))).toBeLessThanOrEqual(
            backend === 'js' ? 1 : 0,
          );
          // In place, of arrays at any address.
          const inPlace = x.add(0);
          expect(values[name](inPlace, { ...options, mask, out: inPlace })).toBe(inPlace);
          expectSame(inPlace.data, y.contiguous().data);
        }
        const y = values[name](x, { dim, precision, mask });
        const added = values[name](x, { dim, precision, mask: tensor(lowest(flags), shape) });
        expect(farthest(elements(added), elements(y))).toBeLessThanOrEqual(ulp);
      }
    });

    it.each(layouts)('a masked entry of %j along %i is as one that is not there', (shape, dim) => {
      nonlin.useBackend(backend);
      const length = shape[dim]!;
      const dropped = [1, Math.floor(length / 2), length - 1];
      const keep = Uint8Array.from({ length }, (_, i) => Number(!dropped.includes(i)));
      const x = normal(shape).transpose(dim, -1).contiguous();
      const g = normal(x.shape, 1);
      const without = (a: Tensor) => {
        const kept = elements(a).filter((_, i) => keep[i % length] === 1);
        return tensor(Floats.from(kept), [...a.shape.slice(0, -1), kept.length / (a.size / length)]);
      };
      if (without(x).size === 0) return;
      const wild = tensor(
        mapped(elements(g), (value, i) => (keep[i % length] === 1 ? value : i % 2 ? Number.NaN : Infinity)),
        x.shape,
      );
      for (const name of functions) {
        for (const temperature of [1, 3]) {
          const options = { precision, temperature } as const;
          // As rows, and along the dimension that it was.
          const there = (f: (x: Tensor, g: Tensor) => Tensor) =>
            f(x.transpose(dim, -1), wild.transpose(dim, -1)).transpose(dim, -1);
          const mask = { data: keep, shape: shape.map((size, i) => (i === dim ? size : 1)) };
          const y = there((x) => values[name](x, { ...options, dim, mask }));
          expect(farthest(elements(without(y)), elements(values[name](without(x), options)))).toBeLessThanOrEqual(ulp);
          const outside = (a: Tensor) => new Set(elements(a).filter((_, i) => keep[i % length] === 0));
          expect(outside(y)).toEqual(new Set([name === 'logSoftmax' ? -Infinity : 0]));

          const dx = there((x, g) => gradients[name](g, x, { ...options, dim, mask }));
          const truth = elements(gradients[name](without(g), without(x), { ...options, precision: 'exact' }));
          const most = dtype === 'float32' ? 2 ** -23 : 2 ** -49 * length;
          const errors = elements(without(dx)).map(
            (value, i) => Math.abs(value - truth[i]!) / Math.max(1, Math.abs(truth[i]!)),
          );
          expect(errors.filter((error) => !(error <= most))).toEqual([]);
          expect(outside(dx)).toEqual(new Set([0]));
        }
      }
    });

    const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });

    it('a mask that broadcasts is one of every entry, along any dimensions', () => {
      fc.assert(
        fc.property(
          shapes,
          fc.infiniteStream(fc.nat(7)),
          fc.constantFrom(...functions),
          fc.boolean(),
          (shape, choices, name, added) => {
            nonlin.useBackend(backend);
            const choose = () => choices.next().value!;
            const x = normal(shape);
            const g = normal(shape, 1);
            const own = shape
              .map((length) => (choose() % 3 === 0 ? 1 : length))
              .slice(choose() % 4 === 0 ? Math.min(1, shape.length) : 0);
            const count = sizeOf(own);
            const flags = flagsOf(count, 1 + choose());
            const numbers = Floats.from(random(dtype, count, 2)).map((value, i) =>
              flags[i] === 0 ? -Infinity : value,
            );
            const data = added ? numbers : flags;
            const whole = tensor(Floats.from(data), own)
              .add(tensor(new Floats(x.size), shape))
              .contiguous().data;
            const full = { data: added ? whole : Uint8Array.from(whole), shape };
            const list = shape.map((_, dim) => dim).filter(() => choose() % 2 === 0);
            const dims =
              list.length === 0
                ? [shape.length - 1]
                : list.map((dim) => (choose() % 2 === 0 ? dim : dim - shape.length));
            const options = {
              dim: dims,
              precision,
              temperature: choose() % 2 === 0 ? 1 : 1.5,
              empty: choose() % 2 === 0 ? 'zero' : 'nan',
            } as const;
            const mask = { data, shape: own };
            expect(elements(values[name](x, { ...options, mask }))).toEqual(
              elements(values[name](x, { ...options, mask: full })),
            );
            expect(elements(gradients[name](g, x, { ...options, mask }))).toEqual(
              elements(gradients[name](g, x, { ...options, mask: full })),
            );

            // The slices as rows.
            const sorted = dims.map((dim) => (dim + shape.length) % shape.length).sort((a, b) => a - b);
            const order = [...shape.keys()].filter((dim) => !sorted.includes(dim)).concat(sorted);
            const rows = (a: Tensor) => a.permute(order).reshape([-1, sizeOf(sorted.map((dim) => shape[dim]!))]);
            const marks = rows(tensor(Floats.from(full.data), shape));
            const mine = {
              data: added ? marks.contiguous().data : Uint8Array.from(marks.contiguous().data),
              shape: marks.shape,
            };
            expect(elements(rows(values[name](x, { ...options, mask })))).toEqual(
              elements(values[name](rows(x), { ...options, dim: 1, mask: mine })),
            );
          },
        ),
        { numRuns: 150 },
      );
    });

    it.each([0, 1])('of nothing there is nothing, along %i', (dim) => {
      nonlin.useBackend(backend);
      for (const length of [1, 3, 40, 1200]) {
        const shape = dim === 0 ? [length, 3] : [3, length];
        const x = tensor(new Floats(3 * length).fill(2), shape);
        // The first slice is masked, the second is of -Infinity, and both has the third, but for its last entry.
        const slice = (i: number) => (dim === 0 ? i % 3 : Math.floor(i / length));
        const place = (i: number) => (dim === 0 ? Math.floor(i / 3) : i % length);
        const data = Uint8Array.from(x.data, (_, i) =>
          Number(slice(i) === 1 || (slice(i) === 2 && place(i) === length - 1)),
        );
        for (const [name, temperature] of [
          ['softmax', 1],
          ['softmax', 2],
          ['logSoftmax', 1],
          ['logSoftmax', 2],
          ['softmin', 1],
        ] as const) {
          const low = name === 'softmin' ? Infinity : -Infinity;
          const some = tensor(
            mapped(x.data, (value, i) => (slice(i) === 1 ? low : value)),
            shape,
          );
          const nothing = name === 'logSoftmax' ? -Infinity : 0;
          for (const empty of ['nan', 'zero'] as const) {
            const options = { dim, mask: { data, shape }, temperature, empty, precision };
            const y = elements(values[name](some, options));
            const dx = elements(gradients[name](x.add(1), some, options));
            const whole = name === 'logSoftmax' ? 0 : 1;
            const last = x.data.map((_, i) => (place(i) === length - 1 ? whole : nothing));
            const expected = (of: number, rest: (i: number) => number) =>
              Array.from(x.data, (_, i) => (slice(i) < 2 ? (empty === 'zero' ? of : Number.NaN) : rest(i)));
            expect(y, `${name} ${empty}`).toEqual(expected(nothing, (i) => last[i]!));
            expect(dx.map(Math.abs), `${name} ${empty} gradient`).toEqual(expected(0, () => 0));
          }
          // A slice with NaN in it is not one of nothing.
          const broken = some.maskedFill(
            { data: Uint8Array.from(x.data, (_, i) => Number(place(i) === 0 && slice(i) === 1)), shape },
            Number.NaN,
          );
          const y = values[name](broken, { dim, mask: { data, shape }, temperature, empty: 'zero', precision });
          expect(new Set(elements(y).filter((_, i) => slice(i) === 1))).toEqual(new Set([Number.NaN]));
        }
      }
    });

    it.each([0, 1])('of infinite entries alone there is nothing without a mask either, along %i', (dim) => {
      nonlin.useBackend(backend);
      for (const length of [1, 3, 40, 1200]) {
        for (const name of functions) {
          const low = name === 'softmin' ? Infinity : -Infinity;
          // The first slice is all so low; of the second the last entry is not.
          const data = new Floats(2 * length).fill(low).fill(2, 2 * length - 1);
          const rows = tensor(data, [2, length]);
          const x = dim === 0 ? rows.T.contiguous() : rows;
          const nothing = name === 'logSoftmax' ? -Infinity : 0;
          const certain = name === 'logSoftmax' ? 0 : 1;
          const ofRows = (y: Tensor) => elements(dim === 0 ? y.T : y);
          for (const temperature of [1, 2]) {
            for (const empty of ['nan', 'zero'] as const) {
              const options = { dim, temperature, empty, precision };
              const all = (value: number) => new Array<number>(length).fill(empty === 'zero' ? value : Number.NaN);
              const rest = new Array<number>(length - 1).fill(nothing);
              const y = ofRows(values[name](x, options));
              expect(y, `${name} ${empty} of ${length}`).toEqual([...all(nothing), ...rest, certain]);
              const dx = ofRows(gradients[name](tensor(new Floats(x.size).fill(3), x.shape), x, options));
              expect(dx.slice(0, length), `${name} ${empty} of ${length}, gradient`).toEqual(all(0));
            }
          }
        }
      }
    });

    it('what is certain is 1, and n equals share alike, at any temperature', () => {
      nonlin.useBackend(backend);
      fc.assert(
        fc.property(
          fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
          fc.double({ min: -1e6, max: 1e6, noNaN: true }),
          fc.integer({ min: 1, max: 7 }),
          (temperature, logit, power) => {
            const n = 2 ** power;
            const x = new Floats(2 * n).fill(logit);
            const mask = Uint8Array.from(x, (_, i) => i % 2);
            expect(softmax(x, { temperature, mask, precision })).toEqual(mapped(mask, (flag) => flag / n));
            const one = Uint8Array.from(x, (_, i) => Number(i === n));
            expect(softmax(x, { temperature, mask: one, precision })).toEqual(Floats.from(one));
            expect(softmaxGrad(x, x, { temperature, mask: one, precision }).every((value) => value === 0)).toBe(true);
            expect(logSoftmax(x, { temperature, mask: one, precision })).toEqual(
              mapped(one, (flag) => (flag === 1 ? 0 : -Infinity)),
            );
          },
        ),
        { numRuns: 40 },
      );
    });

    it('softmin is softmax of -x, and its gradient has the other sign', () => {
      nonlin.useBackend(backend);
      for (const [shape, dim] of layouts) {
        const x = normal(shape);
        const g = normal(shape, 1);
        const negative = x.mul(-1);
        expect(elements(softmin(x, { dim, precision }))).toEqual(elements(softmax(negative, { dim, precision })));
        const dx = elements(softminGrad(g, x, { dim, precision }));
        const truth = elements(softmaxGrad(g, negative, { dim, precision }));
        const most = (value: number) => Math.abs(value) * (dtype === 'float32' ? 2 ** -23 : 2 ** -48) + 2 ** -50;
        expect(truth.filter((value, i) => !(Math.abs(dx[i]! + value) <= most(value)))).toEqual([]);
      }
    });
  });

  it('columns of any size beside each other are each as it is alone', () => {
    nonlin.useBackend(backend);
    // Of the largest ones what rounding took counts, and of their neighbours nothing may be taken for it.
    const tops = [0, 1500, -1500, 2 ** 45, 1, -(2 ** 45), 700, 2 ** 60, -30];
    for (const dtype of ['float32', 'float64'] as const) {
      const columns = tops.map((top) => new Tensor([top, top - 3, top - 40], { dtype }));
      const beside = (column: Tensor) => column.reshape(3, 1).add(new Tensor([tops.map(() => 0)], { dtype }));
      const x = new Tensor(
        columns.map((column) => elements(column)),
        { dtype },
      ).T;
      const g = new Tensor([1, -1, 2], { dtype });
      for (const temperature of [2, 0.5]) {
        expect(elements(softmax(x, { dim: 0, temperature }).T)).toEqual(
          columns.flatMap((column) => elements(softmax(column, { temperature }))),
        );
        expect(elements(logSoftmax(x, { dim: 0, temperature }).T)).toEqual(
          columns.flatMap((column) => elements(logSoftmax(column, { temperature }))),
        );
        expect(elements(softmaxGrad(beside(g), x, { dim: 0, temperature }).T)).toEqual(
          columns.flatMap((column) => elements(softmaxGrad(g, column, { temperature }))),
        );
      }
    }
  });

  it('the logarithm of a share that rounds to 1 in float32 is 0 without a sign, whatever the conditions', () => {
    nonlin.useBackend(backend);
    const x = new Tensor([[-400, 0]]);
    for (const precision of ['fast', 'exact'] as const)
      for (const temperature of [1, 2])
        for (const kept of [true, false]) {
          const options = { precision, temperature };
          expect(logSoftmax(x, { ...options, mask: [[kept, true]] }).at(0, 1)).toBe(0);
          expect(logSoftmax(x.T, { ...options, mask: [[kept], [true]], dim: 0 }).at(1, 0)).toBe(0);
        }
  });

  it('an infinite gradient leaves the others their sign, whatever the conditions', () => {
    nonlin.useBackend(backend);
    for (const dtype of ['float32', 'float64'] as const)
      for (const infinity of [Infinity, -Infinity]) {
        const [g, x] = [
          [infinity, 1, 2],
          [1, 2, 3],
        ].map((row) => new Tensor([row], { dtype }));
        for (const temperature of [1, 2])
          for (const kept of [true, false]) {
            const mask = [[true, true, kept]];
            const expected = [Number.NaN, -infinity, kept ? -infinity : 0];
            for (const f of [softmaxGrad, logSoftmaxGrad]) {
              expect(elements(f(g!, x!, { temperature, mask }))).toEqual(expected);
              const column = mask[0]!.map((flag) => [flag]);
              expect(elements(f(g!.T, x!.T, { temperature, mask: column, dim: 0 }))).toEqual(expected);
            }
          }
      }
  });

  it('a causal mask serves all heads, also as -1e9 to be added', () => {
    nonlin.useBackend(backend);
    const [batch, heads, length] = [2, 3, 20];
    const scores = new Tensor(Float32Array.from(random('float32', batch * heads * length * length, 3)), {
      shape: [batch, heads, length, length],
    });
    const causal = Array.from({ length }, (_, i) => Array.from({ length }, (_, j) => j <= i));
    const y = softmax(scores, { mask: causal, temperature: Math.sqrt(length) });
    const low = new Tensor(causal.map((row) => row.map((kept) => (kept ? 0 : -1e9))));
    expect(elements(softmax(scores, { mask: low, temperature: Math.sqrt(length) }))).toEqual(elements(y));
    for (const head of y.reshape([-1, length, length]))
      for (const [i, row] of [...head].entries()) {
        expect(
          row
            .toArray(1)
            .slice(i + 1)
            .every((share) => share === 0),
        ).toBe(true);
        expect(row.toArray(1).reduce((sum, share) => sum + share)).toBeCloseTo(1, 5);
      }
  });

  it('NaN makes NaN of its whole slice, also as the first entry of it, and of no other', () => {
    nonlin.useBackend(backend);
    const rows = [
      [Number.NaN, 1, 2],
      [1, Number.NaN, 2],
      [1, 1, 2],
    ];
    for (const dtype of ['float32', 'float64'] as const) {
      const x = new Tensor(rows, { dtype });
      for (const options of [{ temperature: 2 }, { mask: [true, false, true] }, { mask: [true, true, false] }])
        for (const y of [softmax(x, options), logSoftmax(x, options)])
          expect(Array.from(y.contiguous().data, Number.isNaN)).toEqual(
            rows.flatMap((row) => row.map(() => row.some((v, i) => Number.isNaN(v) && (options.mask?.[i] ?? true)))),
          );
    }
  });
});
