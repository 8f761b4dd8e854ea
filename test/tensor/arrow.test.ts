// Arrow's vectors as structures: what arrow of test/interop/real.ts are, and what only looks like one.
import { describe, expect, it } from 'vitest';
import { relu, Tensor } from '../../lib/index.js';
import { type Column, vector } from '../support/arrow.js';

const of = vector;
const float = { typeId: 3 };
const int = { typeId: 2 };
const listOf = (listSize: number) => ({ typeId: 16, listSize });

describe('a vector of one chunk', () => {
  it('shares its memory, as long as it is', () => {
    const values = Float32Array.of(1, 2, 3, 0, 0);
    const x = new Tensor(of({ type: float, length: 3, values }));
    expect([x.shape, x.toArray(), x.dtype]).toEqual([[3], [1, 2, 3], 'float32']);
    expect(x.data.buffer).toBe(values.buffer);
    expect(new Tensor(of({ type: float, length: 2, values: Float64Array.of(1, 2) })).dtype).toBe('float64');
    expect(new Tensor(of({ type: float, length: 0, values: new Float32Array(16) })).shape).toEqual([0]);
  });

  it('has the bits of float16 in integers', () => {
    const values = Uint16Array.of(0x3c00, 0x4000, 0);
    const x = new Tensor(of({ type: float, length: 2, values }));
    expect([x.dtype, x.toArray(), x.data.buffer === values.buffer]).toEqual(['float16', [1, 2], true]);
  });

  it('is rows, of lists of one size', () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0);
    const leaf = { type: float, length: 6, values };
    const x = new Tensor(of({ type: listOf(2), length: 3, children: [leaf] }));
    expect(x.toArray()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const rows = { type: listOf(3), length: 2, children: [leaf] };
    expect(new Tensor(of({ type: listOf(2), length: 1, children: [rows] })).shape).toEqual([1, 2, 3]);
    expect(
      Tensor.from(
        of({ type: listOf(3), length: 1, children: [leaf] }, { type: listOf(3), length: 1, children: [leaf] }),
      ).toArray(),
    ).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('may be the chunk itself', () => {
    const chunk = vector({ type: float, length: 2, values: Float32Array.of(1, 2) }).data[0]!;
    expect(new Tensor(chunk).toArray()).toEqual([1, 2]);
    expect(Tensor.from(chunk).toArray()).toEqual([1, 2]);
  });
});

describe('a vector of several chunks', () => {
  const chunks = [
    { type: float, length: 2, values: Float32Array.of(1, 2, 9) },
    { type: float, length: 0, values: new Float32Array(4) },
    { type: float, length: 1, values: Float32Array.of(3) },
  ];

  it('is shared chunk by chunk, and copied as one', () => {
    const x = of(...chunks);
    expect(() => new Tensor(x)).toThrow(
      new TypeError(
        'Tensor: a Tensor is one piece of memory, and the Arrow vector has 3; pass x.data[0] and so on for each, Tensor.from(x) for a copy of all',
      ),
    );
    expect(x.data.map((chunk) => new Tensor(chunk).toArray())).toEqual([[1, 2], [], [3]]);
    const copy = Tensor.from(x);
    expect([copy.toArray(), copy.dtype]).toEqual([[1, 2, 3], 'float32']);
    expect(copy.data.buffer).not.toBe(chunks[0]!.values.buffer);
    expect(Tensor.from(of()).shape).toEqual([0]);
  });

  it('of integers, of float64 and of float16 keep their numbers', () => {
    const copy = (values: ArrayBufferView, type = int, options = {}) =>
      Tensor.from(of({ type, length: 2, values }, { type, length: 1, values }), options);
    expect(copy(Int32Array.of(1, -2)).toArray()).toEqual([1, -2, 1]);
    expect(copy(BigInt64Array.of(1n, -2n), int, { dtype: 'float64', scale: 2 }).toArray()).toEqual([2, -4, 2]);
    expect(copy(Uint16Array.of(1, 2)).toArray()).toEqual([1, 2, 1]);
    const half = copy(Uint16Array.of(0x3c00, 0x4000), float);
    expect([half.dtype, half.toArray()]).toEqual(['float16', [1, 2, 1]]);
    expect(copy(Float64Array.of(0.1, 2), float).toArray()).toEqual([0.1, 2, 0.1]);
  });
});

describe('what is refused', () => {
  const values = Float32Array.of(1, 2);
  const good = { type: float, length: 2, values };
  it.each<[string, object, string]>([
    [
      'nulls',
      of({ ...good, nullCount: 1 }),
      'the Arrow vector has 1 nulls, for which there is no number; fill or drop them first',
    ],
    ['nulls in a list', of({ type: listOf(2), length: 1, children: [{ ...good, nullCount: 2 }] }), 'has 2 nulls'],
    ['lists that are null', of({ type: listOf(2), length: 1, nullCount: 1, children: [good] }), 'has 1 nulls'],
    [
      'places in a dictionary',
      of({ type: { typeId: -1 }, length: 2, values: Int8Array.of(0, 1) }),
      'must be of floats or integers, got',
    ],
    [
      'bits',
      of({ type: { typeId: 6 }, length: 2, values: Uint8Array.of(3) }),
      'an Arrow vector must be of floats or integers, got',
    ],
    ['no values', of({ type: float, length: 2 }), 'an Arrow vector must be of floats or integers, got'],
    [
      'lists of any size',
      of({ type: { typeId: 12 }, length: 1, children: [good] }),
      'must be of floats or integers, got',
    ],
    [
      'lists of no size',
      of({ type: { typeId: 16 }, length: 1, children: [good] }),
      'none that has numbers in lists of one size',
    ],
    [
      'lists of nothing',
      of({ type: listOf(2), length: 1, children: [null as never] }),
      'none that has numbers in lists of one size',
    ],
    [
      'lists without end',
      (() => {
        const a = { type: listOf(1), length: 1, children: [] as Column[] };
        a.children.push(a);
        return of(a);
      })(),
      'none that has numbers',
    ],
  ])('%s', (_, x, message) => {
    expect(() => new Tensor(x as never)).toThrow(TypeError);
    expect(() => new Tensor(x as never)).toThrow(message);
    expect(() => Tensor.from(x)).toThrow(message);
  });

  it('sizes below zero', () => {
    const values = Float32Array.of(1, 2, 3, 4);
    expect(() => new Tensor(of({ type: float, length: -1, values }).data[0]!)).toThrow('a Tensor is made of');
    const lists = of({ type: listOf(-2), length: 2, children: [{ type: float, length: 4, values }] });
    expect(() => new Tensor(lists)).toThrow('the Arrow vector is none that has numbers in lists of one size');
  });

  it('too few values', () => {
    const x = of({ ...good, length: 3 });
    expect(() => new Tensor(x)).toThrow(new RangeError('Tensor: the Arrow vector has 2 values for shape [3]'));
    expect(() => Tensor.from(x)).toThrow(new RangeError('from: the Arrow vector has 2 values for shape [3]'));
    const gone = Float32Array.of(1);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => new Tensor(of({ type: float, length: 0, values: gone }))).toThrow('the Arrow vector is detached');
  });

  it('integers where memory is to be shared', () => {
    expect(() => new Tensor(of({ type: int, length: 2, values: Int32Array.of(1, 2) }))).toThrow(
      new TypeError('Tensor: a Tensor has floats, and the Arrow vector Int32Array of 2; pass Tensor.from(x)'),
    );
    expect(() => new Tensor(of({ type: int, length: 2, values: Uint16Array.of(1, 2) }))).toThrow('pass Tensor.from(x)');
    expect(() => new Tensor(of(good), { dtype: 'float64' })).toThrow(
      "dtype must be that of the shared data, 'float32'",
    );
  });

  it('chunks of two types', () => {
    const other = { type: float, length: 2, values: Float64Array.of(1, 2) };
    expect(() => Tensor.from(of(good, other))).toThrow('from: the chunks of an Arrow vector must be of one type');
    const rows = (size: number) => ({ type: listOf(size), length: 1, children: [good] });
    expect(() => Tensor.from(of(rows(1), rows(2)))).toThrow('must be of one type');
  });

  it('a vector as it is, where an array or a tensor is wanted', () => {
    expect(() => relu(of(good) as never)).toThrow(/; pass new Tensor\(x\)$/);
    expect(() => new Tensor({ nullCount: 0, length: 1 } as never)).toThrow('a Tensor is made of');
    expect(() => new Tensor({ nullCount: 0, length: 1, type: null } as never)).toThrow('a Tensor is made of');
  });
});

describe('bytes', () => {
  const floats = Float32Array.of(1, -2, 3);

  it('are the numbers that a dtype says, shared where they lie so', () => {
    const bytes = new Uint8Array(floats.buffer);
    const x = new Tensor(bytes, { dtype: 'float32', shape: [3, 1] });
    expect([x.toArray(), x.data.buffer === floats.buffer]).toEqual([[[1], [-2], [3]], true]);
    expect(new Tensor(bytes.subarray(4), { dtype: 'float32' }).data.byteOffset).toBe(4);
    const double = new Tensor(new Uint8Array(Float64Array.of(0.1).buffer), { dtype: 'float64' });
    expect(double.toArray()).toEqual([0.1]);
    const half = new Tensor(Uint8Array.of(0, 0x3c), { dtype: 'float16' });
    expect([half.dtype, half.toArray()]).toEqual(['float16', [1]]);
    expect(new Tensor(Uint8Array.of(0x80, 0x3f), { dtype: 'bfloat16' }).toArray()).toEqual([1]);
    expect(new Tensor(new Uint8Array(0), { dtype: 'float32' }).shape).toEqual([0]);
  });

  it('of a Buffer that lies anywhere are copied', () => {
    const pool = Buffer.alloc(64);
    for (let at = 0; at < 8; at++) {
      const part = pool.subarray(at, at + 12);
      part.set(new Uint8Array(floats.buffer));
      const x = new Tensor(part, { dtype: 'float32' });
      expect(x.toArray()).toEqual([1, -2, 3]);
      expect(x.data.buffer === pool.buffer).toBe((pool.byteOffset + at) % 4 === 0);
    }
  });

  it('are refused where they are no whole numbers, gone, or may be numbers themselves', () => {
    expect(() => new Tensor(new Uint8Array(6), { dtype: 'float32' })).toThrow(
      new RangeError('Tensor: float32 has 4 bytes an element, and 6 bytes are no multiple of that'),
    );
    const gone = new Uint8Array(4);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => new Tensor(gone, { dtype: 'float32' })).toThrow('data is detached');
    expect(() => new Tensor(new Uint8Array(4))).toThrow('pass Float32Array.from(x) for its numbers');
  });
});
