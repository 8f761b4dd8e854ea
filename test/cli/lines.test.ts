// JSON lines: one out for each that comes in, in the same order, and the number of a bad one.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { main } from '../../lib/cli/main.js';
import * as nl from '../../lib/index.js';
import { at, nonlin, ownFolder, pieces, program, run } from '../support/processes/cli.js';

ownFolder();

const lines = (text: string) => Buffer.from(text);

it.each<[string[], string, string]>([
  [['relu'], '[-1, 2, 0.1]\n[3]\n', '[0,2,0.1]\n[3]\n'],
  [['relu'], '[-1,2]', '[0,2]\n'],
  [['relu'], ' [ -1 , 2 ] \r\n[]\n-3\n2\n', '[0,2]\n[]\n0\n2\n'],
  [['relu'], '[[-1, 2], [3, -4]]\n', '[[0,2],[3,0]]\n'],
  [
    ['identity'],
    '["NaN", "Infinity", "-Infinity", "-0", -0.0, 1e-45]\n',
    '["NaN","Infinity","-Infinity",-0.0,-0.0,1e-45]\n',
  ],
  [['identity'], '[0.1, 16777217, 1e39]\n', '[0.1,16777216,"Infinity"]\n'],
  [['identity', '--dtype', 'float64'], '[0.1, 16777217, 1e39]\n', '[0.1,16777217,1e+39]\n'],
  [['identity', '--dtype', 'bfloat16'], '[0.1]\n', '[0.100097656]\n'],
  [['logSumExp', '--dtype', 'float16'], '[1,2,3]\n[[0],[-1e9]]\n', '3.4082031\n[0,"-Infinity"]\n'],
  [['softmax'], '[1, 1]\n[[1, 1], [2, 2]]\n', '[0.5,0.5]\n[[0.5,0.5],[0.5,0.5]]\n'],
  [['softmax', '--dim', '0'], '[[1, 3], [1, 3]]\n', '[[0.5,0.5],[0.5,0.5]]\n'],
  [['logSumExp'], '[0]\n[[0], [1]]\n', '0\n[0,1]\n'],
  [['glu'], '[4, 0]\n', '[2]\n'],
  [['threshold', '--threshold', '1', '--value', '7'], '[0, 2]\n', '[7,2]\n'],
  [['relu'], '', ''],
])('%j of %j', async (args, text, expected) => {
  expect(await run([...args, '--jsonl'], lines(text))).toMatchObject({ code: 0, out: expected, error: '' });
});

it('gives numbers that are the results, in as few digits as tell them', async () => {
  const x = Float32Array.from({ length: 1000 }, (_, i) => 20 * Math.sin(i * i));
  const { out } = await run(['gelu', '--jsonl'], lines(`[${x.join()}]\n`));
  expect(Float32Array.from(JSON.parse(out))).toEqual(nl.gelu(x));
});

it('keeps the order of many lines, cut anywhere', async () => {
  const text = Array.from({ length: 3000 }, (_, i) => `[${-i}, ${i}, ${i / 8}]\n`).join('');
  const expected = Array.from({ length: 3000 }, (_, i) => `[0,${i},${i / 8}]\n`).join('');
  for (const length of [1, 10, 4099]) {
    const got: string[] = [];
    const out = { write: (chunk: string | Uint8Array) => got.push(Buffer.from(chunk as Uint8Array).toString()) };
    const readSome = pieces(lines(text.replace('[0, 0, 0]', '[-0, 0, 0]')), length);
    await main(['relu', '--jsonl'], { out, error: out, environment: {}, readSome, inputIsTTY: false });
    expect(got.join('').replaceAll('-0.0', '0')).toBe(expected);
  }
});

it('reads a file and writes one', async () => {
  writeFileSync(at('lines'), '[-1]\n[2]\n');
  expect(await run(['relu', 'lines', '--jsonl', '-o', 'answers'])).toMatchObject({ code: 0, out: '' });
  expect(readFileSync(at('answers'), 'utf8')).toBe('[0]\n[2]\n');
});

describe('a bad line', () => {
  it.each([
    ['[1,', 'it is no JSON: '],
    ['', 'it is empty, and must be an array of numbers'],
    [' \r', 'it is empty, '],
    ['NaN', 'it is no JSON: '],
    ['{"x": [1]}', 'it must be an array of numbers, or of such arrays'],
    ['"text"', 'it must be an array of numbers, or of such arrays'],
    ['null', 'it must be an array of numbers, or of such arrays'],
    ['[1, "text"]', '"text"'],
    ['[1, null]', 'null'],
    ['[[1], [1, 2]]', 'row 1 has 2 entries, row 0 has 1'],
  ])('%j is an error with its number, after the lines before it', async (line, message) => {
    const { code, out, error } = await run(['relu', '--jsonl'], lines(`[1]\n[-2]\n${line}\n[4]\n`));
    expect({ code, out }).toEqual({ code: 1, out: '[1]\n[0]\n' });
    expect(error).toMatch(/^nonlin: standard input, line 3: [^\n]+\n$/);
    expect(error).toContain(message);
  });

  it('is one that the function refuses', async () => {
    const { code, error } = await run(['glu', '--jsonl'], lines('[1, 2]\n[1, 2, 3]\n'));
    expect(code).toBe(1);
    expect(error).toMatch(/^nonlin: standard input, line 2: glu: .*no halves\n$/);
  });
});

// What Spark's RDD.pipe does with a program: it writes the elements of a partition as lines, reads lines, takes them for the elements
// of the result in that order, and fails the task where the exit code is not 0. There is no Spark here.
describe('as RDD.pipe has it', () => {
  const partitions = [0, 1, 2, 3].map((p) => Array.from({ length: 50 }, (_, i) => `[${p - i}, ${i / 4}]`));

  it('each partition comes back in order, an element for an element', () => {
    for (const partition of partitions) {
      const { code, out, error } = nonlin(
        ['softmax', '--jsonl'],
        {},
        lines(partition.map((line) => `${line}\n`).join('')),
      );
      expect({ code, error }).toEqual({ code: 0, error: '' });
      const answers = out.split('\n').slice(0, -1);
      expect(answers).toHaveLength(partition.length);
      for (const [i, answer] of answers.entries())
        expect(Float32Array.from(JSON.parse(answer))).toEqual(nl.softmax(Float32Array.from(JSON.parse(partition[i]!))));
    }
  });

  it('an empty partition is one', () => {
    expect(nonlin(['softmax', '--jsonl'], {}, lines(''))).toMatchObject({ code: 0, out: '', error: '' });
  });

  it('a partition with a bad element fails, by exit code', () => {
    expect(nonlin(['softmax', '--jsonl'], {}, lines('[1]\n?\n'))).toMatchObject({ code: 1, out: '[1]\n' });
  });

  it.skipIf(process.platform === 'win32')(
    'take(1), which reads no further, is a quiet end (skipped without a shell)',
    () => {
      const line = `yes '[1, 2]' | "${process.execPath}" "${program}" relu --jsonl | head -n 1; echo "$\{PIPESTATUS[1]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', line]);
      expect({ out: stdout.toString(), error: stderr.toString() }).toEqual({
        out: '[1,2]\n0\n',
        error: '',
      });
    },
  );
});
