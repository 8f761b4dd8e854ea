// The gradient of softmax of floats by whole numbers alone: exponentials of 512 bits from their series, and all else without an error.

/** What a slice of softmax is asked: of x over a temperature plus what is added, without the entries whose flag is 0. */
export interface Slice {
  readonly x: ArrayLike<number>;
  readonly temperature: number;
  readonly flags?: ArrayLike<number> | undefined;
  readonly added?: ArrayLike<number> | undefined;
}

const bits = 512n;
// Of which the last ones are lost on the way.
const digits = bits + 64n;
const one = 1n << digits;

/** Floats are whole multiples of 2^-149. */
const wholeOf = (float: number): bigint => BigInt(float * 2 ** 149);
const sizeOf = (a: bigint): bigint => (a < 0n ? -a : a);

/** ln 2 as 2 artanh(1/3). */
function ln2(): bigint {
  let sum = 0n;
  for (let power = (2n * one) / 3n, n = 1n; power > 0n; power /= 9n, n += 2n) sum += power / n;
  return sum;
}
const ln2Digits = ln2();

/** e^z for z <= 0, both in units of 2^-digits. */
function exp(z: bigint): bigint {
  const k = z / ln2Digits;
  const r = (z - k * ln2Digits) >> 8n;
  let sum = one;
  for (let term = one, n = 1n; term !== 0n && term !== -1n; n++) {
    term = ((term * r) / n) >> digits;
    sum += term;
  }
  for (let i = 0; i < 8; i++) sum = (sum * sum) >> digits;
  return z === 0n ? one : sum >> -k;
}

export const isMasked = ({ flags, added }: Slice, i: number): boolean => flags?.[i] === 0 || added?.[i] === -Infinity;

/** The exponentials of the entries less their largest, in one unit; 0 of those that are masked. */
export function exponentialsOf(slice: Slice): bigint[] {
  const t = wholeOf(slice.temperature);
  const logits = Array.from(slice.x, (x, i) =>
    isMasked(slice, i) ? undefined : (wholeOf(x) << digits) / t + ((wholeOf(slice.added?.[i] ?? 0) << digits) >> 149n),
  );
  let largest: bigint | undefined;
  for (const z of logits) if (z !== undefined && (largest === undefined || z > largest)) largest = z;
  return logits.map((z) => (z === undefined ? 0n : exp(z - largest!) >> (digits - bits)));
}

/** The sum of e (g - from) where e is not 0, in units of e and of 2^-149. */
export function sumAbove(e: readonly bigint[], g: ArrayLike<number>, from: number): bigint {
  let sum = 0n;
  for (const [i, share] of e.entries()) if (share > 0n) sum += share * (wholeOf(g[i]!) - wholeOf(from));
  return sum;
}

/** The gradient s (g - mean of g) / temperature, in units of 2^-213. */
export function gradientOf(slice: Slice, g: ArrayLike<number>): bigint[] {
  const e = exponentialsOf(slice);
  const total = e.reduce((sum, share) => sum + share);
  const sum = sumAbove(e, g, 0);
  const divisor = total * total * wholeOf(slice.temperature);
  return e.map((share, i) => (share === 0n ? 0n : ((share * (wholeOf(g[i]!) * total - sum)) << 213n) / divisor));
}

/** How many ulp of `dx` lie between it and y; none is less than 2^-149. */
export function ulpBetween(y: number, dx: bigint): number {
  const length = (sizeOf(dx) >> 64n).toString(2).length;
  const ulp = 1n << (64n + BigInt(Math.max(length - 24, 0)));
  return Number((sizeOf((wholeOf(y) << 64n) - dx) << 20n) / ulp) / 2 ** 20;
}
