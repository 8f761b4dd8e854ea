import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/interop/real.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
});
