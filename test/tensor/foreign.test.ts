// What a Tensor can be made of: numbers, lists, typed arrays, and its options; libraries.test.ts has the tensors of others.
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { brand } from '../../lib/basics/errors.js';
import { relu } from '../../lib/index.js';
import { isTensorLike } from '../../lib/tensor/foreign/layout.js';
import { Tensor, type TensorSource } from '../../lib/tensor/tensor.js';
import { error } from '../support/tensors.js';

describe('numbers and lists', () => {
  it('make float32, and float64 where asked', () => {
    expect(new Tensor([0.1]).data).toEqual(Float32Array.of(0.1));
    expect(new Tensor([0.1], { dtype: 'float64' }).data).toEqual(Float64Array.of(0.1));
    expect(new Tensor(0.1).item()).toBe(Math.fround(0.1));
    expect(new Tensor(7)).toMatchObject({ shape: [], strides: [], ndim: 0, size: 1 });
  });

  it.each([
    [[], [0]],
    [[[]], [1, 0]],
    [
      [[], []],
      [2, 0],
    ],
    [[[1, 2, 3]], [1, 3]],
    [[[[1], [2]]], [1, 2, 1]],
  ])('%j has shape %j', (list, shape) => {
    expect(new Tensor(list).shape).toEqual(shape);
  });

  it('take a shape', () => {
    expect(new Tensor([1, 2, 3, 4], { shape: [2, -1] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(new Tensor(5, { shape: [1, 1] }).shape).toEqual([1, 1]);
  });

  it('of booleans are 1 and 0', () => {
    const x = new Tensor([
      [true, false],
      [0.5, true],
    ]);
    expect(x.dtype).toBe('float32');
    expect(x.toArray()).toEqual([
      [1, 0],
      [0.5, 1],
    ]);
    expect(new Tensor([3, 4]).mul([true, false]).toArray()).toEqual([3, 0]);
  });

  it('that shrink while they are read are refused', () => {
    const list: unknown[] = [0, 1, 2];
    Object.defineProperty(list, 1, {
      get: () => {
        list.length = 2;
        return 1;
      },
    });
    expect(error(list)).toEqual(new TypeError('Tensor: element 2 must be a number or a boolean, got undefined'));
  });

  it('are copied', () => {
    const list = [1, 2];
    const x = new Tensor(list);
    list[0] = 9;
    expect(x.at(0)).toBe(1);
  });

  it.each([
    [
      [
        [1, 2, 3],
        [4, 5],
      ],
      new RangeError('Tensor: row 1 has 2 entries, row 0 has 3'),
    ],
    [[[], [1]], new RangeError('Tensor: row 1 has 1 entry, row 0 has 0')],
    [
      [
        [
          [1, 2],
          [3, 4],
        ],
        [[5, 6], [7]],
      ],
      new RangeError('Tensor: row [1, 1] has 1 entry, row [0, 0] has 2'),
    ],
    [[[1, 2], 3], new RangeError('Tensor: element 1 is 3, nested unlike element 0')],
    [[1, [2]], new RangeError('Tensor: element 1 is an Array of 1, nested unlike element 0')],
    [[[1], [[2]]], new RangeError('Tensor: element [1, 0] is an Array of 1, nested unlike element [0, 0]')],
    [['a'], new TypeError('Tensor: element 0 must be a number or a boolean, got "a"')],
    [
      [
        [1, 2],
        [3, null],
      ],
      new TypeError('Tensor: element [1, 1] must be a number or a boolean, got null'),
    ],
    [[[true], false], new RangeError('Tensor: element 1 is false, nested unlike element 0')],
    [[1, 2n], new TypeError('Tensor: element 1 must be a number or a boolean, got 2n')],
    [[1, new Float32Array(1)], new TypeError('Tensor: element 1 must be a number or a boolean, got Float32Array of 1')],
    [new Array(2), new TypeError('Tensor: element 0 must be a number or a boolean, got undefined')],
  ])('%o is refused', (list, expected) => {
    expect(() => new Tensor(list as TensorSource)).toThrow(expected);
  });

  it('a list that contains itself is refused', () => {
    const list: unknown[] = [];
    list.push(list);
    expect(error(list)).toEqual(new RangeError('Tensor: a list may be nested 64 deep; does it contain itself?'));
  });
});

describe('typed arrays', () => {
  it.each([
    [new Int32Array(2), 'Int32Array of 2', 'Float32Array.from(x)'],
    [new BigInt64Array(2), 'BigInt64Array of 2', 'Float32Array.from(x, Number)'],
    [new Uint8ClampedArray(2), 'Uint8ClampedArray of 2', 'Float32Array.from(x)'],
    [
      new DataView(new ArrayBuffer(2)),
      'a DataView',
      'new Float32Array(x.buffer.slice(x.byteOffset, x.byteOffset + x.byteLength))',
    ],
  ])('%o is refused, and the message says how to convert it', (data, name, instead) => {
    const wanted = `Tensor: data must be a Float32Array or a Float64Array, got ${name}`;
    expect(error(data)).toEqual(new TypeError(`${wanted}; pass ${instead}`));
  });

  it.each([[new Uint8Array(2)], [Buffer.alloc(2)]])('%o may be numbers or the bytes of floats', (data) => {
    expect((error(data) as Error).message).toMatch(
      /^Tensor: data must be .* of 2; pass Float32Array.from\(x\) for its numbers, new Tensor\(x, { dtype: 'float32' }\) for the floats in its bytes$/,
    );
  });

  it('are not converted', () => {
    const message = "Tensor: dtype must be that of the shared data, 'float32', got 'float64'; to() converts";
    expect(error(new Float32Array(2), { dtype: 'float64' })).toEqual(new TypeError(message));
    expect(error(new Tensor([1]), { dtype: 'float64' })).toEqual(new TypeError(message));
    expect(error([1], { dtype: 'float8' })).toEqual(
      new TypeError(`Tensor: dtype must be 'float32', 'float64', 'float16' or 'bfloat16', got "float8"`),
    );
  });

  it.each([
    ['bf16', 'bfloat16'],
    ['half', 'float16'],
    ['fp16', 'float16'],
    ['fp64', 'float64'],
    ['F32', 'float32'],
    ['float', 'float32'],
    ['double', 'float64'],
  ])('%s is %s here', (dtype, ours) => {
    const said = `'bfloat16', got "${dtype}"; did you mean '${ours}'?`;
    expect(() => new Tensor([1], { dtype: dtype as never })).toThrow(said);
    expect(() => new Tensor([1]).to(dtype as never)).toThrow(said);
    const isHalf = ours.endsWith('16');
    expect(() => relu(new Uint16Array(1), { dtype: dtype as never })).toThrow(
      isHalf ? `; did you mean '${ours}'?` : /got "\w+"$/,
    );
    expect(() => relu(new Float32Array(1), { dtype: dtype as never })).toThrow(
      ours === 'float32' ? "; did you mean 'float32'?" : /; to\(\) of a Tensor converts$/,
    );
  });

  it('of 16 bits are not taken for halves by a name that other libraries have', () => {
    const like = { data: Uint16Array.of(0x3c00), shape: [1], dtype: 'torch.float16' };
    const wanted = 'data must be a Float32Array or a Float64Array, got Uint16Array of 1; pass ';
    for (const make of [() => Tensor.from(like), () => new Tensor(like)]) expect(make).toThrow(wanted);
  });

  it('of another realm are typed arrays all the same', () => {
    const data: Float32Array = runInNewContext('Float32Array.of(1, 2, 3)');
    expect(data).not.toBeInstanceOf(Float32Array);
    expect(new Tensor(data).data).toBe(data);
    expect(new Tensor(data).add(1).toArray()).toEqual([2, 3, 4]);
    expect(new Tensor(runInNewContext('[[1, 2]]')).shape).toEqual([1, 2]);
  });
});

it.each([[undefined], [null], ['1'], [true], [{}], [new ArrayBuffer(4)], [new Map()], [() => 1]])(
  '%o is no source',
  (source) => {
    expect(isTensorLike(source)).toBe(false);
    expect(error(source)).toBeInstanceOf(TypeError);
    expect((error(source) as Error).message).toMatch(/^Tensor: a Tensor is made of numbers, nested lists .*, got /);
  },
);

describe('the options', () => {
  it('are those the object itself has, each read once', () => {
    let reads = 0;
    const options = {
      get shape() {
        return reads++ === 0 ? [2, 1] : [1, 2];
      },
    };
    expect(new Tensor([1, 2], options).shape).toEqual([2, 1]);
    const prototype = Object.prototype as { shape?: unknown };
    prototype.shape = [7];
    try {
      expect(new Tensor([1, 2], {}).shape).toEqual([2]);
      expect(new Tensor([1, 2]).shape).toEqual([2]);
    } finally {
      delete prototype.shape;
    }
  });

  it.each([
    [{ dims: [2] }, 'Tensor: there is no option `dims`; Tensor takes `shape`'],
    [{ shap: [2] }, 'Tensor: there is no option `shap`; did you mean `shape`?'],
    [{ dType: 'float64' }, 'Tensor: there is no option `dType`; did you mean `dtype`?'],
    [new Float32Array(2), 'Tensor: options must be a plain object such as { shape: [2, 3] }, got Float32Array of 2'],
    ['float64', 'Tensor: options must be a plain object such as { shape: [2, 3] }, got "float64"'],
    [Object.create({ shape: [2] }), 'Tensor: options must be a plain object such as { shape: [2, 3] }, got an object'],
    [null, 'Tensor: options must be a plain object such as { shape: [2, 3] }, got null'],
  ])('%o are none', (options, message) => {
    expect(error([1, 2], options as never)).toEqual(new TypeError(message));
  });
});

describe('the Tensor', () => {
  it('of a Tensor shares its memory', () => {
    const x = new Tensor([
      [1, 2],
      [3, 4],
    ]).T;
    const y = new Tensor(x);
    expect(y.data).toBe(x.data);
    expect(y.strides).toEqual([1, 2]);
  });

  it('of another copy of this package is known by its brand', async () => {
    vi.resetModules();
    const { Tensor: Other } = await import('../../lib/tensor/tensor.js');
    const theirs = new Other([
      [1, 2],
      [3, 4],
    ]).T;
    expect(theirs).not.toBeInstanceOf(Tensor);
    expect(theirs[brand]).toBe(true);
    const ours = new Tensor(theirs);
    expect(ours).toBeInstanceOf(Tensor);
    expect(ours.data).toBe(theirs.data);
    expect(ours.add(theirs).toArray()).toEqual([
      [2, 6],
      [4, 8],
    ]);
  });

  it('of a later version may have other members that look foreign', () => {
    const later = {
      [brand]: true,
      data: Float32Array.of(1, 2),
      shape: [2],
      strides: [1],
      offset: 0,
      dims: 2,
      location: 'here',
    };
    expect(new Tensor(later as never).toArray()).toEqual([1, 2]);
  });

  it('knows the orders of others, and refuses one that it does not know', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    for (const order of ['row-major', 'C', undefined])
      expect(new Tensor({ data, shape: [2, 2], order }).toArray()).toEqual([
        [1, 2],
        [3, 4],
      ]);
    for (const order of ['column-major', 'F'])
      expect(new Tensor({ data, shape: [2, 2], order }).toArray()).toEqual([
        [1, 3],
        [2, 4],
      ]);
    expect(() => new Tensor({ data, shape: [2, 2], order: 'A' })).toThrow(/order must be .* got "A"/);
  });

  it('takes no shape or strides from an array whose memory is gone', () => {
    const sizes = Int32Array.of(2);
    structuredClone(sizes.buffer, { transfer: [sizes.buffer] });
    const data = new Float32Array(7);
    expect(() => new Tensor(data, { shape: sizes as unknown as number[] })).toThrow('shape is detached');
    expect(() => new Tensor({ data, shape: [2], strides: sizes })).toThrow('strides is detached');
  });
});
