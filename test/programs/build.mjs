// Builds the programs of test/programs/CMakeLists.txt, and says where they are. `npm test` builds all of them once, before its first test.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compile, configure } from '../../tools/cmake.mjs';

const folderOf = (target) => join(import.meta.dirname, '../../build', target === undefined ? 'test' : `test-${target}`);
const arm64 = [
  '-DCMAKE_SYSTEM_NAME=Linux',
  '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
  '-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc',
  '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
];
/** Another processor; `-quick` compiles in a third of the time, without the passes that GCC 12 takes longest for. */
const cross = {
  arm64,
  'arm64-quick': [
    ...arm64,
    '-DKERNEL_OPTIMIZATION=-O1;-fno-ivopts;-fno-tree-ccp;-fno-tree-dominator-opts;-fno-tree-pta',
  ],
};

/** Builds `names`, or everything. Throws an error of the compiler's own message. */
export function build(names = [], target = undefined) {
  const folder = folderOf(target);
  configure(import.meta.dirname, folder, ...(target === undefined ? [] : cross[target]));
  compile(folder, names);
}

/** Where a program is; null where it cannot be built here. */
export function program(name, target = undefined) {
  const isThere = process.env.NONLIN_PROGRAMS === 'built' && target === undefined && !name.endsWith('-emulated');
  if (!isThere) build([name.replace(/\.node$/, '')], target);
  const path = join(folderOf(target), name);
  return existsSync(path) ? path : null;
}
