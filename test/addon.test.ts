// The .node file by itself: whatever JavaScript passes must end in an exception, never in a crash or a write elsewhere.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activationNames } from '../lib/activations.js';
import { opOf } from '../lib/backend.js';
import { native } from '../lib/native.js';
import { softmaxOp } from '../lib/small.js';

type Anything = (...args: unknown[]) => unknown;
type Set = { map: Anything; mapGrad: Anything; softmax: Anything; softmaxGrad: Anything };
const {
  sets: addon,
  setThreads,
  small,
} = require(native.path!) as { sets: Record<string, Set>; setThreads(n: number): void; small: Anything };

const root = join(import.meta.dirname, '..');

const noIntegers = [
  NaN,
  Infinity,
  -Infinity,
  0.5,
  1.5,
  3 - 2 ** -51,
  -0.5,
  2 ** -1074,
  '1',
  1n,
  true,
  null,
  undefined,
  {},
  [],
];

describe.each(Object.keys(addon))('%s', (isa) => {
  const set = addon[isa]!;
  const functions: [string, Anything][] = [
    ['map', set.map],
    ['mapGrad', set.mapGrad],
    ['softmax', set.softmax],
    ['softmaxGrad', set.softmaxGrad],
  ];
  const f32 = (n: number) => new Float32Array(n);

  it.each(functions)('%s refuses what is not its arrays', (_, f) => {
    const wrong = [
      undefined,
      null,
      1,
      'x',
      {},
      [],
      new Int32Array(3),
      new Uint8Array(3),
      new DataView(new ArrayBuffer(8)),
    ];
    for (const x of wrong) {
      expect(() => f(x, f32(3), f32(3), 1, 1)).toThrow(TypeError);
      expect(() => f(f32(3), x, f32(3), 1, 1)).toThrow(TypeError);
    }
    expect(() => f()).toThrow(TypeError);
    expect(() => f(f32(3), new Float64Array(3), f32(3), 1, 1)).toThrow(TypeError);
    expect(() => f(f32(3), f32(4), f32(3), 1, 1)).toThrow(RangeError);
  });

  it('map refuses what is not the number of an activation', () => {
    for (const op of [-1, activationNames.length, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, 1e300, -(2 ** 31)])
      expect(() => set.map(f32(3), f32(3), op)).toThrow(RangeError);
    for (const op of noIntegers) expect(() => set.map(f32(3), f32(3), op)).toThrow(TypeError);
    expect(() => set.map(f32(3), f32(3))).toThrow(TypeError);
    expect(() => set.map(f32(3), f32(3), -0)).not.toThrow();
  });

  it.each(functions)('%s writes nothing where a number is no integer', (name, f) => {
    const gradient = name.endsWith('Grad');
    for (const wrong of noIntegers) {
      for (const numbers of name.startsWith('map')
        ? [[wrong]]
        : [
            [wrong, 1],
            [1, wrong],
            [wrong, wrong],
          ]) {
        const y = f32(3).fill(7);
        expect(() => f(...(gradient ? [f32(3)] : []), f32(3), y, ...numbers)).toThrow(TypeError);
        expect(y).toEqual(f32(3).fill(7));
      }
    }
  });

  it('softmax refuses a shape that does not fit', () => {
    const sizes = [0, -1, 3, 7, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300];
    for (const size of sizes) {
      expect(() => set.softmax(f32(4), f32(4), size, 1)).toThrow(RangeError);
      expect(() => set.softmax(f32(4), f32(4), 1, size)).toThrow(RangeError);
      expect(() => set.softmax(f32(4), f32(4), size, size)).toThrow(RangeError);
    }
    expect(() => set.softmax(f32(4), f32(4))).toThrow(TypeError);
  });

  it.each(functions)('%s survives anything', (_, f) => {
    const array = fc.oneof(
      fc.float32Array({ maxLength: 40 }),
      fc.float64Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 8 }),
      fc.anything(),
    );
    const number = fc.oneof(fc.integer({ min: -2, max: 50 }), fc.double(), fc.anything());
    fc.assert(
      fc.property(fc.array(array, { maxLength: 4 }), fc.array(number, { maxLength: 4 }), (arrays, numbers) => {
        try {
          f(...arrays, ...numbers);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 200 },
    );
  });
});

it('gives the same bits with any number of threads', () => {
  const set = Object.values(addon)[0]!;
  // Large enough to be shared, relu too, and in pieces that do not come out even; rows as well as columns.
  const x = Float32Array.from({ length: 36 * 17 * 1009 }, (_, i) => 10 * Math.sin(i));
  const calls: ((y: Float32Array) => unknown)[] = [
    ...[0, 1, 2, 3, 4, 5].map((op) => (y: Float32Array) => set.map(x, y, op)),
    ...[0, 1, 2, 3, 4, 5].map((op) => (y: Float32Array) => set.mapGrad(x, x, y, op)),
    (y) => set.softmax(x, y, 1009, 1),
    (y) => set.softmax(x, y, 17, 1009),
    (y) => set.softmaxGrad(x, x, y, 1009, 1),
    (y) => set.softmaxGrad(x, x, y, 17, 1009),
  ];
  const run = (threads: number) => {
    setThreads(threads);
    return calls.map((call) => {
      const y = new Float32Array(x.length);
      call(y);
      return Buffer.from(y.buffer);
    });
  };
  const expected = run(1);
  for (const threads of [2, 3, 8])
    for (const [i, y] of run(threads).entries())
      expect(y.equals(expected[i]!), `call ${i}, ${threads} threads`).toBe(true);
  setThreads(1);
});

it('setThreads refuses what is not a number of threads', () => {
  for (const wrong of noIntegers) expect(() => setThreads(wrong as number)).toThrow(TypeError);
  for (const wrong of [0, -1, 257, 2 ** 32 + 1, 2 ** 53, 1e300]) expect(() => setThreads(wrong)).toThrow(RangeError);
  expect(() => (setThreads as Anything)()).toThrow(TypeError);
});

describe('small', () => {
  /** A block of `bytes` for a call that is served where they suffice: sigmoid of 4 elements, but for these words. */
  const blockOf = (bytes: number, words: Partial<typeof call>) => {
    const block = new ArrayBuffer(bytes);
    new Int32Array(block).set(Object.values({ ...call, ...words }));
    return block;
  };
  const call = { set: 0, op: opOf.sigmoid, how: 0, arrays: 1, count: 4, length: 1, inner: 1 };
  const header = 64;

  it('serves every set', () => {
    for (let set = 0; set < Object.keys(addon).length; set++) {
      const block = blockOf(header + 16, { set });
      small(block);
      expect(new Float32Array(block, header)).toEqual(new Float32Array(4).fill(0.5));
    }
  });

  it('refuses what is not a block', () => {
    const wrong = [undefined, null, 1, 'x', {}, [], new Float32Array(64), new DataView(new ArrayBuffer(256))];
    for (const block of wrong) expect(() => small(block)).toThrow(TypeError);
    expect(() => small()).toThrow(TypeError);
    // A TypeError, or where Node-API takes it for an ArrayBuffer a RangeError.
    expect(() => small(new SharedArrayBuffer(256))).toThrow(Error);
    for (const bytes of [0, 8, header - 1]) expect(() => small(new ArrayBuffer(bytes))).toThrow(RangeError);
    const transferred = blockOf(128, {});
    structuredClone(transferred, { transfer: [transferred] });
    expect(() => small(transferred)).toThrow(RangeError);
  });

  it('refuses a call that its block does not hold', () => {
    const extremes = [-1, 2 ** 31 - 1, -(2 ** 31)];
    const wrong: Partial<typeof call>[] = [
      ...[...extremes, Object.keys(addon).length].map((set) => ({ set })),
      ...[...extremes, softmaxOp + 1].map((op) => ({ op })),
      ...[...extremes, 3].map((how) => ({ how })),
      ...[...extremes, 0, 3].map((arrays) => ({ arrays })),
      ...[...extremes, 0, 17, 2 ** 29, 2 ** 30].map((count) => ({ count })),
      ...[...extremes, 0, 3, 8, 2 ** 16].flatMap((size) => [
        { op: softmaxOp, length: size },
        { op: softmaxOp, inner: size },
        { op: softmaxOp, length: size, inner: size },
      ]),
    ];
    for (const words of wrong) expect(() => small(blockOf(128, words)), JSON.stringify(words)).toThrow(RangeError);
  });

  it.each([
    [0, 16],
    [1, 16],
    [2, 8],
  ])('serves a block that is full, and not one with an element more: arithmetic %i', (how, most) => {
    for (const op of [opOf.sigmoid, softmaxOp]) {
      for (const arrays of [1, 2]) {
        const count = most / arrays;
        small(blockOf(128, { op, how, arrays, count, length: count }));
        expect(() => small(blockOf(128, { op, how, arrays, count: count + 1 }))).toThrow(RangeError);
      }
    }
  });

  it('survives anything', () => {
    const word = fc.oneof(fc.integer({ min: -2, max: 70 }), fc.integer());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 7 }), fc.integer({ min: 16, max: 600 }), (words, length) => {
        const block = new Int32Array(length);
        block.set(words);
        try {
          small(block.buffer);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

it('works in many workers at once, and survives their end while busy', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { sets, setThreads } = require(workerData);
    setThreads(2);
    const [set] = Object.values(sets);
    const x = new Float32Array(300000).fill(1);
    const y = new Float32Array(x.length);
    set.map(x, y, 1);
    parentPort.postMessage(y[299999]);
    for (;;) set.map(x, y, 3);
  `;
  const workers = Array.from({ length: 8 }, () => new Worker(code, { eval: true, workerData: native.path }));
  const results = await Promise.all(
    workers.map((w) => new Promise((resolve, reject) => w.on('message', resolve).on('error', reject))),
  );
  expect(results).toEqual(Array(8).fill(Math.fround(1 / (1 + Math.exp(-1)))));
  await Promise.all(workers.map((worker) => worker.terminate()));
});

it('needs little of the stack: no crash in a worker that has recursed to its end', async () => {
  // In a process of its own, which a crash would end.
  const code = `
    const { Worker, isMainThread, workerData } = require('node:worker_threads');
    const deep = (calls) => {
      try {
        deep(calls);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      // Those nearest to the end have no room to be called at all.
      for (const [name, call] of calls) {
        try {
          call();
          calls.delete(name);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }
    };
    if (isMainThread) {
      new Worker(__filename, { argv: process.argv.slice(2) });
    } else {
      const nonlin = require(process.argv[2]);
      const calls = new Map();
      for (const Floats of [Float32Array, Float64Array]) {
        for (const shape of [[3, 10000], [100, 300], [10000, 3]]) {
          for (const dim of [0, 1]) {
            const x = new nonlin.Tensor(new Floats(30000), { shape });
            const y = new nonlin.Tensor(new Floats(30000), { shape });
            const key = [Floats.name, shape, dim].join();
            calls.set(key, () => nonlin.softmax(x, { out: y, dim }));
            calls.set(key + ' gradient', () => nonlin.softmaxGrad(x, x, { out: y, dim }));
            calls.set(key + ' gelu', () => nonlin.gelu(x, { out: y, precision: 'exact' }));
          }
        }
      }
      deep(calls);
      console.log(calls.size);
    }
  `;
  const directory = mkdtempSync(join(tmpdir(), 'nonlin-'));
  try {
    const file = join(directory, 'deep.cjs');
    writeFileSync(file, code);
    const output = execFileSync(process.execPath, [file, join(root, 'dist', 'cjs', 'index.js')], { encoding: 'utf8' });
    expect(output).toBe('0\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('gives each worker its own memory for small calls', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { sigmoidGrad, tanh } = require(workerData.path);
    const x = new Float32Array(40).fill(workerData.x);
    const y = new Float32Array(40);
    const results = new Set();
    for (let i = 0; i < 20000; i++) {
      for (const value of tanh(x, { out: y })) results.add(value);
      for (const value of sigmoidGrad(y, x, { out: y })) results.add(value);
    }
    parentPort.postMessage([...results]);
  `;
  const path = join(root, 'dist', 'cjs', 'index.js');
  const workers = [-2, -1, 1, 2].map((x) => new Worker(code, { eval: true, workerData: { path, x } }));
  const results = await Promise.all(
    workers.map((w) => new Promise<number[]>((resolve, reject) => w.on('message', resolve).on('error', reject))),
  );
  for (const values of results) expect(values.length).toBe(2);
  expect(new Set(results.flat()).size).toBe(8);
});

it('exports nothing from the objects of an instruction set but its table', () => {
  // Inline code with external linkage would be merged by the linker, and an older CPU would run the newer one's.
  const objects = readdirSync(join(root, 'build', 'CMakeFiles'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /kernels\.cpp\.o(bj)?$/.test(name),
  );
  expect(objects.length).toBeGreaterThan(0);
  for (const object of objects) {
    const symbols = execFileSync('nm', ['-C', '-g', '--defined-only', join(root, 'build', 'CMakeFiles', object)], {
      encoding: 'utf8',
    });
    const names = symbols
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\S+ \S /, ''));
    expect(names).toEqual([expect.stringMatching(/^nonlin::(avx2|avx512|neon)$/)]);
  }
});
