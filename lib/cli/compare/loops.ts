// What `nonlin compare` and bench/peers hold nonlin against: the functions as plain JavaScript loops over x and y, the way such code
// is written: no tables, no tricks that cost a reader.

import type { Activation } from '../../activations/table.js';
import type { FloatArray } from '../../basics/floats.js';

export type Loop = (x: FloatArray, y: FloatArray) => void;

/** Abramowitz and Stegun 7.1.26: the error function that JavaScript code has most often. */
function erf(x: number): number {
  const a = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * a);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const y = 1 - series * Math.exp(-a * a);
  return x < 0 ? -y : y;
}

/** Each in a function of its own: V8 compiles a loop that is given its formula once for all of them, twice as slow. */
export const loops: Readonly<Partial<Record<Activation, Loop>>> = {
  relu(x, y) {
    for (let i = 0; i < x.length; i++) y[i] = x[i]! < 0 ? 0 : x[i]!;
  },
  sigmoid(x, y) {
    for (let i = 0; i < x.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
  },
  tanh(x, y) {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i]!);
  },
  gelu(x, y) {
    for (let i = 0; i < x.length; i++) y[i] = 0.5 * x[i]! * (1 + erf(x[i]! * Math.SQRT1_2));
  },
  geluTanh(x, y) {
    const c = Math.sqrt(2 / Math.PI);
    for (let i = 0; i < x.length; i++) {
      const v = x[i]!;
      y[i] = 0.5 * v * (1 + Math.tanh(c * (v + 0.044715 * v * v * v)));
    }
  },
  geluSigmoid(x, y) {
    for (let i = 0; i < x.length; i++) y[i] = x[i]! / (1 + Math.exp(-1.702 * x[i]!));
  },
};

/** Softmax of each row of `columns` elements. */
export function softmaxRows(x: FloatArray, y: FloatArray, columns: number): void {
  for (let start = 0; start < x.length; start += columns) {
    const end = start + columns;
    let largest = -Infinity;
    for (let i = start; i < end; i++) if (x[i]! > largest) largest = x[i]!;
    let sum = 0;
    for (let i = start; i < end; i++) {
      const e = Math.exp(x[i]! - largest);
      y[i] = e;
      sum += e;
    }
    for (let i = start; i < end; i++) y[i]! /= sum;
  }
}
