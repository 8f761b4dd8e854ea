// The backends that have the formulas of native/: those of the addon, and WebAssembly where it serves. In Node 20 that is where
// V8 was asked for relaxed SIMD (npm run wasm:check). And memory in which it shows where they write.
import type { Backend } from '../../lib/backends/backend.js';
import { native } from '../../lib/backends/native/native.js';
import { wasm } from '../../lib/backends/wasm/wasm.js';
import type { FloatArray } from '../../lib/basics/floats.js';

const { backend } = wasm();

export const kernelBackends: readonly Backend[] =
  backend === undefined ? native.backends : [...native.backends, backend];

/** Runs f on an array of `length` between guards, and asserts that they are as they were. */
export function guarded(Floats: typeof Float32Array | typeof Float64Array, length: number, f: (y: FloatArray) => void) {
  const guards = 20;
  const memory = new Floats(length + 2 * guards).fill(1.25);
  const y = memory.subarray(guards, guards + length);
  f(y);
  for (let i = 0; i < guards; i++) {
    if (memory[i] !== 1.25 || memory[guards + length + i] !== 1.25)
      throw new Error(`wrote outside of ${length} elements`);
  }
  return y;
}
