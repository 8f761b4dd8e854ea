// Whether elements share a place in memory: those of one layout, or of two.
import { byteOffset, type Data, elementBytes, shareMemory } from '../../basics/floats.js';
import { forEachRow } from './runs.js';
import { type Layout, type Parts, placesOf, sameShape, sizeOf } from './shape.js';

/** Whether two of one dtype have an element in one place; of those that do not lie alike, whether one lies among the other. */
export function mayMeet(a: Parts<Data>, b: Parts<Data>): boolean {
  if (!shareMemory(a.data, b.data)) return false;
  const width = elementBytes(a.data);
  const firstOf = ({ data, offset }: Parts<Data>) => byteOffset(data) + offset * width;
  const apart = (firstOf(b) - firstOf(a)) / width;
  const areAlike = a.shape.every((length, dim) => length === 1 || a.strides[dim] === b.strides[dim]);
  if (sameShape(a.shape, b.shape) && areAlike && Number.isInteger(apart))
    return overlapsItself({ shape: [2, ...a.shape], strides: [apart, ...a.strides], offset: 0 });
  const ends = (parts: Parts<Data>) => placesOf(parts).map((place) => byteOffset(parts.data) + place * width);
  const [[from, to], [first, last]] = [ends(a), ends(b)] as [[number, number], [number, number]];
  return from <= last && first <= to;
}

/** Whether m rows of n elements step over each other's, or columns do: then no two are one place. */
export function areApart(m: number, n: number, rowStep: number, columnStep: number): boolean {
  const [row, step] = [Math.abs(rowStep), Math.abs(columnStep)];
  return (step > 0 && (m === 1 || row > (n - 1) * step)) || (row > 0 && (n === 1 || step > (m - 1) * row));
}

/**
 * True where two elements of a layout are one place in memory, so that it cannot hold a result. Exact. The layout must lie in
 * memory (checkReach): where its strides alone do not decide, a bit for each place that they span is set.
 */
export function overlapsItself({ shape, strides }: Layout): boolean {
  if (shape.includes(0)) return false;
  if (shape.length === 2 && areApart(shape[0]!, shape[1]!, strides[0]!, strides[1]!)) return false;
  // Backwards or not, the places are as far apart.
  const dims = shape
    .map((length, dim) => ({ length, step: Math.abs(strides[dim]!) }))
    .filter(({ length }) => length > 1)
    .sort((a, b) => a.step - b.step);
  let span = 0;
  for (const { length, step } of dims) span += (length - 1) * step;
  // A dimension that steps over all that the shorter ones span meets nothing of theirs.
  let left = dims.length;
  for (; left > 0; left--) {
    const { length, step } = dims[left - 1]!;
    const rest = span - (length - 1) * step;
    if (step <= rest) break;
    span = rest;
  }
  if (left === 0) return false;
  const lengths = dims.slice(0, left).map(({ length }) => length);
  const steps = dims.slice(0, left).map(({ step }) => step);
  if (sizeOf(lengths) > span + 1) return true;
  const taken = new Uint32Array(Math.ceil((span + 1) / 32));
  let twice = false;
  forEachRow(lengths, [{ strides: steps, offset: 0 }], ([at = 0], [step = 0], length) => {
    for (let place = at, k = 0; k < length && !twice; k++, place += step) {
      const word = Math.floor(place / 32);
      const bit = 1 << (place % 32);
      twice = (taken[word]! & bit) !== 0;
      taken[word]! |= bit;
    }
  });
  return twice;
}
