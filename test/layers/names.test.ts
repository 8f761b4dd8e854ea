// Layers by the names of other libraries, with their defaults.
import { expect, it } from 'vitest';
import { functionNames } from '../../lib/activations/signatures.js';
import * as nonlin from '../../lib/index.js';

const x = Float32Array.of(-3, -1, -0.25, 0, 0.5, 2, 7);

it.each([
  ['gelu_new', 'GELU', nonlin.gelu(x, { approximate: 'tanh' })],
  ['quick_gelu', 'GELU', nonlin.gelu(x, { approximate: 'sigmoid' })],
  ['gelu', 'GELU', nonlin.gelu(x)],
  ['swish', 'SiLU', nonlin.silu(x)],
  ['linear', 'Identity', x],
  ['leaky_relu', 'LeakyReLU', nonlin.leakyRelu(x)],
  ['Hardsigmoid', 'Hardsigmoid', nonlin.hardSigmoid(x)],
  ['hard_sigmoid', 'Hardsigmoid', nonlin.hardSigmoid(x)],
  ['HardSigmoid', 'Hardsigmoid', nonlin.hardSigmoid(x, { alpha: 0.2, beta: 0.5 })],
  ['hardSigmoid', 'Hardsigmoid', nonlin.hardSigmoid(x, { alpha: 0.2, beta: 0.5 })],
  ['log_softmax', 'LogSoftmax', nonlin.logSoftmax(x)],
  ['gelu_10', 'ClippedGELU', nonlin.gelu(x)],
  ['prelu', 'PReLU', nonlin.prelu(x, { weight: 0.25 })],
  ['mish', 'Mish', nonlin.mish(x)],
  ['Softplus', 'Softplus', nonlin.softplus(x)],
  ['Selu', 'SELU', nonlin.selu(x, { alpha: Math.fround(1.6732632423543772), gamma: Math.fround(1.0507009873554805) })],
  ['SELU', 'SELU', nonlin.selu(x)],
  ['ThresholdedRelu', 'Threshold', nonlin.threshold(x, { threshold: 1, value: 0 })],
  ['thresholdedReLU', 'Threshold', nonlin.threshold(x, { threshold: 1, value: 0 })],
  ['ThresholdedReLU', 'Threshold', nonlin.threshold(x, { threshold: 1, value: 0 })],
  ['logSoftmax', 'LogSoftmax', nonlin.logSoftmax(x)],
  ['PRelu', 'PReLU', nonlin.prelu(x, { weight: 0.25 })],
  ['Shrink', 'Hardshrink', nonlin.hardShrink(x)],
])('%s is a %s', (name, title, expected) => {
  const layer = nonlin.activation(name);
  expect(String(layer).startsWith(`${title}(`)).toBe(true);
  expect(layer(x)).toEqual(expected);
  // Each its own.
  expect(nonlin.activation(name)).not.toBe(layer);
});

it('knows gates of the two halves of an input', () => {
  const even = x.slice(1);
  for (const [name, title] of Object.entries({ glu: 'GLU', swiglu: 'SwiGLU', geglu: 'GEGLU', reglu: 'ReGLU' } as const))
    for (const one of [name, title])
      expect(nonlin.activation(one)(even)).toEqual(nonlin[name as 'swiglu'](new nonlin.Tensor(even)).data);
});

it('knows every function and its class by their own names, but for those that need an option', () => {
  const needy = ['threshold', 'softcap'];
  for (const name of functionNames.filter((name) => !['hardSigmoid', 'prelu', ...needy].includes(name))) {
    const layer = nonlin.activation(name);
    expect(layer(x)).toEqual((nonlin[name] as (x: Float32Array) => Float32Array)(x));
    expect(String(nonlin.activation(layer.constructor.name))).toBe(String(layer));
  }
  for (const name of ['softcap', 'Softcap'])
    expect(() => nonlin.activation(name)).toThrow(
      new RangeError(`activation: '${name}' needs cap: new Softcap({ cap })`),
    );
  for (const name of ['threshold', 'Threshold'])
    expect(() => nonlin.activation(name)).toThrow(
      new RangeError(`activation: '${name}' needs threshold and value: new Threshold({ threshold, value })`),
    );
  expect(() => nonlin.activation('sofcap')).toThrow("; did you mean 'softcap'?");
  expect(() => nonlin.activation('Elementwise')).toThrow(RangeError);
});

it('refuses what it does not know, and says what was meant', () => {
  expect(() => nonlin.activation('gelu_nwe')).toThrow(
    new RangeError('activation: there is no "gelu_nwe"; did you mean \'gelu_new\'?'),
  );
  for (const name of ['toString', 'foo'])
    expect(() => nonlin.activation(name)).toThrow(
      new RangeError(
        `activation: there is no "${name}"; a name is one of transformers' hidden_act, of PyTorch, ONNX, Keras or tfjs, such as 'gelu_new', 'SiLU' or 'leaky_relu'`,
      ),
    );
  for (const name of ['gelu_new', 'SiLU', 'leaky_relu']) expect(() => nonlin.activation(name)).not.toThrow();
  expect(() => (nonlin.activation as (...of: unknown[]) => unknown)('gelu', { approximate: 'tanh' })).toThrow(
    /^activation takes a name and nothing else, got /,
  );
  expect(() => nonlin.activation(3 as never)).toThrow(new TypeError('activation: the name must be a string, got 3'));
});

it('gelu_10 ends at 10 on either side, and its gradient with it', () => {
  const layer = nonlin.activation('gelu_10');
  const far = Float32Array.of(-20, -1, 9.5, 10, 11, Infinity, NaN);
  expect(layer(far)).toEqual(Float32Array.of(-0, nonlin.gelu(Float32Array.of(-1))[0]!, 9.5, 10, 10, 10, NaN));
  expect(layer.backward(new Float32Array(7).fill(2))).toEqual(
    Float32Array.of(-0, 2 * nonlin.geluGrad(Float32Array.of(1), Float32Array.of(-1))[0]!, 2, 0, 0, 0, NaN),
  );
  const x = Float32Array.of(3, 30);
  expect(layer(x, { out: x })).toBe(x);
  expect(x).toEqual(Float32Array.of(nonlin.gelu(Float32Array.of(3))[0]!, 10));
});
