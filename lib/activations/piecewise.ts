// Straight lines, and what a few roundings make of them, as native/rows/piecewise.def has them.
import { add, type DoubleDouble, divide, multiply, scale } from '../arithmetic/double-double.js';
import { type Formula, flat, wide } from './formula.js';

/** x, and below 0 a x. */
function leakyRelu(x: number, a: number): number {
  // A slope of 0 times -Infinity is no limit.
  return x < 0 ? (a === 0 ? -0 : a * x) : x;
}
/** The gradient drops g where the slope is 0, as all do that are g or nothing: g may be infinite. */
const leakyReluGrad = (x: number, g: number, a: number) => (x > 0 ? g : x <= 0 ? (a === 0 ? 0 : a * g) : x);

const clamp = (x: number, low: number, high: number) => (x < low ? low : x > high ? high : x);
const clampGrad = (x: number, g: number, low: number, high: number) => (x > low && x < high ? g : flat(x));

/** 0 for what is in a range around it; zeros keep their sign. */
const shrunk = (x: number) => (x === 0 || Number.isNaN(x) ? x : 0);

/** a x + b in exact terms where it is near 0 and 1; elsewhere float64 tells on which side of them it is. */
function line(x: number, a: number, b: number): DoubleDouble {
  if (a === 0) return wide(b + flat(x));
  const y = a * x + b;
  if (!(y > -1 && y < 2)) return { high: y, low: 0 };
  // The halves of a factor near the largest would overflow; the other is then small.
  const unit = Math.abs(a) > 2 ** 900 ? 2 ** -200 : Math.abs(x) > 2 ** 900 ? 2 ** 200 : 1;
  return add(multiply(a * unit, x / unit), b);
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
  // Where b is 0, the product may be too small; and where it is hardly more, so may what their sum is above 0 by.
  let isAbove = y.high > 0;
  if (b === 0) isAbove = a > 0 ? x > 0 : x < 0;
  else if (Math.abs(y.high) < 2 ** -800) {
    const [less, more] = Math.abs(a) < Math.abs(x) ? [a, x] : [x, a];
    isAbove = add(multiply(less * 2 ** 200, more), b * 2 ** 200).high > 0;
  }
  return a !== 0 && isAbove && isBelowOne(y) ? a * g : flat(x);
}

/** x (x + 3) / 6 between -3 and 3. 1.5 ulp. */
const hardSwish = (x: number) => (x < 3 ? (x > -3 ? (x * (x + 3)) / 6 : -0) : x);
/** (2 x + 3) / 6 between them, where it has its zero as well: there the sum is exact. */
function hardSwishGrad(x: number, g: number): number {
  if (!(x < 3)) return x >= 3 ? g : x;
  // The product must not overflow where the gradient does not; powers of two round nothing.
  if (Math.abs(g) > 2 ** 1020 && Number.isFinite(g)) return hardSwishGrad(x, g * 2 ** -4) * 2 ** 4;
  return x > -3 && x !== -1.5 ? (g * (2 * x + 3)) / 6 : 0;
}

export const piecewiseRows = {
  /** max(x, 0): Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010. Slope 0 at 0. */
  relu: { ulp: 0, f: (x) => (x < 0 ? 0 : x), grad: (x, g) => (x > 0 ? g : x <= 0 ? 0 : x) },
  /** x, and below 0 negativeSlope x: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013. */
  leakyRelu: {
    ulp: 0.5,
    parameters: { negativeSlope: { default: 0.01, samples: [0, 0.2, 1, -0.5, 3, 100] } },
    f: leakyRelu,
    grad: leakyReluGrad,
  },
  /** x between 0 and 6: Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010. Slope 0 at both. */
  relu6: { ulp: 0, f: (x) => clamp(x, 0, 6), grad: (x, g) => clampGrad(x, g, 0, 6) },
  /** x between min and max: Collobert, "Large scale machine learning", 2004. Slope 0 at both. */
  hardTanh: {
    ulp: 0,
    parameters: {
      min: { default: -1, alias: 'minVal' as const, samples: [0, -2, 0.1, -1e30, 3] },
      max: { default: 1, alias: 'maxVal' as const, samples: [1, 0, 0.75, 1e30, 3] },
    },
    together: { holds: (min, max) => min <= max, wanted: 'min must be at most max' },
    f: clamp,
    grad: clampGrad,
  },
  /** x beyond lambda on either side, and 0 between: Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994. */
  hardShrink: {
    ulp: 0,
    parameters: { lambda: { default: 0.5, alias: 'lambd' as const, least: 0, samples: [0, 0.1, 1, 3, 1e-30] } },
    f: (x, a) => (Math.abs(x) > a ? x : shrunk(x)),
    grad: (x, g, a) => (Math.abs(x) > a ? g : flat(x)),
  },
  /** x nearer to 0 by lambda, as far as there: the same paper's soft threshold. */
  softShrink: {
    ulp: 0.5,
    parameters: { lambda: { default: 0.5, alias: 'lambd' as const, least: 0, samples: [0, 0.1, 1, 3, 1e-30] } },
    f: (x, a) => (x > a ? x - a : x < -a ? x + a : shrunk(x)),
    grad: (x, g, a) => (Math.abs(x) > a ? g : flat(x)),
  },
  /** x above threshold, and value elsewhere: Konda, Memisevic and Krueger, arXiv:1402.3337, 2014. Slope 0 at the threshold. */
  threshold: {
    ulp: 0,
    parameters: {
      threshold: { samples: [0, 1, -2, 0.1, 6] },
      value: { samples: [0, -0.5, 20, 0.3, 0] },
    },
    f: (x, a, b) => (x <= a ? b : x),
    grad: (x, g, a) => (x > a ? g : flat(x)),
  },
  /** max(x, 0)^2: So and others, "Primer: searching for efficient transformers", arXiv:2109.08668, 2021. */
  relu2: {
    ulp: 0.5,
    f: (x) => (x > 0 ? x * x : flat(x)),
    // The 2 goes to the factor that does not overflow unless the product does.
    grad: (x, g) => (x > 1 ? x * (2 * g) : x > 0 ? 2 * x * g : flat(x)),
  },
  /** x, where a layer has to be and nothing is to happen. */
  identity: { ulp: 0, f: (x) => x, grad: (x, g) => (Number.isNaN(x) ? x : g) },
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
    ulp: 0.5,
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
      gradient: (x, g) => (x < 3 ? (x > -3 ? divide(multiply(add(2 * x, 3), g), 6) : wide(0)) : wide(g)),
    },
  },
  /** x, and below 0 weight x, where training finds the weight: He, Zhang, Ren and Sun, arXiv:1502.01852, 2015. */
  prelu: {
    ulp: 0.5,
    parameters: { weight: { samples: [0.25, 0, 1, -0.5, 1e-30] } },
    f: leakyRelu,
    grad: leakyReluGrad,
  },
} satisfies Record<string, Formula>;
