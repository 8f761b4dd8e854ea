// Numbers of 16 bits. Their bits lie in a Uint16Array, which does not say what they are, or in a Float16Array where the runtime has
// it; everything here computes on the bits.
import { noMemory, onHugePages } from './allocate.js';
import { bufferOf, byteOffset, type FloatArray, type HalfArray, type HalfDType, lengthOf, typeName } from './floats.js';

/** How a type of 16 bits lays them out: digits behind the point, the exponent of the least normal number, and infinity. */
const formats = {
  float16: { digits: 10, least: -14, infinity: 0x7c00 },
  bfloat16: { digits: 7, least: -126, infinity: 0x7f80 },
} as const satisfies Record<HalfDType, unknown>;

export const isHalfDType = (dtype: unknown): dtype is HalfDType => dtype === 'float16' || dtype === 'bfloat16';

/** True for the arrays that may hold numbers of 16 bits. */
export function isHalfArray(x: unknown): x is HalfArray {
  const name = typeName(x);
  return name === 'Uint16Array' || name === 'Float16Array';
}

/** True where the array itself says that it holds float16. */
export const isFloat16Array = (x: unknown): boolean => typeName(x) === 'Float16Array';

/** The bits of an array, in its own memory. */
export function bitsOf(x: HalfArray): Uint16Array {
  const array = x as Uint16Array;
  return isFloat16Array(x) ? new Uint16Array(bufferOf(array), byteOffset(array), lengthOf(array)) : array;
}

type Constructor = new (buffer: ArrayBufferLike, offset: number, length: number) => HalfArray;
const { Float16Array: float16Array } = globalThis as { readonly Float16Array?: Constructor };

/** Bits as an array of the kind that `like` is, or without one of the kind that the runtime has for that type. */
export function ofBits(bits: Uint16Array, dtype: HalfDType, like?: HalfArray): HalfArray {
  const asFloats = like === undefined ? dtype === 'float16' : isFloat16Array(like);
  if (!asFloats || float16Array === undefined) return bits;
  return new float16Array(bufferOf(bits), byteOffset(bits), lengthOf(bits));
}

/** New memory for `length` numbers. */
export function newBits(dtype: HalfDType, length: number, name?: string, shape?: readonly number[]): Uint16Array {
  try {
    return onHugePages(new Uint16Array(length));
  } catch (error) {
    throw noMemory(dtype, length, name, shape, error);
  }
}

const made: Partial<Record<HalfDType, Float32Array>> = {};

/** The numbers of a type by their bits, all 65,536 of them, made when they are first asked for. */
export function numbersOf(dtype: HalfDType): Float32Array {
  made[dtype] ??= Float32Array.from({ length: 65536 }, (_, bits) => decoded(formats[dtype], bits));
  return made[dtype];
}

function decoded({ digits, least, infinity }: (typeof formats)[HalfDType], bits: number): number {
  const sign = bits < 0x8000 ? 1 : -1;
  const size = bits & 0x7fff;
  if (size >= infinity) return size > infinity ? Number.NaN : sign * Infinity;
  const exponent = Math.max(1, size >> digits);
  const units = size - ((exponent - 1) << digits);
  return sign * units * 2 ** (exponent - 1 + least - digits);
}

const double = new Float64Array(1);
const [lower, upper] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];
const words = new Uint32Array(double.buffer);

/** The bits of the number nearest to x: ties to even, subnormals kept. */
export function halfOf(dtype: HalfDType, x: number): number {
  const { digits, least, infinity } = formats[dtype];
  double[0] = x;
  const word = words[upper]!;
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 20) & 0x7ff) - 1023;
  if (exponent === 1024) return Number.isNaN(x) ? infinity | (1 << (digits - 1)) : sign | infinity;
  if (exponent > 127) return sign | infinity;
  let rounded: number;
  if (exponent >= least) {
    const cut = 20 - digits;
    const size = (word & 0xfffff) | ((exponent - least + 1) << 20);
    const rest = size & ((1 << cut) - 1);
    const middle = 1 << (cut - 1);
    rounded = size >>> cut;
    if (rest > middle || (rest === middle && (words[lower] !== 0 || (rounded & 1) === 1))) rounded++;
  } else {
    // Adding 2^52 rounds what is below to an integer.
    rounded = Math.abs(x) * 2 ** (digits - least) + 2 ** 52 - 2 ** 52;
  }
  return sign | Math.min(rounded, infinity);
}

/** Their numbers, as many as y has elements, into y. */
export function widenHalves(dtype: HalfDType, x: Uint16Array, y: FloatArray, from = 0, count = lengthOf(y)): void {
  const numbers = numbersOf(dtype);
  for (let i = 0; i < count; i++) y[i] = numbers[x[from + i]!]!;
}

/** The number that y rounds to of y and of what an error allows, below and above; undefined where these differ. */
export function settled(dtype: HalfDType, y: number, error: number): number | undefined {
  // A zero keeps its sign.
  if (error === 0) return halfOf(dtype, y);
  const low = halfOf(dtype, y - error);
  if (low === halfOf(dtype, y + error)) return low;
  return Number.isFinite(y) ? undefined : halfOf(dtype, y);
}

/** The numbers of x, rounded once, into y. */
export function roundHalves(dtype: HalfDType, x: FloatArray, y: Uint16Array): void {
  const count = lengthOf(x);
  for (let i = 0; i < count; i++) y[i] = halfOf(dtype, x[i]!);
}
