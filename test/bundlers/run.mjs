// `npm run bundle:check`: nonlin, packed, in real bundles: for browsers, for Node as docs/bundlers.md says, and as nobody should. Each
// bundle must be made without a warning, run, give the right numbers and say who serves.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';
import { nodeFileTrace } from '@vercel/nft';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';
import { pack } from '../../tools/packages.mjs';

const help = `npm run bundle:check -- [options]

Packs nonlin and bundles it with esbuild, webpack, Rollup and Vite: for browsers, and for Node as docs/bundlers.md says. Also asks
publint and "are the types wrong" about the package. Exit code 1 where a bundle is not made, warns, does not run, or serves wrongly.

  --bundler NAME[,...]  esbuild, webpack, rollup, vite, package (default: all)
  --json                rows as JSON
  --help                this text
`;
const allBundlers = ['esbuild', 'webpack', 'rollup', 'vite', 'package'];
const { values: options } = parseArgs({
  options: {
    bundler: { type: 'string', default: allBundlers.join() },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(help);
  process.exit(0);
}
const chosen = options.bundler.split(',');
const unknown = chosen.find((name) => !allBundlers.includes(name));
if (unknown !== undefined) throw new RangeError(`--bundler does not know ${unknown}`);

const here = import.meta.dirname;
const root = join(here, '..', '..');
// Here and not among temporary files, so that the recipes find their plugins.
const work = join(here, 'work');
const out = join(work, 'out');
rmSync(work, { recursive: true, force: true });
mkdirSync(join(work, 'node_modules'), { recursive: true });
const platform = `${process.platform}-${process.arch}`;
const tarballs = pack({ [platform]: join(root, 'prebuilds', platform, 'nonlin.node') }, work);
for (const [i, name] of ['nonlin', `@nonlin/${platform}`].entries()) {
  execFileSync('tar', ['-xzf', tarballs[i], '-C', work]);
  cpSync(join(work, 'package'), join(work, 'node_modules', name), { recursive: true });
  rmSync(join(work, 'package'), { recursive: true });
}

/** A program that says what it computed, and who served. */
const program = (entry) => `import { gelu, info, Softmax, Tensor } from '${entry}';
const y = [...gelu(Float32Array.of(1, -6))].map((value) => value.toPrecision(6)).join(' ');
console.log(JSON.stringify({ y, softmax: String(new Softmax()(new Tensor([1, 2, 3]))), ...info() }));
`;
const right = { y: '0.841345 -5.91953e-9', softmax: '[0.0900, 0.2447, 0.6652]' };

/** Each bundles app.js to out/ as its configuration says, and returns the warnings. */
const bundlers = {
  esbuild(args) {
    const tool = join(here, 'node_modules', '.bin', 'esbuild');
    const { status, stderr } = spawnSync(tool, [...args, '--log-level=warning'], { cwd: work, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stderr === '' ? [] : [stderr];
  },
  webpack(config) {
    const whole = { mode: 'production', context: work, ...config, output: { path: out, filename: 'app.js' } };
    return new Promise((done, failed) => {
      webpack(whole, (error, stats) => {
        const { errors, warnings } = stats?.toJson() ?? { errors: [error] };
        if (errors.length > 0) failed(new Error(errors[0].message));
        else done(warnings.map(({ message }) => message));
      });
    });
  },
  async rollup(config) {
    const warnings = [];
    const { output, ...input } = config;
    const build = await rollup({
      ...input,
      input: join(work, input.input),
      onwarn: ({ message }) => warnings.push(message),
    });
    await build.write(
      output.dir === undefined ? { ...output, file: join(work, output.file) } : { ...output, dir: out },
    );
    return warnings;
  },
  async vite(config) {
    const warnings = [];
    const warn = (message) => warnings.push(message);
    const customLogger = { ...vite.createLogger('silent'), warn, warnOnce: warn };
    await vite.build({
      root: work,
      configFile: false,
      customLogger,
      logLevel: 'warn',
      ...config,
      build: { outDir: 'out', emptyOutDir: true, minify: false, ...config.build },
    });
    return warnings;
  },
};

/** The recipes under a heading of docs/bundlers.md, in their order; files that they import are written beside them. */
async function recipes(heading) {
  const text = readFileSync(join(root, 'docs', 'bundlers.md'), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  const found = [];
  for (const [, language, code] of section.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    if (language === 'sh') {
      const [tool, ...args] = code.trim().match(/"[^"]*"|\S+/g);
      if (tool !== 'esbuild') throw new Error(`docs/bundlers.md runs ${tool}`);
      found.push(['esbuild', args.map((arg) => arg.replaceAll('"', ''))]);
      continue;
    }
    const [, name] = /^\/\/ (\S+)\n/.exec(code);
    writeFileSync(join(work, name), code);
    const [, bundler] = /^(\w+)\.config\.mjs$/.exec(name) ?? [];
    if (bundler === undefined) continue;
    const url = pathToFileURL(join(work, name));
    url.search = heading;
    found.push([bundler, (await import(url)).default]);
  }
  return found;
}

// What people do who have read nothing.
const forBrowsers = [
  ['esbuild', ['app.js', '--bundle', '--format=esm', '--outfile=out/app.mjs']],
  // It warns of more than 244 KiB, of which WebAssembly is most.
  ['webpack', { target: 'web', entry: './app.js', performance: { hints: false } }],
  ['rollup', { input: 'app.js', plugins: [resolve({ browser: true })], output: { file: 'out/app.mjs' } }],
  ['vite', { build: { lib: { entry: 'app.js', formats: ['es'], fileName: () => 'app.mjs' } } }],
];
const conditions = { exportConditions: ['node'] };
const forNode = [
  ['esbuild', ['app.js', '--bundle', '--platform=node', '--outfile=out/app.js']],
  ['esbuild', ['app.js', '--bundle', '--platform=node', '--format=esm', '--outfile=out/app.mjs']],
  ['webpack', { target: 'node', entry: './app.js' }],
  ['rollup', { input: 'app.js', plugins: [resolve(conditions), commonjs()], output: { file: 'out/app.mjs' } }],
  ['rollup', { input: 'app.js', plugins: [resolve()], output: { file: 'out/app.mjs' } }],
  ['vite', { ssr: { noExternal: true }, build: { ssr: 'app.js' } }],
];

writeFileSync(join(work, 'app.mjs'), program('nonlin'));
const unbundled = JSON.parse(execFileSync(process.execPath, ['app.mjs'], { cwd: work, encoding: 'utf8' }));
if (unbundled.backend === 'js') throw new Error(`no native backend runs here: ${unbundled.reason}`);
const entry = `nonlin/${platform}`;
const typescript = { backend: 'js', native: null };
// Where it was built, and this engine takes it.
const wasm = { backend: unbundled.wasmReason === null ? 'wasm' : 'js', native: null };
// A bundler that knows nothing of Node takes the build for browsers.
const either = { backend: /^(wasm|js)$/, native: null };
const native = { backend: unbundled.backend, reason: null };

/** What is bundled, by whom, and what info() must say then. `alone`: it runs where there is no node_modules. */
const goals = [
  { title: 'a browser', entry: 'nonlin', by: forBrowsers, alone: true, is: { ...wasm, platform: 'browser' } },
  { title: 'Node, nonlin external', entry: 'nonlin', by: await recipes('With node_modules beside it'), is: native },
  {
    title: 'Node, one folder',
    entry,
    by: await recipes('In one folder'),
    alone: true,
    is: { ...native, native: entry },
  },
  { title: 'Node, nonlin/js', entry: 'nonlin/js', by: forNode, alone: true, is: typescript },
  { title: 'Node, nothing said', entry: 'nonlin', by: forNode, alone: true, is: either, why: /docs\/bundlers\.md/ },
];

const rows = [];
async function row(title, bundler, check) {
  if (!chosen.includes(bundler)) return;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${bundler}: ${title} ...`);
  const start = performance.now();
  let found;
  try {
    found = await check();
  } catch (error) {
    found = { problems: [error.message] };
  }
  rows.push({ bundler, title, seconds: (performance.now() - start) / 1000, ...found });
}

for (const goal of goals) {
  writeFileSync(join(work, 'app.js'), program(goal.entry));
  for (const [bundler, config] of goal.by) await row(goal.title, bundler, () => bundle(goal, bundler, config));
}
await row('Vercel, Netlify', 'package', async () => {
  const { fileList, warnings } = await nodeFileTrace([join(work, 'app.mjs')], { base: work });
  const problems = [...warnings].map(({ message }) => message);
  if (![...fileList].some((file) => file.endsWith('nonlin.node'))) problems.push('the addon is not among the files');
  return { problems };
});
await row('publint', 'package', async () => {
  const pkgDir = join(work, 'node_modules', 'nonlin');
  const { messages, pkg } = await publint({ pkgDir, strict: true });
  return { problems: messages.map((message) => formatMessage(message, pkg)) };
});
await row('are the types wrong', 'package', async () => {
  const { problems } = await checkPackage(createPackageFromTarballData(readFileSync(tarballs[0])));
  // TypeScript's resolution of the days before exports sees no entries but the first.
  const real = problems.filter(({ resolutionKind }) => resolutionKind !== 'node10');
  return { problems: real.map((problem) => JSON.stringify(problem)) };
});
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const failed = rows.filter(({ problems }) => problems.length > 0);
if (options.json) {
  console.log(JSON.stringify({ ok: failed.length === 0, rows }, null, 2));
} else {
  const line = (...cells) =>
    console.log(
      cells
        .map((cell, i) => cell.padEnd([9, 23, 7, 8, 10][i]))
        .join('')
        .trimEnd(),
    );
  line('bundler', 'bundle for', 's', 'kB', 'serves', '');
  for (const { bundler, title, seconds, bytes, backend, problems } of rows) {
    const size = bytes === undefined ? '' : (bytes / 1000).toFixed(0);
    line(bundler, title, seconds.toFixed(1), size, backend ?? '', problems.length === 0 ? 'ok' : 'FAILED');
  }
  for (const { bundler, title, problems } of failed) console.log(`\n${bundler}, ${title}:\n${problems.join('\n')}`);
  console.log(
    `\n${failed.length === 0 ? 'ok' : 'FAILED'}. ${rows.length - failed.length} passed; ${failed.length} failed`,
  );
}
process.exitCode = failed.length === 0 ? 0 : 1;

/** Bundles app.js, runs the bundle, and tells what is wrong with it. */
async function bundle({ alone = false, is, why }, bundler, config) {
  rmSync(out, { recursive: true, force: true });
  const problems = await bundlers[bundler](config);
  const folder = alone ? mkdtempSync(join(tmpdir(), 'nonlin-bundle-')) : out;
  try {
    if (alone) cpSync(out, folder, { recursive: true });
    const file = ['app.mjs', 'app.js', 'app.cjs'].map((name) => join(folder, name)).find((path) => existsSync(path));
    const code = readdirSync(folder)
      .filter((name) => /\.[cm]?js$/.test(name))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('');
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    if (status !== 0 || stderr !== '') return { problems: [...problems, `it ends with ${status}: ${stderr}`] };
    const said = JSON.parse(stdout);
    for (const [name, value] of Object.entries({ ...right, ...is }))
      if (!(value instanceof RegExp ? value.test(said[name]) : said[name] === value))
        problems.push(`${name} is ${said[name]}, not ${value}`);
    if (why !== undefined && !why.test(said.reason)) problems.push(`the reason is only ${said.reason}`);
    const foreign = is.platform === 'browser' && /\b(process|require|__dirname)\b|\bnode:/.exec(code);
    if (foreign) problems.push(`it has ${foreign[0]} in it`);
    return { bytes: code.length, backend: said.backend, problems };
  } finally {
    if (alone) rmSync(folder, { recursive: true });
  }
}
