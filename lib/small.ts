// Small calls. Node-API takes 45 ns to say where a typed array lies, and 6 ns for an ArrayBuffer. So the inputs of a small call are
// copied into one block of memory, native code works on them there, and the result is copied out: by the kernels of
// every other call, so with their bits.
import { activationNames } from './activations.js';
import type { FloatArray, Op } from './backend.js';
import { isFloat32 } from './floats.js';

/** Native code for small calls: takes its arguments from a block, and leaves the result there in the place of x. */
export type SmallCall = (block: ArrayBuffer) => void;

/** The most elements that an array of a small call may have. */
export const mostElements = 512;

/** Softmax, in the place of an activation's number. */
export const softmaxOp: Op = activationNames.length;

// The block is native/addon.cpp's small_call, and from a cache line's length on x and then grad, as many elements each. There is
// one for each thread of JavaScript, and no call is inside another.
const headerBytes = 64;
const block = new ArrayBuffer(headerBytes + 2 * mostElements * Float64Array.BYTES_PER_ELEMENT);
const header = new Int32Array(block, 0, 6);

/** The elements of the block as one type, and the first of them, by their number. */
interface Elements {
  readonly all: FloatArray;
  readonly first: FloatArray[];
}
const float32: Elements = { all: new Float32Array(block, headerBytes), first: new Array(mostElements + 1) };
const float64: Elements = { all: new Float64Array(block, headerBytes), first: new Array(mostElements + 1) };

// Not `y.set`, which a subclass of the caller's may define.
const { set } = Float32Array.prototype;

/** y = f(x), or grad * f'(x) where there is a grad; for softmax over the middle dimension of [outer, length, inner]. */
export function callSmall(
  call: SmallCall,
  grad: FloatArray | undefined,
  x: FloatArray,
  y: FloatArray,
  op: Op,
  length: number,
  inner: number,
  exact = false,
): void {
  const count = x.length;
  // Arrays whose memory has gone are empty too, and cannot be copied.
  if (count === 0) return;
  const { all, first } = isFloat32(x) ? float32 : float64;
  set.call(all, x);
  if (grad !== undefined) set.call(all, grad, count);
  header[0] = op;
  header[1] = all === float64.all ? 2 : Number(exact);
  header[2] = grad === undefined ? 1 : 2;
  header[3] = count;
  header[4] = length;
  header[5] = inner;
  call(block);
  first[count] ??= all.subarray(0, count);
  set.call(y, first[count]);
}
