// Values and slopes against those of PyTorch, which test/vectors/elsewhere has: within 4 ulp, and where its formula loses digits or takes
// no limit, as said here. What it loses is counted by its formula: each of its terms is off by a unit or so, 2^-53 of itself and in
// float32 2^-24, and keeps that error where another term cancels it.
import { describe, expect, it } from 'vitest';
import { functionNames } from '../../lib/activations/signatures.js';
import * as nonlin from '../../lib/index.js';
import { type Dtype, dtypes, numbersOf, torch, ulpOf, unitOf } from './vectors.js';

type Call = (typeof torch.float32.elementwise)[number];

const functions = nonlin as unknown as Record<string, ((...args: unknown[]) => nonlin.FloatArray) | undefined>;

/** What PyTorch's formula loses, as an absolute error in units, by x, alpha and dtype; and why. */
const lost: Readonly<Record<string, (a: number, alpha: number, dtype: Dtype) => number>> = {
  sigmoidGrad: () => 2, // s (1 - s), where s is off by an ulp of a unit and more
  tanhGrad: () => 2, // 1 - t^2
  // x / 2 (1 + erf), and with tanh; its float32 erf is that of Abramowitz and Stegun (7.1.26), whose error of 1.5e-7 is 2.5 units.
  gelu: (a, _, dtype) => (dtype === 'float32' ? 2.25 * a : a),
  geluGrad: (a) => 4 + 4 * a, // the same 1 + erf or 1 + tanh, and the products beside it
  elu: (_, alpha) => 2 * alpha, // alpha (e^x - 1)
  selu: () => 4, // 1.758 (e^x - 1)
  celu: (_, alpha) => 2 * alpha, // alpha (e^(x / alpha) - 1)
  mishGrad: (a) => 2 + a, // tanh, and x times what it and sigmoid lack of 1
  tanhShrink: () => 2, // x - tanh(x)
  tanhShrinkGrad: () => 4, // 1 - (1 - t^2)
  siluGrad: (a) => 2 + a, // s (1 + x (1 - s))
  softsignGrad: (a) => 4 / (1 + a), // 1 / (1 + |x|) - |x| / (1 + |x|)^2
};

interface Difference {
  readonly functions: readonly string[];
  readonly at: (x: number, dtype: Dtype) => boolean;
  readonly ours: (x: number) => number;
  readonly theirs: number;
}
const isFar = (x: number, dtype: Dtype) => x === -100 && dtype === 'float32';
/** Where the two are meant to differ. */
const differences: readonly Difference[] = [
  // 0 times infinity, where the limit is 0 from below.
  {
    functions: ['gelu', 'silu', 'mish', 'hardSwish', 'geluGrad', 'siluGrad', 'mishGrad'],
    at: (x) => x === -Infinity,
    ours: () => -0,
    theirs: NaN,
  },
  // The same product, where the slope is 1.
  { functions: ['geluGrad', 'siluGrad', 'mishGrad'], at: (x) => x === Infinity, ours: () => 1, theirs: NaN },
  // Infinity over infinity.
  { functions: ['softsign'], at: (x) => Math.abs(x) === Infinity, ours: Math.sign, theirs: NaN },
  { functions: ['softsignGrad'], at: (x) => Math.abs(x) === Infinity, ours: () => 0, theirs: NaN },
  // PyTorch before 2.6 clips NaN to 0 (pytorch#138385).
  { functions: ['softShrink'], at: Number.isNaN, ours: () => NaN, theirs: 0 },
  // Its sixth is a float32, also for float64.
  { functions: ['hardSigmoidGrad'], at: (x) => Math.abs(x) < 3, ours: () => 1 / 6, theirs: Math.fround(1 / 6) },
  // The end of the line counts as part of it.
  { functions: ['hardSwishGrad'], at: (x) => x === -3, ours: () => 0, theirs: -0.5 },
  // The float32 e^x of its vectors is 0 where it is subnormal.
  { functions: ['sigmoid'], at: isFar, ours: () => 27 * 2 ** -149, theirs: 0 },
  { functions: ['silu'], at: isFar, ours: () => -2655 * 2 ** -149, theirs: -0 },
  // 100 times a subnormal that was rounded to 28 of the least ones.
  { functions: ['mish'], at: isFar, ours: () => -2655 * 2 ** -149, theirs: -2800 * 2 ** -149 },
];
/** Of NaN comparisons choose a side, whose slope is a number. */
const sides =
  /^(relu|leakyRelu|prelu|rrelu|relu6|hardTanh|hardShrink|softShrink|threshold|hardSigmoid|hardSwish|elu|selu|celu)Grad$/;

describe.each(dtypes)('%s', (dtype: Dtype) => {
  const x = numbersOf(torch[dtype].x, dtype);
  const round = dtype === 'float32' ? Math.fround : (value: number) => value;

  function compare(name: string, options: Call['options'], ours: nonlin.FloatArray, theirs: nonlin.FloatArray): void {
    x.forEach((from, i) => {
      const [value, other] = [ours[i]!, theirs[i]!];
      const where = `${name}(${from})`;
      const meant = differences.find(({ functions, at }) => functions.includes(name) && at(from, dtype));
      if (meant !== undefined) {
        expect(value, where).toBe(round(meant.ours(from)));
        expect(other, where).toBe(meant.theirs);
      } else if (Number.isNaN(from)) {
        expect(value, where).toBeNaN();
        expect(Number.isNaN(other), where).toBe(!sides.test(name));
      } else if (!Object.is(value, other)) {
        const rest = (lost[name]?.(Math.abs(from), Number(options.alpha ?? 1), dtype) ?? 0) * unitOf[dtype];
        expect(Math.abs(value - other), `${where}: ${value}, ${other}`).toBeLessThanOrEqual(
          4 * ulpOf(value, dtype) + rest,
        );
      }
    });
  }

  describe.each(torch[dtype].elementwise)('$name $options', (call) => {
    const { name, options, values, slopes } = call;
    it('has the values', () => compare(name, options, functions[name]!(x, options), numbersOf(values, dtype)));
    it('has the slopes', () => {
      const ones = x.slice().fill(1);
      compare(`${name}Grad`, options, functions[`${name}Grad`]!(ones, x, options), numbersOf(slopes, dtype));
    });
  });
});

it('covers every elementwise function that PyTorch has', () => {
  // Of torch.nn.functional, without their underscores.
  const theirs =
    'celu elu gelu hardshrink hardsigmoid hardswish hardtanh leakyrelu logsigmoid mish prelu relu relu6 rrelu selu sigmoid silu softplus softshrink softsign tanh tanhshrink threshold';
  const wanted = functionNames.filter((name) => theirs.split(' ').includes(name.toLowerCase()));
  expect(wanted.length).toBe(theirs.split(' ').length);
  for (const dtype of dtypes) {
    const covered = torch[dtype].elementwise.map(({ name }) => name);
    expect([...new Set(covered)].sort()).toEqual([...wanted].sort());
  }
});
