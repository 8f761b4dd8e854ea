// The sums over channels in plain TypeScript, in the order of native/channels.cpp, whose bits they give: a sum for each element of a tile of
// [outer, length, inner], or of a stretch of a longer channel, with its rounding errors; then those of a channel, one after another.
import { type FloatArray, lengthOfPresent } from '../basics/floats.js';

/** The most sums that are kept at once: as many elements has a tile. native/channels.cpp has the same, which fixes a sum's bits. */
const sumsAtOnce = 512;
const sums = new Float64Array(sumsAtOnce);
const lost = new Float64Array(sumsAtOnce);

/** Adds grad * x where x is below 0 to the first `count` sums, from the elements at `first` on. */
function add(grad: FloatArray, x: FloatArray, first: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const from = x[first + i]!;
    const term = from < 0 ? grad[first + i]! * from : from >= 0 ? 0 : from;
    const sum = sums[i]!;
    const next = sum + term;
    const added = next - sum;
    lost[i]! += sum - (next - added) + (term - added);
    sums[i] = next;
  }
}

/** The sum over `runs` runs of `count` sums, of which the first begins at `at`. */
function total(at: number, count: number, runs: number, apart: number): number {
  let sum = 0;
  let rest = 0;
  for (let k = 0; k < runs; k++)
    for (let i = at + k * apart, end = i + count; i < end; i++) {
      const term = sums[i]!;
      const next = sum + term;
      const added = next - sum;
      rest += lost[i]! + (sum - (next - added) + (term - added));
      sum = next;
    }
  // What an infinite sum has lost is NaN.
  return Number.isFinite(sum) ? sum + rest : sum;
}

/** Of each channel the sum of grad * x over the x below 0: what prelu's weight has for a gradient. */
export function sumChannels(grad: FloatArray, x: FloatArray, results: Float64Array, inner: number): void {
  const { length } = results;
  const period = length * inner;
  const outer = lengthOfPresent(x) / period;
  if (inner > sumsAtOnce) {
    for (let channel = 0; channel < length; channel++) {
      sums.fill(0);
      lost.fill(0);
      for (let slab = 0; slab < outer; slab++)
        for (let i = 0; i < inner; i += sumsAtOnce)
          add(grad, x, slab * period + channel * inner + i, Math.min(sumsAtOnce, inner - i));
      results[channel] = total(0, sumsAtOnce, 1, 0);
    }
    return;
  }
  const channels = Math.min(length, Math.floor(sumsAtOnce / inner));
  const repeats = channels < length ? 1 : Math.min(outer, Math.floor(sumsAtOnce / period));
  for (let first = 0; first < length; first += channels) {
    const count = Math.min(channels, length - first);
    sums.fill(0);
    lost.fill(0);
    for (let slab = 0; slab < outer; slab += repeats)
      add(grad, x, slab * period + first * inner, Math.min(repeats, outer - slab) * count * inner);
    for (let c = 0; c < count; c++) results[first + c] = total(c * inner, inner, repeats, count * inner);
  }
}
