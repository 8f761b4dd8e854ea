// The logarithm of 1 + r in float64, from additions, multiplications and divisions alone, so that every engine gives the same bits.

// log((1 + s) / (1 - s)) as 2 s + s^3 p(s^2), for |s| <= 0.1716: the coefficients of native/arithmetic/log.h.
const terms = (z: number) =>
  0.6666666666666734 +
  z *
    (0.3999999999941699 +
      z *
        (0.28571428741915456 +
          z * (0.22222198618341268 + z * (0.18183562120228625 + z * (0.1531410388710444 + z * 0.14795443498367677)))));
const ln2High = 0.6931471806019545;
const ln2Low = -4.2009150726810846e-11;

/**
 * log(1 + r) for r >= 0. 1 + r is 2^k f, f between sqrt(1/2) and sqrt(2), and what the sum has lost is added in the end, so that the
 * result keeps its relative accuracy down to the smallest r. 0.8 ulp.
 */
export function log1p(r: number): number {
  if (!(r < Infinity)) return r;
  const sum = 1 + r;
  const lost = r > 1 ? 1 - (sum - r) : r - (sum - 1);
  let [f, k] = [sum, 0];
  for (; f > Math.SQRT2; k++) f /= 2;
  const d = f - 1;
  const s = d / (2 + d);
  const z = s * s;
  const half = 0.5 * d * d;
  return k * ln2High + (d - (half - (s * (half + z * terms(z)) + (k * ln2Low + lost / sum))));
}
