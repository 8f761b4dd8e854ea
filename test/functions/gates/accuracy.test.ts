// Gates against the product in numbers of 106 bits: what docs/accuracy.md says of them, which is the function's error times the other
// input, and a rounding for each product.
import { afterEach, describe, expect, it } from 'vitest';
import type { Formula } from '../../../lib/activations/formula.js';
import { promised } from '../../../lib/activations/promises.js';
import { signatures } from '../../../lib/activations/signatures.js';
import { type Activation, activations, besideZero, zeroOf } from '../../../lib/activations/table.js';
import { add, type DoubleDouble, multiply } from '../../../lib/arithmetic/double-double.js';
import { type GateName, gateNames, gates } from '../../../lib/functions/gates.js';
import * as nonlin from '../../../lib/index.js';
import { random } from '../../support/inputs.js';

const backend = nonlin.info().backend;
afterEach(() => nonlin.useBackend(backend));

type Float = Float32Array | Float64Array;
type Gate = (x: Float, by: Float, options?: object) => Float;
type Gradients = (grad: Float, x: Float, by: Float, options?: object) => [Float, Float];
/** Both of two arrays: those of the second half, too. */
function callsOf(name: GateName): { readonly gate: Gate; readonly gradients: Gradients } {
  const [gate, gradient] = [nonlin[name] as unknown as Gate, nonlin[`${name}Grad`] as unknown as Gradients];
  if (gates[name].gating === 'first') return { gate, gradients: gradient };
  const [ofOne, gradOfOne] = [gate, gradient] as unknown as [
    (x: Float, options?: object) => Float,
    (grad: Float, x: Float, options?: object) => Float,
  ];
  return {
    gate: (x, by, options) => ofOne(joined(by, x), options),
    gradients: (grad, x, by, options) => {
      const both = gradOfOne(grad, joined(by, x), options);
      return [both.slice(x.length), both.slice(0, x.length)] as [Float, Float];
    },
  };
}
function joined(first: Float, second: Float): Float {
  const both = first instanceof Float32Array ? new Float32Array(2 * first.length) : new Float64Array(2 * first.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

const kinds = {
  float32: { Floats: Float32Array, digits: 23, least: -126 },
  float64: { Floats: Float64Array, digits: 52, least: -1022 },
} as const;
type Kind = (typeof kinds)[keyof typeof kinds];

/** An ulp of a number, of a subnormal one that of the least normal. */
const ulpOf = (x: number, { digits, least }: Kind) => {
  let exponent = Math.floor(Math.log2(Math.abs(x)));
  if (2 ** exponent > Math.abs(x)) exponent--;
  return 2 ** (Math.max(exponent, least) - digits);
};
const apart = (y: number, truth: DoubleDouble) => {
  const rest = add(truth, -y);
  return Math.abs(rest.high + rest.low);
};
/** Whether neither a value nor a product is subnormal, nor beyond. */
const isNormal = (x: number, { least }: Kind) => Math.abs(x) >= 2 ** least && Math.abs(x) < 2 ** -least;

// Of silu at 1/64 the value is just above a power of two, and a factor just below the next doubles its error.
const [worst, factor] = [0.015601511113345623, 1.8772414922714233];

describe.each(nonlin.backends())('%s', (name) => {
  describe.each([
    ['float32', 'fast'],
    ['float32', 'exact'],
    ['float64', 'fast'],
  ] as const)('%s %s', (dtype, precision) => {
    it.each(gateNames)('%s is within twice the ulp of its function and a half', (which) => {
      nonlin.useBackend(name);
      const { gate, gradients } = callsOf(which);
      const row: Activation = gates[which].by;
      const { a, b } = signatures[gates[which].by].usual!;
      const kind = kinds[dtype];
      const formula: Formula = activations[row];
      // What has nothing more exact is one operation, or none.
      const { f, slope } = formula.exactly ?? {
        f: (x: number) => add(formula.f(x, a, b), 0),
        slope: (x: number) => add(formula.grad(x, 1, a, b), 0),
      };
      const count = name === 'js' ? 1000 : 4000;
      // Around 0, where values are just above powers of two, and far out, where they are subnormal and the other input is large.
      const x = kind.Floats.from([worst, ...random(dtype, count, 1), ...random(dtype, count / 4, 110)]);
      const by = kind.Floats.from([factor, ...random(dtype, count + 1, 20).slice(1), ...random(dtype, count / 4, 20)]);
      const grad = kind.Floats.from([1, ...random(dtype, count + 2, 3).slice(2), ...random(dtype, count / 4, 3)]);
      for (let i = 0; i < x.length; i += 7) by[i]! *= 2 ** 20;
      const key = dtype === 'float64' ? 'float64' : precision;
      const ofValue = promised(row, false, false)[key];
      // In `exact` the slope's product is rounded as a whole.
      const ofSlope = precision === 'exact' ? 0 : promised(row, true, false)[key];
      const y = gate(x, by, { precision });
      const [dx, dby] = gradients(grad, x, by, { precision });
      const [zero, beside] = [zeroOf(row)?.at ?? Number.NaN, dtype === 'float32' ? 2 ** -25 : 2 ** -53];
      for (let i = 0; i < x.length; i++) {
        const at = `${which}(${x[i]}, ${by[i]})`;
        const value = f(x[i]!, a, b);
        for (const [result, other] of [
          [y[i]!, by[i]!],
          [dby[i]!, grad[i]!],
        ] as const) {
          const product = multiply(value, other);
          const half = ulpOf(product.high, kind) / 2;
          const error = apart(result, product);
          // What the promise of the value is worth, whatever its size.
          const ofProduct = ofValue * ulpOf(value.high, kind) * Math.abs(other);
          // A truth of two doubles has lost the second where that would be subnormal.
          if (Math.abs(value.high) < 2 ** -960) continue;
          // Of the rounding, whose ulp may be that of the next power of two.
          expect(error, at).toBeLessThanOrEqual((ofProduct + 2 * half) * (1 + 1e-6));
          if (isNormal(value.high, kind) && isNormal(product.high, kind))
            expect(error / half / 2, at).toBeLessThanOrEqual(2 * ofValue + 0.5);
        }
        const product = multiply(multiply(slope(x[i]!, a, b), grad[i]!), by[i]!);
        const factors = Math.abs(grad[i]! * by[i]!);
        const error = apart(dx[i]!, product);
        const isNear = Math.abs(x[i]! - zero) < besideZero;
        if (!isNormal(product.high, kind) || !isNormal(slope(x[i]!, a, b).high, kind)) continue;
        if (!isNear || error > 2 * beside * factors)
          expect(error / ulpOf(product.high, kind), `gradient of ${at}`).toBeLessThanOrEqual(2 * ofSlope + 1.5);
      }
    });
  });
});

it('a gate is no more exact than its two roundings', () => {
  const truth = 0.014758133184919142;
  const error = (options: object) =>
    Math.abs(nonlin.swiglu(Float32Array.of(worst), Float32Array.of(factor), options)[0]! - truth) / 2 ** -30;
  expect(error({ precision: 'exact' })).toBeCloseTo(0.84, 2);
  expect(error({})).toBeLessThan(4.5);
});
