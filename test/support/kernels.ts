// The backends that have the formulas of native/: those of the addon, and WebAssembly where it serves. In Node 20 that is where
// V8 was asked for relaxed SIMD (npm run wasm:check).
import type { Backend } from '../../lib/backends/backend.js';
import { native } from '../../lib/backends/native/native.js';
import { wasm } from '../../lib/backends/wasm/wasm.js';

const { backend } = wasm();

export const kernelBackends: readonly Backend[] =
  backend === undefined ? native.backends : [...native.backends, backend];
