// wasm.ts where TypeScript alone is wanted: nonlin/js has this file in its place.
import type * as module from './wasm.js';

export const wasm: typeof module.wasm = () => ({ reason: 'nonlin/js is TypeScript only' });
