// In `exact` the gradient of softmax of float32 is within 1 ulp also where grad lies near its mean, held to whole numbers of 512 bits;
// and it has the same bits wherever a slice lies.
import { afterAll, describe, expect, it } from 'vitest';
import * as nonlin from '../../lib/index.js';
import { expectSame } from '../support/same.js';
import { exponentialsOf, gradientOf, isMasked, type Slice, sumAbove, ulpBetween } from '../support/true-gradient.js';

const { Tensor, softmaxGrad } = nonlin;

const before = nonlin.info().backend;
afterAll(() => nonlin.useBackend(before));

/** A slice but for its grad. */
interface Row extends Slice {
  readonly x: Float32Array;
  readonly flags?: Uint8Array;
  readonly added?: Float32Array;
}

const number = (i: number): number => Math.sin(i * i + 1.3 * i);
const floats = (length: number, f: (i: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, i) => f(i));
const some = (length: number): Float32Array => floats(length, (i) => number(i + 0.5));

const shapes: Readonly<Record<string, (length: number) => Float32Array>> = {
  ordinary: (length) => floats(length, (i) => 3 * number(i)),
  'with a peak': (length) => floats(length, (i) => (i === length >> 1 ? 60 : 3 * number(i))),
  'all alike': (length) => new Float32Array(length).fill(1.7),
  'far apart': (length) => floats(length, (i) => 90 * number(i)),
};

const conditions: Readonly<Record<string, (x: Float32Array) => Omit<Row, 'x' | 'temperature'>>> = {
  'no mask': () => ({}),
  'a mask': (x) => ({ flags: Uint8Array.from(x, (_, i) => Number(i % 3 !== 1)) }),
  'an added mask': (x) => ({ added: floats(x.length, (i) => (i % 5 === 3 ? -Infinity : number(i + 0.3))) }),
};

/** Changes g[k], and then others, so that g[k] is as near to the mean of all as such a float can make it. */
function plant(row: Row, g: Float32Array, k: number, ...others: number[]): Float32Array {
  const e = exponentialsOf(row);
  const total = e.reduce((sum, share) => sum + share);
  const places = [k, ...others].filter((place) => e[place]! > 0n && e[place]! < total);
  for (const place of places) {
    const above = sumAbove(e, g, g[k]!);
    const shift = place === k ? above / (total - e[k]!) : -above / e[place]!;
    // In units of 2^-149.
    if (e[k]! > 0n) g[place]! += Number(shift) * 2 ** -149;
  }
  return g;
}

const grads: Readonly<Record<string, (row: Row, length: number) => Float32Array>> = {
  ordinary: (_, length) => some(length),
  alike: (_, length) => new Float32Array(length).fill(0.7),
  'alike but the last': (_, length) => new Float32Array(length).fill(0.7).fill(0.9, length - 1),
  'alike but the first': (_, length) => new Float32Array(length).fill(-3e20).fill(1e5, 0, 1),
  'nearly alike': (_, length) => some(length).map((g) => 1 + g * 2 ** -18),
  symmetric: (_, length) => floats(length, (i) => number(Math.min(i, length - 1 - i)) * Math.sign(length - 1 - 2 * i)),
  'of many magnitudes': (_, length) => floats(length, (i) => number(i) * 2 ** Math.round(120 * number(i + 0.7))),
  'with their mean': (row, length) => plant(row, some(length), length - 1),
  // Which lies some 2^-50 from it.
  'with their mean, and a small one that moves it there': (row, length) =>
    plant(row, some(length).fill(0, 0, 1), 2 % length, 0),
};

const many = 40;
const places = [1, 7, 38, 39];

/** Its gradient by itself, and as a row or a column among others, in place or not; seen to be the same in all. */
function everywhere({ x, temperature, flags, added }: Row, g: Float32Array): Float32Array {
  const { length } = x;
  const marks = flags ?? added;
  /** Of such a mask, along a dimension. */
  const options = (mask: nonlin.Tensor | undefined, dim: number) => {
    const usual = { dim, temperature, precision: 'exact' } as const;
    if (mask === undefined) return usual;
    return { ...usual, mask: flags === undefined ? mask : { data: Uint8Array.from(mask.data), shape: mask.shape } };
  };
  const alone = softmaxGrad(g, x, options(marks && new Tensor(Float32Array.from(marks)), 0));

  const among = (row: ArrayLike<number>, f: (i: number) => number) => {
    const all = floats(many * length, f);
    for (const place of places) all.set(row, place * length);
    return new Tensor(all, { shape: [many, length] });
  };
  const xs = among(x, (i) => x[i % length]! * number(i));
  const gs = among(g, (i) => (i % 7 < 3 ? 0.5 : number(i)));
  const mask = marks && among(marks, (i) => Number(i % 11 < 6));
  for (const place of ['y', 'x', 'g'] as const) {
    const own = { y: x.slice(), x: x.slice(), g: g.slice() };
    softmaxGrad(own.g, own.x, { ...options(marks && new Tensor(Float32Array.from(marks)), 0), out: own[place] });
    expectSame(own[place], alone, `alone, in ${place}`);
    for (const dim of [0, 1]) {
      const turned = (matrix: nonlin.Tensor) => (dim === 1 ? matrix.clone() : matrix.T.contiguous());
      const all = { y: turned(xs), x: turned(xs), g: turned(gs) };
      softmaxGrad(all.g, all.x, { ...options(mask && turned(mask), dim), out: all[place] });
      const { data } = turned(all[place]);
      for (const at of places)
        expectSame(
          data.slice(at * length, (at + 1) * length) as Float32Array,
          alone,
          `${at} along ${dim}, in ${place}`,
        );
    }
  }
  return alone;
}

/** Holds the gradient of every backend to the true one, whatever grad holds at a masked entry. */
function hold(row: Row, grad: ArrayLike<number>, what = ''): void {
  const [g, other] = [Number.NaN, 1e38].map((masked) =>
    Float32Array.from(grad, (value, i) => (isMasked(row, i) ? masked : value)),
  ) as [Float32Array, Float32Array];
  const truth = gradientOf(row, g);
  for (const backend of nonlin.backends()) {
    nonlin.useBackend(backend);
    const result = everywhere(row, g);
    if (result.some((_, i) => isMasked(row, i))) expectSame(everywhere(row, other), result, `${backend}, ${what}`);
    for (const [i, dx] of result.entries()) {
      if (isMasked(row, i)) expect(dx, `${backend}, ${what}: masked ${i}`).toBe(0);
      else if (!(ulpBetween(dx, truth[i]!) <= 1))
        expect(dx, `${backend}, ${what}: entry ${i}`).toBe(Number(truth[i]!) * 2 ** -213);
    }
  }
}

describe.each(Object.keys(shapes))('x %s', (shape) => {
  const cases = Object.keys(conditions).flatMap((mask) => [1, 0.7, 1e-3].map((t) => [mask, t] as const));
  it.each(cases)('under %s at %d', (mask, t) => {
    const temperature = Math.fround(t);
    for (const length of mask === 'no mask' && t === 1 ? [2, 3, 10, 100, 1000] : [2, 3, 10, 100]) {
      // Of another temperature than these, shares of 0 and 1.
      const x = shapes[shape]!(length).map((value) => value * temperature);
      const row = { x, temperature, ...conditions[mask]!(x) };
      for (const [name, grad] of Object.entries(grads)) hold(row, grad(row, length), `${length} ${name}`);
    }
  });
});

describe('what cancels', () => {
  const row = (x: number[], temperature = 1): Row => ({
    x: Float32Array.from(x),
    temperature: Math.fround(temperature),
  });

  it('beside a share that is all but 1', () => {
    for (const far of [-10, -17, -30, -36, -40, -60, -87, -95]) {
      for (const t of [1, 0.7, 1e-3]) hold(row([0, far * t], t), [1, 3], `${far} at ${t}`);
      hold(row([0, far], 1e-3), [1, 3], `${far} at 1e-3`);
    }
  });

  it('beside a share of nothing whose grad is large', () => {
    for (const far of [-100, -112, -120, -150])
      for (const t of [1, 0.7, 1e-3]) hold(row([0, 0, 0, far * t], t), [3, 5, 4, 2 ** 127], `${far} at ${t}`);
  });

  it('beside shares of nothing, whose own gradient is nothing, over what was in out', () => {
    for (const backend of nonlin.backends()) {
      nonlin.useBackend(backend);
      const x = Float32Array.of(0, -1e4, 0, 0, -1e4);
      const out = new Float32Array(5).fill(7);
      softmaxGrad(Float32Array.of(3, 7, 5, 4, 7), x, { precision: 'exact', out });
      expect(Array.from(out, Math.abs), backend).toEqual([Math.fround(1 / 3), 0, Math.fround(1 / 3), 0, 0]);
      // Of a share that only the lowest temperatures and the largest grad bring back.
      const far = row([0, 0, 0, -250 * 1e-38], 1e-38);
      hold(far, [3, 5, 4, 2 ** 127], 'far at 1e-38');
    }
  });

  it('where x and what is added to it are large and their sums are not', () => {
    for (const scale of [1e5, 1e7, 1e8, 1e14, 1e20]) {
      const x = floats(20, (i) => scale * (2 + number(i)));
      const temperature = Math.fround(0.7);
      const added = x.map((value, i) => 3 * number(i + 0.5) - value / temperature);
      for (const [name, grad] of Object.entries(grads)) {
        const row = { x, temperature, added };
        hold(row, grad(row, x.length), `${scale}, ${name}`);
      }
    }
  });

  it('comes out as 0 where it is nothing', () => {
    for (const length of [1, 2, 7, 100]) {
      const x = new Float32Array(length).fill(-3);
      for (const name of ['alike', 'symmetric'])
        for (const backend of nonlin.backends()) {
          nonlin.useBackend(backend);
          const g = grads[name]!(row([]), length);
          const dx = softmaxGrad(g, x, { precision: 'exact' });
          if (name === 'alike') for (const value of dx) expect(Math.abs(value)).toBe(0);
          else if (length % 2 === 1) expect(Math.abs(dx[length >> 1]!)).toBe(0);
        }
    }
  });
});

// From where on a slice counts as near is asked by floats, in some layouts after a question to many slices at once.
it.each([2, 5, 9])('slices of %d about where they begin to count as near have the same bits anywhere', (length) => {
  const rows = 8000;
  const unit = 2 ** -24;
  const [x, g] = [new Float32Array(rows * length), new Float32Array(rows * length)];
  for (let i = 0; i < rows; i++) {
    // Two entries, of which the second lies so far from the mean, and others without a share.
    const [first, second] = [1.55 + 0.4 * number(7 * i), 40 + 2 * Math.floor(1000 + 1000 * number(3 * i))];
    const away = unit * (3.5 * first + 0.3 + 0.75 * number(i));
    const at = i * length;
    x.fill(-300, at, at + length);
    g.fill(0.01 * number(i), at, at + length);
    g[at] = first;
    g[at + 1] = g[at]! - second * unit;
    const share = away / (g[at]! - g[at + 1]!);
    [x[at], x[at + 1]] = [Math.log(share / (1 - share)), 0];
    // Beside one of large grads, which ask the same of all.
    if (i % 640 === 639) for (let k = 0; k < length; k++) g[at + k] = 1e30 * number(k);
  }
  const turned = (data: Float32Array) => new Tensor(data, { shape: [rows, length] }).T.contiguous();
  for (const backend of nonlin.backends()) {
    nonlin.useBackend(backend);
    const options = { precision: 'exact' } as const;
    const together = softmaxGrad(
      new Tensor(g, { shape: [rows, length] }),
      new Tensor(x, { shape: [rows, length] }),
      options,
    );
    const columns = softmaxGrad(turned(g), turned(x), { ...options, dim: 0 }).T.contiguous();
    expectSame(columns.data as Float32Array, together.data as Float32Array, `${backend}, columns`);
    const twice = (data: Float32Array) => new Tensor(Float32Array.of(...data, ...data), { shape: [2, length] });
    for (let at = 0; at < x.length; at += length) {
      const [of, by] = [x, g].map((data) => data.subarray(at, at + length)) as [Float32Array, Float32Array];
      const alone = softmaxGrad(by, of, options);
      expectSame(alone, together.data.subarray(at, at + length) as Float32Array, `${backend}, alone at ${at}`);
      // Of a few there is nobody else who makes it ask again.
      const { data } = softmaxGrad(twice(by), twice(of), options);
      expectSame(data as Float32Array, Float32Array.of(...alone, ...alone), `${backend}, twice at ${at}`);
    }
  }
});
