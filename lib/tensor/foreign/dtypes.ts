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

export const noDType = (dtype: unknown) => new TypeError(`dtype must be ${dtypeNames}, got ${describe(dtype)}`);
