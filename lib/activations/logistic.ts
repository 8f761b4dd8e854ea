// The logistic function and the hyperbolic tangent, as native/rows/logistic.def has them.
import {
  add,
  divide,
  expm1,
  logistic,
  logisticSlope,
  multiply,
  scale,
  tanh as tanhExactly,
  tanhShrink as tanhShrinkExactly,
  tanhShrinkSlope as tanhShrinkSlopeExactly,
} from '../arithmetic/double-double.js';
import { plusExp, restOfProduct, timesExp, timesFarExp } from '../arithmetic/erfc.js';
import { tanhShrinkRest } from '../arithmetic/series.js';
import { type Formula, product, restOfQuotient } from './formula.js';

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

export const sigmoidFar = (g: number, a: number) => timesFarExp(g, 1, -Math.min(a, 1500), 0);

/** (e - 1) / (e + 1), e = e^(2|x|), with the sign of x. 2.6 ulp; Math.tanh takes twice the time. */
export function tanh(x: number): number {
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

export const logisticRows = {
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
    exactly: { f: tanhShrinkExactly, slope: tanhShrinkSlopeExactly },
  },
  /** cap tanh(x / cap): Bello and others, "Neural combinatorial optimization with reinforcement learning", arXiv:1611.09940, 2016. */
  softcap: {
    parameters: {
      cap: {
        above: 0,
        normal: true,
        samples: [50, 30, 1, 0.1, 1000, 1e-20, 1.2e-38, 1 + 3 * 2 ** -11, 1 + 3 * 2 ** -8],
      },
    },
    f: softcap,
    grad: (x, g, c) => product(g, softcapSlope(x, c), x, (g, a) => softcapFar(g, a, c)),
    exactly: {
      f: (x, c) => multiply(c, tanhExactly(divide(x, c))),
      slope: (x, c) => scale(logisticSlope(scale(divide(x, c), 2)), 4),
    },
  },
} satisfies Record<string, Formula>;
