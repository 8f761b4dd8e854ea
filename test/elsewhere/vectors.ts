// What test/vectors/elsewhere has of other libraries. Lists of numbers stand there as a text, which holds them in one line.
import type { FloatArray } from '../../lib/index.js';
import { vectorsOf } from '../support/vectors.js';

type Numbers = string;
interface Called {
  readonly name: string;
  readonly options: { readonly [option: string]: unknown };
}
interface Over extends Called {
  /** Of the values. */
  readonly shape: readonly number[];
  readonly values: Numbers;
  readonly gradient: Numbers;
}
interface Results {
  readonly x: Numbers;
  readonly elementwise: readonly (Called & { readonly values: Numbers; readonly slopes: Numbers })[];
  readonly along: readonly Over[];
  readonly losses: readonly (Over & { readonly target: 'classes' | 'ignored' | 'likely' })[];
}
interface Torch {
  /** Of the logits. */
  readonly shape: readonly number[];
  readonly logits: readonly number[];
  readonly grads: readonly number[];
  readonly classes: readonly (readonly number[])[];
  readonly ignored: readonly (readonly number[])[];
  readonly likely: readonly number[];
  readonly float32: Results;
  readonly float64: Results;
}
export const torch = vectorsOf<Torch>('torch');

export const dtypes = ['float32', 'float64'] as const;
export type Dtype = (typeof dtypes)[number];

/** A number as it stands in a text: Number reads all of them. */
export const numbersOf = (text: Numbers, dtype: Dtype): FloatArray => floatsOf(text.split(' ').map(Number), dtype);
export const floatsOf = (numbers: readonly number[], dtype: Dtype): FloatArray =>
  dtype === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers);

/** Half of an ulp of 1. */
export const unitOf = { float32: 2 ** -24, float64: 2 ** -53 } as const;

export function ulpOf(value: number, dtype: Dtype): number {
  const [digits, least] = dtype === 'float32' ? [23, 2 ** -149] : [52, 5e-324];
  return Math.max(least, 2 ** (Math.floor(Math.log2(Math.abs(value))) - digits));
}
