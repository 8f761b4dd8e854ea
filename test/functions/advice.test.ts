// What messages say to pass in place of what cannot be read: of the argument that is at fault, and so that the next call has no other error.
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { Tensor } from '../../lib/index.js';

const loose = nonlin as unknown as Record<string, (...args: unknown[]) => unknown>;
const x = new Tensor([1, 2]);
const logits = new Tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

/** What cannot be read, in all of the places that have advice of their own. */
const unreadable = {
  'a list in something tensor-like': { data: [1, 2], dims: [2] },
  'a tensor of tfjs': { data() {}, dataSync() {}, shape: [2] },
  'a tensor of transformers.js': { ort_tensor: {}, data: ['a'], dims: [2] },
  'a tensor on a GPU': { location: 'gpu-buffer', data: undefined, dims: [2] },
  'what toJSON wrote': { dtype: 'float32', shape: [2], data: [1, 2] },
  'an ArrayBuffer': new ArrayBuffer(8),
  'a DataView': new DataView(new ArrayBuffer(8)),
  'an array that has to be asked for': { toArray: () => [1, 2] },
  'a view': { values: Float32Array.of(1, 2), shape: [2] },
  'a selection': { selection: Float32Array.of(1, 2) },
};

const calls: Readonly<Record<string, (given: unknown) => unknown>> = {
  x: (given) => loose.relu!(given),
  out: (given) => loose.relu!(x, { out: given }),
  grad: (given) => loose.reluGrad!(given, x),
  gate: (given) => loose.reglu!(given, x),
  weight: (given) => loose.prelu!(x, { weight: given }),
  mask: (given) => loose.softmax!(x, { mask: given }),
  logits: (given) => loose.crossEntropy!(given, [0]),
  target: (given) => loose.crossEntropy!(logits, given),
  other: (given) => x.add(given as never),
};

describe.each(Object.entries(calls))('of %s', (argument, call) => {
  it.each(Object.entries(unreadable))('advice names it, for %s', (_, given) => {
    const [, advice = ''] = messageOf(() => call(given)).split('; pass ');
    expect(advice.match(/\bx\b/g) === null || argument === 'x').toBe(true);
    if (advice !== '' && !advice.startsWith('{ data, shape }')) expect(advice).toContain(argument);
    // It would be filled, and whoever passed it not see it.
    if (argument === 'out') expect(advice).toBe('');
  });
});

it('a mask that fills is advised like one that keeps', () => {
  const given = { data: [-1, 2], dims: [2] } as never;
  const wanted = 'pass { data: Float32Array.from(mask.data), dims: mask.dims }';
  expect(messageOf(() => x.maskedFill(given, 0))).toContain(`maskedFill: mask: data must be a typed array`);
  for (const act of [() => x.maskedFill(given, 0), () => nonlin.softmax(x, { mask: given })])
    expect(messageOf(act)).toContain(wanted);
});

it('of an up that is to be of 16 bits, the gate is what it has to be like', () => {
  const half = x.to('float16');
  expect(messageOf(() => loose.reglu!(half, x))).toBe(
    'reglu: up must be a Tensor of float16 like gate, got a Tensor of float32',
  );
});

it('of a list within a list no array is advised, which would hold NaN', () => {
  expect(messageOf(() => loose.relu!({ data: [[1, 2]], dims: [1, 2] }))).toBe(
    'relu: x: data must be a Float32Array or a Float64Array, got an Array of 1',
  );
});

describe('of a target', () => {
  const rows = [0.5, 0.25, 0.25, 0, 0, 1];
  it.each<[string, unknown[], number[], string]>([
    ['classes', [0, 2], [2], 'Int32Array.from(target.data)'],
    ['classes of 64 bits', [0n, 2n], [2], 'Int32Array.from(target.data, Number)'],
    ['probabilities', rows, [2, 3], 'Float32Array.from(target.data)'],
    ['probabilities that are integers', [1, 0, 0, 0, 0, 1], [2, 3], 'Float32Array.from(target.data)'],
  ])('advice for %s is taken without another error', (_, data, dims, numbers) => {
    const target = { data, dims };
    const wanted = `crossEntropy: target: data must be a typed array of integers or floats, got an Array of ${data.length}; pass { data: ${numbers}, dims: target.dims }`;
    expect(messageOf(() => loose.crossEntropy!(logits, target))).toBe(wanted);
    const advised = new Function('target', `return { data: ${numbers}, dims: target.dims }`)(target);
    expect(loose.crossEntropy!(logits, advised)).toBeTypeOf('number');
  });

  it('probabilities are advised in the dtype of the logits', () => {
    const target = { data: rows, dims: [2, 3] };
    const message = (dtype: nonlin.DType) => messageOf(() => loose.crossEntropy!(logits.to(dtype), target));
    expect(message('float64')).toContain('pass { data: Float64Array.from(target.data), dims: target.dims }');
    expect(message('float16')).not.toContain('; pass');
  });

  it('data of any other kind is advised nothing', () => {
    expect(messageOf(() => loose.crossEntropy!(logits, { data: 'ab', dims: [2] }))).not.toContain('; pass');
  });
});
