// The record that says what a call of native code is, 64 bytes that it reads at once: Node-API takes longer for every number handed
// over. So it does for arrays, 45 ns to say where one lies and 6 for an ArrayBuffer: the elements of a small call are copied into the
// same block behind the record, computed there by the kernels of every other call, whose bits they give, and copied out.
import type { Op } from '../../activations/table.js';
import { type FloatArray, isFloat32, part } from '../../basics/floats.js';
import { mostFew, mostFewDoubles } from '../backend.js';
import { type Call, loaded } from './addon.js';

/** What a call does, as native/addon/record.h numbers it. */
export const kinds = {
  map: 0,
  gradient: 1,
  slices: 2,
  slicesGradient: 3,
  gate: 4,
  gateGradient: 5,
  logParts: 6,
  channels: 7,
  channelsGradient: 8,
  channelSums: 9,
  conditioned: 10,
  strided: 11,
  stridedMap: 12,
  stridedGradient: 13,
  stridedGate: 14,
  stridedSlices: 15,
  stridedSlicesGradient: 16,
  stridedCombine: 17,
  convert: 18,
} as const;
export type Kind = (typeof kinds)[keyof typeof kinds];

// The block is native/addon/record.h's call_record, and behind it the inputs, in whose places the results are left. There is one for each
// thread of JavaScript, and no call is inside another.
export const recordBytes = 64;
const mostInputs = 3;
/**
 * For more elements a call of arrays takes less time than a loop that says a mask or slopes of each. ns per call on Zen 4, by arrays and
 * by a loop, `npm run bench:forms -- --size 16` and 20: softmax under a mask of one row 1324 and 1576, 1522 and 3178; prelu 946 and 2590 of 20.
 */
export const mostSpread = 128;
const itsBlock = loaded.addon?.block;
export const block = itsBlock ?? new ArrayBuffer(recordBytes + mostInputs * mostFew * Float64Array.BYTES_PER_ELEMENT);
export const integers: Int32Array = new Int32Array(block, 0, 6);
export const numbers: Float64Array = new Float64Array(block, 32, 2);
export const parameters: Float64Array = new Float64Array(block, 48, 2);

/** The elements of the block as one type, and the first of them, by their number. */
export interface Elements {
  readonly all: FloatArray;
  readonly first: FloatArray[];
  /** How many a small call may have. */
  readonly most: number;
  /** As native/kernels.h counts its kinds of arithmetic. */
  readonly fast: number;
  readonly exact: number;
}
export const float32: Elements = {
  all: new Float32Array(block, recordBytes),
  first: new Array(mostFew + 1),
  most: mostFew,
  fast: 0,
  exact: 1,
};
export const float64: Elements = {
  all: new Float64Array(block, recordBytes),
  first: new Array(mostFewDoubles + 1),
  most: mostFewDoubles,
  fast: 2,
  exact: 2,
};

/** The block's elements of the type of an array. */
export const elementsOf = (x: FloatArray): Elements => (isFloat32(x) ? float32 : float64);

/** Those of a mask that keeps entries. */
export const bytes: Uint8Array = new Uint8Array(block, recordBytes);

/** Of what lies in the block. */
export function callSmall(call: Call): void {
  if (itsBlock === undefined) call(block);
  else call();
}

/** The parameters of the next call of a row. */
export function writeParameters(a: number, b: number): void {
  parameters[0] = a;
  parameters[1] = b;
}

/** The slices of the next call over a dimension: the middle one of [outer, length, inner]. */
export function writeSlices(length: number, inner: number): void {
  numbers[0] = length;
  numbers[1] = inner;
}

/** The first elements of the block as an array. */
export const firstOf = ({ all, first }: Elements, count: number): FloatArray => {
  const some = part(all, 0, count);
  first[count] = some;
  return some;
};

/** A call by the set of that number, on elements of that type. */
export function writeCall(set: number, kind: Kind, op: Op, elements: Elements, exact = false): void {
  integers[0] = set;
  integers[1] = kind;
  integers[2] = op;
  integers[3] = exact ? elements.exact : elements.fast;
}
