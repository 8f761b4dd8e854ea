// Tensors of 16-bit numbers: their arithmetic, and `to` between all dtypes.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type HalfDType, Tensor } from '../../lib/index.js';

const dtypes = ['float16', 'bfloat16'] as const;

describe('arithmetic', () => {
  it('of one dtype rounds once, and of two is float32 or float64', () => {
    const a = new Tensor([1, 3], { dtype: 'float16' });
    const b = new Tensor([2 ** -11, 7], { dtype: 'bfloat16' });
    expectTypeOf(a.add(b)).toEqualTypeOf<Tensor<'float32'>>();
    expectTypeOf(a.add(a)).toEqualTypeOf<Tensor<'float16'>>();
    expect([a.add(b).dtype, a.add(b).toArray()]).toEqual(['float32', [1 + 2 ** -11, 10]]);
    expect([a.add(2 ** -11).dtype, a.add(2 ** -11).toArray()]).toEqual(['float16', [1, 3]]);
    expect(a.div(b).dtype).toBe('float32');
    expect(a.mul(new Tensor([1, 1], { dtype: 'float64' })).dtype).toBe('float64');
    expect(a.maskedFill([true, false], -Infinity).toArray()).toEqual([-Infinity, 3]);
    expect([a.equals([1, 3]), a.allClose([1, 3.001], { rtol: 1e-3 }), `${a}`]).toEqual([true, true, '[1, 3]']);
    expect(Tensor.fromJSON(JSON.parse(JSON.stringify(b))).equals(b)).toBe(true);
    expect([...a].map(Number)).toEqual([1, 3]);
  });
});

describe('to', () => {
  it('rounds once, to the nearest, ties to even, from every dtype to every dtype', () => {
    // Of float64: just above a middle of float16 and of bfloat16, which float32 would have rounded to.
    const x = new Tensor(
      [1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -8 + 2 ** -40, 1 + 2 ** -11, 1 + 3 * 2 ** -8, 65519, 65520],
      {
        dtype: 'float64',
      },
    );
    expect(x.to('float16').toArray()).toEqual([1 + 2 ** -10, 1 + 2 ** -8, 1, 1 + 3 * 2 ** -8, 65504, Infinity]);
    expect(x.to('bfloat16').toArray()).toEqual([1, 1 + 2 ** -7, 1, 1 + 2 ** -6, 65536, 65536]);
    expect(x.to('float32').toArray()).toEqual(x.toArray(1).map(Math.fround));
    for (const from of ['float32', 'float64', ...dtypes] as const)
      for (const to of ['float32', 'float64', ...dtypes] as const) {
        const y = new Tensor(
          [
            [1, -2],
            [0.5, NaN],
          ],
          { dtype: from },
        ).T.to(to);
        expect([y.dtype, y.shape, y.toArray()]).toEqual([
          to,
          [2, 2],
          [
            [1, 0.5],
            [-2, NaN],
          ],
        ]);
      }
  });

  it('is infinite for all that is too large', () => {
    // On both sides of the largest exponents that there are, and of those that fit 31 bits beside the digits.
    const sizes = [2 ** 127, 2 ** 128, 2 ** 200, 2 ** 897, 1e300, Number.MAX_VALUE, Infinity];
    for (const sign of [1, -1]) {
      const x = new Tensor(
        sizes.map((size) => sign * size),
        { dtype: 'float64' },
      );
      expect(x.to('float16').toArray()).toEqual(sizes.map(() => sign * Infinity));
      expect(x.to('bfloat16').toArray()).toEqual(sizes.map((size) => sign * (size === 2 ** 127 ? size : Infinity)));
    }
  });

  it('keeps subnormals and the sign of zero', () => {
    const least = { float16: 2 ** -24, bfloat16: 2 ** -133 };
    for (const dtype of dtypes as readonly HalfDType[]) {
      const x = new Tensor([least[dtype], -least[dtype] / 2, 0.75 * least[dtype], -0], { dtype: 'float64' }).to(dtype);
      expect(x.toArray()).toEqual([least[dtype], -0, least[dtype], -0]);
    }
  });

  it('is the tensor itself where it has the dtype', () => {
    const x = new Tensor([1]);
    expect(x.to('float32')).toBe(x);
  });
});
