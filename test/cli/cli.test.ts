// The command line: as a process on the built file, as a user runs it, where streams, variables or the exit code are what is tested;
// else main() alone.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../lib/cli/main.js';
import { readNpy } from '../../lib/files/npy.js';
import { backends, info } from '../../lib/index.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import {
  at,
  hasNative,
  noNative,
  nonlin,
  ownFolder,
  packageJson,
  pieces,
  program,
  quickly,
  run,
} from '../support/processes/cli.js';

ownFolder();

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
  ])('%j writes what it should', async (args, expected) => {
    expect(await run([...args, 'f4.npy', '-o', 'out.npy', '--precision', 'exact'])).toMatchObject({
      code: 0,
      out: '',
      error: '',
    });
    const out = read('out.npy');
    expect(out.dtype).toBe('float32');
    expect(out.shape).toEqual([2, 2]);
    expect([...out.data]).toEqual(expected.map(Math.fround));
  });

  it('keeps float64', async () => {
    expect((await run(['softmax', 'f8.npy', '--output', 'out.npy'])).code).toBe(0);
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
    [['--dim', '+1'], [[0.09003057317038046, 0.24472847105479764, 0.6652409557748219]]],
    [['--dim', '0'], [[0.11920292202211755, 0.5, 0.8807970779778824]]],
    [['--dim', '-2'], [[0.11920292202211755, 0.5, 0.8807970779778824]]],
    [['--dim', '0,-1'], [[0.04501528658519023, 0.12236423552739882, 0.3326204778874109]]],
    [['--temperature', '2'], [[0.1863237232258476, 0.30719588571849843, 0.506480391055654]]],
  ])('softmax %j is as that says', async (args, [row]) => {
    expect(await run(['softmax', ...args, 'f8.npy', '-o', 'out.npy'])).toMatchObject({ code: 0, error: '' });
    const [actual] = read('out.npy').toArray() as number[][];
    for (const [i, value] of row!.entries()) expect(actual![i]).toBeCloseTo(value, 15);
  });

  it('takes a number that begins with a sign and a point', async () => {
    expect((await run(['leakyRelu', '--negative-slope', '-.5', 'f8.npy', '-o', 'out.npy'])).code).toBe(0);
    const below = read('out.npy');
    expect((await run(['leakyRelu', '--negative-slope=-0.5', 'f8.npy', '-o', 'out.npy'])).code).toBe(0);
    expect(below.toArray()).toEqual(read('out.npy').toArray());
  });

  it('reads Fortran order and big-endian files', async () => {
    const fixture = join(import.meta.dirname, '../data/npy/floats/f8-big-endian-fortran.npy');
    expect((await run(['relu', fixture, '-o', 'out.npy'])).code).toBe(0);
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

  it('reads what is piped in where no file is named', () => {
    const bytes = readFileSync(at('f4.npy'));
    expect(nonlin(['relu', '-o', '-'], {}, bytes)).toEqual(nonlin(['relu', '-', '-o', '-'], {}, bytes));
    expect(JSON.parse(nonlin(['relu', '--json'], {}, bytes).out)).toMatchObject({ shape: [2, 2], max: 3 });
    const file = openSync(at('f4.npy'), 'r');
    const { stdout, status } = spawnSync(process.execPath, [program, 'relu', '--json'], {
      stdio: [file, 'pipe', 'pipe'],
    });
    closeSync(file);
    expect(status).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({ shape: [2, 2], max: 3 });
  });

  it('leaves alone what follows the data', async () => {
    const file = readFileSync(at('f4.npy'));
    const { code, bytes } = await run(['relu', '-o', '-'], Buffer.concat([file, file]));
    expect({ code, bytes }).toEqual({ code: 0, bytes: (await run(['relu', '-o', '-'], file)).bytes });
  });

  it.each([
    ['an empty pipe', 'pipe'],
    ['no standard input', 'ignore'],
  ] as const)('says with %s that no file is named', (_, stdin) => {
    const { status, stderr } = spawnSync(process.execPath, [program, 'relu'], { stdio: [stdin, 'pipe', 'pipe'] });
    expect(status).toBe(2);
    expect(stderr.toString()).toBe(
      'nonlin: a .npy file is needed: none is named, and standard input is empty\nSee nonlin relu --help.\n',
    );
  });

  it.skipIf(process.platform === 'win32')(
    'says so too where standard input is closed (skipped without a shell)',
    () => {
      const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${program}" relu <&-`]);
      expect(status).toBe(2);
      expect(stderr.toString()).toContain('a .npy file is needed: none is named, and standard input is empty');
    },
  );

  it('may overwrite its input', async () => {
    writeFileSync(at('same.npy'), readFileSync(at('f4.npy')));
    expect((await run(['relu', 'same.npy', '-o', 'same.npy'])).code).toBe(0);
    expect(read('same.npy').toArray()).toEqual([
      [0, 0],
      [0.5, 3],
    ]);
  });

  it('tells what the result is like when no output is named', async () => {
    expect((await run(['relu', 'f4.npy'])).out).toBe(
      ['shape  [2, 2]', 'dtype  float32', 'min    0', 'max    3', 'mean   0.875', 'zeros  50 %', ''].join('\n'),
    );
  });

  it('tells it as JSON, also beside an output', async () => {
    const expected = { shape: [2, 2], dtype: 'float32', min: 0, max: 3, mean: 0.875, zeros: 0.5, nans: 0 };
    expect(JSON.parse((await run(['relu', 'f4.npy', '--json'])).out)).toEqual(expected);
    expect(JSON.parse((await run(['--json', 'relu', 'f4.npy', '-o', 'out.npy'])).out)).toEqual(expected);
  });

  it('counts NaN apart, and has words for infinity in JSON', async () => {
    const summary = JSON.parse((await run(['relu', 'edges.npy', '--json'])).out);
    expect(summary).toMatchObject({ min: 0, max: 'Infinity', mean: 'Infinity', zeros: 0.5, nans: 0.25 });
    expect((await run(['relu', 'edges.npy'])).out).toContain('nans   25 %');
  });

  it('serves an empty tensor', async () => {
    expect((await run(['softmax', 'empty.npy', '-o', 'out.npy'])).code).toBe(0);
    expect(read('out.npy').shape).toEqual([0, 3]);
    expect(JSON.parse((await run(['tanh', 'empty.npy', '--json'])).out)).toMatchObject({
      min: null,
      max: null,
      mean: null,
    });
  });

  it.skipIf(process.platform === 'win32')('may be run after every build, as npx has a link to it', () => {
    expect(statSync(new URL('../../dist/cjs/cli.js', import.meta.url)).mode & 0o111).toBe(0o111);
  });

  it('makes probabilities of the logits of a real model', async () => {
    const logits = join(import.meta.dirname, '../data/ocr-rec-logits.npy');
    const { shape, mean, nans } = JSON.parse((await run(['softmax', logits, '--json'])).out);
    expect({ shape, nans }).toEqual({ shape: [37, 6625], nans: 0 });
    expect(mean * 6625).toBeCloseTo(1, 6);
  });

  it.each(backends())('gives the same exact bits with --backend %s', async (backend) => {
    const args = ['gelu', join(import.meta.dirname, '../data/ocr-rec-hidden.npy'), '-o', '-', '--precision', 'exact'];
    expect(
      (await run([...args, '--backend', backend])).bytes.equals((await run([...args, '--backend', 'js'])).bytes),
    ).toBe(true);
  });
});

it.each([
  [0, ['gelu', 'f4.npy', '--precision', 'exact', '--backend', info().backend, '-o', '-']],
  [0, ['softmax', 'f8.npy', '--dim', '0', '--json', '--backend', 'js']],
  [0, ['crossEntropy', '--help']],
  [0, ['--version']],
  [1, ['relu', 'none.npy']],
  [1, ['softmax', 'f4.npy', '--dim', '2']],
  [2, ['frobnicate']],
  [2, ['relu', 'f4.npy', '--fast']],
])('exit code %i of a process that is given %j, which writes what main() does', async (code, args) => {
  const wanted = await run(args);
  expect(nonlin(args)).toEqual(wanted);
  expect(wanted.code).toBe(code);
});

describe('help and version', () => {
  it('names every command', async () => {
    for (const args of [['--help'], ['-h']]) {
      const { code, out } = await run(args);
      expect(code).toBe(0);
      for (const name of ['relu', 'sigmoid', 'tanh', 'gelu', 'softmax', 'info', 'compare', 'check']) {
        expect(out).toContain(`  nonlin ${name} `);
      }
    }
  });

  it.each([
    ['relu', ['output', 'grad', 'dtype', 'raw', 'jsonl', 'precision', 'backend', 'json', 'help']],
    ['gelu', ['output', 'approximate', 'grad', 'dtype', 'raw', 'jsonl', 'precision', 'backend', 'json', 'help']],
    [
      'softmax',
      [
        'output',
        'dim',
        'temperature',
        'mask',
        'empty',
        'grad',
        'dtype',
        'raw',
        'row',
        'jsonl',
        'precision',
        'backend',
        'json',
        'help',
      ],
    ],
    [
      'leakyRelu',
      ['output', 'negative-slope', 'grad', 'dtype', 'raw', 'jsonl', 'precision', 'backend', 'json', 'help'],
    ],
    ['info', ['json', 'help']],
    ['compare', ['function', 'precision', 'backend', 'threads', 'time', 'json', 'help']],
    ['check', ['function', 'seed', 'count', 'backend', 'verbose', 'json', 'help']],
  ])('of %s lists its options and no others', async (name, options) => {
    const { code, out } = await run([name, '--help']);
    expect(code).toBe(0);
    expect([...out.matchAll(/^ {2}(?:-\w, | {4})--([\w-]+)/gm)].map(([, option]) => option)).toEqual(options);
  });

  it('fits a terminal of 120 columns', async () => {
    for (const args of [['--help'], ['gelu', '--help'], ['check', '--help']]) {
      for (const line of (await run(args)).out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    }
  });

  it('gives the version of package.json', async () => {
    for (const option of ['--version', '-v'])
      expect(await run([option])).toMatchObject({ code: 0, out: `${packageJson.version}\n`, error: '' });
  });
});

describe('info', () => {
  it('tells who serves, in lines and in JSON', async () => {
    const facts = JSON.parse((await run(['info', '--json'])).out);
    expect(facts).toMatchObject({ version: packageJson.version, backends: backends() });
    const { code, out } = await run(['info']);
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
    const can = backends().join(', ');
    const problem = `NONLIN_BACKEND must be one of those that run here, ${can}, got "JS"; did you mean js?`;
    const { code, out, error } = nonlin(['info', '--json'], { NONLIN_BACKEND: 'JS' });
    expect({ code, error }).toEqual({ code: 0, error: `nonlin: ${problem}\n` });
    expect(JSON.parse(out)).toMatchObject({ backend: backends()[0], problems: [problem] });
  });
});

describe('a NONLIN_BACKEND that is none', () => {
  const variables = { NONLIN_BACKEND: 'gpu' };

  it.each([['--help'], ['--version'], ['relu', '--help'], ['help', 'check']])(
    'does not keep %s from its text',
    async (...args) => {
      expect(nonlin(args, variables)).toEqual(await run(args));
    },
  );

  it.each([['relu', 'f4.npy'], ['compare'], ['check']])('is an error of %s, which computes', (...args) => {
    const { code, out, error } = nonlin(args, variables);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    const can = backends().join(', ');
    expect(error).toBe(`nonlin: NONLIN_BACKEND must be one of those that run here, ${can}, got "gpu"\n`);
  });

  it('does not matter where another is asked for', () => {
    expect(nonlin(['relu', 'f4.npy', '--backend', 'js'], variables).code).toBe(0);
  });
});

describe('without a native backend', () => {
  it('check says why it cannot, exit code 1', () => {
    const { code, out, error } = nonlin(['check'], noNative);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/^nonlin: no native backend runs here: .*no-such\.node could not be loaded: .*\n$/);
  });

  it('compare holds TypeScript against the loop, and says so', () => {
    const { code, out, error } = nonlin([...quickly, 'f4.npy'], noNative);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(
      /^no native code runs here \(nonlin info tells why\): TypeScript and a plain JavaScript loop, in turns\n/,
    );
    expect(out).toMatch(/^ +price in +times as fast as\nfunction +ns +copies +relus +a loop$/m);
    expect(out).toMatch(/^sigmoid: [\d.]+x (faster|slower) than a JavaScript loop, .*copy\n$/m);
    expect(out).not.toMatch(/ulp/);
    const { backend, rows } = JSON.parse(nonlin([...quickly, 'f4.npy', '--json'], noNative).out);
    expect(backend).toBe('js');
    for (const row of rows) expect(row).toMatchObject({ typescript: null, timesTypescript: null, agreement: null });
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
    const readSome = pieces(readFileSync(at('f4.npy')));
    const [out, error] = [output('out'), output('error')];
    const code = await main(args, { out, error, environment, readSome, inputIsTTY: true });
    return { code, ...written };
  }

  it('gets colours, unless NO_COLOR is set', async () => {
    expect((await onTerminal(['info'])).out).toContain('\x1b[1mversion');
    expect((await onTerminal(['info'], { NO_COLOR: '1' })).out).not.toContain('\x1b[');
    expect((await onTerminal(['info'], { NO_COLOR: '' })).out).toContain('\x1b[1m');
    expect((await run(['info'])).out).not.toContain('\x1b[');
  });

  it('gets no binary', async () => {
    const { code, out, error } = await onTerminal(['relu', '-', '-o', '-']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toContain('a .npy file is not for a terminal: redirect it, or name a file with -o');
  });

  it('has nothing piped in', async () => {
    const { code, out, error } = await onTerminal(['relu']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toBe('nonlin: a .npy file is needed, named or piped in\nSee nonlin relu --help.\n');
  });

  it('sees the progress of compare, and leaves threads and backend as they were', async () => {
    const before = info();
    const { code, error } = await onTerminal(['compare', '-', '--time', '0.3', '--threads', '3', '--backend', 'js']);
    expect(code).toBe(0);
    expect(error).toContain('\r\x1b[Ktaking turns: ');
    expect(error.endsWith('\r\x1b[K')).toBe(true);
    expect(info()).toEqual(before);
  });

  it.skipIf(!hasNative)('has a tick in green, unless NO_COLOR is set (skipped without native code)', async () => {
    expect((await onTerminal(['check', '--count', '100'])).out).toContain('\x1b[32m✓');
    expect((await onTerminal(['check', '--count', '100'], { NO_COLOR: '1' })).out).not.toContain('\x1b');
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
