// Files and pipes in blocks: the bytes of the result in one piece, whatever the size and wherever they are cut; raw values; what is left
// over, and what stands there when something fails.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { functions } from '../../lib/cli/functions.js';
import { main } from '../../lib/cli/main.js';
import { readNpy, writeNpy } from '../../lib/files/npy.js';
import { writeHeader } from '../../lib/files/npy-header.js';
import * as nl from '../../lib/index.js';
import { at, pieces, program, run } from '../support/cli.js';

const bytesOf = (x: ArrayBufferView) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
/** Several blocks, the last of them not full, of an odd number of rows. */
const shape = [3, 1001, 30];
const numbers = (seed: number, count = 3 * 1001 * 30) =>
  Float32Array.from({ length: count }, (_, i) => 20 * Math.sin(seed + i * i));
const x = new nl.Tensor(numbers(1), { shape });
const up = new nl.Tensor(numbers(2), { shape });

/** A file of numbers whose bytes are turned around, or that lies in Fortran order. */
function npyOf(descr: string, sizes: readonly number[], data: Uint8Array, fortran = false): Buffer {
  const tuple = `(${sizes.join(', ')}${sizes.length === 1 ? ',' : ''})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }`.padEnd(
    117,
  );
  return Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, 'latin1'), data]);
}

beforeAll(() => {
  writeFileSync(at('x.npy'), writeNpy(x));
  writeFileSync(at('up.npy'), writeNpy(up));
  writeFileSync(at('x.raw'), bytesOf(x.data));
  writeFileSync(at('up.raw'), bytesOf(up.data));
});

const needed: Readonly<Record<string, Record<string, number>>> = {
  prelu: { weight: 0.3 },
  threshold: { threshold: 0.5, value: -1 },
  softcap: { cap: 5 },
};
const flags = (name: string) =>
  Object.entries(needed[name] ?? {}).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
const ofRows = ['softmax', 'logSoftmax', 'softmin', 'logSumExp', 'glu', 'reglu', 'swiglu', 'geglu'];
const streamed = [...functions.keys()].filter((name) => name !== 'crossEntropy');
type Call = (...args: unknown[]) => nl.Tensor;
const whole = (name: string, ...inputs: nl.Tensor<nl.DType>[]): nl.Tensor =>
  (nl[name as 'relu'] as unknown as Call)(...inputs, needed[name] ?? {});

describe.each(streamed)('%s', (name) => {
  it('in blocks, from a file or a pipe, gives the bytes of one piece', async () => {
    const expected = Buffer.from(writeNpy(whole(name, x)));
    expect(await run([name, 'x.npy', '-o', 'out.npy', ...flags(name)])).toMatchObject({ code: 0, out: '', error: '' });
    expect(readFileSync(at('out.npy')).equals(expected)).toBe(true);
    const piped = await run([name, '-o', '-', ...flags(name)], readFileSync(at('x.npy')));
    expect(piped.bytes.equals(expected)).toBe(true);
  });

  it('of raw values gives those of one piece', async () => {
    const expected = bytesOf(whole(name, x).data);
    const row = ofRows.includes(name) ? ['--row', '30'] : [];
    const { bytes, error } = await run([name, '--raw', 'float32', ...row, ...flags(name)], bytesOf(x.data));
    expect(error).toBe('');
    expect(bytes.equals(expected)).toBe(true);
    expect((await run([name, 'x.raw', '--raw=float32', ...row, ...flags(name), '-o', 'out.raw'])).code).toBe(0);
    expect(readFileSync(at('out.raw')).equals(expected)).toBe(true);
  });
});

it.each(['swiglu', 'geglu', 'reglu'])('%s of two files', async (name) => {
  const expected = whole(name, x, up);
  expect((await run([name, 'x.npy', 'up.npy', '-o', '-'])).bytes.equals(writeNpy(expected))).toBe(true);
  expect(
    (await run([name, 'x.npy', '-', '-o', '-'], readFileSync(at('up.npy')))).bytes.equals(writeNpy(expected)),
  ).toBe(true);
  const raw = await run([name, 'x.raw', '-', '--raw', 'float32'], readFileSync(at('up.raw')));
  expect(raw.bytes.equals(bytesOf(expected.data))).toBe(true);
});

describe.each(streamed.filter((name) => !/glu$|^logSumExp$/.test(name)))('the gradient of %s', (name) => {
  const gradient = nl[`${name}Grad` as 'reluGrad'] as unknown as Call;
  const expected = gradient(up, x, needed[name] ?? {});

  it('goes in blocks of both files, with the bytes of one piece', async () => {
    const line = [name, '--grad', 'up.npy', ...flags(name), '-o', '-'];
    expect((await run([...line, 'x.npy'])).bytes.equals(writeNpy(expected))).toBe(true);
    expect((await run(line, readFileSync(at('x.npy')))).bytes.equals(writeNpy(expected))).toBe(true);
    const row = ofRows.includes(name) ? ['--row', '30'] : [];
    const raw = [name, 'x.raw', '--raw', 'float32', ...row, '--grad', '-', ...flags(name)];
    expect((await run(raw, readFileSync(at('up.raw')))).bytes.equals(bytesOf(expected.data))).toBe(true);
  });
});

it('the gradient of a whole has the bytes of one call', async () => {
  const { bytes } = await run(['softmax', 'x.npy', '--grad', 'up.npy', '--dim', '0', '-o', '-']);
  expect(bytes.equals(writeNpy(nl.softmaxGrad(up, x, { dim: 0 })))).toBe(true);
  const refused = await run(['relu', 'x.npy', '--grad', 'f4.npy', '-o', '-']);
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.error).toMatch(
    /^nonlin: f4.npy, x.npy: reluGrad: grad has shape \[2, 2\] but x has \[3, 1001, 30\]\n$/,
  );
});

describe('is cut anywhere', () => {
  const args: [string[], Uint8Array, string][] = [
    [['softmax', '-o', '-'], writeNpy(x), 'softmax'],
    [['gelu', '--raw', 'float32'], bytesOf(x.data), 'gelu'],
    [['softmax', '--raw', 'float32', '--row', '30'], bytesOf(x.data), 'softmax'],
  ];
  it.each([1, 7, 119, 121, 65535])('into pieces of %i bytes', async (length) => {
    for (const [line, input, name] of args) {
      const size = length === 1 ? 6000 : input.length;
      const got: Buffer[] = [];
      const out = { write: (chunk: string | Uint8Array) => got.push(Buffer.from(chunk as Uint8Array)) };
      const io = {
        out,
        error: { write: () => {} },
        environment: {},
        readSome: pieces(input.subarray(0, size), length),
        inputIsTTY: false,
      };
      await main(line, io);
      const expected = line.includes('--raw') ? bytesOf(whole(name, x).data) : Buffer.from(writeNpy(whole(name, x)));
      const bytes = Buffer.concat(got);
      expect(bytes.length).toBeGreaterThan(size - 260);
      expect(bytes.equals(expected.subarray(0, bytes.length))).toBe(true);
    }
  });
});

describe('a dtype', () => {
  it.each(['float64', 'float16', 'bfloat16'] as const)('of %s', async (dtype) => {
    const y = nl.Tensor.from(x, { dtype });
    writeFileSync(at('dtype.npy'), writeNpy(y));
    for (const name of ['gelu', 'softmax']) {
      const expected = whole(name, y);
      expect((await run([name, 'dtype.npy', '-o', '-'])).bytes.equals(writeNpy(expected))).toBe(true);
      const raw = await run([name, '--raw', dtype, '--row', '30'], bytesOf(y.data));
      expect(raw.bytes.equals(bytesOf(expected.data))).toBe(true);
      // And another one first.
      const wide = whole(name, y.to('float32'));
      expect((await run([name, 'dtype.npy', '-o', '-', '--dtype', 'float32'])).bytes.equals(writeNpy(wide))).toBe(true);
      const wideRaw = await run([name, '--raw', dtype, '--row', '30', '--dtype', 'float32'], bytesOf(y.data));
      expect(wideRaw.bytes.equals(bytesOf(wide.data))).toBe(true);
    }
  });

  it.each<[string, ArrayBufferView & Iterable<number | bigint>]>([
    ['|i1', Int8Array.from({ length: 60 }, (_, i) => i - 30)],
    ['|u1', Uint8Array.from({ length: 60 }, (_, i) => i * 4)],
    ['|b1', Uint8Array.from({ length: 60 }, (_, i) => i % 2)],
    ['<i2', Int16Array.from({ length: 60 }, (_, i) => 1000 * (i - 30))],
    ['<u2', Uint16Array.from({ length: 60 }, (_, i) => 1000 * i)],
    ['<i4', Int32Array.from({ length: 60 }, (_, i) => 50_000_000 * (i - 30))],
    ['<u4', Uint32Array.from({ length: 60 }, (_, i) => 50_000_000 * i)],
    ['<i8', BigInt64Array.from({ length: 60 }, (_, i) => 2n ** 40n * BigInt(i - 30))],
    ['<u8', BigUint64Array.from({ length: 60 }, (_, i) => 2n ** 57n * BigInt(i))],
  ])('converts %s', async (descr, data) => {
    const expected = nl.relu(new nl.Tensor(Float32Array.from(data as Iterable<number>, Number), { shape: [10, 6] }));
    for (const turned of [false, true]) {
      const bytes = Buffer.from(bytesOf(data));
      const width = bytes.length / 60;
      if (turned) for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
      writeFileSync(at('integers.npy'), npyOf(turned ? descr.replace('<', '>') : descr, [10, 6], bytes));
      const { bytes: out, error } = await run(['relu', 'integers.npy', '--dtype', 'float32', '-o', '-']);
      expect(error).toBe('');
      expect(out.equals(writeNpy(expected))).toBe(true);
    }
    const refused = await run(['relu', 'integers.npy', '-o', 'never.npy']);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.error).toContain(`integers.npy: unsupported dtype '${descr.replace('<', '>')}'`);
    expect(existsSync(at('never.npy'))).toBe(false);
  });

  it.each(['float32', 'float64', 'float16'] as const)('reads %s of the other byte order', async (dtype) => {
    const y = nl.Tensor.from(x, { dtype });
    const bytes = Buffer.from(bytesOf(y.data));
    const width = bytes.length / y.size;
    for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
    writeFileSync(at('turned.npy'), npyOf(`>f${width}`, shape, bytes));
    for (const name of ['tanh', 'softmax'])
      expect((await run([name, 'turned.npy', '-o', '-'])).bytes.equals(writeNpy(whole(name, y)))).toBe(true);
  });
});

describe('as a whole, with the same result,', () => {
  const columns = () => npyOf('<f4', [1001, 3, 30], Buffer.from(bytesOf(x.data)), true);
  it('goes Fortran order', async () => {
    const { data, shape, strides } = readNpy(columns());
    const y = new nl.Tensor({ data: data as Float32Array, shape, strides });
    for (const name of ['relu', 'softmax', 'glu'])
      expect((await run([name, '-o', '-'], columns())).bytes.equals(writeNpy(whole(name, y)))).toBe(true);
  });

  it.each([
    [['softmax', '--dim', '0'], { dim: 0 }],
    [['softmax', '--dim', '1,2'], { dim: [1, 2] }],
    [['softmax', '--dim', '-3'], { dim: -3 }],
  ])('goes %j', async (args, options) => {
    expect((await run([...args, 'x.npy', '-o', '-'])).bytes.equals(writeNpy(nl.softmax(x, options)))).toBe(true);
  });

  it('goes one row, one number, and nothing', async () => {
    const tensors = [
      x.reshape([-1]),
      new nl.Tensor(3),
      new nl.Tensor(new Float32Array(), { shape: [3, 0] }),
      x.reshape([1, -1]),
    ];
    for (const y of tensors) {
      const names = y.ndim === 0 ? ['relu'] : ['relu', 'softmax', ...(y.ndim > 1 ? ['logSumExp'] : [])];
      for (const name of names)
        expect((await run([name, '-o', '-'], writeNpy(y))).bytes.equals(writeNpy(whole(name, y)))).toBe(true);
    }
  });
});

it('over the last dimension by its number, or in a list', async () => {
  for (const dim of ['-1', '2']) {
    const { bytes } = await run(['logSumExp', 'x.npy', '--dim', dim, '--keepdim', '-o', '-']);
    expect(bytes.equals(writeNpy(nl.logSumExp(x, { keepdim: true })))).toBe(true);
  }
});

it('tells of blocks what it tells of the whole', async () => {
  const data = numbers(3);
  data[40_000] = Number.NaN;
  const y = nl.gelu(new nl.Tensor(data, { shape })).data;
  const numbersOnly = [...y].filter((value) => !Number.isNaN(value));
  const told = JSON.parse((await run(['gelu', '--json'], writeNpy(new nl.Tensor(data, { shape })))).out);
  expect(told).toEqual({
    shape,
    dtype: 'float32',
    min: Number(Math.min(...numbersOnly.slice(0, 60000), ...[Math.min(...numbersOnly.slice(60000))])),
    max: Math.max(Math.max(...numbersOnly.slice(0, 60000)), Math.max(...numbersOnly.slice(60000))),
    mean: numbersOnly.reduce((sum, value) => sum + value) / numbersOnly.length,
    zeros: numbersOnly.filter((value) => value === 0).length / y.length,
    nans: 1 / y.length,
  });
  expect(JSON.parse((await run(['gelu', 'x.npy', '--json', '-o', 'told.npy'])).out)).toMatchObject({ shape, nans: 0 });
  expect(readFileSync(at('told.npy')).equals(writeNpy(nl.gelu(x)))).toBe(true);
});

describe('what is left over', () => {
  it.each<[string, string[], number, number, string]>([
    ['a value', ['relu', '--raw', 'float32'], 90, 88, '2 bytes are left at the end: a value of float32 has 4'],
    ['a value', ['relu', '--raw', 'float64'], 81, 80, '1 byte is left at the end: a value of float64 has 8'],
    [
      'a value',
      ['relu', '--raw', 'float16', '--dtype', 'float32'],
      3,
      4,
      '1 byte is left at the end: a value of float16 has 2',
    ],
    [
      'a row',
      ['softmax', '--raw', 'float32', '--row', '5'],
      96,
      80,
      '16 bytes are left at the end: a row of 5 float32 values has 20',
    ],
    [
      'all',
      ['softmax', '--raw', 'float32', '--row', '5'],
      1,
      0,
      '1 byte is left at the end: a row of 5 float32 values has 20',
    ],
  ])('of %s fails, after what was whole: %j', async (_, args, size, written, message) => {
    const { code, bytes, error } = await run(args, bytesOf(x.data).subarray(0, size));
    expect({ code, written: bytes.length, error }).toEqual({
      code: 1,
      written,
      error: `nonlin: standard input: ${message}\n`,
    });
  });

  it('of a .npy pipe fails too', async () => {
    const bytes = Buffer.from(writeNpy(x));
    const cut = await run(['relu', '-o', '-'], bytes.subarray(0, -70_001));
    expect(cut.code).toBe(1);
    expect(cut.error).toBe(
      'nonlin: standard input: the .npy file is truncated: it has 290359 bytes of data, shape (3, 1001, 30) of <f4 needs 360360\n',
    );
    expect(cut.bytes.equals(Buffer.from(writeNpy(nl.relu(x))).subarray(0, cut.bytes.length))).toBe(true);
    expect(cut.bytes.length).toBe(bytes.length - 70_004);
    // Others may follow, as np.load has it.
    const long = await run(['relu', '-o', '-'], Buffer.concat([bytes, bytes]));
    expect(long.code).toBe(0);
    expect(long.bytes.equals(writeNpy(nl.relu(x)))).toBe(true);
    const rows = await run(['softmax', '-o', '-'], bytes.subarray(0, -1));
    expect(rows.error).toContain('it has 360359 bytes of data, shape');
  });

  it('of a pipe whose header says more than there is memory fails', async () => {
    for (const sizes of [
      [2, 1e12],
      [1e12, 4],
      [3, 2 ** 40 + 1],
      [2 ** 30, 2 ** 22],
    ]) {
      const { code, error } = await run(
        ['softmax', '-o', '-'],
        Buffer.concat([writeHeader('f4', sizes), bytesOf(x.data)]),
      );
      expect(code).toBe(1);
      expect(error).toMatch(
        /^nonlin: standard input: the \.npy file is truncated: it has 360360 bytes of data, shape .*\n$/,
      );
    }
  });

  it('of rows of more than a block: none', async () => {
    const wide = new nl.Tensor(numbers(4, 3 * 300_001), { shape: [3, 300_001] });
    for (const name of ['softmax', 'logSumExp'])
      expect((await run([name, '-o', '-'], writeNpy(wide))).bytes.equals(writeNpy(whole(name, wide)))).toBe(true);
    const even = new nl.Tensor(numbers(4, 3 * 300_002), { shape: [3, 300_002] });
    expect((await run(['glu', '-o', '-'], writeNpy(even))).bytes.equals(writeNpy(nl.glu(even)))).toBe(true);
    const raw = await run(['softmax', '--raw', 'float32', '--row', '300001'], bytesOf(wide.data));
    expect(raw.bytes.equals(bytesOf(nl.softmax(wide).data))).toBe(true);
  });

  it('of one of two files fails', async () => {
    const short = bytesOf(x.data).subarray(0, 400);
    expect(await run(['swiglu', 'x.raw', '-', '--raw', 'float32'], short)).toMatchObject({
      code: 1,
      error: 'nonlin: x.raw has more values than the other file\n',
    });
    expect(await run(['swiglu', '-', 'x.raw', '--raw', 'float32'], short)).toMatchObject({
      code: 1,
      error: 'nonlin: x.raw has more values than the other file\n',
    });
    expect(
      (await run(['swiglu', 'x.npy', '-', '-o', '-'], readFileSync(at('up.npy')).subarray(0, -4))).error,
    ).toContain('standard input: the .npy file is truncated: it has 360356 bytes');
  });

  it('of a file is seen before anything is written', async () => {
    writeFileSync(at('short.npy'), Buffer.from(writeNpy(x)).subarray(0, -4));
    const { code, bytes, error } = await run(['relu', 'short.npy', '-o', '-']);
    expect({ code, length: bytes.length }).toEqual({ code: 1, length: 0 });
    expect(error).toContain('short.npy: the .npy file is truncated: it has 360356 bytes of data');
  });
});

describe('a file that is written', () => {
  const leftovers = () => readdirSync(at('.')).filter((name) => name.endsWith('.part'));

  it('has its name when it is whole, and else what was there stays', async () => {
    writeFileSync(at('kept.npy'), 'before');
    for (const [args, input] of [
      [['relu', '-o', 'kept.npy'], Buffer.from(writeNpy(x)).subarray(0, -1)],
      [['relu', '--raw', 'float32', '-o', 'kept.npy'], bytesOf(x.data).subarray(0, -1)],
      [['relu', '--jsonl', '-o', 'kept.npy'], Buffer.from('[1]\n[x]\n')],
      [['softmax', '--dim', '7', '-o', 'kept.npy'], Buffer.from(writeNpy(x))],
    ] as const) {
      expect((await run([...args], input)).code).toBe(1);
      expect(readFileSync(at('kept.npy'), 'utf8')).toBe('before');
    }
    expect(leftovers()).toEqual([]);
    expect((await run(['relu', 'x.npy', '-o', 'kept.npy'])).code).toBe(0);
    expect(readFileSync(at('kept.npy')).equals(writeNpy(nl.relu(x)))).toBe(true);
    expect(leftovers()).toEqual([]);
  });

  it('may be its own input', async () => {
    writeFileSync(at('own.npy'), writeNpy(x));
    expect((await run(['softmax', 'own.npy', '-o', 'own.npy'])).code).toBe(0);
    expect(readFileSync(at('own.npy')).equals(writeNpy(nl.softmax(x)))).toBe(true);
    writeFileSync(at('own.raw'), bytesOf(x.data));
    expect((await run(['relu', 'own.raw', '--raw', 'float32', '-o', 'own.raw'])).code).toBe(0);
    expect(readFileSync(at('own.raw')).equals(bytesOf(nl.relu(x).data))).toBe(true);
  });

  it.skipIf(process.platform === 'win32')(
    'keeps its mode and a link to it (skipped on Windows, which has neither)',
    async () => {
      writeFileSync(at('mode.npy'), '', { mode: 0o600 });
      symlinkSync('mode.npy', at('link.npy'));
      expect((await run(['relu', 'x.npy', '-o', 'link.npy'])).code).toBe(0);
      expect(lstatSync(at('link.npy')).isSymbolicLink()).toBe(true);
      expect(statSync(at('mode.npy')).mode & 0o777).toBe(0o600);
      expect(readFileSync(at('mode.npy')).equals(writeNpy(nl.relu(x)))).toBe(true);
    },
  );

  // Not /dev/null: what is wrong here would replace it for the whole machine.
  it.skipIf(process.platform === 'win32')(
    'is written to itself where it is a pipe by name (skipped on Windows)',
    () => {
      const line = `mkfifo fifo && cat fifo > got & until [ -p fifo ]; do sleep 0.01; done; "${process.execPath}" "${program}" relu x.npy -o fifo; wait`;
      expect(spawnSync('bash', ['-c', line], { cwd: at('.'), timeout: 20_000 }).stderr.toString()).toBe('');
      expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
      expect(readFileSync(at('got')).equals(writeNpy(nl.relu(x)))).toBe(true);
    },
  );

  it('is an error where it cannot be', async () => {
    mkdirSync(at('folder'));
    expect((await run(['relu', 'x.npy', '-o', 'folder'])).error).toBe(
      'nonlin: cannot write folder: illegal operation on a directory\n',
    );
  });
});

describe('a process', () => {
  const start = (args: string[]) => spawn(process.execPath, [program, ...args], { cwd: at('.'), stdio: 'pipe' });

  it('answers what has come before more does', async () => {
    for (const [args, sent, got] of [
      [['relu', '--raw', 'float32'], bytesOf(Float32Array.of(-1, 2)), bytesOf(Float32Array.of(0, 2))],
      [['relu', '--jsonl'], Buffer.from('[-1, 2]\n'), Buffer.from('[0,2]\n')],
    ] as const) {
      const child = start([...args]);
      for (let i = 0; i < 3; i++) {
        child.stdin.write(sent);
        const answer: Buffer = await new Promise((resolve) => child.stdout.once('data', resolve));
        expect(answer.equals(got)).toBe(true);
      }
      child.stdin.end();
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    }
  });

  it.skipIf(process.platform === 'win32')(
    'ends quietly where its reader has seen enough (skipped without a shell)',
    () => {
      const line = `"${process.execPath}" "${program}" relu --raw float32 < /dev/zero | head -c 10 | wc -c; echo "$\{PIPESTATUS[0]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', line]);
      expect(stderr.toString()).toBe('');
      expect(stdout.toString().split(/\s+/).filter(Boolean)).toEqual(['10', '0']);
    },
  );

  it('waits at pipes that others have made such that they do not', async () => {
    // Python, and Node for its own children, make pipes so.
    const script = `
      import fcntl, os, subprocess, sys, time
      def pipe():
          ends = os.pipe()
          for end in ends: fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_NONBLOCK)
          return ends
      (inner, feed), (drain, outer) = pipe(), pipe()
      child = subprocess.Popen(sys.argv[1:], stdin=inner, stdout=outer)
      os.close(inner), os.close(outer)
      sent, got, data = 0, 0, bytes(400000)
      while child.poll() is None or got < sent:
          try:
              if sent < len(data): sent += os.write(feed, data[sent:sent + 30000])
              elif feed: os.close(feed); feed = None
          except BlockingIOError: pass
          time.sleep(0.002)
          try:
              some = os.read(drain, 20000)
              if not some: break
              got += len(some)
          except BlockingIOError: pass
      print(got, child.wait())`.replace(/^ {6}/gm, '');
    const { stdout, stderr } = spawnSync('/usr/bin/python3', [
      '-c',
      script,
      process.execPath,
      program,
      'relu',
      '--raw',
      'float32',
    ]);
    expect({ out: stdout.toString(), error: stderr.toString() }).toEqual({ out: '400000 0\n', error: '' });
  });

  it('takes little memory for a file of 600 MB, and leaves it as it is', () => {
    const header = writeHeader('f4', [150, 1_000_000]);
    writeFileSync(at('large.npy'), header);
    truncateSync(at('large.npy'), header.length + 600e6);
    const measured = `
      process.argv = [process.argv[0], ...process.argv.slice(1)];
      process.on('exit', () => process.stderr.write(String(process.resourceUsage().maxRSS)));
      require(${JSON.stringify(program)});`;
    const null_ = openSync(process.platform === 'win32' ? at('null') : '/dev/null', 'w');
    for (const name of ['sigmoid', 'softmax']) {
      const { stderr } = spawnSync(process.execPath, ['-e', measured, program, name, 'large.npy', '-o', '-'], {
        cwd: at('.'),
        stdio: ['ignore', null_, 'pipe'],
      });
      expect(Number(stderr.toString())).toBeGreaterThan(10_000);
      expect(Number(stderr.toString())).toBeLessThan(150_000);
    }
    closeSync(null_);
    expect(statSync(at('large.npy')).size).toBe(header.length + 600e6);
    truncateSync(at('large.npy'), 0);
  });
});

it('shows on a terminal how far it is, and then nothing', async () => {
  let shown = '';
  const error = { isTTY: true, write: (text: string | Uint8Array) => (shown += text) };
  const slowly = (readSome: (into: Uint8Array) => number) => (into: Uint8Array) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    return readSome(into);
  };
  for (const [line, input, text] of [
    [['relu', '-o', '-'], writeNpy(x), /standard input: 0\.00 GB of 0\.00 GB, \d\d %, 0\.0\d GB\/s/],
    [['relu', '--raw', 'float32'], bytesOf(x.data), /standard input: 0\.00 GB, 0\.0\d GB\/s/],
  ] as const) {
    shown = '';
    const readSome = slowly(pieces(input, 30_000));
    await main([...line], { out: { write: () => {} }, error, environment: {}, readSome, inputIsTTY: false });
    expect(shown).toMatch(text);
    expect(shown.endsWith('\r\x1b[K')).toBe(true);
  }
});

describe('wrong usage', () => {
  it.each([
    [['relu', '--raw', 'int8'], '--raw must be one of float32, float64, float16, bfloat16, got "int8"'],
    [['relu', '--dtype', 'int8'], '--dtype must be one of float32, float64, float16, bfloat16, got "int8"'],
    [['softmax', '--raw', 'float32'], '--row is needed, the number of values that make a row: --row <n>'],
    [['glu', '--raw', 'float32'], '--row is needed'],
    [['softmax', '--raw', 'float32', '--row', '0'], '--row must be an integer of at least 1, got "0"'],
    [['softmax', '--raw', 'float32', '--row', '4', '--dim', '0'], '--dim is not for --raw, whose rows --row tells'],
    [['relu', '--raw', 'float32', '--json'], '--json is not for --raw'],
    [['relu', '--raw', 'float32', '--jsonl'], '--jsonl is not for --raw'],
    [['relu', '--jsonl', '--json'], '--json is not for --jsonl'],
    [['relu', '--jsonl', '--row', '3'], '--row is not for --jsonl'],
    [['relu', '--jsonl', '--grad', 'up.npy'], '--grad is not for --jsonl'],
    [['glu', 'x.npy', '--grad', 'up.npy'], '--grad is not an option of glu'],
    [['relu', '--grad', '-', '-'], 'standard input is one file: name the others'],
    [['softmax', 'x.raw', '--grad', 'up.raw', '--raw', 'float32'], '--row is needed'],
    [['swiglu', 'x.npy', 'up.npy', '--jsonl'], '--jsonl takes one file, got also up.npy'],
    [['relu', 'x.npy', '--row', '3'], '--row is for --raw: a .npy file says what its rows are'],
    [['crossEntropy', 'x.npy', '--target', 'x.npy', '--raw', 'float32'], '--raw is not an option of crossEntropy'],
  ])('%j', async (args, message) => {
    const { code, out, error } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toContain(`nonlin: ${message}`);
  });

  it('is a terminal for raw values', async () => {
    let error = '';
    const out = { isTTY: true, write: () => {} };
    const io = {
      out,
      error: { write: (text: string | Uint8Array) => (error += text) },
      environment: {},
      readSome: () => 0,
      inputIsTTY: false,
    };
    expect(await main(['relu', '--raw', 'float32'], io)).toBe(2);
    expect(error).toContain('raw values are not for a terminal: redirect it, or name a file with -o');
  });
});
