// Functions over dimensions, glu, prelu's channels and losses, with their gradients, against those of PyTorch, which
// test/vectors/elsewhere has. The bounds are what PyTorch may lose, counted by its formulas in units (2^-53; of float32 2^-24).
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { type Dtype, dtypes, floatsOf, numbersOf, torch, unitOf } from './vectors.js';

const { Tensor } = nonlin;
type Grad = (grad: nonlin.Tensor, x: nonlin.Tensor, options: object) => nonlin.Tensor;
const functions = nonlin as unknown as Record<string, (x: nonlin.Tensor, options: object) => nonlin.Tensor>;
const gradients = nonlin as unknown as Record<string, Grad>;

const most = (numbers: readonly number[]) => Math.max(...numbers.map(Math.abs));
/** The largest incoming gradient. */
const largest = most(torch.grads);
const classes = torch.shape[1]!;

function expectClose(
  got: nonlin.Tensor,
  shape: readonly number[],
  theirs: nonlin.FloatArray,
  bounds: (i: number) => number,
) {
  expect(got.shape).toEqual(shape);
  got.contiguous().data.forEach((value, i) => {
    expect(Math.abs(value - theirs[i]!), `${value} at ${i}, theirs ${theirs[i]}`).toBeLessThanOrEqual(bounds(i));
  });
}

describe.each(dtypes)('%s', (dtype: Dtype) => {
  const unit = unitOf[dtype];
  const tensor = (numbers: readonly number[], shape: readonly number[]) =>
    new Tensor(floatsOf(numbers, dtype) as Float32Array, { shape: [...shape] });
  const logits = tensor(torch.logits, torch.shape);
  const gradOf = (shape: readonly number[]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor(torch.grads.slice(0, count), shape);
  };

  it.each(torch[dtype].along)('$name $options', ({ name, options, shape, values, gradient }) => {
    const [theirs, slopes] = [numbersOf(values, dtype), numbersOf(gradient, dtype)];
    const temperature = Number(options.temperature ?? 1);
    // An exponential of x - max is off by the rounding of that: as many units as the logarithm of the share. A sum of eight adds some.
    const share = (s: number) => 8 + Math.abs(Math.log(s || Number.MIN_VALUE));
    const value: Readonly<Record<string, (v: number) => number>> = {
      softmax: (s) => share(s) * s,
      softmin: (s) => share(s) * s,
      logSoftmax: (v) => 4 + 2 * Math.abs(v),
      logSumExp: (v) => 4 + 2 * Math.abs(v),
      prelu: (v) => 2 * Math.abs(v),
      glu: (v) => 8 * Math.abs(v),
    };
    const y = functions[name]!(logits, options);
    expectClose(y, shape, theirs, (i) => value[name]!(theirs[i]!) * unit);

    // Of the gradients the terms are the share times a grad, and its product with a sum of such.
    const grad = gradOf(shape);
    const shares = name === 'softmin' ? nonlin.softmin(logits, options) : softmaxOf(logits, options);
    const s = shares.contiguous().data;
    // How far the halves of glu are apart, a power of 2.
    const half = options.dim === 1 ? 4 : 1;
    const term: Readonly<Record<string, (i: number) => number>> = {
      softmax: (i) => (2 * largest * share(s[i]!) * s[i]!) / temperature,
      softmin: (i) => (2 * largest * share(s[i]!) * s[i]!) / temperature,
      logSoftmax: (i) => (2 * largest * (1 + 8 * share(s[i]!) * s[i]!)) / temperature,
      // e^(x - result), where the result is as large as the largest of x.
      logSumExp: (i) => (share(s[i]!) + most(torch.logits)) * Math.abs(slopes[i]!),
      prelu: (i) => 2 * Math.abs(slopes[i]!),
      // a s (1 - s) in the second half, whose 1 - s is off by a unit.
      glu: (i) => 8 * Math.abs(slopes[i]!) + (i & half ? 2 * largest * Math.abs(torch.logits[i ^ half]!) : 0),
    };
    expectClose(gradients[`${name}Grad`]!(grad, logits, options), torch.shape, slopes, (i) => term[name]!(i) * unit);
  });

  const targets = {
    classes: torch.classes,
    ignored: torch.ignored,
    likely: tensor(torch.likely, torch.shape),
  };
  it.each(torch[dtype].losses)('crossEntropy $options of $target', (call) => {
    const { options, target, shape, values, gradient } = call;
    const [theirs, slopes] = [numbersOf(values, dtype), numbersOf(gradient, dtype)];
    const given = targets[target];
    const to = (given instanceof Tensor ? given : given.flat()) as nonlin.Targets;
    const loss = new nonlin.CrossEntropyLoss(options as nonlin.CrossEntropyOptions);
    const isNone = options.reduction === 'none';
    const y = loss(logits, to);
    const results = [y, nonlin.crossEntropy(logits, to, options as nonlin.CrossEntropyOptions)].map((result) =>
      result instanceof Tensor ? result : new Tensor(result, { dtype }),
    );
    // No term cancels another: each is as exact as logSoftmax. There are four in a slice and six slices, of weights up to 2.
    const weight = most((options.weight as readonly number[] | undefined) ?? [1]);
    const slices = options.reduction === 'sum' ? 6 : 1;
    for (const result of results)
      expectClose(result, shape, theirs, (i) => (16 * Math.abs(theirs[i]!) + 4 * weight * slices) * unit);

    const grad = isNone ? gradOf(shape) : undefined;
    const got = loss.backward<nonlin.Tensor>(grad as undefined);
    // The share of a class, and what its target wants, each times what all targets of a slice come to.
    const s = softmaxOf(logits, { dim: 1 }).contiguous().data;
    const mass = weight * (target === 'likely' ? most(sumsOf(torch.likely)) : 1);
    const wants = wantsOf(call);
    expectClose(got, torch.shape, slopes, (i) => {
      const log = 8 + Math.abs(Math.log(s[i]!));
      const by = isNone ? largest : 1;
      return by * mass * (2 * log * s[i]! + (wants(i) ? 4 : 0)) * unit;
    });
    if (!isNone) expect(nonlin.crossEntropyGrad(logits, to, options as nonlin.CrossEntropyOptions)).toEqual(got);
  });

  it('covers every option of crossEntropy', () => {
    const named = new Set(torch[dtype].losses.flatMap(({ options }) => Object.keys(options)));
    expect([...named].sort()).toEqual(['ignoreIndex', 'labelSmoothing', 'reduction', 'weight']);
  });
});

/** softmax over the dimensions of a call, whose other options may be another function's. */
function softmaxOf(x: nonlin.Tensor, { dim, temperature }: { dim?: unknown; temperature?: unknown }): nonlin.Tensor {
  return nonlin.softmax(x, { dim: (dim ?? -1) as number, temperature: (temperature ?? 1) as number });
}

/** Of each slice along dimension 1. */
function sumsOf(numbers: readonly number[]): number[] {
  const [outer, , inner] = torch.shape as [number, number, number];
  return Array.from({ length: outer * inner }, (_, i) => {
    const start = Math.floor(i / inner) * classes * inner + (i % inner);
    return Array.from({ length: classes }, (_, j) => numbers[start + j * inner]!).reduce((a, b) => a + b);
  });
}

/** Whether a target wants something of an entry. */
function wantsOf({ target, options }: (typeof torch.float32.losses)[number]): (i: number) => boolean {
  if (target === 'likely' || options.labelSmoothing !== undefined) return () => true;
  const inner = torch.shape[2]!;
  return (i) => {
    const own = torch[target][Math.floor(i / (classes * inner))]![i % inner]!;
    return own === Math.floor(i / inner) % classes;
  };
}
