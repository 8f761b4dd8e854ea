// `npm run prove:bits`: every instruction set gives the same bits, NEON included, which runs here under qemu.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { flag, read, whole } from '../../../bench/options.mjs';
import { program } from '../build.mjs';

const help = `npm run prove:bits -- [options]

Builds the kernels for this processor and for arm64, runs them on the same inputs, and compares checksums of the results.
AVX-512 is emulated where this processor lacks it (test/programs/emulated). Needs g++-aarch64-linux-gnu and qemu-user-static (Debian's names). Exit code 1 where a checksum differs.

  --count N   inputs of each elementwise function (default 1000000)
  --emulated  AVX-512 emulated as well where the processor has it
  --quick     kernels for arm64 that are compiled with -O1, in a third of the time
  --json      the checksums as JSON
  --help      this text
`;
const options = read('prove:bits', help, { count: [whole(), '1000000'], quick: [flag], emulated: [flag] });

for (const tool of ['aarch64-linux-gnu-g++', 'qemu-aarch64-static']) {
  if (spawnSync(tool, ['--version']).error) {
    console.error(`prove:bits: ${tool} is not installed`);
    process.exit(2);
  }
}
const native = process.arch === 'arm64' ? [] : [[program('bits')]];
const runs = [...native, ['qemu-aarch64-static', program('bits', options.quick ? 'arm64-quick' : 'arm64')]];
const emulated =
  native.length > 0 && (options.emulated || !/\bavx512bw\b/.test(readFileSync('/proc/cpuinfo', 'utf8')))
    ? program('bits-emulated')
    : undefined;
if (emulated !== undefined) runs.push([emulated]);

/** function -> instruction set -> checksum */
const sums = new Map();
for (const [command, ...args] of runs) {
  const text = execFileSync(command, [...args, String(options.count)], { encoding: 'utf8' });
  for (const line of text.trim().split('\n')) {
    const [set, ...rest] = line.split(' ');
    const isa = options.emulated && command === emulated ? `${set}, emulated` : set;
    const checksum = rest.pop();
    const name = rest.join(' ');
    sums.set(name, { ...sums.get(name), [isa]: checksum });
  }
}
const rows = [...sums].map(([name, of]) => ({ function: name, ...of, equal: new Set(Object.values(of)).size === 1 }));
if (options.json) console.log(JSON.stringify(rows, null, 2));
else console.table(rows);
const sets = new Set(rows.flatMap((row) => Object.keys(row)));
const equal =
  rows.every((row) => row.equal) &&
  ['avx512', 'neon'].every((isa) => native.length === 0 || sets.has(isa)) &&
  rows.length > 0;
if (!options.json) console.log(equal ? 'all instruction sets give the same bits' : 'the instruction sets differ');
process.exit(equal ? 0 : 1);
