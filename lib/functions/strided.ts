// Operands of which some do not lie side by side. Native code computes elementwise functions, gates and softmax where they lie; for
// everything else they are copied, no sooner than a backend asks for them, and results are written back.
import { chosenOf, type Elementwise } from '../activations/signatures.js';
import type { Op } from '../activations/table.js';
import { mostStridedSlice, type Slice } from '../backends/backend.js';
import type { Runs } from '../backends/copies.js';
import { backend } from '../backends/select.js';
import { allocate } from '../basics/allocate.js';
import { checkPrecision } from '../basics/checks.js';
import { inNameOf } from '../basics/errors.js';
import { dtypeOf, type FloatArray } from '../basics/floats.js';
import type { Given } from '../basics/options.js';
import { contiguousData } from '../tensor/copies.js';
import { mergeRunsInAnyOrder } from '../tensor/layouts/runs.js';
import { contiguousStridesOf, sizeOf } from '../tensor/layouts/shape.js';
import { resultLike, type Tensor } from '../tensor/tensor.js';

/** How messages call the inputs. */
export interface Words {
  readonly x: string;
  readonly other: string;
}

/** Operands that were checked, the memory of all of them too; more than a few elements. */
export class StridedOperands {
  readonly strided = this;
  readonly shape: readonly number[];
  readonly count: number;
  readonly source: FloatArray;
  #x: FloatArray | undefined;
  #other: FloatArray | undefined;
  #y: FloatArray | undefined;
  #fresh = false;
  /** Whether the result is where it is to be. */
  #written = false;

  /** `own` is the memory of an `out` that is contiguous. */
  constructor(
    readonly name: string,
    readonly words: Words,
    readonly from: Tensor,
    readonly otherFrom: Tensor | undefined,
    readonly out: unknown,
    readonly into: Tensor | undefined,
    own: FloatArray | undefined,
  ) {
    this.shape = from.shape;
    this.count = from.size;
    this.source = from.data;
    this.#y = own;
  }

  get x(): FloatArray {
    this.#x ??= this.#contiguous(this.from, this.words.x);
    return this.#x;
  }
  get other(): FloatArray | undefined {
    if (this.otherFrom !== undefined) this.#other ??= this.#contiguous(this.otherFrom, this.words.other);
    return this.#other;
  }
  /** A copy of an input where there is one already, which takes the result in place of another new array. */
  get y(): FloatArray {
    if (!this.from.packed) this.#y ??= this.#x;
    if (this.otherFrom?.packed === false) this.#y ??= this.#other;
    if (this.#y === undefined) {
      this.#y = allocate(dtypeOf(this.source), this.count, this.name);
      this.#fresh = true;
    }
    return this.#y;
  }
  get fresh(): boolean {
    return this.#fresh;
  }
  get scatter(): Tensor | undefined {
    return this.#written || this.into?.packed !== false ? undefined : this.into;
  }
  get target(): FloatArray {
    return this.into?.data ?? this.y;
  }
  get result(): unknown {
    return this.out ?? resultLike(this.from, this.y);
  }

  #contiguous(tensor: Tensor, what: string): FloatArray {
    try {
      return contiguousData(tensor);
    } catch (error) {
      throw inNameOf(`${this.name}: ${what}`, error);
    }
  }

  /** y = f(x), or grad * f'(x) where there is another operand. */
  compute(of: Elementwise, given: Given): void {
    const { name, source } = this;
    const exact = checkPrecision(given.precision, name);
    const { op, a, b } = chosenOf(of, given, source, name);
    const { mapStrided } = backend;
    const target = mapStrided && this.#target();
    try {
      const grad = this.otherFrom?.data;
      if (target !== undefined)
        this.#written = mapStrided!(grad, source, target, this.#first(), this.#runs(), op, a, b, exact);
      if (this.#written) return;
      const { other, x, y, fresh } = this;
      if (other === undefined) backend.map(x, y, op, a, b, exact, fresh);
      else backend.mapGrad(other, x, y, op, a, b, exact, fresh);
    } catch (error) {
      throw inNameOf(name, error);
    }
  }

  /** y = f(x) * by, where `by` is the other operand. */
  computeGate(op: Op, a: number, b: number, exact: boolean): void {
    const { gateStrided } = backend;
    const target = gateStrided && this.#target();
    try {
      if (target !== undefined) {
        const inputs = [this.from, this.otherFrom!];
        const [first, runs] = [this.#first(inputs), this.#runs(inputs)];
        this.#written = gateStrided!(this.source, inputs[1]!.data, target, first, runs, op, a, b, exact);
      }
      if (!this.#written) backend.gate(this.x, this.other!, this.y, op, a, b, exact, this.fresh);
    } catch (error) {
      throw inNameOf(this.name, error);
    }
  }

  /** The shares of slices along a dimension, or their gradient where there is another operand. */
  computeSlices(slice: Slice, at: number, exact: boolean): void {
    const { shape } = this;
    const length = shape[at] ?? 1;
    const { slicesStrided } = backend;
    const target = slicesStrided && length <= mostStridedSlice ? this.#target() : undefined;
    try {
      const grad = this.otherFrom?.data;
      if (target !== undefined)
        this.#written = slicesStrided!(
          grad,
          this.source,
          target,
          this.#first(),
          this.#runs(undefined, at),
          slice,
          exact,
        );
      if (this.#written) return;
      const inner = sizeOf(shape, at + 1);
      const { other, x, y, fresh } = this;
      if (other === undefined) backend.slices(x, y, slice, length, inner, exact, fresh);
      else backend.slicesGrad(other, x, y, slice, length, inner, exact, fresh);
    } catch (error) {
      throw inNameOf(this.name, error);
    }
  }

  // Of a call that follows steps: the arrays that it reads, in their order, and the one that it writes.

  #target(): FloatArray {
    if (this.into !== undefined) return this.into.data;
    this.#y ??= allocate(dtypeOf(this.source), this.count, `${this.name}: ${this.words.x}`, this.shape);
    return this.#y;
  }
  #inputs(): readonly Tensor[] {
    return this.otherFrom === undefined ? [this.from] : [this.otherFrom, this.from];
  }
  #first(inputs = this.#inputs()): readonly number[] {
    return [...inputs.map((input) => input.offset), this.into?.offset ?? 0];
  }
  /** The runs of the shape; where slices go along a dimension, this one first, and then those of the others. */
  #runs(inputs = this.#inputs(), along?: number): Runs {
    const { shape } = this;
    const strides = inputs.map((input) => input.strides);
    strides.push(this.into?.strides ?? contiguousStridesOf(shape));
    if (shape === last.shape && along === last.along && areSame(strides, last.strides)) return last.runs;
    const runs = runsOf(shape, strides, along);
    // Of a copy of the members of a Tensor they may be lists that change.
    if ([shape, ...strides].every(Object.isFrozen)) last = { shape, along, strides, runs };
    return runs;
  }
}

/** Those of a call before: to work them out takes as long as a small one, and the next is often of the same lists, which are frozen. */
let last: {
  readonly shape: readonly number[];
  readonly along: number | undefined;
  readonly strides: readonly (readonly number[])[];
  readonly runs: Runs;
} = { shape: [], along: undefined, strides: [], runs: { lengths: [], steps: [] } };

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function runsOf(shape: readonly number[], strides: readonly (readonly number[])[], along: number | undefined): Runs {
  if (along === undefined) return mergeRunsInAnyOrder(shape, strides)!;
  const others = mergeRunsInAnyOrder(
    shape.toSpliced(along, 1),
    strides.map((one) => one.toSpliced(along, 1)),
  )!;
  return {
    lengths: [shape[along]!, ...others.lengths],
    steps: others.steps.map((steps, k) => [strides[k]![along]!, ...steps]),
  };
}
