// An argument of a function as a Tensor: one itself, or one that shares its memory.

import { describe, inNameOf } from '../../basics/errors.js';
import { type FloatDType, isFloatArray } from '../../basics/floats.js';
import { broken, isIntact } from '../members.js';
import { Tensor } from '../tensor.js';
import { advice } from './advice.js';
import { isTensorLike } from './layout.js';
import { readParts, readTensor } from './sources.js';

/** A Tensor itself, or one that shares the memory of a typed array or of something tensor-like; `what` of the function `name`. */
export function asTensor(x: unknown, what: string, name: string): Tensor<FloatDType> {
  if (x instanceof Tensor && !isIntact(x)) throw inNameOf(name, broken(x, what));
  if (x instanceof Tensor && x.half === undefined) return x as Tensor<FloatDType>;
  if (!isFloatArray(x) && !isTensorLike(x)) {
    const wanted = 'a Float32Array, a Float64Array, a Tensor or something with data and shape or dims';
    throw new TypeError(`${name}: ${what} must be ${wanted}, got ${describe(x)}${advice(x, what)}`);
  }
  const tensor = x instanceof Tensor ? x : anyTensor(x, undefined, what, name);
  if (tensor.half === undefined) return tensor as Tensor<FloatDType>;
  const instead = what === 'out' ? '' : `; pass ${what}.to('float32')`;
  throw new TypeError(`${name}: ${what} must be float32 or float64, got ${tensor.dtype}${instead}`);
}

/**
 * Something tensor-like as a Tensor, read here and then no more: a getter may answer differently the second time, and what was checked
 * must be what is used. `dtype` says what bits are that do not say it. Everything else is what it is, for whoever checks it.
 */
export function readForeign<X>(x: X, dtype: unknown, what: string, name: string): X | Tensor {
  if (x instanceof Tensor || ArrayBuffer.isView(x) || !isTensorLike(x)) return x;
  try {
    return new Tensor(readTensor(x, dtype, what));
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
}

/** The same of any dtype; `dtype` says what a Uint16Array holds. */
export function anyTensor(x: unknown, dtype: unknown, what: string, name: string): Tensor {
  if (x instanceof Tensor && !isIntact(x)) throw inNameOf(name, broken(x, what));
  if (x instanceof Tensor && dtype === undefined) return x;
  try {
    return new Tensor(readParts(x, dtype, what));
  } catch (error) {
    throw inNameOf(`${name}: ${what}`, error);
  }
}
