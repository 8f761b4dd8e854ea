// The thread pool as a program of its own, since the addon shows only what comes of it.
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { program } from '../programs/build.mjs';

it('the pool does every piece once, for many callers, and the process may end at any time', () => {
  const { status, signal, stdout } = spawnSync(program('pool')!, { encoding: 'utf8' });
  expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: '' });
}, 300_000);
