// Each elementwise activation, once: its value and its gradient in float64. native/activations.def is the same list, and a
// test holds the two together. Forms here keep their relative accuracy in every tail: no 1 + erf, no 1 + tanh.
import { millsRatio, millsRatioSlope, plusExp, rest, timesDensity, timesExp } from './erfc.js';

export interface Formula {
  readonly f: (x: number) => number;
  /** g times the derivative at x. */
  readonly grad: (x: number, g: number) => number;
}

/** c * sigmoid(high + low), for a sum in [-800, 800]. */
function timesSigmoid(c: number, high: number, low: number): number {
  if (high < -40) return timesExp(c, high, low);
  const divisor = plusExp(1, -high, -low);
  const quotient = c / divisor;
  return quotient - (quotient * rest[0]!) / divisor;
}

export function sigmoid(x: number): number {
  if (!(Math.abs(x) <= 750)) return x < 0 ? 0 : x > 0 ? 1 : x;
  return timesSigmoid(1, x, 0);
}

function sigmoidSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 750)) return a > 0 ? 0 : x;
  const e = timesExp(1, -a, 0);
  return e / (1 + e * (2 + e));
}

function tanh(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 20)) return x < 0 ? -1 : x > 0 ? 1 : x;
  if (a < 2 ** -28) return x;
  const e = plusExp(-1, 2 * a, 0);
  const divisor = e + 2;
  const added = divisor - e;
  const quotient = e / divisor;
  const correction = rest[0]! - quotient * (e - (divisor - added) + (2 - added) + rest[0]!);
  return (x / a) * (quotient + correction / divisor);
}

function tanhSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 400)) return a > 0 ? 0 : x;
  const e = timesExp(4, -2 * a, 0);
  return e / (1 + e * (0.5 + e * 0.0625));
}

// Where x / 2 can be a tie between float32 or float64 subnormals, x / 2 + c x^2 lies above it: beyond x / 2 for positive x, short of it for negative.
const half = (x: number) => x * (x > 0 ? 0.5000000000000001 : 0.49999999999999994);

function gelu(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 40)) return x < 0 ? -0 : x;
  if (a < 2 ** -125) return half(x);
  return 0.5 * (x + a) - a * timesDensity(2 ** 60 * millsRatio(a), a) * 2 ** -60;
}

function geluSlope(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 40)) return x < 0 ? -0 : x > 0 ? 1 : x;
  const tail = timesDensity(millsRatioSlope(a), a);
  return x > 0 ? 1 - tail : tail;
}

function timesSigmoidSlope(c: number, high: number, low: number): number {
  if (high < -40) return timesExp(1 + c, high, low);
  const e = timesExp(1, -high, -low);
  const d = 1 + e;
  return (1 + c * (e / d)) / d;
}

function geluTanh(x: number): number {
  if (!(Math.abs(x) <= 22)) return x < 0 ? -0 : x;
  if (Math.abs(x) < 2 ** -125) return half(x);
  const short = x * (2 ** 41 + 1) - (x * (2 ** 41 + 1) - x);
  const rest = x - short;
  const square = short * short;
  const high = short * (1.5957691669464111 + 0.07135772705078125 * square);
  const low = short * (-4.534068042105272e-8 - 2.9107781810012236e-6 * square) + rest * (1.5957691216057308 + 0.07135481627260025 * (square + x * (x + short)));
  return timesSigmoid(x, high, low);
}
function geluTanhSlope(x: number): number {
  if (!(Math.abs(x) <= 22)) return x < 0 ? -0 : x > 0 ? 1: x;
  const short = x * (2 ** 41 + 1) - (x * (2 ** 41 + 1) - x);
  const rest = x - short;
  const square = short * short;
  const high = short * (1.5957691669464111 + 0.07135772705078125 * square);
  const low = short * (-4.534068042105272e-8 - 2.9107781810012236e-6 * square) + rest * (1.5957691216057308 + 0.07135481627260025 * (square + x * (x + short)));
  return timesSigmoidSlope(x * (1.5957691216057308 + 3 * 0.07135481627260025 * x*x), high, low);
}
function geluSigmoid(x: number): number {
  if (!(Math.abs(x) <= 460)) return x < 0 ? -0 : x;
  if (Math.abs(x) < 2 ** -125) return half(x);
  const short = Math.fround(x);
  return timesSigmoid(x, short * 1.7020000219345093, (x - short) * 1.702 - short * 2.193450927734375e-8);
}
function geluSigmoidSlope(x: number): number {
  if (!(Math.abs(x) <= 460)) return x < 0 ? -0 : x > 0 ? 1: x;
  const short = Math.fround(x);
  return timesSigmoidSlope(1.702*x, short * 1.7020000219345093, (x - short) * 1.702 - short * 2.193450927734375e-8);
}

export const activations = {
  relu: { f: (x) => (x < 0 ? 0 : x), grad: (x, g) => (x > 0 ? g : x <= 0 ? 0 : x) },
  sigmoid: { f: sigmoid, grad: (x, g) => g * sigmoidSlope(x) },
  tanh: { f: tanh, grad: (x, g) => g * tanhSlope(x) },
  gelu: { f: gelu, grad: (x, g) => g * geluSlope(x) },
  geluTanh: { f: geluTanh, grad: (x, g) => g * geluTanhSlope(x) },
  geluSigmoid: { f: geluSigmoid, grad: (x, g) => g * geluSigmoidSlope(x) },
} satisfies Record<string, Formula>;
export type Activation = keyof typeof activations;

/** The names of the table, in its order. */
export const activationNames = Object.keys(activations) as Activation[];
