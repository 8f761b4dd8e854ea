// A value has the bits that it has alone, whatever stands beside it. Native code looks at inputs for subnormal numbers, and for those
// that make one, only where the processor has met any (native/values.h).
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../lib/activations/signatures.js';
import { activationNames } from '../../lib/activations/table.js';
import { random, specials } from '../support/inputs.js';
import { kernelBackends } from '../support/kernels.js';

const cases = activationNames.flatMap(casesOf);
// As much as is watched at once, and more, and as many calls as it takes until a row is trusted again.
const length = 16384;
const trusted = 10;

const usual = Float32Array.from(random('float32', length, 6));
const tiny = Array.from({ length: 400 }, (_, i) => (-1) ** i * 2 ** -126 * ((i + 0.5) / 200));
const tails = Array.from({ length: 2000 }, (_, i) => (-1) ** i * (5 + i / 20));
// Where sigmoid is subnormal.
const farther = random('float32', 1500, 8.5).map((x) => x - 95.5);
const unusual = Float32Array.from([...tiny, ...tails, ...farther, ...specials('float32'), ...random('float32', 1000)]);
const mixed = usual.map((x, i) => (i % 3 === 0 ? unusual[(i / 3) % unusual.length]! : x));

function difference(x: Float32Array, y: Float32Array, expected: Float32Array) {
  const i = y.findIndex((value, i) => !Object.is(value, expected[i]));
  return i < 0 ? undefined : `at ${i}, of ${x[i]}: ${y[i]} for ${expected[i]}`;
}

describe.each(kernelBackends)('$name', (backend) => {
  it.each(cases)('$label', ({ op, a, b }) => {
    const values = (x: Float32Array, y = new Float32Array(x.length)) => {
      backend.map(x, y, op, a, b);
      return y;
    };
    for (let i = 0; i < trusted; i++) values(usual);
    const quick = values(usual);
    const alone = unusual.map((x) => values(Float32Array.of(x))[0]!);
    const expected = quick.map((y, i) => (i % 3 === 0 ? alone[(i / 3) % unusual.length]! : y));
    expect(difference(mixed, values(mixed), expected)).toBeUndefined();
    expect(difference(mixed, values(mixed), expected)).toBeUndefined();
    const inPlace = mixed.slice();
    expect(difference(mixed, values(inPlace, inPlace), expected)).toBeUndefined();
    // A row that is no longer trusted, and then is again.
    for (let i = 0; i <= trusted; i++) expect(difference(usual, values(usual), quick)).toBeUndefined();
  });

  it.each(cases)('the gradient of $label', ({ op, a, b }) => {
    const gradients = (g: Float32Array, x: Float32Array) => {
      const y = new Float32Array(x.length);
      backend.mapGrad(g, x, y, op, a, b);
      return y;
    };
    for (const large of [1, 2 ** 40]) {
      const g = mixed.map((_, i) => (i % 7 === 0 ? -large : (i % 5) / 4));
      const amongUsual = gradients(g, usual);
      const expected = amongUsual.map((y, i) =>
        i % 3 === 0 ? gradients(Float32Array.of(g[i]!), Float32Array.of(mixed[i]!))[0]! : y,
      );
      expect(difference(mixed, gradients(g, mixed), expected)).toBeUndefined();
    }
  });
});
