// The .node file by itself: whatever JavaScript passes must end in an exception, never in a crash or a write elsewhere.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../lib/activations/signatures.js';
import { activationNames, opOf } from '../../lib/activations/table.js';
import { native } from '../../lib/backends/native/native.js';
import { info } from '../../lib/index.js';
import {
  block,
  blockOf,
  call,
  channels,
  conditioned,
  convert,
  headerBytes,
  inputsOf,
  kinds,
  logParts,
  outputsOf,
  type Record64,
  raw,
  sets,
  setThreads,
  strided,
} from '../support/raw.js';

const root = join(import.meta.dirname, '../..');
const f32 = (n: number) => new Float32Array(n);
const { gate, gateGradient, gradient, softmax, softmaxGradient } = kinds;
const extremes = [-1, 2 ** 31 - 1, -(2 ** 31)];

it('refuses what is not a record', () => {
  const wrong = [undefined, null, 1, 'x', {}, [], new Float32Array(64), new DataView(new ArrayBuffer(256))];
  for (const block of wrong) {
    expect(() => call(block)).toThrow(TypeError);
    expect(() => call(block, f32(3), f32(3))).toThrow(TypeError);
  }
  // A TypeError, or where Node-API takes it for an ArrayBuffer a RangeError.
  expect(() => call(new SharedArrayBuffer(256))).toThrow(Error);
  for (const bytes of [0, 8, headerBytes - 1]) expect(() => call(new ArrayBuffer(bytes))).toThrow(RangeError);
  const transferred = blockOf({ count: 4 }, 128);
  structuredClone(transferred, { transfer: [transferred] });
  expect(() => call(transferred)).toThrow(RangeError);
});

it('refuses what does not exist: a set, a kind of call, a row, an arithmetic', () => {
  const wrong: Partial<Record64>[] = [
    ...[...extremes, sets.length].map((set) => ({ set })),
    ...[...extremes, convert + 1].map((kind) => ({ kind })),
    ...[softmax, softmaxGradient, logParts, conditioned, strided.slices.kind].map((kind) => ({ kind, op: 2 })),
    ...[-1, 4].map((op) => ({ kind: strided.combine.kind, op })),
    ...[...extremes, activationNames.length].map((op) => ({ op })),
    ...[...extremes, 5].map((how) => ({ how })),
    // Numbers of 16 bits, which only rows, softmax and their gradients compute on.
    ...[kinds.gate, kinds.gateGradient, logParts, conditioned].map((kind) => ({ kind, how: 3 })),
  ];
  for (const record of wrong) {
    expect(() => raw(record, f32(3), f32(3), f32(3)), JSON.stringify(record)).toThrow(RangeError);
    expect(() => call(blockOf({ count: 4, ...record }, 128)), JSON.stringify(record)).toThrow(RangeError);
  }
});

describe('numbers of 16 bits', () => {
  const u16 = (n: number) => new Uint16Array(n);
  it('lie in a Uint16Array, behind the record or in arrays', () => {
    for (const how of [3, 4]) {
      const one = how === 3 ? 0x3c00 : 0x3f80;
      const [x, y] = [u16(1000).fill(one), u16(1000)];
      raw({ kind: kinds.map, op: opOf.identity, how }, x, y);
      expect(y).toEqual(x);
      raw({ kind: kinds.gradient, op: opOf.relu, how }, x, x, y);
      expect(y).toEqual(x);
      expect(() => raw({ kind: kinds.map, how }, f32(3), u16(3))).toThrow(TypeError);
      expect(() => raw({ kind: kinds.map, how }, u16(3), u16(4))).toThrow(RangeError);
      expect(() => raw({ kind: kinds.map, how }, x.subarray(1), x.subarray(0, 999))).toThrow(RangeError);
      for (const kind of [kinds.map, kinds.gradient]) {
        const most = kind === kinds.map ? 32 : 16;
        call(blockOf({ kind, how, count: most }, 128));
        expect(() => call(blockOf({ kind, how, count: most + 1 }, 128))).toThrow(RangeError);
      }
    }
  });

  it('are converted to and from floats, and nothing else is', () => {
    const arrays = new Map<number, Float32Array | Float64Array | Uint16Array>([
      [0, f32(3)],
      [2, new Float64Array(3)],
      [3, u16(3)],
      [4, u16(3)],
    ]);
    for (const [op, x] of arrays)
      for (const [how, y] of arrays) {
        if (x === y) continue;
        raw({ kind: convert, op, how }, x, y);
        expect(() => raw({ kind: convert, op, how }, x.subarray(1), y)).toThrow(RangeError);
        expect(() => raw({ kind: convert, op, how }, x)).toThrow(TypeError);
        expect(() => raw({ kind: convert, op, how }, new Int8Array(3), y)).toThrow(TypeError);
      }
    expect(() => call(blockOf({ kind: convert, op: 0, how: 3, count: 3 }, 128))).toThrow(TypeError);
    for (const wrong of [...extremes, 1, 5]) {
      expect(() => raw({ kind: convert, op: wrong, how: 0 }, f32(3), f32(3))).toThrow(RangeError);
      expect(() => raw({ kind: convert, op: 0, how: wrong }, f32(3), f32(3))).toThrow(RangeError);
    }
    const x = f32(4);
    expect(() => raw({ kind: convert, op: 0, how: 0 }, x.subarray(1), x.subarray(0, 3))).toThrow(RangeError);
  });
});

describe.each(Object.entries(kinds))('%s', (_, kind) => {
  const count = inputsOf(kind) + outputsOf(kind);
  const with_ = (place: number, value: unknown) =>
    Array.from({ length: count }, (_, i) => (i === place ? value : f32(3)));

  it('refuses what is not its arrays', () => {
    const wrong = [
      undefined,
      null,
      1,
      'x',
      {},
      [],
      new Int32Array(3),
      new Uint8Array(3),
      new Float64Array(3),
      new DataView(new ArrayBuffer(8)),
    ];
    for (let place = 0; place < count; place++) {
      for (const value of wrong) expect(() => raw({ kind }, ...with_(place, value))).toThrow(TypeError);
      expect(() => raw({ kind, how: 2 }, ...with_(place, new Float64Array(3)))).toThrow(TypeError);
      expect(() => raw({ kind }, ...with_(place, f32(4)))).toThrow(RangeError);
    }
    expect(() => raw({ kind }, ...with_(0, f32(3)).slice(1))).toThrow(TypeError);
  });

  it.each([
    [0, 16],
    [1, 16],
    [2, 8],
  ])('serves a block that is full, and not one with an element more: arithmetic %i', (how, most) => {
    const elements = Math.floor(most / inputsOf(kind));
    const record = {
      kind,
      op: kind === softmax || kind === softmaxGradient ? 0 : opOf.sigmoid,
      how,
      length: kind === softmax || kind === softmaxGradient ? elements : 1,
    };
    call(blockOf({ ...record, count: elements }, 128));
    for (const more of [...extremes, 0, elements + 1, 2 ** 29, 2 ** 30])
      expect(() => call(blockOf({ ...record, length: 1, count: more }, 128)), `${more}`).toThrow(RangeError);
  });

  it('survives anything', () => {
    const array = fc.oneof(
      fc.float32Array({ maxLength: 40 }),
      fc.float64Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 8 }),
      fc.anything(),
    );
    const word = fc.oneof(fc.integer({ min: -2, max: 70 }), fc.integer());
    const number = fc.oneof(fc.integer({ min: -2, max: 50 }), fc.double());
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 5 }),
        fc.array(number, { maxLength: 4 }),
        fc.integer({ min: 8, max: 300 }),
        fc.array(array, { maxLength: 6 }),
        (words, numbers, length, arrays) => {
          const block = new ArrayBuffer(8 * length);
          new Int32Array(block).set(words);
          new Int32Array(block)[1] = kind;
          new Float64Array(block, 32).set(numbers);
          try {
            call(block, ...arrays);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it('serves every set, small and large', () => {
  for (let set = 0; set < sets.length; set++) {
    const block = blockOf({ set, op: opOf.sigmoid, count: 4 }, headerBytes + 16);
    call(block);
    expect(new Float32Array(block, headerBytes)).toEqual(new Float32Array(4).fill(0.5));
    const y = f32(4);
    raw({ set, op: opOf.sigmoid }, f32(4), y);
    expect(y).toEqual(new Float32Array(4).fill(0.5));
  }
});

it('gives the same bits with any number of threads', () => {
  // Large enough to be shared, relu too, and in pieces that do not come out even; rows as well as columns.
  const x = Float32Array.from({ length: 36 * 17 * 1009 }, (_, i) => 10 * Math.sin(i));
  const calls: ((y: Float32Array) => unknown)[] = [
    ...activationNames
      .flatMap(casesOf)
      .flatMap(({ op, a, b }) => [
        (y: Float32Array) => raw({ op, a, b }, x, y),
        (y: Float32Array) => raw({ kind: gradient, op, a, b }, x, x, y),
      ]),
    (y) => raw({ kind: gate, op: opOf.gelu }, x, x, y),
    (y) => raw({ kind: gateGradient, op: opOf.gelu }, x, x, x, y, x.slice()),
    (y) => raw({ kind: gateGradient, op: opOf.gelu }, x, x, x, x.slice(), y),
    ...[{ length: 1009 }, { length: 17, inner: 1009 }].flatMap((slices) => [
      (y: Float32Array) => raw({ kind: softmax, ...slices }, x, y),
      (y: Float32Array) => raw({ kind: softmaxGradient, ...slices }, x, x, y),
    ]),
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
  setThreads(info().threads);
});

describe("the addon's own block", () => {
  const words = new Int32Array(block);
  const write = (record: Partial<Record64>) => {
    words.fill(0);
    words.set(new Int32Array(blockOf(record)));
  };
  const most = (block.byteLength - headerBytes) / 4;

  it('holds the record of a call without arguments, and its elements', () => {
    for (const [kind, expected] of [
      [kinds.map, 0.5],
      [gradient, 0.5],
      [gate, 0.25],
    ] as const) {
      write({ kind, op: kind === gradient ? opOf.relu : opOf.sigmoid, count: 2 });
      new Float32Array(block, headerBytes).set(kind === gradient ? [0.5, 0.5, 1, 1] : [0, 0, 0.5, 0.5]);
      call();
      expect(new Float32Array(block, headerBytes, 2)).toEqual(new Float32Array(2).fill(expected));
    }
    // Other memory is called as it is asked for, with this beside it.
    const other = blockOf({ op: opOf.relu, count: 1 }, 128);
    new Float32Array(other, headerBytes)[0] = -1;
    call(other);
    expect(new Float32Array(other, headerBytes)[0]).toBe(0);
    expect(() => call(undefined)).toThrow(TypeError);
  });

  it('is left alone by a record that is none, or of more elements than it holds', () => {
    const wrong: Partial<Record64>[] = [
      ...extremes.flatMap((n) => [{ set: n }, { kind: n }, { op: n }, { how: n }]),
      ...[conditioned, convert, channels.sums, ...Object.values(strided).map(({ kind }) => kind)].map((kind) => ({
        kind,
      })),
      ...[...extremes, 0, most + 1].map((count) => ({ count })),
      { kind: gradient, count: most / 2 + 1 },
      { kind: gateGradient, count: most / 3 + 1 },
      { kind: logParts, count: most / 6 + 1 },
      { kind: softmax, length: 3 },
    ];
    for (const record of wrong) {
      write({ count: 4, ...record });
      const before = block.slice(0);
      expect(() => call(), JSON.stringify(record)).toThrow(RangeError);
      expect(Buffer.from(block).equals(Buffer.from(before)), JSON.stringify(record)).toBe(true);
    }
    for (const record of [
      { count: most },
      { kind: gateGradient, count: most / 3 },
      { kind: logParts, count: most / 6 },
    ]) {
      write(record);
      call();
    }
  });

  it('is another for each copy of the addon and each thread, and its memory stays whatever becomes of the buffer', async () => {
    const code = `
      const { workerData, isMainThread, parentPort } = require('node:worker_threads');
      const run = (path, sigmoid, x) => {
        const copy = { exports: {} };
        process.dlopen(copy, path);
        const { block, call } = copy.exports;
        new Int32Array(block).set([0, 0, sigmoid, 0, 2]);
        const elements = new Float32Array(block, 64, 2).fill(x);
        call();
        const got = elements[0];
        // V8 moves the memory, and then it is no one's (Node 22 has transfer).
        for (const act of [() => structuredClone(block, { transfer: [block] }), () => block.transfer?.()])
          try {
            act();
          } catch {}
        globalThis.gc?.();
        call();
        return got;
      };
      const [path, sigmoid] = process.argv.slice(2);
      const all = isMainThread ? [run(path, sigmoid, 0), run(path, sigmoid, 100)] : [run(path, sigmoid, -1000)];
      if (!isMainThread) return parentPort.postMessage(all[0]);
      const { Worker } = require('node:worker_threads');
      const started = Array.from({ length: 4 }, () => new Worker(__filename, { argv: process.argv.slice(2) }));
      Promise.all(started.map((w) => new Promise((resolve, reject) => w.on('message', resolve).on('error', reject)))).then((got) => {
        globalThis.gc?.();
        console.log(JSON.stringify([...all, ...got, run(path, sigmoid, 0)]));
      });
    `;
    const folder = mkdtempSync(join(tmpdir(), 'nonlin-'));
    try {
      const file = join(folder, 'block.cjs');
      writeFileSync(file, code);
      const said = execFileSync(process.execPath, ['--expose-gc', file, native.path!, String(opOf.sigmoid)], {
        encoding: 'utf8',
      });
      expect(JSON.parse(said)).toEqual([0.5, 1, 0, 0, 0, 0, 0.5]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('works in many workers at once, and survives their end while busy', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { call, setThreads } = require(workerData.path);
    setThreads(2);
    const record = (op) => {
      const block = new ArrayBuffer(64);
      new Int32Array(block).set([0, 0, op, 0]);
      return block;
    };
    const x = new Float32Array(300000).fill(1);
    const y = new Float32Array(x.length);
    call(record(workerData.sigmoid), x, y);
    parentPort.postMessage(y[299999]);
    for (;;) call(record(workerData.gelu), x, y);
  `;
  const workers = Array.from(
    { length: 8 },
    () => new Worker(code, { eval: true, workerData: { path: native.path, sigmoid: opOf.sigmoid, gelu: opOf.gelu } }),
  );
  const results = await Promise.all(
    workers.map((w) => new Promise((resolve, reject) => w.on('message', resolve).on('error', reject))),
  );
  expect(results).toEqual(Array(8).fill(Math.fround(1 / (1 + Math.exp(-1)))));
  await Promise.all(workers.map((worker) => worker.terminate()));
});

// Node 20 cannot transfer what is not its own; Node 22 can.
it.runIf('transfer' in ArrayBuffer.prototype)(
  'what a thread took along of its block is memory when it has ended',
  async () => {
    const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { block } = require(workerData);
    if (parentPort !== null) {
      const moved = block.transfer();
      parentPort.postMessage(moved, [moved]);
    }
  `;
    const start = () => new Worker(code, { eval: true, workerData: native.path });
    const first = start();
    const moved = await new Promise<ArrayBuffer>((resolve) => first.once('message', resolve));
    await new Promise((resolve) => first.once('exit', resolve));
    // The next one has that block again, and nobody else that memory.
    const next = start();
    const again = await new Promise<ArrayBuffer>((resolve) => next.once('message', resolve));
    new Uint8Array(again).fill(7);
    expect(new Uint8Array(moved).every((byte) => byte === 7)).toBe(true);
  },
);

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
            const [t, out] = [x.T, y.T];
            calls.set(key + ' strided', () => nonlin.softmax(t, { out, dim, precision: 'exact' }));
            calls.set(key + ' strided gelu', () => nonlin.geluGrad(t, t, { out, precision: 'exact' }));
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

it('exports nothing from the objects of an instruction set but its table and what bears its name', () => {
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
    // The folder of an object bears the set's name as well.
    const [, set] = /(avx2|avx512|neon)\.dir/.exec(object)!;
    expect(names.filter((name) => !name.startsWith(`nonlin::${set}_rows::`))).toEqual([`nonlin::${set}`]);
  }
});
