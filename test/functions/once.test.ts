// What another library has as a tensor is read once in a call, each member: a getter that answers differently the second time gets no say.
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { Tensor } from '../../lib/index.js';

const loose = nonlin as unknown as Record<string, (...args: unknown[]) => unknown>;
const layers = nonlin as unknown as Record<string, new (options?: unknown) => (...args: unknown[]) => unknown>;

/** What is behind each Proxy. */
const behind = new WeakMap<object, object>();

/** Members behind a Proxy that gives each once. */
function once(members: object): object {
  const read = new Set<PropertyKey>();
  const proxy = new Proxy(members, {
    get(target, key) {
      if (key in target && read.has(key)) throw new Error(`${String(key)} is read twice`);
      read.add(key);
      return Reflect.get(target, key);
    },
  });
  behind.set(proxy, members);
  return proxy;
}

const values = [0.5, -1, 2, 3, -0.25, 1, 4, -3, 0, 1.5, -2, 0.75, 1, 2, -4, 0.125];
const kinds = {
  float32: { data: () => Float32Array.from(values) },
  float64: { data: () => Float64Array.from(values) },
  float16: { data: () => new Tensor(values, { dtype: 'float16' }).data },
  bfloat16: { data: () => new Tensor(values, { dtype: 'bfloat16' }).data },
} as const;
type Kind = keyof typeof kinds;

/** Something tensor-like of 4 x 4. */
const like = (kind: Kind, more: object = {}) => ({
  data: kinds[kind].data(),
  shape: [4, 4],
  strides: [4, 1],
  offset: 0,
  dtype: kind,
  location: 'cpu',
  ...more,
});

/** A call of one operand or several, each as it is given. */
const calls: Readonly<Record<string, (of: (more?: object) => object, kind: Kind) => unknown>> = {
  'relu of x': (of) => loose.relu!(of()),
  'elu of x with an out': (of) => loose.elu!(of(), { alpha: 2, out: of() }),
  'tanh of x of a dtype': (of, kind) => loose.tanh!(of(), { dtype: kind, precision: 'exact' }),
  'a gradient': (of) => loose.sigmoidGrad!(of(), of(), { out: of() }),
  softmax: (of) => loose.softmax!(of(), 0),
  'softmax into an out': (of) => loose.logSoftmax!(of(), { dim: 0, out: of() }),
  'softmax at a temperature': (of) => loose.softmin!(of(), { temperature: 2, mask: of() }),
  'softmax under flags': (of) =>
    loose.softmax!(of(), { mask: once({ data: new Uint8Array(16).fill(1), shape: [4, 4] }) }),
  'its gradient': (of) => loose.softmaxGrad!(of(), of(), { dim: 0 }),
  'a gate of two': (of) => loose.swiglu!(of(), of(), { out: of() }),
  'its gradients': (of) => loose.swigluGrad!(of(), of(), of(), { out: [of(), of()] }),
  'a gate of halves': (of) => loose.glu!(of()),
  'its gradient of halves': (of) => loose.gluGrad!(once({ ...like('float32'), shape: [4, 2], strides: [2, 1] }), of()),
  'slopes for channels': (of) => loose.prelu!(of(), { weight: once(row(4)) }),
  'their gradient': (of) => loose.preluGrad!(of(), of(), { weight: once(row(4)) }),
  'the gradient by them': (of) => loose.preluWeightGrad!(of(), of(), { weight: once(row(4)) }),
  logSumExp: (of) => loose.logSumExp!(of()),
  'its gradient by x': (of, kind) => loose.logSumExpGrad!(once({ ...like(kind), shape: [4], strides: [1] }), of()),
  'a loss of classes': (of) => loose.crossEntropy!(of(), once({ data: Int32Array.of(0, 1, 2, 3), shape: [4] })),
  'a loss of bits as classes': (of) => loose.crossEntropy!(of(), once({ data: Uint16Array.of(0, 1, 2, 3), dims: [4] })),
  'a loss of probabilities': (of) => loose.crossEntropy!(of(), of(), { weight: once(row(4)) }),
  'its gradient by logits': (of) => loose.crossEntropyGrad!(of(), of()),
  'a layer': (of) => new layers.ReLU!()(of()),
  'a layer of a gate': (of) => new layers.SwiGLU!()(of()),
  'a layer with slopes': (of) => new layers.PReLU!({ weight: once(row(4)) })(of()),
  'a loss with weights': (of) => new layers.CrossEntropyLoss!({ weight: once(row(4)) })(of(), [0, 1, 2, 3]),
  'a sum of tensors': (of) => new Tensor(of() as never).add(of() as never),
  'a copy': (of) => Tensor.from(of()),
};

function row(length: number) {
  return { data: Float32Array.from(values.slice(0, length)), dims: [length], type: 'float32' };
}

describe.each(Object.keys(kinds) as Kind[])('of %s', (kind) => {
  it.each(Object.entries(calls))('%s', (name, call) => {
    // Of 16 bits there is no gradient of halves but of their dtype.
    if (name === 'its gradient of halves' && kind !== 'float32') return;
    const given = call((more) => once(like(kind, more)), kind);
    const expected = call((more) => like(kind, more), kind);
    const plain = (of: unknown) => ((behind.get(of as object) ?? of) as { data?: unknown }).data ?? of;
    expect([given].flat().map(plain)).toEqual([expected].flat().map(plain));
  });
});
