// WebAssembly: the bits of the addon in parts of any size, memory that grows, results that are written over inputs unseen; and why it
// does not serve where it does not. What the tests of all backends try is not tried here.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { activationNames, opOf } from '../../lib/activations/table.js';
import type { Backend, Conditions, Mask } from '../../lib/backends/backend.js';
import { native } from '../../lib/backends/native/native.js';
import { reference } from '../../lib/backends/reference.js';
import { Room } from '../../lib/backends/wasm/room.js';
import { wasm } from '../../lib/backends/wasm/wasm.js';
import type { FloatArray } from '../../lib/basics/floats.js';
import { backends, info, useBackend } from '../../lib/index.js';
import { buffers } from '../support/foreign.js';
import { random } from '../support/inputs.js';
import { bytesOf } from '../support/same.js';

const dist = join(import.meta.dirname, '../../dist');
const isBuilt = existsSync(join(dist, 'nonlin.wasm'));
const { backend, reason } = wasm();

it('serves, or says why not', () => {
  // npm run wasm:check.
  if (process.env.NONLIN_WASM === 'required') expect(reason).toBeUndefined();
  expect(backends().includes('wasm')).toBe(backend !== undefined);
  expect(info().wasmReason).toBe(reason ?? null);
  if (backend !== undefined) return;
  expect(() => useBackend('wasm')).toThrow(
    new Error(`useBackend: wasm cannot run here; ${backends().join(', ')} can (${reason})`),
  );
});

const kinds = [
  { Floats: Float32Array, dtype: 'float32', exact: false },
  { Floats: Float32Array, dtype: 'float32', exact: true },
  { Floats: Float64Array, dtype: 'float64', exact: false },
] as const;
type Floats = (typeof kinds)[number]['Floats'];

const best = native.backends[0]!;
const serves = backend !== undefined && native.backends.length > 0;

describe.runIf(serves).each(kinds)('the bits of the addon, $dtype, exact: $exact', ({ Floats, dtype, exact }) => {
  const numbers = (count: number, scale?: number) => Floats.from(random(dtype, count, scale));
  /** Runs f on both, with as many results as it is to have, and compares them. */
  const same = (count: number, f: (backend: Backend, ...results: [FloatArray, FloatArray]) => void) => {
    const [expected, found] = [best, backend!].map((one) => {
      const results: [FloatArray, FloatArray] = [new Floats(count), new Floats(count)];
      f(one, ...results);
      return results;
    });
    for (const k of [0, 1]) expect(Buffer.compare(bytesOf(found![k]!), bytesOf(expected![k]!))).toBe(0);
  };

  // Around a part, and several of them.
  it.each([1, 1023, 4096, 8192, 8193, 100_003])('gates of %i elements', (count) => {
    const [g, x, by] = [numbers(count, 2), numbers(count, 10), numbers(count, 3)];
    for (const name of ['sigmoid', 'gelu', 'silu', 'relu'] as const) {
      same(count, (one, y) => one.gate(x, by, y, opOf[name], 1, 0, exact));
      same(count, (one, dx, dby) => one.gateGrad(g, x, by, dx, dby, opOf[name], 1, 0, exact));
    }
  });

  it.each([
    [3, 5, 7],
    [40, 300, 1],
    [2, 3, 40_000],
    [1, 100_000, 1],
    [5, 2, 300],
  ])('slopes for channels of [%i, %i, %i]', (outer, length, inner) => {
    const count = outer * length * inner;
    const [g, x, slopes] = [numbers(count, 2), numbers(count, 2), numbers(length, 1)];
    same(count, (one, y, dx) => {
      one.channels(x, slopes, y, inner, exact);
      one.channelsGrad(g, x, slopes, dx, inner, exact);
    });
    const [found, expected] = [backend!, best].map((one) => {
      const sums = new Float64Array(length);
      one.channelSums(g, x, sums, inner);
      return sums;
    });
    expect(found).toEqual(expected);
  });

  // Rows and columns, those that take several parts, and one that the memory grows for.
  const shapes: [number, number, number][] = [
    [1, 1, 1],
    [3, 7, 1],
    [500, 130, 1],
    [2, 100_000, 1],
    [1, 1_000_000, 1],
    [7, 10, 3],
    [2, 90, 40],
    [1, 3, 70_000],
    [300, 20, 17],
  ];
  it.each(shapes)('slices of [%i, %i, %i]', (outer, length, inner) => {
    const count = outer * length * inner;
    const [g, x] = [numbers(count, 2), numbers(count, 30)];
    for (const slice of ['softmax', 'logSoftmax'] as const)
      same(count, (one, y, dx) => {
        one.slices(x, y, slice, length, inner, exact);
        one.slicesGrad(g, x, dx, slice, length, inner, exact);
      });
    const [found, expected] = [backend!, best].map((one) => {
      const parts = [new Float64Array(outer * inner), new Float64Array(outer * inner)] as const;
      one.logParts(x, ...parts, length, inner, exact);
      return parts;
    });
    expect(found).toEqual(expected);
  });

  it.each(shapes)('slices of [%i, %i, %i] under conditions', (outer, length, inner) => {
    const count = outer * length * inner;
    const [g, x] = [numbers(count, 2), numbers(count, 30)];
    const slab = length * inner;
    const lies = { along: inner, across: 1 };
    const halves =
      outer % 2 === 0
        ? [
            { size: 2, stride: slab },
            { size: outer / 2, stride: 0 },
          ]
        : [{ size: outer, stride: 0 }];
    const bytes = Uint8Array.from({ length: 2 * slab }, (_, i) => Number(i % 5 !== 0));
    const masks: (Mask | undefined)[] = [
      undefined,
      { data: bytes, additive: false, steps: halves, ...lies },
      { data: numbers(count, 3), additive: true, steps: [{ size: outer, stride: slab }], ...lies },
      { data: numbers(length, 3), additive: true, steps: [{ size: outer, stride: 0 }], along: 1, across: 0 },
    ];
    for (const mask of masks)
      for (const temperature of [1, 0.7, -2]) {
        const conditions: Conditions = { temperature, mask, zero: true };
        for (const slice of ['softmax', 'logSoftmax'] as const)
          same(count, (one, y, dx) => {
            one.conditioned(undefined, x, y, slice, length, inner, conditions, exact);
            one.conditioned(g, x, dx, slice, length, inner, conditions, exact);
          });
      }
  });

  it('gradients in the places of the inputs', () => {
    const count = 50_000;
    const [g, x] = [numbers(count, 2), numbers(count, 10)];
    const op = opOf.gelu;
    same(count, (one, first, second) => {
      first.set(g as Float32Array);
      one.mapGrad(first, x, first, op, 0, 0, exact);
      second.set(x as Float32Array);
      one.mapGrad(g, second, second, op, 0, 0, exact);
    });
    same(count, (one, first, second) => {
      first.set(g as Float32Array);
      second.set(x as Float32Array);
      one.gateGrad(first, x, second, first, second, op, 0, 0, exact);
    });
  });
});

describe.runIf(backend !== undefined)('memory', () => {
  /** Two arrays of one memory, the second some elements on, by two buffers that do not tell. */
  const foreign = (Floats: Floats, count: number, apart: number) =>
    buffers((count + apart) * Floats.BYTES_PER_ELEMENT, 0, apart * Floats.BYTES_PER_ELEMENT).map(
      (buffer) => new Floats(buffer, 0, count),
    );
  const cloned = (Floats: Floats, count: number, apart: number) => {
    const memory = new SharedArrayBuffer((count + apart) * Floats.BYTES_PER_ELEMENT);
    return [0, apart].map((first) => {
      const Shared = Floats as new (buffer: ArrayBufferLike, at: number, count: number) => FloatArray;
      return new Shared(structuredClone(memory), first * Floats.BYTES_PER_ELEMENT, count);
    });
  };

  it.each([
    ['of another addon', foreign],
    ['that is shared', cloned],
  ])('%s may have results over inputs', (_, overlapping) => {
    for (const Floats of [Float32Array, Float64Array])
      for (const [count, apart] of [
        [300, 1],
        [30_000, 5],
        [30_000, 9000],
      ] as const)
        for (const turn of [false, true]) {
          const pair = overlapping(Floats, count, apart);
          const [x, y] = (turn ? pair.reverse() : pair) as [FloatArray, FloatArray];
          const from = new Floats(count);
          for (let i = 0; i < count; i++) from[i] = Math.sin(i) * 5;
          const calls: ((x: FloatArray, y: FloatArray) => void)[] = [
            (x, y) => backend!.map(x, y, opOf.gelu, 0, 0),
            (x, y) => backend!.mapGrad(from, x, y, opOf.gelu, 0, 0),
            (x, y) => backend!.gate(from, x, y, opOf.silu, 1, 0),
            (x, y) => backend!.gateGrad(from, x, from, y, new Floats(count), opOf.silu, 1, 0),
            (x, y) => backend!.gateGrad(from, x, from, new Floats(count), y, opOf.silu, 1, 0),
            (x, y) => backend!.slices(x, y, 'softmax', 30, 1),
            (x, y) => backend!.slicesGrad(from, x, y, 'softmax', 10, 3),
            (x, y) =>
              backend!.conditioned(x, from, y, 'softmax', 30, 1, { temperature: 2, mask: undefined, zero: false }),
            (x, y) => backend!.channels(x, Floats.of(0.5, 2), y, 3),
          ];
          for (const call of calls) {
            const expected = new Floats(count);
            call(from.slice(), expected);
            x.set(from as Float32Array);
            call(x, y);
            expect(Buffer.compare(bytesOf(y), bytesOf(expected))).toBe(0);
          }
        }
  });

  it.runIf(serves)('that a call has made large is let go, and the next calls have another', () => {
    const x = Float32Array.from({ length: 18_000_000 }, (_, i) => ((i * 7919) % 1000) / 100);
    const [found, expected] = [backend!, best].map((one) => {
      const y = new Float32Array(x.length);
      one.slices(x, y, 'softmax', x.length, 1);
      return y;
    });
    expect(Buffer.compare(bytesOf(found!), bytesOf(expected!))).toBe(0);
    const [few, same] = [backend!, best].map((one) => {
      const y = new Float32Array(20_000);
      one.mapGrad(found!.subarray(0, y.length), x.subarray(0, y.length), y, opOf.gelu, 0, 0);
      return y;
    });
    expect(few).toEqual(same);
  });

  // After a call that has let its memory go.
  it.runIf(serves)(
    'that cannot grow leaves to TypeScript what does not fit, gradients and gates in place among it',
    () => {
      const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: { prototype: { grow: unknown } } } };
      const { prototype } = WebAssembly.Memory;
      const { grow } = prototype;
      // As large as inputs that may be written over are copied whole.
      const count = 2_700_000;
      const from = Float32Array.from({ length: count }, (_, i) => Math.sin(i) * 5);
      const calls: ((one: Backend, x: FloatArray, y: FloatArray) => void)[] = [
        (one, x, y) => one.map(x, y, opOf.gelu, 0, 0, true),
        (one, x, y) => one.mapGrad(from, x, y, opOf.gelu, 0, 0, true),
        (one, x, y) => one.gate(x, from, y, opOf.silu, 1, 0, true),
        (one, x, y) => one.gateGrad(from, x, from, y, new Float32Array(count), opOf.silu, 1, 0, true),
        (one, x, y) => one.slices(x, y, 'softmax', count, 1),
        (one, x, y) => one.channels(x, from.slice(0, 2), y, count / 2),
      ];
      prototype.grow = () => {
        throw new RangeError('no more');
      };
      try {
        for (const call of calls) {
          const [found, expected] = [backend!, reference].map((one) => {
            const [x, y] = foreign(Float32Array, count, 1) as [FloatArray, FloatArray];
            x.set(from);
            call(one, x, y);
            return y;
          });
          expect(Buffer.compare(bytesOf(found!), bytesOf(expected!))).toBe(0);
        }
      } finally {
        prototype.grow = grow;
      }
    },
  );

  it.runIf(serves)('is grown for columns and for the parts of logarithms as well', () => {
    // Each takes more behind its input than the pages for that have left, and more than the calls before.
    const values = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 1000) / 100);
    for (const [length, inner] of [
      [9000, 40],
      [30_000, 40],
    ] as const) {
      const x = values(length * inner);
      const [found, expected] = [backend!, best].map((one) => {
        const y = new Float32Array(x.length);
        if (length === 9000) one.slices(x, y, 'softmax', length, inner);
        else one.slicesGrad(x, x, y, 'softmax', length, inner);
        return y;
      });
      expect(Buffer.compare(bytesOf(found!), bytesOf(expected!))).toBe(0);
    }
    const x = values(4_000_000);
    const [found, expected] = [backend!, best].map((one) => {
      const y = new Float64Array(x.length);
      one.logParts(x, y.subarray(0, x.length / 2), y.subarray(x.length / 2), 2, x.length / 2);
      return y;
    });
    expect(Buffer.compare(bytesOf(found!), bytesOf(expected!))).toBe(0);
  });

  it('of no elements is left alone', () => {
    const none = new Float32Array();
    for (const name of activationNames) backend!.map(none, none, opOf[name], 1, 1);
    backend!.gateGrad(none, none, none, none, none, opOf.gelu, 0, 0);
  });

  it('grows as far as it may, and what is longer is left to TypeScript', () => {
    const memory = {
      buffer: new ArrayBuffer(2 ** 16),
      grow(pages: number) {
        if (this.buffer.byteLength + pages * 2 ** 16 > 2 ** 18) throw new RangeError('no more');
        const old = structuredClone(this.buffer, { transfer: [this.buffer] });
        this.buffer = new ArrayBuffer(old.byteLength + pages * 2 ** 16);
        return 1;
      },
    };
    const room = new Room(memory, 1000);
    expect(room.start).toBe(1024);
    expect(room.has(100)).toBe(true);
    expect(memory.buffer.byteLength).toBe(2 ** 16);
    expect(room.has(2 ** 17)).toBe(true);
    // Views are of the memory as it is now.
    room.put(Float32Array.of(1, 2, 3), 1024);
    const y = new Float32Array(3);
    room.take(y, 1024);
    expect([...y]).toEqual([1, 2, 3]);
    expect(room.has(2 ** 18)).toBe(false);
    expect(room.has(2 ** 40)).toBe(false);
    room.take(y, 1024);
    expect([...y]).toEqual([1, 2, 3]);
  });
});

/** What info() of the package says in a process whose code begins with some. Node 20 has relaxed SIMD where it is asked for. */
function load(before: string, variables: Record<string, string> = {}) {
  const options = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];
  const code = `${before}; const { info, sigmoid } = require(${JSON.stringify(join(dist, 'cjs/index.js'))});
    console.log(JSON.stringify({ ...info(), y: sigmoid(new Float32Array(200).fill(1), { precision: 'exact' })[199] }));`;
  const { stdout, stderr } = spawnSync(process.execPath, [...options, '-e', code], {
    env: { ...process.env, NONLIN_BACKEND: '', ...variables },
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as {
    backend: string;
    backends: string[];
    wasmReason: string | null;
    problems: string[];
    y: number;
  };
}
const noAddon = { NONLIN_BINARY: join(dist, 'no-such.node') };
/** The module's exports, some of them others. */
const exporting = (others: string) => `
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class { constructor(module) { this.exports = { ...new Instance(module).exports, ${others} } } }`;

/** Code in which a module is asked for that is not there. */
const elsewhere = `const fs = require('node:fs');
  const { readFileSync, existsSync } = fs;
  fs.readFileSync = (path, ...others) => readFileSync(/\\.wasm$/.test(path) ? path + '.none' : path, ...others);`;

it.each([
  [
    'a checkout',
    '',
    /^the module of WebAssembly is not built: `npm run wasm` makes [^ ]+[\\/]dist[\\/]nonlin\.wasm\.none$/,
  ],
  [
    'a package',
    `fs.existsSync = (path) => !/CMakeLists/.test(path) && existsSync(path)`,
    /^the module of WebAssembly is missing: [^ ]+nonlin\.wasm\.none$/,
  ],
])('without a module, %s says so', (_, code, reason) => {
  const { wasmReason } = load(`${elsewhere} ${code}`, noAddon);
  expect(wasmReason).toMatch(reason);
  expect(wasmReason).not.toContain('..');
});

describe.runIf(isBuilt)('where WebAssembly', () => {
  it.each([
    ['is not there', 'delete globalThis.WebAssembly', /^this engine does not take the module of WebAssembly: /],
    [
      'knows no relaxed SIMD',
      `WebAssembly.Module = class { constructor() { throw new Error('no such opcode') } }`,
      /: no such opcode$/,
    ],
    [
      'needs an option',
      `WebAssembly.Module = class { constructor() { throw new Error('enable with --experimental-relaxed-simd') } }`,
      /relaxed-simd; Node takes --experimental-wasm-relaxed-simd$/,
    ],
    ['rounds twice', exporting('fuses: () => 0'), /^WebAssembly rounds a multiply-add twice here/],
    ['computes something else', exporting('checksum: () => 1n'), /^WebAssembly computes wrong numbers here$/],
    ['is of other sources', exporting('about: () => 0'), /^the module of WebAssembly was built from other sources/],
    [
      'may not be read',
      `const fs = require('node:fs');
        const { readFileSync } = fs;
        fs.readFileSync = (path, ...others) => {
          if (/\\.wasm$/.test(path)) throw new Error('not allowed');
          return readFileSync(path, ...others);
        }`,
      /^the module of WebAssembly could not be read: not allowed$/,
    ],
  ])('%s, TypeScript serves and it is said why', (_, before, wasm) => {
    const found = load(before, { ...noAddon, NONLIN_BACKEND: 'wasm' });
    expect(found.backends).toEqual(['js']);
    expect(found.wasmReason).toMatch(wasm);
    expect(found.problems[0]).toMatch(/^NONLIN_BACKEND: wasm cannot run here; js can \(/);
    expect(found.y).toBe(Math.fround(1 / (1 + Math.exp(-1))));
  });

  it.runIf(serves)('serves where there is no addon, and where it is asked for', () => {
    expect(load('', noAddon)).toMatchObject({ backend: 'wasm', backends: ['wasm', 'js'], wasmReason: null });
    const { backend, problems } = load('', { NONLIN_BACKEND: 'wasm' });
    expect({ backend, problems }).toEqual({ backend: 'wasm', problems: [] });
  });

  it('is not looked at before it is asked for, where there is an addon', () => {
    const code = `WebAssembly.Module = class { constructor() { process.exit(3) } };
      require(${JSON.stringify(join(dist, 'cjs/index.js'))}).relu(new Float32Array(100))`;
    expect(spawnSync(process.execPath, ['-e', code]).status).toBe(native.backends.length > 0 ? 0 : 3);
  });
});
