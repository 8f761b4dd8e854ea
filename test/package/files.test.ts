// nonlin/files as a user gets it: the Tensor is that of the main entry, in both kinds of module and in a browser; types; what it loads.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as files from '../../lib/files.js';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'nonlin-files-pack-'));
const installed = join(folder, 'node_modules/nonlin');
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

beforeAll(() => {
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'dist']) cpSync(join(root, name), join(installed, name), { recursive: true });
});

it('has one Tensor with the main entry, required or imported', () => {
  const code = `(async () => {
    const { Tensor } = require('nonlin');
    const required = require('nonlin/files');
    const imported = await import('nonlin/files');
    const bytes = required.writeNpz({ x: new Tensor([1]) });
    for (const { readNpz } of [required, imported]) console.log(readNpz(bytes).get('x') instanceof Tensor);
    console.log(Object.keys(required).every((name) => imported[name] === required[name]), Object.keys(required).sort().join());
    console.log(Object.keys(require.cache).map((file) => require('path').basename(file)).sort().join());
  })()`;
  const names = Object.keys(files).sort().join();
  expect(run('-e', code)).toBe(`true\ntrue\ntrue ${names}\nfiles.js,index.js`);
});

it('writes 16-bit numbers that are no Tensor of the package', () => {
  const code = `
    const { Tensor } = require('nonlin');
    const { readNpy, writeNpy, readSafetensors, writeSafetensors } = require('nonlin/files');
    const x = new Tensor([1, -2]).to('float16');
    for (const given of [structuredClone(x), { data: x.data, shape: [2], dtype: 'float16' }, { data: x.data, dims: [2], type: 'float16' }])
      console.log(readNpy(writeNpy(given)).equals(x), readSafetensors(writeSafetensors({ given })).get('given').equals(x));`;
  expect(run('-e', code)).toBe('true true\ntrue true\ntrue true');
});

it('asks Node for nothing before it is called', () => {
  const code = `
    const { getBuiltinModule } = process;
    const asked = [];
    const { _load } = require('module');
    require('module')._load = (name, ...rest) => (/^node:/.test(name) && asked.push(name), _load(name, ...rest));
    if (getBuiltinModule) process.getBuiltinModule = (name) => (asked.push(name), getBuiltinModule(name));
    const { Tensor } = require('nonlin');
    asked.length = 0;
    const { readNpy, writeNpy } = require('nonlin/files');
    readNpy(writeNpy(new Tensor([1])));
    console.log(asked.join());`;
  expect(run('-e', code)).toBe('');
});

describe('in a browser', () => {
  it('reads and writes bytes, and says that there are no files', () => {
    const module = join('node_modules/nonlin/dist/esm/files.js');
    expect(readFileSync(join(folder, module), 'utf8')).not.toMatch(
      /\b(process|require|__dirname|__filename|Buffer)\b|\bnode:/,
    );
    const bytes = [...files.writeNpz({ x: Array.from({ length: 500 }, (_, i) => i) }, { compress: true })];
    writeFileSync(
      join(folder, 'browser.mjs'),
      `for (const name of ['process', 'Buffer', 'global', 'require', 'navigator']) delete globalThis[name];
      const { readNpz, writeNpz, readSafetensors, writeSafetensors, load, save } = await import('./${module}');
      const { Tensor } = await import('./node_modules/nonlin/dist/esm/index.js');
      const x = readNpz(Uint8Array.of(${bytes})).get('x');
      const packed = writeNpz({ x }, { compress: true });
      const flipped = Uint8Array.from(packed, (byte, i) => (i === 100 ? byte ^ 1 : byte));
      const large = packed.slice();
      const refused = (act) => { try { act(); return 'none' } catch ({ name, message }) { return name + ' ' + message } };
      console.log(x instanceof Tensor, x.item(499), packed.length < 1500, readNpz(packed).get('x').equals(x));
      console.log(readSafetensors(writeSafetensors({ x })).get('x').equals(x));
      console.log(refused(() => readNpz(flipped).get('x')));
      const noise = writeNpz({ x: Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i * i)) }, { compress: true });
      noise.fill(0, 9000, 9100);
      console.log(readNpz(noise).info('x').shape, refused(() => readNpz(noise).get('x')));
      for (const act of [() => load('x.npy'), () => save('x.npy', x)]) console.log(await act().catch(({ message }) => message));`,
    );
    const [first, second, damaged, start, ...none] = run('browser.mjs').split('\n');
    expect([first, second]).toEqual(['true 499 true true', 'true']);
    expect(damaged).toMatch(/^RangeError get: the \.npz file: in "x": its (deflated )?bytes are damaged/);
    // By its start, behind which it is damaged.
    expect(start).toMatch(/^\[ 5000 \] RangeError get: .*damaged/);
    for (const message of none)
      expect(message).toMatch(
        /: x\.npy: a browser has no files by name: readNpy, readNpz and readSafetensors take bytes$/,
      );
    expect(none.length).toBe(2);
  });
});

it('has types, in both kinds of module and as a bundler finds them', () => {
  const text = `import { type DType, Tensor } from 'nonlin';
    import { load, open, readNpy, readNpz, readNumbers, readSafetensors, save, type TensorFile, type Tensors, writeNpy, writeNpz } from 'nonlin/files';
    const x: Tensor<DType> = readNpy(writeNpy(new Tensor([1])), { dtype: 'float64' });
    const all: Tensors = readNpz(writeNpz({ x, y: [1, 2] }, { compress: true }));
    const some: Record<string, Tensor<DType>> = Object.fromEntries(all);
    const shape: readonly number[] = readNumbers(writeNpy(x)).shape;
    const metadata: string | undefined = readSafetensors(new Uint8Array()).metadata.format;
    export const later = async () => {
      const file: TensorFile = await open('x.npz');
      for await (const [name, tensor] of file) console.log(name, tensor.shape);
      await save('x.npy', await load(new URL('file:///x.npy'), { name: 'x' }));
      // @ts-expect-error: names are text
      await load('x.npz', { name: 1 });
    };
    console.log(new Map(all).size, some, shape, metadata);`;
  for (const kind of ['mts', 'cts']) writeFileSync(join(folder, `types.${kind}`), text);
  const tsc = (...args: string[]) =>
    run(join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022', ...args);
  expect(tsc('--module', 'node20', 'types.mts', 'types.cts')).toBe('');
  expect(tsc('--module', 'esnext', '--moduleResolution', 'bundler', 'types.mts')).toBe('');
});
