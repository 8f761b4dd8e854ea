// A Tensor in JSON, which has no number for four of its elements.

import { allocate } from '../../basics/allocate.js';
import { describe } from '../../basics/errors.js';
import type { Data, DType } from '../../basics/floats.js';
import { isHalfDType } from '../../basics/halves.js';
import { checkShape, checkSize, Parts } from '../layouts/shape.js';
import { checkDType, noDType } from './dtypes.js';
import { roundedParts } from './sources.js';

// What JSON has no number for.
const unwritable: readonly unknown[] = ['NaN', 'Infinity', '-Infinity', '-0'];

/** A number in JSON, which has none for these four. */
export type JSONNumber = number | 'NaN' | 'Infinity' | '-Infinity' | '-0';

/** What a Tensor is in JSON: its elements in row-major order. */
export interface TensorJSON<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: readonly JSONNumber[];
}

/** The parts of what toJSON wrote. */
export function readJSON(json: unknown): Parts<Data> {
  if (typeof json !== 'object' || json === null)
    throw new TypeError(`what JSON.parse gives must be an object, got ${describe(json)}`);
  const { dtype, shape, data } = json as Readonly<Record<string, unknown>>;
  if (dtype === undefined) throw noDType(dtype);
  checkDType(dtype);
  const sizes = checkShape(shape);
  if (!Array.isArray(data)) throw new TypeError(`data must be a list of numbers, got ${describe(data)}`);
  const { length } = data;
  checkSize(sizes, length);
  const numbers = allocate(isHalfDType(dtype) ? 'float64' : dtype, length, 'fromJSON', sizes);
  for (let k = 0; k < length; k++) {
    const value: unknown = data[k];
    if (typeof value !== 'number' && !unwritable.includes(value))
      throw new TypeError(
        `element ${k} of data must be a number or one of ${unwritable.map(describe).join(', ')}, got ${describe(value)}`,
      );
    numbers[k] = Number(value);
  }
  return isHalfDType(dtype) ? roundedParts(numbers, sizes, dtype) : new Parts(numbers, sizes);
}

/** A number as toJSON writes it. */
export function writeJSON(value: number): JSONNumber {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : (String(value) as JSONNumber);
}
