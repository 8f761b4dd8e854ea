// `npm run bench:load`: what it costs to load nonlin, in processes of their own that do nothing else, taken in turn with empty ones so
// that what else the machine does falls on both.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { listOf, read, text, whole } from './options.mjs';

const help = `npm run bench:load -- [options]

  --against FOLDER[,...]  other builds of the package, such as that of another checkout
  --rounds N              processes of each kind (default 40)
  --json                  rows as JSON
  --help                  this text

CPU is the user and system time of all threads of a process until the package is loaded; "over empty" the median of its differences
to the empty process of the same round; "elapsed" the time that require takes. All are medians, in ms.
`;

const options = read('bench:load', help, { against: [listOf(text)], rounds: [whole(1, 10_000), '40'] });
const { rounds } = options;

const here = join(import.meta.dirname, '..');
const folders = [here, ...(options.against ?? [])].map((folder) => resolve(folder));
const kinds = [{ name: 'empty' }, ...folders.map((folder) => ({ name: folder, folder }))];

/** CPU and elapsed milliseconds of a process that loads a package, or nothing. */
function measure({ folder }) {
  const code = `
    const start = process.hrtime.bigint();
    ${folder === undefined ? '' : `require(${JSON.stringify(folder)});`}
    const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    console.log(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, elapsed }));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const samples = Array.from({ length: rounds }, () => kinds.map(measure));
const rows = kinds.map(({ name }, kind) => ({
  name,
  cpu: median(samples.map((round) => round[kind].cpu)),
  overEmpty: median(samples.map((round) => round[kind].cpu - round[0].cpu)),
  elapsed: median(samples.map((round) => round[kind].elapsed)),
}));

if (options.json) {
  console.log(JSON.stringify(rows, null, 2));
} else {
  console.log(`Node ${process.versions.node}, ${rounds} processes of each kind`);
  const print = (name, ...cells) => console.log(`${cells.map((cell) => cell.padStart(12)).join('')}  ${name}`);
  print('', 'CPU', 'over empty', 'elapsed');
  for (const { name, cpu, overEmpty, elapsed } of rows)
    print(name, ...[cpu, overEmpty, elapsed].map((ms) => ms.toFixed(1)));
}
