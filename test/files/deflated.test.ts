// Deflated members: decompressed at once from memory and piece by piece from a file, with the same errors; compressed so, with the same
// bytes.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open as openHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib, { constants, crc32, deflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { joined } from '../../lib/files/reading.js';
import { zipChunks, zipStream } from '../../lib/files/zip/write.js';
import { load, open, readNpz, save, writeNpy, writeNpz } from '../../lib/files.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { fileOf, patched, rows } from '../support/files.js';

const folder = mkdtempSync(join(tmpdir(), 'nonlin-deflated-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

/** Numbers of which nothing is alike but the few bits that deflate gains. */
const noise = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));
const npy = writeNpy(new Tensor(noise(400_000)));
// A copy of a Buffer's `slice` would be none.
const deflated = new Uint8Array(deflateRawSync(npy));
/** What is read of a file at once, of which these are several. */
const piece = 2 ** 18;

/** A file with one member of any bytes, said to be the deflated ones of others. */
function fileWith(bytes: Uint8Array, { size = npy.length, crc = crc32(npy) } = {}): Uint8Array {
  const file = joined(zipChunks([['x.npy', [bytes]]], false));
  const entry = Buffer.from(file.buffer).lastIndexOf('PK\x01\x02', undefined, 'latin1');
  const u32 = (value: number) => [0, 8, 16, 24].map((bits) => (value >>> bits) & 255);
  const crcAndSizes = [...u32(crc), ...u32(bytes.length), ...u32(size)];
  return patched(patched(file, entry + 16, ...crcAndSizes), entry + 10, 8);
}

const sizesOf = (content: Uint8Array) => ({ size: content.length, crc: crc32(content) });
const zeros = new Uint8Array(1_000_000);
const more = (bytes: Uint8Array, count: number) => joined([bytes, new Uint8Array(count).fill(7)]);

/** Deflate that ends where a piece does. */
function ofOnePiece(): [deflated: Uint8Array, content: Uint8Array] {
  for (let length = piece; ; length--) {
    const content = npy.subarray(0, length);
    const stored = deflateRawSync(content, { level: 0 });
    if (stored.length === piece) return [stored, content];
  }
}

describe('a member', () => {
  it('has parts on both sides of what is read and given at once', () => {
    expect(deflated.length).toBeGreaterThan(4 * piece);
    expect(npy.length).toBeGreaterThan(2 ** 20);
  });

  const [one, content] = ofOnePiece();
  const damaged = (why: string) =>
    new RegExp(`its deflated bytes are damaged, or more than the \\d+ it is said to have: ${why}$`);
  const early = damaged('they end \\d+ bytes early');
  const many = damaged('(there are more|Cannot create a Buffer larger than \\d+ bytes)');
  const cut = damaged('unexpected end of file');
  it.each<[string, Uint8Array, RegExp]>([
    [
      'of another checksum',
      fileWith(deflated, { crc: 1 }),
      /its bytes are damaged: their CRC-32 is \w+, and 00000001 was/,
    ],
    [
      'with another bit',
      fileWith(patched(deflated, piece + 9, deflated[piece + 9]! ^ 1)),
      /bytes are damaged|and has \d+$/,
    ],
    ['of a block that there is not', fileWith(patched(deflated, 0, 7)), damaged('invalid block type')],
    ['cut', fileWith(deflated.subarray(0, -3)), cut],
    ['cut where a piece ends', fileWith(deflated.subarray(0, 2 * piece)), cut],
    ['of too few bytes', fileWith(deflated, { size: npy.length + 1 }), /said to have 1600129 bytes, and has 1600128$/],
    ['of too many bytes', fileWith(deflated, { size: npy.length - 1 }), many],
    ['of far too many', fileWith(deflated, { size: 1 }), many],
    ['of some where none are said to be', fileWith(deflated, { size: 0 }), /more than the 0|and has 1600128/],
    ['with bytes behind its end', fileWith(more(deflated, 3)), early],
    ['with whole pieces behind its end', fileWith(more(deflated, 5 * piece)), early],
    ['with a piece behind its end, which is that of one', fileWith(more(one, piece), sizesOf(content)), early],
    ['with a byte behind its end, which is that of a piece', fileWith(more(one, 1), sizesOf(content)), early],
    ['that is cut and announces more than it can hold', fileWith(deflated.subarray(0, 100)), /deflated ones can hold$/],
  ])('%s is refused alike, from memory and from a file', async (_, bytes, message) => {
    const caught = thrown(() => readNpz(bytes).get('x'));
    expect(caught).toBeInstanceOf(RangeError);
    expect(caught.message).toMatch(message);
    expect(caught.message).toMatch(/^get: the \.npz file: in "x": /);
    writeFileSync(path('refused.npz'), bytes);
    const error = await load(path('refused.npz')).catch((error: unknown) => error as Error);
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^load: .*refused\.npz: in "x": /);
  });

  it('is read alike', async () => {
    writeFileSync(path('whole.npz'), fileWith(deflated));
    const x = await load(path('whole.npz'));
    // No more memory than it takes.
    expect(x.data.buffer.byteLength).toBe(npy.length);
    expect(Buffer.compare(writeNpy(x), npy)).toBe(0);
    expect(Buffer.compare(writeNpy(readNpz(fileWith(deflated)).get('x')!), npy)).toBe(0);
    const ofPiece = fileWith(one, sizesOf(content));
    writeFileSync(path('piece.npz'), ofPiece);
    // It has all its bytes, and they are of a shorter array.
    await expect(load(path('piece.npz'))).rejects.toThrow('the .npy file is truncated');
    expect(() => readNpz(ofPiece).get('x')).toThrow('the .npy file is truncated');
  });

  it('of the other byte order is turned where it lies', async () => {
    expect(readNpz(fileOf('deflated.npz')).get('f8 big')!.data.buffer.byteLength).toBe(128 + 48);
    for (const name of ['stored', 'deflated']) {
      const x = await load(join(import.meta.dirname, '../data/files', `${name}.npz`), { name: 'f8 big' });
      expect([x.data.buffer.byteLength, x.toArray()]).toEqual([128 + 48, rows]);
    }
    // Memory of the caller's is not, wherever it lies.
    for (let shift = 0; shift < 8; shift++) {
      const stored = joined([new Uint8Array(shift), fileOf('stored.npz')]).subarray(shift);
      expect(readNpz(stored).get('f8 big')!.toArray()).toEqual(rows);
      expect(stored).toEqual(fileOf('stored.npz'));
    }
  });

  it('of a file that cannot be read any more says that', async () => {
    const { length } = deflated;
    writeFileSync(path('shorter.npz'), fileWith(deflated));
    const file = await open(path('shorter.npz'));
    writeFileSync(path('shorter.npz'), fileWith(deflated).subarray(0, length / 2));
    await expect(file.get('x')).rejects.toThrow(
      /^get: .*in "x": the file has become shorter: it ends before byte \d+$/,
    );
    await file.close();
    const error = await file.get('x').catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'EBADF' });
  });
});

describe('streams of zlib', () => {
  const engines: zlib.InflateRaw[] = [];
  beforeEach(() => {
    const { createInflateRaw } = zlib;
    vi.spyOn(zlib, 'createInflateRaw').mockImplementation((options) => {
      engines.push(createInflateRaw(options));
      return engines.at(-1)!;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    engines.length = 0;
  });

  it.each<[string, Uint8Array]>([
    ['whole', fileWith(deflated)],
    ['zeros', fileWith(deflateRawSync(zeros), sizesOf(zeros))],
    ['cut', fileWith(deflated.subarray(0, -3))],
    ['too long', fileWith(deflated, { size: 1000 })],
    ['damaged', fileWith(patched(deflated, 0, 7))],
    ['of trailing pieces', fileWith(more(deflated, 3 * piece))],
  ])('are closed, and the file, of a member that is %s', async (_, bytes) => {
    const before = readdirSync('/proc/self/fd').length;
    writeFileSync(path('open.npz'), bytes);
    await load(path('open.npz')).catch(() => {});
    expect(engines.map(({ destroyed, closed }) => [destroyed, closed])).toEqual([[true, true]]);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('are not made of what is small', async () => {
    const deflate = vi.spyOn(zlib, 'createDeflateRaw');
    await save(path('small.npz'), { x: rows }, { compress: true });
    expect((await load(path('small.npz'))).toArray()).toEqual(rows);
    expect([engines.length, deflate.mock.calls.length]).toEqual([0, 0]);
    await save(path('small.npz'), { x: noise(70_000), y: rows }, { compress: true });
    await load(path('small.npz'), { name: 'x' });
    expect([engines.length, deflate.mock.calls.length]).toEqual([1, 1]);
  });
});

describe('the start of a member', () => {
  it('is all that info() reads', async () => {
    const stored = writeNpz({ x: noise(400_000) });
    for (const bytes of [fileWith(deflated), stored]) {
      // Damaged behind its start, which nothing but its checksum tells.
      const half = bytes.slice();
      half.fill(0, half.length / 4, half.length / 2);
      const file = readNpz(half);
      expect(file.info('x')).toEqual({ dtype: 'float32', shape: [400_000] });
      expect(() => file.get('x')).toThrow('bytes are damaged');
      writeFileSync(path('info.npz'), half);
      const opened = await open(path('info.npz'));
      const read = vi.spyOn(await prototypeOf(path('info.npz')), 'read');
      expect(await opened.info('x')).toEqual({ dtype: 'float32', shape: [400_000] });
      const lengths = (read.mock.calls as unknown as number[][]).map(([, , length]) => length!);
      // The header of the member once more, and the start behind it.
      expect(lengths.length).toBe(2);
      expect(Math.max(...lengths)).toBeLessThan(1000);
      vi.restoreAllMocks();
      await opened.close();
    }
  });

  it.each([false, true])('is read again where its header is long, compressed %s', async (compress) => {
    const text = `{${' '.repeat(1500)}'descr': '<f4', 'fortran_order': False, 'shape': (100000,)}`;
    const long = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${text.padEnd(2990)}`, 'latin1');
    long.writeUInt16LE(2990, 8);
    const bytes = joined(zipChunks([['x.npy', [long, npy.subarray(128, 400_128)]]], compress));
    expect(readNpz(bytes).info('x')).toEqual({ dtype: 'float32', shape: [100_000] });
    expect(readNpz(bytes).get('x')!.shape).toEqual([100_000]);
    writeFileSync(path('long.npz'), bytes);
    const opened = await open(path('long.npz'));
    expect(await opened.info('x')).toEqual({ dtype: 'float32', shape: [100_000] });
    await opened.close();
  });

  it('is looked for in all of it where its deflate gives little at first', () => {
    // Empty blocks, five bytes each.
    const empty = deflateRawSync(new Uint8Array(), { finishFlush: constants.Z_FULL_FLUSH });
    const late = joined([...Array.from({ length: 200 }, () => empty), deflated]);
    expect(readNpz(fileWith(late)).info('x')).toEqual({ dtype: 'float32', shape: [400_000] });
    expect(() => readNpz(fileWith(late, { crc: 1 })).info('x')).toThrow('CRC-32');
    expect(readNpz(fileWith(deflated, { crc: 1 })).info('x')!.shape).toEqual([400_000]);
  });

  it('that is damaged, or more than all of it is said to be, is refused', () => {
    expect(() => readNpz(fileWith(patched(deflated, 0, 7))).info('x')).toThrow('its deflated bytes are damaged');
    expect(() => readNpz(fileWith(deflated, { size: 200 })).info('x')).toThrow('more than the 200 it is said to have');
  });
});

describe('what is compressed piece by piece', () => {
  const kinds: [string, () => Uint8Array][] = [
    ['noise', () => npy],
    ['zeros', () => zeros],
    ['nothing', () => new Uint8Array()],
    ['bytes in order', () => Uint8Array.from({ length: 700_000 }, (_, i) => i % 251)],
  ];

  it.each(kinds)('has the same bytes as at once: %s', async (_, make) => {
    const bytes = make();
    for (const length of [1000, 65_536, 300_001]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += length) pieces.push(bytes.subarray(at, at + length));
      const members: [string, Uint8Array[]][] = [
        ['a', pieces],
        ['b', [bytes]],
      ];
      const chunks: Uint8Array[] = [];
      for await (const chunk of zipStream(members, true, 0)) chunks.push(chunk);
      expect(Buffer.compare(joined(chunks), joined(zipChunks(members, true)))).toBe(0);
    }
  });

  it('is what save() writes, of tensors anywhere and of more than a piece', async () => {
    const large = new Float32Array(2 ** 24 + 100).fill(1, 5, 2 ** 24);
    const shared = new Float32Array(new SharedArrayBuffer(4000)).fill(2);
    const tensors = {
      x: new Tensor(rows).T,
      large,
      shared,
      half: new Tensor(rows).to('float16'),
      none: [] as number[],
    };
    for (const compress of [true, false]) {
      await save(path('same.npz'), tensors, { compress });
      expect(Buffer.compare(readFileSync(path('same.npz')), writeNpz(tensors, { compress }))).toBe(0);
    }
  });
});

it('above 4 GiB bytes in memory are compressed by save() only (npm run test:long)', () => {
  const many = new Uint8Array(2 ** 26);
  function* pieces(): Generator<Uint8Array> {
    for (let i = 0; i < 65; i++) yield many;
  }
  expect(() => [...zipChunks([['x.npy', pieces()]], true)]).toThrow(
    new RangeError(`${65 * many.length} bytes are more than are deflated at once; save() writes them to a file`),
  );
});

function thrown(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** What all open files have in common. */
async function prototypeOf(name: string): Promise<FileHandle> {
  const handle = await openHandle(name);
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}
