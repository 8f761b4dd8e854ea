// `npm start`: builds everything, then compares native code with JavaScript on a real model's output, and checks the functions that it has. In a file of its
// own, as npm prints a script's command: all of it is at most 40 lines of 80 columns, the last one the verdict.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

function run(...args) {
  const { status, error } = spawnSync(process.execPath, args, {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

run('tools/build.mjs');
console.log();
run('dist/cjs/cli.js', 'compare', 'test/data/ocr-rec-logits.npy');
console.log();
run('dist/cjs/cli.js', 'check', '--function', 'relu,sigmoid,tanh,gelu,geluTanh,geluSigmoid,softmax');
