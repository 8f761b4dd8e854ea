// Masks of any type as bytes, which are 0 where an element is.
import { bufferOf, byteOffset, type FloatArray, lengthOf, typeName } from './floats.js';

/** A byte for each of `count` elements of a typed array, but no Float16Array, from `first` on, 0 where it is 0; of bytes the array's own memory. */
export function flagsOf(data: ArrayBufferView, first: number, count: number): Uint8Array {
  const name = typeName(data)!;
  if (name === 'Uint8Array' && first === 0 && count === lengthOf(data)) return data as Uint8Array;
  const bytes = Number(/\d+/.exec(name)) / 8;
  const buffer = bufferOf(data as Uint8Array);
  const at = byteOffset(data as Uint8Array) + first * bytes;
  if (bytes === 1) return new Uint8Array(buffer, at, count);
  const flags = new Uint8Array(count);
  if (name === 'Float32Array') ofFloats(new Float32Array(buffer, at, count), flags);
  else if (name === 'Float64Array') ofDoubles(new Float64Array(buffer, at, count), flags);
  else if (bytes === 2) ofShorts(new Uint16Array(buffer, at, count), flags);
  else if (bytes === 4) ofWords(new Int32Array(buffer, at, count), flags);
  else ofPairs(new Int32Array(buffer, at, 2 * count), flags);
  return flags;
}

// A loop for each type, as in tensor/loops.ts.

function ofFloats(data: FloatArray, flags: Uint8Array): void {
  for (let k = 0; k < flags.length; k++) flags[k] = Number(data[k] !== 0);
}
function ofDoubles(data: FloatArray, flags: Uint8Array): void {
  for (let k = 0; k < flags.length; k++) flags[k] = Number(data[k] !== 0);
}
function ofShorts(data: Uint16Array, flags: Uint8Array): void {
  for (let k = 0; k < flags.length; k++) flags[k] = Number(data[k] !== 0);
}
function ofWords(data: Int32Array, flags: Uint8Array): void {
  for (let k = 0; k < flags.length; k++) flags[k] = Number(data[k] !== 0);
}
function ofPairs(data: Int32Array, flags: Uint8Array): void {
  for (let k = 0; k < flags.length; k++) flags[k] = Number((data[2 * k]! | data[2 * k + 1]!) !== 0);
}
