// Before the first test: the programs that some of them run, so that no two tests build at once.
import { build } from './build.mjs';

export default function setup(): void {
  const started = performance.now();
  build();
  process.env.NONLIN_PROGRAMS = 'built';
  process.stdout.write(`test programs built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}
