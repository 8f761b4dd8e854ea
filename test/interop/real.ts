// The cases of interop.test.ts with the libraries themselves, and their doubles held against them (`npm run interop`).
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { brand } from '../../lib/basics/errors.js';
import { type ArrowKind, cases, type Libraries } from './cases.js';
import { doubles } from './doubles.js';

// What is used of them. They are installed in this folder only when this is run, so their own types may not be there.
interface Made<Arguments extends unknown[]> {
  new (...args: Arguments): object;
}
const require = createRequire(import.meta.url);
const transformers: { Tensor: Made<Parameters<Libraries['transformers']>> } = require('@huggingface/transformers');
const stdlib: Made<Parameters<Libraries['stdlib']>> = require('@stdlib/ndarray-base-ctor');
const tfjs: { tensor(...args: Parameters<Libraries['tfjs']>): object } = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
interface Vector {
  concat(other: Vector): Vector;
}
const arrow: Readonly<Record<'Float32' | 'Float64' | 'Int32' | 'Field' | 'FixedSizeList', Made<never[]>>> & {
  vectorFromArray(values: readonly unknown[], type: object): Vector;
} = require('apache-arrow');
const arrowTypes: Readonly<Record<ArrowKind, () => object>> = {
  float32: () => new arrow.Float32(),
  float64: () => new arrow.Float64(),
  int32: () => new arrow.Int32(),
  rows: () => new arrow.FixedSizeList(...([2, new arrow.Field(...(['x', new arrow.Float32()] as never[]))] as never[])),
};

const real: Libraries = {
  transformers: (type, data, dims) => new transformers.Tensor(type, data, [...dims]),
  tfjs: (values, shape, dtype) => tfjs.tensor([...values], [...shape], dtype),
  stdlib: (dtype, data, shape, strides, offset, order) =>
    new stdlib(dtype, data, [...shape], [...strides], offset, order),
  arrow: (kind, ...chunks) =>
    chunks.map((chunk) => arrow.vectorFromArray(chunk, arrowTypes[kind]())).reduce((all, next) => all.concat(next)),
};

cases(real);

describe('a double', () => {
  const members: readonly PropertyKey[] = [
    ...[
      'data',
      'dims',
      'shape',
      'strides',
      'stride',
      'offset',
      'order',
      'fortranOrder',
      'location',
      'flags',
      'readonly',
    ],
    ...[
      'nullCount',
      'dtype',
      'type',
      'dataSync',
      'bufferSync',
      'to',
      'toArray',
      'values',
      'selection',
      'then',
      'ort_tensor',
      brand,
    ],
  ];

  it.each<[keyof Libraries, (libraries: Libraries) => object]>([
    ['transformers', (of) => of.transformers('float32', Float32Array.of(1, 2), [1, 2])],
    ['tfjs', (of) => of.tfjs([1, 2], [1, 2], 'float32')],
    ['stdlib', (of) => of.stdlib('float32', Float32Array.of(1, 2), [1, 2], [2, 1], 0, 'row-major')],
    ['arrow', (of) => of.arrow('float32', [1, 2])],
  ])('of %s has the members of the real one', (_, make) => {
    const [theirs, ours] = [real, doubles].map((libraries) => {
      const x = make(libraries) as Readonly<Record<PropertyKey, unknown>>;
      return members.map((name) => [name, name in x, typeof x[name], Array.isArray(x[name])]);
    });
    expect(ours).toEqual(theirs);
  });
});
