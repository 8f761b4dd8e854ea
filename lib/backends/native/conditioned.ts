// Calls of native code under conditions: a temperature, a mask that may lie in steps of its own.
import type { Op } from '../../activations/table.js';
import { copyAt, copyOver, elementBytes, type FloatArray, isFloatArray, lengthOfPresent } from '../../basics/floats.js';
import { type Conditions, type FewConditions, type Mask, mostSteps } from '../backend.js';
import type { Call } from './addon.js';
import { callFew, callFewOfTwo } from './few.js';
import {
  block,
  bytes,
  callSmall,
  elementsOf,
  firstOf,
  integers,
  kinds,
  mostSpread,
  numbers,
  recordBytes,
  writeCall,
  writeParameters,
} from './record.js';

/** Where a call that is not small says how its mask lies. */
const places = new Float64Array(block, recordBytes, 3 + 2 * mostSteps);

/** A function over slices or its gradient under conditions. */
export function callConditioned(
  call: Call,
  set: number,
  op: Op,
  exact: boolean | undefined,
  grad: FloatArray | undefined,
  x: FloatArray,
  y: FloatArray,
  { temperature, mask, zero }: Conditions,
): void {
  const elements = elementsOf(y);
  writeCall(set, kinds.conditioned, op, elements, exact);
  writeFlags(grad !== undefined, mask !== undefined, mask?.additive === true, zero);
  writeParameters(temperature, 0);
  const count = lengthOfPresent(y);
  if (count > 0 && count <= (mask === undefined ? elements.most : mostSpread)) {
    callFewConditioned(call, count, grad, x, y, mask);
    return;
  }
  if (mask === undefined) {
    if (grad === undefined) call(block, x, y);
    else call(block, grad, x, y);
    return;
  }
  places[0] = mask.along;
  places[1] = mask.across;
  places[2] = mask.steps.length;
  for (const [i, { size, stride }] of mask.steps.entries()) {
    places[3 + 2 * i] = size;
    places[4 + 2 * i] = stride;
  }
  if (grad === undefined) call(block, x, y, mask.data);
  else call(block, grad, x, y, mask.data);
}

/** A small call of shares, with all that is asked of arrays and a mask that has an entry for each element; as callFew. */
export function callFewUnder(
  call: Call,
  set: number,
  op: Op,
  exact: boolean,
  x: FloatArray,
  { temperature, mask, zero }: FewConditions,
  out: FloatArray | undefined,
): FloatArray | undefined {
  const row = { op, a: temperature, b: 0 };
  const additive = isFloatArray(mask);
  writeFlags(false, mask !== undefined, additive, zero);
  if (additive) return callFewOfTwo(call, set, kinds.conditioned, row, exact, x, mask, out);
  if (mask !== undefined) copyAt(bytes, mask, lengthOfPresent(x) * elementBytes(x));
  return callFew(call, set, kinds.conditioned, row, exact, x, out);
}

/** As native/addon/conditioned.cpp counts them. */
function writeFlags(hasGradient: boolean, hasMask: boolean, additive: boolean, zero: boolean): void {
  integers[5] = Number(hasGradient) + 2 * Number(hasMask) + 4 * Number(additive) + 8 * Number(zero);
}

/** Of few elements the mask goes behind them, an entry for each. */
function callFewConditioned(
  call: Call,
  count: number,
  grad: FloatArray | undefined,
  x: FloatArray,
  y: FloatArray,
  mask: Mask | undefined,
): void {
  const elements = elementsOf(y);
  const { all, first } = elements;
  integers[4] = count;
  copyOver(all, grad ?? x);
  if (grad !== undefined) copyAt(all, x, count);
  const end = grad === undefined ? count : 2 * count;
  if (mask?.additive === true) spreadMask(mask, count, all, end);
  else if (mask !== undefined) spreadMask(mask, count, bytes, end * elementBytes(all));
  callSmall(call);
  copyOver(y, first[count] ?? firstOf(elements, count));
}

/** Writes what a mask says of each entry of the slices that the record says. */
function spreadMask(
  { data, along, across, steps }: Mask,
  count: number,
  target: FloatArray | Uint8Array,
  at: number,
): void {
  // As integers, which V8 counts faster than the numbers of the record.
  const length = numbers[0]! | 0;
  const inner = numbers[1]! | 0;
  let end = at;
  for (let outer = 0; end < at + count; outer++) {
    let start = 0;
    let rest = outer;
    for (let d = 0; d < steps.length; d++) {
      const { size, stride } = steps[d]!;
      start += (rest % size) * stride;
      rest = Math.floor(rest / size);
    }
    for (let i = 0; i < length; i++, start += along)
      for (let k = 0; k < inner; k++) target[end++] = data[start + k * across]!;
  }
}
