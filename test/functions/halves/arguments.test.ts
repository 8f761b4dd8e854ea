// What functions refuse of numbers of 16 bits: in the same words whichever backend serves, and of the argument at fault.
import { afterEach, describe, expect, it } from 'vitest';
import * as nonlin from '../../../lib/index.js';
import { backends, type HalfDType, Tensor, useBackend } from '../../../lib/index.js';

type Call = (...args: unknown[]) => unknown;
const exported = nonlin as unknown as Readonly<Record<string, Call>>;
const needed: Readonly<Record<string, object>> = {
  softcap: { cap: 2 },
  threshold: { threshold: 1, value: 2 },
  prelu: { weight: [1, 2, 3, 4] },
};
/** Those that have one input, and a result of its shape. */
const names = Object.keys(nonlin)
  .filter((name) => `${name}Grad` in nonlin && !/glu$|crossEntropy|logSumExp/.test(name))
  .concat('glu');
const bySlices = ['softmax', 'softmin', 'logSoftmax'];

const count = 8;
const bitsOf = (length = count) => Uint16Array.from({ length }, (_, i) => 0x3c00 + i);
const gone = <A extends Uint16Array>(bits: A): A => {
  structuredClone(bits.buffer, { transfer: [bits.buffer as ArrayBuffer] });
  return bits;
};
const matrix = (dtype: HalfDType, data = bitsOf(), shape = [2, 4]) => new Tensor(data, { dtype, shape });

/** What stands in the place of an input or an output, right and wrong, made anew for each call. */
const others = (dtype: HalfDType): Readonly<Record<string, () => unknown>> => {
  const another = dtype === 'float16' ? 'bfloat16' : 'float16';
  return {
    'a Tensor': () => matrix(dtype),
    'one of another dtype': () => matrix(another),
    'of floats': () => new Tensor(new Float32Array(count), { shape: [2, 4] }),
    'of another shape': () => matrix(dtype, bitsOf(), [4, 2]),
    'of another size': () => matrix(dtype, bitsOf(6), [2, 3]),
    'whose places are one': () => new Tensor({ data: bitsOf(), shape: [2, 4], strides: [0, 1], dtype }),
    'whose data is gone': () => matrix(dtype, gone(bitsOf())),
    'whose data is too short': () => Object.assign(matrix(dtype), { offset: 4 }),
    'whose shape was assigned': () => Object.assign(matrix(dtype), { shape: [4, 2] }),
    bits: () => bitsOf(),
    'fewer bits': () => bitsOf(7),
    'bits that are gone': () => gone(bitsOf()),
    floats: () => new Float32Array(count),
    "another library's": () => ({ data: bitsOf(), dims: [2, 4], type: dtype }),
    'that of another dtype': () => ({ data: bitsOf(), dims: [2, 4], type: another }),
    'that does not say its dtype': () => ({ data: bitsOf(), dims: [2, 4] }),
    'that is not to be written': () => ({ data: bitsOf(), shape: [2, 4], dtype, flags: { READONLY: true } }),
    'a list': () => [1, 2],
    nothing: () => null,
  };
};
const settings = [{}, { precision: 'high' }, { dtype: 'float8' }, { dtype: null }];
const conditions = [{ dim: 5 }, { dim: 'last' }, { mask: [true] }, { temperature: 0 }, { empty: 0 }];

/** What becomes of every call, by what it was. */
function outcomes(dtype: HalfDType): Map<string, string> {
  const told = new Map<string, string>();
  const tell = (name: string, call: string, act: () => unknown) => {
    let what = 'no error';
    try {
      act();
    } catch (error) {
      what = `${(error as Error).name}: ${(error as Error).message}`;
    }
    told.set(`${name}, ${call}`, what);
  };
  const all = Object.entries(others(dtype));
  for (const name of names) {
    const [f, grad] = [exported[name]!, exported[`${name}Grad`]!];
    const given = [...settings, ...(bySlices.includes(name) ? conditions : [])].map((one) => ({
      ...needed[name],
      ...one,
    }));
    for (const [kind, x] of all.filter(([kind]) => /^(a Tensor|bits|another library's)$/.test(kind)))
      for (const [title, other] of all)
        for (const more of given) {
          const options = kind === 'bits' ? { dtype, ...more } : more;
          const call = `${kind}, ${title}, ${JSON.stringify(more)}`;
          tell(name, `x: ${call}`, () => f(other(), options));
          tell(name, `out: ${call}`, () => f(x(), { ...options, out: other() }));
          tell(name, `grad: ${call}`, () => grad(other(), x(), options));
          tell(name, `out of the gradient: ${call}`, () => grad(x(), x(), { ...options, out: other() }));
        }
  }
  return told;
}

afterEach(() => useBackend(backends()[0]!));

it.each(['float16', 'bfloat16'] as const)('in the same words on every backend: %s', (dtype) => {
  const [first, ...rest] = backends().map((backend) => {
    useBackend(backend);
    return outcomes(dtype);
  });
  expect(new Set(first!.values()).size).toBeGreaterThan(100);
  for (const told of rest)
    for (const [call, what] of told) expect(`${call}: ${what}`).toBe(`${call}: ${first!.get(call)}`);
});

describe.each(backends())('of the argument at fault: %s', (backend) => {
  const x = matrix('float16');
  const theirs = { data: bitsOf(), dims: [2, 4], type: 'bfloat16' };
  it.each<[string, Call, string]>([
    [
      'grad',
      () => nonlin.softmaxGrad(theirs, x),
      'softmaxGrad: grad must be a Tensor of float16 like x, got an object of bfloat16',
    ],
    [
      'out',
      () => nonlin.relu(x, { out: theirs }),
      'relu: out must be a Tensor of float16 like x, got an object of bfloat16',
    ],
    [
      'up',
      () => nonlin.swiglu(x, theirs),
      'swiglu: up must be a Tensor of float16 like gate, got an object of bfloat16',
    ],
    [
      'grad beside bits',
      () => nonlin.geluGrad(theirs, bitsOf(), { dtype: 'float16' }),
      'geluGrad: grad must be a Uint16Array of float16 like x, got an object of bfloat16',
    ],
    [
      'grad of a sum',
      () => nonlin.logSumExpGrad({ data: bitsOf(2), dims: [2], type: 'bfloat16' }, x),
      'logSumExpGrad: grad must be float16 like x, got bfloat16',
    ],
    [
      'the dtype that bits have',
      () => nonlin.relu(bitsOf(), { dtype: null as never }),
      "relu: dtype must be 'float16' or 'bfloat16' for x, Uint16Array of 8, got null",
    ],
    [
      "x of a dtype beside another library's own",
      () => nonlin.relu(theirs, { dtype: 'float16' }),
      'relu: dtype must be that of x, \'bfloat16\', got "float16"; to() of a Tensor converts',
    ],
  ])('%s', (_, call, message) => {
    useBackend(backend);
    expect(call).toThrow(new TypeError(message));
  });
});
