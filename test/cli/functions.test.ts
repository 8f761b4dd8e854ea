// The functions as commands: each gives what the call of the library gives, of files that may hold a mask, slopes or classes as well.
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { functions } from '../../lib/cli/functions.js';
import { main } from '../../lib/cli/main.js';
import { readNpy, writeNpy } from '../../lib/files/npy.js';
import * as nl from '../../lib/index.js';
import { at, nonlin, ownFolder, run } from '../support/processes/cli.js';

ownFolder();

/** A .npy file of another dtype than floats. */
function npyOf(descr: string, shape: readonly number[], data: ArrayBufferView, fortran = false): Uint8Array {
  const sizes = shape.map((size) => `${size}, `).join('');
  const order = fortran ? 'True' : 'False';
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${sizes}), }\n`;
  const start = Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(header.length, 0)}${header}`, 'latin1');
  return Buffer.concat([start, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

const numbers = (count: number, from: number) => Float32Array.from({ length: count }, (_, i) => 4 * Math.sin(from + i));
const x = new nl.Tensor(numbers(24, 1), { shape: [2, 3, 4] });
const up = new nl.Tensor(numbers(24, 5), { shape: [2, 3, 4] });
const double = new nl.Tensor(Float64Array.from(x.data), { shape: [2, 3, 4] });
const slopes = new nl.Tensor(Float32Array.of(0.5, 0.25, -1));
const four = new nl.Tensor(Float64Array.of(0.5, 0.25, -1, 0.1));
const [half, brain] = [x.to('float16'), x.to('bfloat16')];
const [halfSlopes, brainSlopes] = [slopes.to('float16'), slopes.to('bfloat16')];
const added = new nl.Tensor([0, -Infinity, 1, -2]);
const keeps = Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1);
const classes = [2, 0, 1, 1, 0, -100, 2, 1];
const wide = BigInt64Array.from(classes, BigInt);
// Of shape [2, 4] in Fortran order.
const inColumns = Int16Array.from([0, 4, 1, 5, 2, 6, 3, 7], (i) => classes[i]!);

beforeAll(() => {
  const tensors = { x, up, double, slopes, four, added, half, brain, halfSlopes, brainSlopes };
  for (const [name, tensor] of Object.entries(tensors)) writeFileSync(at(`${name}.npy`), writeNpy(tensor));
  const raw: Record<string, Uint8Array> = {
    keeps: npyOf('|b1', [3, 4], keeps),
    bytes: npyOf(
      '|u1',
      [3, 4],
      keeps.map((byte) => 255 * byte),
    ),
    wideKeeps: npyOf('<i8', [3, 4], BigInt64Array.from(keeps, BigInt)),
    inColumns: npyOf('<i2', [2, 4], inColumns, true),
    classes: npyOf('<i4', [2, 4], Int32Array.from(classes)),
    wide: npyOf('<i8', [2, 4], wide),
    unsigned: npyOf(
      '|u1',
      [2, 4],
      Uint8Array.from(classes, (one) => (one === -100 ? 255 : one)),
    ),
    turned: npyOf('<i4', [4, 2], Int32Array.from(classes)),
    outside: npyOf(
      '<i4',
      [2, 4],
      Int32Array.from(classes, (one) => one + 1),
    ),
  };
  for (const [name, bytes] of Object.entries(raw)) writeFileSync(at(`${name}.npy`), bytes);
  writeFileSync(at('cutKeeps.npy'), readFileSync(at('keeps.npy')).subarray(0, -1));
});

const read = (name: string) => new nl.Tensor(readNpy(readFileSync(at(name))));

it('functions that are commands are all that the package exports', () => {
  const others = ['activation', 'backends', 'info', 'setThreads', 'useBackend', 'version'];
  const names = Object.keys(nl).filter((name) => /^[a-z]/.test(name) && !/Grad$/.test(name) && !others.includes(name));
  expect([...functions.keys()].sort()).toEqual(names.sort());
});

const mask = { data: keeps, shape: [3, 4] };

describe('a call', () => {
  it.each<[string, () => unknown]>([
    ['swish x.npy --beta 2', () => nl.swish(x, { beta: 2 })],
    ['glu x.npy', () => nl.glu(x)],
    ['glu double.npy --dim 0', () => nl.glu(double, { dim: 0 })],
    ['swiglu x.npy --dim -1', () => nl.swiglu(x, { dim: -1 })],
    ['swiglu x.npy --dim 0 --beta -1.5', () => nl.swiglu(x, { dim: 0, beta: -1.5 })],
    ['swiglu x.npy up.npy', () => nl.swiglu(x, up)],
    ['swiglu x.npy up.npy --beta 2 --precision exact', () => nl.swiglu(x, up, { beta: 2, precision: 'exact' })],
    ['geglu x.npy --approximate tanh', () => nl.geglu(x, { approximate: 'tanh' })],
    ['geglu x.npy up.npy --approximate sigmoid', () => nl.geglu(x, up, { approximate: 'sigmoid' })],
    ['reglu x.npy up.npy', () => nl.reglu(x, up)],
    ['reglu double.npy --dim=-3', () => nl.reglu(double, { dim: -3 })],
    ['prelu x.npy --weight slopes.npy', () => nl.prelu(x, { weight: slopes })],
    ['prelu x.npy --weight ./slopes.npy --channel-dim 1', () => nl.prelu(x, { weight: slopes, channelDim: 1 })],
    ['prelu x.npy --weight four.npy --channel-dim -1', () => nl.prelu(x, { weight: four, channelDim: -1 })],
    ['prelu x.npy --weight -1e-1', () => nl.prelu(x, { weight: -0.1 })],
    ['softmax x.npy --mask keeps.npy', () => nl.softmax(x, { mask })],
    ['softmax x.npy --mask bytes.npy --empty zero', () => nl.softmax(x, { mask, empty: 'zero' })],
    ['logSoftmax x.npy --mask wideKeeps.npy --empty zero', () => nl.logSoftmax(x, { mask, empty: 'zero' })],
    ['softmin x.npy --mask added.npy --dim 1,-1', () => nl.softmin(x, { mask: added, dim: [1, -1] })],
    ['softmax x.npy --empty nan', () => nl.softmax(x, { empty: 'nan' })],
    ['logSumExp x.npy', () => nl.logSumExp(x)],
    ['logSumExp x.npy --dim 0,1 --keepdim', () => nl.logSumExp(x, { dim: [0, 1], keepdim: true })],
    ['logSumExp double.npy --dim -2', () => nl.logSumExp(double, { dim: -2 })],
    ['logSumExp double.npy --dim 0,1,2', () => nl.logSumExp(double, { dim: [0, 1, 2] })],
    ['crossEntropy x.npy --target classes.npy', () => nl.crossEntropy(x, classes)],
    ['crossEntropy double.npy --target wide.npy', () => nl.crossEntropy(double, classes)],
    [
      'crossEntropy x.npy --target inColumns.npy --reduction sum',
      () => nl.crossEntropy(x, classes, { reduction: 'sum' }),
    ],
    [
      'crossEntropy x.npy --target unsigned.npy --ignore-index 255 --reduction none --precision exact',
      () => nl.crossEntropy(x, classes, { reduction: 'none', precision: 'exact' }),
    ],
    [
      'crossEntropy x.npy --target classes.npy --ignore-index -100 --dim -2',
      () => nl.crossEntropy(x, classes, { dim: 1 }),
    ],
    [
      'crossEntropy x.npy --target classes.npy --label-smoothing 0.1',
      () => nl.crossEntropy(x, classes, { labelSmoothing: 0.1 }),
    ],
    [
      'crossEntropy x.npy --target classes.npy --weight slopes.npy',
      () => nl.crossEntropy(x, classes, { weight: slopes }),
    ],
    ['crossEntropy x.npy --target up.npy --reduction none', () => nl.crossEntropy(x, up, { reduction: 'none' })],
    ['prelu x.npy --weight brainSlopes.npy', () => nl.prelu(x, { weight: slopes })],
    ['prelu half.npy --weight slopes.npy', () => nl.prelu(half, { weight: slopes })],
    ['logSumExp brain.npy', () => nl.logSumExp(brain)],
    ['logSumExp half.npy --dim 0,1 --keepdim', () => nl.logSumExp(half, { dim: [0, 1], keepdim: true })],
    ['logSumExp half.npy --dim 0,1,2', () => nl.logSumExp(half, { dim: [0, 1, 2] })],
    [
      'crossEntropy half.npy --target wide.npy --weight halfSlopes.npy',
      () => nl.crossEntropy(half, classes, { weight: slopes }),
    ],
    [
      'crossEntropy brain.npy --target brain.npy --reduction sum',
      () => nl.crossEntropy(brain, brain, { reduction: 'sum' }),
    ],
    [
      'crossEntropy brain.npy --target classes.npy --weight halfSlopes.npy --reduction none',
      () => nl.crossEntropy(brain, classes, { weight: slopes, reduction: 'none' }),
    ],
  ])('%s', async (line, call) => {
    const { code, out, error } = await run([...line.split(' '), '-o', 'out.npy', '--backend', nl.info().backend]);
    expect({ code, out, error }).toEqual({ code: 0, out: '', error: '' });
    const result = call();
    const dtype = line.includes('double.npy') ? 'float64' : 'float32';
    const expected = result instanceof nl.Tensor ? result : new nl.Tensor(result as number, { dtype });
    const written = read('out.npy');
    expect(written.dtype).toBe(result instanceof nl.Tensor ? result.dtype : dtype);
    expect(written.toJSON()).toEqual(expected.toJSON());
  });

  it('reads one of its files from standard input', () => {
    const files = { 'x.npy': readFileSync(at('x.npy')), 'up.npy': readFileSync(at('up.npy')) };
    const wanted = nonlin(['swiglu', 'x.npy', 'up.npy', '-o', '-']).bytes;
    expect(nonlin(['swiglu', '-', 'up.npy', '-o', '-'], {}, files['x.npy']).bytes.equals(wanted)).toBe(true);
    expect(nonlin(['swiglu', 'x.npy', '-', '-o', '-'], {}, files['up.npy']).bytes.equals(wanted)).toBe(true);
    for (const [option, args] of [
      ['keeps.npy', ['softmax', 'x.npy', '--mask']],
      ['slopes.npy', ['prelu', 'x.npy', '--weight']],
      ['classes.npy', ['crossEntropy', 'x.npy', '--json', '--target']],
    ] as const) {
      const piped = nonlin([...args, '-'], {}, readFileSync(at(option)));
      expect(piped).toEqual(nonlin([...args, option]));
      expect(piped.code).toBe(0);
    }
  });
});

describe('one number', () => {
  it('is printed, in as few digits as its dtype needs', async () => {
    const loss = nl.crossEntropy(x, classes);
    const { code, out } = await run(['crossEntropy', 'x.npy', '--target', 'classes.npy']);
    expect({ code, number: Math.fround(Number(out)) }).toEqual({ code: 0, number: Math.fround(loss) });
    expect(out).toMatch(/^\d\.\d{1,8}\n$/);
    const { out: all } = await run(['logSumExp', 'double.npy', '--dim', '0,1,2']);
    expect(all).toBe(`${nl.logSumExp(double.data)}\n`);
  });

  it('is the value in JSON', async () => {
    const value = Math.fround(nl.crossEntropy(x, classes));
    const { out } = await run(['crossEntropy', 'x.npy', '--target', 'classes.npy', '--json']);
    expect(JSON.parse(out)).toEqual({ shape: [], dtype: 'float32', value });
    const none = (await run(['crossEntropy', 'x.npy', '--target', 'classes.npy', '--reduction', 'none', '--json'])).out;
    expect(JSON.parse(none)).toMatchObject({ shape: [2, 4], dtype: 'float32' });
    const nothing = (await run(['logSumExp', 'empty.npy', '--dim', '0,1', '--json'])).out;
    expect(JSON.parse(nothing)).toEqual({ shape: [], dtype: 'float32', value: '-Infinity' });
  });
});

it.each([
  [['swiglu', 'x.npy', 'up.npy'], { shape: [2, 3, 4], dtype: 'float32' }],
  [['glu', 'double.npy'], { shape: [2, 3, 2], dtype: 'float64' }],
  [['prelu', 'x.npy', '--weight', 'slopes.npy'], { shape: [2, 3, 4], nans: 0 }],
  [['softmax', 'x.npy', '--mask', 'keeps.npy'], { zeros: 1 / 6, nans: 1 / 3 }],
  [['softmax', 'x.npy', '--mask', 'keeps.npy', '--empty', 'zero'], { zeros: 0.5, nans: 0 }],
  [['logSumExp', 'x.npy', '--dim', '0,1', '--keepdim'], { shape: [1, 1, 4], dtype: 'float32' }],
])('%j tells in JSON what the result is like', async (args, expected) => {
  const { code, out } = await run([...args, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject(expected);
});

describe('what cannot be done', () => {
  it.each([
    ['relu x.npy --grad double.npy', 'double.npy holds float64 and x.npy float32: --dtype float32 converts both'],
    ['swiglu x.npy double.npy', 'x.npy holds float32 and double.npy float64: --dtype float64 converts both'],
    ['swiglu x.npy f4.npy', 'x.npy, f4.npy: swiglu: up has shape [2, 2] but '],
    ['swiglu x.npy --dim 1', 'x.npy: swiglu: x has shape [2, 3, 4], of which there are no halves'],
    ['swiglu x.npy none.npy', 'cannot read none.npy: no such file or directory'],
    ['swiglu x.npy keeps.npy', 'keeps.npy holds bool: --dtype float32 converts it'],
    [
      'softmax x.npy --mask slopes.npy',
      "x.npy, --mask slopes.npy: softmax: a mask of shape [3] does not broadcast to x's",
    ],
    [
      'softmax x.npy --mask four.npy',
      'x.npy, --mask four.npy: softmax: a mask of floats is added to x and must be float32',
    ],
    ['softmax x.npy --mask text.npy', 'text.npy: not a .npy file'],
    [
      'softmax x.npy --mask cutKeeps.npy',
      'cutKeeps.npy: the .npy file is truncated: it has 11 bytes of data, shape (3, 4)',
    ],
    ['softmax x.npy --mask none.npy', 'cannot read none.npy: no such file or directory'],
    [
      'prelu x.npy --weight four.npy',
      'x.npy, --weight four.npy: prelu: weight has 4 slopes but x of shape [2, 3, 4] has 3',
    ],
    ['prelu x.npy --weight f4.npy', 'x.npy, --weight f4.npy: prelu: weight must have one dimension, got shape [2, 2]'],
    ['prelu x.npy --weight classes.npy', "classes.npy: unsupported dtype '<i4'"],
    ['prelu x.npy --weight 1 --channel-dim 3', 'x.npy: prelu: channelDim must be'],
    ['logSumExp x.npy --dim 0,0', 'x.npy: logSumExp: dim names dimension 0 twice'],
    [
      'crossEntropy x.npy --target turned.npy',
      'x.npy, --target turned.npy: crossEntropy: target has shape [4, 2], and logits of shape [2, 3, 4] have slices [2, 4] along 1',
    ],
    [
      'crossEntropy x.npy --target outside.npy',
      'x.npy, --target outside.npy: crossEntropy: target 3 is none of 3 classes, 0 to 2',
    ],
    [
      'crossEntropy x.npy --target slopes.npy',
      'x.npy, --target slopes.npy: crossEntropy: a target of floats is probabilities, of the shape [2, 3, 4]',
    ],
    [
      'crossEntropy x.npy --target classes.npy --weight four.npy',
      'x.npy, --target classes.npy, --weight four.npy: crossEntropy: weight has 4 elements, and logits of shape [2, 3, 4] have 3 classes along 1',
    ],
    ['crossEntropy x.npy --target classes.npy --weight bytes.npy', 'bytes.npy: unsupported dtype'],
    ['crossEntropy x.npy --target classes.npy --dim 3', 'x.npy, --target classes.npy: crossEntropy: dim must be'],
  ])('%s: one line, exit code 1', async (line, message) => {
    const { code, out, error } = await run(line.split(' '));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/^nonlin: [^\n]+\n$/);
    expect(error).toContain(`nonlin: ${message}`);
  });

  it.each([
    ['swiglu a.npy b.npy c.npy', 'swiglu takes one file or two, got also c.npy'],
    ['glu a.npy b.npy', 'glu takes one file, got also b.npy'],
    ['softmax a.npy b.npy', 'softmax takes one file, got also b.npy'],
    ['geglu x.npy up.npy --dim 0', '--dim is for one file, which it cuts in two, and not for two'],
    ['swiglu x.npy --dim 0,1', '--dim must be an integer, got "0,1"'],
    ['swiglu x.npy --dim', '--dim needs a value: --dim <n>'],
    ['swiglu x.npy --approximate tanh', '--approximate is not an option of swiglu'],
    ['swiglu - -', 'standard input is one file: name the others'],
    ['softmax --mask -', 'standard input is one file: name the others'],
    ['softmax x.npy --empty 0', '--empty must be one of nan, zero, got "0"'],
    ['relu x.npy --mask keeps.npy', '--mask is not an option of relu'],
    ['prelu x.npy', '--weight is needed: --weight <number|w.npy>'],
    ['prelu x.npy --weight slopes', '--weight must be a number or a .npy file of them, got "slopes"'],
    ['prelu x.npy --weight NaN', '--weight must be a number or a .npy file of them, got "NaN"'],
    ['prelu x.npy --weight 0.5,0.25', '--weight must be a number or a .npy file of them, got "0.5,0.25"'],
    ['prelu x.npy --weight 1 --channel-dim 0,1', '--channel-dim must be an integer, got "0,1"'],
    ['threshold x.npy --threshold 1', '--value is needed: --value <number>'],
    ['logSumExp x.npy --keepdim=true', '--keepdim takes no value, got true'],
    ['crossEntropy x.npy', '--target is needed: --target <t.npy>'],
    [
      'crossEntropy x.npy --target classes.npy --reduction max',
      '--reduction must be one of mean, sum, none, got "max"',
    ],
    ['crossEntropy x.npy --target classes.npy --ignore-index all', '--ignore-index must be an integer, got "all"'],
    ['crosEntropy x.npy', 'unknown command "crosEntropy"; did you mean crossEntropy?'],
    ['logsumexp x.npy', 'unknown command "logsumexp"; did you mean logSumExp?'],
    ['swigl x.npy', 'unknown command "swigl"; did you mean swiglu?'],
    ['softmax x.npy --masks keeps.npy', 'unknown option --masks; did you mean --mask?'],
  ])('%s: two lines, exit code 2', async (line, message) => {
    const { code, out, error } = await run(line.split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/^nonlin: .*\nSee nonlin (\w+)? ?--help.\n$/);
    expect(error).toContain(message);
  });
});

describe('the help', () => {
  const last = ['precision', 'backend', 'json', 'help'];
  const streamed = ['raw', 'row', 'jsonl'];
  it.each<[string, readonly string[], string]>([
    ['glu', ['dim'], 'The second half along --dim is the gate: first half * sigmoid(second half).'],
    ['swiglu', ['dim', 'beta'], 'the first half along --dim is the gate: silu(first half) * second half.'],
    ['geglu', ['dim', 'approximate'], 'the gate and what goes through it: gelu(gate) * up.'],
    ['reglu', ['dim'], 'nonlin reglu [in.npy | gate.npy up.npy] [-o out.npy] [options]'],
    ['prelu', ['weight', 'channel-dim'], '--weight <number|w.npy>'],
    ['softmax', ['dim', 'temperature', 'mask', 'empty'], '--dim <n[,n]>'],
    ['softmin', ['dim', 'temperature', 'mask', 'empty'], '--mask <m.npy>'],
    ['logSumExp', ['dim', 'keepdim'], '--keepdim  '],
    ['crossEntropy', ['target', 'dim', 'reduction', 'ignore-index', 'label-smoothing', 'weight'], '--dim <n>'],
  ])('of %s', async (name, own, text) => {
    const { code, out } = await run([name, '--help']);
    expect(code).toBe(0);
    const options = [...out.matchAll(/^ {2}(?:-\w, | {4})--([\w-]+)/gm)].map(([, option]) => option);
    const hasGrad = ['prelu', 'softmax', 'softmin'].includes(name);
    expect(options).toEqual([
      'output',
      ...own,
      ...(hasGrad ? ['grad'] : []),
      'dtype',
      ...(name === 'crossEntropy' ? [] : streamed),
      ...last,
    ]);
    expect(out).toContain(text);
  });

  it('of each fits a terminal of 120 columns, and all stand in the help of all', async () => {
    const { out: all } = await run(['--help']);
    for (const name of functions.keys()) {
      expect(all).toContain(`  nonlin ${name} [`);
      let help = '';
      const out = {
        write: (text: string | Uint8Array) => {
          help += text;
          return true;
        },
      };
      const io = { out, error: out, environment: {}, readSome: () => 0, inputIsTTY: true };
      await main([name, '--help'], io);
      for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
    }
  });
});
