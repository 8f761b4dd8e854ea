// The exponential and the tail of the normal distribution in float64, from additions, multiplications, divisions and
// square roots alone, so that every engine gives the same bits; Math.exp does not promise that, and is slower.

// e^x = 2^(n / 64) e^r for n = round(64 x / ln 2), |r| <= ln 2 / 128. ln 2 / 64 has a part of 34 bits, whose product with n is exact.
const stepHigh = 0.010830424695996044;
const stepLow = 2.5310172166650877e-13;
const steps = 64 * Math.LOG2E;
// Adding it leaves no room for a fraction: taking it off again has rounded to the nearest integer.
const noFraction = 1.5 * 2 ** 52;

/** The rounding error of p = a * b. Float32 halves have exact products; below 1e-30 they are lost, with an error that small. */
function productError(a: number, b: number, p: number): number {
  const [aHigh, bHigh] = [Math.fround(a), Math.fround(b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return aHigh * bHigh - p + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

// 2^(j / 64) = rootHigh[j] + rootLow[j]: the first from square roots, the second from how far its 64th power is from 2^j.
const rootHigh = new Float64Array(64).fill(1);
const rootLow = new Float64Array(64);
for (let j = 0; j < 64; j++) {
  for (let bit = 32, root = Math.SQRT2; bit > 0; bit >>= 1, root = Math.sqrt(root)) if (j & bit) rootHigh[j]! *= root;
  let [high, low] = [rootHigh[j]!, 0];
  for (let square = 0; square < 6; square++) {
    const product = high * high;
    [high, low] = [product, productError(high, high, product) + 2 * high * low];
  }
  rootLow[j] = (rootHigh[j]! * (2 ** j - high - low)) / (64 * high);
}

// 2^k from k = -1022 on, by doubling: exact in every engine.
const leastPower = -1022;
const powers = new Float64Array(64 - leastPower + 1);
powers[0] = 2 ** leastPower;
for (let i = 1; i < powers.length; i++) powers[i] = 2 * powers[i - 1]!;

// e^r - 1 for |r| <= ln 2 / 128: minimax (Sollya, fpminimax to doubles), absolute error below 2^-56.
const expm1Small = (r: number) =>
  r + r * r * (0.5 + r * 0.16666666666662374 + r * r * (0.04166669721920217 + r * 0.008333340616280513));

/**
 * c * e^(high + low) for a sum in [-800, 44]; NaN for NaN. The factor is inside, so that a subnormal result is rounded once.
 * Largest error seen: 0.58 ulp for c = 1.
 */
export function timesExp(c: number, high: number, low: number): number {
  const n = (high + low) * steps + noFraction - noFraction;
  const p = expm1Small(high - n * stepHigh + (low - n * stepLow));
  const j = n & 63;
  const k = n >> 6;
  const product = c * (rootHigh[j]! + (rootLow[j]! + rootHigh[j]! * p));
  return k < leastPower ? product * powers[k + 200 - leastPower]! * 2 ** -200 : product * powers[k - leastPower]!;
}

/** e^x - 1 for x in [0, 44]; NaN for NaN. */
export function expm1(x: number): number {
  const n = x * steps + noFraction - noFraction;
  const p = expm1Small(x - n * stepHigh - n * stepLow);
  const j = n & 63;
  const power = powers[(n >> 6) - leastPower]!;
  return rootHigh[j]! * power - 1 + (rootLow[j]! + rootHigh[j]! * p) * power;
}

/**
 * The tail of the normal distribution over its density, unscaled: millsRatio(a) * e^(-a*a/2) = P(N > a), for a in [0, 40].
 * A quotient of two polynomials with positive coefficients, so nothing cancels. Fitted to relative error on [0, 40] in
 * 80-digit arithmetic (weighted least squares, repeated with the weights of Lawson): error below 2^-59, 2^-53.8 with the
 * coefficients rounded to doubles.
 */
export function millsRatio(a: number): number {
  const p =
    1 + a * (1.6567156630936724 + a * (1.3605590907570504 + a * (0.7157169947805229 + a * (0.264592201921213 + a * (0.07150417492221259 + a * (0.014286433851098908 + a * (0.0020864544508669893 + a * (0.00021398460136593788 + a * (1.4015373796974305e-5 + a * 4.507099447826026e-7)))))))));
  const q =
    2 + a * (4.909200447793076 + a * (5.638093424694696 + a * (4.007304502128008 + a * (1.9631624985707214 + a * (0.6979835975206843 + a * (0.1843940902331383 + a * (0.03634489934507793 + a * (0.005265097052899077 + a * (0.0005375096144048129 + a * (3.5131332239073614e-5 + a * 1.1297622912492133e-6))))))))));
  return p / q;
}

/** c * P(N > a) for the normal distribution, a in [0, 40]. */
export function timesTail(c: number, a: number): number {
  // a * a / 2 as an exact square of 24 bits and a rest: its rounding would be magnified by e^-x.
  const short = Math.fround(a);
  return timesExp(c * millsRatio(a), -0.5 * short * short, -0.5 * (a - short) * (a + short));
}

/** The complementary error function. */
export function erfc(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 28)) return x > 0 ? 0 : x < 0 ? 2 : x;
  const short = Math.fround(a);
  const tail = timesExp(2 * millsRatio(a * Math.SQRT2), -short * short, -(a - short) * (a + short));
  return x < 0 ? 2 - tail : tail;
}
