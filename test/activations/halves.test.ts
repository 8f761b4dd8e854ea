// All 65,536 inputs of float16 and bfloat16 through every row and each of its samples: TypeScript gives the bits of native code, which
// the proof (prove.test.ts) holds against MPFR.
import { afterAll, describe, expect, it } from 'vitest';
import { casesOf } from '../../lib/activations/signatures.js';
import { activationNames } from '../../lib/activations/table.js';
import { backend } from '../../lib/backends/select.js';
import { halfOf, numbersOf } from '../../lib/basics/halves.js';
import { backends, useBackend } from '../../lib/index.js';

const dtypes = ['float16', 'bfloat16'] as const;
const [best] = backends();
const x = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const infinity = { float16: 0x7c00, bfloat16: 0x7f80 };

afterAll(() => useBackend(best!));

describe.each(dtypes)('%s', (dtype) => {
  const isNoNumber = (bits: number) => (bits & 0x7fff) > infinity[dtype];

  it('has numbers that grow with their bits, each its own nearest, and rounds what lies between to the nearer, or the even', () => {
    const numbers = numbersOf(dtype);
    const [one, least] = dtype === 'float16' ? [0x3c00, 2 ** -24] : [0x3f80, 2 ** -133];
    expect([numbers[one], numbers[1], numbers[infinity[dtype]]]).toEqual([1, least, Infinity]);
    for (let bits = 0; bits < infinity[dtype] - 1; bits++) {
      const [a, b] = [numbers[bits]!, numbers[bits + 1]!];
      const middle = (a + b) / 2;
      const even = bits + (bits & 1);
      const found = [a, middle, middle * (1 - 2 ** -50), middle * (1 + 2 ** -50)].map((value) => halfOf(dtype, value));
      if (!(a < b) || String(found) !== String([bits, even, bits, bits + 1])) expect(found).toEqual([bits, even]);
      if (numbers[bits | 0x8000] !== -a || halfOf(dtype, -middle) !== (even | 0x8000)) expect(bits).toBe('negative');
    }
  });

  it('is what float64 rounds to, once, beside all middles between two', () => {
    const numbers = numbersOf(dtype);
    const sizes = Array.from({ length: infinity[dtype] }, (_, bits) => {
      const [a, middle] = [numbers[bits]!, (numbers[bits]! + Math.min(numbers[bits + 1]!, 2 * numbers[bits]!)) / 2];
      return [a, middle, middle * (1 - 2 ** -53), middle * (1 + 2 ** -52)];
    }).flat();
    const x = Float64Array.from([...sizes, ...sizes.map((size) => -size), 1e300, -5e-324, -Infinity]);
    const y = new Uint16Array(x.length);
    backend.convert(x, 'float64', y, dtype);
    expect(y.findIndex((bits, i) => bits !== halfOf(dtype, x[i]!))).toBe(-1);
  });

  it('gives a result whatever stands before it, and in its place: where blocks of many middles come first', () => {
    // Middles of hardSwish, and of rrelu some; and then subnormal numbers, half of which rounds to a side.
    const open = dtype === 'float16' ? [0x3e00, 0x2e01, 0xae4d] : [0x3cc0, 0xbcc0, 0x3e90, 0xbe90, 0xbef0];
    const [x, y] = [new Uint16Array(20000), new Uint16Array(20000)];
    for (const { op, a, b } of [casesOf('hardSwish')[0]!, casesOf('rrelu')[0]!])
      for (const bits of open) {
        for (let i = 0; i < x.length; i++) x[i] = i < 4096 ? bits : (1 + (i % 255)) | (i & 1 ? 0x8000 : 0);
        const run = (grad: Uint16Array | undefined, from: Uint16Array, to: Uint16Array) => {
          backend.halves(grad, from, to, dtype, op, a, b);
          return to;
        };
        for (const grad of [undefined, x.map((_, i) => 0x1ad + (i % 7))]) {
          useBackend('js');
          const wanted = run(grad, x, y.slice());
          useBackend(best!);
          expect(run(grad, x, y.slice())).toEqual(wanted);
          const own = x.slice();
          expect(run(grad, own, own), 'in the place of x').toEqual(wanted);
        }
      }
  });

  it.skipIf(dtype === 'float16')('tells a middle on whose other side the float lies', () => {
    for (const [name, x, grad, wanted] of [
      ['logSigmoid', 0x3f7e, 0xe031, 0xdf3f],
      ['hardSwish', 0xbf3c, 0x758, 0x65c],
    ] as const) {
      const y = new Uint16Array(64);
      backend.halves(y.slice().fill(grad), y.slice().fill(x), y, dtype, casesOf(name)[0]!.op, 0, 0);
      expect(y).toEqual(y.slice().fill(wanted));
    }
  });

  it.skipIf(best === 'js').each(activationNames)('%s: TypeScript gives the bits of native code', (name) => {
    const one = new Uint16Array(x.length).fill(halfOf(dtype, 1));
    // Beside each input one of all the numbers there are, each once.
    const any = x.map((bits) => Math.imul(bits, 40503) + 12345);
    const run = (backendName: typeof best, grad: Uint16Array | undefined, op: number, a: number, b: number) => {
      useBackend(backendName!);
      const y = new Uint16Array(x.length);
      backend.halves(grad, x, y, dtype, op, a, b);
      return y.map((bits) => (isNoNumber(bits) ? 0x7fff : bits));
    };
    for (const { label, op, a, b } of casesOf(name))
      for (const grad of [undefined, one, any]) {
        const wanted = run(best, grad, op, a, b);
        const differ = run('js', grad, op, a, b).findIndex((bits, i) => bits !== wanted[i]);
        expect(differ, `${label}${grad === undefined ? '' : ', gradient'}`).toBe(-1);
      }
  });

  // Which go through a table of all results, past the cache from 8 Mi on.
  it.skipIf(best === 'js').each([2 ** 19, 2 ** 23])(
    'gives %d elements and more the same bits, wherever they lie',
    (length) => {
      useBackend(best!);
      const { op, a, b } = casesOf('sigmoid')[0]!;
      const wanted = new Uint16Array(x.length);
      backend.halves(undefined, x, wanted, dtype, op, a, b);
      for (const [from, to] of [
        [0, 0],
        [1, 3],
        [5, 32],
      ] as const) {
        const many = new Uint16Array(length + 80).map((_, i) => i * 40503).subarray(from, from + length + 41);
        const y = new Uint16Array(length + 80).fill(0xabcd);
        backend.halves(undefined, many, y.subarray(to, to + many.length), dtype, op, a, b);
        const differ = many.findIndex((bits, i) => y[to + i] !== wanted[bits]);
        expect(differ).toBe(-1);
        const guards = [...y.subarray(0, to), ...y.subarray(to + many.length)];
        expect(guards.every((bits) => bits === 0xabcd)).toBe(true);
      }
    },
  );
});
