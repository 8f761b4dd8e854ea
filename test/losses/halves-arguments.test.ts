// What logSumExp, losses and weights of float16 and bfloat16 refuse, in which words.
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const { CrossEntropyLoss, Tensor } = nonlin;
const { crossEntropy, crossEntropyGrad, logSumExp, logSumExpGrad, prelu } = nonlin;
type Half = nonlin.Tensor<nonlin.HalfDType>;

describe('refuses', () => {
  const half = new Tensor([[1, 2]], { dtype: 'float16' });
  const brain = half.to('bfloat16');
  const bits = Uint16Array.of(1, 2);
  const loss = new CrossEntropyLoss({ reduction: 'none' });
  loss(half, [0]);
  const gone = new Tensor(Uint16Array.of(1, 2), { dtype: 'float16' });
  structuredClone(gone.data, { transfer: [gone.data.buffer as ArrayBuffer] });
  const say = "say of which numbers: { dtype: 'float16' } or { dtype: 'bfloat16' }";
  const likely = 'crossEntropy: a target of floats is probabilities and must be float16 like the logits, got';
  it.each<[string, () => unknown, string]>([
    ['bits alone', () => logSumExp(bits), `logSumExp: x is a Uint16Array; ${say}`],
    ['bits of logits', () => crossEntropy(bits, [0]), `crossEntropy: logits is a Uint16Array; ${say}`],
    ['another dtype', () => logSumExp(half, { dtype: 'bfloat16' }), "logSumExp: dtype must be that of x, 'float16'"],
    [
      'of floats',
      () => crossEntropy(Float32Array.of(1), [0], { dtype: 'float16' }),
      'crossEntropy: dtype must be that of logits, \'float32\', got "float16"',
    ],
    ['none', () => logSumExp(half, { dtype: 'int8' as never }), "logSumExp: dtype must be 'float32', 'float64'"],
    [
      'for a layer',
      () => new CrossEntropyLoss({ dtype: 'int8' as never }),
      "CrossEntropyLoss: dtype must be 'float32'",
    ],
    [
      'a grad of floats',
      () => logSumExpGrad(new Tensor([1]), half),
      'logSumExpGrad: grad must be float16 like x, got float32',
    ],
    [
      'of others',
      () => logSumExpGrad(new Tensor([1], { dtype: 'bfloat16' }), half),
      'grad must be float16 like x, got bfloat16',
    ],
    ['of another shape', () => logSumExpGrad(half, half), 'grad has shape [1, 2] but the result for x has [1]'],
    ['a tensor for bits', () => logSumExpGrad(half as never, bits, { dtype: 'float16' }), 'grad must be a number'],
    [
      'of halves for floats',
      () => logSumExpGrad(half, new Tensor([[1, 2]])),
      'grad must be float32 or float64, got float16',
    ],
    ['a grad for losses', () => loss.backward(new Tensor([1])), 'grad must be float16 like the logits, got float32'],
    ['as bits', () => loss.backward(Uint16Array.of(1, 2)), 'grad has shape [2] but the losses have [1]'],
    ['probabilities of floats', () => crossEntropy(half, new Tensor([[0, 1]])), `${likely} float32`],
    ['of others', () => crossEntropy(half, brain), `${likely} bfloat16`],
    [
      'of halves for floats',
      () => crossEntropy(new Tensor([[1, 2]]), half),
      'target must be float32 or float64, got float16',
    ],
    ['of another shape', () => crossEntropy(half, half.reshape([2])), 'of the shape [1, 2] of the logits, got [2]'],
    ['ignoreIndex with them', () => crossEntropy(half, half, { ignoreIndex: 1 }), 'ignoreIndex is for classes'],
    [
      'bits, which are classes',
      () => crossEntropy(half, bits),
      'target has 2 elements, and logits of shape [1, 2] have 1',
    ],
    [
      'bits as weights',
      () => crossEntropy(half, [0], { weight: bits as never }),
      'got Uint16Array of 2; pass new Tensor(weight, {',
    ],
    [
      'infinite weights',
      () => crossEntropy(half, [0], { weight: [1, 1e39] }),
      'weight[1] must be finite as a float32, got 1e+39',
    ],
    [
      'NaN',
      () => prelu(half, { weight: new Tensor([1, NaN], { dtype: 'float16' }) }),
      'prelu: weight[1] must be finite',
    ],
    ['x of no memory', () => logSumExp(gone), 'logSumExp: x: data is detached'],
    [
      'grad',
      () => logSumExpGrad(gone, new Tensor([[1], [2]], { dtype: 'float16' })),
      'logSumExpGrad: grad: data is detached',
    ],
    ['logits', () => crossEntropy(gone, [0]), 'crossEntropy: logits: data is detached'],
    ['target', () => crossEntropy(half.reshape([2]), gone), 'crossEntropy: target: data is detached'],
    ['weight', () => crossEntropy(half, [0], { weight: gone }), 'crossEntropy: weight: data is detached'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });

  it('logits that the getters of others have taken away', () => {
    const calls: Record<string, (logits: Half, other: nonlin.TensorLike) => unknown> = {
      'logSumExpGrad: x': (x, other) => logSumExpGrad(other, x),
      'crossEntropy: logits': (x, other) => crossEntropy(x, other),
      'crossEntropyGrad: logits': (x, other) => crossEntropyGrad(x, [0, 0], { weight: other }),
      'CrossEntropyLoss.backward: logits': (x, other) => {
        const loss = new CrossEntropyLoss({ reduction: 'none' });
        loss(x, [0, 0]);
        return loss.backward(other);
      },
    };
    for (const [message, call] of Object.entries(calls)) {
      const logits = Uint16Array.of(0x3c00, 0, 0, 0);
      const other = {
        get data() {
          if (logits.length > 0) structuredClone(logits, { transfer: [logits.buffer] });
          return Uint16Array.of(0, 0, 0, 0);
        },
        shape: message === 'crossEntropy: logits' ? [2, 2] : [2],
        dtype: 'float16',
        strides: message === 'crossEntropy: logits' ? [2, 1] : [1],
      };
      const x = new Tensor(logits, { dtype: 'float16', shape: [2, 2] });
      expect(() => call(x, other)).toThrow(`${message}: data is detached`);
    }
  });
});
