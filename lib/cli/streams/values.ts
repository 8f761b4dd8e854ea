// Numbers as they lie in files, and the values that a function is given.
import type { DType } from '../../basics/floats.js';
import { type NpyHeader, widths } from '../../files/npy-header.js';
import { numbersAt } from '../../files/numbers.js';
import { readFrom } from '../../files/reading.js';
import { bytesIn, type Values, valuesIn } from '../../streams/flow.js';
import { Tensor } from '../../tensor/tensor.js';

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
    const numbers = readFrom(bytes, numbersAt(0, kind!, false, [bytes.length / width], [1]));
    return valuesIn(bytesIn(Tensor.from(numbers, { dtype }).data), dtype);
  };
}
