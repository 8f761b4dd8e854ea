// Values and slopes in float64 against those of PyTorch, which test/vectors/elsewhere has: within 4 ulp, and where its formula loses
// digits or takes no limit, as said here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';

type Numbers = readonly (number | string)[];
interface Call {
  readonly name: string;
  readonly options: { readonly [option: string]: unknown };
  readonly values: Numbers;
  readonly slopes: Numbers;
}
const file = join(import.meta.dirname, '../vectors/elsewhere/torch.json');
const table: { readonly x: Numbers; readonly calls: readonly Call[] } = JSON.parse(readFileSync(file, 'utf8'));

const words: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: NaN };
const read = (list: Numbers) => Float64Array.from(list, (value) => words[value] ?? Number(value));
const functions = nonlin as unknown as Record<string, ((...args: unknown[]) => Float64Array) | undefined>;
const x = read(table.x);

/** What PyTorch's formula loses, as an absolute error in units of 2^-53, by x and alpha; and why. */
const lost: Readonly<Record<string, (a: number, alpha: number) => number>> = {
  sigmoidGrad: () => 2, // s (1 - s), where s is off by an ulp of 2^-53 and more
  tanhGrad: () => 2, // 1 - t^2
  gelu: (a) => a, // x / 2 (1 + erf), and with tanh
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
  readonly at: (x: number) => boolean;
  readonly ours: (x: number) => number;
  readonly theirs: number;
}
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
];
/** Of NaN comparisons choose a side, whose slope is a number. */
const sides =
  /^(relu|leakyRelu|prelu|rrelu|relu6|hardTanh|hardShrink|softShrink|threshold|hardSigmoid|hardSwish|elu|selu|celu)Grad$/;

const ulp = (value: number) => Math.max(5e-324, 2 ** (Math.floor(Math.log2(Math.abs(value))) - 52));

function compare(name: string, options: Call['options'], ours: Float64Array, theirs: Float64Array): void {
  x.forEach((from, i) => {
    const [value, other] = [ours[i]!, theirs[i]!];
    const where = `${name}(${from})`;
    const meant = differences.find(({ functions, at }) => functions.includes(name) && at(from));
    if (meant !== undefined) {
      expect(value, where).toBe(meant.ours(from));
      expect(other, where).toBe(meant.theirs);
    } else if (Number.isNaN(from)) {
      expect(value, where).toBeNaN();
      expect(Number.isNaN(other), where).toBe(!sides.test(name));
    } else if (!Object.is(value, other)) {
      const most = 4 * ulp(value) + (lost[name]?.(Math.abs(from), Number(options.alpha ?? 1)) ?? 0) * 2 ** -53;
      expect(Math.abs(value - other), `${where}: ${value}, ${other}`).toBeLessThanOrEqual(most);
    }
  });
}

describe.each(table.calls)('$name $options', (call) => {
  const { name, options, values, slopes } = call;
  it('has the values', () => compare(name, options, functions[name]!(x, options), read(values)));
  it('has the slopes', () => {
    const ones = new Float64Array(x.length).fill(1);
    compare(`${name}Grad`, options, functions[`${name}Grad`]!(ones, x, options), read(slopes));
  });
});
