// `npm run prebuilds`: the addon of every platform, and the module of WebAssembly, built on Linux by one compiler that npm has, to
// build/packages/NAME/nonlin.node and wasm/nonlin.wasm.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { listOf, oneOf, read } from '../bench/options.mjs';
import { compile, configure, run } from './cmake.mjs';
import { names as addons, platforms, wasm } from './platforms/list.mjs';

const all = { ...platforms, wasm };
const names = [...addons, 'wasm'];

const help = `npm run prebuilds -- [options]

Builds the addon for other platforms with Zig, which is installed in tools/platforms, to build/packages/NAME/nonlin.node, and the
kernels for engines of WebAssembly to build/packages/wasm/nonlin.wasm, which npm run build takes from there.
Needs Linux on x64, CMake and Ninja; what has been built is built again only where something has changed.

  --target NAME[,...]  ${names.join(', ')} (default: all)
  --json               name, file, bytes, sha256 and seconds of each as JSON
  --help               this text
`;
const options = read('prebuilds', help, { target: [listOf(oneOf(names)), names.join()] });

const root = join(import.meta.dirname, '..');
/** Where the module lies before it is made smaller. */
const linked = 'build/prebuilds/wasm/linked';
const { include_dir } = createRequire(import.meta.url)('node-api-headers');
// Zig keeps what it has made of the libraries of each platform.
process.env.ZIG_GLOBAL_CACHE_DIR = process.env.ZIG_LOCAL_CACHE_DIR = join(root, 'build/prebuilds/zig');
const rows = [];
for (const name of options.target) {
  if (process.stderr.isTTY) process.stderr.write(`prebuilds: ${name} ...\r`);
  const start = performance.now();
  const file = join(root, 'build/packages', name, `nonlin.${name === 'wasm' ? 'wasm' : 'node'}`);
  try {
    build(name, ['nonlin']);
    if (name === 'wasm') shrink(join(root, linked, 'nonlin.wasm'), file);
  } catch (error) {
    process.stderr.write(`${error.message.trimEnd()}\nprebuilds: ${name} failed\n`);
    process.exit(1);
  }
  const seconds = (performance.now() - start) / 1000;
  const { size: bytes } = statSync(file);
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  rows.push({ name, file, bytes, sha256, seconds });
  if (!options.json)
    console.log(`prebuilds: ${name.padEnd(18)}${(bytes / 1e6).toFixed(2)} MB ${seconds.toFixed(1).padStart(6)} s`);
}
if (options.json) console.log(JSON.stringify(rows, null, 2));

/** Makes the module smaller by what Clang leaves undone: by some 15 kB gzipped. With -O3 sigmoid and softmax would lose a third. */
function shrink(from, to) {
  mkdirSync(join(to, '..'), { recursive: true });
  const binaryen = join(import.meta.dirname, 'platforms/node_modules/binaryen/bin/wasm-opt');
  const features = ['simd', 'relaxed-simd', 'bulk-memory', 'sign-ext', 'mutable-globals', 'nontrapping-float-to-int'];
  run(process.execPath, [
    binaryen,
    from,
    '-Oz',
    '--coalesce-locals',
    ...features.map((name) => `--enable-${name}`),
    '-o',
    to,
  ]);
}

/** Builds targets of CMakeLists.txt for a platform. */
function build(name, targets) {
  const { system, processor, target, kernelsOf } = all[name];
  const folderOf = (one) => join(root, 'build/prebuilds', one);
  if (kernelsOf !== undefined) build(kernelsOf, ['kernels']);
  const said = [
    configure(
      root,
      folderOf(name),
      '-GNinja',
      `-DCMAKE_TOOLCHAIN_FILE=${join(import.meta.dirname, 'platforms/zig.cmake')}`,
      '-DCMAKE_BUILD_TYPE=Release',
      ...(name === 'wasm' ? [] : [`-DCMAKE_JS_INC=${include_dir}`]),
      `-DADDON_FOLDER=${join(root, name === 'wasm' ? linked : `build/packages/${name}`)}`,
      `-DSYSTEM=${system}`,
      `-DPROCESSOR=${processor}`,
      `-DTARGET=${target}`,
      ...(kernelsOf === undefined ? [] : [`-DKERNELS_LIBRARY=${join(folderOf(kernelsOf), 'libkernels.a')}`]),
    ),
    compile(folderOf(name), targets),
  ]
    .join('\n')
    .split('\n')
    // What it says of its own files, several of them at a time.
    .filter((line) => !/^(zig)*(: warning: argument unused .*)?$/.test(line))
    .join('\n');
  if (said) process.stderr.write(`${said.trimEnd()}\n`);
}
