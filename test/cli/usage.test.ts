// What is wrong with a command line or a file: told in a line, with nothing written and an exit code that says which it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { at, nonlin, ownFolder, quickly, run } from '../support/processes/cli.js';

ownFolder();

describe('wrong files', () => {
  const wrong = 'no-such-folder/out.npy';
  const integers = join(import.meta.dirname, '../data/npy/integers/i8-big-endian.npy');
  it.each([
    [['relu', 'none.npy'], 'cannot read none.npy: no such file or directory'],
    [['relu', '.'], 'cannot read .: illegal operation on a directory'],
    [['relu', 'text.npy'], 'text.npy: not a .npy file: it does not start with \\x93NUMPY'],
    [['relu', 'cut.npy'], 'cut.npy: the .npy file is truncated: it has 15 bytes of data, shape (2, 2) of <f4 needs 16'],
    [['relu', '-'], 'standard input is empty, and not a .npy file'],
    [['relu', 'nothing.npy'], 'nothing.npy is empty, and not a .npy file'],
    [['relu', 'f4.npy', '-o', wrong], `cannot write ${wrong}: no such file or directory`],
    [['compare', 'none.npy'], 'cannot read none.npy: no such file or directory'],
    [['compare', 'empty.npy'], 'empty.npy has no elements: there is nothing to compare'],
    [
      ['compare', integers],
      `${integers} holds int64, and what is compared is float32 or float64: nonlin identity in.npy`,
    ],
    [['compare', 'f4.npy', '--threads', '257'], '--threads: setThreads: threads must be in [1, 256], got 257'],
  ])('%j: one line, exit code 1', async (args, message) => {
    const { code, out, error } = await run(args, Buffer.alloc(0));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/^nonlin: [^\n]+\n$/);
    expect(error).toContain(message);
  });

  it('a dimension that the file does not have is one', async () => {
    const { code, error } = await run(['softmax', 'f4.npy', '--dim', '2']);
    expect(code).toBe(1);
    expect(error).toMatch(/^nonlin: f4.npy: .*dim.*2.*\n$/);
    for (const path of [['-'], []]) {
      const piped = await run(['softmax', ...path, '--dim', '2'], readFileSync(at('f4.npy')));
      expect(piped.error).toMatch(/^nonlin: standard input: .*dim.*2.*\n$/);
    }
  });
});

describe('numbers that one dtype takes', () => {
  it.each([
    ['hardTanh', '--min', '1.00000001', '--max', '1'],
    ['silu', '--beta', '1e-60'],
  ])('%j is right of float32', async (name, ...options) => {
    const { code, error } = await run([name, 'f4.npy', ...options]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
  });

  it('and too large a one is wrong of the file', async () => {
    const { code, error } = await run(['elu', 'f4.npy', '--alpha', '1e300']);
    expect({ code, error }).toEqual({
      code: 1,
      error: 'nonlin: f4.npy: elu: alpha must be finite as a float32, got 1e+300\n',
    });
  });
});

describe('wrong usage', () => {
  it.each([
    [[], 'no command is given'],
    [['frobnicate'], 'unknown command "frobnicate"'],
    [['geluTanh', 'f4.npy'], 'unknown command "geluTanh"; did you mean gelu?'],
    [['geluGrad', 'f4.npy'], 'unknown command "geluGrad"; the gradient is nonlin gelu --grad g.npy'],
    [['swigluGrad', 'f4.npy'], 'unknown command "swigluGrad"; there is no gradient of swiglu here'],
    [['nothingGrad'], 'unknown command "nothingGrad"\n'],
    [['gellu', 'f4.npy'], 'unknown command "gellu"; did you mean gelu?'],
    [['sotfmax', 'f4.npy'], 'unknown command "sotfmax"; did you mean softmax?'],
    [['comapre'], 'unknown command "comapre"; did you mean compare?'],
    [['toString'], 'unknown command "toString"'],
    [['softmax', 'f4.npy', '--axis', '0'], 'unknown option --axis; did you mean --dim?'],
    [['relu', 'f4.npy', '--outptu', 'x'], 'unknown option --outptu; did you mean --output?'],
    [['gelu', 'f4.npy', '--aproximate', 'tanh'], 'unknown option --aproximate; did you mean --approximate?'],
    [['softmax', 'f4.npy', '--aproximate', 'tanh'], 'unknown option --aproximate\n'],
    [['relu', 'f4.npy', '--axis', '0'], 'unknown option --axis\n'],
    [['info', '--treads', '3'], 'unknown option --treads\n'],
    [['check', '--sede', '3'], 'unknown option --sede; did you mean --seed?'],
    [['crossEntropy', 'f4.npy', '--hlep'], 'unknown option --hlep; did you mean --help?'],
    [['no', '--aproximate'], 'unknown option --aproximate; did you mean --approximate?'],
    [['relu', 'f4.npy', '--toString'], 'unknown option --toString'],
    [['relu', 'a.npy', 'b.npy'], 'relu takes one file, got also b.npy'],
    [['relu', 'f4.npy', '--fast'], 'unknown option --fast'],
    [['relu', 'f4.npy', '-x'], 'unknown option -x'],
    [['hardTanh', 'f4.npy', '--min', '0', '--min-val', '0'], 'hardTanh: `min` and `minVal` are the same option'],
    [['elu', 'none.npy', '--alpha', 'Infinity'], 'elu: alpha must be finite, got Infinity'],
    [['softmax', 'f4.npy', '--temperature', '0'], 'softmax: temperature must be finite and above 0, got 0'],
    [
      ['crossEntropy', 'f4.npy', '--target', 'f4.npy', '--label-smoothing', '2'],
      'crossEntropy: labelSmoothing must be from 0 to 1, got 2',
    ],
    [['prelu', 'f4.npy', '--weight', 'Infinity'], 'prelu: weight must be finite, got Infinity'],
    [['relu', 'f4.npy', '-o'], '-o needs a value: -o <out.npy>'],
    [['relu', 'f4.npy', '-o', '--json'], '-o needs a value: -o <out.npy>'],
    [['relu', 'f4.npy', '--json=1'], '--json takes no value, got 1'],
    [['relu', 'f4.npy', '--output='], '--output needs a value: --output <out.npy>'],
    [['relu', 'f4.npy', '-o', ''], '-o needs a value: -o <out.npy>'],
    [['relu', 'f4.npy', '-o', 'a', '--output', 'b'], '--output is given twice'],
    [['softmax', 'f4.npy', '--dim', '0', '--dim', '0'], '--dim is given twice'],
    [['check', '--json', '--seed', '1', '--json'], '--json is given twice'],
    [['relu', 'f4.npy', '-o', '-', '--json'], '--json and -o - both want standard output'],
    [
      ['relu', 'f4.npy', '-o', 'o.npz'],
      '-o o.npz: a .npy file is written, or with --raw or --jsonl values or lines, and no',
    ],
    [['relu', 'f4.npy', '--raw', 'float32', '-o', 'a.b/O.SafeTensors'], 'save() of nonlin/files writes .SafeTensors'],
    [['relu', 'f4.npy', '--dim', '0'], '--dim is not an option of relu'],
    [['tanh', 'f4.npy', '--approximate', 'tanh'], '--approximate is not an option of tanh'],
    [['softmax', 'f4.npy', '--dim', 'last'], '--dim must be an integer, got "last"'],
    [['softmax', 'f4.npy', '--dim', '-1.5'], '--dim must be an integer, got "-1.5"'],
    [['softmax', 'f4.npy', '--dim', '0,'], '--dim must be an integer, got ""'],
    [['softmax', 'f4.npy', '--temperature', 'hot'], '--temperature must be a number, got "hot"'],
    [['softmax', 'f4.npy', '--dim='], '--dim needs a value: --dim <n[,n]>'],
    [['gelu', 'f4.npy', '--approximate', 'erf'], '--approximate must be one of none, tanh, sigmoid, got "erf"'],
    [['gelu', 'f4.npy', '--precision', 'high'], '--precision must be one of fast, exact, got "high"'],
    [['gelu', 'f4.npy', '--backend', 'gpu'], '--backend must be one of avx512, avx2, neon, wasm, js, got "gpu"'],
    [['info', 'x'], 'info takes no argument, got x'],
    [['info', '--seed', '1'], '--seed is not an option of info'],
    ...['swiglu', 'softmin', 'logSumExp', 'crossEntropy'].map((name): [string[], string] => [
      ['check', '--function', `relu,${name}`],
      `--function: ${name} is a function, but only elementwise ones, softmax and logSoftmax are for this`,
    ]),
    [['check', '--function', 'sigmoi'], '--function: there is no "sigmoi"; did you mean sigmoid?'],
    [['check', '--function', 'seluO'], '--function: there is no "seluO"; did you mean selu?'],
    [['compare', '--function', 'foo'], '; there are relu, leakyRelu, relu6, hardTanh, '],
    [['compare', '--function', 'foo'], ' rrelu, hardSigmoid, hardSwish, '],
    [['check', 'x'], 'check takes no argument, got x'],
    [['check', '--count', '0'], '--count must be an integer from 1 to 67108864, got "0"'],
    [['check', '--count', '99999999999'], '--count must be an integer from 1 to 67108864, got "99999999999"'],
    [['check', '--seed', '-1'], '--seed must be an integer of at least 0, got "-1"'],
    [['check', '--backend', 'js'], '--backend js is what the native backends are held against: name another'],
    [['compare', 'a.npy', 'b.npy'], 'compare takes one file, got also b.npy'],
    [['compare', '--time', '0'], '--time must be a number above 0, got "0"'],
    [['compare', '--time', 'long'], '--time must be a number above 0, got "long"'],
    [['compare', '--threads', '0'], '--threads must be an integer of at least 1, got "0"'],
    [['compare', '--verbose'], '--verbose is not an option of compare'],
  ])('%j: two lines, exit code 2', async (args, message) => {
    const { code, out, error } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/^nonlin: .*\nSee nonlin (\w+)? ?--help.\n$/);
    expect(error).toContain(message);
  });
});

it.each([
  [['softmax', 'f4.npy', '--dim'], 'softmax '],
  [['--dim', '1', 'softmax', '--fast'], 'softmax '],
  [['check', '--seed', '1', '--seed', '2'], 'check '],
  [['help', 'gelu', '--output='], 'gelu '],
  [['--dim'], ''],
  [['frobnicate', '--dim'], ''],
])('%j: names the help of its command', async (args, topic) => {
  expect((await run(args)).error).toMatch(new RegExp(`\\nSee nonlin ${topic}--help\\.\\n$`));
});

describe('control codes, and marks of the direction of writing,', () => {
  // A title for the terminal, a colour in one code, a second line, a line separator, and the name backwards.
  const code = '\x1b]0;owned\x07\x9b31m\r\nnonlin: fine\u2028\u202eyp';
  const shown = '\\u{1b}]0;owned\\u{7}\\u{9b}31m\\u{d}\\u{a}nonlin: fine\\u{2028}\\u{202e}yp';
  const oneLine = /^nonlin: [^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]*\n(See nonlin [a-z]* ?--help\.\n)?$/u;

  it.each([
    [['relu', `${code}.npy`], `cannot read ${shown}.npy: no such file or directory`],
    [['relu', 'f4.npy', '-o', `no/${code}`], `cannot write no/${shown}: no such file or directory`],
    [['relu', 'f4.npy', code], `relu takes one file, got also ${shown}`],
    [['relu', `--${code}`], `unknown option --${shown}`],
    [['relu', `--json=${code}`], `--json takes no value, got ${shown}`],
    [['info', code], `info takes no argument, got ${shown}`],
  ])('are shown in messages and do nothing: %j', async (args, message) => {
    const { error } = await run(args);
    expect(error).toContain(`nonlin: ${message}\n`);
    expect(error).toMatch(oneLine);
  });

  it('are shown where a variable or a file has them', async () => {
    for (const args of [[code], ['relu', 'f4.npy', '--precision', code]])
      expect((await run(args)).error).toMatch(oneLine);
    expect(nonlin(['info', '--json'], { NONLIN_BACKEND: code }).error).toMatch(oneLine);
    const lines = nonlin(['info'], { NONLIN_BINARY: `/${code}` }).out.split('\n');
    expect(lines.find((line) => line.startsWith('reason'))).toContain(shown);
    const header = Buffer.from(`{'descr': '\x1b[2J\x9b', 'fortran_order': False, 'shape': (1,), }\n`, 'latin1');
    const length = Buffer.from(Uint16Array.of(header.length).buffer);
    const { error } = await run(['relu'], Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, header]));
    expect(error).toContain("unsupported dtype '\\u{1b}[2J\\u{9b}'");
    expect(error).toMatch(oneLine);
  });

  it('are shown in the title of compare', async () => {
    writeFileSync(at(`${code}.npy`.replaceAll('/', '')), readFileSync(at('f4.npy')));
    expect((await run([...quickly, `${code}.npy`])).out).toContain(`\n${shown}.npy: float32 `);
  });
});
