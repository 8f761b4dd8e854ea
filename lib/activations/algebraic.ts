// Quotients and roots, as native/rows/algebraic.def has them.
import { add, divide, multiply, scale, sqrt } from '../arithmetic/double-double.js';
import { type Formula, product, wide } from './formula.js';

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
/** The value over sqrt(x^2 + b): below 0 b / 2 over x^2 + b + |x| sqrt(x^2 + b), and from there on 1 less that of -x. 3.3 ulp. */
function squareplusSlope(x: number, b: number): number {
  const a = Math.abs(x);
  const height = Math.sqrt(b);
  if (a > height * 2 ** 30) return x > 0 ? 1 : ((0.5 * height) / a) * ((0.5 * height) / a);
  if (b < 2 ** -500) return squareplusSlope(x * 2 ** 300, b * 2 ** 600);
  if (b > 2 ** 900) return squareplusSlope(x * 2 ** -300, b * 2 ** -600);
  const squares = a * a + b;
  const slope = (0.5 * b) / (squares + a * Math.sqrt(squares));
  return x < 0 ? slope : 1 - slope;
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
  slope: (x: number, b: number) => squareplusExactly.gradient(x, 1, b),
  gradient: (x: number, g: number, b: number) => {
    // One quotient as a whole, which may be a middle between two floats.
    const root = sqrt(add(multiply(x, x), b));
    const sum = add(root, Math.abs(x));
    const twice = scale(root, 2);
    // Near 0 as 1 / 2 and what is added, however small it is.
    if (x * x < b * 2 ** -60) return add(g / 2, divide(multiply(g, x), twice));
    return x < 0 ? divide(multiply(g, b), multiply(twice, sum)) : divide(multiply(g, sum), twice);
  },
};

const softsign = (x: number) => (Math.abs(x) < 2 ** 54 ? x / (1 + Math.abs(x)) : Math.sign(x));
/** 3 ulp. */
function softsignSlope(x: number): number {
  const y = 1 / (1 + Math.abs(x));
  return y * y;
}
/** g times the slope as one quotient, which may be a middle between two floats. */
function softsignGradient(x: number, g: number) {
  const from = add(1, Math.abs(x));
  return divide(g, multiply(from, from));
}
const softsignFar = (g: number, a: number) => g / a / a;

export const algebraicRows = {
  /** x / (1 + |x|): Bergstra, Desjardins, Lamblin and Bengio, "Quadratic polynomials learn better image features", 2009. 1 ulp. */
  softsign: {
    f: softsign,
    grad: (x, g) => product(g, softsignSlope(x), x, softsignFar),
    exactly: {
      f: (x) => divide(x, add(1, Math.abs(x))),
      slope: (x) => softsignGradient(x, 1),
      gradient: softsignGradient,
    },
  },
  /** (x + sqrt(x^2 + b)) / 2: Barron, "Squareplus: a softplus-like algebraic rectifier", arXiv:2112.11687, 2021. */
  squareplus: {
    parameters: { b: { default: 4, above: 0, samples: [1, 0.01, 100, 1e-38, 1e38, 1e-10] } },
    f: squareplus,
    grad: (x, g, b) => product(g, squareplusSlope(x, b), x, (g, a) => squareplusFar(g, a, b)),
    exactly: squareplusExactly,
  },
} satisfies Record<string, Formula>;
