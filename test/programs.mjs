// Builds the programs of test/CMakeLists.txt, and says where they are. `npm test` builds all of them once, before its first test.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const source = import.meta.dirname;
const folderOf = (target) => join(source, '..', 'build', target === undefined ? 'test' : `test-${target}`);
const cross = {
  arm64: [
    '-DCMAKE_SYSTEM_NAME=Linux',
    '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
    '-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc',
    '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
  ],
};

/** Builds `names`, or everything. Throws an error that begins with the compiler's own message. */
export function build(names = [], target = undefined) {
  const folder = folderOf(target);
  const cache = join(folder, 'CMakeCache.txt');
  // A checkout that was moved or copied: CMake would refuse its cache.
  if (existsSync(cache) && !readFileSync(cache, 'utf8').includes(`nonlin_test_SOURCE_DIR:STATIC=${source}\n`))
    rmSync(folder, { recursive: true });
  const run = (...args) => {
    try {
      execFileSync('cmake', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });
    } catch (error) {
      throw new Error(messageOf(`${error.stdout ?? ''}${error.stderr ?? ''}`) || error.message);
    }
  };
  run('-S', source, '-B', folder, ...(target === undefined ? [] : cross[target]));
  run(
    '--build',
    folder,
    '--parallel',
    String(availableParallelism()),
    ...(names.length > 0 ? ['--target', ...names] : []),
  );
}

/** From the first line that names an error. */
function messageOf(text) {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /error/i.test(line));
  return lines.slice(Math.max(first, 0)).join('\n').trim();
}

/** Where a program is; null where it cannot be built here. */
export function program(name, target = undefined) {
  if (process.env.NONLIN_PROGRAMS !== 'built' || target !== undefined)
    build(target === undefined ? [] : [name], target);
  const path = join(folderOf(target), name);
  return existsSync(path) ? path : null;
}
