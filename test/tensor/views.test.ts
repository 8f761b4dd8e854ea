// Tensors in another shape or order: reshape, view, transpose, permute.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Nested, Tensor } from '../../lib/tensor/tensor.js';
import { counting, indices, shapes, shuffled } from '../support/tensors.js';

const matrix = () => new Tensor(Float32Array.of(0, 1, 2, 3, 4, 5), { shape: [2, 3] });
/** The element at an index of a nested array. */
const entry = (nested: Nested, index: readonly number[]) =>
  index.reduce<Nested>((rest, i) => (rest as readonly Nested[])[i]!, nested);

const numbers = (nested: Nested): number[] => (typeof nested === 'number' ? [nested] : nested.flatMap(numbers));

describe('reshape and view', () => {
  it('share memory where strides can say it', () => {
    const x = matrix();
    for (const y of [x.reshape(3, 2), x.reshape([3, -1]), x.view(6), x.view([1, 6, 1]), x.T.reshape(3, 1, 2)]) {
      expect(y.data).toBe(x.data);
      expect(y.numel()).toBe(6);
    }
    x.view(6).data[5] = 50;
    expect(x.reshape(3, 2).at(2, 1)).toBe(50);
  });

  it('reshape copies where it must, and view throws', () => {
    const x = matrix();
    expect(x.T.reshape(6).toArray()).toEqual([0, 3, 1, 4, 2, 5]);
    expect(x.T.reshape(6).data).not.toBe(x.data);
    expect(() => x.T.view(6)).toThrow(
      new RangeError(
        'view: a view of shape [3, 2] with strides [1, 3] as shape [6] would be a copy; reshape makes one',
      ),
    );
  });

  it('keep row-major order, also of permuted tensors', () => {
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.nat()), fc.nat({ max: 4 }), (shape, random, cut) => {
        const x = shuffled(shape, random);
        const inserted = x.shape.toSpliced(cut, 0, 1);
        expect(numbers(x.view(inserted).toArray())).toEqual(numbers(x.toArray()));
        for (const wanted of [[x.size], x.shape.toReversed(), shape])
          expect(numbers(x.reshape(wanted).toArray())).toEqual(numbers(x.toArray()));
      }),
    );
  });

  it('make a number of one element and back', () => {
    expect(new Tensor([[5]]).reshape([]).toArray()).toBe(5);
    expect(new Tensor(5).view(1, 1).toArray()).toEqual([[5]]);
  });

  it('refuse another size', () => {
    const error = (name: string) => new RangeError(`${name}: shape [4, 2] has 8 elements, but there are 6`);
    expect(() => matrix().reshape(4, 2)).toThrow(error('reshape'));
    expect(() => matrix().view(4, 2)).toThrow(error('view'));
  });
});

describe('transpose, permute and T', () => {
  it('never copy', () => {
    const x = matrix();
    const y = x.transpose(0, 1);
    expect(y).toMatchObject({ shape: [3, 2], strides: [1, 3] });
    expect(y.isContiguous()).toBe(false);
    for (const view of [y, x.T, x.permute(1, 0), x.transpose(-1, -2)]) {
      expect(view.data).toBe(x.data);
      expect(view.equals(y)).toBe(true);
    }
  });

  it('permute as indices do', () => {
    const permutations = shapes.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      ),
    );
    fc.assert(
      fc.property(permutations, ([shape, order, fromEnd]) => {
        const x = new Tensor(counting(shape), { shape });
        const dims = order.map((dim, k) => (fromEnd[k] ? dim - shape.length : dim));
        const y = x.permute(dims);
        expect(y.shape).toEqual(order.map((dim) => shape[dim]));
        const nested = x.toArray();
        for (const index of indices(y.shape)) {
          const source = shape.map((_, dim) => index[order.indexOf(dim)]!);
          expect(y.at(...index)).toBe(entry(nested, source));
        }
      }),
    );
  });

  it('transpose exchanges two, T reverses all', () => {
    const x = new Tensor(counting([2, 3, 4]), { shape: [2, 3, 4] });
    expect(x.transpose(0, 2).shape).toEqual([4, 3, 2]);
    expect(x.transpose(0, 1).at(2, 1, 3)).toBe(x.at(1, 2, 3));
    expect(x.T.at(3, 2, 1)).toBe(x.at(1, 2, 3));
    expect(new Tensor(3).transpose(0, -1).item()).toBe(3);
    expect(new Tensor(3).T.item()).toBe(3);
  });

  it('refuse what is no permutation', () => {
    const x = matrix();
    expect(() => x.permute(0, 0)).toThrow(
      new RangeError('permute: each dimension of shape [2, 3] is needed once, got [0, 0]'),
    );
    expect(() => x.permute(0)).toThrow(
      new RangeError('permute: each dimension of shape [2, 3] is needed once, got [0]'),
    );
    expect(() => x.permute(0, 2)).toThrow(new RangeError('permute: dim must be in [-2, 1] for shape [2, 3], got 2'));
    expect(() => x.transpose(0, 5)).toThrow(
      new RangeError('transpose: dim1 must be in [-2, 1] for shape [2, 3], got 5'),
    );
    expect(() => x.transpose(0.5, 1)).toThrow(new TypeError('transpose: dim0 must be an integer, got 0.5'));
  });
});
