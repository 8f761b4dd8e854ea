// .npy files: those that NumPy wrote (test/data/npy), our own read back by us and by NumPy, and every way to refuse one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, readNumbers, writeNpy } from '../../lib/files/npy.js';
import { Tensor } from '../../lib/tensor/tensor.js';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../data/npy', `${name}.npy`));

// The rows of make.py.
const values = [
  [0, -1.5, 2.25],
  [-Infinity, 1e30, 2 ** -149],
];
const inFloat32 = values.map((row) => row.map(Math.fround));
const counted = [0, 12].map((i) => [0, 4, 8].map((j) => [0, 1, 2, 3].map((k) => i + j + k)));

/** A file of format 1.0 with this header and so many bytes of data. */
function file(header: string, dataLength = 0): Uint8Array {
  const text = `\x93NUMPY\x01\x00${String.fromCharCode(header.length & 255, header.length >> 8)}${header}`;
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(dataLength)]);
}

const bits = (data: Float32Array | Float64Array) => new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);

describe('files that NumPy wrote', () => {
  it.each([
    ['f4', 'float32', [2, 3], inFloat32],
    ['f8', 'float64', [2, 3], values],
    ['f4-v2', 'float32', [2, 3], inFloat32],
    ['f4-v3', 'float32', [2, 3], inFloat32],
    ['f4-fortran', 'float32', [2, 3], inFloat32],
    ['f8-fortran-3d', 'float64', [2, 3, 4], counted],
    ['f4-big-endian', 'float32', [2, 3], inFloat32],
    ['f8-big-endian-fortran', 'float64', [2, 3], values],
    ['f4-scalar', 'float32', [], 0.5],
    ['f8-empty', 'float64', [2, 0, 3], [[], []]],
    ['f4-one', 'float32', [1], [7]],
  ])('%s', (name, dtype, shape, expected) => {
    const tensor = new Tensor(readNpy(fixture(`floats/${name}`)));
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.shape).toEqual(shape);
    expect(tensor.toArray()).toEqual(expected);
  });

  it('keeps Fortran order in memory', () => {
    const { data, strides } = readNpy(fixture('floats/f4-fortran'));
    expect(strides).toEqual([1, 2]);
    expect([...data.subarray(0, 4)]).toEqual([0, -Infinity, -1.5, Math.fround(1e30)]);
  });

  it('refuses other dtypes', () => {
    const accepted =
      "accepted are '<f2', '<f4' and '<f8' (float16, float32 and float64) of either byte order, and '<V2' (bfloat16)";
    expect(() => readNpy(fixture('i8'))).toThrow(
      new TypeError(`unsupported dtype '<i8' in the .npy file: ${accepted}`),
    );
    expect(() => readNpy(fixture('structured'))).toThrow("unsupported dtype [('a', '<f4'), ('b', '<i2', (2, 2))]");
  });
});

describe('files of integers and booleans that NumPy wrote', () => {
  const integers = [0, -1, 2, -128, 127, 1];
  const rows = { shape: [2, 3], strides: [3, 1] };
  const columns = { shape: [2, 3], strides: [1, 2] };
  const inColumns = [0, -128, -1, 127, 2, 1];
  it.each([
    ['b1', rows, Uint8Array.of(0, 0, 1, 0, 1, 1)],
    ['u1', rows, Uint8Array.from(integers)],
    ['i1', rows, Int8Array.from(integers)],
    ['u2-big-endian', rows, Uint16Array.from(integers)],
    ['i2-fortran', columns, Int16Array.from(inColumns)],
    ['u4', rows, Uint32Array.from(integers)],
    ['i4-big-endian-fortran', columns, Int32Array.from(inColumns)],
    ['i8-big-endian', { shape: [2], strides: [1] }, BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ['u8', { shape: [2], strides: [1] }, BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['i8-scalar', { shape: [], strides: [] }, BigInt64Array.of(-100n)],
  ])('%s', (name, layout, data) => {
    const bytes = fixture(`integers/${name}`);
    expect(readNumbers(bytes)).toEqual({ data, ...layout });
    expect(() => readNpy(bytes)).toThrow(
      /^unsupported dtype '.*' in the \.npy file: accepted are '<f2', .* \(bfloat16\)$/,
    );
    // At every offset that eight bytes can have, and nothing read behind the end.
    for (let offset = 1; offset < 8; offset++) {
      const moved = new Uint8Array(bytes.length + offset).subarray(offset);
      moved.set(bytes);
      expect(readNumbers(moved)).toEqual({ data, ...layout });
    }
    for (let length = 0; length < bytes.length; length++)
      expect(() => readNumbers(bytes.subarray(0, length))).toThrow(/truncated|not a \.npy file/);
    // What follows is left alone, as np.load does.
    expect(readNumbers(Buffer.concat([bytes, Buffer.of(0)]))).toEqual({ data, ...layout });
  });

  it('may be of floats as well', () => {
    for (const name of ['floats/f8-big-endian-fortran', 'halves/f2-big-endian-fortran', 'halves/bfloat16'])
      expect(readNumbers(fixture(name))).toEqual(readNpy(fixture(name)));
  });

  it.each([
    "'<b2'",
    "'<float32'",
    "'<c8'",
    "'<i3'",
    "'2f4'",
    "'<u16'",
    "' |u1'",
    "'<U1'",
    "'|S1'",
    "'|O'",
    "'F'",
    "'g'",
  ])('none of %s', (descr) => {
    const bytes = file(`{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }`, 8);
    const accepted = 'accepted are floats of 16, 32 and 64 bits, integers and booleans';
    expect(() => readNumbers(bytes)).toThrow(new TypeError(`unsupported dtype ${descr} in the .npy file: ${accepted}`));
  });

  it('give no more than lies in the file, whatever its bytes', () => {
    const original = fixture('integers/i2-fortran');
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.nat(255), fc.nat(original.length), (at, byte, length) => {
        const bytes = Uint8Array.from(original.subarray(0, length));
        if (at < length) bytes[at] = byte;
        try {
          const { data, shape } = readNumbers(bytes);
          expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
          expect(data.byteLength).toBeLessThan(length);
        } catch (error) {
          expect([TypeError, RangeError]).toContain((error as Error).constructor);
        }
      }),
    );
  });
});

describe('memory', () => {
  it('is shared with the file where the data is aligned', () => {
    const bytes = new Uint8Array(fixture('floats/f4'));
    expect(readNpy(bytes).data.buffer).toBe(bytes.buffer);
  });

  it('is copied where the data is not aligned', () => {
    const original = fixture('floats/f8');
    const bytes = new Uint8Array(original.length + 3).subarray(3);
    bytes.set(original);
    const { data } = readNpy(bytes);
    expect(data.buffer).not.toBe(bytes.buffer);
    expect([...data]).toEqual(values.flat());
  });

  it('of the caller is not swapped in place', () => {
    const bytes = fixture('floats/f4-big-endian');
    const before = Buffer.from(bytes.toString('hex'), 'hex');
    readNpy(bytes);
    expect(bytes.equals(before)).toBe(true);
  });
});

describe('the header', () => {
  it.each([
    ['in another order, without spaces', "{'shape':(2,3),'fortran_order':False,'descr':'<f4'}", [2, 3], [3, 1]],
    [
      'with spaces and trailing commas',
      "{ 'descr' : '<f4' , 'fortran_order' : True , 'shape' : ( 2 , 3 , ) , }\n",
      [2, 3],
      [1, 2],
    ],
    ['with double quotes and over lines', '{"descr": "<f4",\n "fortran_order": False,\n "shape": (6,)}', [6], [1]],
    ['of Python 2', "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }", [2, 3], [3, 1]],
  ])('%s', (_, header, shape, strides) => {
    expect(readNpy(file(header, 24))).toMatchObject({ shape, strides });
  });

  const wanted = 'wanted descr, fortran_order, shape';
  it.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", 'shape in the .npy file is 3: wanted a tuple of sizes'],
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, -1)}",
      'shape in the .npy file is (3, -1): wanted a tuple of sizes',
    ],
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}",
      'shape in the .npy file is (True,): wanted a tuple of sizes',
    ],
    ["{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", 'fortran_order in the .npy file is 0: wanted True or False'],
    ["{'descr': None, 'fortran_order': False, 'shape': ()}", 'unsupported dtype None in the .npy file'],
    ["{'descr': '<f4', 'shape': ()}", `the header of the .npy file has the keys descr, shape: ${wanted}`],
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}",
      `has the keys descr, fortran_order, shape, x: ${wanted}`,
    ],
    ['{}', `the header of the .npy file has the keys (none): ${wanted}`],
    ["('descr', '<f4')", 'the header of the .npy file is not a dictionary'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3 4)}", 'the header of the .npy file is malformed at "4)}"'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3,", 'the header of the .npy file is malformed at its end'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", 'the header of the .npy file is malformed at ",)}"'],
    ["{'descr' '<f4'}", `the header of the .npy file is malformed at "}"`],
    ["{'descr': '<f4}", 'the header of the .npy file is malformed at'],
    [
      "{'descr': '<f4', 'fortran_order': exit(), 'shape': ()}",
      'the header of the .npy file is malformed at "exit(), \'shape\': ()}"',
    ],
    ["{'shape': (9007199254740993,)}", 'the header of the .npy file is malformed at'],
    ["{'shape': (1.5,)}", 'the header of the .npy file is malformed at "1.5,)}"'],
    ['{} {}', 'the header of the .npy file is malformed at "{}"'],
    ['('.repeat(60_000), 'the header of the .npy file is malformed at'],
    ['', 'the header of the .npy file is malformed at its end'],
  ])('%# is refused: %s', (header, message) => {
    expect(() => readNpy(file(header))).toThrow(TypeError);
    expect(() => readNpy(file(header))).toThrow(message);
  });
});

describe('damaged files', () => {
  const f4 = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

  it.each([
    [
      'what only calls itself a Uint8Array',
      { [Symbol.toStringTag]: 'Uint8Array', length: 200, byteLength: 200 } as unknown as Uint8Array,
      TypeError,
      'expected the bytes of a .npy file, got an object',
    ],
    [
      'a whole buffer',
      new ArrayBuffer(8) as unknown as Uint8Array,
      TypeError,
      'expected the bytes of a .npy file, got an ArrayBuffer',
    ],
    ['not a Uint8Array', 'abc' as unknown as Uint8Array, TypeError, 'expected the bytes of a .npy file, got "abc"'],
    ['no .npy file', Buffer.from('PK\x03\x04 a zip'), TypeError, 'not a .npy file: it does not start with \\x93NUMPY'],
    ['empty', new Uint8Array(), TypeError, 'not a .npy file: it does not start with \\x93NUMPY'],
    [
      'another format',
      Buffer.from('\x93NUMPY\x04\x00', 'latin1'),
      TypeError,
      'unsupported .npy format 4.0: accepted are 1.0, 2.0 and 3.0',
    ],
    [
      'cut in the version',
      Buffer.from('\x93NUMPY\x01', 'latin1'),
      RangeError,
      'the .npy file is truncated: it has no version',
    ],
    [
      'cut in the length',
      Buffer.from('\x93NUMPY\x02\x00\x10\x00', 'latin1'),
      RangeError,
      'the .npy file is truncated: it ends before its header',
    ],
    [
      'cut in the header',
      file(f4).subarray(0, 30),
      RangeError,
      'the .npy file is truncated: it has 20 of 59 bytes of its header',
    ],
    [
      'cut in the data',
      file(f4, 23),
      RangeError,
      'the .npy file is truncated: it has 23 bytes of data, shape (2, 3) of <f4 needs 24',
    ],
    [
      'a huge header',
      Buffer.from(`\x93NUMPY\x02\x00\x00\x00\x01\x00${f4.padEnd(65536)}${'\0'.repeat(24)}`, 'latin1'),
      RangeError,
      'the header of the .npy file has 65536 bytes: accepted are 65535, as format 1.0 has',
    ],
    [
      'a long word',
      file(`{'descr': '${'a'.repeat(65000)}', 'fortran_order': False, 'shape': (2, 3), }`, 24),
      TypeError,
      "unsupported dtype 'aaa",
    ],
    [
      'a huge shape',
      file(f4.replace('(2, 3)', `(${'9007199254740991, '.repeat(30)})`), 8),
      RangeError,
      'of <f4 needs Infinity',
    ],
  ])('%s', (_, bytes, kind, message) => {
    expect(() => readNpy(bytes)).toThrow(kind);
    expect(() => readNpy(bytes)).toThrow(message);
  });

  it('takes no size for too large where another one is 0', () => {
    const shape = [...Array(30).fill(Number.MAX_SAFE_INTEGER), 0];
    expect(readNpy(file(f4.replace('(2, 3)', `(${shape.join(', ')})`))).data.length).toBe(0);
  });

  it('throws nothing but TypeError and RangeError, whatever the bytes', () => {
    const original = fixture('floats/f8-fortran-3d');
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.nat(255), fc.nat(original.length), (at, byte, length) => {
        const bytes = Uint8Array.from(original.subarray(0, length));
        if (at < length) bytes[at] = byte;
        try {
          expect(readNpy(bytes).data).toBeInstanceOf(Float64Array);
        } catch (error) {
          expect([TypeError, RangeError]).toContain((error as Error).constructor);
        }
      }),
    );
  });
});

describe('numbers of 16 bits', () => {
  const values = [
    [0, -1.5, 2.25],
    [-Infinity, 192, -0],
  ];
  it.each([
    ['halves/f2', 'float16'],
    ['halves/f2-big-endian-fortran', 'float16'],
    ['halves/bfloat16', 'bfloat16'],
  ])('%s is %s, read and written', (name, dtype) => {
    const x = new Tensor(readNpy(fixture(name)));
    expect([x.dtype, x.shape, x.toArray()]).toEqual([dtype, [2, 3], values]);
    const back = writeNpy(x);
    expect(new Tensor(readNpy(back)).toArray()).toEqual(values);
    if (!name.includes('big')) expect([...back.subarray(-12)]).toEqual([...fixture(name).subarray(-12)]);
  });

  it('keep subnormals', () => {
    expect(new Tensor(readNpy(fixture('halves/f2-least'))).item()).toBe(2 ** -24);
  });
});

const shapes = fc.array(fc.nat(5), { maxLength: 4 });
const tensors = fc.tuple(shapes, fc.boolean()).chain(([shape, double]) => {
  const size = shape.reduce((product, length) => product * length, 1);
  const array = double
    ? fc.float64Array({ minLength: size, maxLength: size })
    : fc.float32Array({ minLength: size, maxLength: size });
  return array.map((data) => new Tensor(data, { shape }));
});

describe('files of our own', () => {
  it('give the same tensor back, bit by bit', () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        const back = new Tensor(readNpy(writeNpy(tensor)));
        expect(back.dtype).toBe(tensor.dtype);
        expect(back.shape).toEqual(tensor.shape);
        expect(bits(back.data)).toEqual(bits(tensor.data));
      }),
    );
  });

  it('are in C order, whatever the strides', () => {
    const transposed = new Tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]).T;
    const { data, shape, strides } = readNpy(writeNpy(transposed));
    expect([...data]).toEqual([1, 4, 2, 5, 3, 6]);
    expect({ shape, strides }).toEqual({ shape: [3, 2], strides: [2, 1] });
  });

  it('hold a part of a memory alone, from where it begins', () => {
    for (const whole of [Float32Array.of(9, 9, 1, 2, 3, 4, 9), Float64Array.of(9, 9, 1, 2, 3, 4, 9)]) {
      const part = whole.subarray(2, 6);
      const tensors = [
        new Tensor(part),
        new Tensor(part, { shape: [2, 2] }),
        new Tensor({ data: whole, shape: [4], offset: 2 }),
      ];
      for (const tensor of tensors) expect([...readNpy(writeNpy(tensor)).data]).toEqual([1, 2, 3, 4]);
    }
  });

  it('start their data at a multiple of 64 bytes, after a newline', () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        const bytes = writeNpy(tensor);
        const start = bytes.length - tensor.data.byteLength;
        expect(start % 64).toBe(0);
        expect(bytes[start - 1]).toBe(0x0a);
      }),
    );
  });

  it('have room for the longest shape there is', () => {
    const shape = [0, ...Array(63).fill(Number.MAX_SAFE_INTEGER)];
    expect(new Tensor(readNpy(writeNpy(new Tensor(new Float32Array(), { shape })))).shape).toEqual(shape);
  });

  // The same bytes as NumPy's own are more than can be asked: what counts is that it reads ours.
  const python = 'python3';
  const hasNumpy = spawnSync(python, ['-c', 'import numpy']).status === 0;

  describe.skipIf(!hasNumpy)('in NumPy (skipped where python3 has none)', () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'nonlin-npy-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each([
      ['float32', new Tensor(Float32Array.of(0, -1.5, 2.25, -Infinity, 1e30, 2 ** -149), { shape: [2, 3] })],
      ['float64', new Tensor(Float64Array.of(Math.PI, -0, 5e-324), { shape: [1, 3, 1] })],
      [
        'float32',
        new Tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]).T,
      ],
      ['float32', new Tensor(0.5)],
      ['float64', new Tensor(new Float64Array(), { shape: [3, 0] })],
    ])('%s %#', (dtype, tensor) => {
      const path = join(folder, 'ours.npy');
      writeFileSync(path, writeNpy(tensor));
      const script = [
        'import json, sys, numpy',
        'a = numpy.load(sys.argv[1])',
        'bits = numpy.ascontiguousarray(a).reshape(-1).view(numpy.uint32)',
        'print(json.dumps([a.dtype.name, a.shape, a.flags.c_contiguous, bits.tolist()]))',
      ].join('\n');
      const { stdout, stderr } = spawnSync(python, ['-c', script, path], { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual([dtype, tensor.shape, true, [...bits(tensor.contiguous().data)]]);
    });
  });
});
