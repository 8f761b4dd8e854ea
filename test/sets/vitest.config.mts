import { defineConfig } from 'vitest/config';

/** What builds the kernels of other instruction sets than this processor's, one after another: each build takes all cores. */
export default defineConfig({
  test: { include: ['test/sets/*.test.ts'], pool: 'forks', fileParallelism: false },
});
