// Numbers of many digits have a script that makes them (tools/coefficients); here is tried that they are found by their names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, scripts } from '../../tools/coefficients/list.mjs';
import { literalOf, numbersOf, othersIn, rewritten, withoutScript } from '../../tools/coefficients/numbers.mjs';

const listed = Object.entries(scripts).flatMap(([script, files]) =>
  Object.entries(files).flatMap(([file, names]) => names.map((name) => ({ script, file, name }))),
);
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

it('no number of many digits is without a script', () => {
  expect(withoutScript()).toEqual([]);
});

it.each(listed)('$script: $name is in $file, with numbers', ({ file, name }) => {
  expect(numbersOf(textOf(file), name)).toEqual(expect.arrayContaining([expect.anything()]));
});

it('has one script for each', () => {
  const definitions = listed.map(({ file, name }) => `${file}: ${name}`);
  expect([...new Set(definitions)]).toEqual(definitions);
});

it('every literal says its value, and is written with the same value again', () => {
  for (const { file, name } of listed)
    for (const { text, value } of numbersOf(textOf(file), name)!) {
      const [again] = numbersOf(
        `name = {${value < 0 || Object.is(value, -0) ? '-' : ''}${literalOf(value, text)}}`,
        'name',
      )!;
      expect(again!.value, `${file}: ${text}`).toBe(value);
    }
});

describe('the numbers of a definition', () => {
  const code = `
    // old = 0x1.8b1p+0
    inline float use() { return fresh(1) * scale; } /* fresh = 2 */
    constexpr float scale = 0x1.8p+1f, other = T(0x1.1p+0 - 0x1.2p-9 + size(2));
    constexpr double table[2][2] = {{0, -0x1.123p+1}, {-0.0, 4}};
    constexpr roots fresh({1, 0x1.23p0});
    template <> constexpr quick end<quick> = 0x1.4p+3;
    inline vec<float> far(vec<float> a) {
      vec<float> y = fma(a, 0x1.f168p+7f, -0x1.299p+6f) * 2 + 1.5f;
      return fma(y, a, f(0x1.8p+0)) - 0x1.456p+0f;
    }
    template <> struct slope<tanh> { double factor = 4.0, height = 0x1.9884p-2; };
    const part = 1.25e-8;
    const cubic = (a: number) =>
      a * (0.5 + a * 0.16666666666664534) - 2.193450927734375e-8;
    const pi = { high: Math.PI, low: 1.2246467991473532e-16 };
  `;
  it.each([
    ['scale', [3]],
    ['other', [1.0625, -(2 ** -9 * 1.125)]],
    ['table', [0, -(0x1123 / 2048), -0, 4]],
    ['fresh', [1, 0x123 / 256]],
    ['end<quick>', [10]],
    ['far', [0xf168 / 512 + 128, -(0x1299 / 64), -(0x1456 / 4096)]],
    ['slope<tanh>', [0x19884 / 2 ** 18]],
    ['part', [1.25e-8]],
    ['cubic', [0.16666666666664534, -2.193450927734375e-8]],
    ['pi', [1.2246467991473532e-16]],
    ['old', undefined],
    ['use', []],
  ])('%s: %j', (name, values) => {
    expect(numbersOf(code, name)?.map(({ value }) => value)).toEqual(values);
  });

  it.each([
    ['table', [-0, 1.5, -0.25, 4], '{{-0.0, 0x1.8p+0}, {-0x1p-2, 4}}'],
    ['table', [1, -0, -0, 0], '{{0x1p+0, -0.0}, {-0.0, 0.0}}'],
    ['table', [0, -(0x1123 / 2048), -0, 4], '{{0, -0x1.123p+1}, {-0.0, 4}}'],
    ['fresh', [-1, 0x123 / 256], '({-0x1p+0, 0x1.23p0})'],
    ['cubic', [0.1666666666666453, -2.5123456789e-8], 'a * (0.5 + a * 0.1666666666666453) - 2.5123456789e-8;'],
    ['scale', [0.75], 'scale = 0x1.8p-1f, other'],
  ])('%s, written as %j', (name, values, text) => {
    const written = rewritten(code, numbersOf(code, name)!, values);
    expect(written).toContain(text);
    expect(numbersOf(written, name)!.map(({ value }) => value)).toEqual(values);
    expect(rewritten(written, numbersOf(written, name)!, values)).toBe(written);
  });

  it('the others, of many digits, are those without a script', () => {
    const names = ['table', 'slope<tanh>', 'pi', 'far'];
    expect(othersIn(code, names).map(({ text, line }) => `${line}: ${text}`)).toEqual([
      '15: 0.16666666666664534',
      '15: 2.193450927734375e-8',
    ]);
  });
});
