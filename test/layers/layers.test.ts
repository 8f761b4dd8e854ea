// The callable classes.
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const { GELU, ReLU, Sigmoid, Softmax, Tanh, Tensor } = nonlin;
const f32 = (...values: number[]) => Float32Array.from(values);
const square = new Tensor([
  [1, 2],
  [3, 5],
]);
const corner = new Tensor([
  [1, 0],
  [0, 0],
]);

describe.each([
  [ReLU, nonlin.relu, nonlin.reluGrad, 'ReLU()'],
  [Sigmoid, nonlin.sigmoid, nonlin.sigmoidGrad, 'Sigmoid()'],
  [Tanh, nonlin.tanh, nonlin.tanhGrad, 'Tanh()'],
  [GELU, nonlin.gelu, nonlin.geluGrad, "GELU(approximate='none')"],
  [Softmax, nonlin.softmax, nonlin.softmaxGrad, 'Softmax(dim=-1)'],
] as const)('%o', (Layer, f, grad, text) => {
  it('is called like its forward, which is the function', () => {
    const layer = new Layer();
    const x = new Tensor([[-1, 0, 1, 2]]);
    expect(layer(x)).toEqual(f(x));
    expect(layer.forward(x)).toEqual(f(x));
    expect(layer(f32(-1, 2))).toEqual(f(f32(-1, 2)));
    expect(layer).toBeInstanceOf(Layer);
    expect([1, 2].map((n) => f32(n, -n)).map((a) => layer(a))).toEqual([f(f32(1, -1)), f(f32(2, -2))]);
  });

  it('goes backward at the input of the last forward, or at the one given', () => {
    const layer = new Layer();
    const [g, x, other] = [f32(1, 2, 3), f32(-1, 0.5, 2), f32(3, -3, 1)];
    expect(() => layer.backward(g)).toThrow(
      '.backward(grad) needs the input of a forward, and no forward came before it',
    );
    layer(x);
    expect(layer.backward(g)).toEqual(grad(g, x));
    expect(layer.backward(g, other)).toEqual(grad(g, other));
    expect(layer.backward(g)).toEqual(grad(g, x));
  });

  it('says where options of backward go, and takes them there', () => {
    const [layer, x, options] = [new Layer(), f32(1, 2), { precision: 'exact' } as const];
    layer(x);
    expect(() => layer.backward(x, options as never)).toThrow(
      new TypeError(`${text.replace(/\(.*/, '')}: options come after x: backward(grad, undefined, options)`),
    );
    expect(layer.backward(x, undefined, options)).toEqual(grad(x, x, options));
  });

  it('does not go backward at an input that forward has overwritten', () => {
    const layer = new Layer();
    const x = f32(-1, 0.5, 2);
    layer.forward(x, { out: x });
    expect(() => layer.backward(f32(1, 1, 1))).toThrow('the output of the last forward lies among its input');
    const t = new Tensor(f32(-1, 0.5));
    layer.forward(t, { out: t });
    expect(() => layer.backward(t)).toThrow('the output of the last forward lies among its input');
  });

  it('does not go backward at one that lies in steps, or in the memory of out in another order', () => {
    const layer = new Layer();
    for (const shape of [
      [2, 3, 4],
      [20, 3, 40],
    ]) {
      const x = Tensor.ones(shape).permute(2, 0, 1);
      layer(x, { out: x });
      expect(() => layer.backward(x)).toThrow('the output of the last forward lies among its input');
      const out = Tensor.ones(shape).transpose(0, 1);
      const other = new Tensor(out.data, { shape: out.shape });
      layer(other);
      layer(other, { out });
      expect(() => layer.backward(other)).toThrow('the output of the last forward lies among its input');
    }
  });

  it('keeps its last input itself in training, and none after eval()', () => {
    const layer = new Layer();
    const [g, x] = [f32(1, 2, 3), f32(-1, 0.5, 2)];
    expect(layer.training).toBe(true);
    layer(x);
    // Not a copy: what is written since counts.
    x.set([2, -1, 0.25]);
    expect(layer.backward(g)).toEqual(grad(g, f32(2, -1, 0.25)));

    expect(layer.eval()).toBe(layer);
    expect(layer.training).toBe(false);
    const gone = `${text}.backward(grad) needs the input of a forward, and after eval() none is kept; pass it: backward(grad, x), or call train() before forward`;
    expect(() => layer.backward(g)).toThrow(new Error(gone));
    expect(layer(x)).toEqual(f(x));
    expect(() => layer.backward(g)).toThrow(new Error(gone));
    layer(x, { out: x.slice() });
    expect(() => layer.backward(g)).toThrow(new Error(gone));
    expect(layer.backward(g, x)).toEqual(grad(g, x));
    expect(layer.eval().training).toBe(false);

    expect(layer.train()).toBe(layer);
    expect(layer.training).toBe(true);
    expect(() => layer.backward(g)).toThrow('and no forward came since train(); pass it: backward(grad, x)');
    layer(x);
    expect(layer.train().backward(g)).toEqual(grad(g, x));
    expect(layer.train(false).training).toBe(false);
    expect(layer.train(true).training).toBe(true);
    for (const mode of [0, null, 'yes'])
      expect(() => layer.train(mode as unknown as boolean)).toThrow(`${Layer.name}: train takes a boolean, got `);
    expect(layer.training).toBe(true);
  });

  it('keeps nothing alive after eval()', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const layer = new Layer();
    const run = () => {
      const x = new Float32Array(1000);
      layer(x, { out: new Float32Array(1000) });
      return new WeakRef(x);
    };
    // A reference is held until the turn of the event loop that made it ends.
    const collected = async (x: WeakRef<object>) => {
      await new Promise((resolve) => setTimeout(resolve));
      collect();
      return x.deref() === undefined;
    };
    const kept = run();
    expect(await collected(kept)).toBe(false);
    layer.eval();
    expect(await collected(kept)).toBe(true);
    expect(await collected(run())).toBe(true);
  });

  it('has no parameters and prints like PyTorch', () => {
    const layer = new Layer();
    expect(layer.parameters()).toEqual([]);
    expect(String(layer)).toBe(text);
    expect(inspect(layer)).toBe(text);
    expect(inspect({ layer })).toBe(`{ layer: ${text} }`);
  });

  it('has its name from nothing that a bundler changes', () => {
    const { name } = Layer;
    const layer = new Layer() as InstanceType<typeof Layer> & ((x: unknown, options?: unknown) => unknown);
    try {
      Object.defineProperty(Layer, 'name', { value: 'mt', configurable: true });
      const renamed = new Layer() as typeof layer;
      for (const one of [layer, renamed]) {
        expect(String(one)).toBe(text);
        expect(inspect(one)).toBe(text);
        expect(() => one(f32(1), { precision: 'double' })).toThrow(`${name}: precision must be`);
        expect(() => one.backward(f32(1))).toThrow(`${text}.backward(grad)`);
        expect(() => one.backward(f32(1), f32(1), { out: f32(1), precision: 'double' as 'exact' })).toThrow(
          `${name}.backward: precision must be`,
        );
        expect(() => one.backward(f32(1), f32(1, 2))).toThrow(`${name}.backward: grad has 1 element but x has 2`);
      }
    } finally {
      Object.defineProperty(Layer, 'name', { value: name });
    }
  });

  it('takes no options that are not an object', () => {
    const layer = new Layer() as (x: unknown, options: unknown) => unknown;
    expect(() => layer(f32(1), 'x')).toThrow(TypeError);
  });
});

it('a class made from a layer is called like it, or has a name of its own', () => {
  class Plain extends ReLU {}
  class Own extends GELU {
    protected override title() {
      return 'MyGELU';
    }
  }
  expect(String(new Plain())).toBe('ReLU()');
  expect(String(new Own({ approximate: 'tanh' }))).toBe("MyGELU(approximate='tanh')");
  expect(() => new Own()(new Int8Array(1) as unknown as Float32Array)).toThrow('MyGELU: x must be');
});

it('GELU takes its approximation from the constructor', () => {
  const x = f32(-2, 1);
  for (const approximate of ['none', 'tanh', 'sigmoid'] as const) {
    const layer = new GELU({ approximate });
    expect(layer(x)).toEqual(nonlin.gelu(x, { approximate }));
    expect(layer.backward(f32(1, 1))).toEqual(nonlin.geluGrad(f32(1, 1), x, { approximate }));
    expect(String(layer)).toBe(`GELU(approximate='${approximate}')`);
  }
  expect(() => new GELU({ approximate: 'erf' as 'none' })).toThrow(TypeError);
});

it('Softmax goes backward along the dimension of its last forward in both modes', () => {
  for (const layer of [new Softmax(), new Softmax().eval()]) {
    layer(square, 0);
    expect(layer.backward(square, square)).toEqual(nonlin.softmaxGrad(square, square, 0));
    layer(square);
    expect(layer.backward(square, square)).toEqual(nonlin.softmaxGrad(square, square, 1));
  }
});

it('Softmax takes its dimension from the call or the constructor, and backward follows', () => {
  const layer = new Softmax({ dim: 0 });
  expect(layer(square)).toEqual(nonlin.softmax(square, { dim: 0 }));
  expect(layer(square, 1)).toEqual(nonlin.softmax(square, { dim: 1 }));
  expect(layer.backward(corner)).toEqual(nonlin.softmaxGrad(corner, square, { dim: 1 }));
  expect(layer.forward(square, { dim: -2 })).toEqual(nonlin.softmax(square, { dim: 0 }));
  expect(layer.backward(corner)).toEqual(nonlin.softmaxGrad(corner, square, { dim: 0 }));
  expect(() => layer(square, 2)).toThrow('dim must be in [-2, 1] for shape [2, 2], got 2');
  expect(() => layer(square, 0.5)).toThrow(TypeError);
  expect(String(layer)).toBe('Softmax(dim=0)');
});

it('Softmax goes backward along the list of its last forward, whatever becomes of the list', () => {
  const layer = new Softmax();
  const dim = [0, 1];
  layer(square, { dim });
  dim.pop();
  expect(layer.backward(corner)).toEqual(nonlin.softmaxGrad(corner, square, { dim: [0, 1] }));
});

it('a forward that is refused changes nothing for backward', () => {
  const layer = new Softmax();
  layer(square);
  expect(() => layer(square, { dim: 0, empty: 'all' as never })).toThrow(TypeError);
  expect(layer.backward(corner)).toEqual(nonlin.softmaxGrad(corner, square));
  const loss = new nonlin.CrossEntropyLoss();
  loss(square, [0, 1]);
  expect(() => loss(square, [0, 2])).toThrow(RangeError);
  expect(loss.backward()).toEqual(nonlin.crossEntropyGrad(square, [0, 1]));
});

describe('what has the prototype of a layer alone', () => {
  const classes = Object.entries(nonlin).filter(
    ([name, made]) => /^[A-Z]/.test(name) && typeof made === 'function' && name !== 'Tensor',
  ) as [string, { prototype: object }][];
  /** Methods, and options that are read, of a class and of those that it extends. */
  function membersOf(prototype: object): Map<string, PropertyDescriptor> {
    const inherited = Object.getPrototypeOf(prototype) as object;
    const all = inherited === Object.prototype ? new Map<string, PropertyDescriptor>() : membersOf(inherited);
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (member.get !== undefined || /^(forward|backward|weightGrad|train|eval|toString)$/.test(name))
        all.set(name, member);
    return all;
  }

  it.each(classes)('is no %s, nor is nothing', (_, { prototype }) => {
    const members = membersOf(prototype);
    expect([...members.keys()]).toEqual(expect.arrayContaining(['training', 'forward', 'backward', 'eval']));
    for (const [name, { get, value }] of members)
      for (const [own, got] of [
        [Object.create(prototype), 'an object that is none'],
        [undefined, 'undefined'],
        [() => {}, 'a function'],
      ])
        expect(() => (get ?? value).call(own)).toThrow(
          new TypeError(`${name}: this must be a layer that its constructor made, got ${got}`),
        );
    expect(inspect(Object.create(prototype))).toBe('[object Object]');
  });
});
