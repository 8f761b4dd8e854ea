// Memory that lies in any steps: permuted, with gaps, backwards, stretched, and some of it unused.
import fc from 'fast-check';
import { Tensor } from '../../lib/tensor/tensor.js';

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

/** The places of the elements of a tensor in row-major order, spelled out. */
function placesOf(x: Tensor): number[] {
  let places = [x.offset];
  for (const [dim, length] of x.shape.entries()) {
    const next: number[] = [];
    for (const place of places) for (let i = 0; i < length; i++) next.push(place + i * x.strides[dim]!);
    places = next;
  }
  return places;
}

/** The elements of a tensor in row-major order, one after the other. */
export function elementsOf(x: Tensor): Floats {
  const places = placesOf(x);
  const values = x.dtype === 'float32' ? new Float32Array(places.length) : new Float64Array(places.length);
  for (let i = 0; i < values.length; i++) values[i] = x.data[places[i]!]!;
  return values;
}

/** The numbers of data that no element of a tensor is. */
export function unusedOf(x: Tensor): number[] {
  const used = new Set(placesOf(x));
  return [...x.data].filter((_, place) => !used.has(place));
}
