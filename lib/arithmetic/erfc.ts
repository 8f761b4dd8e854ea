// The exponential and the tail of the normal distribution in float64, from additions, multiplications, divisions and
// square roots alone, so that every engine gives the same bits; Math.exp does not promise that, and is slower.

// e^x = 2^(n / 64) e^r for n = round(64 x / ln 2), |r| <= ln 2 / 128. ln 2 / 64 has a part of 34 bits, whose product with n is exact.
const stepHigh = 0.010830424695996044;
const stepLow = 2.5310172166650877e-13;
const steps = 64 * Math.LOG2E;
// Adding it leaves no room for a fraction: taking it off again has rounded to the nearest integer.
const noFraction = 1.5 * 2 ** 52;

/** The rounding error of p = a * b: halves of 24 and 29 bits have exact products, but for the smallest. */
export function productError(a: number, b: number, p: number): number {
  const aHigh = Math.fround(a);
  const bHigh = Math.fround(b);
  return aHigh * bHigh - p + aHigh * (b - bHigh) + (a - aHigh) * bHigh + (a - aHigh) * (b - bHigh);
}

/** The same by halves of 27 and 26 bits, for products up to 2^990 and factors that are not too small; 0 for larger ones. */
export function restOfProduct(a: number, b: number, p: number): number {
  const splitter = 2 ** 27 + 1;
  const aHigh = a * splitter - (a * splitter - a);
  const bHigh = b * splitter - (b * splitter - b);
  const rest = aHigh * bHigh - p + aHigh * (b - bHigh) + (a - aHigh) * bHigh + (a - aHigh) * (b - bHigh);
  return Math.abs(rest) < Infinity ? rest : 0;
}

// 2^(j / 64) = rootHigh[j] + rootLow[j]: the first from square roots, the second from how far its 64th power is from 2^j.
const rootHigh = new Float64Array(64);
const rootLow = new Float64Array(64);

// 2^k from k = -1022 on, by doubling: exact in every engine.
const leastPower = -1022;
const powers = new Float64Array(64 - leastPower + 1);

/** Fills the three; on first use, as it takes a tenth of the time of loading. No root is zero. */
function fillRoots(): void {
  rootHigh.fill(1);
  for (let j = 0; j < 64; j++) {
    for (let bit = 32, root = Math.SQRT2; bit > 0; bit >>= 1, root = Math.sqrt(root)) if (j & bit) rootHigh[j]! *= root;
    let high = rootHigh[j]!;
    let low = 0;
    for (let power = 1; power < 64; power *= 2) {
      const square = high * high;
      low = productError(high, high, square) + 2 * high * low;
      high = square;
    }
    rootLow[j] = (rootHigh[j]! * (2 ** j - high - low)) / (64 * high);
  }
  powers[0] = 2 ** leastPower;
  for (let i = 1; i < powers.length; i++) powers[i] = 2 * powers[i - 1]!;
}

// e^r - 1 for |r| <= ln 2 / 128: minimax (Sollya, fpminimax to doubles), relative error below 2^-60.
const expm1Small = (r: number) =>
  r +
  r *
    r *
    (0.5 +
      r * 0.16666666666664534 +
      r * r * (0.041666666666656 + r * 0.0083333391523763 + r * r * 0.001388889980023965));

/**
 * c * e^(high + low) for a sum in [-800, 44]; NaN for NaN. The factor is inside, so that a subnormal result is rounded once.
 * Largest error seen: 0.58 ulp for c = 1.
 */
export function timesExp(c: number, high: number, low: number): number {
  const n = (high + low) * steps + noFraction - noFraction;
  const p = expm1Small(high - n * stepHigh + (low - n * stepLow));
  const j = n & 63;
  const k = n >> 6;
  if (rootHigh[j] === 0) fillRoots();
  const product = c * (rootHigh[j]! + (rootLow[j]! + rootHigh[j]! * p));
  return k < leastPower ? product * powers[k + 200 - leastPower]! * 2 ** -200 : product * powers[k - leastPower]!;
}

/**
 * g * c * e^(high + low) for a sum in [-2100, -600] and a c near 1: by a third of the power of two at a time, so that only the last
 * product may be subnormal, whatever g.
 */
export function timesFarExp(g: number, c: number, high: number, low: number): number {
  const n = (high + low) * steps + noFraction - noFraction;
  const p = expm1Small(high - n * stepHigh + (low - n * stepLow));
  const j = n & 63;
  const k = n >> 6;
  const third = Math.trunc(k / 3);
  if (rootHigh[j] === 0) fillRoots();
  const product = c * (rootHigh[j]! + (rootLow[j]! + rootHigh[j]! * p));
  const power = powers[third - leastPower]!;
  return g * power * product * power * powers[k - 2 * third - leastPower]!;
}

/** s + e^(high + low) for s = 1 or -1 and a sum in [-800, 44]; NaN for NaN. One rounding, of the sum of three terms. */
export function plusExp(s: number, high: number, low: number): number {
  const n = (high + low) * steps + noFraction - noFraction;
  const p = expm1Small(high - n * stepHigh + (low - n * stepLow));
  const j = n & 63;
  if (rootHigh[j] === 0) fillRoots();
  const power = powers[Math.max(n >> 6, leastPower) - leastPower]!;
  const e = rootHigh[j]! * power;
  const sum = s + e;
  const added = sum - s;
  return sum + (s - (sum - added) + (e - added) + (rootLow[j]! + rootHigh[j]! * p) * power);
}

// Mills' ratio of the normal distribution, M(a) = P(N > a) e^(a * a / 2), satisfies M' = a M - 1 / sqrt(2 pi). So its Taylor
// coefficients m[n] = M^(n)(a) / n! satisfy (n + 1) m[n + 1] = a m[n] + m[n - 1], and a table of them needs no source.
// A row for each multiple of 1/16: m[0], ..., m[12], what rounding took from m[0], and m[0] and m[1] of M(a) - a / sqrt(2 pi).
const densityHigh = 0.3989422804014327; // 1 / sqrt(2 pi)
const densityLow = -2.49232720227773e-17;
const rowsPerUnit = 16;
const terms = 13;
const rowLength = terms + 3;
const table = new Float64Array((40 * rowsPerUnit + 1) * rowLength);

/** Fills the table; on first use, as it takes 3 ms. No entry of it is zero. */
function fillTable(): void {
  for (let i = table.length - rowLength; i >= 0; i -= rowLength) {
    const a = i / rowLength / rowsPerUnit;
    let low: number;
    if (a >= 3) {
      // The recurrence backwards, as a continued fraction for m[n] / m[n - 1]: nothing cancels, and 450 / a^2 terms suffice.
      let ratio = 0;
      for (let n = Math.ceil(450 / (a * a)) + terms; n > 0; n--) {
        ratio = 1 / ((n + 1) * ratio - a);
        if (n < terms) table[i + n] = ratio;
      }
      const divisor = a - ratio;
      const quotient = densityHigh / divisor;
      const product = quotient * divisor;
      const rest = densityHigh - product - productError(quotient, divisor, product) - quotient * (a - divisor - ratio);
      low = (rest + densityLow) / divisor;
      table[i] = quotient;
      for (let n = 1; n < terms; n++) table[i + n]! *= table[i + n - 1]!;
    } else {
      // A Taylor step down from the row above, which adds positive terms only; then the recurrence.
      const above = table[i + rowLength]!;
      let step = 0;
      for (let n = terms - 1; n > 0; n--) step = (step + table[i + rowLength + n]!) / -rowsPerUnit;
      step += table[i + rowLength + terms]!;
      const first = above + step;
      low = above - first + step;
      table[i] = first;
      table[i + 1] = a * first - densityHigh + (a * low - densityLow);
      for (let n = 1; n + 1 < terms; n++) table[i + n + 1] = (a * table[i + n]! + table[i + n - 1]!) / (n + 1);
    }
    const product = a * densityHigh;
    const rest = low - productError(a, densityHigh, product) - a * densityLow;
    table[i + terms] = low;
    table[i + terms + 1] = table[i]! - product + rest;
    table[i + terms + 2] = table[i + 1]! - densityHigh;
  }
}

/** The terms of M(a + d) of order 2 to 9, over d; a is the row at i. At |d| <= 1/32 the next is below 2^-61 of the sum. */
const higherTerms = (i: number, d: number) =>
  d *
  (table[i + 2]! +
    d *
      (table[i + 3]! +
        d *
          (table[i + 4]! +
            d *
              (table[i + 5]! + d * (table[i + 6]! + d * (table[i + 7]! + d * (table[i + 8]! + d * table[i + 9]!)))))));

/** P(N > a) e^(a * a / 2) for the normal distribution and a in [0, 40]. Largest error seen: 0.62 ulp. */
export function millsRatio(a: number): number {
  const row = a * rowsPerUnit + noFraction - noFraction;
  const d = a - row / rowsPerUnit;
  const i = (row | 0) * rowLength;
  if (table[i] === 0) fillTable();
  return table[i]! + (table[i + terms]! + d * (table[i + 1]! + higherTerms(i, d)));
}

/** millsRatio(a) - a / sqrt(2 pi), precise also near its zero at 0.7518. */
export function millsRatioSlope(a: number): number {
  const row = a * rowsPerUnit + noFraction - noFraction;
  const d = a - row / rowsPerUnit;
  const i = (row | 0) * rowLength;
  if (table[i] === 0) fillTable();
  return table[i + terms + 1]! + d * (table[i + terms + 2]! + higherTerms(i, d));
}

/** c * e^(-a * a / 2) for a in [0, 40]: the square as an exact part and a rest, as e^-x would magnify its rounding. */
export function timesDensity(c: number, a: number): number {
  const short = Math.fround(a);
  return timesExp(c, -0.5 * short * short, -0.5 * (a - short) * (a + short));
}

/** g times P(N > a) - a e^(-a * a / 2) / sqrt(2 pi) for a in [37, 60]. Mills' ratio as a continued fraction. */
export function timesFarNormalSlope(g: number, a: number): number {
  let rest = 0;
  for (let n = 10; n > 0; n--) rest = n / (a + rest);
  const short = Math.fround(a);
  const factor = densityHigh * (1 / (a + rest) - a);
  return timesFarExp(g, factor, -0.5 * short * short, -0.5 * (a - short) * (a + short));
}

/** The complementary error function. Largest error seen: 3.1 ulp, a relative error of 6e-16. */
export function erfc(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 28)) return x > 0 ? 0 : x < 0 ? 2 : x;
  const short = Math.fround(a);
  const tail = timesExp(2 * millsRatio(a * Math.SQRT2), -short * short, -(a - short) * (a + short));
  return x < 0 ? 2 - tail : tail;
}
