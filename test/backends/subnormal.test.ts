// That no kernel on its careful way multiplies or makes a subnormal number, which Intel's processors take 35 ns for (docs/speed.md), and that
// the usual way has the same bits.
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { program } from '../programs/build.mjs';

it.runIf(process.arch === 'x64')('no value and no slope meets a subnormal number on its way', () => {
  const { status, stdout } = spawnSync(program('subnormal')!, ['4099'], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'done\n' });
});
