// `npm run prove`: builds the proof where it is stale, runs it, and holds what it found against what is promised
// (lib/activations/promises.ts), which nothing else may widen. The program's own part is test/programs/prove/*.cpp.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';

import { flag, listOf, oneOf, read, text, whole } from '../../../bench/options.mjs';
import { program } from '../build.mjs';
import * as tables from './tables.mjs';

const help = `npm run prove -- [options]

Holds every function, on every instruction set of this CPU, against the true value: float32 for all 2^32 inputs,
float16 and bfloat16 for all 65,536, float64 and softmax for random ones. Of inputs where formulas may end it asks whether their
results depend on what else is in the array. Needs CMake, a C++20 compiler and MPFR (Debian: libmpfr-dev).
Exit codes: 0, every promise is kept; 1, one is broken; 2, wrong options, no compiler or no MPFR.

  --function NAME[,...]  a row of lib/activations/table.ts, softmax or logSoftmax (default: all); a row with parameters is proved for
                         its defaults in full, and for each of its samples on every 853rd input
  --quick                every 1021st float32 input, of samples of parameters every 8191st, and those around powers of two;
                         less than a minute in all
  --float64 N            random float64 inputs per function, beside those around powers of two (default 100000000, with
                         --quick 100000)
  --threads N            default: all
  --from FILE[,...]      takes what runs with --json printed, in the place of a run; of what several have, that of the most inputs
  --output FILE          writes the table there (Markdown): where FILE has the lines <!-- prove --> and <!-- /prove -->,
                         between them
  --worst FILE           writes there, in the same way, a line for each group of rows (native/rows/*.def): its largest errors
  --json                 prints the rows as JSON instead of the table; ulp is null where a result has no distance from the
                         true value: not a number, the wrong sign of zero, a limit missed
  --help                 this text
`;

const fail = (message) => {
  process.stderr.write(`${message}\n`);
  process.exit(2);
};

const require = createRequire(import.meta.url);
const { activationNames, casesOf } = require('../../../build/scripts/signatures.js');
// `slices` as native/kernels.h numbers them.
const { halfUlp, promised, slices } = require('../../../build/scripts/promises.js');
const options = read('prove', help, {
  function: [listOf(oneOf([...activationNames, ...slices]))],
  quick: [flag],
  float64: [whole(1, 1e12)],
  threads: [whole(1, 256)],
  from: [listOf(text)],
  output: [text],
  worst: [text],
});
const found = options.from === undefined ? await run(build()) : await tables.read(options.from);
const { seconds } = found;

const broken = [
  ...found.oracle
    .filter(({ share }) => !(share <= 1))
    .map((check) => `the oracle of ${check.function} (${check.precision}) misses its bound ${check.share} times over`),
  ...found.passes
    .filter(({ share }) => !(share <= 1))
    .map((check) => `${check.function}: exact allows a step (${check.precision}) 1/${check.share} of its error`),
  ...found.rows.flatMap(breaches),
];
if (options.output !== undefined) await tables.put(options.output, tables.whole(found.rows));
if (options.worst !== undefined) await tables.put(options.worst, tables.worst(found.rows));
if (options.json) {
  const { instructionSets, oracle, passes, rows } = found;
  process.stdout.write(`${JSON.stringify({ instructionSets, seconds, oracle, passes, rows, broken }, null, 1)}\n`);
} else if ((options.output ?? options.worst) === undefined) process.stdout.write(tables.whole(found.rows));
for (const line of broken) process.stderr.write(`broken: ${line}\n`);
process.stderr.write(`${found.instructionSets.join(', ')}; ${seconds.toFixed(0)} s\n`);
process.exitCode = broken.length > 0 ? 1 : 0;

function build() {
  let path;
  try {
    path = program('prove');
  } catch (error) {
    fail(error.message);
  }
  return (
    path ?? fail('MPFR was not found: install libmpfr-dev (Debian, Ubuntu), mpfr-devel (Fedora) or mpfr (Homebrew)')
  );
}

function run(prove) {
  const started = performance.now();
  const threads = options.threads ?? cpus().length;
  const float64 = options.float64 ?? (options.quick ? 100_000 : 100_000_000);
  const names = options.function ?? [...activationNames, ...slices];
  const subjects = names
    .filter((name) => !slices.includes(name))
    .flatMap(casesOf)
    .map(({ label, row, op, a, b }) => `${op};${a};${b};${label === row ? 0 : 1};${label}`);
  const child = spawn(
    prove,
    [
      ...['--threads', String(threads), '--float64', String(float64), '--quick', String(options.quick === true)],
      ...slices.flatMap((name, i) => (names.includes(name) ? ['--slice', String(i)] : [])),
      ...subjects.flatMap((subject) => ['--subject', subject]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return new Promise((resolve) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    child.on('error', ({ message }) => fail(message));
    child.on('close', (code, signal) =>
      code === 0
        ? resolve({ ...JSON.parse(text), seconds: (performance.now() - started) / 1000 })
        : fail(`the proof ended with ${signal ?? code}`),
    );
  });
}

function breaches(row) {
  const [of, sample] = row.function.split('(');
  const most = /float16$/.test(row.precision)
    ? halfUlp
    : promised(of, row.direction !== 'forward', sample !== undefined)[row.precision];
  const name = `${row.function} ${row.direction}, ${row.precision}`;
  const lines = [];
  if (!(row.ulp <= most)) lines.push(`${name}: ${row.ulp} ulp at ${row.at}, promised ${most}`);
  if (most <= 0.5 && row.precision !== 'float64' && row.wrong > 0)
    lines.push(`${name}: ${row.wrong} results are not correctly rounded`);
  if (row.differ > 0)
    lines.push(`${name}: ${row.differ} results depend on the instruction set, one at ${row.differAt}`);
  if (row.depend > 0)
    lines.push(`${name}: ${row.depend} results depend on others in the array, one at ${row.dependAt}`);
  return lines;
}
