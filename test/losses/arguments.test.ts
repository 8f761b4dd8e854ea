// What cross entropy and logSumExp refuse, and classes in something tensor-like.
import { afterAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

const { CrossEntropyLoss, LogSumExp, Tensor, crossEntropy, crossEntropyGrad, logSumExp, logSumExpGrad } = nonlin;

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

describe('refuses', () => {
  const x = new Tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const p = nonlin.softmax(x);
  const gone = new Float32Array(6);
  structuredClone(gone, { transfer: [gone.buffer] });
  const goneClasses = new Int32Array(2);
  structuredClone(goneClasses, { transfer: [goneClasses.buffer] });
  const loss = new CrossEntropyLoss();
  loss(x, p);
  it.each([
    [
      'probabilities of another shape',
      () => crossEntropy(x, p.T),
      RangeError,
      'of the shape [2, 3] of the logits, got [3, 2]',
    ],
    ['of another length', () => crossEntropy(x, new Float32Array(5)), RangeError, 'got Float32Array of 5'],
    [
      'for a slice',
      () => crossEntropyGrad(x, Float32Array.of(1, 0)),
      RangeError,
      'crossEntropyGrad: a target of floats',
    ],
    [
      'of another dtype',
      () => crossEntropy(x, new Float64Array(6) as never),
      TypeError,
      'must be float32 like the logits, got float64',
    ],
    ['of none', () => crossEntropy(x, gone), TypeError, 'crossEntropy: target is detached'],
    ['classes of none', () => crossEntropy(x, goneClasses), TypeError, 'crossEntropy: target is detached'],
    [
      'classes of none where none are wanted',
      () => crossEntropy(new Tensor(new Float32Array(), { shape: [0, 3] }), goneClasses),
      TypeError,
      'crossEntropy: target is detached',
    ],
    ['logits of none', () => crossEntropy(gone, p), TypeError, 'crossEntropy: logits is detached'],
    ['x of none', () => logSumExp(gone), TypeError, 'logSumExp: x is detached'],
    [
      'ignoreIndex with them',
      () => crossEntropy(x, p, { ignoreIndex: -100 }),
      TypeError,
      'crossEntropy: ignoreIndex is for classes',
    ],
    [
      'lists of them',
      () =>
        crossEntropy(x, [
          [1, 0, 0],
          [0, 1, 0],
        ] as never),
      TypeError,
      'probabilities are a Tensor or an array of floats',
    ],
    [
      'integers in a tensor of no slices',
      () => crossEntropy(x, { data: Int32Array.of(0, 1), dims: [1, 2] }),
      RangeError,
      'crossEntropy: target has shape [1, 2]',
    ],
    ['text that counts', () => crossEntropy(x, ['0', '1'] as never), TypeError, 'target must hold integers, got "0"'],
    [
      'smoothing by text',
      () => crossEntropy(x, p, { labelSmoothing: '1' as never }),
      TypeError,
      'labelSmoothing must be a number',
    ],
    [
      'above 1',
      () => crossEntropy(x, p, { labelSmoothing: 1.5 }),
      RangeError,
      'labelSmoothing must be from 0 to 1, got 1.5',
    ],
    [
      'by NaN',
      () => new CrossEntropyLoss({ labelSmoothing: NaN }),
      RangeError,
      'CrossEntropyLoss: labelSmoothing must be',
    ],
    [
      'another option',
      () => crossEntropy(x, p, { smoothing: 1 } as never),
      TypeError,
      'there is no option `smoothing`',
    ],
    [
      'a dim between two',
      () => new CrossEntropyLoss({ dim: 0.5 }),
      TypeError,
      'CrossEntropyLoss: dim must be an integer',
    ],
    ['a grad of one loss', () => loss.backward(1 as never), TypeError, "takes no grad for reduction 'mean'"],
    [
      'a number as grad',
      () => logSumExpGrad(1 as never, x),
      TypeError,
      'logSumExpGrad: grad must be a Tensor of shape [2], as the result for x is, got 1; pass Tensor.full([2], grad)',
    ],
    ['a tensor as grad', () => logSumExpGrad(p as never, Float32Array.of(1)), TypeError, 'grad must be a number'],
    [
      'a grad of another shape',
      () => logSumExpGrad(p, x),
      RangeError,
      'grad has shape [2, 3] but the result for x has [2]',
    ],
    [
      'with the dimension',
      () => logSumExpGrad(new Tensor([1, 1]), x, { keepdim: true }),
      RangeError,
      'the result for x has [2, 1]',
    ],
    [
      'of another dtype',
      () => logSumExpGrad(new Tensor([1, 1], { dtype: 'float64' }), x),
      TypeError,
      'grad must be float32 like x',
    ],
    ['a dim of a layer', () => new LogSumExp({ dim: 'x' as never }), TypeError, 'LogSumExp: dim must be an integer'],
    ['null', () => new LogSumExp({ dim: null as never }), TypeError, 'LogSumExp: dim must be an integer, got null'],
    ['for a switch', () => logSumExp(x, { keepdim: null as never }), TypeError, 'keepdim must be a boolean, got null'],
    ['or a dim', () => crossEntropy(x, [0], { dim: null as never }), TypeError, 'dim must be an integer, got null'],
    [
      'probabilities in a list',
      () => crossEntropy(Float32Array.of(1, 2), [0.25, 0.75]),
      RangeError,
      'probabilities are a Tensor or an array of floats',
    ],
  ])('%s', (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });

  it.each([
    ['logSumExp', logSumExp, [x]],
    ['logSumExpGrad', logSumExpGrad, [p, x]],
    ['crossEntropy', crossEntropy, [x, p]],
    ['crossEntropyGrad', crossEntropyGrad, [x, p]],
  ] as const)('an argument after the options of %s', (name, f, inputs) => {
    const words = {
      logSumExp: 'x',
      logSumExpGrad: 'grad, x',
      crossEntropy: 'logits, target',
      crossEntropyGrad: 'logits, target',
    };
    expect(() => (f as (...args: unknown[]) => unknown)(...inputs, {}, { dim: 0 })).toThrow(
      new TypeError(`${name} takes ${words[name]} and one object of options, got also an object`),
    );
  });

  it('a class that is not the only one', () => {
    expect(() => crossEntropy(new Tensor([[1]]), [1])).toThrow(
      new RangeError('crossEntropy: target 1 is not 0, the only class'),
    );
  });

  it('a target whose getters take the memory of the logits', () => {
    const logits = new Float32Array(3);
    const target = Object.defineProperty([0], 0, {
      get() {
        structuredClone(logits, { transfer: [logits.buffer] });
        return 0;
      },
    });
    expect(() => crossEntropy(logits, target)).toThrow('crossEntropy: logits is detached');
  });

  const resizable = (bytes: number, most: number) =>
    Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: most }]) as ArrayBuffer & { resize(bytes: number): void };

  it('one whose getters shrink it', () => {
    const buffer = resizable(16, 16);
    const logits = new Float32Array(buffer);
    const target = Object.defineProperty([0], 0, {
      get() {
        buffer.resize(8);
        return 3;
      },
    });
    const had = 'logits had 4 elements, and has 2 since target was read';
    expect(() => crossEntropy(logits, target)).toThrow(had);
    buffer.resize(16);
    expect(() => crossEntropyGrad(logits, target)).toThrow(had);
  });

  it('one whose getters make it larger', () => {
    const buffer = resizable(8, 32);
    const target = Object.defineProperty([0], 0, {
      get() {
        buffer.resize(32);
        return 0;
      },
    });
    expect(() => crossEntropy(new Float32Array(buffer), target)).toThrow(
      new RangeError('crossEntropy: logits had 2 elements, and has 8 since target was read'),
    );
  });
});

describe('classes in something tensor-like, or in nested lists', () => {
  const logits = new nonlin.Tensor(
    Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
    { shape: [2, 3, 4] },
  );
  const list = [0, 1, 2, 0, 2, 1, 0, 2];

  it('have the shape of the slices, of any type of integers and strides', () => {
    const [loss, slope] = [nonlin.crossEntropy(logits, list), nonlin.crossEntropyGrad(logits, list)];
    const turned = [0, 2, 1, 1, 2, 0, 0, 2];
    for (const target of [
      [list.slice(0, 4), list.slice(4)],
      { data: BigInt64Array.from(list, BigInt), dims: [2, 4], type: 'int64' },
      { data: Int32Array.from(list), shape: [2, 4] },
      { data: Uint8Array.from(turned), shape: [2, 4], strides: [1, 2] },
      { data: Uint16Array.from([9, ...list]), shape: [2, 4], strides: [4, 1], offset: 1 },
    ]) {
      expect(nonlin.crossEntropy(logits, target)).toBe(loss);
      expect(nonlin.crossEntropyGrad(logits, target)).toEqual(slope);
    }
    const masked = { data: BigInt64Array.from(list, (one) => (one === 0 ? -1n : BigInt(one))), dims: [2, 4] };
    expect(nonlin.crossEntropy(logits, masked, { ignoreIndex: -1 })).toBe(
      nonlin.crossEntropy(logits, list, { ignoreIndex: 0 }),
    );
  });

  it('of another shape, or of 16 bits that are floats, are refused', () => {
    expect(() => nonlin.crossEntropy(logits, { data: Int32Array.from(list), shape: [8] })).toThrow(
      new RangeError('crossEntropy: target has shape [8], and logits of shape [2, 3, 4] have slices [2, 4] along 1'),
    );
    expect(() =>
      nonlin.crossEntropy(logits, { data: Uint16Array.from(list), dims: [2, 4], type: 'float16' } as nonlin.TensorLike),
    ).toThrow("crossEntropy: target must be float32 or float64, got float16; pass target.to('float32')");
    // By a name that other libraries have.
    const named = { data: Uint16Array.from(list), dims: [2, 4], dtype: 'torch.float16' };
    expect(() => nonlin.crossEntropy(logits, named)).toThrow(
      'target: data must be a Float32Array or a Float64Array, got',
    );
    expect(() => nonlin.crossEntropy(logits, { data: Int32Array.of(3), shape: [] })).toThrow(RangeError);
  });

  it('say what else there is', () => {
    const square = nonlin.Tensor.zeros([2, 2]);
    for (const [target, message] of [
      [
        [
          [0, 1],
          [1, 0],
        ],
        'nested lists are classes, and have the shape of the logits here; probabilities are a Tensor or an array of floats',
      ],
      [[[0, 1], [1]], 'target: row 1 has 1 entry, row 0 has 2'],
      [[['a']], 'target: element [0, 0] must be a number or a boolean, got "a"'],
      [
        nonlin.Tensor.zeros([2]),
        'a target of floats is probabilities, of the shape [2, 2] of the logits, got [2]; classes are a list or an array of integers',
      ],
    ] as const)
      expect(() => nonlin.crossEntropy(square, target as never)).toThrow(`crossEntropy: ${message}`);
  });
});

it('names a class of 64 bits with all its digits', () => {
  const logits = new Tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  for (const target of [BigInt64Array.of(0n, 2n ** 62n), BigUint64Array.of(0n, 2n ** 62n), [0, 2n ** 62n]])
    expect(() => crossEntropy(logits, target as never)).toThrow(
      new RangeError('crossEntropy: target 4611686018427387904 is none of 3 classes, 0 to 2'),
    );
});
