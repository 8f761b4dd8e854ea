// The classes of a target, each read once and checked, in memory that is kept for the next call.
import { Sum } from '../../arithmetic/sum.js';
import { shapeText } from '../../basics/allocate.js';
import { checkPresent } from '../../basics/checks.js';
import { counted, describe } from '../../basics/errors.js';
import { type FloatArray, isFloatArray, typeName } from '../../basics/floats.js';
import { integersOf } from '../../tensor/foreign/sources.js';
import type { Sliced } from '../sums.js';

/** How the slices lie in the logits. */
export interface Slices extends Pick<Sliced, 'shape' | 'at'> {
  readonly length: number;
  readonly inner: number;
  readonly count: number;
}

/** The weights of the slices' classes. */
export function sumOfClasses(weights: FloatArray, classes: Int32Array): number {
  const sum = new Sum();
  for (let i = 0; i < classes.length; i++) if (classes[i]! >= 0) sum.add(weights[classes[i]!]!);
  return sum.value;
}

export function countedOf(classes: Int32Array): number {
  let counted = 0;
  for (let i = 0; i < classes.length; i++) if (classes[i]! >= 0) counted++;
  return counted;
}

function targetsOf(target: unknown, name: string): ArrayLike<unknown> {
  if (typeof target === 'number') return [target];
  if (Array.isArray(target) || (ArrayBuffer.isView(target) && !(target instanceof DataView)))
    return target as unknown as ArrayLike<unknown>;
  throw new TypeError(
    `${name}: target must be an integer, a list or a typed array of integers, or probabilities in a Tensor or an array of floats, got ${describe(target)}`,
  );
}

// As in sums.ts, for the next call on as many slices. Taken while in use: what reads a list or a tensor may be a getter, which can make a
// call of its own.
const mostKept = 65536;
const noClasses = new Int32Array(0);
let kept: Int32Array = noClasses;

function takeClasses(count: number): Int32Array {
  const classes = kept.length === count ? kept : new Int32Array(count);
  kept = noClasses;
  return classes;
}

export function giveBack(classes: Int32Array | undefined): void {
  if (classes !== undefined && classes.length <= mostKept) kept = classes;
}

/** The classes of an array of integers, which V8 reads at once where it knows the array. */
function readIntegers(from: Int32Array, classes: Int32Array, length: number, ignored: number, name: string): void {
  for (let i = 0, count = classes.length; i < count; i++) {
    const one = from[i]!;
    if (one === ignored) classes[i] = -1;
    else if (one >= 0 && one < length) classes[i] = one;
    else throw noClass(one, length, name);
  }
}

/** The same of what were integers of another kind, or numbers in lists: `given`, as errors name them. */
function readNumbers(
  from: FloatArray,
  given: ArrayLike<unknown>,
  classes: Int32Array,
  length: number,
  ignored: number,
  name: string,
): void {
  for (let i = 0, count = classes.length; i < count; i++) {
    const one = from[i]!;
    if (one === ignored) classes[i] = -1;
    else if (one >= 0 && one < length && one === Math.floor(one)) classes[i] = one;
    else throw noClass(given[i], length, name);
  }
}

function noClass(given: unknown, length: number, name: string): TypeError | RangeError {
  if (typeof given === 'bigint' || Number.isInteger(given)) {
    const none = length < 2 ? `none of ${length} classes` : `none of ${length} classes, 0 to ${length - 1}`;
    return new RangeError(`${name}: target ${given} is ${length === 1 ? 'not 0, the only class' : none}`);
  }
  return new TypeError(
    `${name}: target must hold integers, got ${describe(given)}; probabilities are a Tensor or an array of floats`,
  );
}

/** The classes, each read once. */
export function classesOf(
  target: unknown,
  { shape, at, count, length }: Slices,
  ignored: number,
  name: string,
): Int32Array {
  const targets = targetsOf(target, name);
  if (ArrayBuffer.isView(targets) && targets.length === 0) checkPresent(targets, `${name}: target`);
  if (targets.length !== count)
    throw new RangeError(
      `${name}: target has ${counted(targets.length, 'element')}, and logits of shape ${shapeText(shape)} have ${counted(count, 'slice')} along ${at}${targets.length === count * length ? '; probabilities are a Tensor or an array of floats' : ''}`,
    );
  const classes = takeClasses(count);
  const type = typeName(targets);
  if (type === 'Int32Array') {
    readIntegers(targets as Int32Array, classes, length, ignored, name);
    return classes;
  }
  if (type === 'BigInt64Array' || type === 'BigUint64Array' || isFloatArray(targets)) {
    const numbers = isFloatArray(targets) ? targets : integersOf(targets as unknown as ArrayBufferView);
    readNumbers(numbers, targets, classes, length, ignored, name);
    return classes;
  }
  for (let i = 0; i < count; i++) {
    const given = targets[i];
    const one = typeof given === 'bigint' ? Number(given) : (given as number);
    if (!Number.isInteger(one) || (one !== ignored && (one < 0 || one >= length))) throw noClass(given, length, name);
    classes[i] = one === ignored ? -1 : one;
  }
  return classes;
}
