// Builds a CMake project without a word of CMake's; only what the compiler says is passed on. As a program, for any project:
// node tools/cmake.mjs SOURCE FOLDER [-DNAME=VALUE ...]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Configures the project in `source` in `folder`. Like all here, returns warnings and throws an Error of the compiler's message. */
export function configure(source, folder, ...flags) {
  discardForeign(source, folder);
  return run('cmake', ['-S', source, '-B', folder, ...flags]);
}

/** Builds a project that is configured, or only some of its targets. */
export function compile(folder, targets = []) {
  const only = targets.length > 0 ? ['--target', ...targets] : [];
  return run('cmake', ['--build', folder, '--parallel', String(availableParallelism()), ...only]);
}

/** Throws a build folder away that was made for other sources, as CMake refuses it: the checkout has been moved or copied. */
export function discardForeign(source, folder) {
  const cache = join(folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const [, home] = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8')) ?? [];
  if (home === undefined || !existsSync(home) || realpathSync(home) !== realpathSync(source))
    rmSync(folder, { recursive: true });
}

/** Runs a command; returns what a compiler said meanwhile, throws an Error of it where the command fails. */
export function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error?.code === 'ENOENT') throw new Error(`${command} is not installed`);
  if (error !== undefined) throw error;
  const said = [stderr, stdout]
    .map(compilerOutput)
    .filter((text) => text !== '')
    .join('\n');
  if (status === 0) return said;
  throw new Error(said || `${command} ended with ${status}`);
}

/** The output of CMake, Ninja and Make without what they say of themselves; Ninja repeats a command that fails. */
function compilerOutput(text) {
  const own =
    /^(-- |\[ *\d+(\/\d+|%)\] |ninja: |g?make(\[\d+\])?: |See also |Not searching |Consolidate |Scanning |FAILED: |$)/;
  const lines = text.split('\n');
  return lines.filter((line, i) => !own.test(line) && !/^FAILED: /.test(lines[i - 1])).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const [source, folder, ...flags] = process.argv.slice(2);
    process.stderr.write(configure(source, folder, ...flags));
    process.stderr.write(compile(folder));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
