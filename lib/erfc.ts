// The exponential and the tail of the normal distribution in float64, of additions, multiplications and divisions alone:
// every JavaScript engine gives the same bits, which Math.exp does not promise. Keep each operation and its order.

// ln 2 as 42 bits, so that k * ln2High is exact, and the rest.
const ln2High = 0.6931471805598903;
const ln2Low = 5.497923018708371e-14;
// Adding it leaves no room for a fraction, so taking it off again has rounded to the nearest integer.
const noFraction = 1.5 * 2 ** 52;
// 2^k for k from leastPower on. Doubled step by step: exact in every engine.
const leastPower = -1022;
const powers = new Float64Array(64 - leastPower + 1);
powers[0] = 2 ** leastPower;
for (let i = 1; i < powers.length; i++) powers[i] = 2 * powers[i - 1]!;
/** 2^k for an integer k in [-1022, 64]. */
export const power = (k: number) => powers[k - leastPower]!;

/** The integer nearest to (high + low) / ln 2; 0 for NaN. */
export const powerOf = (high: number, low: number) => ((high + low) * Math.LOG2E + noFraction - noFraction) | 0;

// Minimax polynomials for |r| <= 0.34661 (Sollya, fpminimax to doubles): absolute errors below 2^-66 and 2^-60.
/** cosh(r) - 1, for s = r * r. */
export const coshMinus1 = (s: number) =>
  s *
  (0.5 +
    s *
      (0.041666666666666664 +
        s *
          (0.001388888888888974 +
            s * (2.480158730758979e-5 + s * (2.7557293572575083e-7 + s * 2.0907314414815323e-9)))));
/** sinh(r) - r, for s = r * r. */
export const sinhMinusIt = (r: number, s: number) =>
  r *
  s *
  (0.16666666666666669 +
    s *
      (0.008333333333328881 +
        s * (0.00019841269866595454 + s * (2.7557264528308986e-6 + s * 2.510184025972806e-8))));

/**
 * c * e^(high + low) for high + low in [-800, 44] and |low| < 1: the factor is inside, so that a subnormal result is rounded
 * only once. NaN for NaN. Error below 0.8 ulp for c = 1, otherwise 1.3.
 */
export function timesExp(c: number, high: number, low: number): number {
  const k = powerOf(high, low);
  const reducedHigh = high - k * ln2High;
  const reducedLow = low - k * ln2Low;
  const r = reducedHigh + reducedLow;
  const s = r * r;
  const product = c * (1 + (r + (reducedHigh - r + reducedLow + sinhMinusIt(r, s) + coshMinus1(s))));
  return k < leastPower ? product * power(k + 200) * 2 ** -200 : product * power(k);
}

/** e^(high + low), as `timesExp`. */
export const exp = (high: number, low = 0) => timesExp(1, high, low);
