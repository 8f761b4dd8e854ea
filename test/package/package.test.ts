// The package as a user gets it: packed, installed in an empty folder, required, imported, and with its binary gone.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { pack } from '../../tools/packages.mjs';

const root = join(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
/** What can be imported in the place of nonlin: `nonlin`, `nonlin/js` and so on. */
const entries = Object.keys(manifest.exports!)
  .filter((name) => !['./package.json', './files', './streams'].includes(name))
  .map((name) => name.replace(/^\./, 'nonlin'));
const platform = `${process.platform}-${process.arch}`;
const here = `nonlin/${platform}`;
const folder = mkdtempSync(join(tmpdir(), 'nonlin-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (command: string, ...args: string[]) => {
  // npm passes its own configuration on in variables, which would count here as a user's.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NONLIN_/i.test(name)));
  return execFileSync(command, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
};
const node = (code: string) => run('node', '-e', code).trim();

it('has no dependency, no install script, and one version', () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(Object.keys(manifest.scripts!)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/install|prepare/)]),
  );
  expect(readdirSync(root)).not.toContain('binding.gyp');
  expect(manifest.version).toBe(nonlin.version);
});

describe('packed and installed', () => {
  beforeAll(() => {
    // What is packed is what was built for this test run.
    const tarballs = pack({ [platform]: join(root, 'prebuilds', platform, 'nonlin.node') }, folder);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    run('npm', 'install', '--offline', '--no-audit', '--no-fund', ...tarballs);
  });

  const demo = `
    const { Tensor, ReLU, Softmax, info } = require('nonlin');
    console.log(String(new ReLU()(new Tensor([[-1, 0, 1, 2]]))), String(new Softmax()(new Tensor([1, 2, 3]))));
    console.log(info().native === null, info().reason);
  `;

  it('calls a Tensor so, whatever its class is called in the bundle', () => {
    const code = `const { relu, Tensor } = require('nonlin'); try { relu(new Float32Array(1), new Tensor([1])) } catch (e) { console.log(e.message) }`;
    expect(node(code)).toMatch(/got a Tensor; pass/);
  });

  it('calls each function and class as it is exported', () => {
    const code = `const other = Object.entries(require('nonlin')).filter(([name, of]) => typeof of === 'function' && of.name !== name);
      console.log(other.map(([name, of]) => name + ' ' + of.name).join());
      try { require('nonlin').Tensor([1]); } catch (error) { console.log(error.message); }`;
    expect(node(code)).toBe("swish silu,swishGrad siluGrad\nClass constructor Tensor cannot be invoked without 'new'");
  });

  it('works where native code is', () => {
    expect(node(demo)).toBe('[[0, 0, 1, 2]] [0.0900, 0.2447, 0.6652]\nfalse null');
  });

  it.each(entries)('%s is one instance for require and import, with the same names as every other', (entry) => {
    const code = `import('${entry}').then((m) => {
      const required = require('${entry}');
      const same = Object.keys(required).every((name) => m[name] === required[name]);
      console.log(same, 'default' in m && typeof m.default.relu, Object.keys(required).sort().join());
    })`;
    expect(node(code)).toBe(`true function ${Object.keys(nonlin).sort().join()}`);
  });

  it('has the same types in every entry, in both kinds of module and as a bundler finds them', () => {
    const text = (entry: string) => `import { gelu, type Info, info, ReLU, Softmax, Tensor } from '${entry}';
      const facts: Info = info();
      const y: Float32Array = gelu(Float32Array.of(1), { approximate: 'tanh' });
      const t: Tensor = new Softmax({ dim: 0 }).forward(new Tensor([1, 2, 3]));
      // @ts-expect-error: there is no such name
      import { nothing } from '${entry}';
      // @ts-expect-error: an option by itself
      gelu(y, 'tanh');
      // @ts-expect-error: there is no option
      new ReLU(5);
      console.log(facts.problems.length, y, t);`;
    const files = entries.flatMap((entry, i) =>
      ['mts', 'cts'].map((kind) => {
        writeFileSync(join(folder, `types${i}.${kind}`), text(entry));
        return `types${i}.${kind}`;
      }),
    );
    const tsc = (...args: string[]) =>
      run('node', join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022', ...args);
    expect(tsc('--module', 'node20', ...files)).toBe('');
    const modules = files.filter((name) => name.endsWith('.mts'));
    expect(tsc('--module', 'esnext', '--moduleResolution', 'bundler', ...modules)).toBe('');
  });

  it('loads one file of JavaScript', () => {
    const code = `require('nonlin'); console.log(Object.keys(require.cache).map((file) => require('path').relative('.', file)).join())`;
    expect(node(code)).toBe(join('node_modules', 'nonlin', 'dist', 'cjs', 'index.js'));
  });

  it('nonlin/js looks for no native code, whatever the variables say', () => {
    const code = `
      process.dlopen = () => { throw new Error('it opens an addon') };
      const { relu, info } = require('nonlin/js');
      console.log(relu(Float32Array.of(-1, 2)).join(), info().backend, info().reason, info().problems.length)`;
    expect(node(code)).toMatch(/^0,2 js this build has no addon: nonlin\/js has none.* 0$/);
  });

  it('nonlin/streams has streams of the functions of nonlin itself', () => {
    const code = `import('nonlin/streams').then(async (m) => {
      const { transformIterable, transform } = require('nonlin/streams');
      const { useBackend, Tensor } = require('nonlin');
      useBackend('js');
      const loaded = Object.keys(require.cache).filter((file) => /index\\.js$/.test(file)).length;
      const x = Float32Array.of(1, 3, 2, 2);
      for await (const y of transformIterable('softmax', [x], { row: 2, mask: new Tensor([0, 0]) })) console.log(y.length, y[2]);
      for await (const y of require('stream').Readable.from([x]).compose(transform('relu'))) console.log(y.join());
      console.log(loaded, m.transform === transform, Object.keys(m).filter((name) => /^t/.test(name)).sort().join());
    })`;
    expect(node(code)).toBe('4 0.5\n1,3,2,2\n1 true transform,transformIterable,transformStream');
  });

  it('nonlin/streams has types, with those of Node where there is Node', () => {
    const text = (names: string) => `import { ${names}, type StreamName } from 'nonlin/streams';
      const name: StreamName = 'gelu';
      for await (const y of transformIterable(name, [Float32Array.of(1)])) console.log(y.fill(0));
      // @ts-expect-error: there is no such option
      transformStream('relu', { row: 2, alpha: 1 });`;
    const tsc = (...args: string[]) =>
      run('node', join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022', ...args);
    const piped = "transform('softmax', { row: 2, dtype: 'float16' }).pipe(process.stdout);";
    writeFileSync(join(folder, 'node.mts'), `${text('transform, transformIterable, transformStream')}\n${piped}`);
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
    expect(tsc('--module', 'node20', ...types, 'node.mts')).toBe('');
    writeFileSync(join(folder, 'web.mts'), text('transformIterable, transformStream'));
    expect(tsc('--module', 'esnext', '--moduleResolution', 'bundler', 'web.mts')).toBe('');
  });

  it('nonlin/streams has nothing of Node under the default condition', () => {
    const module = join('node_modules', 'nonlin', 'dist', 'esm', 'streams.js');
    const code = `
      for (const name of ['process', 'Buffer', 'global', 'require', 'navigator']) delete globalThis[name];
      const { transformStream, ...others } = await import('./${module}');
      const stream = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(6)); c.enqueue(new Uint8Array(2)); c.close() } });
      for await (const y of stream.pipeThrough(transformStream('sigmoid', { dtype: 'float32' }))) console.log(new Float32Array(y.buffer).join());
      console.log(Object.keys(others).join());`;
    expect(readFileSync(join(folder, module), 'utf8')).not.toMatch(/\b(process|require|Buffer)\b|\bnode:/);
    writeFileSync(join(folder, 'streams.mjs'), code);
    expect(run('node', 'streams.mjs').trim()).toBe('0.5\n0.5\ntransformIterable');
  });

  it('is an ES module without anything of Node under the default condition', () => {
    const module = join('node_modules', 'nonlin', 'dist', 'esm', 'index.js');
    expect(readFileSync(join(folder, module), 'utf8')).not.toMatch(
      /\b(process|require|__dirname|__filename)\b|\bnode:/,
    );
    const code = `
      for (const name of ['process', 'Buffer', 'global', 'require', 'navigator']) delete globalThis[name];
      const { relu, info } = await import('./${module}');
      const { backend, reason, platform } = info();
      console.log(relu(Float32Array.of(-1, 2)).join(), backend, platform, reason);`;
    writeFileSync(join(folder, 'browser.mjs'), code);
    expect(run('node', 'browser.mjs')).toMatch(/^0,2 (js|wasm) browser this build has no addon/);
  });

  it.each(entries.filter((entry) => entry.includes('-')))(
    '%s names its binary, for bundlers, and no other',
    (entry) => {
      const files = join(folder, 'node_modules', 'nonlin', 'dist', 'cjs', entry.replace('nonlin/', ''));
      const requires = [`${files}.js`, `${files}-addon.js`]
        .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/require\('([^']+)'\)/g)])
        .map(([, path]) => path);
      const platform = entry.replace('nonlin/', '');
      expect(requires).toEqual([`./${platform}-addon.js`, './index.js', `@nonlin/${platform}`]);
    },
  );

  it.runIf(entries.includes(here))(`${here} serves with the addon that it names where there is no other`, () => {
    const code = `
      const { dlopen } = process;
      // The first try is that of the file beside the package's code, which a bundle has not.
      process.dlopen = () => { process.dlopen = dlopen; throw new Error('not found') };
      const { info } = require('${here}');
      console.log(info().native, info().reason, info().backend !== 'js');`;
    expect(node(code)).toBe(`${here} null true`);
  });

  it('has sources for every source map, and shows them in a stack', () => {
    const installed = join(folder, 'node_modules', 'nonlin');
    const maps = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.map'))
      .map((name) => join(installed, 'dist', name));
    expect(maps.length).toBeGreaterThan(0);
    for (const map of maps) {
      const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] };
      for (const source of sources) expect(existsSync(join(map, '..', source)), `${source} of ${map}`).toBe(true);
    }
    const code = `try { require('nonlin').relu('x') } catch (error) { console.log(error.stack) }`;
    expect(run('node', '--enable-source-maps', '-e', code)).toMatch(/nonlin\/lib\/functions\/functions\.ts:\d+:\d+/);
  });

  it('has a command line', () => {
    expect(run('npx', '--offline', 'nonlin', '--version').trim()).toBe(nonlin.version);
  });

  it('has declarations that TypeScript before 5.7 reads, where typed arrays take no parameter', () => {
    const dist = join(folder, 'node_modules', 'nonlin', 'dist');
    const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.d\.ts$/.test(name),
    );
    expect(declarations.length).toBeGreaterThan(10);
    for (const name of declarations)
      expect(readFileSync(join(dist, name), 'utf8'), name).not.toMatch(/\b\w+(\d|Clamped)Array<|\bDataView</);
  });

  it('has the licence of what is in the build for browsers, which says so', () => {
    const esm = join(folder, 'node_modules', 'nonlin', 'dist', 'esm');
    expect(readFileSync(join(esm, 'index.js'), 'utf8')).toMatch(/^\/\*! With fflate, MIT/);
    expect(readFileSync(join(esm, 'js.js'), 'utf8')).not.toMatch(/fflate/);
    expect(readFileSync(join(esm, 'fflate.LICENSE'), 'utf8')).toMatch(/^MIT License\n\nCopyright .* Arjun Barrett/);
  });

  it('is small and has only what belongs in it', () => {
    const files = readdirSync(join(folder, 'node_modules', 'nonlin'), { recursive: true, encoding: 'utf8' });
    const top = new Set(files.map((name) => name.split('/')[0]));
    expect([...top].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'lib', 'package.json']);
    expect(readdirSync(join(folder, 'node_modules', '@nonlin', platform)).sort()).toEqual([
      'LICENSE',
      'README.md',
      'nonlin.node',
      'package.json',
    ]);
  });

  it('works the same without native code, and says why', () => {
    rmSync(join(folder, 'node_modules', '@nonlin'), { recursive: true });
    const [values, absent] = node(demo).split('\n');
    expect(values).toBe('[[0, 0, 1, 2]] [0.0900, 0.2447, 0.6652]');
    expect(absent).toBe(
      `true @nonlin/${platform} is not installed: it is an optional dependency of nonlin, where there is a binary for ${platform}`,
    );
  });
});
