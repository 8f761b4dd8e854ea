// A Tensor as JSON, and as others see it.
import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relu } from '../../lib/index.js';
import { contiguousData } from '../../lib/tensor/copies.js';
import { Tensor } from '../../lib/tensor/tensor.js';
import { indices, shapes } from '../support/tensors.js';

const matrix = () => new Tensor(Float32Array.of(0, 1, 2, 3, 4, 5), { shape: [2, 3] });

describe('JSON', () => {
  it('is dtype, shape and the elements in row-major order', () => {
    expect(JSON.stringify(new Tensor([[1, 2]]))).toBe('{"dtype":"float32","shape":[1,2],"data":[1,2]}');
    expect(JSON.stringify({ x: matrix().T })).toBe('{"x":{"dtype":"float32","shape":[3,2],"data":[0,3,1,4,2,5]}}');
    expect(new Tensor(5, { dtype: 'float64' }).toJSON()).toEqual({ dtype: 'float64', shape: [], data: [5] });
  });

  it('has strings where it has no numbers', () => {
    const x = new Tensor([Number.NaN, Infinity, -Infinity, -0, 0]);
    expect(x.toJSON().data).toEqual(['NaN', 'Infinity', '-Infinity', '-0', 0]);
    expect([...Tensor.fromJSON(JSON.parse(JSON.stringify(x))).data]).toEqual([...x.data]);
  });

  it('comes back the same: dtype, shape and every element', () => {
    const numbers = fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Infinity, -Infinity, 5e-324, 2 ** -149));
    const tensors = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        dtype: fc.constantFrom('float32' as const, 'float64' as const),
        values: fc.array(numbers, { minLength: indices(shape).length, maxLength: indices(shape).length }),
        turned: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(tensors, ({ shape, dtype, values, turned }) => {
        const whole = new Tensor(values, { shape, dtype });
        const x = turned ? whole.T : whole;
        const back = Tensor.fromJSON(JSON.parse(JSON.stringify(x)));
        expect([back.dtype, back.shape]).toEqual([x.dtype, x.shape]);
        expect([...back.data]).toEqual([...contiguousData(x)]);
      }),
    );
  });

  const dtypes = "fromJSON: dtype must be 'float32', 'float64', 'float16' or 'bfloat16'";
  it.each<[unknown, Error]>([
    [undefined, new TypeError('fromJSON: what JSON.parse gives must be an object, got undefined')],
    ['{}', new TypeError('fromJSON: what JSON.parse gives must be an object, got "{}"')],
    [{}, new TypeError(`${dtypes}, got undefined`)],
    [{ dtype: 'int32', shape: [1], data: [1] }, new TypeError(`${dtypes}, got "int32"`)],
    [{ dtype: 'float32', data: [1] }, new TypeError('fromJSON: shape must be an array of sizes, got undefined')],
    [{ dtype: 'float32', shape: [1] }, new TypeError('fromJSON: data must be a list of numbers, got undefined')],
    [
      { dtype: 'float32', shape: [3], data: [1, 2] },
      new RangeError('fromJSON: shape [3] has 3 elements, but there are 2'),
    ],
    [
      { dtype: 'float32', shape: [2], data: [1, null] },
      new TypeError(
        'fromJSON: element 1 of data must be a number or one of "NaN", "Infinity", "-Infinity", "-0", got null',
      ),
    ],
    [
      { dtype: 'float32', shape: [1], data: ['1'] },
      new TypeError(
        'fromJSON: element 0 of data must be a number or one of "NaN", "Infinity", "-Infinity", "-0", got "1"',
      ),
    ],
  ])('%j is refused', (json, expected) => {
    expect(() => Tensor.fromJSON(json as never)).toThrow(expected);
  });
});

describe('where a tensor is wanted, JSON', () => {
  it.each(['float32', 'float64', 'float16', 'bfloat16'] as const)('of %s is refused with the way in', (dtype) => {
    for (const first of [1, Number.NaN]) {
      const json = JSON.parse(JSON.stringify(new Tensor([first, 2], { dtype })));
      const got = 'data must be a Float32Array or a Float64Array, got an Array of 2; pass Tensor.fromJSON';
      expect(() => new Tensor(json)).toThrow(`Tensor: ${got}(x)`);
      expect(() => relu(json)).toThrow(`relu: x: ${got}(x)`);
    }
    expect(() => new Tensor({ dtype, shape: [1], data: [null] })).toThrow('pass Tensor.fromJSON(x)');
  });
});

describe('what others see of a tensor', () => {
  const members = ['data', 'shape', 'strides', 'offset', 'size'];

  it('is what it promises, and nothing private', () => {
    const x = matrix().T;
    expect(Object.keys(x)).toEqual(members);
    expect(Object.keys({ ...x })).toEqual(members);
    expect(isDeepStrictEqual(matrix(), matrix())).toBe(true);
    expect(isDeepStrictEqual(matrix(), matrix().add(1))).toBe(false);
    expect(inspect(x)).toBe('Tensor(float32, [3, 2])\n[[0, 3],\n [1, 4],\n [2, 5]]');
  });

  it('is there behind a Proxy too, as Vue puts one before what it watches', () => {
    const x = new Proxy(matrix().T, {});
    expect(x.isContiguous()).toBe(false);
    expect(x.contiguous().toArray()).toEqual(matrix().T.toArray());
    expect([...x].length).toBe(3);
    expect(relu(x).toArray(2)).toEqual(matrix().T.toArray());
  });

  it('goes through structuredClone as the parts that make it again', () => {
    const x = matrix().T;
    const parts = structuredClone(x);
    expect(Object.keys(parts)).toEqual(members);
    const back = new Tensor(parts);
    expect(back.strides).toEqual([1, 3]);
    expect(back.equals(x)).toBe(true);
    expect(back.data).not.toBe(x.data);
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const half = x.to(dtype).T;
      const again = new Tensor(structuredClone(half));
      expect([again.dtype, again.toArray()]).toEqual([dtype, half.toArray()]);
    }
  });
});
