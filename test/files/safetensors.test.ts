// .safetensors files: those that test/data/files/make.py wrote by the description of the format, our own, and every way to refuse one.
import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../lib/files.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { fileOf, patched, rows, safetensors } from '../support/files.js';

describe('every type', () => {
  const file = readSafetensors(fileOf('types.safetensors'));

  it('has the names in the order in which they lie, and what the file says of itself', () => {
    expect([...file.keys()].join(' ')).toBe('U8 BOOL F64 I8 F32 BF16 U16 F16 I16 I32 U32 I64 U64');
    expect(file.metadata).toEqual({ format: 'pt', grün: 'π' });
  });

  it.each([
    ['F64', 'float64'],
    ['F32', 'float32'],
    ['F16', 'float16'],
    ['BF16', 'bfloat16'],
  ])('%s is a tensor, wherever it lies', (name, dtype) => {
    const x = file.get(name)!;
    expect(x).toBeInstanceOf(Tensor);
    expect([x.dtype, x.shape, x.toArray()]).toEqual([dtype, [2, 3], rows]);
    expect(file.info(name)).toEqual({ dtype, shape: [2, 3] });
  });

  it.each([
    ['U8', Uint8Array.of(0, 255), 'uint8'],
    ['I8', Int8Array.of(-128, 127), 'int8'],
    ['U16', Uint16Array.of(0, 65535), 'uint16'],
    ['I16', Int16Array.of(-32768, 32767), 'int16'],
    ['U32', Uint32Array.of(0, 2 ** 32 - 1), 'uint32'],
    ['I32', Int32Array.of(-(2 ** 31), 2 ** 31 - 1), 'int32'],
    ['U64', BigUint64Array.of(0n, 2n ** 64n - 1n), 'uint64'],
    ['I64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), 'int64'],
  ])('%s is read as numbers, or converted', (name, data, dtype) => {
    expect(file.numbers(name)).toEqual({ data, shape: [2], strides: [1] });
    expect(file.info(name)).toEqual({ dtype, shape: [2] });
    expect(() => file.get(name)).toThrow(
      /in ".\d+": the numbers are no floats \(\w+ of 2\), as a Tensor has: \{ dtype/,
    );
    const converted = readSafetensors(fileOf('types.safetensors'), { dtype: 'float64' }).get(name)!;
    expect(converted.toArray()).toEqual(Array.from(data as ArrayLike<bigint>, Number));
  });

  it('BOOL is bytes', () => {
    expect(file.numbers('BOOL')).toEqual({ data: Uint8Array.of(1, 0), shape: [2, 1], strides: [1, 1] });
    expect(file.info('BOOL')!.dtype).toBe('bool');
  });
});

it('leaves types that it does not read, and reads what lies beside them', () => {
  const file = readSafetensors(fileOf('odd.safetensors'));
  expect(file.get('F64')!.toArray()).toEqual(rows);
  expect(file.get('F16')!.toArray()).toEqual(rows);
  expect(file.info('f4')).toEqual({ dtype: 'F4', shape: [2] });
  expect(() => file.get('f8')).toThrow(
    new TypeError(
      'get: the .safetensors file: in "f8": its dtype F8_E4M3 is not read: accepted are floats of 16, 32 and 64 bits, integers and BOOL',
    ),
  );
});

it('shares memory where a tensor lies aligned, and copies it elsewhere', () => {
  const bytes = fileOf('ordered.safetensors');
  expect(readSafetensors(bytes).get('1')!.data.buffer).toBe(bytes.buffer);
  const moved = new Uint8Array(bytes.length + 1).subarray(1);
  moved.set(bytes);
  const x = readSafetensors(moved).get('1')!;
  expect(x.data.buffer).not.toBe(moved.buffer);
  expect(x.toArray()).toEqual(rows);
});

describe('what is written', () => {
  it("has the very bytes of the format's own order: large elements first, then by name", () => {
    const x = new Tensor(rows);
    const tensors: [string, Tensor][] = [
      ['b', x.to('float16') as unknown as Tensor],
      ['1', x],
      ['a', x.to('bfloat16') as unknown as Tensor],
      ['9', x.select(0, 0).select(0, 1)],
      ['a"\\\n', x.T],
      ['z', x.to('float64') as unknown as Tensor],
      ['10', x.slice(0, 0, 0)],
    ];
    expect(writeSafetensors(tensors, { metadata: { format: 'pt' } })).toEqual(fileOf('ordered.safetensors'));
    expect(writeSafetensors({})).toEqual(fileOf('none.safetensors'));
  });

  it('is read again, a name that JavaScript has a use for too', () => {
    const bytes = writeSafetensors([
      ['__proto__', new Tensor([1])],
      ['toString', new Tensor([2])],
      ['', new Tensor(3)],
    ]);
    const file = readSafetensors(bytes);
    expect(['__proto__', 'toString', '', 'x'].map((name) => file.get(name)?.toArray())).toEqual([
      [1],
      [2],
      3,
      undefined,
    ]);
    expect(file.metadata).toEqual({});
  });

  it.each<[string, () => unknown, string]>([
    [
      'the name of what the file says of itself',
      () => writeSafetensors({ __metadata__: [1] }),
      'no tensor can have the name __metadata__',
    ],
    [
      'metadata of numbers',
      () => writeSafetensors({}, { metadata: { x: 1 as unknown as string } }),
      'metadata must be an object of strings, got 1',
    ],
    [
      'metadata of text',
      () => writeSafetensors({}, { metadata: 'x' as unknown as Record<string, string> }),
      'metadata must be an object of strings, got',
    ],
    [
      'metadata of which not all is seen',
      () => writeSafetensors({}, { metadata: new Map([['format', 'pt']]) as unknown as Record<string, string> }),
      'metadata must be an object of strings, got a Map',
    ],
    [
      'metadata in a list',
      () => writeSafetensors({}, { metadata: ['pt'] as unknown as Record<string, string> }),
      'metadata must be an object of strings, got an Array of 1',
    ],
    ['another option', () => writeSafetensors({}, { compress: true } as object), 'there is no option `compress`'],
    [
      'a tensor alone',
      () => writeSafetensors(new Tensor([1]) as unknown as Record<string, Tensor>),
      'tensors must have names',
    ],
  ])('does not have %s', (_, act, message) => {
    expect(act).toThrow(TypeError);
    expect(act).toThrow(`writeSafetensors: ${message}`);
  });
});

describe('a malformed file', () => {
  const x = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const y = { dtype: 'F16', shape: [2], data_offsets: [8, 12] };
  const good = safetensors({ x, y }, 12);

  it('is not this one', () => {
    expect(readSafetensors(good).get('y')!.toArray()).toEqual([0, 0]);
    expect(readSafetensors(safetensors(` {}`.trim().padEnd(40))).size).toBe(0);
    expect(readSafetensors(safetensors({ __metadata__: null, x }, 8)).metadata).toEqual({});
    expect(readSafetensors(safetensors({ y: { ...x, shape: [0], data_offsets: [0, 0] }, x }, 8)).size).toBe(2);
  });

  it.each<[string, () => Uint8Array, string]>([
    ['no bytes', () => 'x' as unknown as Uint8Array, 'expected the bytes of a .safetensors file, got "x"'],
    ['7 bytes', () => good.subarray(0, 7), 'it is truncated: it has 7 of the 8 bytes'],
    ['a cut header', () => good.subarray(0, 20), 'it is truncated: it has 12 of '],
    ['cut data', () => good.subarray(0, -1), 'it is truncated: it has 11 bytes of data, and its tensors need 12'],
    [
      'bytes behind',
      () => safetensors({ x, y }, 13),
      'it is too long: it has 13 bytes of data, and its tensors need 12',
    ],
    ['a header too large', () => patched(good, 0, 1, 0xe1, 0xf5, 5), 'its header is said to have 100000001 bytes'],
    ['a header of 2^63 bytes', () => patched(good, 7, 0x80), 'its header is said to have 9223372036854775'],
    ['no header', () => safetensors(''), 'its header does not start with {'],
    ['a space before the header', () => safetensors(' {}'), 'its header does not start with {'],
    ['a list', () => safetensors('[]'), 'its header does not start with {'],
    ['no UTF-8', () => patched(good, 10, 0xff), 'it has a header that is not UTF-8'],
    ['no JSON', () => safetensors('{"x":}'), 'its header is no JSON: '],
    ['JSON and more', () => safetensors('{}{}'), 'its header is no JSON: '],
    ['zeros behind the header', () => safetensors('{}\0'), 'its header is no JSON: '],
    [
      'a name twice',
      () => safetensors(`{"x":${JSON.stringify(x)},"\\u0078":${JSON.stringify(x)}}`, 8),
      'its header has two entries "x"',
    ],
    [
      'a field twice',
      () => safetensors(`{"x":{"dtype":"F32","dtype" : "F16","shape":[2],"data_offsets":[0,4]}}`, 4),
      'its header has two entries "dtype"',
    ],
    [
      'metadata twice',
      () => safetensors('{"__metadata__":{"a\\\\":"1","a\\\\":"\\""}}'),
      'its header has two entries "a\\\\"',
    ],
    ['metadata of numbers', () => safetensors({ __metadata__: { x: 1 } }), 'its __metadata__ is no object of strings'],
    ['metadata in a list', () => safetensors({ __metadata__: ['x'] }), 'its __metadata__ is no object of strings'],
    ['a tensor of nothing', () => safetensors({ x: 1 }), 'its tensor "x" is described by no object'],
    [
      'an unknown dtype',
      () => safetensors({ x: { ...x, dtype: 'f32' } }, 8),
      'its tensor "x" has an unknown dtype, "f32"',
    ],
    [
      'a dtype of JavaScript',
      () => safetensors({ x: { ...x, dtype: 'toString' } }, 8),
      'has an unknown dtype, "toString"',
    ],
    ['no dtype', () => safetensors({ x: { shape: [2], data_offsets: [0, 8] } }, 8), 'has an unknown dtype, undefined'],
    [
      'a size below 0',
      () => safetensors({ x: { ...x, shape: [-2] } }, 8),
      'its tensor "x" has a shape that is no list of sizes: [-2]',
    ],
    ['half a size', () => safetensors({ x: { ...x, shape: [0.5] } }, 8), 'has a shape that is no list of sizes: [0.5]'],
    [
      'a size beyond 2^53',
      () => safetensors({ x: { ...x, shape: [2 ** 53] } }, 8),
      'has a shape that is no list of sizes',
    ],
    [
      'one place',
      () => safetensors({ x: { ...x, data_offsets: [8] } }, 8),
      'has data_offsets that are no two places: [8]',
    ],
    [
      'no places',
      () => safetensors({ x: { ...x, data_offsets: null } }, 8),
      'has data_offsets that are no two places: null',
    ],
    [
      'an end before its start',
      () => safetensors({ x: { ...x, shape: [0], data_offsets: [8, 0] } }, 8),
      'its tensor "x" has -8 bytes, shape [0] of F32 needs 0',
    ],
    [
      'another shape',
      () => safetensors({ x: { ...x, shape: [3] } }, 8),
      'its tensor "x" has 8 bytes, shape [3] of F32 needs 12',
    ],
    [
      'a product beyond numbers',
      () => safetensors({ x: { ...x, shape: Array(40).fill(2 ** 52) } }, 8),
      'needs Infinity',
    ],
    [
      'half a byte',
      () => safetensors({ x: { dtype: 'F4', shape: [1], data_offsets: [0, 1] } }, 1),
      'shape [1] of F4 needs 0.5',
    ],
    [
      'a gap',
      () => safetensors({ x, y: { ...y, data_offsets: [9, 13] } }, 13),
      'its tensor "y" leaves a gap before it: it begins at 9, and 8 bytes are taken',
    ],
    [
      'a gap at the start',
      () => safetensors({ y }, 12),
      'its tensor "y" leaves a gap before it: it begins at 8, and 0 bytes are taken',
    ],
    [
      'two tensors in one place',
      () => safetensors({ x, y: x }, 8),
      'its tensor "y" overlaps the one before it: it begins at 0, and 8 bytes',
    ],
  ])('%s is refused', (_, make, message) => {
    expect(() => readSafetensors(make())).toThrow(message);
    expect(() => readSafetensors(make())).toThrow(/^readSafetensors: /);
  });

  it('is found in a moment, whatever its header repeats', () => {
    const long = '\\\\'.repeat(1_000_000);
    expect(() => readSafetensors(safetensors(`{"${long}":"${long}"}`))).toThrow('is described by no object');
    expect(() => readSafetensors(safetensors(`{"x":${'['.repeat(1_000_000)}`))).toThrow('its header is no JSON');
  });

  it('is refused where it lacks bytes anywhere', () => {
    for (let length = 0; length < good.length; length++)
      expect(() => readSafetensors(good.subarray(0, length))).toThrow(/^readSafetensors: the \.safetensors file: /);
  });
});
