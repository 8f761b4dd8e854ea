import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What compiles or proves goes first: started last, it would run when all else is done. */
const longest = ['activations/prove', 'package/scripts', 'backends/load', 'backends/edges'];
const placeOf = ({ moduleId }: TestSpecification) => {
  const place = longest.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
  return place < 0 ? longest.length : place;
};
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/sets/**', 'test/long/**', '**/node_modules/**'],
    globalSetup: 'test/programs/setup.ts',
    setupFiles: 'test/support/left.ts',
    pool: 'forks',
    // Each process runs one file after another: with one for each the tests would take a sixth more.
    isolate: false,
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
  },
});
