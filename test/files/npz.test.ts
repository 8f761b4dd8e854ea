// .npz files: those that NumPy and Python wrote (test/data/files), our own read back by us and by both, and every way to refuse one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { crc32, portable } from '../../lib/files/zip/crc32.js';
import { readNpz, writeNpz } from '../../lib/files.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { fileOf, patched, placeOf, rows } from '../support/files.js';

const folder = mkdtempSync(join(tmpdir(), 'nonlin-npz-'));
afterAll(() => rmSync(folder, { recursive: true }));

const many = Array.from({ length: 3000 }, (_, i) => i);
const some = (): Record<string, Tensor> => ({ x: new Tensor(rows), y: new Tensor(many) });

describe.each(['stored', 'deflated'])('%s by NumPy', (name) => {
  const file = readNpz(fileOf(`${name}.npz`));

  it('has the arrays by name', () => {
    const names = ['f4', 'f8 big', 'f2 columns', 'bfloat16', 'i8', 'b1', 'scalar', 'empty', 'many', 'grün/π'];
    expect([...file.keys()]).toEqual(names);
    expect([file.size, file.has('f4'), file.has('f4.npy'), file.get('g'), file.metadata]).toEqual([
      10,
      true,
      false,
      undefined,
      {},
    ]);
  });

  it.each([
    ['f4', 'float32', [2, 3], rows],
    ['f8 big', 'float64', [2, 3], rows],
    ['f2 columns', 'float16', [2, 3], rows],
    ['bfloat16', 'bfloat16', [2, 3], rows],
    ['scalar', 'float32', [], 0.5],
    ['empty', 'float32', [0, 3], []],
    ['many', 'float32', [3000], many],
    ['grün/π', 'float64', [1], [7]],
  ])('has %s', (key, dtype, shape, expected) => {
    const x = file.get(key)!;
    expect(x).toBeInstanceOf(Tensor);
    expect([x.dtype, x.shape, x.toArray()]).toEqual([dtype, shape, expected]);
    expect(file.info(key)).toEqual({ dtype, shape });
  });

  it('has integers and booleans as numbers, or converted', () => {
    expect(file.numbers('i8')!.data).toEqual(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n));
    expect(file.numbers('b1')).toEqual({ data: Uint8Array.of(0, 0, 1, 0, 1, 0), shape: [2, 3], strides: [3, 1] });
    expect(file.info('i8')).toEqual({ dtype: 'int64', shape: [2] });
    expect(() => file.get('i8')).toThrow(
      new TypeError(
        `get: the .npz file: in "i8": the numbers are no floats (BigInt64Array of 2), as a Tensor has: { dtype: 'float32' } converts them`,
      ),
    );
    const converted = readNpz(fileOf(`${name}.npz`), { dtype: 'float64' });
    expect(converted.get('i8')!.toArray()).toEqual([-(2 ** 63), 2 ** 63]);
    expect(converted.get('b1')!.toArray()).toEqual([
      [0, 0, 1],
      [0, 1, 0],
    ]);
    expect(converted.get('f2 columns')!.dtype).toBe('float64');
  });
});

it('is like a map', () => {
  const file = readNpz(writeNpz(some()));
  expect(Object.keys(Object.fromEntries(file))).toEqual(['x', 'y']);
  expect(new Map(file).get('x')!.toArray()).toEqual(rows);
  expect([...file.values()].map(({ size }) => size)).toEqual([6, 3000]);
  const seen: unknown[] = [];
  file.forEach((tensor, name, all) => {
    seen.push([name, tensor.size, all === file]);
  });
  expect(seen).toEqual([
    ['x', 6, true],
    ['y', 3000, true],
  ]);
});

it('reads what Python wrote to a pipe, with sizes behind the data, a folder and a comment', () => {
  const file = readNpz(fileOf('piped.npz'));
  expect([...file.keys()]).toEqual(['x']);
  expect(file.get('x')!.toArray()).toEqual(many);
  expect(readNpz(fileOf('none.npz')).size).toBe(0);
});

it('reads a file with the longest comment that there can be', () => {
  const bytes = writeNpz(some());
  const longer = new Uint8Array(bytes.length + 65535);
  longer.set(patched(bytes, bytes.length - 2, 0xff, 0xff));
  expect(readNpz(longer).get('x')!.toArray()).toEqual(rows);
});

it('reads a member beside others that it does not', () => {
  const file = readNpz(fileOf('others.npz'));
  expect([...file.keys()]).toEqual(['bzip2', 'text.txt', 'good']);
  expect(file.get('good')!.toArray()).toEqual(rows);
  expect(() => file.get('bzip2')).toThrow(
    new TypeError(
      'get: the .npz file: in "bzip2": it is compressed by method 12: read are 0 (stored) and 8 (deflated)',
    ),
  );
  expect(() => file.get('text.txt')).toThrow('in "text.txt": not a .npy file: it does not start with');
});

it('shares memory with a stored member that lies aligned, and with no other', () => {
  const bytes = fileOf('stored.npz');
  const place = placeOf(bytes, '\x93NUMPY');
  const moved = new Uint8Array(bytes.length + 8).subarray(8 - (place % 8));
  moved.set(bytes);
  const file = moved.subarray(0, bytes.length);
  expect(readNpz(file).get('f4')!.data.buffer).toBe(moved.buffer);
  const odd = new Uint8Array(bytes.length + 1).subarray(1);
  odd.set(bytes);
  expect(
    readNpz(place % 8 === 7 ? bytes : odd)
      .get('f4')!
      .toArray(),
  ).toEqual(rows);
  const deflated = readNpz(fileOf('deflated.npz')).get('f4')!.data;
  expect(deflated.buffer.byteLength).toBe(128 + 24);
});

describe('what is written', () => {
  const tensors = () => ({
    ...some(),
    columns: new Tensor(rows).T,
    half: new Tensor(rows).to('float16'),
    bfloat16: new Tensor(rows).to('bfloat16'),
    double: new Tensor(rows, { dtype: 'float64' }),
    number: new Tensor(2),
    empty: Tensor.zeros([0, 3]),
    'grün/π': new Tensor([1]),
    data: new Tensor([1]),
    shape: Float32Array.of(3),
  });

  it.each([false, true])('is read again, compressed %s', (compress) => {
    const bytes = writeNpz(tensors(), { compress });
    const file = readNpz(bytes);
    for (const [name, x] of Object.entries(tensors())) {
      const y = file.get(name)!;
      const want = new Tensor(x);
      expect([name, y.dtype, y.shape, y.toArray()]).toEqual([name, want.dtype, want.shape, want.toArray()]);
    }
    expect(writeNpz(new Map(Object.entries(tensors())), { compress })).toEqual(bytes);
    if (compress) expect(bytes.length).toBeLessThan(writeNpz(tensors()).length - 5000);
  });

  it.each([false, true])("is read by NumPy, and found whole by Python's zipfile, compressed %s", (compress) => {
    const path = join(folder, `${compress}.npz`);
    writeFileSync(path, writeNpz(tensors(), { compress }));
    const code = `
import json, numpy, sys, zipfile
path = sys.argv[1]
assert zipfile.ZipFile(path).testzip() is None
print(json.dumps([[name, array.dtype.str, array.shape, array.astype("f8").tolist() if array.dtype.kind == "f" else array.view("u2").tolist()] for name, array in numpy.load(path).items()]))`;
    const { stdout, stderr } = spawnSync('python3', ['-c', code, path], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const kinds = { float32: '<f4', float64: '<f8', float16: '<f2', bfloat16: '|V2' };
    const expected = Object.entries(tensors()).map(([name, given]) => {
      const x = new Tensor(given);
      const bits = Array.from(x.data);
      const list = x.half === 'bfloat16' ? [bits.slice(0, 3), bits.slice(3)] : x.toArray();
      return [name, kinds[x.dtype as keyof typeof kinds], x.shape, list];
    });
    // JSON has no infinity, and of zeros JavaScript's has one.
    const parsed = JSON.parse(stdout.replaceAll('-Infinity', 'null').replaceAll('-0.0', '0')) as unknown;
    expect(parsed).toEqual(JSON.parse(JSON.stringify(expected)));
  });

  it('has fields of 64 bits where there are too many members for 16', () => {
    const one = new Tensor([1]);
    const bytes = writeNpz(Array.from({ length: 65536 }, (_, i) => [`${i}`, one] as const));
    expect(placeOf(bytes, 'PK\x06\x06')).toBeGreaterThan(0);
    const file = readNpz(bytes);
    expect([file.size, file.get('65535')!.toArray()]).toEqual([65536, [1]]);
    const path = join(folder, 'many.npz');
    writeFileSync(path, bytes);
    const code = 'import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))';
    expect(spawnSync('python3', ['-c', code, path], { encoding: 'utf8' }).stdout.trim()).toBe('65536');
  });

  it.each<[string, unknown, string]>([
    ['a tensor', new Tensor([1]), 'writeNpz: tensors must have names, as in { x: tensor }, got a Tensor'],
    ['a typed array', Float32Array.of(1), 'tensors must have names, as in { x: tensor }, got Float32Array of 1'],
    ['a list', [1, 2], 'tensors must have names, as in { x: tensor }, got an Array of 2'],
    ['nothing', undefined, 'tensors must have names, as in { x: tensor }, got undefined'],
    ['text', { x: 'abc' }, 'writeNpz: "x" is no tensor: a Tensor is made of'],
    ['integers', { x: Int32Array.of(1) }, 'writeNpz: "x" is no tensor: '],
    [
      'one name twice',
      [
        ['x', [1]],
        ['x', [2]],
      ],
      'writeNpz: there are two tensors "x"',
    ],
    ['half a letter', { '\ud800': [1] }, 'writeNpz: the name "\\ud800" is not Unicode'],
    ['a name that is a number', new Map([[1, [1]]]), 'writeNpz: a name must be a string, got 1'],
  ])('is not %s', (_, tensors, message) => {
    expect(() => writeNpz(tensors as Record<string, Tensor>)).toThrow(TypeError);
    expect(() => writeNpz(tensors as Record<string, Tensor>)).toThrow(message);
  });

  it('has no name that is too long', () => {
    expect(() => writeNpz({ ['x'.repeat(65532)]: [1] })).toThrow(RangeError);
  });

  it('takes only its options', () => {
    expect(() => writeNpz({}, { compres: true } as object)).toThrow(
      'writeNpz: there is no option `compres`; did you mean',
    );
    expect(() => writeNpz({}, { compress: 1 as unknown as boolean })).toThrow(
      'writeNpz: compress must be true or false',
    );
    expect(() => readNpz(writeNpz({}), { dtype: 'int8' as 'float32' })).toThrow('readNpz: dtype must be');
  });
});

describe('a damaged file', () => {
  const bytes = writeNpz(some());
  const deflated = writeNpz(some(), { compress: true });
  const entry = (from: Uint8Array) => placeOf(from, 'PK\x01\x02');
  const end = (from: Uint8Array) => placeOf(from, 'PK\x05\x06');

  it.each<[string, () => Uint8Array, string]>([
    ['no zip file', () => Uint8Array.of(1, 2, 3, 4), 'it does not start as a zip file, with PK and 3, 4 or 5, 6'],
    ['empty', () => new Uint8Array(), 'it does not start as a zip file'],
    ['cut', () => bytes.subarray(0, -30), 'it is truncated: it has no end of a directory'],
    [
      'cut at the start',
      () => Buffer.concat([bytes.subarray(0, 4), bytes.subarray(9)]),
      'does not reach up to its end',
    ],
    ['of two parts', () => patched(bytes, end(bytes) + 4, 1), 'it is a part of a zip file of several parts'],
    ['with a member on another disk', () => patched(bytes, entry(bytes) + 34, 1), 'a zip file of several parts'],
    ['with a directory that is shorter', () => patched(bytes, end(bytes) + 12, 1), 'does not reach up to its end'],
    ['with another count', () => patched(bytes, end(bytes) + 10, 3), 'its directory has 2 members, and its end says 3'],
    [
      'without a member',
      () => patched(bytes, entry(bytes), 0),
      'its directory is damaged: there is no member at byte 0',
    ],
    ['with a long name', () => patched(bytes, entry(bytes) + 28, 0xff, 0xff), 'it ends in a member'],
    [
      'with a large member',
      () => patched(bytes, entry(bytes) + 20, 0xff, 0xff),
      'its member "x.npy" reaches into the directory',
    ],
    [
      'with a member behind',
      () => patched(bytes, entry(bytes) + 43, 0xff, 0xff),
      'its member "x.npy" reaches into the directory',
    ],
    [
      'that lacks 64 bits',
      () => patched(bytes, entry(bytes) + 24, 255, 255, 255, 255),
      'its member "x.npy" is of 64 bits and has no field',
    ],
    ['with two of a name', () => patched(bytes, entry(bytes) + 46, 'y'.charCodeAt(0)), 'it has two members "y"'],
    [
      'with a name of no UTF-8',
      () => patched(patched(bytes, entry(bytes) + 46, 0xff), entry(bytes) + 9, 8),
      'a name that is not UTF-8',
    ],
  ])('%s is refused', (_, make, message) => {
    expect(() => readNpz(make())).toThrow(message);
    expect(() => readNpz(make())).toThrow(/^readNpz: the \.npz file: /);
  });

  it.each<[string, () => Uint8Array, string]>([
    ['encrypted', () => patched(bytes, entry(bytes) + 8, 1), 'it is encrypted, which is not read'],
    ['of a method unknown', () => patched(bytes, entry(bytes) + 10, 99), 'it is compressed by method 99'],
    ['of two sizes', () => patched(bytes, entry(bytes) + 24, 1), 'it is stored in 152 bytes, and said to have 1'],
    ['with another checksum', () => patched(bytes, entry(bytes) + 16, 0, 0), 'its bytes are damaged: their CRC-32 is '],
    [
      'with another number',
      () => patched(bytes, placeOf(bytes, '\x93NUMPY') + 130, 9),
      'its bytes are damaged: their CRC-32 is ',
    ],
    ['without its header', () => patched(bytes, 0, 0x50, 0x4b, 5, 6), 'it does not begin where the directory says'],
    [
      'of two names',
      () => patched(bytes, 30, 'z'.charCodeAt(0)),
      'it has another name before its data than in the directory',
    ],
    ['with a long field', () => patched(bytes, 28, 0xff, 0xff), 'it reaches into the next one, or into the directory'],
    ['of too many bytes', () => patched(deflated, entry(deflated) + 24, 0, 0, 0, 0x70), 'deflated ones can hold'],
    [
      'of more bytes than it says',
      () => patched(deflated, entry(deflated) + 24, 9),
      'its deflated bytes are damaged, or more than the 9',
    ],
    ['of fewer bytes', () => patched(deflated, entry(deflated) + 24, 153), 'it is said to have 153 bytes, and has 152'],
    ['of no deflate', () => patched(deflated, 35, 7), 'its deflated bytes are damaged'],
  ])('a member %s is refused when it is read', (_, make, message) => {
    const file = readNpz(make());
    expect(() => file.get('x')).toThrow(message);
    expect(() => file.get('x')).toThrow(/^get: the \.npz file: in "x": /);
  });

  it('of trailing bytes is read like any other', () => {
    expect(
      readNpz(Buffer.concat([bytes, Buffer.from('more')]))
        .get('x')!
        .toArray(),
    ).toEqual(rows);
  });

  it('that has one place for two members has neither', () => {
    const second = entry(bytes) + 46 + 5;
    const file = readNpz(patched(bytes, second + 42, 0, 0, 0, 0));
    expect(() => file.get('x')).toThrow('it reaches into the next one');
    expect(() => file.get('y')).toThrow(/another name|reaches into/);
  });

  it('is none that lacks bytes anywhere', () => {
    for (let length = 0; length < bytes.length; length += 7)
      expect(() => readNpz(bytes.subarray(0, length))).toThrow(/^readNpz: the \.npz file: /);
  });
});

it('computes CRC-32 as zlib does, with and without it', () => {
  const bytes = Uint8Array.from(many);
  for (let length = 0; length < 40; length++) {
    const part = bytes.subarray(3, 3 + length);
    expect(portable(part, 0)).toBe(zlibCrc32(part));
    expect(portable(bytes, portable(part, 0))).toBe(crc32([part, bytes]));
  }
});
