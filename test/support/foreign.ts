// Memory that JavaScript did not allocate, from the addon in test/foreign: two buffers over one block, at any address.
import { program } from '../programs/build.mjs';

/** Two ArrayBuffers of so many bytes over one block of memory, from its bytes `first` and `second` on. */
export const { buffers } = require(program('foreign.node')!) as {
  buffers(bytes: number, first: number, second: number): [ArrayBuffer, ArrayBuffer];
};
