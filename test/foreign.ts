// Memory that JavaScript did not allocate, from the addon in test/foreign: two buffers over one block, at any address.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'build', 'foreign');
execFileSync('cmake', ['-S', join(import.meta.dirname, 'foreign'), '-B', folder], { stdio: 'ignore' });
execFileSync('cmake', ['--build', folder], { stdio: ['ignore', 'ignore', 'inherit'] });

/** Two ArrayBuffers of so many bytes over one block of memory, from its bytes `first` and `second` on. */
export const { buffers } = require(join(folder, 'foreign.node')) as {
  buffers(bytes: number, first: number, second: number): [ArrayBuffer, ArrayBuffer];
};
