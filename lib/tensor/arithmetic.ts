// Two tensors, element by element, with broadcasting. The loops below see rows and steps; forEachRow finds them, so that two
// contiguous tensors of one shape, or a tensor and a number, are a single row.
import { allocate } from '../basics/allocate.js';
import { dtypeOf, type FloatArray } from '../basics/floats.js';
import { broadcastShapes, broadcastStrides, checkReach, forEachRow, Parts, sizeOf } from './shape.js';

type Loop = (
  a: FloatArray,
  i: number,
  iStep: number,
  b: FloatArray,
  j: number,
  jStep: number,
  out: FloatArray,
  from: number,
  to: number,
) => void;

// Four loops, not one that takes a function: V8 would call that for every element, and 2.5 ns become 11.
const loops = {
  add(a, i, iStep, b, j, jStep, out, from, to) {
    for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! + b[j]!;
  },
  sub(a, i, iStep, b, j, jStep, out, from, to) {
    for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! - b[j]!;
  },
  mul(a, i, iStep, b, j, jStep, out, from, to) {
    for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! * b[j]!;
  },
  div(a, i, iStep, b, j, jStep, out, from, to) {
    for (let k = from; k < to; k++, i += iStep, j += jStep) out[k] = a[i]! / b[j]!;
  },
} satisfies Record<string, Loop>;

/** The result, fresh and contiguous; float64 where an operand is. float32 is computed as float32: each result is rounded once. */
export function combine(op: keyof typeof loops, a: Parts, b: Parts): Parts {
  const shape = broadcastShapes(a.shape, b.shape);
  const dtype = dtypeOf(a.data) === 'float64' ? 'float64' : dtypeOf(b.data);
  const out = new Parts(allocate(dtype, sizeOf(shape), op, shape), shape);
  const loop: Loop = loops[op];
  forEachPair(a, b, shape, (at, step, length, done) =>
    loop(a.data, at[0]!, step[0]!, b.data, at[1]!, step[1]!, out.data, done, done + length),
  );
  return out;
}

/** A fresh copy of x with `value` where the mask is not 0. */
export function fillWhere(x: Parts, mask: Parts, value: number): Parts {
  const shape = broadcastShapes(x.shape, mask.shape);
  const out = allocate(dtypeOf(x.data), sizeOf(shape), 'maskedFill', shape);
  forEachPair(x, mask, shape, ([i = 0, j = 0], [iStep = 0, jStep = 0], length, done) => {
    for (let k = done; k < done + length; k++, i += iStep, j += jStep) out[k] = mask.data[j] === 0 ? x.data[i]! : value;
  });
  return new Parts(out, shape);
}

/** True where `test` holds for every pair of elements. */
export function everyPair(a: Parts, b: Parts, test: (x: number, y: number) => boolean): boolean {
  let every = true;
  forEachPair(a, b, broadcastShapes(a.shape, b.shape), ([i = 0, j = 0], [iStep = 0, jStep = 0], length) => {
    for (let k = 0; k < length && every; k++, i += iStep, j += jStep) every = test(a.data[i]!, b.data[j]!);
  });
  return every;
}

type PairRow = (at: readonly number[], step: readonly number[], length: number, done: number) => void;

/** Calls `row` for the rows of two layouts broadcast to a shape; `done` counts the elements before the row. */
function forEachPair(a: Parts, b: Parts, shape: readonly number[], row: PairRow): void {
  checkReach(a.data, a);
  checkReach(b.data, b);
  const iStep = evenStep(a, shape);
  const jStep = evenStep(b, shape);
  if (iStep !== undefined && jStep !== undefined) {
    row([a.offset, b.offset], [iStep, jStep], sizeOf(shape), 0);
    return;
  }
  const operands = [a, b].map((operand) => ({
    strides: broadcastStrides(operand, shape),
    offset: operand.offset,
  }));
  let done = 0;
  forEachRow(shape, operands, (at, step, length) => {
    row(at, step, length, done);
    done += length;
  });
}

/** The step that serves the whole of a shape without a walk: of a number, and of what is contiguous and not stretched. */
function evenStep(operand: Parts, shape: readonly number[]): 0 | 1 | undefined {
  if (operand.size === 1) return 0;
  return operand.size === sizeOf(shape) && operand.packed ? 1 : undefined;
}
