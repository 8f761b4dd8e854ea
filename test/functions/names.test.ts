// Layers by the names of other libraries, with their defaults.
import { expect, it } from 'vitest';
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
  ['log_softmax', 'LogSoftmax', nonlin.logSoftmax(x)],
])('%s is a %s', (name, title, expected) => {
  const layer = nonlin.activation(name);
  expect(String(layer).startsWith(`${title}(`)).toBe(true);
  expect(layer(x)).toEqual(expected);
  // Each its own.
  expect(nonlin.activation(name)).not.toBe(layer);
});

it('refuses what it does not know, and says what was meant', () => {
  expect(() => nonlin.activation('gelu_nwe')).toThrow(
    new RangeError('activation: there is no "gelu_nwe"; did you mean \'gelu_new\'?'),
  );
  expect(() => nonlin.activation('toString')).toThrow(RangeError);
  expect(() => nonlin.activation(3 as never)).toThrow(new TypeError('activation: the name must be a string, got 3'));
});
