// Loading, in processes of their own, where the environment refuses something or says something that makes no sense: nothing of it may
// break the import, and nothing may be ignored without a word in info().
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rightChecksum } from '../../lib/backends/checksum.js';
import { native } from '../../lib/backends/native/native.js';
import type { BackendName, Info } from '../../lib/index.js';
import { version } from '../../lib/version.js';
import { fakeAddon } from '../support/processes/fake.js';

const dist = join(import.meta.dirname, '../../dist/cjs');
const builds = ['index.js', 'js.js', `${process.platform}-${process.arch}.js`].filter((name) =>
  existsSync(join(dist, name)),
);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nonlin-load-')));
const at = (name: string) => join(folder, name);
/** Where the package of this platform lies as if it were installed. */
const installed = at('modules');
beforeAll(() => {
  if (native.path !== undefined) install(`@nonlin/${process.platform}-${process.arch}`, native.path);
  if (builds.length < 2) throw new Error('dist/cjs is missing: run npm run build:ts first');
});
afterAll(() => rmSync(folder, { recursive: true }));

function install(name: string, binary: string): string {
  const file = join(installed, name, 'nonlin.node');
  mkdirSync(join(file, '..'), { recursive: true });
  copyFileSync(binary, file);
  writeFileSync(join(file, '../package.json'), JSON.stringify({ name, main: 'nonlin.node' }));
  return file;
}

interface Settings {
  readonly build?: string;
  /** Of the environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Of Node. */
  readonly options?: readonly string[];
  /** JavaScript that runs before the build is loaded. */
  readonly before?: string;
}

/** What a process prints that loads a build and then runs `code`, where the build is `nonlin`. */
function run(code: string, { build = 'index.js', variables = {}, options = [], before = '' }: Settings): string {
  const inherited = Object.entries(process.env).filter(([name]) => !/^NONLIN_|^NODE_OPTIONS$/.test(name));
  // What wasm.test.ts is about is left out.
  const text = `delete globalThis.WebAssembly; const { log } = console; ${before}; const nonlin = require(${JSON.stringify(resolve(dist, build))}); ${code}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, '-e', text], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...variables },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trimEnd();
}

/** What info() says, where relu is right besides. */
function load(settings: Settings): Info {
  const code = `log(JSON.stringify({ ...nonlin.info(), y: [...nonlin.relu(Float32Array.of(-1, 2))] }))`;
  const { y, ...info } = JSON.parse(run(code, settings)) as Info & { y: number[] };
  expect(y).toEqual([0, 2]);
  return info;
}

/** JavaScript for an environment whose variables of nonlin's answer with some JavaScript. */
const refusing = (answer: string) => `
  const { env } = process;
  const get = (_, name) => { if (/^NONLIN_/.test(String(name))) ${answer}; return env[name]; };
  Object.defineProperty(process, 'env', { value: new Proxy({}, { get }) })`;

const all = [...native.backends.map(({ name }) => name), 'js'];
const best = all[0]!;
const hasNative = best !== 'js';

describe.each(builds)('%s', (build) => {
  it('loads where variables may not be read, and says which', () => {
    const before = refusing(`throw new Error('Requires env access to "' + name + '"\\nmore')`);
    const { backend, problems } = load({ build, before });
    const names = [...(build === 'js.js' ? [] : ['NONLIN_BINARY']), 'NONLIN_THREADS', 'NONLIN_BACKEND'];
    expect(problems.toSorted()).toEqual(
      names.toSorted().map((name) => `${name} could not be read: Requires env access to "${name}"`),
    );
    expect(backend).toBe(build === 'js.js' ? 'js' : best);
  });

  it('asks for no variable where Deno would stop and ask its user', () => {
    const before = `${refusing(`process.exit(1)`)};
      globalThis.Deno = { permissions: { querySync: ({ name }) => ({ state: name === 'env' ? 'prompt' : 'granted' }) } };`;
    expect(load({ build, before }).problems).toContain(
      'NONLIN_BACKEND could not be read: Deno needs --allow-env for it',
    );
  });

  it('loads where there is no process', () => {
    // The entry for bundlers needs only its require, which finds the package of the platform.
    const { backend, platform, problems } = load({
      build,
      before: 'delete globalThis.process',
      variables: { NODE_PATH: installed },
    });
    expect({ backend, platform }).toEqual({ backend: /-/.test(build) ? best : 'js', platform: 'unknown' });
    expect(problems).toContain('NONLIN_BACKEND could not be read: process is not defined');
  });

  it('loads where addons are refused', () => {
    const before = `process.dlopen = () => { throw new Error('Requires ffi access, run again with the --allow-ffi flag') }`;
    const { backend, native, reason } = load({ build, before, variables: { NODE_PATH: installed } });
    expect({ backend, native }).toEqual({ backend: 'js', native: null });
    if (build !== 'js.js')
      expect(reason).toMatch(/ could not be loaded: Requires ffi access, run again with the --allow-ffi flag$/);
  });
});

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';
it.each([
  ['--no-addons', []],
  [permission, ['--allow-fs-read=*', '--no-warnings']],
])('loads under node %s', (option, others) => {
  const { backend, reason, problems } = load({ options: [option, ...others] });
  expect({ backend, problems }).toEqual({ backend: 'js', problems: [] });
  expect(reason).toMatch(
    /nonlin\.node could not be loaded: Cannot load native addon because loading addons is disabled\.$/,
  );
});

it('loads under node without the right to read anything but its code', () => {
  const options = [
    permission,
    `--allow-fs-read=${dist}/*`,
    `--allow-fs-read=${join(dist, '../../package.json')}`,
    '--no-warnings',
  ];
  expect(load({ options }).backend).toBe('js');
});

describe('NONLIN_THREADS', () => {
  let usual: Info;
  beforeAll(() => {
    usual = load({});
  });

  // Whatever the backend; of the first, each is asked.
  it.each(['abc', '0', '257', '1.5', '-1', 'NaN', 'Infinity', '1e9', '2 3', ' '].map((text, i) => ({ text, i })))(
    '$text is a problem, not an error',
    ({ text, i }) => {
      for (const NONLIN_BACKEND of i === 0 ? all : [all[i % all.length]!]) {
        const { threads, problems } = load({ variables: { NONLIN_THREADS: text, NONLIN_BACKEND } });
        expect(threads).toBe(usual.threads);
        expect(problems).toEqual([
          `NONLIN_THREADS must be an integer in [1, 256], got ${JSON.stringify(text)}: it is ignored, and a call uses as many threads as there are cores, 8 at most`,
        ]);
      }
    },
  );

  it.each([
    ['1', 1],
    ['3', 3],
    ['256', 256],
    // As cmd.exe sets it: `set NONLIN_THREADS=4 && node ...`
    ['4 ', 4],
  ])('%j is obeyed', (text, expected) => {
    const { threads, problems } = load({ variables: { NONLIN_THREADS: text } });
    expect({ threads, problems }).toEqual({ threads: expected, problems: [] });
  });

  it('is not set where it is empty', () => {
    expect(load({ variables: { NONLIN_THREADS: '' } })).toEqual(usual);
  });
});

describe('the addon is told how many threads to use', () => {
  /** The numbers that an addon on a machine of four cores is told, `told` for each call on so many elements. */
  const told = (code: string, settings: Settings = {}) => {
    const variables = fakeAddon(
      at('told.cjs'),
      '',
      `cores: 4, sharedElements: 2000, setThreads: (n) => console.log(n)`,
    );
    const calls = `const call = (n) => { nonlin.sigmoid(new Float32Array(n)); log('call ' + n); };`;
    return run(`${calls} ${code}`, { ...settings, variables: { ...variables, ...settings.variables } }).split('\n');
  };

  it('before the first call that is shared, and no sooner', () => {
    expect(told('call(200); call(1999); call(2000); call(2000)')).toEqual([
      'call 200',
      'call 1999',
      '4',
      'call 2000',
      'call 2000',
    ]);
  });

  it('again after setThreads', () => {
    const code =
      'nonlin.setThreads(2); call(2000); nonlin.setThreads(3); call(200); call(2000); nonlin.setThreads(3); call(2000)';
    expect(told(code)).toEqual(['2', 'call 2000', 'call 200', '3', 'call 2000', 'call 2000']);
  });

  it.each([
    ['as NONLIN_THREADS says', 'call(2000)', { NONLIN_THREADS: '5' }],
    ['as setThreads says, whatever NONLIN_THREADS does', 'nonlin.setThreads(5); call(2000)', { NONLIN_THREADS: '6' }],
  ])('%s', (_, code, variables) => {
    expect(told(code, { variables })).toEqual(['5', 'call 2000']);
  });

  it('in every method, for a gradient and a softmax too', () => {
    const code = `
      const x = new Float32Array(2000);
      let n = 1;
      for (const f of [nonlin.sigmoid, nonlin.softmax]) { nonlin.setThreads(++n); f(x); }
      for (const f of [nonlin.sigmoidGrad, nonlin.softmaxGrad]) { nonlin.setThreads(++n); f(x, x); }`;
    expect(told(code)).toEqual(['2', '3', '4', '5']);
  });

  it('one in a worker, which is what it has from the start', () => {
    const code = `
      const { Worker, isMainThread } = require('node:worker_threads');
      const text = 'const nonlin = require(' + ${JSON.stringify(JSON.stringify(join(dist, 'index.js')))} + ');' +
        'nonlin.sigmoid(new Float32Array(2000)); console.log("threads " + nonlin.info().threads)';
      new Worker(text, { eval: true });`;
    expect(told(code)).toEqual(['threads 1']);
  });
});

describe('NONLIN_BINARY', () => {
  // The bundler's that makes dist/.
  const bindings = join(import.meta.dirname, '../../node_modules/@rolldown');
  const other = readdirSync(bindings, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.node'))
    .map((name) => join(bindings, name))[0];

  const reasonOf = (NONLIN_BINARY: string, settings: Settings = {}) => {
    const { backend, native, reason } = load({ ...settings, variables: { ...settings.variables, NONLIN_BINARY } });
    expect({ backend, native }).toEqual({ backend: 'js', native: null });
    return reason;
  };

  it.each([
    ['node:fs', /^NONLIN_BINARY: \/.*\/node:fs could not be loaded: .*No such file or directory$/],
    ['missing.node', /^NONLIN_BINARY: \/.*\/missing\.node could not be loaded: .*No such file or directory$/],
    ['package.json', /^NONLIN_BINARY: \/.*\/package\.json could not be loaded: /],
    ['code.js', /^NONLIN_BINARY: \/.*\/code\.js could not be loaded: /],
    ['.', /^NONLIN_BINARY: \/.* could not be loaded: .*/],
  ])('%s is named, with what is wrong', (name, reason) => {
    writeFileSync(at('package.json'), '{}');
    writeFileSync(at('code.js'), 'console.log("run")');
    expect(reasonOf(name)).toMatch(reason);
  });

  it.skipIf(other === undefined)(
    `may be the addon of another package${other === undefined ? ': there is none' : ''}`,
    () => {
      expect(reasonOf(other!)).toBe(`${other} is not an addon of nonlin ${version}`);
    },
  );

  it.each([
    ['an older version', `version: '0.0.9'`, `is of nonlin 0.0.9, not ${version}`],
    ['nothing of nonlin', `version: undefined`, `is not an addon of nonlin ${version}`],
    [
      'other activations',
      `activations: ['relu']`,
      'has other activations: it was built from other sources (npm run build)',
    ],
    ['no activations', `activations: null`, 'has other activations: it was built from other sources (npm run build)'],
  ])('may have %s', (_, exports, wrong) => {
    const variables = fakeAddon(at('other.cjs'), '', exports);
    expect(reasonOf(at('any.node'), { variables })).toBe(`${at('any.node')} ${wrong}`);
  });

  it.runIf(hasNative)('is relative to the working directory', () => {
    copyFileSync(native.path!, at('copy.node'));
    const { native: path, reason } = load({ variables: { NONLIN_BINARY: 'copy.node' } });
    expect({ path, reason }).toEqual({ path: at('copy.node'), reason: null });
  });
});

describe('the package of the platform', () => {
  /** A copy of a build where it has no addon beside it, as an installed package has none. */
  const main = join(folder, 'nonlin/dist/cjs');
  const linux = process.platform === 'linux';
  const usual = `@nonlin/${process.platform}-${process.arch}`;
  beforeAll(() => {
    mkdirSync(main, { recursive: true });
    copyFileSync(join(dist, 'index.js'), join(main, 'index.js'));
    writeFileSync(join(main, '../../package.json'), '{ "name": "nonlin" }');
  });
  const loadInstalled = (settings: Settings = {}) =>
    load({ ...settings, build: join(main, 'index.js'), variables: { NODE_PATH: installed } });
  /** Makes the process believe that its own file is this one. */
  const executable = (name: string, bytes: Uint8Array) => {
    writeFileSync(at(name), bytes);
    return `Object.defineProperty(process, 'execPath', { value: ${JSON.stringify(at(name))} })`;
  };
  /** The first bytes of an ELF file of 64 bits that is loaded by `loader`, after a segment of another type. */
  const elf = (loader: string) => {
    const head = Buffer.alloc(512);
    head.write('\x7fELF\x02\x01\x01', 'latin1');
    head.writeBigUInt64LE(64n, 32);
    head.writeUInt16LE(56, 54);
    head.writeUInt16LE(2, 56);
    head.writeUInt32LE(6, 64);
    head.writeUInt32LE(3, 64 + 56);
    head.writeBigUInt64LE(400n, 64 + 56 + 8);
    head.writeBigUInt64LE(BigInt(loader.length + 1), 64 + 56 + 32);
    head.write(loader, 400, 'latin1');
    return head;
  };

  it.runIf(hasNative)('serves where it is installed', () => {
    const { native: path, backend, reason } = loadInstalled();
    expect({ path, backend, reason }).toEqual({
      path: join(installed, usual, 'nonlin.node'),
      backend: best,
      reason: null,
    });
  });

  it.runIf(hasNative && linux)('is another one where the process runs on musl', () => {
    const before = executable('musl', elf('/lib/ld-musl-x86_64.so.1'));
    expect(loadInstalled({ before }).reason).toBe(
      `${usual}-musl is not installed: it is an optional dependency of nonlin, where there is a binary for ${usual.slice(8)}-musl`,
    );
    const path = install(`${usual}-musl`, native.path!);
    expect(loadInstalled({ before })).toMatchObject({ native: path, reason: null });
  });

  it.runIf(hasNative && linux).each([
    ['loaded by glibc', elf('/lib64/ld-linux-x86-64.so.2')],
    ['no ELF file', Buffer.from('#!/bin/sh\n')],
    ['empty', Buffer.alloc(0)],
    ['full of nonsense', Buffer.alloc(4096, 0xff)],
  ])('is the usual one where the process has a file that is %s', (name, bytes) => {
    expect(loadInstalled({ before: executable(name, bytes) }).native).toBe(join(installed, usual, 'nonlin.node'));
  });

  it('may be damaged', () => {
    const path = install(usual, join(dist, 'index.js'));
    const { backend, reason } = loadInstalled();
    expect(backend).toBe('js');
    expect(reason).toMatch(new RegExp(`^${path} could not be loaded: .*(invalid|not|no) `));
    rmSync(join(installed, '@nonlin'), { recursive: true });
    expect(loadInstalled().reason).toMatch(/^@nonlin\/.* is not installed/);
  });
});

/** The addon that was built here, whether it serves or not. */
const built = join(dist, `../../prebuilds/${process.platform}-${process.arch}/nonlin.node`);
it.runIf(existsSync(built))('the addon built here computes what it does everywhere', () => {
  const { sets, checksums } = createRequire(import.meta.url)(built) as { sets: string[]; checksums: bigint[] };
  const digits = (sum: bigint) => `0x${sum.toString(16)}n`;
  // Where a formula has changed, lib/backends/checksum.ts takes the new one.
  expect(checksums.map(digits)).toEqual(sets.map(() => digits(rightChecksum)));
});

describe('an addon that computes wrong numbers', () => {
  it('serves with the instruction sets that are right', () => {
    const exports = `sets: ['avx512', 'avx2'], checksums: [1n, ${rightChecksum}n]`;
    const { backend, backends, problems, reason } = load({ variables: fakeAddon(at('half.cjs'), '', exports) });
    expect({ backend, backends, reason }).toEqual({ backend: 'avx2', backends: ['avx2', 'js'], reason: null });
    expect(problems).toEqual([
      expect.stringMatching(/nonlin\.node computes wrong numbers here with avx512, of which none is used$/),
    ]);
  });

  it('calls the set that is right by its own number', () => {
    const call = '(block) => console.log(new Int32Array(block)[0])';
    const exports = `sets: ['avx512', 'avx2'], checksums: [1n, ${rightChecksum}n], call: ${call}`;
    const variables = fakeAddon(at('second.cjs'), '', exports);
    expect(run('nonlin.sigmoid(new Float32Array(4))', { variables })).toBe('1');
  });

  it.runIf(hasNative)('does not serve where none is right, as one whose factors are another', () => {
    const binary = readFileSync(native.path!);
    const factor = Buffer.alloc(8);
    factor.writeDoubleLE(Math.LOG2E);
    let changed = 0;
    for (let place = binary.indexOf(factor); place >= 0; place = binary.indexOf(factor, place + 8), changed++)
      binary.writeDoubleLE(Math.LOG2E * 1.25, place);
    expect(changed).toBeGreaterThan(0);
    writeFileSync(at('wrong.node'), binary);
    const { backend, reason } = load({ variables: { NONLIN_BINARY: at('wrong.node') } });
    expect(backend).toBe('js');
    const sets = native.backends.map(({ name }) => name).join(' and ');
    expect(reason).toBe(`${at('wrong.node')} computes wrong numbers here with ${sets}`);
  });
});

describe('NONLIN_BACKEND', () => {
  const loaded = (NONLIN_BACKEND: string, build = 'index.js') => load({ build, variables: { NONLIN_BACKEND } });

  it.each(builds)('that is none is a problem that says what it could be, not an error: %s', (build) => {
    const { backend: usual, backends } = load({ build });
    const list = `NONLIN_BACKEND must be one of those that run here, ${backends.join(', ')}, got`;
    const meant = (name: BackendName) => (backends.includes(name) ? `; did you mean ${name}?` : '');
    for (const [name, help] of [
      ['mmx', ''],
      ['avx51', meant('avx512') || meant('avx2')],
      ['AVX2', meant('avx2')],
      ['JS', '; did you mean js?'],
      ['toString', ''],
    ])
      expect(loaded(name!, build)).toMatchObject({ backend: usual, problems: [`${list} "${name}"${help}`] });
  });

  it('that cannot run is a problem that says what can, and why', () => {
    const absent = process.arch === 'arm64' ? 'avx2' : 'neon';
    const can = `NONLIN_BACKEND: ${absent} cannot run here; ${all.join(', ')} can`;
    expect(loaded(absent)).toMatchObject({ backend: best, problems: [can] });
    const { backend, problems } = loaded('avx2', 'js.js');
    expect(backend).toBe('js');
    expect(problems).toEqual([
      expect.stringMatching(/^NONLIN_BACKEND: avx2 cannot run here; js can \(this build has no addon/),
    ]);
  });

  it('may have blanks around it', () => {
    // As cmd.exe sets it: `set NONLIN_BACKEND=js && node ...`
    expect(loaded('js ')).toMatchObject({ backend: 'js', problems: [] });
  });

  it('is an error of useBackend that names the nearest', () => {
    const code = `try { nonlin.useBackend('JS'); } catch (error) { log(String(error)); }`;
    const text = `TypeError: useBackend: backend must be one of those that run here, ${all.join(', ')}, got "JS"; did you mean js?`;
    expect(run(code, {})).toBe(text);
  });
});
