// Exponentials, and their logarithms, as native/rows/exponential.def has them.
import {
  add,
  type DoubleDouble,
  divide,
  exp,
  expm1,
  log1p as log1pExactly,
  logistic,
  multiply,
  negate,
  scale,
  subtract,
} from '../arithmetic/double-double.js';
import { plusExp, timesExp, timesFarExp } from '../arithmetic/erfc.js';
import { log1p } from '../arithmetic/log.js';
import { type Formula, product, restOf, restOfQuotient, wide } from './formula.js';
import { gated, gatedSlope } from './gated.js';
import { sigmoid, sigmoidFar } from './logistic.js';

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
  const p = t === 0 ? x : b * x;
  return t < 20 && (p > t || (p === t && t !== 0 && restOf(b, x, p) > 0));
}
/** max(x, 0) + log(1 + e^-|b x|) / b. 2 ulp. */
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

export const exponentialRows = {
  /** x, and below 0 alpha (e^x - 1): Clevert, Unterthiner and Hochreiter, arXiv:1511.07289, 2015. */
  elu: {
    parameters: { alpha: { default: 1, samples: [0.5, 2, 1000, -1.5, 1 + 3 * 2 ** -11, 1 + 3 * 2 ** -8] } },
    f: elu,
    grad: (x, g, a) => product(g, eluSlope(x, a), x, (g, distance) => timesFarExp(g, a, -Math.min(distance, 1500), 0)),
    exactly: {
      f: (x, a) => (x < 0 ? multiply(a, expm1(x)) : wide(x)),
      slope: (x, a) => (x > 0 ? wide(1) : multiply(a, exp(x))),
    },
  },
  /** x sigmoid(beta x): Hendrycks and Gimpel as above; Ramachandran, Zoph and Le, "Swish", arXiv:1710.05941, 2017. */
  silu: {
    parameters: { beta: { default: 1, normal: true, samples: [0.5, 2, 1.702, -1.702, 0.1, 0] } },
    f: silu,
    grad: (x, g, b) => product(g, siluSlope(x, b), x, (g, a) => siluFar(g, a, b)),
    exactly: {
      f: (x, b) => multiply(x, logistic(multiply(x, b))),
      slope: (x, b) => {
        if (b === 0) return wide(0.5); // Also of an infinite x.
        const v = multiply(x, b);
        return multiply(logistic(v), add(1, multiply(v, logistic(negate(v)))));
      },
      half: Math.sign,
      zero: { at: -1.2785, overA: true },
    },
  },
  /** log(1 + e^(beta x)) / beta: Dugas and others, "Incorporating second-order functional knowledge", 2000. */
  softplus: {
    parameters: {
      beta: { default: 1, above: 0, normal: true, samples: [0.5, 2, 10, 0.001, 1.3] },
      threshold: { default: 20, samples: [20, 5, 0, -1, 19.9] },
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
    together: {
      holds: (alpha, gamma) =>
        gamma !== 0 && (alpha === 0 || (Math.abs(alpha * gamma) >= 2 ** -60 && Math.abs(alpha * gamma) <= 2 ** 60)),
      wanted: 'alpha * gamma must be between 2^-60 and 2^60 in size, or alpha 0',
    },
    f: (x, a, s) => (x < 0 ? elu(x, a * s) : s * x),
    grad: (x, g, a, s) =>
      product(g, x > 0 ? s : eluSlope(x, a * s), x, (g, distance) =>
        timesFarExp(g, a * s, -Math.min(distance, 1500), 0),
      ),
    exactly: {
      f: (x, a, s) => multiply(s, x < 0 ? multiply(a, expm1(x)) : wide(x)),
      slope: (x, a, s) => multiply(s, x > 0 ? wide(1) : multiply(a, exp(x))),
    },
  },
  /** x, and below 0 alpha (e^(x / alpha) - 1): Barron, "Continuously differentiable exponential linear units", arXiv:1704.07483, 2017. */
  celu: {
    parameters: {
      alpha: {
        default: 1,
        above: 0,
        normal: true,
        samples: [0.5, 2, 1000, 0.01, 1.3, 1 + 3 * 2 ** -11, 1 + 3 * 2 ** -8],
      },
    },
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
