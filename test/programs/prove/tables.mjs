// What a proof found as tables: a line for each function, direction and precision, or one for each group of rows.
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';

const native = new URL('../../../native/', import.meta.url);
const definition = (file) => readFileSync(new URL(file, native), 'utf8');

/** The group that a row is in, native/rows/*.def, by its name, in the order of the list. */
const groups = new Map(
  [...definition('rows/activations.def').matchAll(/^#include "(rows\/(\w+)\.def)"$/gm)].flatMap(([, file, group]) =>
    [...definition(file).matchAll(/^ACTIVATION\((\w+)/gm)].map(([, name]) => [name, group]),
  ),
);
const groupOf = ({ function: name }) => groups.get(name.split('(')[0]) ?? 'along a dimension';

const titles = { forward: '', gradient: ', gradient', product: ', gradient, any grad' };
// Rounded up: a table must not promise more than was found.
const errorOf = (ulp) => (ulp === 0 ? '0' : (Math.ceil(ulp * 1000) / 1000).toFixed(3));
const inputsOf = (inputs) => (inputs === 2 ** 32 ? '2^32' : inputs >= 1e6 ? `${(inputs / 1e6).toFixed(0)} M` : inputs);
const table = (heads, rows) =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');

/** Everything. */
export const whole = (rows) =>
  table(
    ['function', 'precision', 'inputs', 'largest error, ulp', 'at x', 'wrongly rounded', 'instruction sets differ'],
    rows.map(({ function: name, direction, precision, inputs, ulp, at, wrong, differ }) => [
      name + titles[direction],
      precision,
      inputsOf(inputs),
      errorOf(ulp),
      ulp === 0 ? '' : at,
      wrong ?? '',
      differ,
    ]),
  );

/** Of each group a line: its largest errors in ulp, whose they are, and how many results `exact` rounds wrongly. */
export function worst(rows) {
  const cellsOf = (group) => {
    const of = (direction, precision) =>
      rows.filter((row) => groupOf(row) === group && row.direction === direction && row.precision === precision);
    const largest = (...kind) => {
      const all = of(...kind);
      if (all.length === 0) return '';
      const most = all.reduce((a, b) => (b.ulp > a.ulp ? b : a));
      return most.ulp === 0 ? '0' : `${errorOf(most.ulp)} ${most.function}`;
    };
    const wrong = (...directions) => {
      const all = directions.flatMap((direction) => of(direction, 'exact'));
      const asked = all.filter((row) => typeof row.wrong === 'number');
      if (asked.length === 0) return '';
      const sum = asked.reduce((sum, row) => sum + row.wrong, 0);
      // logSoftmax is promised to be within 0.501 ulp, and not asked.
      return asked.length === all.length ? sum : `${sum} of ${asked.map((row) => row.function).join(', ')}`;
    };
    return [
      group,
      ...[largest('forward', 'fast'), wrong('forward'), largest('forward', 'float64')],
      ...[largest('gradient', 'fast'), wrong('gradient', 'product'), largest('gradient', 'float64')],
    ];
  };
  return table(
    ['rows', 'float32', '`exact` wrong', 'float64', 'slope, float32', '`exact` wrong', 'slope, float64'],
    [...new Set(rows.map(groupOf))].map(cellsOf),
  );
}

// An error without an end is null there, which would be less than any promise.
const parse = (text) => JSON.parse(text, (key, value) => (/^(ulp|share)$/.test(key) ? (value ?? Infinity) : value));

/** The rows of runs that were printed as JSON; of one that several have, that of the most inputs. */
export async function read(files) {
  const runs = await Promise.all(files.map(async (file) => parse(await readFile(file, 'utf8'))));
  const rows = new Map();
  for (const row of runs.flatMap((run) => run.rows)) {
    const key = [row.function, row.direction, row.precision].join();
    if ((rows.get(key)?.inputs ?? 0) < row.inputs) rows.set(key, row);
  }
  const order = [...groups.keys(), 'softmax', 'logSoftmax'];
  const place = ({ function: name }) => order.indexOf(name.split('(')[0]);
  return {
    instructionSets: [...new Set(runs.flatMap((run) => run.instructionSets))],
    seconds: runs.reduce((sum, run) => sum + run.seconds, 0),
    oracle: runs.flatMap((run) => run.oracle),
    passes: runs.flatMap((run) => run.passes),
    rows: [...rows.values()].sort((a, b) => place(a) - place(b)),
  };
}

/** Writes a table to a file: where that has the lines of both marks, between them. */
export async function put(file, text) {
  const before = await readFile(file, 'utf8').catch(() => '');
  const [open, close] = ['<!-- prove -->\n', '<!-- /prove -->\n'];
  const [start, end] = [before.indexOf(open), before.indexOf(close)];
  const inPlace = start >= 0 && end > start;
  await writeFile(file, inPlace ? `${before.slice(0, start)}${open}\n${text}\n${before.slice(end)}` : text);
}
