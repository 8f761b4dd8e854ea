// Gates against the product in numbers of 106 bits: what docs/accuracy.md says of them, which is the function's error times the other
// input, and a rounding for each product.
import { afterEach, describe, expect, it } from 'vitest';
import type { Formula } from '../../lib/activations/formula.js';
import { promised } from '../../lib/activations/promises.js';
import { type Activation, activations, besideZero, zeroOf } from '../../lib/activations/table.js';
import { add, type DoubleDouble, multiply } from '../../lib/arithmetic/double-double.js';
import * as nonlin from '../../lib/index.js';
import { random } from '../support/inputs.js';

const backend = nonlin.info().backend;
afterEach(() => nonlin.useBackend(backend));

type Float = Float32Array | Float64Array;
type Gate = (x: Float, by: Float, options?: object) => Float;
type Gradients = (grad: Float, x: Float, by: Float, options?: object) => [Float, Float];
const gates: Record<string, { gate: Gate; gradients: Gradients; row: Activation; a: number }> = {
  reglu: { gate: nonlin.reglu, gradients: nonlin.regluGrad, row: 'relu', a: 0 },
  swiglu: { gate: nonlin.swiglu, gradients: nonlin.swigluGrad, row: 'silu', a: 1 },
  geglu: { gate: nonlin.geglu, gradients: nonlin.gegluGrad, row: 'gelu', a: 0 },
  glu: { gate: glu, gradients: gluGrad, row: 'sigmoid', a: 0 },
} as never;

/** glu and its gradient of a gate and an input, as the others have them. */
function glu(x: Float, by: Float, options?: object): Float {
  return nonlin.glu(joined(by, x), options) as Float;
}
function gluGrad(grad: Float, x: Float, by: Float, options?: object): [Float, Float] {
  const both = nonlin.gluGrad(grad, joined(by, x), options) as Float;
  return [both.slice(x.length), both.slice(0, x.length)] as [Float, Float];
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
    it.each(Object.keys(gates))('%s is within twice the ulp of its function and a half', (which) => {
      nonlin.useBackend(name);
      const { gate, gradients, row, a } = gates[which]!;
      const kind = kinds[dtype];
      const { f, slope } = ((activations[row] as Formula).exactly ?? {
        f: (x: number) => ({ high: Math.max(x, 0), low: 0 }),
        slope: (x: number) => ({ high: x > 0 ? 1 : 0, low: 0 }),
      }) as { f: (x: number, a: number, b: number) => DoubleDouble; slope: typeof f };
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
        const value = f(x[i]!, a, 0);
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
        const product = multiply(multiply(slope(x[i]!, a, 0), grad[i]!), by[i]!);
        const factors = Math.abs(grad[i]! * by[i]!);
        const error = apart(dx[i]!, product);
        const isNear = Math.abs(x[i]! - zero) < besideZero;
        if (!isNormal(product.high, kind) || !isNormal(slope(x[i]!, a, 0).high, kind)) continue;
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
