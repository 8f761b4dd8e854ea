// The command lines of the scripts in package.json: what is wrong with one is told in a line, before any work is done.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** npm's name of each, and the file that it runs in the end; but for what has packages of its own to install first. */
const files = Object.entries(scripts).flatMap(([name, command]) => {
  const file = /node ((?:bench|test|tools\/coefficients)\/\S+\.mjs|tools\/(?:packages|prebuilds)\.mjs)$/.exec(
    command,
  )?.[1];
  return file === undefined || file.startsWith('test/bundlers/') ? [] : [{ name, file }];
});

/** In a thread, which is there in a third of the time that a process takes. */
async function run(file: string, ...args: string[]) {
  const worker = new Worker(join(root, file), { argv: args, execArgv: [], stdout: true, stderr: true });
  const status = new Promise<number>((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  const [stdout, stderr] = await Promise.all([text(worker.stdout), text(worker.stderr)]);
  return { status: await status, stdout, stderr };
}

it('are those that measure, prove, make numbers again and pack', () => {
  expect(files.map(({ name }) => name).sort()).toEqual([
    'bench',
    'bench:forms',
    'bench:load',
    'bench:peers',
    'bench:threads',
    'browser:check',
    'coefficients',
    'fuzz:files',
    'pack:check',
    'packages',
    'prebuilds',
    'prebuilds:check',
    'prove',
    'prove:bits',
    'prove:typescript',
    'shards:check',
    'wasm:check',
  ]);
});

describe.each(files)('npm run $name', async ({ name, file }) => {
  const { status, stdout: help } = await run(file, '--help');
  const options = [...help.matchAll(/^ {2}--(\w+)[ =]\[?([A-Z]+)/gm)].map(([, option, value]) => ({ option, value }));

  it('has --help and --json', () => {
    expect(status).toBe(0);
    expect(help).toMatch(new RegExp(`^npm run ${name} -- \\[options\\]\n`));
    expect(help).toMatch(/^ {2}--json /m);
    expect(help).toMatch(/^ {2}--help /m);
  });

  // Any name is a file's or a folder's.
  const wrong = options
    .filter(({ value }) => value !== 'FILE' && value !== 'FOLDER')
    .map(({ option }) => `--${option}=no-such`);
  it.each([...wrong, '--no-such', 'no-such'])('%s: two lines, exit code 2', async (argument) => {
    const { status, stdout, stderr } = await run(file, argument);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^${name}: .*no-such.*\nSee npm run ${name} -- --help\\.\n$`));
  });
});

const fileOf = (name: string) => files.find((one) => one.name === name)!.file;

it.each([
  ['bench', 'softmax', '; did you mean softmax:ROW?'],
  ['bench', 'softmax:0', '; did you mean softmax:ROW?'],
  ['bench', 'relu,softmax:many', '; did you mean softmax:ROW?'],
  ['bench', 'softmax:10:max', '; did you mean softmax:ROW:mask?'],
  ['bench', 'sigmiod', '; did you mean sigmoid?'],
  ['bench', 'toString', ''],
  ['bench:threads', 'softmaxGrad', '; did you mean softmaxGrad:ROW?'],
  ['bench:peers', 'softmax', '; did you mean softmax:ROW?'],
  ['prove', 'gelu:tanh', '; did you mean geluTanh?'],
])('%s does not know the function %s, and says which it knows%s', async (name, functions, help) => {
  const { status, stderr } = await run(fileOf(name), '--function', functions);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^\S+: --function must be one of relu, .*softmax.*, got "[\w:]+"(; .*)?\n/);
  expect(stderr.split('\n')[0]!.replace(/^.*, got "[\w:]+"/, '')).toBe(help);
});

it('names the option that was meant, and takes none twice', async () => {
  for (const name of ['bench', 'bench:threads', 'prove']) {
    expect((await run(fileOf(name), '--functoin=relu')).stderr).toContain(
      `${name}: Unknown option '--functoin'; did you mean --function?\n`,
    );
    const { status, stderr } = await run(fileOf(name), '--function=relu', '--json', '--function=gelu');
    expect({ status, error: stderr.split('\n')[0] }).toEqual({
      status: 2,
      error: `${name}: --function is given twice`,
    });
  }
});

it.each([[], ['--input=uniform:-1:1,uniform:-9:9']])(
  'the columns of bench stand apart, however long a name is (%s)',
  async (...input) => {
    const name = 'softmaxGrad:10:temperature';
    const options = ['--size=100', '--time=1', `--function=relu,${name}`, '--backend=js', '--precision=fast'];
    const { status, stdout } = await run(fileOf('bench'), ...options, ...input);
    expect(status).toBe(0);
    const lines = stdout.split('\n').filter((line) => /^(function|relu|softmaxGrad)/.test(line));
    const columns = lines.map((line) => line.search(/(?<= )(backend|js)(?= )/));
    expect(columns).toEqual([columns[0], columns[0], columns[0]]);
    expect(columns[0]).toBeGreaterThan(name.length);
  },
);

it.each(['bench', 'bench:threads'])('%s measures no shorter rows than it was asked for, and says so', async (name) => {
  const options = ['--size=16', '--time=1', '--function=relu,softmax:1000', '--json'];
  const { status, stdout, stderr } = await run(fileOf(name), ...options);
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: 'left out, as their rows are longer than 16: softmax:1000\n',
  });
  expect(new Set((JSON.parse(stdout) as { function: string }[]).map((row) => row.function))).toEqual(new Set(['relu']));
});
