// The .node file by itself, called as lib/backends/native/record.ts calls it but with any record.
import { native } from '../../lib/backends/native/native.js';

type Call = (...args: unknown[]) => void;
export const { block, call, setThreads, sets } = require(native.path!) as {
  block: ArrayBuffer;
  call: Call;
  setThreads(threads: number): void;
  sets: string[];
};

/** The words and numbers of a record, by the names that native/addon/record.h gives them. */
export interface Record64 {
  set: number;
  kind: number;
  op: number;
  how: number;
  count: number;
  length: number;
  inner: number;
  a: number;
  b: number;
}
export const kinds = { map: 0, gradient: 1, softmax: 2, softmaxGradient: 3, gate: 4, gateGradient: 5 };
/** Whose outputs have another length. */
export const logParts = 6;
/** With a slope, or a sum, for each channel: an array of another length. */
export const channels = { value: 7, gradient: 8, sums: 9 };
/** Which is followed by a mask, behind flags and numbers of its own. */
export const conditioned = 10;
/** Of arrays that lie in steps, behind numbers of its own: copies, and calls with as many inputs as it says. */
export const strided = {
  copy: { kind: 11, inputs: 1 },
  map: { kind: 12, inputs: 1 },
  gradient: { kind: 13, inputs: 2 },
  gate: { kind: 14, inputs: 2 },
  slices: { kind: 15, inputs: 1 },
  slicesGradient: { kind: 16, inputs: 2 },
  combine: { kind: 17, inputs: 2 },
};
/** Of numbers of one type, its `op`, to another. */
export const convert = 18;
/** How many inputs and outputs a kind of call has. */
export const inputsOf = (kind: number) => [1, 2, 1, 2, 2, 3][kind]!;
export const outputsOf = (kind: number) => (kind === kinds.gateGradient ? 2 : 1);
export const headerBytes = 64;

const plain: Record64 = { set: 0, kind: kinds.map, op: 0, how: 0, count: 0, length: 1, inner: 1, a: 0, b: 0 };

/** A block of so many bytes that begins with a record. */
export function blockOf(record: Partial<Record64>, bytes = headerBytes): ArrayBuffer {
  const { set, kind, op, how, count, length, inner, a, b } = { ...plain, ...record };
  const memory = new ArrayBuffer(bytes);
  new Int32Array(memory).set([set, kind, op, how, count]);
  if (bytes >= headerBytes) new Float64Array(memory, 32).set([length, inner, a, b]);
  return memory;
}

/** Calls native code on arrays. */
export function raw(record: Partial<Record64>, ...arrays: unknown[]): void {
  call(blockOf(record), ...arrays);
}
