// Files above 4 GiB that are not holes.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open as openHandle } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writeHeader } from '../../lib/files/npy-header.js';
import { zipStream } from '../../lib/files/zip/write.js';
import { load, readNpz } from '../../lib/files.js';

const folder = mkdtempSync(join(tmpdir(), 'nonlin-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

const many = new Uint8Array(2 ** 26);
const count = (65 * 2 ** 26) / 4;
/** 4.06 GiB of zeros, and a few numbers behind them. */
function* pieces(): Generator<Uint8Array> {
  yield writeHeader('f4', [count + 2]);
  for (let i = 0; i < 65; i++) yield many;
  yield new Uint8Array(Float32Array.of(5, 6).buffer);
}

it.skipIf(freemem() < 8 * 2 ** 30)(
  'a deflated member is written and read, and by name only (skipped where less than 8 GiB are free)',
  async () => {
    const path = join(folder, 'large.npz');
    const file = await openHandle(path, 'w');
    for await (const chunk of zipStream([['x.npy', pieces()]], true)) await file.write(chunk);
    await file.close();
    expect(statSync(path).size).toBeLessThan(2 ** 23);
    const inMemory = readNpz(readFileSync(path));
    expect(inMemory.info('x')).toEqual({ dtype: 'float32', shape: [count + 2] });
    expect(() => inMemory.get('x')).toThrow(
      new RangeError(
        'get: the .npz file: in "x": it is deflated and has 4362076296 bytes: above 4 GiB load() and open() read it, from a file',
      ),
    );
    const { data, shape } = await load(path);
    expect([shape, data.length, data.buffer.byteLength]).toEqual([[count + 2], count + 2, 4362076296]);
    expect([data[0], data[2 ** 30], data[count - 1], data[count], data[count + 1]]).toEqual([0, 0, 0, 5, 6]);
    expect(new Set(data.subarray(2 ** 30 - 1000, 2 ** 30 + 1000))).toEqual(new Set([0]));
  },
  300_000,
);
