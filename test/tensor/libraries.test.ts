// Tensors of other libraries: real ones where they can be installed, and structures as these have them.
import { createRequire } from 'node:module';
import fc from 'fast-check';
import * as ort from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { relu } from '../../lib/index.js';
import { isTensorLike } from '../../lib/tensor/foreign/layout.js';
import { Tensor, type TensorLike, type TensorSource } from '../../lib/tensor/tensor.js';
import { counting, error, indices } from '../support/tensors.js';

/** What is used here of ndarray, which has no types. */
interface NdArray {
  readonly data: Float32Array;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
  get(...index: number[]): number;
  set(...indexAndValue: number[]): number;
  step(...steps: number[]): NdArray;
  lo(...first: number[]): NdArray;
  hi(...sizes: number[]): NdArray;
  pick(...index: (number | null)[]): NdArray;
  transpose(...dims: number[]): NdArray;
}
const ndarray: (data: unknown, shape?: readonly number[]) => NdArray = createRequire(import.meta.url)('ndarray');

describe('onnxruntime tensors', () => {
  it('share their data', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const theirs = new ort.Tensor('float32', data, [2, 3]);
    const ours = new Tensor(theirs);
    expect(isTensorLike(theirs)).toBe(true);
    expect(ours.data).toBe(data);
    expect(ours.shape).toEqual([2, 3]);
    expect(new Tensor(new ort.Tensor('float64', [1, 2], [2, 1])).dtype).toBe('float64');
    expect(new Tensor(new ort.Tensor('float32', [5], [])).item()).toBe(5);
  });

  it('of integers are refused, but serve as masks', () => {
    const mask = new ort.Tensor('bool', [true, false], [2]);
    expect(error(mask)).toEqual(
      new TypeError(
        'Tensor: data must be a Float32Array or a Float64Array, got Uint8Array of 2; pass { data: Float32Array.from(x.data), dims: x.dims }',
      ),
    );
    expect(new Tensor([1, 2]).maskedFill(mask, 0).toArray()).toEqual([0, 2]);
    const ints = new ort.Tensor('int64', BigInt64Array.of(0n, 1n), [1, 2]);
    expect(new Tensor([[1, 2]]).maskedFill(ints, 0).toArray()).toEqual([[1, 0]]);
  });

  it('on another device are refused', () => {
    const theirs = ort.Tensor.fromGpuBuffer({} as never, { dataType: 'float32', dims: [2] });
    expect(error(theirs)).toEqual(
      new TypeError(
        `Tensor: a tensor must be in memory, at location 'cpu', got "gpu-buffer"; pass { data: await x.getData(), dims: x.dims }`,
      ),
    );
  });

  it('in pinned memory of the CPU are shared', () => {
    const data = Float32Array.of(1, 2);
    const theirs = new ort.Tensor({ location: 'cpu-pinned', data, type: 'float32', dims: [2] } as never);
    expect(theirs.location).toBe('cpu-pinned');
    expect(new Tensor(theirs).data).toBe(data);
  });

  it('of bits of float16 keep them', () => {
    const data = Uint16Array.of(0x3c00);
    const theirs = { type: 'float16', data, dims: [1] };
    const x = new Tensor(theirs);
    expect([x.dtype, x.item()]).toEqual(['float16', 1]);
    expect(x.data).toBe(data);
  });

  it('of strings are refused', () => {
    const wanted = 'Tensor: data must be a Float32Array or a Float64Array, got';
    expect(error(new ort.Tensor('string', ['a'], [1]))).toEqual(new TypeError(`${wanted} an Array of 1`));
  });

  it('after dispose are refused', () => {
    const theirs = new ort.Tensor('float32', [1], [1]);
    theirs.dispose();
    expect(error(theirs)).toEqual(
      new TypeError(`Tensor: a tensor must be in memory, at location 'cpu', got "none"; it was disposed`),
    );
  });
});

describe('ndarray', () => {
  const values = () => ndarray(counting([4, 6]), [4, 6]);
  const sameAs = (theirs: NdArray) => {
    const ours = new Tensor(theirs);
    expect(ours.data).toBe(theirs.data);
    expect(ours.shape).toEqual(theirs.shape);
    for (const index of indices(theirs.shape)) expect(ours.at(...index)).toBe(theirs.get(...index));
  };

  it.each<[string, (x: NdArray) => NdArray]>([
    ['whole', (x) => x],
    ['a part', (x) => x.lo(1, 2).hi(2, 3)],
    ['every second', (x) => x.step(2, 3)],
    ['backwards', (x) => x.step(-1, 1)],
    ['backwards both ways', (x) => x.step(-1, -2)],
    ['transposed', (x) => x.transpose(1, 0)],
    ['a row', (x) => x.pick(2, null)],
    ['a column', (x) => x.pick(null, 1)],
    ['of it all', (x) => x.lo(1, 1).step(-1, 2).transpose(1, 0)],
  ])('%s', (_, part) => sameAs(part(values())));

  it('in random parts', () => {
    const steps = fc.constantFrom(-3, -2, -1, 1, 2, 3);
    fc.assert(
      fc.property(fc.nat(3), fc.nat(5), fc.nat(4), fc.nat(6), steps, steps, fc.boolean(), (i, j, m, n, s, t, swap) => {
        const part = values()
          .lo(i, j)
          .hi(Math.min(m, 4 - i), Math.min(n, 6 - j))
          .step(s, t);
        sameAs(swap ? part.transpose(1, 0) : part);
      }),
    );
  });

  it('writes are seen on both sides', () => {
    const theirs = values().step(-1, 1);
    const ours = new Tensor(theirs);
    theirs.set(0, 0, 99);
    expect(ours.at(0, 0)).toBe(99);
    ours.data[ours.offset] = -1;
    expect(theirs.get(0, 0)).toBe(-1);
  });

  it('of a plain array is refused', () => {
    expect(error(ndarray([1, 2, 3]))).toEqual(
      new TypeError(
        'Tensor: data must be a Float32Array or a Float64Array, got an Array of 3; pass { data: Float32Array.from(x.data), shape: x.shape, stride: x.stride, offset: x.offset }',
      ),
    );
  });
});

describe('other structures', () => {
  const data = Float32Array.of(0, 1, 2, 3, 4, 5);

  it.each([
    [
      'dims',
      { data, dims: [2, 3] },
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    [
      'shape',
      { data, shape: [2, 3] },
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    [
      'an offset',
      { data, shape: [2, 2], offset: 1 },
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'column-major order',
      { data, shape: [2, 3], order: 'column-major' },
      [
        [0, 2, 4],
        [1, 3, 5],
      ],
    ],
    [
      'row-major order',
      { data, shape: [2, 3], order: 'row-major' },
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    [
      'strides besides an order',
      { data, shape: [2, 2], strides: [1, 2], offset: 1, order: 'column-major' },
      [
        [1, 3],
        [2, 4],
      ],
    ],
    [
      'Fortran order, as npyjs says it',
      { data, shape: [2, 3], fortranOrder: true },
      [
        [0, 2, 4],
        [1, 3, 5],
      ],
    ],
    [
      'a stretched dimension',
      { data, shape: [2, 2], strides: [0, 1], offset: 4 },
      [
        [4, 5],
        [4, 5],
      ],
    ],
    ['the one stride that stdlib gives a 0-d array', { data, shape: [], strides: [0], offset: 3 }, 3],
    ['nothing', { data, shape: [0, 3], strides: [3, 1] }, []],
  ])('with %s', (_, source, expected) => {
    const x = new Tensor(source);
    expect(x.data).toBe(data);
    expect(x.toArray()).toEqual(expected);
  });

  it.each([
    ['sizes in an Int32Array', { data, dims: Int32Array.of(2, 3) }],
    ['sizes in 64 bits', { data, dims: BigInt64Array.of(2n, 3n) }],
    ['strides in an Int32Array', { data, shape: [2, 3], strides: Int32Array.of(3, 1) }],
    ['a method for strides', { data, shape: [2, 3], strides: () => [3, 1] }],
    ['a method for its stride, which looks at its own', { data, shape: [2, 3], steps: [3, 1], stride: strideOf }],
    ['null for strides', { data, shape: [2, 3], strides: null }],
  ])('with %s', (_, source) => {
    const x = new Tensor(source as TensorSource);
    expect(x.data).toBe(data);
    expect([x.shape, x.strides]).toEqual([
      [2, 3],
      [3, 1],
    ]);
  });

  it('whose method gives other strides are read with those', () => {
    const x = new Tensor({ data, shape: [2, 3], strides: () => [1, 2] });
    expect(x.toArray()).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
    expect(error({ data, shape: [2, 3], strides: async () => [3, 1] })).toEqual(
      new TypeError('Tensor: strides must be an array of integers, got a Promise'),
    );
  });

  it('are read once, each member: what was checked is what is used', () => {
    const members = { data, shape: [2, 2], strides: [1, 2], offset: 1, location: 'cpu', order: 'row-major' };
    const reads = new Map<PropertyKey, number>();
    const once = new Proxy(members, {
      get(target, key) {
        const times = (reads.get(key) ?? 0) + 1;
        reads.set(key, times);
        // A second look would find memory, sizes and strides that nobody checked.
        return times === 1 ? Reflect.get(target, key) : 2 ** 40;
      },
    });
    const x = new Tensor(once);
    expect(x.data).toBe(data);
    expect(x.toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect([...reads.values()].every((times) => times === 1)).toBe(true);
  });

  it.each<[object, Error]>([
    [{ data, dims: [2, 2] }, new RangeError('Tensor: shape [2, 2] has 4 elements, but there are 6')],
    [{ data, shape: [7] }, new RangeError('Tensor: shape [7] has 7 elements, but there are 6')],
    [
      { data, shape: [2, 3], strides: [4, 1] },
      new RangeError('Tensor: shape [2, 3], strides [4, 1], offset 0 reach elements 0 to 6, but data has 6'),
    ],
    [
      { data, shape: [3], stride: [-1], offset: 1 },
      new RangeError('Tensor: shape [3], strides [-1], offset 1 reach elements -1 to 1, but data has 6'),
    ],
    [
      { data, shape: [2], offset: 5 },
      new RangeError('Tensor: shape [2], strides [1], offset 5 reach elements 5 to 6, but data has 6'),
    ],
    [{ data, shape: [2, 3], strides: [1] }, new RangeError('Tensor: strides [1] and shape [2, 3] differ in length')],
    [{ data, shape: [-1] }, new RangeError('Tensor: shape must hold sizes from 0 to 2^53 - 1, got [-1]')],
    [{ data, shape: [6], strides: [0.5] }, new TypeError('Tensor: strides must hold integers, got 0.5')],
    [{ data, shape: [6], strides: 1 }, new TypeError('Tensor: strides must be an array of integers, got 1')],
    [{ data, shape: [6], offset: '0' }, new TypeError('Tensor: offset must be an integer, got "0"')],
    [{ data, shape: 6 }, new TypeError('Tensor: shape must be an array of sizes, got 6')],
    [{ data, dims: undefined }, new TypeError('Tensor: shape must be an array of sizes, got undefined')],
    [
      { data: () => data, shape: [6], dtype: 'float32' },
      new TypeError(
        'Tensor: data must be a Float32Array or a Float64Array, got a function; pass { data, shape } with what it returns',
      ),
    ],
  ])('%o is refused', (source, expected) => {
    expect(error(source)).toEqual(expected);
  });

  it.each<[object, Error]>([
    [{ data, dims: [2, 3], shape: [3, 2] }, new RangeError('dims [2, 3] and shape [3, 2] differ')],
    [{ data, dims: [6], shape: [6, 1] }, new RangeError('dims [6] and shape [6, 1] differ')],
    [{ data, dims: [6], shape: 6 }, new TypeError('shape must be an array of sizes, got 6')],
    [
      { data, shape: [2, 3], strides: [3, 1], stride: () => [1, 2] },
      new RangeError('strides [3, 1] and stride [1, 2] differ'),
    ],
    [{ data, shape: [2, 3], strides: [3, 1], stride: 1 }, new TypeError('strides must be an array of integers, got 1')],
    [
      { data, shape: [2, 3], order: 'row-major', fortranOrder: true },
      new TypeError('order "row-major" and fortranOrder true differ'),
    ],
    [
      { data, shape: [2, 3], order: 'F', fortranOrder: false },
      new TypeError('order "F" and fortranOrder false differ'),
    ],
    ...['float64', 'float16', 'bfloat16', 'int32', 'uint8', 'int64', 'bool', 'complex64', 'string'].flatMap((type) =>
      ['dtype', 'type'].map((name): [object, Error] => [
        { data, dims: [6], [name]: type },
        new TypeError(`${name} must be that of the data, got "${type}" for Float32Array of 6`),
      ]),
    ),
    [
      { data: Float64Array.of(1), shape: [1], dtype: 'float32' },
      new TypeError('dtype must be that of the data, got "float32" for Float64Array of 1'),
    ],
  ])('%o is refused: it says two things', (source, expected) => {
    const like = source as TensorLike;
    const named = (before: string) =>
      new (expected instanceof TypeError ? TypeError : RangeError)(`${before}${expected.message}`);
    expect(error(source)).toEqual(named('Tensor: '));
    expect(() => relu(like)).toThrow(named('relu: x: '));
    expect(() => relu(new Tensor([1]), { out: like })).toThrow(named('relu: out: '));
    expect(() => new Tensor([1]).maskedFill(like, 0)).toThrow(named('maskedFill: mask: '));
  });

  it('of a mask must have the type that it names, too', () => {
    const refused = { data: Uint8Array.of(1), shape: [1], dtype: 'float32' };
    expect(() => new Tensor([1]).maskedFill(refused, 0)).toThrow(
      new TypeError('maskedFill: mask: dtype must be that of the data, got "float32" for Uint8Array of 1'),
    );
    for (const dtype of ['uint8', 'bool', 'binary'])
      expect(new Tensor([1]).maskedFill({ ...refused, dtype } as TensorLike, 0).item()).toBe(0);
  });

  it.each<[object, number[]]>([
    [{ data, dims: [2, 3], shape: Int32Array.of(2, 3) }, [3, 1]],
    [{ data, shape: [2, 3], strides: [1, 2], stride: () => [1, 2] }, [1, 2]],
    [{ data, shape: [2, 3], strides: null, stride: [1, 2] }, [1, 2]],
    [{ data, shape: [2, 3], order: 'F', fortranOrder: true }, [1, 2]],
    [{ data, shape: [2, 3], order: 'C', fortranOrder: false }, [3, 1]],
    [{ data, shape: [2, 3], dtype: 'float32', type: 'float32' }, [3, 1]],
    // Names of other things.
    [{ data, shape: [2, 3], dtype: '<f4', type: 'dense' }, [3, 1]],
    [{ data, shape: [2, 3], dtype: 10, type: Float32Array }, [3, 1]],
  ])('%o may say one thing twice', (source, strides) => {
    const x = new Tensor(source as TensorLike);
    expect(x.data).toBe(data);
    expect([x.shape, x.strides]).toEqual([[2, 3], strides]);
  });

  it('take another shape where no copy is needed', () => {
    expect(new Tensor({ data, dims: [2, 3] }, { shape: [3, 2] }).data).toBe(data);
    expect(error({ data, shape: [2, 3], order: 'column-major' }, { shape: [6] })).toEqual(
      new RangeError(
        'Tensor: a view of shape [2, 3] with strides [1, 2] as shape [6] would be a copy; reshape makes one',
      ),
    );
  });
});

/** A method that needs its object. */
function strideOf(this: { readonly steps: number[] }): number[] {
  return this.steps;
}
