// Members of a Tensor that were assigned, and what has the prototype of a Tensor alone: the next call says so, with its name.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { writeNpy } from '../../lib/files.js';
import * as nonlin from '../../lib/index.js';
import { Tensor } from '../../lib/index.js';

type Writable = { -readonly [K in keyof Tensor]: unknown };
type Call = (x: Tensor, other: Tensor) => unknown;
type Calls = Readonly<Record<string, Call>>;

const calls: Calls = {
  relu: (x) => nonlin.relu(x),
  elu: (x) => nonlin.elu(x, { alpha: 2, precision: 'exact' }),
  tanh: (x, other) => nonlin.tanh(other, { out: x }),
  reluGrad: (x, other) => nonlin.reluGrad(x, other),
  sigmoidGrad: (x, other) => nonlin.sigmoidGrad(other, x),
  softmax: (x) => nonlin.softmax(x),
  logSoftmax: (x) => nonlin.logSoftmax(x, { dim: 0, temperature: 2 }),
  softmin: (x, other) => nonlin.softmin(other, { mask: x }),
  softmaxGrad: (x, other) => nonlin.softmaxGrad(other, x),
  reglu: (x, other) => nonlin.reglu(x, other),
  swiglu: (x, other) => nonlin.swiglu(other, x),
  glu: (x) => nonlin.glu(x),
  geluGrad: (x, other) => nonlin.geluGrad(other, other, { out: x }),
  crossEntropy: (x) => nonlin.crossEntropy(x, [0, 1, 0, 1]),
  crossEntropyGrad: (x, other) => nonlin.crossEntropyGrad(other, x),
  logSumExp: (x) => nonlin.logSumExp(x),
  prelu: (x) => nonlin.prelu(x, { weight: [1, 2, 3, 4] }),
  ReLU: (x) => new nonlin.ReLU()(x),
  writeNpy: (x) => writeNpy(x),
};
const methods: Calls = {
  ndim: (x) => x.ndim,
  numel: (x) => x.numel(),
  isContiguous: (x) => x.isContiguous(),
  contiguous: (x) => x.contiguous(),
  clone: (x) => x.clone(),
  reshape: (x) => x.reshape(-1),
  view: (x) => x.view(16),
  transpose: (x) => x.transpose(0, 1),
  permute: (x) => x.permute(1, 0),
  T: (x) => x.T,
  at: (x) => x.at(0, 0),
  item: (x) => x.item(0, 0),
  select: (x) => x.select(0, 0),
  slice: (x) => x.slice(0, 1),
  squeeze: (x) => x.squeeze(),
  unsqueeze: (x) => x.unsqueeze(0),
  sum: (x) => x.sum(),
  mean: (x) => x.mean(0),
  max: (x) => x.max(),
  argmax: (x) => x.argmax(),
  topk: (x) => x.topk(1),
  toArray: (x) => x.toArray(),
  to: (x) => x.to('float64'),
  toJSON: (x) => x.toJSON(),
  maskedFill: (x) => x.maskedFill([true], 0),
  equals: (x, other) => x.equals(other),
  allClose: (x, other) => x.allClose(other),
  add: (x, other) => x.add(other),
  sub: (x) => x.sub(1),
  toString: (x: Tensor) => x.toString(),
};

const square = (shape = [4, 4]) => new Tensor(new Float32Array(16).fill(-1), { shape });
/** A matrix, and a view whose way through its elements is known. */
const made = {
  matrix: () => square(),
  view: () => {
    const x = square().T;
    nonlin.relu(x);
    return x;
  },
  'a matrix of 2000': () => new Tensor(new Float32Array(2000), { shape: [500, 4] }),
};

const assigned: Readonly<Record<string, (x: Writable) => void>> = {
  shape: (x) => {
    x.shape = [1000, 1000];
  },
  strides: (x) => {
    x.strides = [2, 1];
  },
  size: (x) => {
    x.size = 8;
  },
  offset: (x) => {
    x.offset = 0.5;
  },
};

describe.each(Object.entries(made))('the members of %s', (_, make) => {
  const wanted = (member: string) =>
    new RegExp(
      `the ${member} of [a-z]+ ${member === 'strides' ? 'were assigned, which are' : 'was assigned, which is'} read-only; new Tensor\\({ data, shape, strides }\\) makes another Tensor$`,
    );

  it.each(Object.entries({ ...calls, ...methods }))('are to be read, as %s says', (name, call) => {
    for (const [member, assign] of Object.entries(assigned)) {
      const [x, other] = [make(), square()];
      assign(x as Writable);
      const act = () => call(x, other);
      expect(act).toThrow(TypeError);
      expect(act).toThrow(new RegExp(`^${name}: `));
      expect(act).toThrow(wanted(member));
      expect(other.data.every((value) => value === -1)).toBe(true);
      expect((x.data as Float32Array).every((value) => value === x.data[0])).toBe(true);
    }
  });

  it('are to be read of another operand too', () => {
    for (const [member, assign] of Object.entries(assigned)) {
      const x = make();
      assign(x as Writable);
      for (const act of [() => square().add(x), () => square().equals(x), () => square().allClose(x)])
        expect(act).toThrow(new RegExp(`the ${member} of other (was|were) assigned`));
      expect(() => square().maskedFill(x, 0)).toThrow(
        new RegExp(`^maskedFill: the ${member} of mask (was|were) assigned`),
      );
    }
  });

  it('are shown for what they are', () => {
    const x = make();
    assigned.shape!(x as Writable);
    expect(inspect(x)).toBe(
      '[Tensor: the shape of it was assigned, which is read-only; new Tensor({ data, shape, strides }) makes another Tensor]',
    );
  });
});

it('the data of a Tensor that is no longer an array of its numbers is an error', () => {
  for (const data of [[1, 2], undefined, new Uint16Array(16), new DataView(new ArrayBuffer(64))])
    for (const [name, call] of Object.entries({ ...calls, ...methods })) {
      const x = square() as Writable;
      x.data = data;
      const act = () => call(x as Tensor, square());
      expect(act).toThrow(TypeError);
      expect(act).toThrow(new RegExp(`^${name}: the data of [a-z]+ was assigned`));
    }
});

it('an offset that is assigned is an integer', () => {
  for (const offset of [Number.NaN, Infinity, '0', null, undefined]) {
    const x = square() as Writable;
    x.offset = offset;
    for (const act of [() => nonlin.relu(x as Tensor), () => (x as Tensor).sum()])
      expect(act).toThrow(/^(relu|sum): the offset of (x|this) was assigned/);
  }
});

it('an integer offset that is assigned leads elsewhere, a known way through the elements or not, and not beyond the memory', () => {
  const x = new Tensor({ data: Float32Array.from({ length: 20 }, (_, i) => i), shape: [2, 2], strides: [2, 4] });
  expect(nonlin.relu(x).toArray()).toEqual(x.toArray());
  (x as Writable).offset = 3;
  expect(nonlin.relu(x).toArray()).toEqual([
    [3, 7],
    [5, 9],
  ]);
  (x as Writable).offset = 14;
  expect(() => nonlin.relu(x)).toThrow('relu: x: shape [2, 2], strides [2, 4], offset 14 reach elements 14 to 20');
});

it('dtype has no place to assign to, and no entry of shape and strides can be assigned', () => {
  const x = square() as unknown as Writable & { shape: number[]; strides: number[] };
  for (const assign of [
    () => {
      x.dtype = 'float64';
    },
    () => {
      x.shape[0] = 2;
    },
    () => {
      x.strides[0] = 2;
    },
  ])
    expect(assign).toThrow(TypeError);
});

describe('what has the prototype of Tensor alone', () => {
  const fake = Object.create(Tensor.prototype) as Tensor;

  it.each(Object.entries(calls))('is none to %s', (name, call) => {
    const act = () => call(fake, square());
    expect(act).toThrow(TypeError);
    expect(act).toThrow(new RegExp(`^${name}: .*, got an object with the prototype of Tensor$`));
  });

  it.each(Object.entries(methods))('has no %s', (name, call) => {
    const act = () => call(fake, square());
    expect(act).toThrow(
      new TypeError(`${name}: this must be a Tensor that new Tensor made, got an object with the prototype of Tensor`),
    );
  });

  it('is none to make a Tensor of', () => {
    for (const act of [() => new Tensor(fake), () => Tensor.from(fake)])
      expect(act).toThrow(/something with data and shape or dims, got an object with the prototype of Tensor$/);
    expect(() => [...fake]).toThrow(/^Tensor: this must be a Tensor/);
    expect(inspect(fake)).toContain('must be a Tensor that new Tensor made');
  });
});

it('a method without its Tensor says so', () => {
  const loose = Tensor.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of Object.keys(methods)) {
    const { value } = Object.getOwnPropertyDescriptor(loose, name)!;
    if (value === undefined) continue;
    for (const [own, got] of [
      [undefined, 'undefined'],
      [3, '3'],
      [{}, 'an object'],
    ])
      expect(() => value.call(own, 0)).toThrow(
        new TypeError(`${name}: this must be a Tensor that new Tensor made, got ${got}`),
      );
  }
});

it('a mask and a weight of 16-bit numbers are looked at as others are', () => {
  const halves = () =>
    new Tensor([
      [-1, -2],
      [-3, -4],
    ]).to('float16');
  const weight = new Tensor([0.5, 0.25, 9, 9]).to('float16');
  Object.assign(weight, { shape: [2] });
  expect(() => nonlin.prelu(halves(), { weight })).toThrow(/^prelu: the shape of weight was assigned/);
  for (const [member, value] of [
    ['shape', [1, 2]],
    ['data', new Int32Array(4)],
  ] as const) {
    const mask = Object.assign(halves(), { [member]: value });
    expect(() => nonlin.softmax(halves(), { mask })).toThrow(`softmax: the ${member} of mask was assigned`);
  }
});

it('a Proxy that gives Proxies of its members is a Tensor', () => {
  const deep = <A extends object>(of: A): A =>
    new Proxy(of, {
      get(target, key, receiver) {
        const value = Reflect.get(target, key, receiver);
        return Array.isArray(value) ? deep(value) : value;
      },
    });
  const x = square();
  expect(nonlin.elu(deep(x)).equals(nonlin.elu(x))).toBe(true);
  expect(deep(x).T.sum().item()).toBe(-16);
  Object.assign(x, { shape: [4] });
  expect(() => nonlin.elu(deep(x))).toThrow(/^elu: the shape of x was assigned/);
});

it('a copy of the members with the prototype is a Tensor, as a library that copies deeply makes it', () => {
  const x = square().T;
  const { data, shape, strides, offset, size } = x;
  const copy = Object.assign(Object.create(Tensor.prototype), {
    data: data.slice(),
    shape: [...shape],
    strides: [...strides],
    offset,
    size,
  }) as Tensor;
  expect(nonlin.elu(copy).toArray()).toEqual(nonlin.elu(x).toArray());
  expect(copy.sum().item()).toBe(-16);
});
