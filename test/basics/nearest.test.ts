// Which name a misspelling is taken for.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../../lib/basics/nearest.js';

describe('among options', () => {
  const options = ['out', 'dim', 'approximate', 'precision'];
  it.each([
    ['aproximate', 'approximate'],
    ['approximat', 'approximate'],
    ['apporximate', 'approximate'],
    ['Approximate', 'approximate'],
    ['approx', 'approximate'],
    ['precison', 'precision'],
    ['output', 'out'],
    ['otu', 'out'],
    ['dims', 'dim'],
    ['dimension', 'dim'],
    ['axis', undefined],
    ['inplace', undefined],
    ['o', undefined],
    ['', undefined],
    ['constructor', undefined],
  ])('%s is %s', (name, expected) => {
    expect(nearest(name, options)).toBe(expected);
  });
});

describe('among functions', () => {
  const functions = ['relu', 'sigmoid', 'tanh', 'gelu', 'softmax'];
  it.each([
    ['sigmiod', 'sigmoid'],
    ['soft-max', 'softmax'],
    ['softmx', 'softmax'],
    ['relu6', 'relu'],
    ['tnah', 'tanh'],
    ['GELU', 'gelu'],
    ['compare', undefined],
    ['re', undefined],
  ])('%s is %s', (name, expected) => {
    expect(nearest(name, functions)).toBe(expected);
  });
});

it('is taken for the same whatever the order of the names', () => {
  const names = ['geglu', 'gelu', 'celu', 'elu', 'relu', 'selu', 'compare'];
  for (const [name, expected] of [
    ['gellu', 'gelu'],
    ['GELLU', 'gelu'],
    ['ellu', 'elu'],
    ['relluu', 'relu'],
    ['xelu', 'celu'],
  ])
    for (const order of [names, names.toReversed(), names.toSorted()]) expect(nearest(name!, order)).toBe(expected);
});

it('rather goes on than has slips', () => {
  expect(nearest('softmaxGrad', ['softmax:ROW', 'softmaxGrad:ROW'])).toBe('softmaxGrad:ROW');
});

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 4, maxLength: 12 });

it('a name is nearest to itself, and near to what one slip makes of it', () => {
  fc.assert(
    fc.property(word, fc.array(word), fc.nat(), (name, others, at) => {
      expect(nearest(name, [...others, name])).toBe(name);
      const i = at % name.length;
      const [left, right] = [name.slice(0, i), name.slice(i)];
      expect(nearest(`${left}x${right}`, [name])).toBe(name);
      expect(nearest(`${left}${right.slice(1)}`, [name])).toBe(name);
      expect(nearest(`${left}x${right.slice(1)}`, [name])).toBe(name);
      expect(nearest(`${left}${right[1] ?? ''}${right[0]}${right.slice(2)}`, [name])).toBe(name);
    }),
  );
});

it('gives up on none of a million letters', () => {
  expect(nearest('a'.repeat(1e6), ['softmax'])).toBeUndefined();
});
