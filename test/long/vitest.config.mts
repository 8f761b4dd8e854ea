import { defineConfig } from 'vitest/config';

/** What takes too long for each run of the tests, and needs nothing built. */
export default defineConfig({ test: { include: ['test/long/*.test.ts'], pool: 'forks' } });
