// x P(N < x) and its approximations, as native/rows/gaussian.def has them.
import {
  add,
  type DoubleDouble,
  density,
  divide,
  logistic,
  multiply,
  negate,
  normal,
  rootOfTwoOverPi,
} from '../arithmetic/double-double.js';
import { millsRatio, millsRatioSlope, timesDensity, timesFarExp, timesFarNormalSlope } from '../arithmetic/erfc.js';
import { type Exactly, type Formula, product } from './formula.js';
import { gated, gatedSlope } from './gated.js';

// The three kinds of GELU are x w(x) with w(x) + w(-x) = 1, computed as max(x, 0) - |x| w(-|x|), and their slopes have the
// same symmetry.

/** max(x, 0) - |x| P(N > |x|). 2.7 ulp. */
function gelu(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 40)) return x < 0 ? -0 : x;
  // The power of two keeps the exponential normal where only the product is not.
  return -0.5 * (-x - a) - a * timesDensity(2 ** 60 * millsRatio(a), a) * 2 ** -60;
}

/** P(N < x) + x phi(x), phi the density. 3.4 ulp; between -0.9 and -0.5, where it vanishes, 2^-54. */
function geluSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 40)) return x < 0 ? -0 : x > 0 ? 1 : x;
  const tail = timesDensity(millsRatioSlope(a), a);
  return x > 0 ? 1 - tail : tail;
}

const geluFar = (g: number, a: number) => timesFarNormalSlope(g, Math.min(a, 54.8));

// 2 sqrt(2/pi) and 0.044715 times that, each also as a short part and the rest. With the first 12 bits of a, the high part
// of v(a) = linear a + cubic a^3 is then exact, or too small for its rounding to matter.
const linear = 1.5957691216057308;
const linearHigh = 1.5957691669464111;
const linearLow = -4.534068042105272e-8;
const cubic = 0.07135481627260025;
const cubicHigh = 0.07135772705078125;
const cubicLow = -2.9107781810012236e-6;
const first12Bits = (a: number) => a * (2 ** 41 + 1) - (a * (2 ** 41 + 1) - a);
/** linear a + k cubic a^3, which for k = 3 is a v'(a). */
const cubicInHigh = (short: number, k: number) => short * (linearHigh + k * cubicHigh * (short * short));
const cubicInLow = (a: number, short: number, k: number) =>
  short * (linearLow + k * cubicLow * (short * short)) +
  (a - short) * (linear + k * cubic * (short * short + a * (a + short)));

function geluTanh(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 22)) return x < 0 ? -0 : x;
  const short = first12Bits(a);
  return gated(x, a, cubicInHigh(short, 1), cubicInLow(a, short, 1));
}

function geluTanhSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 22)) return x < 0 ? -0 : x > 0 ? 1 : x;
  const short = first12Bits(a);
  return gatedSlope(x, cubicInHigh(short, 1), cubicInLow(a, short, 1), cubicInHigh(short, 3), cubicInLow(a, short, 3));
}

function geluTanhFar(g: number, a: number): number {
  const near = Math.min(a, 27.5);
  const short = first12Bits(near);
  const factor = 1 - cubicInHigh(short, 3) - cubicInLow(near, short, 3);
  return timesFarExp(g, factor, -cubicInHigh(short, 1), -cubicInLow(near, short, 1));
}

// 1.702 a, the high part exact.
const scaledHigh = (short: number) => 1.7020000219345093 * short;
const scaledLow = (a: number, short: number) => 1.702 * (a - short) - 2.193450927734375e-8 * short;

function geluSigmoid(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 460)) return x < 0 ? -0 : x;
  const short = Math.fround(a);
  return gated(x, a, scaledHigh(short), scaledLow(a, short));
}

function geluSigmoidSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 460)) return x < 0 ? -0 : x > 0 ? 1 : x;
  const short = Math.fround(a);
  const high = scaledHigh(short);
  const low = scaledLow(a, short);
  return gatedSlope(x, high, low, high, low);
}

function geluSigmoidFar(g: number, a: number): number {
  const near = Math.min(a, 882);
  const short = Math.fround(near);
  const [high, low] = [scaledHigh(short), scaledLow(near, short)];
  return timesFarExp(g, 1 - high - low, -high, -low);
}

// x sigmoid(v) from v(x) and x v'(x).
const gatedExactly = (v: (x: number) => DoubleDouble, growth: (x: number) => DoubleDouble): Exactly => ({
  f: (x) => multiply(x, logistic(v(x))),
  slope: (x) => multiply(logistic(v(x)), add(1, multiply(growth(x), logistic(negate(v(x)))))),
  half: () => 1,
  zero: { at: -0.752 },
});
const fraction = divide(44715, 1_000_000);
/** 2 sqrt(2/pi) x (1 + k 0.044715 x^2) */
const cubicExactly = (x: number, k: number) =>
  multiply(multiply(rootOfTwoOverPi, 2 * x), add(1, multiply(multiply(x, x), multiply(fraction, k))));
const scaledExactly = (x: number) => multiply(x, divide(1702, 1000));

export const gaussianRows = {
  /** x P(N < x), N normal: Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415, 2016. */
  gelu: {
    f: gelu,
    grad: (x, g) => product(g, geluSlope(x), x, geluFar),
    exactly: {
      f: (x) => multiply(x, normal(x)),
      slope: (x) => add(normal(x), multiply(x, density(x))),
      half: () => 1,
      zero: { at: -0.752 },
    },
  },
  /** x / 2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): the same paper's approximation of it. */
  geluTanh: {
    f: geluTanh,
    grad: (x, g) => product(g, geluTanhSlope(x), x, geluTanhFar),
    exactly: gatedExactly(
      (x) => cubicExactly(x, 1),
      (x) => cubicExactly(x, 3),
    ),
  },
  /** x sigmoid(1.702 x): the same paper's other approximation. */
  geluSigmoid: {
    f: geluSigmoid,
    grad: (x, g) => product(g, geluSigmoidSlope(x), x, geluSigmoidFar),
    exactly: gatedExactly(scaledExactly, scaledExactly),
  },
} satisfies Record<string, Formula>;
