// Memory that lies in any steps: permuted, with gaps, backwards, stretched, and some of it unused.
import fc from 'fast-check';
import { Tensor } from '../../lib/tensor/tensor.js';
import { indices } from './tensors.js';

type Floats = Float32Array | Float64Array;
type Kind = Float32ArrayConstructor | Float64ArrayConstructor;

/** How the dimensions of a shape are to lie: their order in memory, and for each the gap, and whether it is reversed or stands still. */
export interface Lie {
  readonly order: readonly number[];
  readonly gaps: readonly number[];
  readonly reversed: readonly boolean[];
  readonly still: readonly boolean[];
}

/** Of `rank` dimensions; only an input may have some that stand still. */
export const lies = (rank: number, isInput: boolean): fc.Arbitrary<Lie> => {
  const each = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: rank, maxLength: rank });
  return fc.record({
    order: fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank, maxLength: rank }),
    gaps: each(fc.constantFrom(0, 0, 0, 1, 3)),
    reversed: each(fc.constantFrom(false, false, true)),
    still: each(isInput ? fc.constantFrom(false, false, false, true) : fc.constant(false)),
  });
};

/** A tensor of that shape that lies so, with numbers of its own, or 0. */
export function lying(Kind: Kind, shape: readonly number[], lie: Lie, value = (_: number) => 0): Tensor {
  const strides = shape.map(() => 0);
  let [span, offset] = [1, 2];
  for (const dim of lie.order) {
    const stride = lie.still[dim] ? 0 : span + lie.gaps[dim]!;
    strides[dim] = lie.reversed[dim] ? -stride : stride;
    if (lie.reversed[dim]) offset += stride * (shape[dim]! - 1);
    if (stride > 0) span = stride * shape[dim]!;
  }
  const data = new Kind(span + 5).map((_, i) => value(i));
  return new Tensor({ data, shape, strides, offset });
}

/** The elements of a tensor in row-major order, one after the other. */
export function elementsOf(x: Tensor): Floats {
  const values = indices(x.shape).map((index) => x.at(...index) as number);
  return x.dtype === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
}

/** The places of data that a tensor has no element at. */
export function unusedOf(x: Tensor): number[] {
  const used = new Set(
    indices(x.shape).map((index) => index.reduce((at, i, dim) => at + i * x.strides[dim]!, x.offset)),
  );
  return [...x.data.keys()].filter((place) => !used.has(place));
}
