import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/programs/setup.ts',
    pool: 'forks',
    testTimeout: 60_000,
  },
});
