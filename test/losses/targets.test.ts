// Cross entropy against probabilities and smoothed targets, and the gradient of logSumExp: against numbers of 400 bits, and against classes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import type { DType, FloatArray } from '../../lib/basics/floats.js';
import * as nonlin from '../../lib/index.js';
import { vectorsOf } from '../support/vectors.js';

const { CrossEntropyLoss, LogSumExp, Tensor, crossEntropy, crossEntropyGrad, logSumExp, logSumExpGrad } = nonlin;

interface Against {
  readonly loss: number;
  readonly grad: number[];
}
interface Row {
  readonly x: (number | null)[];
  readonly p: number[];
  readonly smoothing: number;
  readonly shares: number[];
  readonly thrice: number[];
  readonly probabilities: Against;
  readonly first: Against;
}
const rows = vectorsOf<Record<DType, Row[]>>('losses');

const arithmetics = [
  { dtype: 'float32', precision: 'fast' },
  { dtype: 'float32', precision: 'exact' },
  { dtype: 'float64', precision: 'fast' },
] as const;
const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const sumOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe.each(nonlin.backends())('%s', (backend) => {
  beforeAll(() => nonlin.useBackend(backend));

  describe.each(arithmetics)('$dtype, $precision', ({ dtype, precision }) => {
    const Floats = dtype === 'float32' ? Float32Array : Float64Array;
    const unit = dtype === 'float32' ? 2 ** -24 : 2 ** -53;
    // Of the subnormals, in which products with them are rounded.
    const least = dtype === 'float32' ? 2 ** -148 : 2 ** -1073;
    const of = (values: readonly (number | null)[]): FloatArray =>
      Floats.from(Array.from(values, (value) => value ?? -Infinity));
    const tensor = (data: FloatArray, ...shape: number[]) => new Tensor(data as Float32Array, { shape });
    /** A row as the columns of three slices. */
    const columns = (data: FloatArray) =>
      tensor(of(Array.from(data).flatMap((value) => [value, value, value])), data.length, 3);

    it.each(rows[dtype].map((row, k) => [k, row] as const))('row %i has its true values', (_, row) => {
      const { p, smoothing, shares } = row;
      const x = of(row.x);
      const options = { labelSmoothing: smoothing, precision, dim: 0 };
      const targets: readonly (readonly [
        nonlin.Targets | FloatArray,
        nonlin.Targets | nonlin.Tensor,
        Against,
        number[],
      ])[] = [
        [of(p), columns(of(p)), row.probabilities, p],
        [[0], [0, 0, 0], row.first, p.map((_, i) => Number(i === 0))],
      ];
      for (const [target, three, wanted, base] of targets) {
        const many = crossEntropy(columns(x), three as nonlin.Targets, { ...options, reduction: 'none' });
        const one = crossEntropy(tensor(x, x.length), target as nonlin.Targets, { ...options, reduction: 'none' });
        expect([many.shape, one.shape]).toEqual([[3], []]);
        for (const loss of [...many, one].map(Number))
          expect(ulpDistance(loss, wanted.loss, dtype), `${loss} is not ${wanted.loss}`).toBeLessThanOrEqual(2);

        const grad = crossEntropyGrad(x as Float32Array, target as nonlin.Targets, options);
        const thirds = crossEntropyGrad(columns(x), three as nonlin.Targets, options).contiguous().data;
        const all = base.map((q) => q * (1 - smoothing) + smoothing / p.length);
        wanted.grad.forEach((value, i) => {
          const larger = Math.max(all[i]!, shares[i]! * sumOf(all));
          const most = 4 * unit * larger + least;
          for (const got of [grad[i]!, 3 * thirds[3 * i]!, 3 * thirds[3 * i + 2]!])
            expect(Math.abs(got - value), `${got} is not ${value} at ${i}`).toBeLessThanOrEqual(most);
        });
      }
    });

    it.each(rows[dtype].map((row, k) => [k, row] as const))('logSumExpGrad of row %i is 3 softmax', (_, row) => {
      const x = of(row.x);
      const [one, many] = [
        logSumExpGrad(3, x as Float32Array, { precision }),
        logSumExpGrad(tensor(Floats.of(1, 3, 3), 3), columns(x), { precision, dim: 0 }).contiguous().data,
      ];
      // Those of softmax, and the product; nothing but one rounding where exact is asked for.
      const most = precision === 'exact' ? 0 : 6;
      row.thrice.forEach((value, i) => {
        for (const got of [one[i]!, many[3 * i + 2]!])
          expect(ulpDistance(got, value, dtype), `${got} is not ${value} at ${i}`).toBeLessThanOrEqual(most);
      });
    });

    it('of probabilities 1 and 0 is the loss of classes', () => {
      const shape = [4, 5, 3];
      const logits = tensor(Floats.from(Array.from({ length: 60 }, (_, i) => 6 * Math.sin(i * i))), ...shape);
      for (const dim of [0, 1, 2, -1]) {
        const at = dim < 0 ? dim + 3 : dim;
        const inner = sizeOf(shape.slice(at + 1));
        const length = shape[at]!;
        const classes = Array.from({ length: 60 / length }, (_, i) => (i * 7) % length);
        const hot = new Floats(60);
        classes.forEach((one, i) => {
          hot[(Math.floor(i / inner) * length + one) * inner + (i % inner)] = 1;
        });
        const p = tensor(hot, ...shape);
        // The same memory in another order, and flat.
        const same = [p, p.transpose(0, 2).contiguous().transpose(0, 2), hot, { data: hot, dims: shape }];
        for (const labelSmoothing of [0, 0.2]) {
          for (const reduction of ['mean', 'sum'] as const) {
            const options = { dim, labelSmoothing, precision, reduction };
            const loss = crossEntropy(logits, classes, options);
            const grad = crossEntropyGrad(logits, classes, options);
            for (const target of same) {
              const other = crossEntropy(logits, target as nonlin.Tensor<'float32'>, options);
              // Bit for bit; smoothed, the products round in other places.
              expect(Math.abs(other / loss - 1)).toBeLessThanOrEqual(labelSmoothing === 0 ? 0 : 4 * unit);
              const slopes = crossEntropyGrad(logits, target as nonlin.Tensor<'float32'>, options);
              expect(slopes.shape).toEqual(shape);
              expect(slopes.allClose(grad, { rtol: 0, atol: 4 * unit })).toBe(true);
            }
          }
          const options = { dim, labelSmoothing, precision, reduction: 'none' } as const;
          const [losses, others] = [classes, p].map((target) =>
            crossEntropy(logits, target as nonlin.Targets, options),
          );
          expect(others!.shape).toEqual(shape.filter((_, i) => i !== at));
          expect(others!.allClose(losses!, { rtol: 2 * unit, atol: 0 })).toBe(true);
        }
      }
    });
  });

  it('has the gradients that differences say', () => {
    const shape = [2, 4, 3];
    const logits = new Tensor(
      Float64Array.from({ length: 24 }, (_, i) => 4 * Math.cos(i * i)),
      { shape },
    );
    const p = new Tensor(
      Float64Array.from({ length: 24 }, (_, i) => (i % 5) / 7),
      { shape },
    );
    const classes = [0, -100, 3, 1, 2, 3];
    const by = new Tensor(Float64Array.of(1, -2, 3, 0.5, 0, 7), { shape: [2, 3] });
    const differ = (f: (x: nonlin.Tensor<'float64'>) => number, grad: nonlin.Tensor) => {
      for (let i = 0; i < 24; i++) {
        const moved = (step: number) => f(new Tensor(logits.data.with(i, logits.data[i]! + step), { shape }));
        expect(grad.contiguous().data[i]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 7);
      }
    };
    const weighted = (y: nonlin.Tensor) => sumOf(Array.from(y.contiguous().data, (value, i) => value * by.data[i]!));
    for (const labelSmoothing of [0, 0.3])
      for (const target of [p, classes] as nonlin.Targets[]) {
        for (const reduction of ['mean', 'sum'] as const)
          differ(
            (x) => crossEntropy(x, target, { labelSmoothing, reduction }),
            crossEntropyGrad(logits, target, { labelSmoothing, reduction }),
          );
        const loss = new CrossEntropyLoss({ labelSmoothing, reduction: 'none' });
        loss(logits, target);
        differ(
          (x) => weighted(crossEntropy(x, target, { labelSmoothing, reduction: 'none' })),
          loss.backward<typeof logits>(by),
        );
      }
    for (const keepdim of [false, true]) {
      const grad = keepdim ? by.view(2, 1, 3) : by;
      const options = { dim: 1, keepdim };
      differ((x) => weighted(logSumExp(x, options)), logSumExpGrad(grad, logits, options));
    }
    const three = new Tensor(Float64Array.of(1, -2, 0.25, 3), { shape: [4] });
    differ(
      (x) => sumOf(Array.from(logSumExp(x, { dim: [0, 2] }).data, (value, i) => value * three.data[i]!)),
      logSumExpGrad(three, logits, { dim: [0, 2] }),
    );
    const whole = new Tensor(Float64Array.of(2), { shape: [] });
    differ((x) => 2 * logSumExp(x, { dim: [0, 1, 2] }).item(), logSumExpGrad(whole, logits, { dim: [2, 0, 1] }));
  });

  it('a slice that does not count has the gradient 0, whatever its logits are', () => {
    const x = new Tensor([
      [Number.NaN, 1],
      [Infinity, 2],
      [-Infinity, -Infinity],
      [3, 3],
    ]);
    for (const labelSmoothing of [0, 0.5]) {
      const options = { labelSmoothing, reduction: 'sum' } as const;
      const own = [-0.5 + labelSmoothing / 2, 0.5 - labelSmoothing / 2];
      expect(Array.from(crossEntropyGrad(x, [-100, -100, -100, 0], options).data)).toEqual([0, 0, 0, 0, 0, 0, ...own]);
      expect(crossEntropy(x, [-100, -100, -100, 0], options)).toBeCloseTo(Math.LN2, 12);
    }
    expect(Array.from(crossEntropyGrad(x, [-100, -100, -100, -100]).data)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('adds nothing where p is 0', () => {
    const x = Float64Array.of(0, -Infinity, 0);
    expect(crossEntropy(x, Float64Array.of(0.5, 0, 0.5))).toBeCloseTo(Math.LN2, 15);
    expect([...crossEntropyGrad(x, Float64Array.of(1, 0, 0))].map((v) => v + 0)).toEqual([-0.5, 0, 0.5]);
    expect(crossEntropy(x, Float64Array.of(0.5, 0.25, 0.25))).toBe(Infinity);
    expect(crossEntropy(x, [0], { labelSmoothing: 0.1 })).toBe(Infinity);
    expect(crossEntropy(x, [1], { labelSmoothing: 1 })).toBe(Infinity);
    expect(crossEntropy(x, new Float64Array(3))).toBe(0);
    expect(crossEntropy(Float64Array.of(NaN, 0), Float64Array.of(0.5, 0.5))).toBe(NaN);
    // Smoothed wholly, the target is none of its own.
    expect(crossEntropy(Float64Array.of(1, 2), [0], { labelSmoothing: 1 })).toBe(
      crossEntropy(Float64Array.of(1, 2), [1], { labelSmoothing: 1 }),
    );
    // Nothing that counts, smoothed or not.
    for (const labelSmoothing of [0, 0.1]) {
      const two = new Tensor([[1, 2]]);
      expect(crossEntropy(two, [-100], { labelSmoothing })).toBe(NaN);
      expect(crossEntropyGrad(two, [-100], { labelSmoothing }).data.map((v) => v + 0)).toEqual(Float32Array.of(0, 0));
    }
    // A single number.
    const scalar = new Tensor(3);
    expect(crossEntropy(scalar, scalar)).toBe(0);
    expect(crossEntropyGrad(scalar, scalar).shape).toEqual([]);
    expect(logSumExpGrad(new Tensor(2), scalar)).toEqual(new Tensor(2));
    // No slice, and no class.
    const none = new Tensor(new Float64Array(0), { shape: [0, 3] });
    expect(crossEntropy(none, none)).toBe(NaN);
    expect(crossEntropy(none, none, { reduction: 'sum' })).toBe(0);
    expect(crossEntropyGrad(none, none).shape).toEqual([0, 3]);
    expect(logSumExpGrad(new Tensor(new Float64Array(0), { shape: [0] }), none).shape).toEqual([0, 3]);
    expect(logSumExpGrad(1, new Float32Array(0))).toEqual(new Float32Array(0));
    expect(logSumExpGrad(1, Float32Array.of(-Infinity, -Infinity))).toEqual(Float32Array.of(NaN, NaN));
  });
});

describe('the layers', () => {
  const x = new Tensor([
    [1, 2, 4],
    [3, 4, 0],
  ]);
  const p = nonlin.softmax(x);

  it('CrossEntropyLoss is crossEntropy, and backward its gradient', () => {
    for (const target of [p, [0, 2], Int32Array.of(2, 1)] as nonlin.Targets[])
      for (const options of [{}, { reduction: 'sum' }, { labelSmoothing: 0.1 }, { dim: 1 }] as const) {
        const loss = new CrossEntropyLoss(options);
        expect(loss(x, target)).toBe(crossEntropy(x, target, options));
        expect(loss.backward()).toEqual(crossEntropyGrad(x, target, options));
      }
    const loss = new CrossEntropyLoss({ reduction: 'none', ignoreIndex: 1 });
    expect(loss(x, [1, 2])).toEqual(crossEntropy(x, [1, 2], { reduction: 'none', ignoreIndex: 1 }));
    expect(loss.backward()).toEqual(crossEntropyGrad(x, [1, 2], { reduction: 'none', ignoreIndex: 1 }));
    expect(String(loss)).toBe("CrossEntropyLoss(reduction='none', ignoreIndex=1)");
    const { dim, reduction, ignoreIndex, labelSmoothing } = loss;
    expect({ dim, reduction, ignoreIndex, labelSmoothing }).toEqual({
      dim: undefined,
      reduction: 'none',
      ignoreIndex: 1,
      labelSmoothing: 0,
    });
    expect(String(new CrossEntropyLoss())).toBe('CrossEntropyLoss()');
    expect(new CrossEntropyLoss().parameters()).toEqual([]);
    // A tensor of one loss, of logits of one slice.
    const flat = new CrossEntropyLoss({ reduction: 'none' });
    flat(Float32Array.of(0, 0), 1);
    expect(flat.backward(new Tensor(4).reshape([]))).toEqual(Float32Array.of(2, -2));
  });

  it('LogSumExp is logSumExp, and backward its gradient', () => {
    const rows = new Tensor([2, -1]);
    const layer = new LogSumExp();
    expect(layer(x)).toEqual(logSumExp(x));
    expect(layer.backward(rows)).toEqual(logSumExpGrad(rows, x));
    expect(layer.backward(1, Float32Array.of(0, 0))).toEqual(Float32Array.of(0.5, 0.5));
    expect(layer(Float32Array.of(0, 0))).toBe(Math.fround(Math.LN2));
    const kept = new LogSumExp({ dim: [0, 1], keepdim: true });
    expect(kept(x)).toEqual(logSumExp(x, { dim: [0, 1], keepdim: true }));
    expect(kept(x).shape).toEqual([1, 1]);
    expect(kept.backward(new Tensor([[1]]))).toEqual(nonlin.softmax(x, { dim: [0, 1] }));
    expect([String(layer), String(kept), String(new LogSumExp(0))]).toEqual([
      'LogSumExp(dim=-1)',
      'LogSumExp(dim=[0, 1], keepdim=true)',
      'LogSumExp(dim=0)',
    ]);
    expect([kept.dim, kept.keepdim]).toEqual([[0, 1], true]);
  });

  it('keep what forward was given in training, and nothing after eval()', () => {
    const [loss, layer] = [new CrossEntropyLoss(), new LogSumExp()];
    const none = 'needs the input of a forward, and';
    expect(() => loss.backward()).toThrow(
      `CrossEntropyLoss().backward() ${none} no forward came before it; pass it: crossEntropyGrad(logits, target)`,
    );
    expect(() => layer.backward(1)).toThrow(`LogSumExp(dim=-1).backward(grad) ${none} no forward came before it`);
    loss(x, p);
    layer(x);
    expect([loss.eval(), layer.eval()]).toEqual([loss, layer]);
    loss(x, p);
    layer(x);
    expect(() => loss.backward()).toThrow(`${none} after eval() none is kept`);
    expect(() => layer.backward(1)).toThrow(`${none} after eval() none is kept`);
    expect(layer.backward(new Tensor([1, 1]), x)).toEqual(nonlin.softmax(x));
    loss.train()(x, p);
    expect(loss.backward()).toEqual(crossEntropyGrad(x, p));
  });

  it('keep the input of the last forward that went well', () => {
    const loss = new CrossEntropyLoss();
    loss(x, p);
    expect(() => loss(x, [9, 9])).toThrow(RangeError);
    expect(loss.backward()).toEqual(crossEntropyGrad(x, p));
  });
});
