// Operands that do not lie side by side, against the same elements side by side: equal bits, and nothing written beside them.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { elementsOf, type Lie, lies, lying, unusedOf } from '../support/layouts.js';
import { expectSame } from '../support/same.js';

const { Tensor, relu, sigmoid, geluGrad, softmax, logSoftmax, softmaxGrad } = nonlin;
type Tensor = nonlin.Tensor;

const { backend: chosen, threads: usual } = nonlin.info();
afterAll(() => nonlin.useBackend(chosen));

/** Shapes on both sides of what is copied, of what is computed in rows, and of a tile. */
const shapes = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
  fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })),
  fc.constantFrom([3, 300], [300, 3], [2, 1100], [5, 1, 260], [2, 40, 9, 2], [70, 130], [2, 3000, 9]),
);
const cases = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape as readonly number[]),
    xLie: lies(shape.length, true),
    gradLie: lies(shape.length, true),
    outLie: lies(shape.length, false),
    hasOut: fc.boolean(),
    dim: fc.nat(shape.length - 1),
  }),
);

const xValue = (i: number) => 9 * Math.sin(i * 1.7);
const gradValue = (i: number) => Math.cos(i * 2.3);
const side = (x: Tensor) => new Tensor(elementsOf(x), { shape: x.shape });

const functions: readonly (readonly [
  string,
  (grad: Tensor, x: Tensor, out: Tensor | undefined, dim: number) => Tensor,
])[] = [
  ['relu', (_, x, out) => relu(x, { out }) as Tensor],
  ['sigmoid', (_, x, out) => sigmoid(x, { out }) as Tensor],
  ['sigmoid, exact', (_, x, out) => sigmoid(x, { out, precision: 'exact' }) as Tensor],
  ['geluGrad', (grad, x, out) => geluGrad(grad, x, { out }) as Tensor],
  ['softmax', (_, x, out, dim) => softmax(x, { out, dim }) as Tensor],
  ['logSoftmax, exact', (_, x, out, dim) => logSoftmax(x, { out, dim, precision: 'exact' }) as Tensor],
  ['softmaxGrad', (grad, x, out, dim) => softmaxGrad(grad, x, { out, dim }) as Tensor],
  ['swiglu', (grad, x, out) => nonlin.swiglu(x, grad, { out }) as Tensor],
  ['softmax at a temperature', (_, x, out, dim) => softmax(x, { out, dim, temperature: 2 }) as Tensor],
];

describe.each(nonlin.backends())('%s', (backend) => {
  beforeAll(() => nonlin.useBackend(backend));

  describe.each([Float32Array, Float64Array])('%o', (Kind) => {
    it.each(functions)('%s has the bits of contiguous operands', (_, compute) => {
      fc.assert(
        fc.property(cases, ({ shape, xLie, gradLie, outLie, hasOut, dim }) => {
          const x = lying(Kind, shape, xLie, xValue);
          const grad = lying(Kind, shape, gradLie, gradValue);
          const out = hasOut ? lying(Kind, shape, outLie, () => 7) : undefined;
          const expected = compute(side(grad), side(x), undefined, dim);
          const [xBefore, gradBefore] = [x.data.slice(), grad.data.slice()];
          const y = compute(grad, x, out, dim);
          if (hasOut) expect(y).toBe(out);
          expectSame(elementsOf(y), expected.data);
          expectSame(x.data, xBefore);
          expectSame(grad.data, gradBefore);
          if (out !== undefined) expect(unusedOf(out).every((value) => value === 7)).toBe(true);
        }),
        { numRuns: 25 },
      );
    });

    it.each(functions)('%s of operands that all lie alike', (_, compute) => {
      fc.assert(
        fc.property(cases, ({ shape, outLie, dim }) => {
          const x = shifted(lying(Kind, shape, outLie, xValue), 3);
          const grad = shifted(lying(Kind, shape, outLie, gradValue), 1);
          const out = lying(Kind, shape, outLie, () => 7);
          const expected = compute(side(grad), side(x), undefined, dim);
          compute(grad, x, out, dim);
          expectSame(elementsOf(out), expected.data);
          expect(unusedOf(out).every((value) => value === 7)).toBe(true);
        }),
        { numRuns: 25 },
      );
    });

    it.each(functions)('%s in place, and with an out among the input', (_, compute) => {
      fc.assert(
        fc.property(cases, ({ shape, outLie, gradLie, dim }) => {
          const x = lying(Kind, shape, outLie, xValue);
          const grad = lying(Kind, shape, gradLie, gradValue);
          const expected = compute(side(grad), side(x), undefined, dim);
          compute(grad, x, x, dim);
          expectSame(elementsOf(x), expected.data);
          // Backwards over its own input.
          const again = lying(Kind, shape, outLie, xValue);
          const last = again.offset + again.strides.reduce((sum, stride, d) => sum + stride * (shape[d]! - 1), 0);
          const strides = again.strides.map((stride) => -stride);
          const back = new Tensor({ data: again.data, shape, strides, offset: last }) as Tensor;
          compute(grad, again, back, dim);
          expectSame(elementsOf(back), expected.data);
        }),
        { numRuns: 12 },
      );
    });

    it('copies and scatters as loops do', () => {
      fc.assert(
        fc.property(cases, ({ shape, xLie }) => {
          const x = lying(Kind, shape, xLie, xValue);
          expectSame(elementsOf(x.contiguous()), elementsOf(x));
          expectSame(x.clone().data, elementsOf(x));
          expect(x.equals(side(x))).toBe(true);
        }),
        { numRuns: 50 },
      );
    });
  });

  // Around what registers hold, and rows as far apart as a cache likes least.
  it.each([Float32Array, Float64Array])('turns matrices of any size, %o', (Kind) => {
    const sizes = [1, 3, 8, 15, 16, 17, 33, 64, 66, 130];
    for (const height of sizes)
      for (const width of sizes)
        for (const [from, to] of [
          [height + 1, width + 2],
          [height, 512],
          [512, width],
          [-1024, 256],
        ] as const) {
          if (height * width < 256) continue;
          const data = new Kind(height + (width - 1) * Math.abs(from)).map((_, i) => 1 + (i % 8191));
          const first = from < 0 ? (width - 1) * -from : 0;
          const x = new Tensor({ data, shape: [height, width], strides: [1, from], offset: first }) as Tensor;
          const out = new Kind(width + (height - 1) * to).fill(7);
          const expected = out.slice();
          for (let i = 0; i < height; i++)
            for (let j = 0; j < width; j++) expected[i * to + j] = data[first + i + j * from]!;
          relu(x, { out: new Tensor({ data: out, shape: [height, width], strides: [to, 1], offset: 0 }) as Tensor });
          expectSame(out, expected);
        }
  });

  it.each([Float32Array, Float64Array])('turns matrices into rows that are a power of two apart, %o', (Kind) => {
    for (const width of [512, 1024])
      for (const height of [1, 15, 16, 41, 63, 64, 65, 130]) {
        const data = new Kind(height * width).map((_, i) => 1 + (i % 8191));
        const x = new Tensor(data, { shape: [width, height] }) as Tensor;
        expectSame(x.T.clone().data, elementsOf(x.T));
      }
  });

  it('has slices of any length that go across the other dimensions', () => {
    for (const [length, ...rest] of [
      [257, 64, 2],
      [400, 2, 64],
      [300, 70, 70],
      [8193, 2, 2],
      [16384, 3, 2],
    ] as const)
      for (const Kind of [Float32Array, Float64Array]) {
        const x = lying(Kind, [rest[0], length, rest[1]], still([2, 1, 0]), xValue);
        const grad = lying(Kind, [rest[0], length, rest[1]], still([1, 2, 0]), gradValue);
        expectSame(softmax(x, { dim: 1 }).data, softmax(side(x), { dim: 1 }).data);
        expectSame(softmaxGrad(grad, x, { dim: 1 }).data, softmaxGrad(side(grad), side(x), { dim: 1 }).data);
      }
  });

  it('has slices of any length that lie side by side one after the other', () => {
    const x = lying(Float32Array, [16385, 2], still([0, 1]), xValue);
    expectSame(softmax(x, { dim: 0 }).data, softmax(side(x), { dim: 0 }).data);
  });

  it('shares large operands among threads', () => {
    const x = lying(Float32Array, [700, 600], still([1, 0]), xValue);
    const out = lying(Float32Array, [700, 600], still([0, 1]));
    const contiguous = side(x);
    const expected = [sigmoid(contiguous).data, softmax(contiguous, { dim: 0 }).data] as const;
    const gaps = { ...still([2, 0, 1]), gaps: [3, 1, 2] };
    const slabs = lying(Float32Array, [4, 30, 1500], gaps, xValue);
    const shares = lying(Float32Array, [4, 30, 1500], gaps, () => 7);
    for (const threads of [3, 1]) {
      nonlin.setThreads(threads);
      for (const dim of [0, 1]) {
        softmax(slabs, { out: shares, dim });
        expectSame(elementsOf(shares), softmax(side(slabs), { dim }).data);
      }
      expect(unusedOf(shares).every((value) => value === 7)).toBe(true);
      expectSame(sigmoid(x, { out }).contiguous().data, expected[0]);
      expectSame(softmax(x, { out, dim: 0 }).contiguous().data, expected[1]);
    }
    nonlin.setThreads(usual);
  });

  it('throws before anything is written', () => {
    const x = lying(Float32Array, [30, 30], still([1, 0]), xValue);
    const out = lying(Float32Array, [30, 30], still([1, 0]), () => 7);
    const wrong: readonly (() => unknown)[] = [
      () => nonlin.elu(x, { out, alpha: 'much' as never }),
      () => nonlin.elu(x, { out, alpha: 0.5, precision: 'rough' as never }),
      () => softmax(x, { out, dim: 2 }),
      () => softmax(x, { out, temperature: -1 }),
      () => sigmoid(x.select(0, 1), { out }),
      () => geluGrad(x.select(0, 1), x, { out }),
      () => sigmoid(x, { out: new Tensor({ data: out.data, shape: [30, 30], strides: [1, 1], offset: 0 }) }),
    ];
    for (const call of wrong) expect(call).toThrow(/^(elu|softmax|sigmoid|geluGrad): /);
    expect([...out.data].every((value) => value === 7)).toBe(true);
  });

  it('follows a copy of the members of a Tensor whose lists JavaScript changes', () => {
    const x = lying(Float32Array, [30, 30], still([0, 1]), xValue);
    const { data, offset, size } = x;
    const changed = { shape: [30, 30], strides: [1, 30] };
    const other = Object.assign(Object.create(Tensor.prototype), { data, offset, size }, changed) as Tensor;
    expectSame(sigmoid(other).data, sigmoid(side(x)).data);
    changed.strides.reverse();
    const turned = new Tensor({ data: x.data, shape: [30, 30], strides: [30, 1], offset: x.offset });
    expectSame(sigmoid(other).data, sigmoid(side(turned)).data);
  });

  it('follows operands of another shape with the strides of those before them', () => {
    // Of lists that are alike the last few are one and the same: these are of no other test, so that they are.
    const x = lying(Float32Array, [43, 37], { ...still([1, 0]), gaps: [24, 0] }, xValue);
    for (const rows of [43, 22]) {
      const some = x.slice(0, 0, rows);
      expectSame(sigmoid(some).data, sigmoid(side(some)).data);
    }
  });

  it('leaves inputs alone where only out lies in steps', () => {
    const [x, grad] = [xValue, gradValue].map((value) => lying(Float32Array, [20, 30], still([1, 0]), value));
    const before = [x!, grad!].map(({ data }) => data.slice());
    geluGrad(grad!, x!, { out: lying(Float32Array, [20, 30], still([0, 1])) });
    expectSame(x!.data, before[0]!);
    expectSame(grad!.data, before[1]!);
  });

  it('finds that memory has gone', () => {
    const gone = lying(Float32Array, [30, 30], still([1, 0]));
    structuredClone(gone.data.buffer, { transfer: [gone.data.buffer as ArrayBuffer] });
    const x = lying(Float32Array, [30, 30], still([1, 0]));
    expect(() => relu(gone)).toThrow(new TypeError('relu: x: data is detached: its buffer was transferred'));
    expect(() => relu(x, { out: gone })).toThrow(
      new TypeError('relu: out: data is detached: its buffer was transferred'),
    );
    expect(() => geluGrad(gone, x)).toThrow(
      new TypeError('geluGrad: grad: data is detached: its buffer was transferred'),
    );
  });
});

/** The same layout some elements further on in its memory. */
function shifted({ data, shape, strides, offset }: Tensor, by: number): Tensor {
  const further =
    data instanceof Float64Array ? new Float64Array(data.length + by) : new Float32Array(data.length + by);
  further.set(data as Float32Array, by);
  return new Tensor({ data: further, shape, strides, offset: offset + by });
}

/** Dimensions in that order without gaps. */
function still(order: readonly number[]): Lie {
  const none = order.map(() => false);
  return { order, gaps: order.map(() => 0), reversed: none, still: none };
}
