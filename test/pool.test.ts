// The thread pool as a program of its own, since the addon shows only what comes of it.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('the pool does every piece once, for many callers, and the process may end at any time', () => {
  const folder = join(import.meta.dirname, '..', 'build', 'pool');
  const cmake = join(import.meta.dirname, '..', 'tools', 'cmake.mjs');
  execFileSync(process.execPath, [cmake, join(import.meta.dirname, 'pool'), folder], { stdio: 'inherit' });
  const { status, signal, stdout } = spawnSync(join(folder, 'pool'), { encoding: 'utf8' });
  expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: '' });
}, 300_000);
