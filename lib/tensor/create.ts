// Tensors of new memory: of a size, of a range, and of what is converted.
import { allocate } from '../basics/allocate.js';
import { describe, naming } from '../basics/errors.js';
import type { Data, DType, FloatArray } from '../basics/floats.js';
import { isFloatArray, lengthOf, typeName } from '../basics/floats.js';
import { halfOf, isFloat16Array, isHalfDType, newBits, ofBits } from '../basics/halves.js';
import { checkOptions, optionOf, tooMany } from '../basics/options.js';
import { arrowChunks, copyArrow, isArrow } from './foreign/arrow.js';
import { checkDType } from './foreign/dtypes.js';
import { checkMemory, type IntegerList, isTensorLike } from './foreign/layout.js';
import { integersOf, readNumbers, readParts } from './foreign/sources.js';
import { asDType, converted } from './halves.js';
import { checkShape, Parts, resolveShape, sizeOf } from './layouts/shape.js';

/** How new memory is made. */
export interface NewOptions<D extends DType = DType> {
  /** `'float32'` by default. */
  readonly dtype?: D;
}
export interface FromOptions<D extends DType = DType> extends NewOptions<D> {
  readonly shape?: IntegerList | undefined;
  /** Of integers: what one of them counts, 1 by default, from `zeroPoint` on, 0 by default. */
  readonly scale?: number | undefined;
  readonly zeroPoint?: number | undefined;
}

/** The dtype that an option names, `'float32'` by default. */
export function dtypeIn(options: unknown, name: string, more: readonly string[] = []): DType {
  checkOptions(options, name, ['dtype', ...more], "dtype: 'float32'");
  return dtypeOption(options, name) ?? 'float32';
}

function dtypeOption(options: unknown, name: string): DType | undefined {
  const dtype = optionOf(options as Readonly<Record<string, unknown>> | undefined, 'dtype');
  naming(name, () => checkDType(dtype));
  return dtype as DType | undefined;
}

/** A shape full of one value, rounded to the dtype. */
export function filled(shape: unknown, value: unknown, options: unknown, name: string): Parts<Data> {
  if (typeof value !== 'number') throw new TypeError(`${name}: value must be a number, got ${describe(value)}`);
  const dtype = dtypeIn(options, name);
  const sizes = naming(name, () => checkShape(shape));
  const size = sizeOf(sizes);
  if (isHalfDType(dtype)) {
    const bits = newBits(dtype, size, name, sizes);
    bits.fill(halfOf(dtype, value));
    return new Parts<Data>(ofBits(bits, dtype), sizes, undefined, 0, true, dtype);
  }
  const data = allocate(dtype, size, name, sizes);
  // New memory is 0 already.
  return new Parts<Data>(Object.is(value, 0) ? data : data.fill(value), sizes);
}

/** start, start + step, ... before `end`, each computed in float64 and then rounded to the dtype. */
export function range(given: readonly unknown[]): Parts<Data> {
  const last = given.at(-1);
  const hasOptions = given.length > 1 && typeof last === 'object';
  const numbers = hasOptions ? given.slice(0, -1) : given;
  if (numbers[3] !== undefined) throw tooMany(numbers[3], 'arange', 'start, end, step');
  const [start, end, step = 1] = numbers.length < 2 ? [0, numbers[0]] : numbers;
  return steps(start, end, step, hasOptions ? last : undefined);
}

function steps(start: unknown, end: unknown, step: unknown, options: unknown): Parts<Data> {
  const dtype = dtypeIn(options, 'arange');
  for (const [what, value] of Object.entries({ start, end, step }))
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new TypeError(`arange: ${what} must be a finite number, got ${describe(value)}`);
  const [from, to, by] = [start as number, end as number, step as number];
  if (by === 0 || (to - from) / by < 0) throw new RangeError(`arange: step must lead from ${from} to ${to}, got ${by}`);
  const count = Math.ceil((to - from) / by);
  const numbers = allocate(dtype === 'float32' ? 'float32' : 'float64', count, 'arange');
  for (let i = 0; i < count; i++) numbers[i] = from + i * by;
  return asDType(new Parts(numbers, Object.freeze([count])), dtype);
}

/** A copy of anything that has numbers, integers too, in new memory: of integers (number - zeroPoint) * scale. */
export function copiedFrom(source: unknown, options: unknown): Parts<Data> {
  checkOptions(options, 'from', ['dtype', 'shape', 'scale', 'zeroPoint'], "dtype: 'float32'");
  const given = dtypeOption(options, 'from');
  const [scale = 1, zeroPoint = 0] = ['scale', 'zeroPoint'].map((name) => optionOf(options, name));
  for (const [what, value] of Object.entries({ scale, zeroPoint }))
    if (typeof value !== 'number') throw new TypeError(`from: ${what} must be a number, got ${describe(value)}`);
  const { parts, areIntegers } = naming('from', () => numbersIn(source));
  if (!areIntegers && (scale !== 1 || zeroPoint !== 0))
    throw new TypeError('from: scale and zeroPoint are for integers, and x is none');
  const numbers = parts.data as FloatArray;
  if (areIntegers && (scale !== 1 || zeroPoint !== 0))
    for (let i = 0; i < numbers.length; i++) numbers[i] = (numbers[i]! - (zeroPoint as number)) * (scale as number);
  const shape = optionOf(options, 'shape');
  return naming('from', () => {
    const y = converted(parts, given ?? (areIntegers ? 'float32' : (parts.half ?? dtypeOfFloats(numbers))));
    if (shape === undefined) return y;
    return new Parts<Data>(y.data, resolveShape(shape, y.size), undefined, 0, true, y.half);
  });
}

const dtypeOfFloats = (data: FloatArray): DType => (typeName(data) === 'Float32Array' ? 'float32' : 'float64');

/** The numbers of a list are integers here too, as float64, and become float32; those of a Tensor of 16 bits keep their dtype. */
function numbersIn(source: unknown): { readonly parts: Parts<Data>; readonly areIntegers: boolean } {
  if (typeof source === 'number' || Array.isArray(source))
    return { parts: readParts(source, 'float64'), areIntegers: true };
  if (ArrayBuffer.isView(source) && !isFloatArray(source) && !isFloat16Array(source)) {
    const name = typeName(source);
    if (name === undefined) throw new TypeError(`x must hold numbers, got ${describe(source)}`);
    checkMemory(source);
    const data = integersOf(source);
    return { parts: new Parts<Data>(data, Object.freeze([lengthOf(data)])), areIntegers: true };
  }
  if (isTensorLike(source)) return readNumbers(source, 'x', () => 'Float32Array');
  if (isArrow(source)) return copyArrow(arrowChunks(source));
  return { parts: readParts(source, undefined), areIntegers: false };
}
