// The command lines of the scripts, in bench/ and test/: what is wrong with one is told in a line, with exit code 2, before any work
// is done. Each script has --help, and --json.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** `; did you mean this?`, as the program nonlin finds it; empty where nothing is near, or TypeScript has not been built. */
function suggestion(given, names, prefix = '') {
  const built = join(import.meta.dirname, '../build/scripts/nearest.js');
  const meant = existsSync(built) ? createRequire(import.meta.url)(built).nearest(given, names) : undefined;
  return meant === undefined ? '' : `; did you mean ${prefix}${meant}?`;
}

/** Ends the script for a command line that cannot be obeyed. */
export function refuse(script, message) {
  process.stderr.write(`${script}: ${message}\nSee npm run ${script} -- --help.\n`);
  process.exit(2);
}

/**
 * The options of `npm run <script>`: of `known`, name: [reader, text where it is not given], and --json. A reader takes the text and
 * returns its value, or throws an Error that says what was wanted and what came.
 */
export function read(script, help, known) {
  const fail = (message) => refuse(script, message);
  const all = { ...known, json: [flag], help: [flag] };
  const types = Object.entries(all).map(([name, [reader]]) => [name, { type: reader === flag ? 'boolean' : 'string' }]);
  let parsed;
  try {
    parsed = parseArgs({ options: Object.fromEntries(types), tokens: true });
  } catch (error) {
    // The rest tells how to write a positional argument; there are none.
    const message = error.message.split(/\.? (?=To specify|This command)|\n/)[0];
    const unknown = /^Unknown option '--(.*)'$/.exec(message)?.[1];
    fail(unknown === undefined ? message : message + suggestion(unknown, Object.keys(all), '--'));
  }
  const { values, tokens } = parsed;
  const twice = tokens.find(({ name }, i) => tokens.findIndex((token) => token.name === name) < i);
  if (twice !== undefined) fail(`--${twice.name} is given twice`);
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const entries = Object.entries(all).map(([name, [reader, text]]) => {
    const given = values[name] ?? text;
    try {
      return [name, given === undefined ? undefined : reader(given)];
    } catch (error) {
      return fail(`--${name} ${error.message}`);
    }
  });
  return Object.fromEntries(entries);
}

const relaxedSimd = '--experimental-wasm-relaxed-simd';

/** Runs the script once more where it needs WebAssembly: Node 20 has relaxed SIMD, but has to be asked for it. */
export function askForRelaxedSimd() {
  if (!/^20\./.test(process.versions.node) || process.execArgv.includes(relaxedSimd)) return;
  const { status } = spawnSync(process.execPath, [relaxedSimd, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

/** An option without a value. */
export const flag = (given) => given;

export const text = (given) => given;

export const whole =
  (least = 1, most = Number.MAX_SAFE_INTEGER) =>
  (given) => {
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= least && value <= most) return value;
    const to = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
    throw new Error(`must be a whole number from ${least}${to}, got "${given}"`);
  };

/** More than that in one array fails in most machines' memory. */
export const elements = whole(1, 2 ** 30);

export function positive(given) {
  const value = Number(given);
  if (given.trim() !== '' && value > 0 && value < Infinity) return value;
  throw new Error(`must be a number above 0, got "${given}"`);
}

/** One of these names, or of those that `more` allows; `listed` is how the error message names them all. */
export const oneOf =
  (names, more = () => false, listed = names) =>
  (given) => {
    if (names.includes(given) || more(given)) return given;
    throw new Error(`must be one of ${listed.join(', ')}, got "${given}"${suggestion(given, listed)}`);
  };

/** Separated by commas. */
export const listOf = (reader) => (given) => given.split(',').map(reader);
