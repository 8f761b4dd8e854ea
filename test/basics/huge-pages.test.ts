// Large results lie on huge pages, whatever makes them: asked for once, before anything is written.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { native } from '../../lib/backends/native/native.js';
import { hugePagesBy } from '../../lib/basics/allocate.js';
import { logSoftmax, logSumExpGrad, relu, Tensor } from '../../lib/index.js';

let asked: ArrayBuffer[] = [];
beforeEach(() => {
  asked = [];
  hugePagesBy((memory) => {
    expect(new Uint32Array(memory).every((word) => word === 0)).toBe(true);
    asked.push(memory);
  });
});
afterEach(() => hugePagesBy((memory) => native.addon?.fresh(memory)));

const side = 2048;
const x = new Tensor(new Float32Array(side * side).fill(0.5), { shape: [side, side] });
const halves = new Tensor(new Float32Array(2 * side * side), { shape: [2 * side, side] }).to('float16');
const rows = new Tensor(new Float32Array(side).fill(1));

it.each<[string, () => Tensor<'float32' | 'float64' | 'float16'>]>([
  ['relu', () => relu(x)],
  ['relu of a view', () => relu(x.T)],
  ['relu of float16', () => relu(halves)],
  ['logSoftmax', () => logSoftmax(x)],
  ['logSumExpGrad', () => logSumExpGrad(rows, x)],
  ['add', () => x.add(x)],
  ['mul', () => x.mul(2)],
  ['clone', () => x.clone()],
  ['contiguous', () => x.T.contiguous()],
  ['maskedFill', () => x.maskedFill(new Uint8Array(side), 1)],
  ['to float64', () => x.to('float64')],
  ['to float16', () => halves.to('float32').to('float16')],
  ['full', () => Tensor.full([side, side], 3)],
])('%s', (_, make) => {
  const { data } = make();
  expect(asked.filter((memory) => memory === data.buffer)).toHaveLength(1);
});

it('is a clone of what it was made of', () => expect(x.clone().equals(x)).toBe(true));

it('is not asked for where memory is less than 4 MiB', () => {
  const count = 2 ** 20;
  for (const [length, times] of [
    [count, 1],
    [count - 1, 0],
  ] as const) {
    asked = [];
    relu(new Float32Array(length));
    expect(asked).toHaveLength(times);
  }
});

it.runIf(native.addon !== undefined && existsSync('/sys/kernel/mm/transparent_hugepage'))('the system is asked', () => {
  const script = join(import.meta.dirname, '../support/processes/huge-pages.cjs');
  const { stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  // All of 64 MiB but for a page that it shares.
  expect(Number(stdout.split(' ')[0])).toBeGreaterThanOrEqual(65536 - 4);
});
