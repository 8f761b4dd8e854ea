// Columns of matrices whose rows are whole pages, of which bands begin with a cache line, against each column as a row by itself.
import { describe, it } from 'vitest';
import type { Slice } from '../../lib/backends/backend.js';
import { random } from '../support/inputs.js';
import { guarded, kernelBackends } from '../support/kernels.js';
import { expectSame } from '../support/same.js';

describe.each(kernelBackends)('$name', (backend) => {
  describe.each([
    { dtype: 'float32', precision: 'fast' },
    { dtype: 'float32', precision: 'exact' },
    { dtype: 'float64', precision: 'fast' },
  ] as const)('$dtype, $precision', ({ dtype, precision }) => {
    const Floats = dtype === 'float32' ? Float32Array : Float64Array;
    const exact = precision === 'exact';
    const inner = 4096 / Floats.BYTES_PER_ELEMENT;

    it.each<Slice>(['softmax', 'logSoftmax'])('%s, wherever the memory begins', (what) => {
      for (const [place, length] of [2, 17, 65, 140].entries()) {
        const x = new Floats(random(dtype, length * inner, 3));
        const g = new Floats(random(dtype, length * inner, 1));
        const column = (a: typeof x, k: number) => new Floats(length).map((_, j) => a[j * inner + k]!);
        const [values, slopes] = [new Floats(x.length), new Floats(x.length)];
        for (let k = 0; k < inner; k++) {
          const [row, y, slope] = [column(x, k), new Floats(length), new Floats(length)];
          backend.slices(row, y, what, length, 1, exact);
          backend.slicesGrad(column(g, k), row, slope, what, length, 1, exact);
          for (let j = 0; j < length; j++) {
            values[j * inner + k] = y[j]!;
            slopes[j * inner + k] = slope[j]!;
          }
        }
        for (let from = place; from < 64 / Floats.BYTES_PER_ELEMENT; from += 5) {
          const room = new Floats(from + x.length);
          const y = room.subarray(from);
          backend.slices(x, y, what, length, inner, exact);
          expectSame(y, values, `from ${from} on`);
          backend.slicesGrad(g, x, y, what, length, inner, exact);
          expectSame(y, slopes, `gradient, from ${from} on`);
        }
        expectSame(
          guarded(Floats, x.length, (y) => backend.slices(x, y, what, length, inner, exact)),
          values,
        );
      }
    });
  });
});
