// That no kernel touches memory outside its arrays, in a program of its own, which may be ended by a signal.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { native } from '../lib/native.js';

it('no kernel reads or writes outside its arrays', () => {
  const folder = join(import.meta.dirname, '..', 'build', 'edges');
  const cmake = join(import.meta.dirname, '..', 'tools', 'cmake.mjs');
  execFileSync(process.execPath, [cmake, join(import.meta.dirname, 'edges'), folder], { stdio: 'inherit' });
  const { signal, stdout } = spawnSync(join(folder, 'edges'), { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const lines = stdout.trimEnd().split('\n');
  expect({ signal, last: lines.at(-1) }).toEqual({ signal: null, last: 'done' });
  const sets = new Set(lines.slice(0, -1).map((line) => line.split(':')[0]));
  expect([...sets]).toEqual(native.backends.map(({ name }) => name));
}, 300_000);
