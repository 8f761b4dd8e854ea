// Files by name: what is read of them, what is written and what stays when it fails, above 2 and 4 GiB too.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { zipChunks } from '../../lib/files/zip/write.js';
import {
  load,
  open,
  readEachNpy,
  readNpy,
  readNpz,
  readNumbers,
  readSafetensors,
  save,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from '../../lib/files.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { fileOf, rows } from '../support/files.js';

const folder = mkdtempSync(join(tmpdir(), 'nonlin-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const data = (name: string) => join(import.meta.dirname, '../data/files', name);

const x = new Tensor(rows);

/** A file of a length with bytes at some places, and holes elsewhere. */
function sparse(name: string, length: number, parts: readonly (readonly [at: number, bytes: Uint8Array])[]): string {
  const file = openSync(path(name), 'w');
  ftruncateSync(file, length);
  for (const [at, bytes] of parts) writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
  return path(name);
}

describe('save and load', () => {
  it('write and read a tensor', async () => {
    await save(path('x.npy'), x.T);
    expect(readFileSync(path('x.npy'))).toEqual(Buffer.from(writeNpy(x.T)));
    const back = await load(path('x.npy'));
    expect(back).toBeInstanceOf(Tensor);
    expect(back.toArray()).toEqual(x.T.toArray());
    expect((await load(pathToFileURL(path('x.npy')), { dtype: 'float64' })).dtype).toBe('float64');
  });

  it.each(['x.npz', 'X.NPZ', 'x.safetensors'])('write and read tensors by name, %s', async (name) => {
    await save(path(name), { x, y: x.to('bfloat16'), n: new Tensor(1) });
    expect((await load(path(name), { name: 'y' })).toArray()).toEqual(rows);
    expect((await load(path(name), { name: 'n' })).item()).toBe(1);
    const read = name.endsWith('s') ? readSafetensors : readNpz;
    expect([...read(readFileSync(path(name))).keys()].sort()).toEqual(['n', 'x', 'y']);
    await save(path(name), { only: x });
    expect((await load(path(name))).toArray()).toEqual(rows);
  });

  it('take the options of a format, and no others', async () => {
    await save(path('o.npz'), { x: Tensor.zeros([1000]) }, { compress: true });
    expect(statSync(path('o.npz')).size).toBeLessThan(500);
    await save(path('o.safetensors'), { x }, { metadata: { a: 'b' } });
    const file = await open(path('o.safetensors'));
    expect(file.metadata).toEqual({ a: 'b' });
    await file.close();
    await expect(save(path('o.npy'), x, { compress: true })).rejects.toThrow(
      /^save: there is no option `compress` for a \.npy file, only for a \.npz file$/,
    );
    await expect(save(path('o.npy'), x, { compres: true } as object)).rejects.toThrow('option `compres`, nor any');
    await expect(save(path('o.npz'), { x }, { metadata: {} })).rejects.toThrow('there is no option `metadata`');
    await expect(load(path('o.npz'), { nam: 'x' } as object)).rejects.toThrow('load: there is no option `nam`');
  });

  it('put several tensors into no .npy file', async () => {
    for (const tensors of [{ x, y: x }, { x }, new Map([['x', x]]), { data: x, shape: x }])
      await expect(save(path('several.npy'), tensors)).rejects.toThrow(
        /^save: a \.npy file holds one tensor, got \d by name: let it end in \.npz or \.safetensors$/,
      );
    for (const one of [{ data: Float32Array.of(1), shape: Int32Array.of(1) }, [[1]], x])
      await save(path('one.npy'), one);
  });

  it('keep integers for who asks for a dtype', async () => {
    await expect(load(data('stored.npz'), { name: 'i8' })).rejects.toThrow(
      /^load: .*stored\.npz: in "i8": the numbers are/,
    );
    expect((await load(data('stored.npz'), { name: 'b1', dtype: 'float16' })).dtype).toBe('float16');
  });
});

describe('open', () => {
  it.each(['stored.npz', 'deflated.npz', 'types.safetensors'])('reads each tensor of %s as bytes do', async (name) => {
    const inMemory = (name.endsWith('z') ? readNpz : readSafetensors)(fileOf(name), { dtype: 'float64' });
    const file = await open(data(name), { dtype: 'float64' });
    expect([...file.keys()]).toEqual([...inMemory.keys()]);
    let count = 0;
    for await (const [key, tensor] of file) {
      expect(tensor.equals(inMemory.get(key)!), key).toBe(true);
      expect(await file.info(key)).toEqual(inMemory.info(key));
      expect(await file.numbers(key)).toEqual(inMemory.numbers(key));
      count++;
    }
    expect(count).toBe(file.size);
    expect([file.has('many'), file.has('none')]).toEqual([name.endsWith('z'), false]);
    for (const method of ['get', 'numbers', 'info'] as const)
      await expect(file[method]('none')).rejects.toThrow(
        new RegExp(`^${method}: .* there is no tensor "none"; there are "`),
      );
    await file.close();
    await expect(file.get([...file.keys()][0]!)).rejects.toThrow();
  });

  it('shows its names, the first hundred of many, as what is in memory does', async () => {
    const file = await open(data('several.npy'));
    expect(inspect(file)).toBe('TensorFile("arr_0", "arr_1", "arr_2", "arr_3")');
    await file.close();
    const many = Object.fromEntries(Array.from({ length: 102 }, (_, i) => [`a${1000 + i}`, new Tensor([i])]));
    const shown = `Tensors(${Array.from({ length: 100 }, (_, i) => `"a${1000 + i}"`).join(', ')}, and 2 more)`;
    for (const tensors of [readNpz(writeNpz(many)), readSafetensors(writeSafetensors(many))])
      expect([inspect(tensors), `${tensors}`]).toEqual([shown, shown]);
    expect(inspect(readNpz(writeNpz({ 'a"b': new Tensor(1) })))).toBe('Tensors("a\\"b")');
  });

  it('reads the arrays that a .npy file has one after another', async () => {
    const file = await open(data('several.npy'));
    expect([...file.keys()]).toEqual(['arr_0', 'arr_1', 'arr_2', 'arr_3']);
    expect((await file.get('arr_3')).toArray()).toEqual(rows);
    expect((await file.numbers('arr_1')).data).toEqual(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n));
    expect(await file.info('arr_2')).toEqual({ dtype: 'float32', shape: [] });
    await file.close();
    expect((await load(data('several.npy'))).toArray()).toEqual(rows);
    expect((await load(data('several.npy'), { name: 'arr_2' })).item()).toBe(0.5);
    const bytes = fileOf('several.npy');
    expect([...readEachNpy(bytes, { dtype: 'float64' })].map(({ shape }) => shape)).toEqual([[2, 3], [2], [], [2, 3]]);
    expect(readNpy(bytes).toArray()).toEqual(rows);
    expect(readNumbers(bytes).shape).toEqual([2, 3]);
    expect(() => [...readEachNpy(bytes)]).toThrow(/^readEachNpy: the numbers are no floats/);
    expect(() => [...readEachNpy(bytes.subarray(0, -1))]).toThrow(/^readEachNpy: the \.npy file is truncated/);
    expect(() => [...readEachNpy(Buffer.concat([bytes, Buffer.of(1)]))]).toThrow('readEachNpy: not a .npy file');
    expect(() => [...readEachNpy(new Uint8Array())]).toThrow('readEachNpy: not a .npy file');
  });
});

describe('what cannot be read', () => {
  it.each<[string, () => Promise<unknown>, string | RegExp]>([
    ['no path', () => load(1 as unknown as string), 'load: the path must be a string or a URL, got 1'],
    ['another ending', () => open('x.bin'), 'open: the path must end in .npy, .npz or .safetensors, got "x.bin"'],
    ['no file', () => load(path('none.npy')), /^load: ENOENT: /],
    ['a folder', () => load(`${folder}.npy`.replace('.npy', '/a.npy')), /^load: ENOENT: /],
    [
      'a name of several',
      () => load(data('stored.npz')),
      /^load: .* has 10 tensors: pass \{ name \} with one of them; there are "f4", .*, \.\.\.$/,
    ],
    ['no name of none', () => load(data('none.npz')), /has 0 tensors: .*; there are none$/],
    ['a name of another', () => load(data('stored.npz'), { name: 'x' }), 'there is no tensor "x"; there are "f4"'],
    [
      'a name of no text',
      () => load(data('stored.npz'), { name: 1 as unknown as string }),
      'load: name must be a string, got 1',
    ],
    ['a URL of the web', () => load(new URL('https://a.b/c.npy')), /^load: .*file/],
  ])('%s', async (_, act, message) => {
    await expect(act()).rejects.toThrow(message);
  });

  it('is another format than its name says', async () => {
    writeFileSync(path('wrong.npz'), writeNpy(x));
    writeFileSync(path('wrong.safetensors'), writeNpy(x));
    writeFileSync(path('wrong.npy'), fileOf('stored.npz'));
    for (const name of ['wrong.npz', 'wrong.safetensors'])
      await expect(load(path(name))).rejects.toThrow(
        /^load: .*wrong\.[nps]\w+: it is a \.npy file, which load\(\) reads/,
      );
    await expect(load(path('wrong.npy'))).rejects.toThrow(/^load: .*wrong\.npy: not a \.npy file/);
  });

  it('is no file, which has no places', async () => {
    execFileSync('mkfifo', [path('pipe.npy')]);
    // Nobody writes to it, and nobody is waited for.
    await expect(load(path('pipe.npy'))).rejects.toThrow('it is no file, and places in it cannot be read');
  });

  it('is closed already', async () => {
    await save(path('closed.npz'), { x });
    const file = await open(path('closed.npz'));
    await file.close();
    for (const method of ['get', 'numbers', 'info'] as const)
      await expect(file[method]('x')).rejects.toMatchObject({
        code: 'EBADF',
        message: expect.stringMatching(new RegExp(`^${method}: .*closed\\.npz: in "x": `)),
      });
  });

  it('is of nothing', async () => {
    const file = await open(path('closed.npz'));
    for (const [own, methods] of [
      [readNpz(writeNpz({ x })), ['size', 'metadata', 'has', 'keys', 'get', 'numbers', 'info', 'toString']],
      [file, ['size', 'keys', 'get', 'numbers', 'info', 'toString', 'close']],
    ] as const)
      for (const name of methods) {
        const fake = Object.create(Object.getPrototypeOf(own)) as Record<string, unknown>;
        const call = async () => (typeof fake[name] === 'function' ? (fake[name] as () => unknown)() : undefined);
        await expect(call()).rejects.toThrow(new RegExp(`^${name}: this must be the tensors of a file, got an? `));
        expect(inspect(fake)).toBe('[object Object]');
      }
    await file.close();
  });

  it('leaves no file open', async () => {
    const openFiles = () => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    for (const name of ['wrong.npz', 'wrong.npy', 'x.npy', 'x.npz'])
      await load(path(name), { name: 'q' }).catch(() => {});
    for (const name of ['x.npy', 'o.npz']) await load(path(name));
    expect(openFiles()).toBe(before);
  });
});

describe('large files', () => {
  const GiB = 2 ** 30;

  it('of which a small member is wanted: 5 GiB of .safetensors', async () => {
    const large = 5 * GiB;
    const header = JSON.stringify({
      large: { dtype: 'F32', shape: [large / 4], data_offsets: [0, large] },
      small: { dtype: 'F32', shape: [2], data_offsets: [large, large + 8] },
    }).padEnd(200);
    const head = new Uint8Array(208);
    new DataView(head.buffer).setBigUint64(0, 200n, true);
    head.set(Buffer.from(header), 8);
    const small = new Uint8Array(Float32Array.of(1, 2).buffer);
    const file = sparse('large.safetensors', 208 + large + 8, [
      [0, head],
      [208 + large, small],
    ]);
    expect((await load(file, { name: 'small' })).toArray()).toEqual([1, 2]);
    const opened = await open(file);
    expect(await opened.info('large')).toEqual({ dtype: 'float32', shape: [large / 4] });
    await opened.close();
  });

  it('of which a small member is wanted: 5 GiB of .npy, after a large array', async () => {
    const count = (5 * GiB) / 4;
    const head = writeNpy(Tensor.zeros([0]));
    const text = Buffer.from(head).toString('latin1').replace('(0,), }           ', `(${count},), }`.padEnd(18));
    const small = writeNpy(new Tensor([3, 4]));
    const file = sparse('large.npy', head.length + 5 * GiB + small.length, [
      [0, Buffer.from(text, 'latin1')],
      [head.length + 5 * GiB, small],
    ]);
    expect((await load(file, { name: 'arr_1' })).toArray()).toEqual([3, 4]);
  });

  it('of which a small member is wanted: 5 GiB of .npz that Python wrote, in 64 bits', async () => {
    // The large member is a hole: zipfile wants its checksum, so the entry is made by hand as force_zip64 has it.
    const code = `
import io, struct, sys, zipfile
import numpy
size = 5 * 2**30
with open(sys.argv[1], "wb") as out:
    header = struct.pack("<4s5H3L2H", b"PK\\x03\\x04", 45, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 9, 20) + b"large.npy" + struct.pack("<2H2Q", 1, 16, size, size)
    out.write(header)
    out.seek(size, 1)
    inner = io.BytesIO()
    numpy.save(inner, numpy.array([5, 6], "f4"))
    body = inner.getvalue()
    at = out.tell()
    out.write(struct.pack("<4s5H3L2H", b"PK\\x03\\x04", 45, 0, 0, 0, 33, zipfile.crc32(body), len(body), len(body), 9, 0) + b"small.npy" + body)
    start = out.tell()
    large = b"large.npy" + struct.pack("<2H2QL", 1, 20, size, size, 0)
    out.write(struct.pack("<4s6H3L5H2L", b"PK\\x01\\x02", 45, 45, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 9, 24, 0, 65535, 0, 0, 0) + large)
    extra = struct.pack("<2HQ", 1, 8, at)
    out.write(struct.pack("<4s6H3L5H2L", b"PK\\x01\\x02", 45, 45, 0, 0, 0, 33, zipfile.crc32(body), len(body), len(body), 9, len(extra), 0, 0, 0, 0, 2**32 - 1) + b"small.npy" + extra)
    end = out.tell()
    out.write(struct.pack("<4sQ2H2L4Q", b"PK\\x06\\x06", 44, 45, 45, 0, 0, 2, 2, end - start, start))
    out.write(struct.pack("<4sLQL", b"PK\\x06\\x07", 0, end, 1))
    out.write(struct.pack("<4s4H2LH", b"PK\\x05\\x06", 0, 0, 2, 2, 2**32 - 1, 2**32 - 1, 0))
assert zipfile.ZipFile(sys.argv[1]).read("small.npy") == body`;
    execFileSync('python3', ['-c', code, path('large.npz')]);
    const opened = await open(path('large.npz'));
    expect([...opened.keys()]).toEqual(['large', 'small']);
    expect((await opened.get('small')).toArray()).toEqual([5, 6]);
    await opened.close();
  });

  it('are written as .npz with fields of 64 bits, which Python reads', async () => {
    const npy = writeNpy(new Tensor([7, 8]));
    // Of the large member only the length counts, and its checksum: the same zeros again and again.
    const zeros = new Uint8Array(2 ** 26);
    const large = {
      *[Symbol.iterator]() {
        for (let i = 0; i < 65; i++) yield zeros;
      },
    };
    const parts: [number, Uint8Array][] = [];
    let at = 0;
    for (const chunk of zipChunks(
      [
        ['large.npy', large],
        ['small.npy', [npy]],
      ],
      false,
    )) {
      if (chunk !== zeros) parts.push([at, chunk]);
      at += chunk.length;
    }
    // Behind the name both sizes, which their own fields have no room for.
    expect(parts[0]![1].length).toBe(30 + 'large.npy'.length + 20);
    const file = sparse('wide.npz', at, parts);
    expect((await load(file, { name: 'small' })).toArray()).toEqual([7, 8]);
    const code = `
import io, sys, zipfile
file = zipfile.ZipFile(sys.argv[1])
print([entry.file_size for entry in file.infolist()], file.read("small.npy").hex())
with file.open("large.npy") as member:
    print(member.read(4))`;
    const hex = Buffer.from(npy).toString('hex');
    expect(execFileSync('python3', ['-c', code, file], { encoding: 'utf8' })).toBe(
      `[${65 * 2 ** 26}, ${npy.length}] ${hex}\nb'\\x00\\x00\\x00\\x00'\n`,
    );
  });

  it('of more in one array than is read at once have every part in its place', async () => {
    const part = 2 ** 26;
    const count = 2 * part + 16;
    const header = Buffer.from(`{"x":{"dtype":"I8","shape":[${count}],"data_offsets":[0,${count}]}}`.padEnd(96));
    const head = Buffer.concat([Buffer.from([96, 0, 0, 0, 0, 0, 0, 0]), header]);
    const file = sparse('two.safetensors', 104 + count, [
      [0, head],
      [104 + part - 1, Uint8Array.of(1, 2)],
      [104 + count - 1, Uint8Array.of(3)],
    ]);
    const opened = await open(file);
    const { data } = (await opened.numbers('x'))!;
    expect([data.length, data[0], data[part - 1], data[part], data[count - 1]]).toEqual([count, 0, 1, 2, 3]);
    await opened.close();
  });
});

describe('writing', () => {
  const inFolder = () => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

  it('leaves nothing where it fails, and the old file as it was', async () => {
    await save(path('kept.npz'), { x });
    const before = readFileSync(path('kept.npz'));
    await expect(save(path('kept.npz'), { a: x, ['b'.repeat(70000)]: x })).rejects.toThrow(
      /^save: .*kept\.npz: a name of/,
    );
    await expect(save(path('kept.npz'), { x: 'text' as unknown as Tensor })).rejects.toThrow('save: "x" is no tensor');
    await expect(save(path('kept.npz'), x)).rejects.toThrow('save: tensors must have names');
    await expect(save(path('kept.npy'), { x } as unknown as Tensor)).rejects.toThrow(/^save: a \.npy file holds one/);
    expect(readFileSync(path('kept.npz'))).toEqual(before);
    expect(inFolder()).toEqual([]);
    await expect(save(join(folder, 'no', 'x.npy'), x)).rejects.toThrow(/^save: ENOENT.*[\\/]no[\\/]x\.npy'$/);
  });

  it('keeps a link, and what the file allows', async () => {
    await save(path('target.npy'), new Tensor([1]));
    chmodSync(path('target.npy'), 0o640);
    symlinkSync('target.npy', path('link.npy'));
    await save(path('link.npy'), x);
    expect(readlinkSync(path('link.npy'))).toBe('target.npy');
    expect((await load(path('target.npy'))).toArray()).toEqual(rows);
    expect(statSync(path('target.npy')).mode & 0o777).toBe(0o640);
    chmodSync(path('target.npy'), 0o666);
    await save(path('target.npy'), x);
    expect(statSync(path('target.npy')).mode & 0o777).toBe(0o666);
    expect(inFolder()).toEqual([]);
  });

  it('goes where a link leads at which there is nothing yet, and nowhere where links go round', async () => {
    mkdirSync(path('far/away'), { recursive: true });
    symlinkSync('far/away', path('near'));
    symlinkSync('../later.npy', path('near/link.npy'));
    symlinkSync('near/link.npy', path('far.npy'));
    await save(path('far.npy'), x);
    expect(readdirSync(path('far')).sort()).toEqual(['away', 'later.npy']);
    expect([readlinkSync(path('far.npy')), readlinkSync(path('near/link.npy'))]).toEqual([
      'near/link.npy',
      '../later.npy',
    ]);
    expect((await load(path('far.npy'))).toArray()).toEqual(rows);
    symlinkSync('round.npy', path('round.npy'));
    await expect(save(path('round.npy'), x)).rejects.toThrow(/^save: ELOOP/);
  });

  it('goes to a pipe itself', async () => {
    execFileSync('mkfifo', [path('out.npy')]);
    const reader = openSync(path('out.npy'), 'r+');
    await save(path('out.npy'), x);
    const bytes = Buffer.alloc(200);
    const { readSync } = await import('node:fs');
    expect(readSync(reader, bytes)).toBe(writeNpy(x).length);
    closeSync(reader);
    expect(statSync(path('out.npy')).isFIFO()).toBe(true);
  });
});
