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

// e^r - 1 for |r| <= ln 2 / 128: minimax (Sollya, fpminimax to doubles), relative error below 2^-60.
const expm1Small = (r: number) =>
  r +
  r *
    r *
    (0.5 +
      r * 0.16666666666664534 +
      r * r * (0.041666666666656 + r * 0.00833333915237629 + r * r * 0.001388889980023965));

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

const sqrtHalfPi = 1.2533141373155003;

/**
 * P(N > a) = e^(-a * a / 2) / (2 * tailDivisor(a)) for the normal distribution and a in [0, 40].
 * The divisor is sqrt(pi / 2) a + p(a) / q(a): what the quotient adds falls from 1 to 0, and its rounding errors with it.
 * Its coefficients, all positive, were fitted in 80-digit arithmetic (least squares on 140 Chebyshev nodes of
 * (a - 1.5) / (a + 1.5), weighted by the divisor and by Lawson's iteration): relative error of the divisor below 2^-57.
 */
export function tailDivisor(a: number): number {
  const p =
    1 + a * (1.239169413568582 + a * (0.7851251582257147 + a * (0.3229203918169949 + a * (0.09364121995981103 + a * (0.019707080626363786 + a * (0.0030018900799350145 + a * (0.0003195370193353449 + a * (2.1686243096021803e-5 + a * 7.235100719388723e-7))))))));
  const q =
    1 + a * (1.6945989900812162 + a * (1.4202758862695857 + a * (0.762214262013581 + a * (0.28759634929145134 + a * (0.07940135392727937 + a * (0.016230420348131346 + a * (0.0024297679475403576 + a * (0.00025610821008384014 + a * (1.730311853983799e-5 + a * 5.772775160285069e-7)))))))));
  return sqrtHalfPi * a + p / q;
}

/** c * e^(-a * a / 2) for a in [0, 40]: the square as an exact part and a rest, as e^-x would magnify its rounding. */
export function timesDensity(c: number, a: number): number {
  const short = Math.fround(a);
  return timesExp(c, -0.5 * short * short, -0.5 * (a - short) * (a + short));
}

/** The complementary error function. */
export function erfc(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 28)) return x > 0 ? 0 : x < 0 ? 2 : x;
  const short = Math.fround(a);
  const tail = timesExp(1 / tailDivisor(a * Math.SQRT2), -short * short, -(a - short) * (a + short));
  return x < 0 ? 2 - tail : tail;
}
