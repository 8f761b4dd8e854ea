// What `npm run prove` says of rows that were found before, `--from`: a promise that is broken is told, whatever it is.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'nonlin-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The table of one row, and what is broken. */
function judged(row: object, share: number | null = 0) {
  const file = join(folder, 'found.json');
  const found = { direction: 'forward', precision: 'fast', inputs: 10, at: '1', wrong: 0, differ: 0, ...row };
  const oracle = [{ function: 'gelu', precision: 'float32', share }];
  writeFileSync(file, JSON.stringify({ instructionSets: [], seconds: 0, oracle, passes: [], rows: [found] }));
  const prove = join(import.meta.dirname, '../programs/prove/run.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [prove, '--from', file], { encoding: 'utf8' });
  return { status, table: stdout, broken: stderr.split('\n').filter((line) => line.startsWith('broken: ')) };
}

it.each([
  ['gelu', 2, 2.001],
  ['elu(alpha=2)', 2, 2.001],
  ['threshold(threshold=0.5, value=-1)', 0, 0.5],
  ['prelu(weight=0.25)', 0.5, 0.501],
  ['softmax', 4, 4.001],
])('%s may be off by %d ulp, and not by %d', (name, most, more) => {
  expect(judged({ function: name, ulp: most })).toMatchObject({ status: 0, broken: [] });
  const { status, broken } = judged({ function: name, ulp: more });
  expect(status).toBe(1);
  expect(broken).toEqual([`broken: ${name} forward, fast: ${more} ulp at 1, promised ${most}`]);
});

it('a limit that is missed, null in JSON, is no small error', () => {
  const { status, table, broken } = judged({ function: 'gelu', ulp: null });
  expect(status).toBe(1);
  expect(broken).toEqual(['broken: gelu forward, fast: Infinity ulp at 1, promised 2']);
  expect(table).toContain('| Infinity |');
  expect(judged({ function: 'gelu', ulp: 1 }, null).status).toBe(1);
});
