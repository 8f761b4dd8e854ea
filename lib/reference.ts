// The plain TypeScript backend: everything in float64, rounded once when it is stored, so `exact` has nothing to add.
// It is what the native backends are judged by, and what runs where none of them can. Keep it free of dependencies.
import { type Activation, activationNames, activations, type Formula } from './activations.js';
import type { Backend, FloatArray, Map, MapGrad } from './backend.js';
import { timesExp } from './erfc.js';

interface Loops {
  readonly map: Map;
  readonly mapGrad: MapGrad;
}

/** The loops of any row. V8 compiles them once for all rows, with a call and boxed numbers for each element. */
const sharedLoops = ({ f, grad }: Formula): Loops => ({
  map(x, y) {
    for (let i = 0; i < x.length; i++) y[i] = f(x[i]!);
  },
  mapGrad(g, x, y) {
    for (let i = 0; i < x.length; i++) y[i] = grad(x[i]!, g[i]!);
  },
});

// An index instead of a branch, which random signs would mispredict: 2.0 ns per element for 6.7 (256 Ki float32, Zen 5).
const valueOrZero = new Float64Array(2);
const slopes = new Float64Array([Number.NaN, 0, 0]);

const { sigmoid, tanh, gelu, geluTanh, geluSigmoid } = activations;

/** Loops of their own literals, into which V8 inlines the formula: up to twice as fast as the shared ones. */
const ownLoops: Readonly<Partial<Record<Activation, Loops>>> = {
  relu: {
    map(x, y) {
      for (let i = 0; i < x.length; i++) {
        const value = x[i]!;
        valueOrZero[0] = value;
        y[i] = valueOrZero[Number(value < 0)]!;
      }
    },
    mapGrad(g, x, y) {
      for (let i = 0; i < x.length; i++) {
        const value = x[i]!;
        slopes[2] = g[i]!;
        y[i] = slopes[2 * Number(value > 0) + Number(value <= 0)]!;
      }
    },
  },
  sigmoid: {
    map(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = sigmoid.f(x[i]!);
    },
    mapGrad(g, x, y) {
      for (let i = 0; i < x.length; i++) y[i] = sigmoid.grad(x[i]!, g[i]!);
    },
  },
  tanh: {
    map(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = tanh.f(x[i]!);
    },
    mapGrad(g, x, y) {
      for (let i = 0; i < x.length; i++) y[i] = tanh.grad(x[i]!, g[i]!);
    },
  },
  gelu: {
    map(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = gelu.f(x[i]!);
    },
    mapGrad(g, x, y) {
      for (let i = 0; i < x.length; i++) y[i] = gelu.grad(x[i]!, g[i]!);
    },
  },
  geluTanh: {
    map(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = geluTanh.f(x[i]!);
    },
    mapGrad(g, x, y) {
      for (let i = 0; i < x.length; i++) y[i] = geluTanh.grad(x[i]!, g[i]!);
    },
  },
  geluSigmoid: {
    map(x, y) {
      for (let i = 0; i < x.length; i++) y[i] = geluSigmoid.f(x[i]!);
    },
    mapGrad(g, x, y) {
      for (let i = 0; i < x.length; i++) y[i] = geluSigmoid.grad(x[i]!, g[i]!);
    },
  },
};

const loops = activationNames.map((name) => [name, ownLoops[name] ?? sharedLoops(activations[name])] as const);

/** Beyond this distance from the largest entry a share is zero also as a subnormal. */
const farthest = 760;

/** A running sum that keeps what each addition rounds off (Knuth); `total` is an infinity where one was added. */
class Sum {
  #high = 0;
  #low = 0;

  add(value: number): void {
    const high = this.#high + value;
    const added = high - this.#high;
    this.#low += this.#high - (high - added) + (value - added);
    this.#high = high;
  }

  get total(): number {
    return Number.isFinite(this.#high) ? this.#high + this.#low : this.#high;
  }
}

/** Softmax of the entries x[start], x[start + step], ... into `shares`, whose length is their number. */
function share(x: FloatArray, start: number, step: number, shares: Float64Array): void {
  let largest = -Infinity;
  for (let i = 0, at = start; i < shares.length; i++, at += step) if (x[at]! > largest) largest = x[at]!;
  let high = 0;
  let low = 0;
  for (let i = 0, at = start; i < shares.length; i++, at += step) {
    const value = x[at]!;
    // With the difference goes its rounding error, which the exponential would magnify.
    const difference = value - largest;
    const removed = value - difference;
    const rest = value - (difference + removed) + (removed - largest);
    const e = difference < -farthest ? 0 : timesExp(1, difference, rest);
    shares[i] = e;
    const sum = high + e;
    const added = sum - high;
    low += high - (sum - added) + (e - added);
    high = sum;
  }
  const total = high + low;
  for (let i = 0; i < shares.length; i++) shares[i]! /= total;
}
