// Numbers as they lie in files, and the values that a function is given.
import type { DType } from '../../basics/floats.js';
import { type NpyHeader, type NumberKind, widths } from '../../files/npy-header.js';
import { bytesIn, type Values, valuesIn } from '../../streams/flow.js';
import { Tensor } from '../../tensor/tensor.js';

/** What .npy files call a dtype. */
export const kindOf = { float32: 'f4', float64: 'f8', float16: 'f2', bfloat16: 'V2' } as const satisfies Record<
  DType,
  NumberKind
>;

const integers = {
  b1: Uint8Array,
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
} as const satisfies Partial<Record<NumberKind, unknown>>;

/** Turns the bytes of each number around, where they lie. */
export function turn(bytes: Uint8Array, width: 1 | 2 | 4 | 8): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}

/** What makes values of a dtype of the bytes of a file, over which they may be written. */
export function reader(
  { kind, dtype: own, swapped }: Pick<NpyHeader, 'kind' | 'dtype' | 'swapped'>,
  dtype: DType,
): (bytes: Uint8Array) => Values {
  const width = widths[kind!];
  return (bytes) => {
    if (swapped) turn(bytes, width);
    if (own === dtype) return valuesIn(bytes, dtype);
    const count = bytes.length / width;
    const numbers =
      own === undefined
        ? new integers[kind as keyof typeof integers](bytes.buffer as ArrayBuffer, bytes.byteOffset, count)
        : { data: valuesIn(bytes, own), shape: [count], dtype: own };
    return valuesIn(bytesIn(Tensor.from(numbers, { dtype }).data), dtype);
  };
}
