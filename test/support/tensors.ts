// What the tests of the Tensor share: random shapes, and every index of a shape, spelled out without strides.
import fc from 'fast-check';
import { Tensor, type TensorSource } from '../../lib/tensor/tensor.js';

/** Shapes of up to four dimensions of up to four, those without elements among them. */
export const shapes: fc.Arbitrary<number[]> = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });

/** All indices of a shape in row-major order; `[[]]` for the shape []. */
export function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (heads, length) => heads.flatMap((head) => Array.from({ length }, (_, i) => [...head, i])),
    [[]],
  );
}

/** 0, 1, 2, ... in a typed array of as many elements as the shape has. */
export function counting(shape: readonly number[]): Float32Array {
  return Float32Array.from(indices(shape), (_, k) => k);
}

/** What making a tensor throws; undefined where it throws nothing. */
export function error(source: unknown, options?: object): unknown {
  try {
    new Tensor(source as TensorSource, options);
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

/** A tensor counting from 0, with its dimensions in an order that the stream chooses. */
export function shuffled(shape: readonly number[], random: fc.Stream<number>): Tensor {
  const keys = [...random.take(shape.length)];
  const order = [...shape.keys()].sort((a, b) => keys[a]! - keys[b]!);
  return new Tensor(counting(shape), { shape }).permute(order);
}
