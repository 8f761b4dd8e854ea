// The package as a user gets it: packed, installed in an empty folder, required, imported, and with its binary gone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../lib/version.js';

const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
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
  expect(manifest.version).toBe(version);
});

describe('packed and installed', () => {
  beforeAll(() => {
    // What is packed is what was built for this test run.
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root });
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    run('npm', 'install', '--offline', '--no-audit', '--no-fund', `./${tarball}`);
  });

  const demo = `
    const { Tensor, ReLU, Softmax, info } = require('nonlin');
    console.log(String(new ReLU()(new Tensor([[-1, 0, 1, 2]]))), String(new Softmax()(new Tensor([1, 2, 3]))));
    console.log(info().backend === 'js', info().reason);
  `;

  it('works where native code is', () => {
    expect(node(demo)).toBe('[[0, 0, 1, 2]] [0.0900, 0.2447, 0.6652]\nfalse null');
  });

  it('is one instance for require and import', () => {
    const code = `import('nonlin').then((m) => console.log(m.Tensor === require('nonlin').Tensor, 'default' in m && typeof m.default.relu))`;
    expect(node(code)).toBe('true function');
  });

  it('is an ES module of TypeScript only under the default condition', () => {
    const code = `import { relu, info } from 'nonlin'; console.log(relu(Float32Array.of(-1, 2)).join(), info().backend, info().reason)`;
    writeFileSync(join(folder, 'browser.mjs'), code.replace("'nonlin'", "'./node_modules/nonlin/dist/esm/index.js'"));
    expect(run('node', 'browser.mjs').trim()).toBe('0,2 js this is the ES module build, which is TypeScript only');
  });

  it('has a command line', () => {
    expect(run('npx', '--offline', 'nonlin', '--version').trim()).toBe(version);
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

  it('is small and has only what belongs in it', () => {
    const files = readdirSync(join(folder, 'node_modules', 'nonlin'), { recursive: true, encoding: 'utf8' });
    const top = new Set(files.map((name) => name.split('/')[0]));
    expect([...top].sort()).toEqual([
      'CHANGELOG.md',
      'CMakeLists.txt',
      'LICENSE',
      'README.md',
      'dist',
      'native',
      'package.json',
      'prebuilds',
    ]);
  });

  it('works the same without native code, and says why', () => {
    rmSync(join(folder, 'node_modules', 'nonlin', 'prebuilds'), { recursive: true });
    const [values, absent] = node(demo).split('\n');
    expect(values).toBe('[[0, 0, 1, 2]] [0.0900, 0.2447, 0.6652]');
    expect(absent).toMatch(/^true .*nonlin\.node could not be loaded: Cannot find module/);
  });
});
