// The Tensor's shape, sharing and elements; arithmetic.test.ts has the rest of it, foreign.test.ts what it can be made of.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relu } from '../../lib/index.js';
import { contiguousData, copyInto } from '../../lib/tensor/copies.js';
import { asTensor } from '../../lib/tensor/foreign/as-tensor.js';
import { type Nested, resultLike, Tensor } from '../../lib/tensor/tensor.js';
import { indices, shapes, shuffled } from '../support/tensors.js';

const matrix = () => new Tensor(Float32Array.of(0, 1, 2, 3, 4, 5), { shape: [2, 3] });
/** What takes any arguments. */
type Loose = Readonly<Record<string, (...args: unknown[]) => unknown>>;
const loose = (x: unknown) => x as Loose;

const _numbers = (nested: Nested): number[] => (typeof nested === 'number' ? [nested] : nested.flatMap(_numbers));

describe('a tensor over a typed array', () => {
  it('shares it', () => {
    const data = Float64Array.of(1, 2, 3, 4);
    const x = new Tensor(data, { shape: [2, 2] });
    expect(x.data).toBe(data);
    data[3] = 9;
    expect(x.at(1, 1)).toBe(9);
  });

  it('tells its layout', () => {
    const x = new Tensor(new Float64Array(24), { shape: [2, -1, 4], dtype: 'float64' });
    expect(x).toMatchObject({ shape: [2, 3, 4], strides: [12, 4, 1], offset: 0, dtype: 'float64', size: 24, ndim: 3 });
    expect(x.numel()).toBe(24);
    expect(x.isContiguous()).toBe(true);
    expect(Object.isFrozen(x.shape) && Object.isFrozen(x.strides)).toBe(true);
  });

  it('has one dimension unless told', () => {
    expect(new Tensor(new Float32Array(3)).shape).toEqual([3]);
    expect(new Tensor(new Float32Array(0)).shape).toEqual([0]);
  });

  it('of no elements may begin beyond its end', () => {
    const none = new Tensor({ data: new Float32Array(4), shape: [0], offset: 9 });
    expect(none.toArray()).toEqual([]);
    expect(relu(none).shape).toEqual([0]);
  });

  it('takes shared memory and arrays at an offset', () => {
    const memory = new SharedArrayBuffer(32);
    const x = new Tensor(new Float32Array(memory, 8, 4), { shape: [2, 2] });
    new Float32Array(memory)[5] = 7;
    expect(x.toArray()).toEqual([
      [0, 0],
      [0, 7],
    ]);
    expect(x.mul(2).data.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('refuses options that are none', () => {
    const message = 'Tensor: options must be a plain object such as { shape: [2, 3] }, got an Array of 2';
    expect(() => new Tensor([1, 2], [1, 2] as never)).toThrow(new TypeError(message));
  });

  it('says so when its memory has gone', () => {
    const x = matrix();
    structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] });
    const error = /^([a-z]+: )*(data|mask) is detached: its buffer was transferred$/i;
    for (const use of [
      () => x.at(0, 0),
      () => x.T.clone(),
      () => x.toArray(),
      () => x.add(1),
      () => new Tensor(1).add(x),
      () => x.T.add(x.T),
      () => x.equals(x),
      () => contiguousData(x),
      () => copyInto(x, new Float32Array(6)),
      () => String(x),
      () => new Tensor(x.data),
      () => new Tensor({ data: x.data, dims: [0] }),
      () => new Tensor([]).maskedFill(x.data, 0),
      () => new Tensor([]).maskedFill({ data: x.data, dims: [0] }, 0),
    ])
      expect(use).toThrow(error);
    const flags = new Uint8Array(2);
    structuredClone(flags.buffer, { transfer: [flags.buffer] });
    expect(() => new Tensor([]).maskedFill(flags, 0)).toThrow(error);
  });
});

describe('contiguous and clone', () => {
  it('contiguous gives itself, or a copy in order', () => {
    const x = matrix();
    expect(x.contiguous()).toBe(x);
    expect(x.T.contiguous()).toMatchObject({ shape: [3, 2], strides: [2, 1] });
    expect([...x.T.contiguous().data]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  it('clone copies always, and no more than the tensor', () => {
    const x = matrix();
    const row = x.at(1) as Tensor;
    expect([...row.clone().data]).toEqual([3, 4, 5]);
    expect(x.clone().data).not.toBe(x.data);
    expect(x.clone().equals(x)).toBe(true);
  });
});

describe('at and item', () => {
  it('a full index is a number, a shorter one shares memory', () => {
    const x = matrix();
    expect(x.at(1, 2)).toBe(5);
    expect(x.at(-2, -1)).toBe(2);
    const row = x.at(1) as Tensor;
    expect(row).toMatchObject({ shape: [3], offset: 3 });
    row.data[row.offset] = 30;
    expect(x.at(1, 0)).toBe(30);
    expect((x.T.at(-1) as Tensor).toArray()).toEqual([2, 5]);
    expect((x.at() as Tensor).equals(x)).toBe(true);
    expect(new Tensor(4).at()).toBe(4);
  });

  it('refuses what is outside', () => {
    const x = matrix();
    expect(() => x.at(2)).toThrow(new RangeError('at: index 2 is outside of dimension 0 of shape [2, 3]'));
    expect(() => x.at(0, -4)).toThrow(new RangeError('at: index -4 is outside of dimension 1 of shape [2, 3]'));
    expect(() => x.at(0, 0, 0)).toThrow(new RangeError('at: shape [2, 3] takes 2 indices, got 3'));
    expect(() => x.at(0.5)).toThrow(new TypeError('at: an index must be an integer, got 0.5'));
    expect(() => new Tensor([]).at(0)).toThrow(new RangeError('at: index 0 is outside of dimension 0 of shape [0]'));
  });

  it('item takes an index of every dimension too', () => {
    const x = matrix();
    expect(x.item(1, 2)).toBe(5);
    expect(x.T.item(-1, 0)).toBe(2);
    expect(() => x.item(1)).toThrow(new RangeError('item: shape [2, 3] takes 2 indices, got 1'));
    expect(() => x.item(0, 3)).toThrow(new RangeError('item: index 3 is outside of dimension 1 of shape [2, 3]'));
    expect(() => x.item(0, 0, 0)).toThrow(new RangeError('item: shape [2, 3] takes 2 indices, got 3'));
    expect(() => x.item(0, 0.5)).toThrow(new TypeError('item: an index must be an integer, got 0.5'));
  });

  it('select takes one index of any dimension, and shares memory', () => {
    const x = matrix();
    expect(x.select(1, -1).toArray()).toEqual([2, 5]);
    expect(x.select(0, 1)).toMatchObject({ shape: [3], strides: [1], offset: 3 });
    expect(x.select(-1, 0).select(0, 1).item()).toBe(3);
    expect(x.select(1, 0).data).toBe(x.data);
    expect(() => x.select(2, 0)).toThrow(new RangeError('select: dim must be in [-2, 1] for shape [2, 3], got 2'));
    expect(() => x.select(1, 3)).toThrow(new RangeError('select: index 3 is outside of dimension 1 of shape [2, 3]'));
    expect(() => x.select(1, 0.5)).toThrow(new TypeError('select: an index must be an integer, got 0.5'));
    expect(() => new Tensor(1).select(0, 0)).toThrow(
      new RangeError('select: a dimension is needed, but shape [] has none'),
    );
  });

  it('select gives what the index gives, in any order of dimensions', () => {
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.nat()), (shape, random) => {
        const x = shuffled(shape, random);
        for (const index of indices(x.shape)) {
          const found = index.reduceRight((rest, i) => rest.select(-1, i), x);
          expect(found.item()).toBe(x.at(...index));
        }
      }),
    );
  });

  it('item takes one element of any shape', () => {
    expect(new Tensor([[[7]]]).item()).toBe(7);
    expect((matrix().T.reshape(3, 2, 1).at(2, 1) as Tensor).item()).toBe(5);
    expect(() => matrix().item()).toThrow(new RangeError('item: one element is needed, but shape [2, 3] has 6'));
    expect(() => new Tensor([]).item()).toThrow(new RangeError('item: one element is needed, but shape [0] has 0'));
  });
});

describe('toArray', () => {
  it('gives back the lists a tensor was made of', () => {
    const nested = shapes.chain((shape) =>
      shape.reduceRight<fc.Arbitrary<Nested>>(
        (inner, length) => fc.array(inner, { minLength: length, maxLength: length }),
        fc.double(),
      ),
    );
    fc.assert(
      fc.property(nested, (lists) => {
        expect(new Tensor(lists, { dtype: 'float64' }).toArray()).toEqual(lists);
      }),
    );
  });

  it('follows strides, and keeps empty dimensions', () => {
    expect(matrix().T.toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(new Tensor(new Float32Array(0), { shape: [2, 0, 3] }).toArray()).toEqual([[], []]);
    expect(new Tensor(3).toArray()).toBe(3);
  });
});

describe('toArray with a rank', () => {
  it('is for tensors of that rank', () => {
    expect(matrix().toArray(2)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(new Tensor(7).toArray(0)).toBe(7);
    expect(() => matrix().toArray(1)).toThrow(new RangeError('toArray(1) does not fit shape [2, 3] of rank 2'));
    expect(() => matrix().toArray('2' as never)).toThrow(
      new RangeError('toArray("2") does not fit shape [2, 3] of rank 2'),
    );
  });
});

describe('iteration', () => {
  it('gives the entries of the first dimension, which share memory', () => {
    const x = matrix();
    const rows = [...x];
    expect(rows.map((row) => row.toArray())).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    const [, second] = x;
    second!.data[second!.offset] = 30;
    expect(x.item(1, 0)).toBe(30);
    expect([...x.T].map((column) => column.toArray())).toEqual([
      [0, 30],
      [1, 4],
      [2, 5],
    ]);
    for (const row of x) expect(row).toBeInstanceOf(Tensor);
  });

  it('of a vector gives 0-d tensors', () => {
    const entries = [...new Tensor([0.1, 2])];
    expect(entries.map((entry) => entry.shape)).toEqual([[], []]);
    expect(entries.map((entry) => entry.item())).toEqual([Math.fround(0.1), 2]);
  });

  it('has no entries where the dimension is empty, empty ones where another is', () => {
    expect([...new Tensor([])]).toEqual([]);
    expect([...new Tensor([[], []])].map((row) => row.shape)).toEqual([[0], [0]]);
  });

  it('of a 0-d tensor is a TypeError', () => {
    const x = new Tensor(1);
    expect(() => [...x]).toThrow(TypeError);
    expect(() => {
      for (const _ of x);
    }).toThrow(/is not iterable/);
  });

  it('says so when its memory has gone', () => {
    const x = matrix();
    structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] });
    expect(() => [...x]).toThrow('data is detached: its buffer was transferred');
  });

  it('lets toEqual compare tensors, 0-d ones too', () => {
    expect(new Tensor(1)).toEqual(new Tensor(1));
    expect(new Tensor(1)).not.toEqual(new Tensor(2));
    expect(matrix()).toEqual(matrix().clone());
    expect(matrix()).not.toEqual(matrix().add(1));
    // In proportion to the numbers: 0.6 s, and a minute where each entry had all of the memory.
    expect(new Tensor(new Float32Array(5000))).toEqual(new Tensor(new Float32Array(5000)));
  });
});

describe('a number where one is asked for', () => {
  it('is the whole of it, and not what is printed', () => {
    const x = new Tensor([1 / 3, 2 / 3], { dtype: 'float64' });
    expect(Number(x.select(0, 0))).toBe(1 / 3);
    expect(Math.max(...(x as unknown as number[]))).toBe(2 / 3);
    expect(Float64Array.from(x)).toEqual(x.data);
    expect(new Float64Array(x as never)).toEqual(x.data);
    expect([...x].reduce((sum, entry) => sum + Number(entry), 0)).toBe(1);
    expect((x.select(0, 0) as unknown as number) + 1).toBe(1 / 3 + 1);
  });

  it('is there only for one element', () => {
    const message =
      'a Tensor of shape [2, 3] is no single number, as it has 6 elements; item(0, ...) gives one of them';
    for (const act of [() => Number(matrix()), () => (matrix() as unknown as number) > 3]) {
      expect(act).toThrow(RangeError);
      expect(act).toThrow(message);
    }
    expect(() => Number(new Tensor([]))).toThrow('a Tensor of shape [0] is no single number, as it has 0 elements');
    expect(`${new Tensor([1 / 3])}`).toBe('[0.3333]');
    expect(`${matrix()}`).toBe('[[0, 1, 2],\n [3, 4, 5]]');
    expect('x: '.concat(String(matrix().select(0, 0)))).toBe('x: [0, 1, 2]');
  });
});

describe('what the functions work with', () => {
  it('contiguousData copies only what is not contiguous', () => {
    const x = matrix();
    expect(contiguousData(x)).toBe(x.data);
    const row = contiguousData(x.at(1) as Tensor);
    row[0] = -1;
    expect(x.at(1, 0)).toBe(-1);
    expect([...contiguousData(x.at(0) as Tensor)]).toEqual([0, 1, 2]);
    expect([...contiguousData(x.T)]).toEqual([0, -1, 1, 4, 2, 5]);
    expect(contiguousData(new Tensor(new Float64Array(0), { shape: [3, 0] })).length).toBe(0);
  });

  it('copyInto writes in row-major order through any strides', () => {
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.nat()), (shape, random) => {
        const x = shuffled(shape, random);
        const source = contiguousData(x).map((_, k) => -k);
        copyInto(x, source);
        expect([...contiguousData(x)]).toEqual([...source]);
      }),
    );
  });

  it('copyInto leaves the rest of the memory alone', () => {
    const data = new Float32Array(8).fill(9);
    copyInto(new Tensor({ data, shape: [2, 2], strides: [-4, 2], offset: 5 }), Float32Array.of(1, 2, 3, 4));
    expect([...data]).toEqual([9, 3, 9, 4, 9, 1, 9, 2]);
  });

  it('asTensor gives a tensor itself and wraps the rest', () => {
    const x = matrix();
    expect(asTensor(x, 'x', 'tanh')).toBe(x);
    expect(asTensor(x.data, 'x', 'tanh').data).toBe(x.data);
    expect(asTensor({ data: x.data, dims: [3, 2] }, 'x', 'tanh').shape).toEqual([3, 2]);
    expect(() => asTensor([1, 2], 'grad', 'tanhGrad')).toThrow(
      new TypeError(
        'tanhGrad: grad must be a Float32Array, a Float64Array, a Tensor or something with data and shape or dims, got an Array of 2; pass new Tensor(grad)',
      ),
    );
    const disguised = new Proxy(new Float32Array(2), {});
    expect(() => asTensor(disguised, 'x', 'tanh')).toThrow(/, got an object with the prototype of Float32Array$/);
  });

  it('resultLike wraps results in row-major order', () => {
    const data = new Float32Array(6);
    expect(resultLike(matrix(), data)).toMatchObject({ data, shape: [2, 3], strides: [3, 1], offset: 0, packed: true });
    expect(resultLike(matrix().T, data)).toMatchObject({ data, shape: [3, 2], strides: [2, 1], packed: true });
  });
});

describe('what a method or the constructor refuses', () => {
  const x = loose(matrix());
  const { data, T } = matrix();
  const lost = new Tensor(data);
  const gone = loose(lost);
  structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] });
  const ragged = [[1], [1, 2]];
  const make = loose(Tensor);
  const made = (source: unknown, options?: unknown) => new Tensor(source as number, options as never);

  it.each<[string, ...(() => unknown)[]]>([
    ['Tensor', () => made(ragged), () => made('1'), () => made([1], { shape: [2] })],
    ['Tensor', () => made([1], { dtype: 'int8' }), () => made({ data: Float32Array.of(1), shape: [7] })],
    ['fromJSON', () => make.fromJSON!(1), () => make.fromJSON!({ dtype: 'float32', shape: [1], data: [] })],
    ['from', () => make.from!(ragged), () => make.from!([1], { shape: [2] })],
    ['reshape', () => x.reshape!(4), () => x.reshape!('6')],
    ['view', () => x.view!(4), () => loose(matrix().T).view!(6)],
    ['transpose', () => x.transpose!(0, 2), () => x.transpose!(0)],
    ['permute', () => x.permute!(0, 2), () => x.permute!(0)],
    ['at', () => x.at!(2), () => x.at!('0'), () => x.at!(0, 0, 0), () => gone.at!(0)],
    ['item', () => x.item!(), () => x.item!(0), () => x.item!(0, 3), () => x.item!(0, 0, 0)],
    ['select', () => x.select!(2, 0), () => x.select!(0, 2), () => x.select!(0)],
    ['slice', () => x.slice!(2, 0), () => x.slice!(), () => x.slice!(0, '1'), () => x.slice!(0, 0, 1, 0)],
    ['squeeze', () => x.squeeze!(2), () => x.squeeze!('0')],
    ['unsqueeze', () => x.unsqueeze!(3), () => x.unsqueeze!()],
    ['contiguous', () => T.contiguous()],
    ['clone', () => gone.clone!()],
    ['sum', () => x.sum!(2), () => x.sum!('0'), () => x.sum!(0, true), () => gone.sum!()],
    ['mean', () => x.mean!(2), () => gone.mean!()],
    ['max', () => x.max!(2), () => gone.max!()],
    ['argmax', () => x.argmax!(2), () => gone.argmax!()],
    ['topk', () => x.topk!(4), () => x.topk!(1, { dim: 2 }), () => gone.topk!(1)],
    ['toArray', () => gone.toArray!()],
    ['to', () => x.to!('int8'), () => x.to!(), () => gone.to!('float64')],
    ['toJSON', () => gone.toJSON!()],
    ['toString', () => String(lost)],
    ['maskedFill', () => x.maskedFill!(ragged, 0), () => x.maskedFill!([1, 0], 0), () => x.maskedFill!(1, 0)],
    ['equals', () => x.equals!('1'), () => x.equals!(ragged), () => gone.equals!(gone)],
    ['allClose', () => x.allClose!('1'), () => x.allClose!([1, 2]), () => x.allClose!(1, { rtol: -1 })],
    ['add', () => x.add!('1'), () => x.add!([1, 2]), () => x.add!(), () => gone.add!(1)],
    ['sub', () => x.sub!(ragged)],
    ['mul', () => x.mul!(Int32Array.of(1))],
    ['div', () => x.div!([1, 2])],
  ])('%s: is told with its name, once', (name, ...calls) => {
    for (const call of calls) expect(call).toThrow(new RegExp(`^${name}: (?!${name}: )`));
  });
});
