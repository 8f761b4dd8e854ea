// tools/cmake.mjs, by which the addon and the tests' own programs are built: silent, or in the compiler's words.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const tool = join(import.meta.dirname, '../../tools/cmake.mjs');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nonlin-build-')));
afterAll(() => rmSync(folder, { recursive: true }));

const other = 'int other() { return 3; }\n';
let projects = 0;

/** A new project of two files: where it lies, and what says how to build it. */
function project(main = 'int other();\nint main() { return other(); }\n'): string {
  const path = join(folder, `project${projects++}`);
  mkdirSync(path);
  const text =
    'cmake_minimum_required(VERSION 3.20)\nproject(tiny LANGUAGES CXX)\nadd_executable(tiny main.cpp other.cpp)\n';
  writeFileSync(join(path, 'CMakeLists.txt'), text);
  writeFileSync(join(path, 'main.cpp'), main);
  writeFileSync(join(path, 'other.cpp'), other);
  return path;
}

/** What is said by a build of a project, and what its program returns. */
function build(path: string, ...flags: string[]) {
  const args = [tool, path, join(path, 'build'), ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, said: stdout + stderr, returns: spawnSync(join(path, 'build', 'tiny')).status };
}

const good = { status: 0, said: '', returns: 3 };

it('says nothing, the first time and again', () => {
  const path = project();
  expect(build(path)).toEqual(good);
  expect(build(path)).toEqual(good);
});

it('builds where the checkout was moved, copied or linked to', () => {
  const path = project();
  expect(build(path)).toEqual(good);
  const [moved, linked] = [`${path}-moved`, `${path}-linked`];
  renameSync(path, moved);
  expect(build(moved)).toEqual(good);
  cpSync(moved, path, { recursive: true });
  writeFileSync(join(path, 'other.cpp'), other.replace('3', '4'));
  expect(build(path)).toEqual({ ...good, returns: 4 });
  symlinkSync(path, linked);
  expect(build(linked)).toEqual({ ...good, returns: 4 });
});

const generators = ['Ninja', 'Unix Makefiles'].filter((_, i) => !spawnSync(['ninja', 'make'][i]!, ['--version']).error);
describe.each(generators)('with %s', (generator) => {
  it("gives the compiler's message first, and nothing of CMake's", () => {
    const path = project('int other();\nint main() { return othr(); }\n');
    const { status, said } = build(path, '-G', generator);
    expect(status).toBe(1);
    const [first, second, ...rest] = said.trimEnd().split('\n');
    expect(first).toMatch(/main\.cpp: In function .*:$/);
    expect(second).toMatch(/main\.cpp:2:\d+: error: .*othr.* was not declared/);
    // The line of source and what points at its place.
    expect(rest.filter((line) => !/^ +(\d+ )?\|/.test(line))).toEqual([]);
  });

  it('passes a warning on', () => {
    const path = project(`#warning take care\nint other();\nint main() { return other(); }\n`);
    const { said, ...others } = build(path, '-G', generator);
    expect(others).toEqual({ status: 0, returns: 3 });
    expect(said).toMatch(/^.*main\.cpp:1:2: warning: #warning take care/);
  });
});

it("gives CMake's message where the project is wrong", () => {
  const path = project();
  appendFileSync(join(path, 'CMakeLists.txt'), 'message(FATAL_ERROR "there is no such library")\n');
  const { status, said } = build(path);
  expect(status).toBe(1);
  expect(said).toMatch(/^CMake Error at CMakeLists\.txt:4/);
  expect(said).toContain('there is no such library');
});

it('says what is missing where there is no CMake', () => {
  const { status, stderr } = spawnSync(process.execPath, [tool, project(), join(folder, 'none')], {
    encoding: 'utf8',
    env: { PATH: folder },
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'cmake is not installed\n' });
});
