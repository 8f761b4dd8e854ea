// The arithmetic of shapes, against index oracles that know nothing of strides.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { allocate } from '../../lib/basics/allocate.js';
import * as nonlin from '../../lib/index.js';
import { overlapsItself } from '../../lib/tensor/layouts/overlaps.js';
import { forEachRow } from '../../lib/tensor/layouts/runs.js';
import {
  broadcastShapes,
  broadcastStrides,
  checkReach,
  checkShape,
  checkStrides,
  contiguousStrides,
  frozen,
  isContiguous,
  normalizeDim,
  resolveShape,
  sizeOf,
} from '../../lib/tensor/layouts/shape.js';
import { viewStrides } from '../../lib/tensor/layouts/views.js';
import { indices, shapes } from '../support/tensors.js';

const { Tensor } = nonlin;

const layout = (shape: number[], strides: number[], offset = 0) => ({ shape, strides, offset });

/** The factors with some neighbours multiplied together: shapes of the same size. */
function joined(factors: readonly number[], cuts: readonly boolean[]): number[] {
  const shape: number[] = [];
  for (const [k, factor] of factors.entries()) {
    if (cuts[k] || k === 0) shape.push(factor);
    else shape[shape.length - 1]! *= factor;
  }
  return shape;
}

describe('sizes and strides', () => {
  it.each([
    [[], 1, []],
    [[5], 5, [1]],
    [[2, 3, 4], 24, [12, 4, 1]],
    [[2, 0, 3], 0, [3, 3, 1]],
    [[0], 0, [1]],
  ])('of %j', (shape, size, strides) => {
    expect(sizeOf(shape)).toBe(size);
    expect(contiguousStrides(shape)).toEqual(strides);
    expect(Object.isFrozen(contiguousStrides(shape))).toBe(true);
  });

  it('count row-major order', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const strides = contiguousStrides(shape);
        const positions = indices(shape).map((index) => index.reduce((at, i, dim) => at + i * strides[dim]!, 0));
        expect(positions).toEqual(positions.map((_, k) => k));
        expect(positions.length).toBe(sizeOf(shape));
      }),
    );
  });

  it('has no elements where one size is 0, however large the others', () => {
    expect(sizeOf([...Array(30).fill(2 ** 52), 0])).toBe(0);
  });
});

describe('isContiguous', () => {
  it.each([
    [[2, 3], [3, 1], true],
    [[2, 3], [1, 2], false],
    [[2, 3], [4, 1], false],
    [[1, 3], [99, 1], true],
    [[2, 1, 3], [3, 7, 1], true],
    [[3], [-1], false],
    [[2, 0], [5, 5], true],
    [[3, 2], [0, 1], false],
    [[], [], true],
  ])('shape %j with strides %j: %s', (shape, strides, expected) => {
    expect(isContiguous(layout(shape, strides))).toBe(expected);
  });
});

describe('normalizeDim', () => {
  it.each([
    [0, [3, 4], 0],
    [1, [3, 4], 1],
    [-1, [3, 4], 1],
    [-2, [3, 4], 0],
    [0, [], 0],
    [-1, [], 0],
  ])('%i for shape %j is %i', (dim, shape, expected) => {
    expect(normalizeDim(dim, shape)).toBe(expected);
  });

  it.each([5, 2, -3, 2 ** 31, 2 ** 32, -(2 ** 32), 2 ** 53])('refuses %i for two dimensions', (dim) => {
    expect(() => normalizeDim(dim, [3, 4])).toThrow(
      new RangeError(`dim must be in [-2, 1] for shape [3, 4], got ${dim}`),
    );
  });

  it('knows the dimensions of a number', () => {
    expect(() => normalizeDim(1, [])).toThrow(new RangeError('dim must be in [-1, 0] for shape [], got 1'));
  });

  it.each([
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['1', '"1"'],
    [null, 'null'],
    [1n, '1n'],
  ])('refuses %o', (dim, name) => {
    expect(() => normalizeDim(dim as number, [3, 4])).toThrow(new TypeError(`dim must be an integer, got ${name}`));
  });
});

describe('resolveShape', () => {
  it.each([
    [[6], [6]],
    [[-1], [6]],
    [
      [2, -1],
      [2, 3],
    ],
    [
      [1, -1, 6],
      [1, 1, 6],
    ],
  ])('%j of 6 elements is %j', (shape, expected) => {
    expect(resolveShape(shape, 6)).toEqual(expected);
    expect(Object.isFrozen(resolveShape(shape, 6))).toBe(true);
  });

  it('leaves the shape given alone', () => {
    const shape = [2, 3];
    const resolved = resolveShape(shape, 6);
    shape[0] = 9;
    expect(resolved).toEqual([2, 3]);
  });

  it('fills in 0', () => expect(resolveShape([2, -1], 0)).toEqual([2, 0]));

  it.each([
    [[4, 2], new RangeError('shape [4, 2] has 8 elements, but there are 6')],
    [[4, -1], new RangeError('shape [4, -1] does not fit 6 elements')],
    [[-1, -1], new RangeError('shape [-1, -1] has more than one -1')],
    [[-1, 0], new RangeError('shape [-1, 0] leaves the size of -1 open')],
    [[-2, 3], new RangeError('shape must hold sizes from 0 to 2^53 - 1, got [-2, 3]')],
    [[2 ** 53], new RangeError(`shape must hold sizes from 0 to 2^53 - 1, got [${2 ** 53}]`)],
    [[1.5, 4], new TypeError('shape must hold integers, got 1.5')],
    [['2', 3], new TypeError('shape must hold integers, got "2"')],
    [6, new TypeError('shape must be an array of sizes, got 6')],
  ])('refuses %j for 6 elements', (shape, error) => {
    expect(() => resolveShape(shape, 6)).toThrow(error);
  });
});

describe('checkReach', () => {
  const data = new Float32Array(6);

  it.each([
    [layout([2, 3], [3, 1])],
    [layout([2, 3], [-3, -1], 5)],
    [layout([1000, 6], [0, 1])],
    [layout([0, 9], [100, 100], 7)],
    [layout([], [], 5)],
  ])('lets %j pass', (inside) => {
    expect(() => checkReach(data, inside)).not.toThrow();
  });

  it.each([
    [layout([2, 3], [4, 1]), 'shape [2, 3], strides [4, 1], offset 0 reach elements 0 to 6, but data has 6'],
    [layout([6], [-1], 4), 'shape [6], strides [-1], offset 4 reach elements -1 to 4, but data has 6'],
    [layout([], [], 6), 'shape [], strides [], offset 6 reach elements 6 to 6, but data has 6'],
    [layout([], [], -1), 'shape [], strides [], offset -1 reach elements -1 to -1, but data has 6'],
  ])('refuses %j', (outside, message) => {
    expect(() => checkReach(data, outside)).toThrow(new RangeError(message));
  });
});

describe('shapes and strides as they are given', () => {
  it('may be typed arrays, and hold bigints', () => {
    for (const given of [Int32Array.of(2, 3), Uint8Array.of(2, 3), BigInt64Array.of(2n, 3n), [2n, 3]]) {
      expect(checkShape(given)).toEqual([2, 3]);
      expect(checkStrides(given, [4, 4])).toEqual([2, 3]);
    }
    expect(resolveShape(Int32Array.of(-1, 2), 6)).toEqual([3, 2]);
    expect(Object.isFrozen(checkShape([2])) && Object.isFrozen(checkStrides([2], [2]))).toBe(true);
  });

  it('are read once: what was checked is what is used', () => {
    const liar = () => {
      let asked = 0;
      return Object.defineProperty([2, 3], 0, { get: () => (asked++ === 0 ? 2 : -7) });
    };
    expect(checkShape(liar())).toEqual([2, 3]);
    expect(checkStrides(liar(), [1, 1])).toEqual([2, 3]);
    expect(resolveShape(liar(), 6)).toEqual([2, 3]);
  });

  it('may claim any length without taking the memory for it', () => {
    const endless = new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 32 - 1 : 1) });
    expect(() => checkShape(endless)).toThrow(
      new RangeError('shape may have at most 64 entries, got an Array of 4294967295'),
    );
    expect(() => checkStrides(endless, [1])).toThrow(RangeError);
    expect(() => resolveShape(endless, 1)).toThrow(RangeError);
  });

  it('have 64 entries at most, as in NumPy and PyTorch', () => {
    const ones = (length: number) => new Array(length).fill(1);
    const message = (what: string) => new RangeError(`${what} may have at most 64 entries, got an Array of 65`);
    const x = new Tensor([5]);
    expect(new Tensor(x.reshape(ones(64)).toArray()).shape).toEqual(ones(64));
    expect(() => x.reshape(ones(65))).toThrow(message('reshape: shape'));
    expect(() => x.view(...ones(65))).toThrow(message('view: shape'));
    expect(() => new Tensor([1, 2]).view()).toThrow(
      new TypeError('view: a shape is needed for 2 elements, such as (2, -1) or ([2, -1]), got none'),
    );
    expect(() => new Tensor([]).reshape()).toThrow(/^reshape: a shape is needed for 0 elements/);
    expect(x.view().shape).toEqual([]);
    expect(() => x.permute(ones(65))).toThrow(message('permute: dims'));
    expect(() => new Tensor(x, { shape: ones(65) })).toThrow(message('Tensor: shape'));
    expect(() => Tensor.fromJSON({ dtype: 'float32', shape: ones(65), data: [1] })).toThrow(message('fromJSON: shape'));
    expect(() => new Tensor({ data: x.data, dims: ones(65) })).toThrow(message('Tensor: shape'));
    expect(() => new Tensor({ data: x.data, shape: ones(64), strides: ones(65) })).toThrow(message('Tensor: strides'));
  });

  it.each([
    [2 ** 53, RangeError],
    [2n ** 63n, RangeError],
    [0.5, TypeError],
    ['1', TypeError],
  ])('have no stride %s', (stride, kind) => {
    expect(() => checkStrides([stride], [1])).toThrow(kind);
  });
});

describe('results for which there is no memory', () => {
  // Of two elements, repeated; only a copy takes memory.
  const shape = [2 ** 40, 2];
  const parts = (data: nonlin.FloatArray) => new Tensor({ data, shape, strides: [0, 1] });
  const x = parts(Float32Array.of(1, 2));
  const wide = new Tensor({ data: Float64Array.of(1), shape: [1, 2 ** 20, 2 ** 20], strides: [0, 0, 0] });
  const refused = (name: string, dtype = 'float32', of: readonly number[] = shape) =>
    new RangeError(
      `${name}: a ${dtype} array of shape [${of.join(', ')}], ${sizeOf(of) * (dtype === 'float32' ? 4 : 8)} bytes, cannot be allocated`,
    );

  it.each<[string, () => unknown]>([
    ['clone', () => x.clone()],
    ['contiguous', () => x.contiguous()],
    ['reshape', () => x.reshape(2, -1)],
    ['toArray', () => x.toArray()],
    ['toJSON', () => JSON.stringify(x)],
    ['maskedFill', () => x.maskedFill([true, false], 0)],
    ['add', () => x.add(1)],
    ['sub', () => x.sub([1, 2])],
    ['mul', () => x.mul(x)],
    ['div', () => x.div(Float32Array.of(1, 2))],
  ])('are an error of %s', (name, call) => {
    expect(call).toThrow(refused(name));
  });

  it('are an error of what broadcasts', () => {
    const tall = new Tensor({ data: Float32Array.of(1), shape: [2 ** 20, 1, 1], strides: [0, 0, 0] });
    expect(() => tall.add(wide)).toThrow(refused('add', 'float64', [2 ** 20, 2 ** 20, 2 ** 20]));
    const mask = new Tensor({ data: Float32Array.of(1), shape: [2 ** 40, 1], strides: [0, 0] });
    expect(() => x.maskedFill(mask, 0)).toThrow(refused('maskedFill'));
  });

  it('are an error of a list that claims to be long', () => {
    const rows = new Array(2 ** 31);
    rows[0] = new Array(2 ** 31);
    expect(() => new Tensor(rows)).toThrow(refused('Tensor', 'float32', [2 ** 31, 2 ** 31]));
  });

  it('are an error of every function and layer', () => {
    const functions = Object.entries(nonlin as Record<string, unknown>).filter(([name]) =>
      /^[a-z]+(Grad)?$/.test(name),
    );
    const calls = functions.filter(([name]) => Object.hasOwn(nonlin, name.replace(/(Grad)?$/, 'Grad')));
    expect(calls.length).toBeGreaterThanOrEqual(10);
    // Of two inputs, or of halves.
    const isGate = (name: string) => /glu(Grad)?$/.test(name);
    for (const [name, call] of calls as [string, (...x: unknown[]) => unknown][]) {
      // Or with options that are needed, or of another name.
      if (isGate(name) || /^(crossEntropy|threshold|softcap|prelu|swish)/.test(name)) continue;
      expect(() => (name.endsWith('Grad') ? call(x, x) : call(x))).toThrow(refused(`${name}: x`));
    }
    for (const Layer of [nonlin.ReLU, nonlin.GELU, nonlin.Softmax])
      expect(() => new Layer()(x)).toThrow(refused(`${Layer.name}: x`));
  });

  it('are an error where the memory of the machine is at its end', () => {
    vi.stubGlobal('Float64Array', () => {
      throw new RangeError('Array buffer allocation failed');
    });
    try {
      expect(() => allocate('float64', 7, 'gelu')).toThrow(refused('gelu', 'float64', [7]));
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('have strides that go back in, where another size is 0', () => {
    const empty = new Tensor(new Float32Array(), { shape: [2 ** 30, 0, 2 ** 50, 2 ** 50] });
    const { shape, strides } = new Tensor(structuredClone(empty));
    expect({ shape, strides }).toEqual({ shape: empty.shape, strides: empty.strides });
  });
});

describe('overlapsItself', () => {
  it.each([
    ['contiguous', [2, 3], [3, 1], false],
    ['transposed', [3, 2], [1, 3], false],
    ['with gaps', [2, 3], [10, 2], false],
    ['backwards', [2, 3], [-3, -1], false],
    ['a stretched row', [2, 3], [0, 1], true],
    ['a stretched dimension of one', [1, 3], [0, 1], false],
    ['without elements', [4, 0], [0, 0], false],
    ['a number', [], [], false],
    ['windows', [4, 3], [1, 1], true],
    ['windows backwards', [4, 3], [-1, 1], true],
    ['rows that interlock', [3, 2], [2, 3], false],
    ['rows that meet once', [4, 3], [2, 3], true],
    ['three dimensions that interlock', [2, 2, 2], [3, 5, 7], false],
    ['three dimensions that meet, any two of which do not', [2, 2, 2], [3, 4, 7], true],
    ['interlocking rows in a batch', [5, 3, 2], [100, 2, 3], false],
  ])('%s', (_, shape, strides, expected) => {
    expect(overlapsItself(layout(shape, strides))).toBe(expected);
  });

  it('is true exactly where two indices are one place', () => {
    const layouts = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.integer({ min: -12, max: 12 })), { maxLength: 4 });
    fc.assert(
      fc.property(layouts, (dims) => {
        const shape = dims.map(([length]) => length);
        const strides = dims.map(([, stride]) => stride);
        const places = indices(shape).map((index) => index.reduce((at, i, dim) => at + i * strides[dim]!, 0));
        expect(overlapsItself(layout(shape, strides))).toBe(new Set(places).size < places.length);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('viewStrides', () => {
  // Written out from what each case means, as PyTorch's documentation of view does.
  it.each([
    [layout([2, 3], [3, 1]), [3, 2], [2, 1]],
    [layout([2, 3], [1, 2]), [2, 3], [1, 2]],
    [layout([2, 3], [1, 2]), [2, 1, 3], [1, expect.anything(), 2]],
    [layout([4, 6], [6, 1]), [24], [1]],
    [layout([4, 6], [12, 2]), [24], [2]],
    [layout([4, 1, 6], [12, 99, 2]), [24], [2]],
    [layout([4, 6], [12, 2]), [2, 2, 3, 2], [24, 12, 4, 2]],
    [layout([4, 6], [1, 4]), [2, 2, 6], [2, 1, 4]],
    [layout([3, 4], [0, 0]), [12], [0]],
    [layout([6], [-1], 5), [2, 3], [-3, -1]],
  ])('%j as %j has strides %j', (from, shape, strides) => {
    expect(viewStrides(from, shape)).toEqual(strides);
  });

  it.each([
    [layout([2, 3], [1, 2]), [6]],
    [layout([2, 3], [1, 2]), [3, 2]],
    [layout([4, 6], [8, 1]), [24]],
    [layout([4, 6], [8, 1]), [8, 3]],
    [layout([3, 4], [0, 1]), [12]],
  ])('%j as %j takes a copy', (from, shape) => {
    expect(viewStrides(from, shape)).toBeUndefined();
  });

  it('finds strides exactly where there are some', () => {
    const layouts = fc.record({
      factors: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
      from: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      to: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      gap: fc.nat({ max: 5 }),
      swap: fc.boolean(),
      sign: fc.constantFrom(1, -1),
    });
    fc.assert(
      fc.property(layouts, ({ factors, from, to, gap, swap, sign }) => {
        const shape = joined(factors, from);
        const strides = contiguousStrides(shape).map((stride, dim) => sign * stride * (dim < gap ? 2 : 1));
        if (swap) {
          shape.reverse();
          strides.reverse();
        }
        const wanted = joined(factors, to);
        const positions = indices(shape).map((index) => index.reduce((at, i, dim) => at + i * strides[dim]!, 0));
        // The only strides that could do: where the second entry of each dimension lies.
        const steps = contiguousStrides(wanted).map((k, dim) => (wanted[dim] === 1 ? 0 : positions[k]!));
        const seen = indices(wanted).map((index) => index.reduce((at, i, dim) => at + i * steps[dim]!, 0));
        const found = viewStrides(layout(shape, strides), wanted)?.map((step, dim) => (wanted[dim] === 1 ? 0 : step));
        expect(found).toEqual(seen.every((at, k) => at === positions[k]) ? steps : undefined);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('broadcastShapes', () => {
  it.each([
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3], [2, 3]],
    [[2, 1], [3], [2, 3]],
    [[], [2, 2], [2, 2]],
    [
      [1, 5],
      [4, 1],
      [4, 5],
    ],
    [[0, 3], [1], [0, 3]],
    [[1], [0], [0]],
  ])('%j and %j give %j', (a, b, expected) => {
    expect(broadcastShapes(a, b)).toEqual(expected);
    expect(broadcastShapes(b, a)).toEqual(expected);
  });

  it('names both shapes and where they differ', () => {
    expect(() => broadcastShapes([2, 3], [4, 1, 2])).toThrow(
      new RangeError('shapes [2, 3] and [4, 1, 2] do not broadcast: 3 and 2 at -1'),
    );
  });
});

describe('forEachRow', () => {
  it('meets every element once, in row-major order, for each operand', () => {
    const operands = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        strides: fc.array(
          fc.array(fc.integer({ min: -7, max: 7 }), { minLength: shape.length, maxLength: shape.length }),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
      }),
    );
    fc.assert(
      fc.property(operands, ({ shape, strides }) => {
        const met: number[][] = [];
        forEachRow(
          shape,
          strides.map((each, k) => ({ strides: each, offset: 100 * k })),
          (at, step, length) => {
            for (let i = 0; i < length; i++) met.push(at.map((start, k) => start + i * step[k]!));
          },
        );
        const expected = indices(shape).map((index) =>
          strides.map((each, k) => index.reduce((at, i, dim) => at + i * each[dim]!, 100 * k)),
        );
        expect(met).toEqual(expected);
      }),
    );
  });

  it('gives a list that was given before only where it is the same to whoever looks', () => {
    const zero = frozen([0, 77, 3]);
    expect(frozen([0, 77, 3])).toBe(zero);
    const negative = frozen([-0, 77, 3]);
    expect(negative).toStrictEqual([-0, 77, 3]);
    expect(zero).toStrictEqual([0, 77, 3]);
    expect([zero, negative].every(Object.isFrozen)).toBe(true);
    // Forgotten meanwhile.
    for (let i = 0; i < 500; i++) frozen([i, 77]);
    expect(frozen([0, 77, 3])).toStrictEqual([0, 77, 3]);
    const data = new Float32Array(4);
    new nonlin.Tensor({ data, shape: [1, 4], strides: [-0, 1] });
    expect(new nonlin.Tensor({ data, shape: [1, 4], strides: [0, 1] }).strides).toStrictEqual([0, 1]);
  });

  it('needs one row for contiguous operands and a stretched number', () => {
    let rows = 0;
    const shape = [3, 4, 5];
    const whole = { strides: contiguousStrides(shape), offset: 0 };
    const number = { strides: broadcastStrides(layout([], []), shape), offset: 0 };
    forEachRow(shape, [whole, number], (_, __, length) => {
      rows++;
      expect(length).toBe(60);
    });
    expect(rows).toBe(1);
  });
});
