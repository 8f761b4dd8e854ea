// Results over inputs under other buffers, found in the memory itself.
import { describe, expect, it } from 'vitest';
import { liesOver } from '../../lib/backends/wasm/overlaps.js';
import { buffers } from '../support/foreign.js';

// The words between two that are turned over are 1024.
const counts = [1, 2, 1023, 1024, 1025, 2048, 2049, 5000];

describe.each([Float32Array, Float64Array])('%o', (Floats) => {
  const bytes = Floats.BYTES_PER_ELEMENT;

  it.each(counts)('finds %i elements over others wherever they lie, and leaves them as they were', (count) => {
    const size = count * bytes;
    const near = [
      0,
      1,
      2,
      3,
      4,
      5,
      4091,
      4092,
      4095,
      4096,
      4097,
      size - 4097,
      size - 4096,
      size - 4095,
      size - 4,
      size - 1,
    ];
    for (const by of near.filter((shift) => shift >= 0 && shift < size))
      for (const turn of [false, true]) {
        const pair = buffers(size + by, 0, by).map((buffer) => new Floats(buffer, 0, count));
        const [x, y] = turn ? pair.reverse() : pair;
        for (let i = 0; i < count; i++) x![i] = Math.sin(i);
        const before = Buffer.from(x!.slice().buffer);
        expect(liesOver(y!, x!), `${by} bytes apart`).toBe(true);
        expect(Buffer.compare(Buffer.from(x!.slice().buffer), before)).toBe(0);
      }
  });

  it.each(counts)('finds %i elements beside others apart', (count) => {
    const size = count * bytes;
    for (const between of [0, 1, 64]) {
      const pair = buffers(2 * size + between, 0, size + between).map((buffer) => new Floats(buffer, 0, count));
      for (const [x, y] of [pair, pair.toReversed()]) {
        y!.fill(7);
        expect(liesOver(y!, x!)).toBe(false);
        expect(y!.every((value) => value === 7)).toBe(true);
      }
    }
  });
});
