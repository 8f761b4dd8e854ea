// Files and pipes in blocks: the bytes of the result in one piece, whatever the size and wherever they are cut.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { main } from '../../lib/cli/main.js';
import { readNpy, writeNpy } from '../../lib/files/npy.js';
import * as nl from '../../lib/index.js';
import { type Call, flags, numbers, ownBlocks, shape, up, whole, x } from '../support/processes/blocks.js';
import { at, pieces, run } from '../support/processes/cli.js';
import { bytesOf, needed, ofRows, streamed } from '../support/streamed.js';

ownBlocks();

/** A file of numbers whose bytes are turned around, or that lies in Fortran order. */
function npyOf(descr: string, sizes: readonly number[], data: Uint8Array, fortran = false): Buffer {
  const tuple = `(${sizes.join(', ')}${sizes.length === 1 ? ',' : ''})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }`.padEnd(
    117,
  );
  return Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, 'latin1'), data]);
}

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

it('rows of which there are no halves are refused', async () => {
  expect(await run(['glu', '--raw', 'float32', '--row', '65'], new Uint8Array(4 * 65))).toMatchObject({
    code: 1,
    error: 'nonlin: standard input: glu: x has shape [1, 65], of which there are no halves\n',
  });
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
    for (const name of ['gelu', 'softmax', 'logSumExp']) {
      const expected = whole(name, y);
      expect((await run([name, 'dtype.npy', '-o', '-'])).bytes.equals(writeNpy(expected))).toBe(true);
      const line = [name, '--raw', dtype, ...(name === 'gelu' ? [] : ['--row', '30'])];
      const raw = await run(line, bytesOf(y.data));
      expect(raw.bytes.equals(bytesOf(expected.data))).toBe(true);
      // And another one first.
      const wide = whole(name, y.to('float32'));
      expect((await run([name, 'dtype.npy', '-o', '-', '--dtype', 'float32'])).bytes.equals(writeNpy(wide))).toBe(true);
      const wideRaw = await run([...line, '--dtype', 'float32'], bytesOf(y.data));
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
    expect(refused.error).toMatch(/^nonlin: integers\.npy holds (bool|u?int\d+): --dtype float32 converts it\n$/);
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
