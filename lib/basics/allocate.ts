// New arrays of numbers and memory for bytes, and what is said where there is none.
import { bytesOf, type DType, dtypeOf, type FloatArray, type FloatDType, isFloat32, lengthOf } from './floats.js';

/** `[2, 3]`, as it stands in messages and printed tensors. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/**
 * A new array of `length` elements, those of `shape` where they have one, for the function `name`.
 *
 * @throws RangeError where it cannot be had: what repeats its elements or broadcasts may have any size, whatever memory there is.
 */
export function allocate(dtype: FloatDType, length: number, name?: string, shape?: readonly number[]): FloatArray {
  try {
    return dtype === 'float32' ? new Float32Array(length) : new Float64Array(length);
  } catch (error) {
    throw noMemory(dtype, length, name, shape, error);
  }
}

/** A new array of the elements of x. Not by `slice`, which asks the array's class for one of its own. */
export function duplicate(x: FloatArray, name?: string, shape?: readonly number[]): FloatArray {
  try {
    // One class each: what it makes of an array of its own type is one copy of its memory.
    return isFloat32(x) ? new Float32Array(x) : new Float64Array(x);
  } catch (error) {
    throw noMemory(dtypeOf(x), lengthOf(x), name, shape, error);
  }
}

/** New memory of so many bytes, which may be more than an array has. */
export function allocateBytes(length: number): ArrayBuffer {
  try {
    return new ArrayBuffer(length);
  } catch (error) {
    throw new RangeError(`${length} bytes cannot be allocated`, { cause: error });
  }
}

export function noMemory(
  dtype: DType,
  length: number,
  name: string | undefined,
  shape: readonly number[] = [length],
  cause: unknown,
): RangeError {
  const bytes = length * bytesOf[dtype];
  const array = `a ${dtype} array of shape ${shapeText(shape)}, ${bytes} bytes`;
  return new RangeError(`${name === undefined ? '' : `${name}: `}${array}, cannot be allocated`, { cause });
}
