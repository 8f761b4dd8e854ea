// NEON, cross-compiled and run under qemu, and AVX-512, emulated, give the bits of this processor: emulated also where it is present, so
// that what is asked of it anew is emulated before a processor lacks it.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { activationNames } from '../../lib/activations/table.js';
import { rightChecksum } from '../../lib/backends/checksum.js';
import { native } from '../../lib/backends/native/native.js';

const own = native.backends.some(({ name }) => name === 'avx512');
const missing = ['aarch64-linux-gnu-g++', 'qemu-aarch64-static'].filter((tool) => spawnSync(tool, ['--version']).error);

it.skipIf(missing.length > 0)(
  `avx512, avx2 and neon give the same bits${missing.map((tool) => `; no ${tool}`)}`,
  () => {
    const script = join(import.meta.dirname, '../programs/bits/run.mjs');
    const text = execFileSync(
      process.execPath,
      [script, '--quick', '--json', '--count', '20000', ...(own ? ['--emulated'] : [])],
      {
        encoding: 'utf8',
      },
    );
    const rows = JSON.parse(text) as { function: string; neon: string; equal: boolean }[];
    const checksum = expect.stringMatching(/^[0-9a-f]{16}$/);
    // Forward and gradient, in float32 fast and exact and in float64, of each activation, of softmax and its logarithm, and of these under conditions.
    // Numbers of 16 bits to floats and back, of both types. And what the addon tries when it is loaded.
    expect(rows.length).toBe(2 * 3 * (activationNames.length + 4) + 2 + 1);
    const right = rightChecksum.toString(16).padStart(16, '0');
    expect(rows.find((row) => row.function === 'self-test')).toMatchObject({ neon: right, avx512: right });
    const all = { neon: checksum, avx512: checksum, ...(own ? { 'avx512, emulated': checksum } : {}), equal: true };
    for (const row of rows) expect(row, row.function).toMatchObject(all);
  },
  300_000,
);
