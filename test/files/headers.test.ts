// Headers of .npy files of all sorts: read as numpy.load reads them, and refused where it refuses them (test/data/files/headers.json).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readNumbers } from '../../lib/files/npy.js';
import { readHeader } from '../../lib/files/npy-header.js';
import { kindOf, nameOf } from '../../lib/files/numbers.js';
import { Tensor } from '../../lib/tensor/tensor.js';

/** Null where NumPy refuses it, `'another'` where its array has no numbers that nonlin knows. */
type Loaded = null | 'another' | { descr: string; shape: number[]; bytes: string };
const rows = JSON.parse(readFileSync(join(import.meta.dirname, '../data/files/headers.json'), 'utf8')) as [
  header: string,
  version: number,
  loaded: Loaded,
][];

/** The file that make.py has NumPy read. */
function file(header: string, version: number): Uint8Array {
  const length = version === 1 ? 2 : 4;
  const bytes = Buffer.alloc(8 + length + header.length + 256);
  bytes.write(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1');
  bytes.writeUIntLE(header.length, 8, length);
  bytes.write(header, 8 + length, 'latin1');
  for (let i = 0; i < 256; i++) bytes[8 + length + header.length + i] = i;
  return bytes;
}

/** What nonlin reads and NumPy does not: integers of Python 2, which NumPy leaves out of format 3, whose files Python 3 alone writes. */
const taken = (header: string, version: number) => version === 3 && /\dL/.test(header);
/** What NumPy reads and nonlin does not: void of another size than bfloat16 has. */
const left = ({ descr }: { descr: string }) => /^.V(?!2$)/.test(descr);

it.each(rows.filter(([header, version]) => !taken(header, version)))('%j in format %d', (header, version, loaded) => {
  const bytes = file(header, version);
  if (loaded === null || loaded === 'another' || left(loaded)) {
    expect(() => readNumbers(bytes)).toThrow(/\.npy file/);
    return;
  }
  const { data, shape, strides } = readNumbers(bytes);
  expect(shape).toEqual(loaded.shape);
  const inRows =
    data instanceof Float32Array ? (new Tensor({ data, shape, strides }).contiguous().data as Float32Array) : data;
  expect(Buffer.from(inRows.buffer, inRows.byteOffset, inRows.byteLength).toString('hex')).toBe(loaded.bytes);
  expect(readHeader(bytes).kind).toBe(loaded.descr.slice(1));
});

it('knows every dtype of a Tensor by its name', () => {
  for (const [dtype, kind] of Object.entries(kindOf)) expect(nameOf(kind)).toBe(dtype);
});
