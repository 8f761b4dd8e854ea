// What ONNX and Keras define, with their defaults, as test/vectors/elsewhere/standards.py computes it: by the options that make our
// function theirs, and by the layer that activation() makes of their name. `exact` has the very float32, the rest is within its bound.
import { describe, expect, it } from 'vitest';
import { ulpDistance } from '../../lib/arithmetic/ulp.js';
import * as nonlin from '../../lib/index.js';
import { vectorsOf } from '../support/vectors.js';
import { numbersOf } from './vectors.js';

interface Row {
  readonly operator: string;
  readonly name: string;
  readonly options: { readonly [option: string]: unknown };
  /** Whether activation() has the operator's name. */
  readonly named: boolean;
  readonly values: string;
}
interface Source {
  readonly x: string;
  readonly elementwise: readonly Row[];
  /** Of the table. */
  readonly shape: readonly number[];
  readonly table: string;
  readonly along: readonly (Row & { readonly shape: readonly number[] })[];
}

type Call = (x: nonlin.Tensor<'float32'>, options?: object) => nonlin.Tensor<'float32'> | number;
const functions = nonlin as unknown as Record<string, Call>;
const before = nonlin.info().backend;

describe.each(['onnx', 'keras'])('%s', (source) => {
  const { x, elementwise, shape, table, along } = vectorsOf<Source>(source);
  const flat = new nonlin.Tensor(numbersOf(x, 'float32') as Float32Array);
  const whole = new nonlin.Tensor(numbersOf(table, 'float32') as Float32Array, { shape: [...shape] });

  /** Ours and, where it has the name, that of the layer. */
  const callsOf = ({ operator, name, options, named }: Row): Call[] => {
    const call: Call = (x, more) => functions[name]!(x, { ...options, ...more });
    return named ? [call, nonlin.activation(operator) as unknown as Call] : [call];
  };
  function expectClose(got: ReturnType<Call>, shape: readonly number[], values: string, most: number) {
    const y = got instanceof nonlin.Tensor ? got : new nonlin.Tensor(got);
    expect(y.shape).toEqual(shape);
    const wanted = numbersOf(values, 'float32');
    y.contiguous().data.forEach((value, i) => {
      // The formulas of the standards have no -0.
      expect(
        ulpDistance(value + 0, wanted[i]! + 0, 'float32'),
        `${value} at ${i}, not ${wanted[i]}`,
      ).toBeLessThanOrEqual(most);
    });
  }

  describe.each(nonlin.backends())('%s', (backend) => {
    it.each(elementwise)('$operator is $name $options', (row) => {
      nonlin.useBackend(backend);
      for (const call of callsOf(row)) {
        expectClose(call(flat), flat.shape, row.values, Object.keys(row.options).length > 0 ? 4 : 2);
        expectClose(call(flat, { precision: 'exact' }), flat.shape, row.values, 0);
      }
      nonlin.useBackend(before);
    });

    it.each(along)('$operator is $name $options', (row) => {
      nonlin.useBackend(backend);
      for (const call of callsOf(row)) expectClose(call(whole), row.shape, row.values, 4);
      nonlin.useBackend(before);
    });
  });
});
