// Reads numbers in nested lists, which have to be of equal lengths, into an array of their own.
import { allocate, shapeText } from '../basics/allocate.js';
import { describe } from '../basics/errors.js';
import type { FloatDType } from '../basics/floats.js';
import { frozen, mostDimensions, Parts, sizeOf } from './layouts/shape.js';

/** Numbers in lists of equal lengths, to any depth. */
export type Nested = number | readonly Nested[];

export function readNested(source: unknown, dtype: FloatDType): Parts {
  const shape: number[] = [];
  let first = source;
  while (Array.isArray(first)) {
    if (shape.push(first.length) > mostDimensions)
      throw new RangeError(`a list may be nested ${mostDimensions} deep; does it contain itself?`);
    first = first[0];
  }
  const data = allocate(dtype, sizeOf(shape), undefined, shape);
  const path = shape.map(() => 0);
  let count = 0;

  const fill = (value: unknown, depth: number): void => {
    if (depth < shape.length && Array.isArray(value)) {
      const { length } = value;
      if (length !== shape[depth]) throw ragged(path.slice(0, depth), length, shape[depth]!);
      for (let i = 0; i < length; i++) {
        path[depth] = i;
        fill(value[i], depth + 1);
      }
    } else if (depth === shape.length && (typeof value === 'number' || typeof value === 'boolean')) {
      data[count++] = Number(value);
    } else {
      throw misplaced(path.slice(0, depth), value);
    }
  };
  fill(source, 0);
  return new Parts(data, frozen(shape));
}

function ragged(path: readonly number[], length: number, wanted: number): RangeError {
  const entries = length === 1 ? '1 entry' : `${length} entries`;
  return new RangeError(`row ${pathText(path)} has ${entries}, row ${pathText(path.map(() => 0))} has ${wanted}`);
}

function misplaced(path: readonly number[], value: unknown): Error {
  const element = `element ${pathText(path)}`;
  if (Array.isArray(value) || typeof value === 'number' || typeof value === 'boolean')
    return new RangeError(`${element} is ${describe(value)}, nested unlike element ${pathText(path.map(() => 0))}`);
  return new TypeError(`${element} must be a number or a boolean, got ${describe(value)}`);
}

function pathText(path: readonly number[]): string {
  return path.length === 1 ? String(path[0]) : shapeText(path);
}
