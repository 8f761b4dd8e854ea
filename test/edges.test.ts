// That no kernel touches memory outside its arrays, in a program of its own, which may be ended by a signal.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('no kernel reads or writes outside its arrays', () => {
  const folder = join(import.meta.dirname, '..', 'build', 'edges');
  execFileSync('cmake', ['-S', join(import.meta.dirname, 'edges'), '-B', folder], { stdio: 'ignore' });
  execFileSync('cmake', ['--build', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const { signal, stdout } = spawnSync(join(folder, 'edges'), { encoding: 'utf8', maxBuffer: 2 ** 26 });
  expect({ signal, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({ signal: null, last: 'done' });
}, 300_000);
