// Calls of native code. What a call is stands in a record, 64 bytes that it reads at once: Node-API takes longer for every number
// handed over. So it does for arrays, 45 ns to say where one lies and 6 for an ArrayBuffer: the elements of a small call are copied
// into the same block behind the record, computed there by the kernels of every other call, whose bits they give, and copied out.
import type { Chosen } from '../activations/signatures.js';
import type { Op } from '../activations/table.js';
import { isLike, isThere } from '../basics/checks.js';
import {
  byteOffset,
  copyAt,
  copyOver,
  type DType,
  elementBytes,
  type FloatArray,
  type HalfDType,
  isFloat32,
  isFloatArray,
  lengthOfPresent,
  part,
  typeName,
} from '../basics/floats.js';
import { type Call, loaded } from './addon.js';
import { type Conditions, type FewConditions, type Mask, mostFew, mostSteps, type Numbers } from './backend.js';
import type { Runs } from './copies.js';

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
/** As many as a tensor has dimensions. */
const mostRuns = 64;
/** The most arrays of a strided call. */
const mostStrided = 3;
const itsBlock = loaded.addon?.block;
const block = itsBlock ?? new ArrayBuffer(recordBytes + mostInputs * mostFew * Float64Array.BYTES_PER_ELEMENT);
const integers = new Int32Array(block, 0, 6);
const numbers = new Float64Array(block, 32, 2);
const parameters = new Float64Array(block, 48, 2);

/** Where a conditioned call that is not small says how its mask lies. */
const places = new Float64Array(block, recordBytes, 3 + 2 * mostSteps);

/** Where a strided call, which is never small either, says how its arrays lie. */
const ways = new Float64Array(block, recordBytes, (1 + mostStrided) * (1 + mostRuns));

/** The elements of the block as one type, and the first of them, by their number. */
interface Elements {
  readonly all: FloatArray;
  readonly first: FloatArray[];
  /** As native/kernels.h counts its kinds of arithmetic. */
  readonly fast: number;
  readonly exact: number;
}
const float32: Elements = {
  all: new Float32Array(block, recordBytes),
  first: new Array(mostFew + 1),
  fast: 0,
  exact: 1,
};
const float64: Elements = {
  all: new Float64Array(block, recordBytes),
  first: new Array(mostFew + 1),
  fast: 2,
  exact: 2,
};

/** Those of a mask that keeps entries. */
const bytes = new Uint8Array(block, recordBytes);

/** The same of 16-bit numbers. */
const bits = new Uint16Array(block, recordBytes);
const firstBits: Uint16Array[] = new Array(mostFew + 1);
/** As native/kernels.h counts them behind its kinds of arithmetic. */
const halfNumbers = { float16: 3, bfloat16: 4 } as const satisfies Record<HalfDType, number>;

/** Of what lies in the block. */
function callSmall(call: Call): void {
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
  const { all, first } = isFloat32(y) ? float32 : float64;
  writeCall(set, kind, op, all, exact);
  if (count > mostFew) {
    if (second === undefined) call(block, input, y);
    else call(block, input, second, y);
    return;
  }
  if (count === 0) return;
  integers[4] = count;
  copyOver(all, input);
  if (second !== undefined) copyAt(all, second, count);
  callSmall(call);
  first[count] ??= part(all, 0, count);
  copyOver(y, first[count]);
}

/**
 * A small call of one input in one piece with all that is asked of arrays; what it fills, or undefined, and nothing is done, where x and
 * `out` are not certainly such as it takes. Kept short: V8 inlines 920 bytes of bytecode, and this with its callers is 850.
 */
export function callFew(
  call: Call,
  set: number,
  kind: Kind,
  chosen: Chosen,
  exact: boolean,
  x: FloatArray,
  out: FloatArray | undefined,
): FloatArray | undefined {
  const type = typeName(x);
  const elements = type === 'Float32Array' ? float32 : type === 'Float64Array' ? float64 : undefined;
  if (elements === undefined) return undefined;
  const count = lengthOfPresent(x);
  if (count > mostFew || !isThere(x, count)) return undefined;
  let y = out;
  if (y === undefined) y = emptyOf(type, count);
  else if (
    typeName(y) !== type ||
    lengthOfPresent(y) !== count ||
    !isThere(y, count) ||
    byteOffset(x) !== byteOffset(y)
  )
    return undefined;
  writeFew(set, kind, chosen, exact ? elements.exact : elements.fast, count);
  copyOver(elements.all, x);
  callSmall(call);
  copyOver(y, elements.first[count] ?? firstOf(elements, count));
  return y;
}

/** The same of two inputs. */
export function callFewOfTwo(
  call: Call,
  set: number,
  kind: Kind,
  chosen: Chosen,
  exact: boolean,
  x: FloatArray,
  second: FloatArray,
  out: FloatArray | undefined,
): FloatArray | undefined {
  const type = typeName(x);
  const elements = type === 'Float32Array' ? float32 : type === 'Float64Array' ? float64 : undefined;
  if (elements === undefined) return undefined;
  const count = lengthOfPresent(x);
  if (count > mostFew || !isThere(x, count) || !isLike(second, type, count)) return undefined;
  let y = out;
  if (y === undefined) y = emptyOf(type, count);
  else if (!isLike(y, type, count) || byteOffset(x) !== byteOffset(y) || byteOffset(second) !== byteOffset(y))
    return undefined;
  writeFew(set, kind, chosen, exact ? elements.exact : elements.fast, count);
  copyOver(elements.all, x);
  copyAt(elements.all, second, count);
  callSmall(call);
  copyOver(y, elements.first[count] ?? firstOf(elements, count));
  return y;
}

function writeFew(set: number, kind: Kind, { op, a, b }: Chosen, how: number, count: number): void {
  integers[0] = set;
  integers[1] = kind;
  integers[2] = op;
  integers[3] = how;
  integers[4] = count;
  parameters[0] = a;
  parameters[1] = b;
}

const emptyOf = (type: string | undefined, count: number): FloatArray =>
  type === 'Float32Array' ? new Float32Array(count) : new Float64Array(count);

const firstOf = ({ all, first }: Elements, count: number): FloatArray => {
  const some = part(all, 0, count);
  first[count] = some;
  return some;
};

/** A call on 16-bit numbers. */
export function callHalves(
  call: Call,
  set: number,
  dtype: HalfDType,
  op: Op,
  grad: Uint16Array | undefined,
  x: Uint16Array,
  y: Uint16Array,
): void {
  const count = lengthOfPresent(y);
  if (count === 0) return;
  integers[0] = set;
  integers[1] = grad === undefined ? kinds.map : kinds.gradient;
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
  const { all } = isFloat32(grad) ? float32 : float64;
  writeCall(set, kinds.gateGradient, op, all, exact);
  if (count > mostFew) {
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
  const { all } = isFloat32(x) ? float32 : float64;
  writeCall(set, kinds.logParts, 0, all, exact);
  if (count > mostFew) {
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
  const { all, first } = isFloat32(y) ? float32 : float64;
  writeCall(set, grad === undefined ? kinds.channels : kinds.channelsGradient, 0, all, exact);
  if (count > mostFew) {
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
  first[count] ??= part(all, 0, count);
  copyOver(y, first[count]);
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
  writeCall(set, kinds.channelSums, 0, isFloat32(x) ? float32.all : float64.all);
  writeSlices(sums.length, inner);
  call(block, grad, x, sums);
}

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
  writeCall(set, kinds.conditioned, op, isFloat32(y) ? float32.all : float64.all, exact);
  integers[5] = Number(grad !== undefined) + 2 * Number(mask !== undefined) + 8 * Number(zero);
  writeParameters(temperature, 0);
  const count = lengthOfPresent(y);
  if (count > 0 && count <= mostFew) {
    if (mask !== undefined) integers[5] += 4 * Number(mask.additive);
    callFewConditioned(call, count, grad, x, y, mask);
    return;
  }
  if (mask === undefined) {
    if (grad === undefined) call(block, x, y);
    else call(block, grad, x, y);
    return;
  }
  integers[5] += 4 * Number(mask.additive);
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

/** What a small call is under, and where its mask goes that is no second input; says whether there is none of those. */
export function writeFewConditions({ mask, zero }: FewConditions, x: FloatArray): boolean {
  const additive = isFloatArray(mask);
  integers[5] = 2 * Number(mask !== undefined) + 4 * Number(additive) + 8 * Number(zero);
  if (mask !== undefined && !additive) copyAt(bytes, mask as Uint8Array, lengthOfPresent(x) * elementBytes(x));
  return !additive;
}

/** The same of few elements, whose mask goes behind them, an entry for each. */
function callFewConditioned(
  call: Call,
  count: number,
  grad: FloatArray | undefined,
  x: FloatArray,
  y: FloatArray,
  mask: Mask | undefined,
): void {
  const elements = isFloat32(y) ? float32 : float64;
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

// Copies of fewer elements take less time in TypeScript than a call.
const fewestCopied = 256;

export function isLarge({ lengths }: Runs): boolean {
  let count = 1;
  for (let d = 0; d < lengths.length; d++) count *= lengths[d]!;
  return count >= fewestCopied;
}

/** A copy between memory that lies in steps. */
export function callCopy(
  call: Call,
  source: FloatArray,
  from: number,
  target: FloatArray,
  to: number,
  runs: Runs,
): void {
  writeCall(0, kinds.strided, 0, isFloat32(source) ? float32.all : float64.all);
  ways[0] = runs.lengths.length;
  ways[1] = from;
  ways[2] = to;
  writeRuns(runs);
  call(block, source, target);
}

/** A call on arrays that lie in steps; what it returns. */
export function callStrided(
  call: Call,
  set: number,
  kind: Kind,
  op: Op,
  exact: boolean | undefined,
  input: FloatArray,
  second: FloatArray | undefined,
  y: FloatArray,
  first: readonly number[],
  runs: Runs,
): boolean {
  writeCall(set, kind, op, isFloat32(y) ? float32.all : float64.all, exact);
  ways[0] = runs.lengths.length;
  for (let k = 0; k < first.length; k++) ways[1 + k] = first[k]!;
  writeRuns(runs);
  return second === undefined ? call(block, input, y) === true : call(block, input, second, y) === true;
}

function writeRuns({ lengths, steps }: Runs): void {
  let at = 1 + mostStrided;
  for (let d = 0; d < lengths.length; d++, at += 1 + mostStrided) {
    ways[at] = lengths[d]!;
    for (let k = 0; k < steps.length; k++) ways[at + 1 + k] = steps[k]![d]!;
  }
}

function writeCall(set: number, kind: Kind, op: Op, all: FloatArray, exact = false): void {
  integers[0] = set;
  integers[1] = kind;
  integers[2] = op;
  // As native/kernels.h counts its kinds of arithmetic.
  integers[3] = all === float64.all ? 2 : exact ? 1 : 0;
}
