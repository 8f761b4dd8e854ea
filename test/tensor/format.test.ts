// What a tensor prints. The exact texts are the specification; the properties say what every text must satisfy.
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DType } from '../../lib/basics/floats.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { counting, shapes } from '../support/tensors.js';

const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;

describe('the notation', () => {
  it.each([
    [[[0, 0, 1, 2]], '[[0, 0, 1, 2]]'],
    [[0.09003057, 0.24472848, 0.66524094], '[0.0900, 0.2447, 0.6652]'],
    [[-1, 2.5], '[-1.0000, 2.5000]'],
    [[1, 5000], '[1, 5000]'],
    [[1, -9999999], '[1, -9999999]'],
    [3, '3'],
    [3.25, '3.2500'],
    [-0, '-0'],
    [[-0, 0.5], '[-0.0000, 0.5000]'],
    [[1, nan, -infinity, infinity], '[1, NaN, -Infinity, Infinity]'],
    [[0.5, nan, infinity], '[0.5000, NaN, Infinity]'],
    [[nan], '[NaN]'],
    [[0, 0], '[0, 0]'],
    [[], '[]'],
    [[[], []], '[]'],
    // Powers of ten: from 1e8, below 1e-4, or more than 1000 times apart.
    [[1e8], '[1.0000e+8]'],
    [[0.5, 0.00005], '[5.0000e-1, 5.0000e-5]'],
    [[0.00005, 0], '[5.0000e-5, 0.0000e+0]'],
    [[0.5, 500], '[0.5000, 500.0000]'],
    [[0.5, 501], '[5.0000e-1, 5.0100e+2]'],
    [[0.5, 501, -0, nan], '[5.0000e-1, 5.0100e+2, -0.0000e+0, NaN]'],
  ])('%j prints %s', (source, text) => {
    expect(String(new Tensor(source))).toBe(text);
    expect(`${new Tensor(source, { dtype: 'float64' })}`).toBe(text);
  });

  it('can be read back within its digits', () => {
    const values = fc.array(fc.double({ min: -1e300, max: 1e300, noNaN: true }), { minLength: 1 });
    const near = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(fc.oneof(values, near), (numbers) => {
        const read: number[] = JSON.parse(String(new Tensor(numbers, { dtype: 'float64' })));
        expect(read.length).toBe(numbers.length);
        for (const [k, number] of numbers.entries())
          expect(Math.abs(read[k]! - number)).toBeLessThanOrEqual(Math.max(0.5001e-4, 0.5001e-4 * Math.abs(number)));
      }),
    );
  });
});

describe('rows', () => {
  it('stand in columns of one width', () => {
    const text = `
[[  1, -20],
 [ 30,   4]]`;
    expect(
      String(
        new Tensor([
          [1, -20],
          [30, 4],
        ]),
      ),
    ).toBe(text.trim());
  });

  it('of several matrices are a blank line apart', () => {
    const text = `
[[[1, 2],
  [3, 4]],

 [[5, 6],
  [7, 8]]]`;
    expect(
      String(
        new Tensor([
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, 6],
            [7, 8],
          ],
        ]),
      ),
    ).toBe(text.trim());
  });

  it('wrap at 80 characters', () => {
    const text = `
[0.5000, 1.0000, 1.5000, 2.0000, 2.5000, 3.0000, 3.5000, 4.0000, 4.5000, 5.0000,
 5.5000, 6.0000]`;
    expect(String(new Tensor(Array.from({ length: 12 }, (_, k) => (k + 1) / 2)))).toBe(text.trim());
    const row = [...Array(10).fill(100), ...Array(10).fill(1)];
    const line = `[${row.join(', ')}]`;
    expect(line.length).toBe(80);
    expect(String(new Tensor(row))).toBe(line);
    expect(String(new Tensor([...row, 1]))).toContain('\n');
  });

  it('stay within 80 characters whatever their length, width and depth', () => {
    fc.assert(
      fc.property(fc.nat(80), fc.nat(99999), fc.nat(5), (length, greatest, depth) => {
        const row = Array.from({ length: 2 * length }, (_, k) => k % (greatest + 1));
        const text = String(new Tensor(row, { shape: [2, ...Array(depth).fill(1), length] }));
        for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      }),
    );
  });

  it('leave out the middle of a large tensor', () => {
    expect(String(new Tensor(counting([1001])))).toBe('[0, 1, 2, ..., 998, 999, 1000]');
    expect(String(new Tensor(counting([1000])))).not.toContain('...');
    expect(String(new Tensor([...counting([1000]), 0.5]))).toBe(
      '[0.0000e+0, 1.0000e+0, 2.0000e+0, ..., 9.9800e+2, 9.9900e+2, 5.0000e-1]',
    );
    const wide = `
[[   0,    1,    2, ...,  398,  399,  400],
 [ 401,  402,  403, ...,  799,  800,  801],
 [ 802,  803,  804, ..., 1200, 1201, 1202]]`;
    expect(String(new Tensor(counting([3, 401]), { shape: [3, 401] }))).toBe(wide.trim());
    const tall = `
[[   0,    1],
 [   2,    3],
 [   4,    5],
 ...,
 [1994, 1995],
 [1996, 1997],
 [1998, 1999]]`;
    expect(String(new Tensor(counting([1000, 2]), { shape: [1000, 2] }))).toBe(tall.trim());
  });

  it('leave out of seven entries the middle one, and of six none', () => {
    const row = '[0, 0, 0, ..., 0, 0, 0]';
    const three = [row, row, row];
    expect(String(Tensor.zeros([6, 200]))).toBe(`[${[...three, ...three].join(',\n ')}]`);
    expect(String(Tensor.zeros([7, 200]))).toBe(`[${[...three, '...', ...three].join(',\n ')}]`);
  });

  it('show the less of each dimension, the more there are', () => {
    const repeated = (shape: number[]) =>
      String(new Tensor({ data: Float32Array.of(1), shape, strides: shape.map(() => 0) }));
    const countIn = (text: string) => text.match(/1/g)?.length ?? 0;
    expect(countIn(repeated(Array(6).fill(9)))).toBe(6 ** 6);
    expect(countIn(repeated(Array(7).fill(9)))).toBe(4 ** 7);
    expect(countIn(repeated(Array(16).fill(9)))).toBe(2 ** 16);
    expect(repeated(Array(17).fill(9))).toBe('[...]');
    expect(repeated(Array(64).fill(2))).toBe('[...]');
    expect(countIn(repeated([...Array(61).fill(1), 100, 100, 100]))).toBe(6 ** 3);
  });

  it('follow strides', () => {
    expect(
      String(
        new Tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]).T,
      ),
    ).toBe('[[1, 4],\n [2, 5],\n [3, 6]]');
  });

  it('hold the elements in nested brackets, 80 characters wide at most', () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: -2, max: 2, noNaN: true }), (shape, scale) => {
        const x = new Tensor(
          counting(shape).map((k) => Math.round(k * scale)),
          { shape },
        );
        const text = String(x);
        if (x.size > 0) expect(x.equals(JSON.parse(text.replaceAll('-0', '0')))).toBe(true);
        for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      }),
    );
  });
});

describe('inspect', () => {
  it('says dtype and shape first', () => {
    expect(inspect(new Tensor([[0, 0, 1, 2]]))).toBe('Tensor(float32, [1, 4]) [[0, 0, 1, 2]]');
    expect(inspect(new Tensor(0.5, { dtype: 'float64' }))).toBe('Tensor(float64, []) 0.5000');
    expect(inspect(new Tensor(new Float32Array(0), { shape: [3, 0] }))).toBe('Tensor(float32, [3, 0]) []');
  });

  it('starts rows on a line of their own, and what would be too long for one', () => {
    expect(inspect(new Tensor([[1], [2]]))).toBe('Tensor(float32, [2, 1])\n[[1],\n [2]]');
    const long = inspect(new Tensor(counting([24])));
    const most = new Tensor([...Array(18).fill(1), 10]);
    expect(inspect(most)).toBe(`Tensor(float32, [19]) ${most}`);
    expect(inspect(most)).toHaveLength(80);
    const more = new Tensor([...Array(17).fill(1), 10, 10]);
    expect(inspect(more)).toBe(`Tensor(float32, [19])\n${more}`);
    expect(long).toMatch(/^Tensor\(float32, \[24\]\)\n\[0, 1, .*, 23\]$|^Tensor\(float32, \[24\]\)\n\[ 0, {2}1/);
  });

  it('indents within objects and shortens where they are too deep', () => {
    const x = new Tensor([[1], [2]]);
    expect(inspect({ weights: x })).toBe('{\n  weights: Tensor(float32, [2, 1])\n  [[1],\n   [2]]\n}');
    expect(inspect({ a: { b: { c: x } } }, { depth: 2, breakLength: 200 })).toContain('[Tensor(float32, [2, 1])]');
  });

  it('throws nothing where the memory has gone', () => {
    const gone = (x: Tensor<DType>) => {
      structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] });
      return inspect(x);
    };
    expect(gone(new Tensor([1, 2]))).toBe('Tensor(float32, [2]) detached');
    expect(gone(new Tensor([1, 2], { dtype: 'bfloat16' }))).toBe('Tensor(bfloat16, [2]) detached');
    expect(gone(new Tensor([]))).toBe('Tensor(float32, [0]) detached');
    const memory: ArrayBuffer & { resize?(bytes: number): void } = Reflect.construct(ArrayBuffer, [
      8,
      { maxByteLength: 8 },
    ]);
    const x = new Tensor(new Float32Array(memory));
    memory.resize?.(4);
    expect(inspect(x)).toBe('Tensor(float32, [2]) beyond its buffer');
  });
});
