// The command line: as a process on the built file, as a user runs it, and main() where a terminal has to be played.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activationNames } from '../lib/activations.js';
import { main } from '../lib/cli/main.js';
import { backends } from '../lib/index.js';
import { readNpy, writeNpy } from '../lib/npy.js';
import { mostElements } from '../lib/small.js';
import { Tensor } from '../lib/tensor.js';
import { fakeAddon } from './fake.js';

const program = join(import.meta.dirname, '../dist/cjs/cli.js');
const packageJson = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
const hasNative = backends().length > 1;
const noNative = { NONLIN_BINARY: join(import.meta.dirname, 'no-such.node') };

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(() => {
  if (!existsSync(program)) throw new Error('dist/cjs/cli.js is missing: run npm run build:ts first');
  folder = mkdtempSync(join(tmpdir(), 'nonlin-cli-'));
  writeFileSync(
    at('f4.npy'),
    writeNpy(
      new Tensor([
        [-6, -1],
        [0.5, 3],
      ]),
    ),
  );
  writeFileSync(
    at('f8.npy'),
    writeNpy(
      new Tensor(
        [
          [1, 2, 3],
          [3, 2, 1],
        ],
        { dtype: 'float64' },
      ),
    ),
  );
  writeFileSync(at('edges.npy'), writeNpy(new Tensor([NaN, -1, 0, Infinity])));
  writeFileSync(at('empty.npy'), writeNpy(new Tensor(new Float32Array(), { shape: [0, 3] })));
  writeFileSync(at('text.npy'), 'hello');
  writeFileSync(at('cut.npy'), readFileSync(at('f4.npy')).subarray(0, -1));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
  readonly bytes: Buffer;
}

function nonlin(args: readonly string[], environment: Record<string, string> = {}, input?: Uint8Array): Result {
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, env, input });
  return { code: status, out: stdout.toString(), error: stderr.toString(), bytes: stdout };
}

const read = (name: string) => new Tensor(readNpy(readFileSync(at(name))));

describe('an activation', () => {
  // From arbitrary precision, rounded to float64.
  it.each([
    [['relu'], [0, 0, 0.5, 3]],
    [['sigmoid'], [0.0024726231566347743, 0.2689414213699951, 0.6224593312018546, 0.9525741268224333]],
    [['tanh'], [-0.9999877116507956, -0.7615941559557649, 0.46211715726000974, 0.9950547536867305]],
    [['gelu'], [-5.9195258702261885e-9, -0.15865525393145705, 0.34573123063700656, 2.99595030590511]],
    [
      ['gelu', '--approximate', 'none'],
      [-5.9195258702261885e-9, -0.15865525393145705, 0.34573123063700656, 2.99595030590511],
    ],
    [
      ['gelu', '--approximate', 'tanh'],
      [-8.439646700762297e-11, -0.1588080093917233, 0.34571400982514394, 2.996362607918227],
    ],
    [
      ['gelu', '--approximate=sigmoid'],
      [-0.0002203535497873924, -0.1542042340671787, 0.35038843660638014, 2.981928690292214],
    ],
  ])('%j writes what it should', (args, expected) => {
    expect(nonlin([...args, 'f4.npy', '-o', 'out.npy', '--precision', 'exact'])).toMatchObject({
      code: 0,
      out: '',
      error: '',
    });
    const out = read('out.npy');
    expect(out.dtype).toBe('float32');
    expect(out.shape).toEqual([2, 2]);
    expect([...out.data]).toEqual(expected.map(Math.fround));
  });

  it('keeps float64', () => {
    expect(nonlin(['softmax', 'f8.npy', '--output', 'out.npy']).code).toBe(0);
    const out = read('out.npy');
    expect(out.dtype).toBe('float64');
    for (const [i, expected] of [0.09003057317038046, 0.24472847105479764, 0.6652409557748219].entries()) {
      expect(out.data[i]).toBeCloseTo(expected, 15);
      expect(out.data[5 - i]).toBeCloseTo(expected, 15);
    }
  });

  it.each([
    [['--dim', '-1'], [[0.09003057317038046, 0.24472847105479764, 0.6652409557748219]]],
    [['--dim=-1'], [[0.09003057317038046, 0.24472847105479764, 0.6652409557748219]]],
    [['--dim', '1'], [[0.09003057317038046, 0.24472847105479764, 0.6652409557748219]]],
    [['--dim', '0'], [[0.11920292202211755, 0.5, 0.8807970779778824]]],
    [['--dim', '-2'], [[0.11920292202211755, 0.5, 0.8807970779778824]]],
  ])('softmax %j is along that dimension', (args, [row]) => {
    expect(nonlin(['softmax', ...args, 'f8.npy', '-o', 'out.npy'])).toMatchObject({ code: 0, error: '' });
    const [actual] = read('out.npy').toArray() as number[][];
    for (const [i, value] of row!.entries()) expect(actual![i]).toBeCloseTo(value, 15);
  });

  it('reads Fortran order and big-endian files', () => {
    const fixture = join(import.meta.dirname, 'data/npy/f8-big-endian-fortran.npy');
    expect(nonlin(['relu', fixture, '-o', 'out.npy']).code).toBe(0);
    expect(read('out.npy').toArray()).toEqual([
      [0, 0, 2.25],
      [0, 1e30, 2 ** -149],
    ]);
  });

  it('is a filter from standard input to standard output', () => {
    const { code, bytes, error } = nonlin(['relu', '-', '-o', '-'], {}, readFileSync(at('f4.npy')));
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(new Tensor(readNpy(new Uint8Array(bytes))).toArray()).toEqual([
      [0, 0],
      [0.5, 3],
    ]);
  });

  it('may overwrite its input', () => {
    writeFileSync(at('same.npy'), readFileSync(at('f4.npy')));
    expect(nonlin(['relu', 'same.npy', '-o', 'same.npy']).code).toBe(0);
    expect(read('same.npy').toArray()).toEqual([
      [0, 0],
      [0.5, 3],
    ]);
  });

  it('tells what the result is like when no output is named', () => {
    expect(nonlin(['relu', 'f4.npy']).out).toBe(
      ['shape  [2, 2]', 'dtype  float32', 'min    0', 'max    3', 'mean   0.875', 'zeros  50 %', ''].join('\n'),
    );
  });

  it('tells it as JSON, also beside an output', () => {
    const expected = { shape: [2, 2], dtype: 'float32', min: 0, max: 3, mean: 0.875, zeros: 0.5, nans: 0 };
    expect(JSON.parse(nonlin(['relu', 'f4.npy', '--json']).out)).toEqual(expected);
    expect(JSON.parse(nonlin(['--json', 'relu', 'f4.npy', '-o', 'out.npy']).out)).toEqual(expected);
  });

  it('counts NaN apart, and has words for infinity in JSON', () => {
    const summary = JSON.parse(nonlin(['relu', 'edges.npy', '--json']).out);
    expect(summary).toMatchObject({ min: 0, max: 'Infinity', mean: 'Infinity', zeros: 0.5, nans: 0.25 });
    expect(nonlin(['relu', 'edges.npy']).out).toContain('nans   25 %');
  });

  it('serves an empty tensor', () => {
    expect(nonlin(['softmax', 'empty.npy', '-o', 'out.npy']).code).toBe(0);
    expect(read('out.npy').shape).toEqual([0, 3]);
    expect(JSON.parse(nonlin(['tanh', 'empty.npy', '--json']).out)).toMatchObject({ min: null, max: null, mean: null });
  });

  it('makes probabilities of the logits of a real model', () => {
    const logits = join(import.meta.dirname, 'data/ocr-rec-logits.npy');
    const { shape, mean, nans } = JSON.parse(nonlin(['softmax', logits, '--json']).out);
    expect({ shape, nans }).toEqual({ shape: [37, 6625], nans: 0 });
    expect(mean * 6625).toBeCloseTo(1, 6);
  });

  it.each(backends())('gives the same exact bits with --backend %s', (backend) => {
    const args = ['gelu', join(import.meta.dirname, 'data/ocr-rec-hidden.npy'), '-o', '-', '--precision', 'exact'];
    expect(nonlin([...args, '--backend', backend]).bytes.equals(nonlin([...args, '--backend', 'js']).bytes)).toBe(true);
  });
});

describe('wrong files', () => {
  const wrong = 'no-such-folder/out.npy';
  it.each([
    [['relu', 'none.npy'], 'cannot read none.npy: no such file or directory'],
    [['relu', '.'], 'cannot read .: illegal operation on a directory'],
    [['relu', 'text.npy'], 'text.npy: not a .npy file: it does not start with \\x93NUMPY'],
    [['relu', 'cut.npy'], 'cut.npy: the .npy file is truncated: it has 15 bytes of data, shape (2, 2) of <f4 needs 16'],
    [['relu', '-'], 'standard input: not a .npy file: it does not start with \\x93NUMPY'],
    [['relu', 'f4.npy', '-o', wrong], `cannot write ${wrong}: no such file or directory`],
    [
      ['compare', 'none.npy'],
      hasNative ? 'cannot read none.npy: no such file or directory' : 'no native backend runs here',
    ],
  ])('%j: one line, exit code 1', (args, message) => {
    const { code, out, error } = nonlin(args, {}, Buffer.alloc(0));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/^nonlin: [^\n]+\n$/);
    expect(error).toContain(message);
  });

  it('a dimension that the file does not have is one', () => {
    const { code, error } = nonlin(['softmax', 'f4.npy', '--dim', '2']);
    expect(code).toBe(1);
    expect(error).toMatch(/^nonlin: f4.npy: .*dim.*2.*\n$/);
  });
});

describe('wrong usage', () => {
  // --approximate names the others of gelu.
  const applied = activationNames.filter((name) => !/^gelu./.test(name));
  const commands = [...applied, 'softmax', 'info', 'compare', 'check'].join(', ');
  it.each([
    [[], 'no command is given'],
    [['swish'], `unknown command "swish"; there are ${commands}`],
    [['geluTanh', 'f4.npy'], `unknown command "geluTanh"; there are ${commands}`],
    [['toString'], `unknown command "toString"; there are ${commands}`],
    [['relu'], 'relu needs a .npy file, or - for standard input'],
    [['relu', 'a.npy', 'b.npy'], 'relu takes one file, got also b.npy'],
    [['relu', 'f4.npy', '--fast'], 'unknown option --fast'],
    [['relu', 'f4.npy', '-x'], 'unknown option -x'],
    [['relu', 'f4.npy', '-o'], '-o needs a value: -o <out.npy>'],
    [['relu', 'f4.npy', '-o', '--json'], '-o needs a value: -o <out.npy>'],
    [['relu', 'f4.npy', '--json=1'], '--json takes no value, got 1'],
    [['relu', 'f4.npy', '-o', '-', '--json'], '--json and -o - both want standard output'],
    [['relu', 'f4.npy', '--dim', '0'], '--dim is not an option of relu'],
    [['tanh', 'f4.npy', '--approximate', 'tanh'], '--approximate is not an option of tanh'],
    [['softmax', 'f4.npy', '--dim', 'last'], '--dim must be an integer, got "last"'],
    [['softmax', 'f4.npy', '--dim', '-1.5'], '--dim must be an integer, got "-1.5"'],
    [['softmax', 'f4.npy', '--dim='], '--dim must be an integer, got ""'],
    [['gelu', 'f4.npy', '--approximate', 'erf'], '--approximate must be one of none, tanh, sigmoid, got "erf"'],
    [['gelu', 'f4.npy', '--precision', 'high'], '--precision must be one of fast, exact, got "high"'],
    [['gelu', 'f4.npy', '--backend', 'gpu'], '--backend must be one of avx512, avx2, neon, js, got "gpu"'],
    [['info', 'x'], 'info takes no argument, got x'],
    [['info', '--seed', '1'], '--seed is not an option of info'],
    [['check', 'x'], 'check takes no argument, got x'],
    [['check', '--count', '0'], '--count must be an integer of at least 1, got "0"'],
    [['check', '--seed', '-1'], '--seed must be an integer of at least 0, got "-1"'],
    [['check', '--backend', 'js'], '--backend js is what the native backends are held against: name another'],
    [['compare', 'a.npy', 'b.npy'], 'compare takes one file, got also b.npy'],
  ])('%j: two lines, exit code 2', (args, message) => {
    const { code, out, error } = nonlin(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(new RegExp(`^nonlin: .*\\nSee nonlin (${commands.replaceAll(', ', '|')})? ?--help.\\n$`));
    expect(error).toContain(message);
  });
});

describe('help and version', () => {
  it('names every command', () => {
    for (const args of [['--help'], ['-h']]) {
      const { code, out } = nonlin(args);
      expect(code).toBe(0);
      for (const name of ['relu', 'sigmoid', 'tanh', 'gelu', 'softmax', 'info', 'compare', 'check']) {
        expect(out).toContain(`  nonlin ${name} `);
      }
    }
  });

  it.each([
    ['relu', ['output', 'precision', 'backend', 'json', 'help']],
    ['gelu', ['output', 'approximate', 'precision', 'backend', 'json', 'help']],
    ['softmax', ['output', 'dim', 'precision', 'backend', 'json', 'help']],
    ['info', ['json', 'help']],
    ['compare', ['precision', 'backend', 'json', 'help']],
    ['check', ['seed', 'count', 'backend', 'json', 'help']],
  ])('of %s lists its options and no others', (name, options) => {
    const { code, out } = nonlin([name, '--help']);
    expect(code).toBe(0);
    expect([...out.matchAll(/^ {2}(?:-\w, | {4})--(\w+)/gm)].map(([, option]) => option)).toEqual(options);
  });

  it('fits a terminal of 120 columns', () => {
    for (const args of [['--help'], ['gelu', '--help'], ['check', '--help']]) {
      for (const line of nonlin(args).out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    }
  });

  it('gives the version of package.json', () => {
    expect(nonlin(['--version'])).toMatchObject({ code: 0, out: `${packageJson.version}\n`, error: '' });
  });
});

describe('info', () => {
  it('tells who serves, in lines and in JSON', () => {
    const facts = JSON.parse(nonlin(['info', '--json']).out);
    expect(facts).toMatchObject({ version: packageJson.version, backends: backends() });
    const { code, out } = nonlin(['info']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^backends +${backends().join(', ')}$`, 'm'));
  });

  it('tells why there is no native backend', () => {
    const facts = JSON.parse(nonlin(['info', '--json'], noNative).out);
    expect(facts).toMatchObject({ backend: 'js', backends: ['js'], native: null });
    expect(facts.reason).toContain('no-such.node');
  });

  it('follows NONLIN_BACKEND, and has one line for a wrong one', () => {
    expect(JSON.parse(nonlin(['info', '--json'], { NONLIN_BACKEND: 'js' }).out).backend).toBe('js');
    const { code, error } = nonlin(['info'], { NONLIN_BACKEND: 'gpu' });
    expect(code).toBe(1);
    expect(error).toMatch(/^nonlin: NONLIN_BACKEND must be one of .*, got "gpu"\n$/);
  });
});

describe('without a native backend', () => {
  it.each([['compare'], ['check']])('%s says why it cannot, exit code 1', (name) => {
    const { code, out, error } = nonlin([name], noNative);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/^nonlin: no native backend runs here: .*no-such\.node could not be loaded: .*\n$/);
  });

  it('an activation serves all the same', () => {
    expect(nonlin(['relu', 'f4.npy'], noNative).code).toBe(0);
  });

  it('--backend of a native one is an error that lists what can run', () => {
    const { code, error } = nonlin(['relu', 'f4.npy', '--backend', 'avx2'], noNative);
    expect(code).toBe(1);
    expect(error).toContain('avx2 cannot run here; js can');
  });
});

const activations = [...activationNames, 'softmax'];

describe.skipIf(!hasNative)('with a native backend (skipped where none runs)', () => {
  it('compare measures every activation', () => {
    const { code, out, error } = nonlin(['compare', 'f4.npy', '--json']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const { backend, dtype, shape, rows } = JSON.parse(out);
    expect({ backend, dtype, shape }).toEqual({ backend: backends()[0], dtype: 'float32', shape: [2, 2] });
    expect(rows.map((row: { activation: string }) => row.activation)).toEqual(activations);
    for (const { native, typescript, speedup, ulp, identical } of rows) {
      expect(native).toBeGreaterThan(0);
      expect(speedup).toBeCloseTo(typescript / native, 6);
      expect(ulp).toBeLessThanOrEqual(2);
      expect(identical).toBeGreaterThanOrEqual(0);
      expect(identical).toBeLessThanOrEqual(1);
    }
  });

  it('compare has a table for readers', () => {
    const { code, out } = nonlin(['compare', 'f4.npy', '--precision', 'exact']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^\S+ on \d+ threads? against TypeScript: float32 \[2, 2\], precision exact\n\nactivation +\S+ ms +typescript ms/,
    );
    expect(out).toMatch(/^relu +[\d.]+ +[\d.]+ +[\d.]+ x +0 +100.00 %$/m);
  });

  it('check finds every backend within its bounds', () => {
    const { code, out, error } = nonlin(['check', '--json', '--count', '20000']);
    const { ok, rows } = JSON.parse(out);
    expect(rows.filter((row: { ok: boolean }) => !row.ok)).toEqual([]);
    expect({ code, error, ok }).toEqual({ code: 0, error: '', ok: true });
    // Each native backend, activation and direction, in float32 fast and exact and in float64.
    expect(rows.length).toBe((backends().length - 1) * activations.length * 2 * 3);
  });

  it('check tells a seed from another, and repeats one', () => {
    const run = (seed: string) => nonlin(['check', '--count', '3000', '--seed', seed]).out;
    expect(run('7')).toBe(run('7'));
    expect(run('7')).not.toBe(run('8'));
    expect(run('7')).toMatch(/ bounds \(3000 values, seed 7\)\n$/);
  });
});

describe('with an addon that is wrong in one place', () => {
  // Plain TypeScript under a native name, but for tanh(0.5) of float32 in fast precision.
  const wrongAddon = (wrong = 'value === 0.5 && (y[i] = 0.4621175)') =>
    fakeAddon(
      at('wrong.cjs'),
      `if (op === ${activationNames.indexOf('tanh')} && !exact && y instanceof Float32Array)
        x.forEach((value, i) => ${wrong});`,
    );

  it('check finds it, and exits with 1', () => {
    const { code, out, error } = nonlin(['check', '--json', '--count', '2000'], wrongAddon());
    expect({ code, error }).toEqual({ code: 1, error: '' });
    const { ok, rows } = JSON.parse(out);
    expect(ok).toBe(false);
    expect(rows.length).toBe(activations.length * 2 * 3);
    const [row, ...others] = rows.filter((row: { ulp: number }) => row.ulp > 0);
    expect(others).toEqual([]);
    // tanh(0.5) is 0.46211717 in float32, whose numbers are 2^-25 apart there.
    expect(row).toMatchObject({ backend: 'avx2', activation: 'tanh', direction: 'forward', dtype: 'float32' });
    expect(row).toMatchObject({ precision: 'fast', ulp: 11, bound: 2, ok: false });
    expect(row.worst).toEqual({
      x: 0.5,
      grad: null,
      native: Math.fround(0.4621175),
      typescript: Math.fround(0.46211717),
    });
  });

  it('check shows it in its table', () => {
    const { code, out } = nonlin(['check', '--count', '2000'], wrongAddon());
    expect(code).toBe(1);
    expect(out).toMatch(/^avx2 +tanh +forward +float32 +fast +11 +2 +0\.5 +0\.4621175 +0\.46211717 +DIFFERS$/m);
    // Of one backend: forward and gradient, in float32 fast and exact and in float64.
    const comparisons = 2 * 3 * activations.length;
    expect(out).toMatch(
      new RegExp(`\\n1 of ${comparisons} comparisons are beyond their bounds \\(2000 values, seed 1\\)\\n$`),
    );
  });

  it('check takes a zero of the wrong sign for a difference', () => {
    const { code, out } = nonlin(['check', '--count', '2000'], wrongAddon('value || (y[i] = 0)'));
    expect(code).toBe(1);
    expect(out).toMatch(/^avx2 +tanh +forward +float32 +fast +Infinity +2 +-0 +0 +-0 +DIFFERS$/m);
  });

  it('compare shows it', () => {
    // Half of the entries are 0.5, and they are too many for a small call, which this addon has not.
    writeFileSync(
      at('half.npy'),
      writeNpy(new Tensor(new Float32Array(2 * mostElements).fill(1).fill(0.5, mostElements))),
    );
    const { rows } = JSON.parse(nonlin(['compare', 'half.npy', '--json'], wrongAddon()).out);
    expect(rows.find(({ activation }: { activation: string }) => activation === 'tanh')).toMatchObject({
      ulp: 11,
      identical: 0.5,
    });
  });
});

it('a reader that closes the pipe ends it quietly', async () => {
  const child = spawn(process.execPath, [program, '--help']);
  child.stdout.destroy();
  let error = '';
  child.stderr.on('data', (chunk) => {
    error += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, error }).toEqual({ code: 0, error: '' });
});

describe('a terminal', () => {
  async function onTerminal(args: readonly string[], environment: Record<string, string> = {}) {
    const written = { out: '', error: '' };
    const output = (key: 'out' | 'error') => ({
      isTTY: true,
      write: (chunk: string | Uint8Array) => (written[key] += chunk),
    });
    const readInput = async () => new Uint8Array(readFileSync(at('f4.npy')));
    const code = await main(args, { out: output('out'), error: output('error'), environment, readInput });
    return { code, ...written };
  }

  it('gets colours, unless NO_COLOR is set', async () => {
    expect((await onTerminal(['info'])).out).toContain('\x1b[1mversion');
    expect((await onTerminal(['info'], { NO_COLOR: '1' })).out).not.toContain('\x1b[');
    expect((await onTerminal(['info'], { NO_COLOR: '' })).out).toContain('\x1b[1m');
    expect(nonlin(['info']).out).not.toContain('\x1b[');
  });

  it('gets no binary', async () => {
    const { code, out, error } = await onTerminal(['relu', '-', '-o', '-']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toContain('a .npy file is not for a terminal: redirect it, or name a file with -o');
  });

  it.skipIf(!hasNative)(
    'sees the progress of check, and nothing of it in the end (skipped without native code)',
    async () => {
      const { error } = await onTerminal(['check', '--count', '100']);
      expect(error).toContain('checking softmax gradient float64 ...');
      expect(error.endsWith('\r\x1b[K')).toBe(true);
    },
  );
});
