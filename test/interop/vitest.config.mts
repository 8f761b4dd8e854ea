import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/interop/real.ts', 'test/interop/session.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
});
