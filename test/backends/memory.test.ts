// Memory as other addons lend it, at any address and under several buffers; and where there is no more of it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { activationNames, opOf } from '../../lib/activations/table.js';
import type { Backend } from '../../lib/backends/backend.js';
import { native } from '../../lib/backends/native/native.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import {
  geluGrad,
  hardSwishGrad,
  info,
  relu,
  reluGrad,
  setThreads,
  sigmoidGrad,
  siluGrad,
  Tensor,
} from '../../lib/index.js';
import { buffers } from '../support/foreign.js';
import { kernelBackends } from '../support/kernels.js';
import { kinds, type Record64, raw, sets } from '../support/raw.js';
import { bytesOf } from '../support/same.js';

const gradients = { relu: reluGrad, sigmoid: sigmoidGrad, silu: siluGrad, gelu: geluGrad, hardSwish: hardSwishGrad };

// Outputs from 16 MiB on are written past the cache, in columns or rows.
const bytes = 2 ** 24 + 4000;
// Once, as such memory is never given back. Two that begin at a cache line and one, as Node's arrays do, 16 bytes behind it; and one
// each a byte, two and three behind.
const [lines, behind] = [
  [0, 0, 16],
  [1, 2, 3],
].map((begins) => begins.map((begin) => buffers(bytes, begin, 0)[0]));

describe.each(kernelBackends)('$name', (backend) => {
  it.each([
    { Floats: Float32Array, precision: 'fast' },
    { Floats: Float32Array, precision: 'exact' },
    { Floats: Float64Array, precision: 'fast' },
  ])(
    'computes $Floats.name, $precision, at every address',
    ({ Floats, precision }) => {
      const exact = precision === 'exact';
      const count = bytes / Floats.BYTES_PER_ELEMENT;
      // A row of 1000, so that rows end within registers.
      const size = Math.floor(count / 1000) * 1000;
      const fill = (a: FloatArray, seed: number) => {
        for (let i = 0; i < a.length; i++) a[i] = ((Math.imul(i + seed, 2654435761) >>> 16) % 4001) / 200 - 10;
        return a;
      };
      const at = (buffer: ArrayBuffer, seed: number) => fill(new Floats(buffer, 0, size), seed);
      const calls: [string, (b: Backend, g: FloatArray, x: FloatArray, y: FloatArray) => void][] = [
        ...activationNames.map(
          (name) => [name, (b, _, x, y) => b.map(x, y, opOf[name], 1, 1, exact)] as (typeof calls)[0],
        ),
        ...activationNames.map(
          (name) =>
            [`${name}, gradient`, (b, g, x, y) => b.mapGrad(g, x, y, opOf[name], 1, 1, exact)] as (typeof calls)[0],
        ),
        ...(['relu', 'sigmoid', 'silu', 'gelu'] as const).map(
          (name) =>
            [
              `by ${name}`,
              (b, g, x, y) => b.gate(x, g, y, opOf[name], name === 'silu' ? 1 : 0, 0, exact),
            ] as (typeof calls)[0],
        ),
        ['softmax', (b, _, x, y) => b.slices(x, y, 'softmax', 1000, 1, exact)],
        ['softmax of short rows', (b, _, x, y) => b.slices(x, y, 'softmax', 10, 1, exact)],
        ['softmax of columns', (b, _, x, y) => b.slices(x, y, 'softmax', 10, 100, exact)],
        ['softmax of few columns', (b, _, x, y) => b.slices(x, y, 'softmax', 500, 2, exact)],
        ['softmax, gradient', (b, g, x, y) => b.slicesGrad(g, x, y, 'softmax', 1000, 1, exact)],
      ];
      const aligned = lines!.map(at) as [FloatArray, FloatArray, FloatArray];
      const [g, x, y] = behind!.map(at) as [FloatArray, FloatArray, FloatArray];
      for (const [name, call] of calls) {
        call(backend, ...aligned);
        call(backend, g, x, y);
        expect(Buffer.compare(bytesOf(y), bytesOf(aligned[2])), name).toBe(0);
      }
      const others = [new Floats(size), new Floats(size)] as const;
      for (const name of ['relu', 'silu'] as const) {
        backend.gateGrad(aligned[0], aligned[1], aligned[0], aligned[2], others[0], opOf[name], 1, 1, exact);
        backend.gateGrad(g, x, g, y, others[1], opOf[name], 1, 1, exact);
        expect(Buffer.compare(bytesOf(y), bytesOf(aligned[2])), `gradient by ${name}`).toBe(0);
        expect(Buffer.compare(bytesOf(others[0]), bytesOf(others[1])), `gradient by the factors of ${name}`).toBe(0);
        // The same where only the second begins within an element.
        backend.gateGrad(g, x, g, others[1], y, opOf[name], 1, 1, exact);
        expect(Buffer.compare(bytesOf(others[1]), bytesOf(aligned[2])), `gradient by ${name}`).toBe(0);
        expect(Buffer.compare(bytesOf(y), bytesOf(others[0])), `gradient by the factors of ${name}`).toBe(0);
      }
    },
    60_000,
  );
});

it('writes past the cache what was asked for and nothing beside it, by two threads as well', () => {
  const { threads } = info();
  setThreads(2);
  try {
    const count = 2 ** 22;
    const [x, grad, memory] = [0, 1, 2].map((seed) =>
      Float32Array.from({ length: count + 64 }, (_, i) => ((Math.imul(i + seed, 2654435761) >>> 16) % 4001) / 200 - 10),
    ) as [Float32Array, Float32Array, Float32Array];
    const names = ['relu', 'sigmoid', 'silu', 'gelu', 'hardSwish'] as const;
    // Where the last piece of work has fewer elements than lie before a whole vector.
    for (const more of [1, 3, 15])
      for (const begin of [1, 12, 14]) {
        const length = count + more;
        const own = (a: Float32Array) => a.subarray(0, length);
        for (const name of names) {
          const wanted = own(grad).slice();
          gradients[name](wanted, own(x), { out: wanted }); // In place, and so not past the cache.
          memory.fill(7);
          gradients[name](own(grad), own(x), { out: memory.subarray(begin, begin + length) });
          expect(Buffer.compare(bytesOf(memory.subarray(begin, begin + length)), bytesOf(wanted)), name).toBe(0);
          const beside = [memory.subarray(0, begin), memory.subarray(begin + length)];
          expect(beside.every((part) => part.every((value) => value === 7))).toBe(true);
        }
      }
  } finally {
    setThreads(threads);
  }
}, 60_000);

describe.each(native.backends)('$name, in steps', (backend) => {
  it.each([Float32Array, Float64Array])('computes and copies %o at every address', (Floats) => {
    const [rows, columns] = [300, 210];
    // Transposed inputs, and results by rows with gaps.
    const runs = {
      lengths: [rows, columns],
      steps: [
        [columns, 1],
        [columns, 1],
        [1, rows + 3],
      ],
    };
    const two = { ...runs, steps: runs.steps.slice(1) };
    const calls: ((g: FloatArray, x: FloatArray, y: FloatArray) => unknown)[] = [
      (_, x, y) => backend.copy(x, 0, y, 1, two),
      (_, x, y) => backend.mapStrided!(undefined, x, y, [0, 1], two, opOf.gelu, 0, 0),
      (g, x, y) => backend.mapStrided!(g, x, y, [0, 0, 1], runs, opOf.gelu, 0, 0),
      (_, x, y) => backend.slicesStrided!(undefined, x, y, [0, 1], two, 'softmax'),
      (g, x, y) => backend.slicesStrided!(g, x, y, [0, 0, 1], runs, 'softmax'),
    ];
    for (const call of calls) {
      const [expected, found] = [lines!, behind!].map((three) => {
        const [g, x, y] = three.map((buffer, seed) => {
          const array = new Floats(buffer!, 0, columns * (rows + 3));
          for (let i = 0; i < array.length; i++) array[i] = seed < 2 ? 4 * Math.sin(i + seed) : 7;
          return array;
        }) as [FloatArray, FloatArray, FloatArray];
        call(g, x, y);
        return y;
      });
      expect(Buffer.compare(bytesOf(found!), bytesOf(expected!))).toBe(0);
      expect([expected![0], expected![rows + 1]]).toEqual([7, 7]);
      expect(expected![1]).not.toBe(7);
    }
  });

  it('says where one memory is another under two buffers', () => {
    const [first, second] = buffers(4096, 0, 8);
    const [x, y] = [new Float32Array(first, 0, 600), new Float32Array(second, 0, 600)];
    const runs = {
      lengths: [20, 30],
      steps: [
        [30, 1],
        [1, 20],
      ],
    };
    x.fill(3);
    expect(backend.mapStrided!(undefined, x, y, [0, 0], runs, opOf.relu, 0, 0)).toBe(false);
    expect(x.every((value) => value === 3)).toBe(true);
    // Which the functions then copy.
    const shape = [20, 30];
    for (let i = 0; i < x.length; i++) x[i] = i;
    const from = new Tensor({ data: x, shape, strides: [1, 20] });
    const expected = from.clone();
    relu(from, { out: new Tensor(y, { shape }) });
    expect([...y]).toEqual([...expected.data]);
  });
});

describe.each(sets.map((name, set) => ({ name, set })))('$name, called without the package', ({ set }) => {
  const of = (record: Partial<Record64>) => ({ set, op: opOf.sigmoid, ...record });
  const map = (x: FloatArray, y: FloatArray) => raw(of({ kind: kinds.map }), x, y);
  const mapGrad = (g: FloatArray, x: FloatArray, y: FloatArray) => raw(of({ kind: kinds.gradient }), g, x, y);
  const softmax = (x: FloatArray, y: FloatArray) => raw(of({ kind: kinds.softmax, op: 0, length: 10 }), x, y);
  const softmaxGrad = (g: FloatArray, x: FloatArray, y: FloatArray) =>
    raw(of({ kind: kinds.softmaxGradient, op: 0, length: 10 }), g, x, y);
  // 100 elements, and the same memory 4 bytes on under another buffer; or all of it.
  const overlapping = buffers(404, 0, 4).map((buffer) => new Float32Array(buffer, 0, 100)) as [FloatArray, FloatArray];
  const same = buffers(400, 0, 0).map((buffer) => new Float32Array(buffer).fill(-1)) as [FloatArray, FloatArray];
  const other = new Float32Array(100);

  it.each([
    ['out ahead of x', overlapping[1], overlapping[0]],
    ['out behind x', overlapping[0], overlapping[1]],
  ])('refuses %s in one memory, whatever the buffers', (_, x, y) => {
    y.fill(3);
    for (const call of [
      () => map(x, y),
      () => mapGrad(other, x, y),
      () => softmax(x, y),
      () => softmaxGrad(other, x, y),
    ])
      expect(call).toThrow(new RangeError('out overlaps part of x; it may be x itself or separate memory'));
    for (const call of [() => mapGrad(x, other, y), () => softmaxGrad(x, other, y)])
      expect(call).toThrow(new RangeError('out overlaps part of grad; it may be grad itself or separate memory'));
    expect(y.every((value) => value === 3)).toBe(true);
  });

  it('takes the memory of x itself, whatever the buffers', () => {
    raw(of({ op: opOf.relu }), ...same);
    expect([...same[0]]).toEqual(new Array(100).fill(0));
  });
});

const hasLimits = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
describe.runIf(hasLimits && native.backends.length > 0)(
  'has threads take turns with memory that is there for one',
  () => {
    it.each([
      // 2^-22 is a subnormal half.
      ['rows', ' Set(1) { 4 }\n Set(1) { 4 }\n'],
      ['columns', ` Set(2) { 0, ${2 ** -21} }\n Set(1) { ${2 ** -22} }\n`],
    ])('%s', (slices, wanted) => {
      const script = join(import.meta.dirname, '../support/processes/memory-for-one.cjs');
      const { signal, stdout, stderr } = spawnSync(process.execPath, [script, slices], { encoding: 'utf8' });
      expect({ signal, stdout, stderr }).toEqual({ signal: null, stdout: wanted, stderr: '' });
    });
  },
);

it.runIf(hasLimits)(
  'gives long columns the same results where there is no memory to turn them into rows, or an error',
  () => {
    const script = join(import.meta.dirname, '../support/processes/little-memory.cjs');
    const noMemory = 'there is no memory to put the slices side by side';
    const { signal, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    expect({ signal, stdout, stderr }).toEqual({
      signal: null,
      stdout: `RangeError: softmax: ${noMemory}\nRangeError: softmaxGrad: ${noMemory}\nRangeError: softmax: there is no memory for the slices as floats true\ndone\n`,
      stderr: '',
    });
  },
);
