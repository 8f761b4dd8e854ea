// Small calls. Node-API takes 45 ns to say where a typed array lies, and 6 ns for an ArrayBuffer. So the inputs of a small call are
// copied into one block of memory, native code works on them there with the kernels of every other call, whose bits they give, and
// the result is copied out.
import { activationNames } from './activations.js';
import type { FloatArray, Op } from './backend.js';
import { copyOver, isFloat32, part } from './floats.js';

/**
 * Native code for small calls: takes its arguments from a block, and leaves the result there in the place of x. One function serves
 * all instruction sets, as V8 calls one that it knows 25 ns faster.
 */
export type SmallCall = (block: ArrayBuffer) => void;

/**
 * The most elements that an array of a small call may have. ns per call with arrays handed over and with a block, `npm run bench --
 * --function relu,sigmoid` on Zen 4 (avx512, Node 20.20): sigmoid of 32 float32 elements 131 and 85, of 128 157 and 132, of 256 191 and
 * 172; of 128 float64 elements 224 and 211, of 256 315 and 326.
 */
export const mostElements = 128;

/** Softmax, in the place of an activation's number. */
export const softmaxOp: Op = activationNames.length;

// The block is native/addon.cpp's small_call, and from a cache line's length on x and then grad, as many elements each. There is
// one for each thread of JavaScript, and no call is inside another.
const headerBytes = 64;
const block = new ArrayBuffer(headerBytes + 2 * mostElements * Float64Array.BYTES_PER_ELEMENT);
const header = new Int32Array(block, 0, 7);

/** The elements of the block as one type, and the first of them, by their number. */
interface Elements {
  readonly all: FloatArray;
  readonly first: FloatArray[];
}
const float32: Elements = { all: new Float32Array(block, headerBytes), first: new Array(mostElements + 1) };
const float64: Elements = { all: new Float64Array(block, headerBytes), first: new Array(mostElements + 1) };

/**
 * y = f(x), or grad * f'(x) where there is a grad; for softmax over the middle dimension of [outer, length, inner]. All is read
 * before y is written, so it may overlap the inputs anyhow. `count` is the length of each.
 */
export function callSmall(
  call: SmallCall,
  set: number,
  count: number,
  grad: FloatArray | undefined,
  x: FloatArray,
  y: FloatArray,
  op: Op,
  length: number,
  inner: number,
  exact = false,
): void {
  if (count === 0) return;
  const { all, first } = isFloat32(x) ? float32 : float64;
  copyOver(all, x);
  if (grad !== undefined) copyOver(all, grad, count);
  header[0] = set;
  header[1] = op;
  // As native/kernels.h counts its kinds of arithmetic.
  header[2] = all === float64.all ? 2 : exact ? 1 : 0;
  header[3] = grad === undefined ? 1 : 2;
  header[4] = count;
  header[5] = length;
  header[6] = inner;
  call(block);
  first[count] ??= part(all, 0, count);
  copyOver(y, first[count]);
}
