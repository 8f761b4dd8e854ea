// `npm run coefficients`: makes the tables, the polynomials and the constants again, and compares them with those in the tree.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flag, listOf, oneOf, read } from '../../bench/options.mjs';
import { root, scripts } from './list.mjs';
import { literalOf, numbersOf, rewritten, withoutScript } from './numbers.mjs';

const all = Object.keys(scripts);
const isIn = (folder, script) => script.startsWith(`${folder}/`);
const help = `npm run coefficients -- [options]

Makes the numbers of native/ and lib/ again, each by its script in tools/coefficients, and compares them with those that
stand there. Tells the error of each table and polynomial, but for the roundings of the sums that it is used in; u is
2^-24 (float) or 2^-53 (double), half a unit in the last place of a number just above a power of two. Of all scripts also
whether there are numbers that none of them makes. Needs Sollya and mpmath (Debian: sollya, python3-mpmath).
Exit codes: 0, all numbers are the same; 1, some are not; 2, wrong options, no Sollya or no mpmath.

  --script NAME[,...]  one or a folder of them (default: all, two to five minutes on one core):
                       ${all.slice(0, 5).join(', ')},
                       ${all.slice(5, 9).join(', ')},
                       ${all.slice(9).join(', ')}
  --lines              prints the numbers as the headers have them
  --write              puts those that differ in the place of those in the tree
  --json               rows as JSON
  --help               this text
`;

const fail = (message) => {
  process.stderr.write(`${message}\n`);
  process.exit(2);
};

const options = read('coefficients', help, {
  script: [listOf(oneOf(all, (name) => all.some((script) => isIn(name, script))))],
  lines: [flag],
  write: [flag],
});
const names = all.filter((script) => options.script?.some((name) => name === script || isIn(name, script)) ?? true);
const rows = [];
for (const name of names) for (const row of rowsOf(name)) report(row);
const strangers = names.length === all.length ? withoutScript() : [];
finish();

/** What a script prints. */
function python(name, ...args) {
  const options = { cwd: import.meta.dirname, encoding: 'utf8', maxBuffer: 2 ** 26 };
  const { status, error, stdout, stderr } = spawnSync(
    'python3',
    ['-B', '-m', name.replaceAll('/', '.'), ...args],
    options,
  );
  if (error !== undefined) fail(error.code === 'ENOENT' ? 'python3 is not installed' : error.message);
  if (/No module named 'mpmath'/.test(stderr)) fail('mpmath is not installed (Debian: python3-mpmath)');
  if (status !== 0) fail(`${name}: ${stderr.trim()}`);
  return stdout;
}

/** Each definition whose numbers a script makes, and where they are not those of the tree. */
function rowsOf(name) {
  if (options.lines) process.stdout.write(python(name));
  const made = JSON.parse(python(name, '--json'));
  const listed = Object.entries(scripts[name]).flatMap(([file, names]) => names.map((name) => ({ file, name })));
  const unlisted = Object.keys(made).find((definition) => !listed.some(({ name }) => name === definition));
  if (unlisted !== undefined) fail(`${name} makes ${unlisted}, which list.mjs does not know`);
  return listed.map(({ file, name: definition }) => {
    if (made[definition] === undefined) fail(`${name} does not make ${definition}, which list.mjs says it does`);
    const values = made[definition].values.flat();
    const text = readFileSync(join(root, file), 'utf8');
    const numbers = numbersOf(text, definition);
    const differences = differencesOf(numbers, values);
    if (options.write && numbers?.length === values.length)
      writeFileSync(join(root, file), rewritten(text, numbers, values));
    return { script: name, file, name: definition, error: made[definition].error, numbers: values.length, differences };
  });
}

/** In words, one for each number. */
function differencesOf(numbers, values) {
  if (numbers === undefined) return ['there is no definition of that name'];
  if (numbers.length !== values.length) return [`it has ${numbers.length} numbers, the script makes ${values.length}`];
  return numbers
    .map(({ value, text, line }, i) => ({ value, text, line, made: values[i] }))
    .filter(({ value, made }) => !Object.is(value, made))
    .map(({ value, text, line, made }) => {
      const sign = made < 0 && value > 0 ? '-' : made > 0 && value < 0 ? 'without the sign ' : '';
      return `line ${line}: ${text}, by the script ${sign}${literalOf(made, text)}`;
    });
}

function report(row) {
  rows.push(row);
  if (options.json || options.lines) return;
  const { script, name, error, numbers, differences } = row;
  const what = `${script.padEnd(26)} ${name.padEnd(36)} ${String(numbers).padStart(3)}`;
  const verdict = differences.length === 0 ? 'the same' : `${differences.length} different`;
  process.stdout.write(`${what}  ${verdict}${error ? `, ${error}` : ''}\n`);
  for (const difference of differences) process.stdout.write(`  ${row.file}, ${difference}\n`);
}

function finish() {
  const different = rows.filter(({ differences }) => differences.length > 0);
  if (options.json) process.stdout.write(`${JSON.stringify({ rows, withoutScript: strangers }, null, 1)}\n`);
  else {
    for (const { file, line, text } of strangers)
      process.stdout.write(`${file}, line ${line}: no script makes ${text}\n`);
    const count = rows.reduce((sum, { numbers }) => sum + numbers, 0);
    const verdict =
      different.length === 0 ? 'all the same' : `other ones in ${different.map(({ name }) => name).join(', ')}`;
    if (!options.lines) process.stdout.write(`${count} numbers: ${verdict}\n`);
  }
  process.exitCode = different.length + strangers.length > 0 ? 1 : 0;
}
