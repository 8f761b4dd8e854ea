// Distances in representable numbers: every comparison in the tests and in the command line rests on them.
import { expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';

const largest = { float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };
const least = { float32: 2 ** -149, float64: 2 ** -1074 };
const epsilon = { float32: 2 ** -23, float64: 2 ** -52 };

for (const dtype of ['float32', 'float64'] as const) {
  it.each([
    ['a number from itself', 1.5, 1.5, 0],
    ['neighbours', 1, 1 + epsilon[dtype], 1],
    ['across a power of two', 1 - epsilon[dtype] / 2, 1 + epsilon[dtype], 2],
    ['negative neighbours', -1, -1 - epsilon[dtype], 1],
    ['the zeros', -0, 0, 1],
    ['zero and the least subnormal', 0, least[dtype], 1],
    ['the least subnormals', -least[dtype], least[dtype], 3],
    ['the largest number and infinity', largest[dtype], Infinity, 1],
    ['infinity from itself', -Infinity, -Infinity, 0],
    ['NaN from itself', Number.NaN, Number.NaN, 0],
    ['NaN from a number', Number.NaN, 1, Infinity],
    ['infinity from NaN', -Infinity, Number.NaN, Infinity],
  ])(`${dtype}: %s`, (_, a, b, distance) => {
    expect(ulpDistance(a, b, dtype)).toBe(distance);
    expect(ulpDistance(b, a, dtype)).toBe(distance);
  });
}

it('counts every number between the infinities', () => {
  expect(ulpDistance(-Infinity, Infinity, 'float32')).toBe(2 * 0x7f800000 + 1);
  expect(ulpDistance(0, Infinity, 'float64')).toBe(0x7ff * 2 ** 52);
});
