// A tensor from a real model (test/data) through the command line, against NumPy.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const python = ['/usr/bin/python3', 'python3'].find((path) => spawnSync(path, ['-c', 'import numpy']).status === 0);

// NumPy's formula in float64, rounded once; the distance in representable numbers, which for positive numbers is that of their bits.
const compare = `
import sys, numpy as np
x = np.load(sys.argv[1]).astype(np.float64)
y = np.load(sys.argv[2])
e = np.exp(x - x.max(axis=-1, keepdims=True))
expected = (e / e.sum(axis=-1, keepdims=True)).astype(np.float32)
assert y.shape == expected.shape and y.dtype == np.float32
print(np.abs(y.view(np.int32).astype(np.int64) - expected.view(np.int32)).max())
`;

it.skipIf(python === undefined)(
  `softmax is within 4 ulp of NumPy${python === undefined ? '; no NumPy here' : ''}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'nonlin-real-'));
    try {
      const input = join(root, 'test', 'data', 'ocr-rec-logits.npy');
      const output = join(folder, 'softmax.npy');
      for (const precision of ['fast', 'exact']) {
        const cli = join(root, 'dist', 'cjs', 'cli.js');
        execFileSync(process.execPath, [cli, 'softmax', input, '-o', output, '--precision', precision]);
        const ulp = Number(execFileSync(python!, ['-c', compare, input, output], { encoding: 'utf8' }));
        // exact is rounded once too, so only a result in the middle between two float32 may differ.
        expect(ulp).toBeLessThanOrEqual(precision === 'fast' ? 4 : 1);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
