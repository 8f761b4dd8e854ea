// What the elementwise functions are, in float64, and how far float32 results are from it. Owes nothing to nonlin's own formulas.

/** P(N < -a) of the normal distribution for a >= 0, relative error below 1e-13 also far out. */
function lowerTail(a) {
  if (a < 0.75) {
    // Below, the sum further down would cancel. The Taylor series of the distribution function at 0.
    let [term, sum] = [a, a];
    for (let n = 1; n < 20; n++) {
      term *= (-a * a) / (2 * n);
      sum += term / (2 * n + 1);
    }
    return 0.5 - sum / Math.sqrt(2 * Math.PI);
  }
  // erfc(t) e^(t * t) = t / pi * integral of e^(-u * u) / (u * u + t * t): the trapezoidal rule converges like e^(-(pi / step)^2), but
  // for the pole at u = i t, whose share is known.
  const t = a * Math.SQRT1_2;
  const step = 0.5;
  let sum = 1 / (t * t);
  for (let k = 1; k * step < 6.5; k++) sum += (2 * Math.exp(-((k * step) ** 2))) / ((k * step) ** 2 + t * t);
  const pole = t < Math.PI / step ? 1 / (1 - Math.exp((2 * Math.PI * t) / step)) : 0;
  return ((step * t) / (2 * Math.PI)) * Math.exp(-t * t) * sum + pole;
}

/** The true values in float64: forms in which nothing cancels, so that the tails count. */
export const truth = {
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  gelu: (x) => x * (x < 0 ? lowerTail(-x) : 1 - lowerTail(x)),
  'gelu:tanh': (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
};

/** What the numbers of float32 next to a true value are apart. */
const spacing = (value) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -126) - 23);

/** The largest error for inputs from `from` on, in ulp, and the input that has it. */
export function largestError(result, x, expected, from) {
  const worst = { ulp: 0, at: null };
  for (let i = 0; i < x.length; i++) {
    const ulp = Math.abs(result[i] - expected[i]) / spacing(expected[i]);
    if (x[i] >= from && !(ulp <= worst.ulp)) [worst.ulp, worst.at] = [ulp, x[i]];
  }
  return worst;
}

// Half of them evenly over [-20, 20], half closer and closer to 0 on both sides.
export const errorInputs = Float32Array.from({ length: 2 ** 18 }, (_, i) =>
  i % 2 === 0 ? (40 * i) / 2 ** 18 - 20 : 20 * 2 ** ((-30 * i) / 2 ** 18) * (i % 4 === 1 ? 1 : -1),
);
