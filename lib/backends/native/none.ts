// native.ts where no addon is wanted: nonlin/js and the build for browsers have this file in its place.
import type { Native } from './native.js';

export const native: Native = {
  backends: [],
  reason:
    'this build has no addon: nonlin/js has none, nor has nonlin where the condition "node" is not set (docs/bundlers.md)',
};
