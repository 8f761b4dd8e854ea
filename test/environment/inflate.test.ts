// Decompression as the build for browsers has it, against what zlib compresses.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflate } from '../../lib/environment/inflate.js';

const settings = [
  { level: 0 },
  { level: 1 },
  { level: 9 },
  { strategy: constants.Z_FIXED },
  { strategy: constants.Z_HUFFMAN_ONLY },
  { strategy: constants.Z_RLE },
];
const root = join(import.meta.dirname, '../..');

describe.each(settings)('what zlib has compressed with %o', (options) => {
  const expectBack = (data: Uint8Array) => {
    expect(Buffer.compare(inflate(deflateRawSync(data, options), data.length), data)).toBe(0);
  };

  it('comes back', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), expectBack));
    // Repetitions of any length and distance.
    const repeating = fc
      .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 })), {
        maxLength: 30,
      })
      .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => new Array<Uint8Array>(times).fill(bytes))));
    fc.assert(fc.property(repeating, expectBack), { numRuns: 30 });
  });

  it('comes back where it is long, or nothing', () => {
    expectBack(new Uint8Array());
    expectBack(new Uint8Array(300_000));
    for (const name of ['README.md', 'package-lock.json', 'dist/nonlin.wasm'])
      if (existsSync(join(root, name))) expectBack(readFileSync(join(root, name)));
  });
});
