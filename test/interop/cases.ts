// What becomes of the tensors of other libraries: each goes in, or its error says what to pass instead, which then goes in.
import type { Tensor as OrtTensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { relu, softmax, Tensor } from '../../lib/index.js';

type Dims = readonly number[];

export type ArrowKind = 'float32' | 'float64' | 'int32' | 'rows';

/** The libraries themselves, or their doubles. */
export interface Libraries {
  transformers(type: OrtTensor.Type, data: OrtTensor.DataTypeMap[OrtTensor.Type], dims: Dims): object;
  tfjs(values: Dims, shape: Dims, dtype: 'float32' | 'int32'): object;
  stdlib(dtype: string, data: unknown, shape: Dims, strides: Dims, offset: number, order: string): object;
  /** A vector of a chunk for each list: of numbers, of integers, of lists of two. */
  arrow(kind: ArrowKind, ...chunks: (readonly (number | null | Dims)[])[]): object;
}

/** An object of another library's, as somebody without its types would use it. */
// biome-ignore lint/suspicious/noExplicitAny: no type of ours fits four libraries.
type Foreign = any;

const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
  return 'no error';
};

/** What the message of an error says to pass, as code does it. */
const insteadOf = (x: object, message: string): unknown => {
  const [, code] = /; pass (.*)$/.exec(message) ?? [];
  return new Function('x', `return ${code}`)(x);
};

export function cases(libraries: Libraries): void {
  const values = () => Float32Array.of(-1, 2, -3, 4, -5, 6);
  const rows = [
    [-1, 2, -3],
    [4, -5, 6],
  ];

  describe('transformers.js', () => {
    const of = (type: OrtTensor.Type, data: OrtTensor.DataTypeMap[OrtTensor.Type], dims: Dims): Foreign =>
      libraries.transformers(type, data, dims);

    it('is read where it lies', () => {
      const data = values();
      const x = new Tensor(of('float32', data, [2, 3]));
      expect(x.data).toBe(data);
      expect(x.toArray()).toEqual(rows);
      expect(new Tensor(of('float64', Float64Array.of(1), [])).item()).toBe(1);
      expect(new Tensor(of('float32', new Float32Array(0), [0, 3])).shape).toEqual([0, 3]);
    });

    it('has rows that are read where they lie', () => {
      const data = values();
      const row = new Tensor(of('float32', data, [2, 3])[1]);
      expect(row.toArray()).toEqual([4, -5, 6]);
      expect(row.data.buffer).toBe(data.buffer);
    });

    it('goes through every kind of call', () => {
      const x = of('float32', values(), [2, 3]);
      expect(relu(x)).toBeInstanceOf(Tensor);
      expect(relu(x).toArray()).toEqual([
        [0, 2, 0],
        [4, 0, 6],
      ]);
      expect(softmax(x, { dim: 0 }).equals(softmax(new Tensor(rows), { dim: 0 }))).toBe(true);
      expect(new Tensor(rows).maskedFill(of('int64', BigInt64Array.of(0n, 1n, 0n), [3]), 9).toArray()).toEqual([
        [-1, 9, -3],
        [4, 9, 6],
      ]);
    });

    it('is filled and given back as `out`', () => {
      const out = of('float32', new Float32Array(6), [2, 3]);
      expect(relu(new Tensor(rows), { out })).toBe(out);
      expect([...out.data]).toEqual([0, 2, 0, 4, 0, 6]);
      expect(relu(out, { out })).toBe(out);
    });

    it.each<[OrtTensor.Type, OrtTensor.DataTypeMap[OrtTensor.Type], number[]]>([
      ['int64', BigInt64Array.of(3n, 4n), [3, 4]],
      ['int32', Int32Array.of(3, 4), [3, 4]],
      ['bool', Uint8Array.of(0, 1), [0, 1]],
    ])('of %s is refused with the conversion that goes in', (type, data, expected) => {
      const x = of(type, data, [2]);
      const message = messageOf(() => relu(x));
      expect(message).toMatch(/got \w+Array of 2; pass x\.to\('float32'\)$/);
      expect(new Tensor(insteadOf(x, message) as Tensor).toArray()).toEqual(expected);
    });
  });

  describe('tfjs', () => {
    it('is refused with the call that goes in', () => {
      const x: Foreign = libraries.tfjs([...values()], [2, 3], 'float32');
      const message = messageOf(() => softmax(x));
      expect(message).toContain('got a function; pass { data: x.dataSync(), shape: x.shape }');
      expect(new Tensor(insteadOf(x, message) as Tensor).toArray()).toEqual(rows);
    });

    it('of integers is refused with one after the other', () => {
      const x: Foreign = libraries.tfjs([1, 2], [2], 'int32');
      const once = insteadOf(
        x,
        messageOf(() => relu(x)),
      ) as object;
      const twice = insteadOf(
        once,
        messageOf(() => relu(once as Tensor)),
      );
      expect(new Tensor(twice as Tensor).toArray()).toEqual([1, 2]);
    });

    it('as a buffer is refused with the members that go in', () => {
      const x = (libraries.tfjs([...values()], [2, 3], 'float32') as Foreign).bufferSync();
      const message = messageOf(() => relu(x));
      expect(message).toMatch(/; pass \{ data: x\.values, shape: x\.shape \}$/);
      expect(new Tensor(insteadOf(x, message) as Tensor).toArray()).toEqual(rows);
    });

    it('as a promise of its data is to be awaited', () => {
      const x: Foreign = libraries.tfjs([1], [1], 'float32');
      expect(messageOf(() => relu(x.data()))).toMatch(/got a Promise; await it first$/);
    });
  });

  describe('stdlib', () => {
    const of = (...args: Parameters<Libraries['stdlib']>): Foreign => libraries.stdlib(...args);

    it.each<[string, Dims, Dims, number, string, unknown]>([
      ['row-major', [2, 3], [3, 1], 0, 'row-major', rows],
      [
        'column-major',
        [3, 2],
        [1, 3],
        0,
        'column-major',
        [
          [-1, 4],
          [2, -5],
          [-3, 6],
        ],
      ],
      [
        'backwards in part',
        [2, 2],
        [-3, 2],
        3,
        'row-major',
        [
          [4, 6],
          [-1, -3],
        ],
      ],
      ['a number', [], [0], 2, 'row-major', -3],
    ])('is read where it lies, %s', (_, shape, strides, offset, order, expected) => {
      const data = Float32Array.from(rows.flat());
      const x = new Tensor(of('float32', data, shape, strides, offset, order));
      expect(x.data).toBe(data);
      expect(x.toArray()).toEqual(expected);
    });

    it('is filled through its strides as `out`', () => {
      const data = new Float64Array(6);
      const out = of('float64', data, [2, 2], [1, 2], 1, 'column-major');
      const x = new Tensor(
        [
          [1, -2],
          [3, 4],
        ],
        { dtype: 'float64' },
      );
      expect(relu(x, { out })).toBe(out);
      expect([...data]).toEqual([0, 1, 3, 0, 4, 0]);
    });

    it('is not written where it is marked READONLY', () => {
      const data = Float32Array.of(7);
      const out = of('float32', data, [1], [1], 0, 'row-major');
      out._flags.READONLY = true;
      expect(messageOf(() => relu(new Tensor([1]), { out }))).toBe('relu: out is marked READONLY');
      expect([...data]).toEqual([7]);
      expect(relu(out).toArray()).toEqual([7]);
    });

    it('of integers is refused with the conversion that goes in, strides and all', () => {
      const x = of('int32', Int32Array.of(0, 1, 2, 3), [2, 2], [1, 2], 0, 'column-major');
      const message = messageOf(() => relu(x));
      expect(message).toContain(
        'got Int32Array of 4; pass { data: Float32Array.from(x.data), shape: x.shape, strides:',
      );
      expect(new Tensor(insteadOf(x, message) as Tensor).toArray()).toEqual([
        [0, 2],
        [1, 3],
      ]);
    });
  });

  describe('Arrow', () => {
    const of = (...args: Parameters<Libraries['arrow']>): Foreign => libraries.arrow(...args);

    it('is refused with the call that goes in', () => {
      const x = of('float32', [-1, 2]);
      const message = messageOf(() => relu(x));
      expect(message).toMatch(/; pass new Tensor\(x\)$/);
      expect(relu(new Tensor(x)).toArray()).toEqual([0, 2]);
    });

    it('of one chunk shares its memory', () => {
      const x = of('float64', [-1, 0.1, 3]);
      const y = new Tensor(x);
      expect([y.dtype, y.toArray()]).toEqual(['float64', [-1, 0.1, 3]]);
      expect(y.data.buffer).toBe(x.data[0].values.buffer);
      expect(
        new Tensor(
          of(
            'rows',
            rows.map((row) => row.slice(0, 2)),
          ),
        ).toArray(),
      ).toEqual(rows.map((row) => row.slice(0, 2)));
    });

    it('of several chunks is shared by chunk, or copied', () => {
      const x = of('float32', [1, 2], [3, 4, 5]);
      const message = messageOf(() => new Tensor(x));
      expect(message).toContain('one piece of memory, and the Arrow vector has 2; pass x.data[0]');
      expect(x.data.map((chunk: object) => new Tensor(chunk as never).toArray())).toEqual([
        [1, 2],
        [3, 4, 5],
      ]);
      expect(Tensor.from(x).toArray()).toEqual([1, 2, 3, 4, 5]);
      expect(
        Tensor.from(
          of(
            'rows',
            [[1, 2]],
            [
              [3, 4],
              [5, 6],
            ],
          ),
        ).shape,
      ).toEqual([3, 2]);
    });

    it('of integers is copied', () => {
      expect(messageOf(() => new Tensor(of('int32', [1, 2])))).toMatch(/; pass Tensor\.from\(x\)$/);
      expect(Tensor.from(of('int32', [1, -2], [3])).toArray()).toEqual([1, -2, 3]);
    });

    it('with nulls is refused', () => {
      for (const x of [of('float32', [1, null, 3]), of('rows', [[1, 2], null])])
        for (const read of [() => new Tensor(x), () => Tensor.from(x)])
          expect(messageOf(read)).toMatch(
            /the Arrow vector has 1 nulls, for which there is no number; fill or drop them first$/,
          );
    });
  });
}
