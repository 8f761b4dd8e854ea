// Calls of native code on arrays in one piece, of any size.
import type { Op } from '../../activations/table.js';
import {
  copyAt,
  copyOver,
  type DType,
  type FloatArray,
  type HalfDType,
  lengthOfPresent,
  part,
} from '../../basics/floats.js';
import { mostFew, type Numbers } from '../backend.js';
import type { Call } from './addon.js';
import {
  block,
  callSmall,
  elementsOf,
  firstOf,
  float64,
  integers,
  type Kind,
  kinds,
  mostSpread,
  recordBytes,
  writeCall,
  writeSlices,
} from './record.js';

/** The elements of the block as 16-bit numbers. */
const bits = new Uint16Array(block, recordBytes);
const firstBits: Uint16Array[] = new Array(mostFew + 1);
/** As native/kernels.h counts them behind its kinds of arithmetic. */
const halfNumbers = { float16: 3, bfloat16: 4 } as const satisfies Record<HalfDType, number>;

/**
 * A call of one or two inputs by the set of that number. Of a small call all is read before y is written, so it may overlap the inputs
 * anyhow.
 */
export function callNative(
  call: Call,
  set: number,
  kind: Kind,
  op: Op,
  exact: boolean | undefined,
  input: FloatArray,
  second: FloatArray | undefined,
  y: FloatArray,
): void {
  const count = lengthOfPresent(y);
  const elements = elementsOf(y);
  const { all, first, most } = elements;
  writeCall(set, kind, op, elements, exact);
  if (count > most) {
    if (second === undefined) call(block, input, y);
    else call(block, input, second, y);
    return;
  }
  if (count === 0) return;
  integers[4] = count;
  copyOver(all, input);
  if (second !== undefined) copyAt(all, second, count);
  callSmall(call);
  copyOver(y, first[count] ?? firstOf(elements, count));
}

/** A call on 16-bit numbers. */
export function callHalves(
  call: Call,
  set: number,
  dtype: HalfDType,
  kind: Kind,
  op: Op,
  grad: Uint16Array | undefined,
  x: Uint16Array,
  y: Uint16Array,
): void {
  const count = lengthOfPresent(y);
  if (count === 0) return;
  integers[0] = set;
  integers[1] = kind;
  integers[2] = op;
  integers[3] = halfNumbers[dtype];
  if (count > mostFew) {
    if (grad === undefined) call(block, x, y);
    else call(block, grad, x, y);
    return;
  }
  integers[4] = count;
  copyOver(bits, grad ?? x);
  if (grad !== undefined) copyAt(bits, x, count);
  callSmall(call);
  firstBits[count] ??= bits.subarray(0, count);
  copyOver(y, firstBits[count]);
}

/** As native/halves/run_halves.h counts the types that it converts. */
const numberTypes = { float32: 0, float64: 2, ...halfNumbers } as const satisfies Record<DType, number>;

/** The numbers of x in the type of y. */
export function callConvert(call: Call, set: number, x: Numbers, from: DType, y: Numbers, to: DType): void {
  integers[0] = set;
  integers[1] = kinds.convert;
  integers[2] = numberTypes[from];
  integers[3] = numberTypes[to];
  call(block, x, y);
}

/** The two gradients of a gate, from grad, a and b. */
export function callGateGradient(
  call: Call,
  set: number,
  op: Op,
  exact: boolean | undefined,
  grad: FloatArray,
  a: FloatArray,
  b: FloatArray,
  da: FloatArray,
  db: FloatArray,
): void {
  const count = lengthOfPresent(grad);
  const elements = elementsOf(grad);
  const { all, most } = elements;
  writeCall(set, kinds.gateGradient, op, elements, exact);
  if (count > most) {
    call(block, grad, a, b, da, db);
    return;
  }
  if (count === 0) return;
  integers[4] = count;
  copyOver(all, grad);
  copyAt(all, a, count);
  copyAt(all, b, 2 * count);
  callSmall(call);
  copyOver(da, part(all, 0, count));
  copyOver(db, part(all, count, count));
}

/** The maximum and the logarithm of each slice. */
export function callLogParts(
  call: Call,
  set: number,
  exact: boolean | undefined,
  x: FloatArray,
  maxima: Float64Array,
  logs: Float64Array,
): void {
  const count = lengthOfPresent(x);
  const elements = elementsOf(x);
  const { all, most } = elements;
  writeCall(set, kinds.logParts, 0, elements, exact);
  if (count > most) {
    call(block, x, maxima, logs);
    return;
  }
  // Behind as many float64 as x has elements.
  integers[4] = count;
  copyOver(all, x);
  callSmall(call);
  for (let i = 0; i < maxima.length; i++) {
    maxima[i] = float64.all[count + i]!;
    logs[i] = float64.all[2 * count + i]!;
  }
}

/** prelu with a slope for each channel, or with a grad its gradient. */
export function callChannels(
  call: Call,
  set: number,
  exact: boolean | undefined,
  grad: FloatArray | undefined,
  x: FloatArray,
  slopes: FloatArray,
  y: FloatArray,
  inner: number,
): void {
  const count = lengthOfPresent(y);
  const elements = elementsOf(y);
  const { all, first } = elements;
  writeCall(set, grad === undefined ? kinds.channels : kinds.channelsGradient, 0, elements, exact);
  if (count > mostSpread) {
    writeSlices(lengthOfPresent(slopes), inner);
    if (grad === undefined) call(block, x, slopes, y);
    else call(block, grad, x, slopes, y);
    return;
  }
  if (count === 0) return;
  // A slope for each element.
  writeSlices(count, 1);
  integers[4] = count;
  let at = 0;
  if (grad !== undefined) {
    copyOver(all, grad);
    at = count;
  }
  copyAt(all, x, at);
  at += count;
  for (const end = at + count; at < end; )
    for (let c = 0; c < slopes.length; c++) for (let i = 0; i < inner; i++) all[at++] = slopes[c]!;
  callSmall(call);
  copyOver(y, first[count] ?? firstOf(elements, count));
}

/** The sum of each channel. */
export function callChannelSums(
  call: Call,
  set: number,
  grad: FloatArray,
  x: FloatArray,
  sums: Float64Array,
  inner: number,
): void {
  writeCall(set, kinds.channelSums, 0, elementsOf(x));
  writeSlices(sums.length, inner);
  call(block, grad, x, sums);
}
