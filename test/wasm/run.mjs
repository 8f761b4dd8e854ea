// `npm run wasm:check`: the tests of the kernels with WebAssembly among the backends, which must serve: what npm test leaves out where
// it has not been built, or where Node 20 is not asked for relaxed SIMD.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { flag, read } from '../../bench/options.mjs';

const help = `npm run wasm:check -- [options]

Runs the tests of the backends and of the functions with WebAssembly among the backends, and looks at the size of the module. Exit
code 1 where a test fails, where WebAssembly does not serve, or where the module is too large.

  --quick  only what compares with the addon
  --json   the tests' report as JSON
  --help   this text
`;
const options = read('wasm:check', help, { quick: [flag] });

const root = join(import.meta.dirname, '../..');
const most = 150_000;
const module = readFileSync(join(root, 'dist/nonlin.wasm'));
const { length: gzipped } = gzipSync(module, { level: 9 });
const isSmall = gzipped < most;
if (!options.json)
  console.log(`nonlin.wasm: ${module.length} bytes, ${gzipped} gzipped${isSmall ? '' : `, more than ${most}`}`);

const files = options.quick
  ? ['test/backends/wasm.test.ts']
  : [
      ...['backends', 'certainty', 'memory', 'neighbours', 'unusual', 'wasm'].map(
        (name) => `test/backends/${name}.test.ts`,
      ),
      ...[
        'test/activations/exponential',
        'test/activations/family',
        'test/elsewhere',
        'test/functions',
        'test/layers',
        'test/losses',
        'test/softmax',
      ],
    ];
const asked = process.versions.node.startsWith('20.') ? ['--execArgv=--experimental-wasm-relaxed-simd'] : [];
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const reporter = options.json ? ['--reporter=json'] : [];
const { status } = spawnSync(process.execPath, [vitest, 'run', ...asked, ...reporter, ...files], {
  cwd: root,
  env: { ...process.env, NONLIN_WASM: 'required' },
  stdio: 'inherit',
});
process.exit(status === 0 && isSmall ? 0 : 1);
