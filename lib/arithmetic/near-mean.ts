// The gradient of softmax, s (g - mean of g), of float32 within 1 ulp, which `exact` promises. Where a g lies near the mean, the digits
// that rounding took from the mean are missing of their difference: beside a share that is all but 1, of gradients that are all alike, and
// now and then by chance. Then both are counted from the float nearest to the mean, from which every g differs by what a double holds, and
// the mean by a sum of small terms; and where they cancel once more, by exponentials of twice the digits.
import { add, type DoubleDouble, divide, exactSum, exp, multiply, subtract } from './double-double.js';
import { quickExp, quickPart } from './shares.js';
import { Sum } from './sum.js';

/** The entries of a slice less their largest: high[i] + low[i]. */
export interface Logits {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

// No product of e to that with a float, over the lowest temperature, leaves anything in a float.
const farthest = -350;

/**
 * What differs by more from a mean of such a size has 2^-26 of itself missing: a quarter of an ulp at most, beside the half that it loses when
 * it becomes a float. The mean lacks as much of the size as shares may be wrong by, and 2^-51 as it is a sum. Of shares that are worse
 * themselves, infinity.
 */
const leastOf = (size: number, part: number): number =>
  part > 2 ** -28 ? Infinity : size * (part + 2 ** -51) * 2 ** 26;

/** Stores the shares times g less middle + rest in their place. False, and nothing stored, where some g, which is no NaN, is nearer to it. */
function multiplyUnlessNear(
  shares: Float64Array,
  g: Float64Array,
  middle: number,
  rest: number,
  least: number,
): boolean {
  for (let i = 0; i < g.length; i++) if (Math.abs(g[i]! - middle - rest) < least) return false;
  for (let i = 0; i < g.length; i++) shares[i]! *= g[i]! - middle - rest;
  return true;
}

/**
 * Stores s (g - mean of g) in the place of shares that may be wrong by such a part of themselves. NaN in g is that of a masked entry, whose
 * share is 0 and whose result counts nothing; any other makes NaN of the mean, from which nothing is near. Logits are asked for where they
 * are needed.
 */
export function multiplyByDifferences(
  shares: Float64Array,
  g: Float64Array,
  mean: number,
  part: number,
  logits: () => Logits,
): void {
  let largest = 0;
  for (let i = 0; i < g.length; i++) if (Math.abs(g[i]!) > largest) largest = Math.abs(g[i]!);
  if (multiplyUnlessNear(shares, g, mean, 0, leastOf(largest, part))) return;

  const middle = Math.fround(mean);
  const sum = new Sum();
  let size = 0;
  for (let i = 0; i < g.length; i++) {
    if (shares[i] === 0) continue;
    const term = shares[i]! * (g[i]! - middle);
    sum.add(term);
    size += Math.abs(term);
  }
  if (multiplyUnlessNear(shares, g, middle, sum.value, leastOf(size, part))) return;

  const entries = logits();
  if (!multiplyExactly(entries, shares, g, middle, quickExp, quickPart))
    multiplyExactly(entries, shares, g, middle, exp, 0);
}

/** The same by exponentials that lack such a part of themselves. False where a difference is so small that it may lack 2^-26 of itself. */
function multiplyExactly(
  { high, low }: Logits,
  shares: Float64Array,
  g: Float64Array,
  middle: number,
  exp: (z: DoubleDouble) => DoubleDouble,
  part: number,
): boolean {
  let total: DoubleDouble = { high: 0, low: 0 };
  let sum = total;
  let size = 0;
  for (let i = 0; i < g.length; i++) {
    shares[i] = 0;
    if (high[i]! < farthest) continue;
    const e = exp({ high: high[i]!, low: low[i]! });
    const term = multiply(e, exactSum(g[i]!, -middle));
    total = add(total, e);
    sum = add(sum, term);
    size += Math.abs(term.high);
    shares[i] = e.high;
  }
  const rest = divide(sum, total);
  const least = (size / total.high) * part * 2 ** 26;
  for (let i = 0; i < g.length; i++) {
    const difference = subtract(exactSum(g[i]!, -middle), rest).high;
    if (Math.abs(difference) < least) return false;
    shares[i] = (shares[i]! / total.high) * difference;
  }
  return true;
}
