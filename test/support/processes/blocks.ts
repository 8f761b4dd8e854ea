// What the tests of blocks share: files of several blocks, and what the library makes of them in one piece.
import { writeFileSync } from 'node:fs';
import { writeNpy } from '../../../lib/files/npy.js';
import * as nl from '../../../lib/index.js';
import { bytesOf, needed } from '../streamed.js';
import { at, ownFolder } from './cli.js';

/** Several blocks, the last of them not full, of an odd number of rows. */
export const shape = [3, 1001, 30];
export const numbers = (seed: number, count = 3 * 1001 * 30) =>
  Float32Array.from({ length: count }, (_, i) => 20 * Math.sin(seed + i * i));
export const x = new nl.Tensor(numbers(1), { shape });
export const up = new nl.Tensor(numbers(2), { shape });

/** A folder for this file of tests, with those files as well. */
export function ownBlocks(): void {
  ownFolder();
  writeFileSync(at('x.npy'), writeNpy(x));
  writeFileSync(at('up.npy'), writeNpy(up));
  writeFileSync(at('x.raw'), bytesOf(x.data));
  writeFileSync(at('up.raw'), bytesOf(up.data));
}

export const flags = (name: string) =>
  Object.entries(needed[name] ?? {}).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
export type Call = (...args: unknown[]) => nl.Tensor;
export const whole = (name: string, ...inputs: nl.Tensor<nl.DType>[]): nl.Tensor =>
  (nl[name as 'relu'] as unknown as Call)(...inputs, needed[name] ?? {});
