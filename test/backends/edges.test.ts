// That no kernel touches memory outside its arrays, in a program of its own, which may be ended by a signal.
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { native } from '../../lib/backends/native.js';
import { program } from '../programs/build.mjs';

/** Runs the program, and asserts that it came to its end with the kernels of these sets. */
function run(name: string, expected: readonly string[], ...args: string[]): void {
  const { signal, stdout } = spawnSync(program(name)!, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const lines = stdout.trimEnd().split('\n');
  expect({ signal, last: lines.at(-1) }).toEqual({ signal: null, last: 'done' });
  expect([...new Set(lines.slice(0, -1).map((line) => line.split(':')[0]))]).toEqual(expected);
}

const sets = native.backends.map(({ name }) => name);

it('no kernel reads or writes outside its arrays', () => run('edges', sets), 300_000);

// Elsewhere it is among the sets above, or its code is not for this processor.
const absent = process.arch === 'x64' && !sets.includes('avx512');
it.runIf(absent)('nor does AVX-512, emulated', () => run('edges-emulated', ['avx512'], '29'), 300_000);
