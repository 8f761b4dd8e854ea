// Weights, a number for each channel or class: read once, and rounded to the dtype of what they are for.
import { allocate, duplicate, shapeText } from '../../basics/allocate.js';
import { describe, inNameOf } from '../../basics/errors.js';
import {
  type Data,
  type DType,
  dtypeOf,
  type FloatArray,
  type FloatDType,
  isFloatArray,
  lengthOf,
} from '../../basics/floats.js';
import { isFloat16Array } from '../../basics/halves.js';
import { contiguousData } from '../../tensor/copies.js';
import { advice } from '../../tensor/foreign/advice.js';
import { anyTensor } from '../../tensor/foreign/as-tensor.js';
import { isTensorLike } from '../../tensor/foreign/layout.js';
import { asFloats } from '../../tensor/halves.js';
import { Tensor, type TensorLike } from '../../tensor/tensor.js';

/** A number for each: a typed array of floats, a list or a Tensor of one dimension, of any dtype. */
export type Weights = Exclude<Data, Uint16Array> | readonly number[] | TensorLike;

const lists = 'a list, a Float32Array, a Float64Array or a Tensor of one dimension';

/** A copy of the numbers that were given, not yet rounded, those of 16 bits as float32: what reads x, its getters too, cannot change them. */
export function weightsOf(weight: unknown, name: string, wanted = lists): FloatArray {
  if (Array.isArray(weight)) return numbersOf(weight, name);
  if (isFloatArray(weight) && lengthOf(weight) > 0) return duplicate(weight, name);
  if (!isFloatArray(weight) && !isFloat16Array(weight) && !isTensorLike(weight))
    throw new TypeError(`${name}: weight must be ${wanted}, got ${describe(weight)}${advice(weight, 'weight')}`);
  const tensor = anyTensor(weight, undefined, 'weight', name);
  if (tensor.ndim !== 1)
    throw new RangeError(`${name}: weight must have one dimension, got shape ${shapeText(tensor.shape)}`);
  try {
    return duplicate(contiguousData(asFloats(tensor)));
  } catch (error) {
    throw inNameOf(`${name}: weight`, error);
  }
}

/** The same where a number will do as well. */
export const numberOrWeights = (weight: unknown, name: string): FloatArray =>
  typeof weight === 'number' ? Float64Array.of(weight) : weightsOf(weight, name, `a number, ${lists}`);

/** What a layer keeps of its weight, whose numbers are these: the memory that it was given in; those of a list are not rounded yet. */
export function keptWeights(weight: unknown, numbers: FloatArray, what: string, name: string): Tensor<DType> {
  if (numbers.length === 0) throw new RangeError(`${name}: weight must have a ${what} at least, got none`);
  checkFinite(numbers, numbers, weight, dtypeOf(numbers), name);
  return Array.isArray(weight) ? new Tensor(numbers) : anyTensor(weight, undefined, 'weight', name);
}

/** The weights in a dtype, in which each is finite. */
export function weightsFor(dtype: FloatDType, weights: FloatArray, given: unknown, name: string): FloatArray {
  const rounded =
    dtype === dtypeOf(weights) ? weights : dtype === 'float32' ? new Float32Array(weights) : new Float64Array(weights);
  checkFinite(rounded, weights, given, dtype, name);
  return rounded;
}

// Not by findIndex: with it, and all slopes copied as float64, one took 33 ns, and so 2 to 5.
function checkFinite(rounded: FloatArray, weights: FloatArray, given: unknown, dtype: FloatDType, name: string): void {
  for (let i = 0; i < rounded.length; i++)
    if (!Number.isFinite(rounded[i])) throw notFinite(weights[i]!, i, given, dtype, name);
}

function numbersOf(list: readonly unknown[], name: string): Float64Array {
  const numbers = allocate('float64', list.length, name) as Float64Array;
  for (let i = 0; i < numbers.length; i++) {
    const number = list[i];
    if (typeof number !== 'number')
      throw new TypeError(`${name}: weight[${i}] must be a number, got ${describe(number)}`);
    numbers[i] = number;
  }
  return numbers;
}

function notFinite(weight: number, i: number, given: unknown, dtype: FloatDType, name: string): RangeError {
  const what = typeof given === 'number' ? 'weight' : `weight[${i}]`;
  const wanted = Number.isFinite(weight) ? `finite as a ${dtype}` : 'finite';
  return new RangeError(`${name}: ${what} must be ${wanted}, got ${weight}`);
}
