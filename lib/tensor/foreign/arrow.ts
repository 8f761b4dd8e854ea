// Apache Arrow's vectors, by structure: chunks whose values lie in typed arrays that may be longer, and a count of entries that are null,
// for which the values hold any number. Lists of a fixed size, as columns of embeddings are, have them one level deeper.
import { allocate, shapeText } from '../../basics/allocate.js';
import { checkPresent } from '../../basics/checks.js';
import { counted, describe } from '../../basics/errors.js';
import {
  bufferOf,
  byteOffset,
  copyAt,
  type Data,
  type FloatArray,
  type HalfDType,
  isFloatArray,
  lengthOf,
  part,
  typeName,
} from '../../basics/floats.js';
import { bitsOf, isHalfArray, newBits, ofBits } from '../../basics/halves.js';
import { mostDimensions, Parts, sameShape, sizeOf } from '../layouts/shape.js';

type Foreign = Readonly<Record<string, unknown>>;

/** What Arrow calls its types by. */
const types = { integer: 2, float: 3, fixedSizeList: 16 };

/** A vector of Arrow's, or a chunk of one, which Arrow calls Data: both say this. */
export interface ArrowVector {
  readonly type: { readonly typeId: number };
  readonly length: number;
  readonly nullCount: number;
}

const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

export const isArrow = (x: unknown): x is ArrowVector => {
  if (typeof x !== 'object' || x === null || !('nullCount' in x)) return false;
  const { type, nullCount, length } = x as Foreign;
  const { typeId } = (type ?? {}) as Foreign;
  return Number.isInteger(nullCount) && isCount(length) && typeof typeId === 'number';
};

/** The chunks of a vector or, alone, a chunk. */
export function arrowChunks(x: ArrowVector): readonly unknown[] {
  const { data } = x as unknown as Foreign;
  return Array.isArray(data) ? data : [x];
}

/** What a chunk holds: an array that begins with as many numbers as the shape has. */
interface Values {
  readonly values: ArrayBufferView;
  readonly shape: readonly number[];
  readonly half: HalfDType | undefined;
}

function valuesOf(chunk: unknown): Values {
  const shape: number[] = [];
  let inner = chunk;
  for (let size: unknown; shape.length < mostDimensions; ) {
    if (!isArrow(inner)) break;
    const { type, length, nullCount } = inner;
    if (nullCount > 0)
      throw new TypeError(
        `the Arrow vector has ${nullCount} nulls, for which there is no number; fill or drop them first`,
      );
    // The entries of lists are one chunk, those of all lists in a row.
    if (size === undefined) shape.push(length);
    const { values, children } = inner as unknown as Foreign;
    if (type.typeId !== types.fixedSizeList) return leafOf(type.typeId, values, shape, String(type));
    size = (type as { readonly listSize?: unknown }).listSize;
    if (!isCount(size) || !Array.isArray(children)) break;
    shape.push(size);
    inner = children[0];
  }
  throw new TypeError('the Arrow vector is none that has numbers in lists of one size');
}

function leafOf(typeId: number, values: unknown, shape: readonly number[], type: string): Values {
  if ((typeId !== types.integer && typeId !== types.float) || typeName(values) === undefined)
    throw new TypeError(`an Arrow vector must be of floats or integers, got ${type}`);
  const array = values as ArrayBufferView;
  const count = lengthOf(array);
  if (count === 0) checkPresent(array, 'the Arrow vector');
  if (count < sizeOf(shape))
    throw new RangeError(`the Arrow vector has ${counted(count, 'value')} for shape ${shapeText(shape)}`);
  const half = typeId === types.float && isHalfArray(array) ? 'float16' : undefined;
  return { values: array, shape: Object.freeze(shape), half };
}

/** The first elements of an array, in its memory. */
function firstOf(x: Data, count: number): Data {
  if (isFloatArray(x)) return part(x, 0, count);
  const bits = bitsOf(x);
  return ofBits(new Uint16Array(bufferOf(bits), byteOffset(bits), count), 'float16', x);
}

const floatsOrBits = (x: Data): FloatArray | Uint16Array => (isFloatArray(x) ? x : bitsOf(x));

/** The memory of a vector of floats that has one chunk; messages call it `what`. */
export function readArrow(chunks: readonly unknown[], what: string): Parts<Data> {
  if (chunks.length !== 1)
    throw new TypeError(
      `a Tensor is one piece of memory, and the Arrow vector has ${chunks.length}; pass ${what}.data[0] and so on for each, Tensor.from(${what}) for a copy of all`,
    );
  const { values, shape, half } = valuesOf(chunks[0]);
  if (half === undefined && !isFloatArray(values))
    throw new TypeError(`a Tensor has floats, and the Arrow vector ${describe(values)}; pass Tensor.from(${what})`);
  return new Parts<Data>(firstOf(values as Data, sizeOf(shape)), shape, undefined, 0, true, half);
}

/** A copy of all chunks of a vector, of integers as float64. */
export function copyArrow(chunks: readonly unknown[]): { readonly parts: Parts<Data>; readonly areIntegers: boolean } {
  const read = chunks.map(valuesOf);
  const first: Values = read[0] ?? { values: new Float32Array(0), shape: [0], half: undefined };
  const { half, values } = first;
  const row = first.shape.slice(1);
  if (!read.every((other) => typeName(other.values) === typeName(values) && sameShape(other.shape.slice(1), row)))
    throw new TypeError('the chunks of an Arrow vector must be of one type');
  const shape = Object.freeze([read.reduce((sum, { shape }) => sum + shape[0]!, 0), ...row]);
  const areIntegers = half === undefined && !isFloatArray(values);
  const isDouble = areIntegers || typeName(values) === 'Float64Array';
  const size = sizeOf(shape);
  const target = half
    ? newBits(half, size, 'from', shape)
    : allocate(isDouble ? 'float64' : 'float32', size, 'from', shape);
  let at = 0;
  for (const { values, shape } of read) {
    const count = sizeOf(shape);
    const integers = values as unknown as ArrayLike<number | bigint>;
    if (areIntegers) for (let i = 0; i < count; i++) target[at + i] = Number(integers[i]);
    else copyAt<FloatArray | Uint16Array>(target, floatsOrBits(firstOf(values as Data, count)), at);
    at += count;
  }
  const data = half ? ofBits(target as Uint16Array, half) : (target as FloatArray);
  return { parts: new Parts<Data>(data, shape, undefined, 0, true, half), areIntegers };
}
