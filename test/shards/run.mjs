// `npm run shards:check`: shards through the program by engines that people have: Dask, with a scheduler and two workers on this machine,
// which are ended again, and GNU parallel. The bytes of one piece; a shard that fails is named, and the rest done.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { listOf, oneOf, read } from '../../bench/options.mjs';

/** How each engine is looked for, and what Debian calls it. */
const engines = {
  dask: { command: ['/usr/bin/python3', '-c', 'import distributed'], packages: 'python3-dask python3-distributed' },
  parallel: { command: ['parallel', '--version'], packages: 'parallel' },
};

const help = `npm run shards:check -- [options]

Sends shards of .npy, raw values and JSON lines through nonlin by Dask and GNU parallel, and holds the results against one piece.
Exit code 1 where anything is wrong or missing.

  --engine NAME[,...]  ${Object.keys(engines).join(', ')} (default: all)
  --json               rows as JSON
  --help               this text
`;
const options = read('shards:check', help, {
  engine: [listOf(oneOf(Object.keys(engines))), Object.keys(engines).join()],
});

const root = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'nonlin-shards-'));
const [rows, row, shards] = [6000, 100, 6];

/** The engines find `nonlin` where a user's shell would. */
mkdirSync(join(work, 'bin'));
const program = join(work, 'bin/nonlin');
writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist/cjs/cli.js')}" "$@"\n`, {
  mode: 0o755,
});
const env = { ...process.env, PATH: `${join(work, 'bin')}${delimiter}${process.env.PATH}`, NONLIN_BACKEND: '' };
const at = (...names) => join(work, ...names);

function run(command, args, input) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: work,
    env,
    input,
    maxBuffer: 2 ** 28,
    timeout: 120_000,
  });
  return { status: error?.message ?? status, out: stdout ?? Buffer.alloc(0), said: String(stderr) };
}
const shell = (line, input) => run('bash', ['-o', 'pipefail', '-c', line], input);

const values = Float32Array.from({ length: rows * row }, (_, i) => 20 * Math.sin(i * i));
const raw = Buffer.from(values.buffer);
const npyOf = (count, bytes) => {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, ${row}), }`.padEnd(117);
  return Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, 'latin1'), bytes]);
};
const share = rows / shards;
const partOf = (bytes, i) => bytes.subarray(i * share * row * 4, (i + 1) * share * row * 4);
const names = Array.from({ length: shards }, (_, i) => `${i}.npy`);
mkdirSync(at('whole'));
for (const [i, name] of names.entries()) writeFileSync(at('whole', name), npyOf(share, partOf(raw, i)));
/** The same, but one of them was not written to its end. */
const [broken, cut] = [names[3], at('broken')];
mkdirSync(cut);
for (const name of names)
  writeFileSync(join(cut, name), readFileSync(at('whole', name)).subarray(0, name === broken ? -6 : undefined));

/** All of it at once, in one process. */
const one = run(program, ['softmax', '--raw', 'float32', '--row', `${row}`], raw);
if (one.status !== 0) throw new Error(`nonlin fails by itself: ${one.said}`);
const expected = one.out;

/** What is wrong with a folder of results: of these shards, those that are to be there. */
function wrongIn(folder, wanted) {
  const found = existsSync(at(folder)) ? readdirSync(at(folder)).sort() : [];
  if (found.join() !== wanted.join())
    return [`${folder} has ${found.join(', ') || 'nothing'}, not ${wanted.join(', ')}`];
  return wanted
    .filter((name) => !readFileSync(at(folder, name)).equals(npyOf(share, partOf(expected, names.indexOf(name)))))
    .map((name) => `${name} differs from one piece`);
}

const others = names.filter((name) => name !== broken);
function wrongEnd({ status, said }, wanted, ...words) {
  const problems = status === wanted ? [] : [`it ends with ${status}, not ${wanted}:\n${said}`];
  for (const word of words)
    if (!said.includes(word)) problems.push(`it does not say ${JSON.stringify(word)}:\n${said}`);
  return problems;
}
const wrongBytes = (got, wanted) =>
  got.equals(wanted) ? [] : [`${got.length} bytes differ from the ${wanted.length} of one piece`];
const reason = 'the .npy file is truncated: it has 399994 bytes of data';

/** Dask's scheduler and workers while `work` is done. */
async function withCluster(act) {
  const file = at('scheduler.json');
  const start = (name, ...args) =>
    spawn(
      '/usr/bin/python3',
      ['-m', `distributed.cli.dask_${name}`, '--scheduler-file', file, '--no-dashboard', ...args],
      {
        cwd: work,
        env,
        stdio: 'ignore',
      },
    );
  const processes = [start('scheduler', '--host', '127.0.0.1', '--port', '0')];
  try {
    for (let waited = 0; !existsSync(file); waited++) {
      if (waited > 600 || processes[0].exitCode !== null) throw new Error('the scheduler does not start');
      await new Promise((done) => setTimeout(done, 100));
    }
    for (const name of ['one', 'two'])
      processes.push(
        start(
          'worker',
          '--host',
          '127.0.0.1',
          '--no-nanny',
          '--nthreads',
          '1',
          '--name',
          name,
          '--local-directory',
          at(name),
        ),
      );
    return await act(JSON.parse(readFileSync(file, 'utf8')).address);
  } finally {
    await Promise.all(
      processes.map(
        (child) =>
          new Promise((done) => {
            if (child.exitCode !== null) return done();
            child.once('exit', done);
            child.kill();
            setTimeout(() => child.kill('SIGKILL'), 5000).unref();
          }),
      ),
    );
  }
}

const filter = join(root, 'examples/shards/filter.py');
const checks = {
  dask: (check) =>
    withCluster(async (address) => {
      const send = (from, to) => run('/usr/bin/python3', [filter, address, at(from), at(to), 'nonlin', 'softmax']);
      await check('.npy shards', () => [...wrongEnd(send('whole', 'by-dask'), 0), ...wrongIn('by-dask', names)]);
      await check('a failed shard', () => [
        ...wrongEnd(send('broken', 'by-dask-but-one'), 1, `${broken}: nonlin: `, reason),
        ...wrongIn('by-dask-but-one', others),
      ]);
    }),
  parallel: async (check) => {
    const softmax = `nonlin softmax --raw float32 --row ${row}`;
    const blocks = `parallel --pipe --recend '' --keep-order --jobs 2 --block ${row * 4 * 500}`;
    await check('blocks of raw values', () => {
      const done = shell(`${blocks} ${softmax}`, raw);
      return [...wrongEnd(done, 0), ...wrongBytes(done.out, expected)];
    });
    await check('a truncated stream', () => {
      const done = shell(`${blocks} ${softmax}`, raw.subarray(0, -2));
      return [
        ...wrongEnd(
          done,
          1,
          `nonlin: standard input: 398 bytes are left at the end: a row of ${row} float32 values has 400`,
        ),
        ...wrongBytes(done.out, expected.subarray(0, -4 * row)),
      ];
    });
    const files = (from, to) =>
      shell(`mkdir ${to} && parallel --jobs 2 --joblog ${to}.log 'nonlin softmax {} -o ${to}/{/}' ::: ${from}/*.npy`);
    await check('.npy shards', () => [...wrongEnd(files('whole', 'by-parallel'), 0), ...wrongIn('by-parallel', names)]);
    await check('a failed shard', () => [
      ...wrongEnd(files('broken', 'by-parallel-but-one'), 1, `nonlin: broken/${broken}: ${reason}`),
      ...wrongIn('by-parallel-but-one', others),
    ]);
    await check('JSON lines', () => {
      const text = Array.from(
        { length: 200 },
        (_, i) => `[${[...values.subarray(i * row, (i + 1) * row)].join()}]\n`,
      ).join('');
      const done = shell('parallel --pipe -N 30 --keep-order --jobs 2 nonlin softmax --jsonl', Buffer.from(text));
      const got = String(done.out)
        .split('\n')
        .filter(Boolean)
        .flatMap((line) => JSON.parse(line));
      return [
        ...wrongEnd(done, 0),
        ...wrongBytes(Buffer.from(Float32Array.from(got).buffer), expected.subarray(0, 200 * row * 4)),
      ];
    });
  },
};

const found = [];
function report(engine, what, seconds, problems) {
  found.push({ engine, what, seconds, problems });
  if (options.json) return;
  console.log(
    `${engine.padEnd(10)}${what.padEnd(24)}${seconds.toFixed(1).padStart(5)} s  ${problems.length === 0 ? 'ok' : 'FAILED'}`,
  );
  for (const problem of problems) console.log(`  ${problem.trimEnd().replaceAll('\n', '\n  ')}`);
}
try {
  for (const engine of options.engine) {
    const { command, packages } = engines[engine];
    if (run(command[0], command.slice(1)).status !== 0) {
      report(engine, 'is missing', 0, [`Debian has it: apt-get install ${packages}`]);
      continue;
    }
    const check = async (what, act) => {
      if (process.stderr.isTTY) process.stderr.write(`${engine}, ${what} ...\r`);
      const start = performance.now();
      const problems = act();
      report(engine, what, (performance.now() - start) / 1000, problems);
    };
    try {
      await checks[engine](check);
    } catch (error) {
      report(engine, 'does not run', 0, [error.message]);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const ok = found.every(({ problems }) => problems.length === 0);
if (options.json) console.log(JSON.stringify({ ok, rows: found }, null, 2));
else console.log(`\n${ok ? 'ok' : 'FAILED'}`);
process.exitCode = ok ? 0 : 1;
