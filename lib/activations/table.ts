// Each elementwise activation, once: its value and its gradient in float64. native/rows/activations.def is the same list, and a
// test holds the two together. Every form keeps its relative accuracy in the tails: no 1 + erf, no 1 + tanh.
import {
  add,
  type DoubleDouble,
  density,
  divide,
  exp,
  expm1,
  log1p as log1pExactly,
  logistic,
  logisticSlope,
  multiply,
  negate,
  normal,
  rootOfTwoOverPi,
  scale,
  sqrt,
  subtract,
  tanh as tanhExactly,
  tanhShrink as tanhShrinkExactly,
} from './double-double.js';
import {
  millsRatio,
  millsRatioSlope,
  plusExp,
  restOfProduct,
  timesDensity,
  timesExp,
  timesFarExp,
  timesFarNormalSlope,
} from './erfc.js';
import { log1p, tanhShrinkRest } from './series.js';

/** A row of the table. In it a and b are its parameters, in their order and rounded to the dtype of x. */
export interface Formula {
  /** By their names. */
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** What they must be together, where that is more than what each must be. */
  readonly together?: Together;
  readonly f: (x: number, a: number, b: number) => number;
  /** g times the derivative at x. */
  readonly grad: (x: number, g: number, a: number, b: number) => number;
  /** What decides the rounding to float32 where that takes more than float64; absent where one operation rounds, or none. */
  readonly exactly?: Exactly;
}

/** What two parameters must be together: as a question and in words. */
export interface Together {
  readonly holds: (a: number, b: number) => boolean;
  readonly wanted: string;
}

/** A finite number that a caller may choose. */
export interface Parameter {
  /** Where it is left out; without this it is needed. */
  readonly default?: number;
  /** Another name for it, which PyTorch has. */
  readonly alias?: string;
  /** The least that it may be, and what it must be above. */
  readonly least?: number;
  readonly above?: number;
  /** Others than the default, that tests and `nonlin check` try; those of a row's parameters go together. */
  readonly samples?: readonly number[];
}

/** The value and the derivative as a textbook has them, to some 94 bits. */
export interface Exactly {
  readonly f: (x: number, a: number, b: number) => DoubleDouble;
  readonly slope: (x: number, a: number, b: number) => DoubleDouble;
  /** About where the slope is zero, if anywhere: near it `grad` need not keep its relative accuracy (rounding.ts). */
  readonly zero?: Zero;
}

/** x = at, or with `overA` at / a, where distances from it are over a as well. */
export interface Zero {
  readonly at: number;
  readonly overA?: boolean;
}

// The largest errors seen are given in units in the last place (ulp) of float64, against MPFR, 100,000 inputs and more each.

// A slope below the normal numbers has lost digits, which a g above 1 would bring to light. There `far` gives the product for
// a = |x|, which is not beyond what even the largest g makes something of.
const product = (g: number, slope: number, x: number, far: (g: number, a: number) => number) =>
  Math.abs(slope) < 2 ** -1022 && Math.abs(g) > 1 && Number.isFinite(x) ? far(g, Math.abs(x)) : g * slope;

/** e / (1 + e), e = e^x. 2.4 ulp. */
export function sigmoid(x: number): number {
  if (x > 40) return 1;
  if (x < -750) return 0;
  const e = timesExp(1, x, 0);
  return e / (1 + e);
}

/** sigmoid(x) * sigmoid(-x) as e / (1 + e)^2, e = e^-|x|. 2.2 ulp. */
function sigmoidSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 750)) return a > 0 ? 0 : x;
  const e = timesExp(1, -a, 0);
  return e / (1 + e * (2 + e));
}

const sigmoidFar = (g: number, a: number) => timesFarExp(g, 1, -Math.min(a, 1500), 0);

/** (e - 1) / (e + 1), e = e^(2|x|), with the sign of x. 2.6 ulp; Math.tanh takes twice the time. */
function tanh(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 20)) return x > 0 ? 1 : x < 0 ? -1 : x;
  if (a < 2 ** -28) return x;
  const e = plusExp(-1, 2 * a, 0);
  return (x / a) * (e / (e + 2));
}

/** 1 / cosh(x)^2 as 4 e / (1 + e)^2, e = e^(-2|x|). 2.3 ulp. */
function tanhSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 400)) return a > 0 ? 0 : x;
  const e4 = timesExp(4, -2 * a, 0);
  return e4 / (1 + e4 * (0.5 + e4 * 0.0625));
}

const tanhFar = (g: number, a: number) => timesFarExp(g, 4, -2 * Math.min(a, 750), 0);

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

/** x sigmoid(v(x)) from a = |x| and v(a) = high + low, v being odd. 1.7 ulp; geluSigmoid 2.3 ulp. */
const gated = (x: number, a: number, high: number, low: number) =>
  -0.5 * (-x - a) - (high > 40 ? timesExp(a, -high, -low) : a / plusExp(1, high, low));

/** Its derivative, from v(a) and a v'(a), each as a sum of two. 5 ulp; between -0.9 and -0.5, where it vanishes, 2^-54. */
function gatedSlope(x: number, high: number, low: number, growthHigh: number, growthLow: number): number {
  const rest = 1 - growthHigh;
  const e = timesExp(1, -high, -low);
  const tail = high > 40 ? timesExp(rest - growthLow, -high, -low) : (e * (rest + (e - growthLow))) / (1 + e * (2 + e));
  return x > 0 ? 1 - tail : tail;
}

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
  zero: { at: -0.752 },
});
const fraction = divide(44715, 1_000_000);
/** 2 sqrt(2/pi) x (1 + k 0.044715 x^2) */
const cubicExactly = (x: number, k: number) =>
  multiply(multiply(rootOfTwoOverPi, 2 * x), add(1, multiply(multiply(x, x), multiply(fraction, k))));
const scaledExactly = (x: number) => multiply(x, divide(1702, 1000));

/** The number x in exact terms. */
const wide = (x: number) => add(x, 0);

/** x, and below 0 a (e^x - 1). 1.6 ulp. */
function elu(x: number, a: number): number {
  if (!(x < 0)) return x;
  return a * (x > -50 ? plusExp(-1, x, 0) : -1);
}
/** 1, and below 0 a e^x. 1.6 ulp. */
function eluSlope(x: number, a: number): number {
  if (!(x <= 0)) return x > 0 ? 1 : x;
  return x > -800 ? timesExp(a, x, 0) : a * 0;
}

/** x, and below 0 a x. */
function leakyRelu(x: number, a: number): number {
  // A slope of 0 times -Infinity is no limit.
  return x < 0 ? (a === 0 ? -0 : a * x) : x;
}
/** The gradient drops g where the slope is 0, as all do that are g or nothing: g may be infinite. */
const leakyReluGrad = (x: number, g: number, a: number) => (x > 0 ? g : x <= 0 ? (a === 0 ? 0 : a * g) : x);

const clamp = (x: number, low: number, high: number) => (x < low ? low : x > high ? high : x);
const clampGrad = (x: number, g: number, low: number, high: number) => (x > low && x < high ? g : flat(x));
/** The slope of what is flat; NaN where x is. */
const flat = (x: number) => (Number.isNaN(x) ? x : 0);
/** 0 for what is in a range around it; zeros keep their sign. */
const shrunk = (x: number) => (x === 0 || Number.isNaN(x) ? x : 0);

/** (x + sqrt(x^2 + b)) / 2, and below 0, where this cancels, b / 4 over its value at -x. 2 ulp. */
function squareplus(x: number, b: number): number {
  const a = Math.abs(x);
  if (a > Math.sqrt(b) * 2 ** 30) return x > 0 ? x : 0.25 * (b / a);
  // Where squares would overflow or vanish; powers of two round nothing.
  if (b < 2 ** -500) return squareplus(x * 2 ** 300, b * 2 ** 600) * 2 ** -300;
  if (b > 2 ** 900) return squareplus(x * 2 ** -300, b * 2 ** -600) * 2 ** 300;
  const half = 0.5 * (a + Math.sqrt(a * a + b));
  return x < 0 ? (0.25 * b) / half : half;
}
/** The value over sqrt(x^2 + b). 3 ulp. */
function squareplusSlope(x: number, b: number): number {
  const a = Math.abs(x);
  const height = Math.sqrt(b);
  if (a > height * 2 ** 30) return x > 0 ? 1 : ((0.5 * height) / a) * ((0.5 * height) / a);
  if (b < 2 ** -500) return squareplusSlope(x * 2 ** 300, b * 2 ** 600);
  if (b > 2 ** 900) return squareplusSlope(x * 2 ** -300, b * 2 ** -600);
  const root = Math.sqrt(a * a + b);
  const half = 0.5 * (a + root);
  return (x < 0 ? (0.25 * b) / half : half) / root;
}
function squareplusFar(g: number, a: number, b: number): number {
  const ratio = (0.5 * Math.sqrt(b)) / a;
  return g * ratio * ratio;
}
const squareplusExactly = {
  f: (x: number, b: number) => {
    const half = scale(add(Math.abs(x), sqrt(add(multiply(x, x), b))), 0.5);
    return x < 0 ? divide(scale(wide(b), 0.25), half) : half;
  },
  // Near 0 as 1 / 2 and what is added, however small it is.
  slope: (x: number, b: number) => {
    const root = sqrt(add(multiply(x, x), b));
    return x * x < b ? add(0.5, divide(x / 2, root)) : divide(squareplusExactly.f(x, b), root);
  },
};

/** a x + b in exact terms where it is near 0 and 1; elsewhere float64 tells on which side of them it is. */
function line(x: number, a: number, b: number): DoubleDouble {
  if (a === 0) return wide(b + flat(x));
  const y = a * x + b;
  return y > -1 && y < 2 ? add(multiply(a, x), b) : { high: y, low: 0 };
}
const isBelowOne = ({ high, low }: DoubleDouble) => high < 1 || (high === 1 && low < 0);
/** It between 0 and 1. */
function unitLine(x: number, a: number, b: number): DoubleDouble {
  const y = line(x, a, b);
  return y.high <= 0 ? wide(0) : y.high >= 1 && !isBelowOne(y) ? wide(1) : y;
}
/** Its gradient. */
function unitLineGrad(x: number, g: number, a: number, b: number): number {
  const y = line(x, a, b);
  // Where b is 0, the product may be too small.
  const isAbove = b === 0 ? (a > 0 ? x > 0 : x < 0) : y.high > 0;
  return a !== 0 && isAbove && isBelowOne(y) ? a * g : flat(x);
}

const softsign = (x: number) => (Math.abs(x) < 2 ** 54 ? x / (1 + Math.abs(x)) : Math.sign(x));
/** 3 ulp. */
function softsignSlope(x: number): number {
  const y = 1 / (1 + Math.abs(x));
  return y * y;
}
const softsignFar = (g: number, a: number) => g / a / a;

/** x (x + 3) / 6 between -3 and 3. 1.5 ulp. */
const hardSwish = (x: number) => (x < 3 ? (x > -3 ? (x * (x + 3)) / 6 : -0) : x);
/** (2 x + 3) / 6 between them, where it has its zero as well: there the sum is exact. */
function hardSwishGrad(x: number, g: number): number {
  if (!(x < 3)) return x >= 3 ? g : x;
  return x > -3 && x !== -1.5 ? (g * (2 * x + 3)) / 6 : 0;
}

/** What rounding took from p = b x. */
const restOf = (b: number, x: number, p: number) => (b === 1 ? 0 : restOfProduct(b, x, p));

/** x sigmoid(b x), for a negative b that of -b turned around. 2.3 ulp. */
function silu(x: number, b: number): number {
  if (!(b > 0)) return b < 0 ? -silu(-x, -b) : 0.5 * x;
  const a = Math.abs(x);
  const high = b * a;
  if (!(high <= 800)) return x < 0 ? -0 : x;
  return gated(x, a, high, restOf(b, a, high));
}
/** 5 ulp; between -1.6 / b and -0.95 / b, where it vanishes, 2^-54. */
function siluSlope(x: number, b: number): number {
  if (!(b > 0)) return b < 0 ? siluSlope(-x, -b) : Number.isNaN(x) ? x : 0.5;
  const a = Math.abs(x);
  const high = b * a;
  if (!(high <= 800)) return x < 0 ? -0 : x > 0 ? 1 : x;
  const low = restOf(b, a, high);
  return gatedSlope(x, high, low, high, low);
}
function siluFar(g: number, a: number, b: number): number {
  const near = Math.min(a, 1500 / Math.abs(b));
  const high = Math.abs(b) * near;
  const low = restOf(Math.abs(b), near, high);
  return timesFarExp(g, 1 - high - low, -high, -low);
}

/** Whether a threshold t below 20, which others have for speed, makes x itself of softplus: where b x is above it, in exact terms. */
function isStraight(x: number, b: number, t: number): boolean {
  const p = b * x;
  return t < 20 && (p > t || (p === t && restOf(b, x, p) > 0));
}
/** max(x, 0) + log(1 + e^-|b x|) / b. 1.9 ulp. */
function softplus(x: number, b: number, t: number): number {
  if (isStraight(x, b, t)) return x;
  const a = Math.abs(x);
  const high = b * a;
  if (!(high <= 800)) return x < 0 ? 0 : x;
  const low = restOf(b, a, high);
  // The factor is inside where the exponential may be subnormal; log(1 + e) is e there.
  const y = high > 40 ? timesExp(1 / b, -high, -low) : log1p(timesExp(1, -high, -low)) / b;
  return x > 0 ? x + y : y;
}
/** sigmoid(b x). 2.4 ulp. */
function softplusSlope(x: number, b: number, t: number): number {
  if (isStraight(x, b, t)) return 1;
  const high = b * x;
  if (!(high <= 40)) return high > 40 ? 1 : x;
  if (high < -750) return 0;
  const e = timesExp(1, high, restOf(b, x, high));
  return e / (1 + e);
}
function softplusFar(g: number, a: number, b: number): number {
  const near = Math.min(a, 1500 / b);
  const high = b * near;
  return timesFarExp(g, 1, -high, -restOf(b, near, high));
}

// s = 1.0507009873554804934193349852946, and s times 1.6732632423543772848170429916717.
const seluScale = { high: 1.0507009873554805, low: 3.9874847667154144e-17 };
const seluBelow = { high: 1.7580993408473768, low: 1.41535193800845e-17 };
const seluAlpha = 1.6732632423543772;
/** What ONNX has of them: the nearest float32. */
export const onnxSelu = { alpha: Math.fround(seluAlpha), gamma: Math.fround(seluScale.high) } as const;

/** x / a less z, which it was rounded to. */
function restOfQuotient(x: number, a: number, z: number): number {
  const p = z * a;
  return a === 1 ? 0 : (x - p - restOfProduct(z, a, p)) / a;
}

/** x, and below 0 a (e^(x / a) - 1). 2.1 ulp. */
function celu(x: number, a: number): number {
  if (!(x < 0)) return x;
  const z = x / a;
  if (z < -50) return -a;
  // Where z may be subnormal, what is left of a series in it.
  return z > -(2 ** -27) ? x + 0.5 * x * z : a * plusExp(-1, z, restOfQuotient(x, a, z));
}
/** 1, and below 0 e^(x / a). 1 ulp. */
function celuSlope(x: number, a: number): number {
  if (!(x <= 0)) return x > 0 ? 1 : x;
  const z = x / a;
  return z > -800 ? timesExp(1, z, restOfQuotient(x, a, z)) : 0;
}
function celuFar(g: number, distance: number, a: number): number {
  const near = Math.min(distance, 1500 * a);
  const z = near / a;
  return timesFarExp(g, 1, -z, -restOfQuotient(near, a, z));
}

/**
 * x tanh(log(1 + e^x)), from n = e^-|x|: below 0 the factor is n (n + 2) / (n (n + 2) + 2), and from there on 1 less
 * 2 n^2 / (1 + 2 n + 2 n^2). 2.5 ulp.
 */
function mish(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 800)) return x < 0 ? -0 : x;
  if (a > 40) return x < 0 ? -timesExp(a, -a, 0) : x;
  const n = timesExp(1, -a, 0);
  const lower = n * n + 2 * n;
  return x <= 0 ? (x * lower) / (lower + 2) : x - (x * 2 * n * n) / (1 + 2 * n * (1 + n));
}
/** 4 ulp; between -1.5 and -0.9, where it vanishes, 2^-54. */
function mishSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 800)) return x < 0 ? -0 : x > 0 ? 1 : x;
  if (a > 40) return x < 0 ? timesExp(1 - a, -a, 0) : 1;
  const n = timesExp(1, -a, 0);
  const divisor = x < 0 ? 2 + n * (2 + n) : 1 + 2 * n * (1 + n);
  return x < 0
    ? (n * (4 * (1 - a) + n * (6 - 4 * a + n * (4 + n)))) / (divisor * divisor)
    : 1 + (n * n * (4 * a - 2 + n * (4 * a - 4 - 4 * n))) / (divisor * divisor);
}

/** x - tanh(x): near 0 x^3 p(x^2), with what rounding takes from x^3, and from there on |x| - 1 + 2 / (1 + e^2|x|). 2 ulp. */
function tanhShrink(x: number): number {
  const a = Math.abs(x);
  if (!(a < 1)) {
    const far = a > 20 ? a - 1 : a - 1 + 2 / plusExp(1, 2 * a, 0);
    return x < 0 ? -far : far;
  }
  const square = x * x;
  const cube = x * square;
  const p = tanhShrinkRest(square);
  // The rests of such products are none.
  if (Math.abs(cube) < 2 ** -960) return cube * p;
  return cube * p + (restOfProduct(x, square, cube) + x * restOfProduct(x, x, square)) * p;
}
/** tanh(x)^2, beyond 1 as 1 less its derivative. 5 ulp. */
function tanhShrinkSlope(x: number): number {
  if (Math.abs(x) > 1) return 1 - tanhSlope(x);
  const y = tanh(x);
  return y * y;
}

/** c tanh(x / c). 3 ulp. */
function softcap(x: number, c: number): number {
  const z = x / c;
  // Where z may be subnormal.
  if (Math.abs(z) < 2 ** -27) return x;
  const y = tanh(z);
  return Math.abs(z) < 20 ? c * y + c * (restOfQuotient(x, c, z) * (1 - y * y)) : c * y;
}
/** 1 / cosh(x / c)^2 */
function softcapSlope(x: number, c: number): number {
  const z = Math.abs(x) / c;
  if (!(z <= 400)) return z > 0 ? 0 : x;
  const e4 = timesExp(4, -2 * z, -2 * restOfQuotient(Math.abs(x), c, z));
  return e4 / (1 + e4 * (0.5 + e4 * 0.0625));
}
function softcapFar(g: number, a: number, c: number): number {
  const near = Math.min(a, 750 * c);
  const z = near / c;
  return timesFarExp(g, 4, -2 * z, -2 * restOfQuotient(near, c, z));
}

/** log(1 + e^(b x)) as max(b x, 0) + log(1 + e^-|b x|). */
const softplusExactly = (x: number, b: number) =>
  add(multiply(Math.max(x, 0), b), log1pExactly(exp(multiply(-Math.abs(x), b))));
/** tanh(log(1 + e^x)) from n = e^-|x|. */
function mishGate(x: number): DoubleDouble {
  const n = exp(-Math.abs(x));
  const lower = multiply(n, add(n, 2));
  if (x < 0) return divide(lower, add(lower, 2));
  return subtract(1, divide(scale(multiply(n, n), 2), add(add(lower, 1), multiply(n, n))));
}
function mishSlopeExactly(x: number): DoubleDouble {
  const n = exp(-Math.abs(x));
  const lower = multiply(n, add(n, 2));
  if (x < 0) {
    const inner = add(add(6, 4 * x), multiply(n, add(4, n)));
    const divisor = add(lower, 2);
    return divide(multiply(n, add(scale(add(1, x), 4), multiply(n, inner))), multiply(divisor, divisor));
  }
  const inner = add(add(4 * x, -2), multiply(n, subtract(add(4 * x, -4), scale(n, 4))));
  const divisor = add(add(lower, 1), multiply(n, n));
  return add(1, divide(multiply(multiply(n, n), inner), multiply(divisor, divisor)));
}

export const activations = {
  /** max(x, 0): Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010. Slope 0 at 0. */
  relu: { f: (x) => (x < 0 ? 0 : x), grad: (x, g) => (x > 0 ? g : x <= 0 ? 0 : x) },
  /** x, and below 0 negativeSlope x: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013. */
  leakyRelu: {
    parameters: { negativeSlope: { default: 0.01, samples: [0, 0.2, 1, -0.5, 3, 100] } },
    f: leakyRelu,
    grad: leakyReluGrad,
  },
  /** x between 0 and 6: Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010. Slope 0 at both. */
  relu6: { f: (x) => clamp(x, 0, 6), grad: (x, g) => clampGrad(x, g, 0, 6) },
  /** x between min and max: Collobert, "Large scale machine learning", 2004. Slope 0 at both. */
  hardTanh: {
    parameters: {
      min: { default: -1, samples: [0, -2, 0.1, -1e30, 3] },
      max: { default: 1, samples: [1, 0, 0.75, 1e30, 3] },
    },
    together: { holds: (min, max) => min <= max, wanted: 'min must be at most max' },
    f: clamp,
    grad: clampGrad,
  },
  /** x beyond lambda on either side, and 0 between: Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994. */
  hardShrink: {
    parameters: { lambda: { default: 0.5, alias: 'lambd' as const, least: 0, samples: [0, 0.1, 1, 3, 1e-30] } },
    f: (x, a) => (Math.abs(x) > a ? x : shrunk(x)),
    grad: (x, g, a) => (Math.abs(x) > a ? g : flat(x)),
  },
  /** x nearer to 0 by lambda, as far as there: the same paper's soft threshold. */
  softShrink: {
    parameters: { lambda: { default: 0.5, alias: 'lambd' as const, least: 0, samples: [0, 0.1, 1, 3, 1e-30] } },
    f: (x, a) => (x > a ? x - a : x < -a ? x + a : shrunk(x)),
    grad: (x, g, a) => (Math.abs(x) > a ? g : flat(x)),
  },
  /** x above threshold, and value elsewhere: Konda, Memisevic and Krueger, arXiv:1402.3337, 2014. Slope 0 at the threshold. */
  threshold: {
    parameters: {
      threshold: { samples: [0, 1, -2, 0.1, 6] },
      value: { samples: [0, -0.5, 20, 0.3, 0] },
    },
    f: (x, a, b) => (x <= a ? b : x),
    grad: (x, g, a) => (x > a ? g : flat(x)),
  },
  /** max(x, 0)^2: So and others, "Primer: searching for efficient transformers", arXiv:2109.08668, 2021. */
  relu2: {
    f: (x) => (x > 0 ? x * x : flat(x)),
    // The 2 goes to the factor that does not overflow unless the product does.
    grad: (x, g) => (x > 1 ? x * (2 * g) : x > 0 ? 2 * x * g : flat(x)),
  },
  /** x, where a layer has to be and nothing is to happen. */
  identity: { f: (x) => x, grad: (x, g) => (Number.isNaN(x) ? x : g) },
  /** x, and below 0 x times the middle of lower and upper, the mean of the slopes that training draws: Xu and others, arXiv:1505.00853, 2015. */
  rrelu: {
    parameters: {
      lower: { default: 1 / 8, samples: [0, 0.1, -1, 1e-30, 3e38] },
      upper: { default: 1 / 3, samples: [0, 0.3, 1, 0.5, 3e38] },
    },
    together: { holds: (lower, upper) => lower <= upper, wanted: 'lower must be at most upper' },
    f: (x, a, b) => leakyRelu(x, 0.5 * a + 0.5 * b),
    grad: (x, g, a, b) => leakyReluGrad(x, g, 0.5 * a + 0.5 * b),
    exactly: {
      f: (x, a, b) => (x < 0 ? multiply(scale(add(a, b), 0.5), x) : wide(x)),
      slope: (x, a, b) => (x > 0 ? wide(1) : scale(add(a, b), 0.5)),
    },
  },
  /**
   * x / 6 + 1 / 2 between 0 and 1: Howard and others, "Searching for MobileNetV3", arXiv:1905.02244, 2019. Slope 0 at both. The sum is
   * exact near its zero, and a float32 needs no more than float64: a sixth is a float64, or far from a middle between two float32.
   */
  hardSigmoid: { f: (x) => (clamp(x, -3, 3) + 3) / 6, grad: (x, g) => clampGrad(x, g / 6, -3, 3) },
  /** alpha x + beta between 0 and 1: Courbariaux, Bengio and David, "BinaryConnect", arXiv:1511.00363, 2015. */
  hardSigmoidOf: {
    parameters: {
      alpha: { default: 1 / 6, samples: [0.2, 0.25, 0.5, -0.2, 0, 1e10] },
      beta: { default: 0.5, samples: [0.5, 0.5, 0, 0.3, 0.6, 1e-10] },
    },
    f: (x, a, b) => unitLine(x, a, b).high,
    grad: unitLineGrad,
    exactly: { f: unitLine, slope: (x, a, b) => wide(unitLineGrad(x, 1, a, b)) },
  },
  /** x hardSigmoid(x): the same paper. */
  hardSwish: {
    f: hardSwish,
    grad: hardSwishGrad,
    exactly: {
      f: (x) => (x < 3 ? (x > -3 ? divide(multiply(x, add(x, 3)), 6) : wide(0)) : wide(x)),
      slope: (x) => (x < 3 ? (x > -3 ? divide(add(2 * x, 3), 6) : wide(0)) : wide(1)),
    },
  },
  /** x, and below 0 weight x, where training finds the weight: He, Zhang, Ren and Sun, arXiv:1502.01852, 2015. */
  prelu: {
    parameters: { weight: { samples: [0.25, 0, 1, -0.5, 1e-30] } },
    f: leakyRelu,
    grad: leakyReluGrad,
  },
  /** x / (1 + |x|): Bergstra, Desjardins, Lamblin and Bengio, "Quadratic polynomials learn better image features", 2009. 1 ulp. */
  softsign: {
    f: softsign,
    grad: (x, g) => product(g, softsignSlope(x), x, softsignFar),
    exactly: {
      f: (x) => divide(x, add(1, Math.abs(x))),
      slope: (x) => {
        const from = add(1, Math.abs(x));
        return divide(1, multiply(from, from));
      },
    },
  },
  /** (x + sqrt(x^2 + b)) / 2: Barron, "Squareplus: a softplus-like algebraic rectifier", arXiv:2112.11687, 2021. */
  squareplus: {
    parameters: { b: { default: 4, above: 0, samples: [1, 0.01, 100, 1e-38, 1e38, 1e-10] } },
    f: squareplus,
    grad: (x, g, b) => product(g, squareplusSlope(x, b), x, (g, a) => squareplusFar(g, a, b)),
    exactly: squareplusExactly,
  },
  /** 1 / (1 + e^-x), the logistic function: Verhulst, "Recherches mathematiques sur la loi d'accroissement", 1845. */
  sigmoid: {
    f: sigmoid,
    grad: (x, g) => product(g, sigmoidSlope(x), x, sigmoidFar),
    exactly: { f: logistic, slope: logisticSlope },
  },
  /** (e^x - e^-x) / (e^x + e^-x): as an activation, LeCun, Bottou, Orr and Mueller, "Efficient backprop", 1998. */
  tanh: {
    f: tanh,
    grad: (x, g) => product(g, tanhSlope(x), x, tanhFar),
    exactly: {
      f: (x) => divide(expm1(2 * x), add(expm1(2 * x), 2)),
      slope: (x) => scale(logisticSlope(2 * x), 4),
    },
  },
  /** x - tanh(x). */
  tanhShrink: {
    f: tanhShrink,
    grad: (x, g) => product(g, tanhShrinkSlope(x), x, (g, a) => g * a * a),
    exactly: { f: tanhShrinkExactly, slope: (x) => multiply(tanhExactly(x), tanhExactly(x)) },
  },
  /** cap tanh(x / cap): Bello and others, "Neural combinatorial optimization with reinforcement learning", arXiv:1611.09940, 2016. */
  softcap: {
    parameters: { cap: { above: 0, samples: [50, 30, 1, 0.1, 1000, 1e-20] } },
    f: softcap,
    grad: (x, g, c) => product(g, softcapSlope(x, c), x, (g, a) => softcapFar(g, a, c)),
    exactly: {
      f: (x, c) => multiply(c, tanhExactly(divide(x, c))),
      slope: (x, c) => scale(logisticSlope(scale(divide(x, c), 2)), 4),
    },
  },
  /** x P(N < x), N normal: Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415, 2016. */
  gelu: {
    f: gelu,
    grad: (x, g) => product(g, geluSlope(x), x, geluFar),
    exactly: {
      f: (x) => multiply(x, normal(x)),
      slope: (x) => add(normal(x), multiply(x, density(x))),
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
  /** x, and below 0 alpha (e^x - 1): Clevert, Unterthiner and Hochreiter, arXiv:1511.07289, 2015. */
  elu: {
    parameters: { alpha: { default: 1, samples: [0.5, 2, 1000, -1.5] } },
    f: elu,
    grad: (x, g, a) => product(g, eluSlope(x, a), x, (g, distance) => timesFarExp(g, a, -Math.min(distance, 1500), 0)),
    exactly: {
      f: (x, a) => (x < 0 ? multiply(a, expm1(x)) : wide(x)),
      slope: (x, a) => (x > 0 ? wide(1) : multiply(a, exp(x))),
    },
  },
  /** x sigmoid(beta x): Hendrycks and Gimpel as above; Ramachandran, Zoph and Le, "Swish", arXiv:1710.05941, 2017. */
  silu: {
    parameters: { beta: { default: 1, samples: [0.5, 2, 1.702, -1.702, 0.1, 0] } },
    f: silu,
    grad: (x, g, b) => product(g, siluSlope(x, b), x, (g, a) => siluFar(g, a, b)),
    exactly: {
      f: (x, b) => multiply(x, logistic(multiply(x, b))),
      slope: (x, b) => {
        const v = multiply(x, b);
        return multiply(logistic(v), add(1, multiply(v, logistic(negate(v)))));
      },
      zero: { at: -1.2785, overA: true },
    },
  },
  /** log(1 + e^(beta x)) / beta: Dugas and others, "Incorporating second-order functional knowledge", 2000. */
  softplus: {
    parameters: {
      beta: { default: 1, above: 0, samples: [0.5, 2, 10, 0.001, 1.3] },
      threshold: { default: 20, samples: [20, 5, 20, -1, 19.9] },
    },
    f: softplus,
    grad: (x, g, b, t) => product(g, softplusSlope(x, b, t), x, (g, a) => softplusFar(g, a, b)),
    exactly: {
      f: (x, b, t) => (isStraight(x, b, t) ? wide(x) : divide(softplusExactly(x, b), b)),
      slope: (x, b, t) => (isStraight(x, b, t) ? wide(1) : logistic(multiply(x, b))),
    },
  },
  /** -log(1 + e^-x), the logarithm of sigmoid. */
  logSigmoid: {
    f: (x) => -softplus(-x, 1, 20),
    grad: (x, g) => product(g, sigmoid(-x), x, sigmoidFar),
    exactly: { f: (x) => negate(softplusExactly(-x, 1)), slope: (x) => logistic(-x) },
  },
  /** s x, and below 0 s alpha (e^x - 1): Klambauer and others, "Self-normalizing neural networks", arXiv:1706.02515, 2017. */
  selu: {
    f: (x) => (x < 0 ? elu(x, seluBelow.high) : x * seluScale.high),
    grad: (x, g) =>
      product(g, x > 0 ? seluScale.high : eluSlope(x, seluBelow.high), x, (g, a) =>
        timesFarExp(g, seluBelow.high, -Math.min(a, 1500), 0),
      ),
    exactly: {
      f: (x) => (x < 0 ? multiply(seluBelow, expm1(x)) : multiply(seluScale, x)),
      slope: (x) => (x > 0 ? seluScale : multiply(seluBelow, exp(x))),
    },
  },
  /** The same with other numbers, rounded to the dtype. ONNX has the float32 nearest to selu's. */
  seluOf: {
    parameters: {
      alpha: { default: seluAlpha, samples: [onnxSelu.alpha, 0.5, -1.5, 1e10, 1] },
      gamma: { default: seluScale.high, samples: [onnxSelu.gamma, 2, 0.1, 1e-10, -3] },
    },
    f: (x, a, s) => s * elu(x, a),
    grad: (x, g, a, s) =>
      product(g, s * eluSlope(x, a), x, (g, distance) => timesFarExp(g, a * s, -Math.min(distance, 1500), 0)),
    exactly: {
      f: (x, a, s) => multiply(s, x < 0 ? multiply(a, expm1(x)) : wide(x)),
      slope: (x, a, s) => multiply(s, x > 0 ? wide(1) : multiply(a, exp(x))),
    },
  },
  /** x, and below 0 alpha (e^(x / alpha) - 1): Barron, "Continuously differentiable exponential linear units", arXiv:1704.07483, 2017. */
  celu: {
    parameters: { alpha: { default: 1, above: 0, samples: [0.5, 2, 1000, 0.01, 1.3] } },
    f: celu,
    grad: (x, g, a) => product(g, celuSlope(x, a), x, (g, distance) => celuFar(g, distance, a)),
    exactly: {
      f: (x, a) => (x < 0 ? multiply(a, expm1(divide(x, a))) : wide(x)),
      slope: (x, a) => (x > 0 ? wide(1) : exp(divide(x, a))),
    },
  },
  /** x tanh(softplus(x)): Misra, "Mish: a self regularized non-monotonic activation function", arXiv:1908.08681, 2019. */
  mish: {
    f: mish,
    grad: (x, g) => product(g, mishSlope(x), x, (g, a) => timesFarExp(g, 1 - Math.min(a, 1500), -Math.min(a, 1500), 0)),
    exactly: { f: (x) => multiply(x, mishGate(x)), slope: mishSlopeExactly, zero: { at: -1.1924 } },
  },
} satisfies Record<string, Formula>;

/** Functions that are several rows of the table: an option chooses one of them. */
export const variants = {
  gelu: { option: 'approximate', rows: { none: 'gelu', tanh: 'geluTanh', sigmoid: 'geluSigmoid' } },
} as const satisfies Record<string, { option: string; rows: Record<string, keyof typeof activations> }>;

/** Functions with another row for when a parameter of that is given: what theirs has in its place is no float. */
export const parametrized = {
  hardSigmoid: 'hardSigmoidOf',
  selu: 'seluOf',
} as const satisfies Record<string, keyof typeof activations>;

export type Activation = keyof typeof activations;

/** The names of the table, in its order. */
export const activationNames = Object.keys(activations) as Activation[];

/** An activation by its place in the table: a number crosses into native code faster than a name. */
export type Op = number;
export const opOf = Object.fromEntries(activationNames.map((name, op) => [name, op])) as Readonly<
  Record<Activation, Op>
>;
