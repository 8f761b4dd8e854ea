// What a dtype is called, and what is said of other names.

import { describe, list } from '../../basics/errors.js';
import { bytesOf, type Data, type DType, dtypeOf, type FloatArray, type HalfArray } from '../../basics/floats.js';
import type { Parts } from '../layouts/shape.js';

/** The typed array of a dtype. */
export type DataOf<D extends DType> = {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: HalfArray;
  readonly bfloat16: Uint16Array;
}[D];

export const dtypeOfParts = (parts: Parts<Data>): DType => parts.half ?? dtypeOf(parts.data as FloatArray);

const dtypeNames = list(
  Object.keys(bytesOf).map((dtype) => `'${dtype}'`),
  'or',
);

export function checkDType(dtype: unknown): asserts dtype is DType | undefined {
  if (dtype !== undefined && (typeof dtype !== 'string' || !Object.hasOwn(bytesOf, dtype))) throw noDType(dtype);
}

/** What other libraries call them. */
const elsewhere: Readonly<Record<string, DType>> = {
  float: 'float32',
  f32: 'float32',
  fp32: 'float32',
  double: 'float64',
  f64: 'float64',
  fp64: 'float64',
  half: 'float16',
  f16: 'float16',
  fp16: 'float16',
  bf16: 'bfloat16',
};

/** The dtype that is meant by a name of ours or of another library. */
export function meantDType(dtype: unknown): DType | undefined {
  const name = typeof dtype === 'string' ? dtype.toLowerCase() : '';
  if (Object.hasOwn(bytesOf, name)) return name as DType;
  return Object.hasOwn(elsewhere, name) ? elsewhere[name] : undefined;
}

/** What is said of a dtype by another name, where one of `these` is meant. */
export function dtypeAdvice(dtype: unknown, these: readonly string[] = Object.keys(bytesOf)): string {
  const meant = meantDType(dtype);
  return meant !== undefined && these.includes(meant) ? `; did you mean '${meant}'?` : '';
}

export const noDType = (dtype: unknown) =>
  new TypeError(`dtype must be ${dtypeNames}, got ${describe(dtype)}${dtypeAdvice(dtype)}`);
