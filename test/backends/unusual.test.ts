// A value, and a gradient, has the bits that it has alone, whatever stands beside it. Native code takes another way only where the
// processor has met subnormal numbers (native/run/values.h).
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { boundOf, distance } from '../../lib/activations/bounds.js';
import { casesOf } from '../../lib/activations/signatures.js';
import { activationNames, opOf } from '../../lib/activations/table.js';
import type { Backend } from '../../lib/backends/backend.js';
import { loaded } from '../../lib/backends/native/addon.js';
import { reference } from '../../lib/backends/reference.js';
import { info, setThreads } from '../../lib/index.js';
import { random, repeated, specials } from '../support/inputs.js';
import { kernelBackends } from '../support/kernels.js';
import { bytesOf } from '../support/same.js';

const cases = activationNames.flatMap(casesOf);
const threadsBefore = info().threads;
// As much as is watched at once, and more, and as many calls as it takes until a row is trusted again.
const length = 16384;
const trusted = 10;
// From where some rows write past the cache.
const longest = 2 ** 22 + 3;

const usual = Float32Array.from(random('float32', length, 6));
const tiny = Array.from({ length: 400 }, (_, i) => (-1) ** i * 2 ** -126 * ((i + 0.5) / 200));
const tails = Array.from({ length: 2000 }, (_, i) => (-1) ** i * (5 + i / 20));
// Where sigmoid is subnormal.
const farther = random('float32', 1500, 8.5).map((x) => x - 95.5);
// Subnormal ones between others of every size below 1 / 32.
const between = Array.from(
  { length: 1200 },
  (_, i) => (i % 4 < 2 ? 1 : -1) * (i % 2 === 0 ? 1.3 * 2 ** -(5 + i / 12) : i * 2 ** -149),
);
const unusual = Float32Array.from([
  ...tiny,
  ...between,
  ...tails,
  ...farther,
  ...specials('float32'),
  ...random('float32', 1000),
]);
const mixed = usual.map((x, i) => (i % 3 === 0 ? unusual[(i / 3) % unusual.length]! : x));

const usualGrads = mixed.map((_, i) => (i % 7 === 0 ? -1 : (i % 5) / 4));
const largeGrads = usualGrads.map((g, i) => (i % 7 === 0 ? g * 2 ** 40 : g));
// Subnormal ones, those that a slope makes subnormal, and others.
const smallGrads = mixed.map(
  (_, i) => (-1) ** i * [2 ** -149, 2 ** -137, 2 ** -126, 2 ** -90, 1e-12][i % 5]! * (i % 999),
);

/** Parameters of 0, and the smallest. */
const atTheLimit = (
  [
    ['silu', 0, 0],
    ['elu', 0, 0],
    ['seluOf', 0, 1],
    ['leakyRelu', 0, 0],
    ['rrelu', 0, 0],
    ['rrelu', -(2 ** -149), 0],
    ['rrelu', 2 ** -19, 2 ** -19],
    ['rrelu', 2 ** -21, 2 ** -21],
    ['rrelu', 1e-30, 1e-30],
    ['softplus', 1, 2 ** -149],
    ['softplus', 0.01, -(2 ** 106)],
    ['elu', 2 ** -145, 0],
    ['elu', 2 ** 40, 0],
    ['seluOf', 2 ** 19, 2 ** 19],
    ['seluOf', -89.04100036621094, -5],
    ['hardSigmoidOf', 2 ** -100, 1],
    ['hardSigmoidOf', 1, 2 ** -66],
    ['hardSigmoidOf', 0.5, 2 ** -149],
    ['hardSigmoidOf', 2 ** 39, 0.5],
    ['hardSigmoidOf', -(2 ** -100), 1],
  ] as const
).map(([row, a, b]) => ({ label: `${row}(${a}, ${b})`, row, op: opOf[row], a, b }));

// Inputs among which slopes come to nothing, and the rows whose slopes do.
const untilTheyEnd = [1 / 16, 4, 256].map((step) => Float32Array.from({ length: 8192 }, (_, i) => (i - 4096) * step));
const isLeast = (y: number) => Math.abs(y) < 2 ** -127;
function slopesOf(x: Float32Array, grad: number, op: (typeof cases)[0]['op'], a: number, b: number) {
  const y = new Float32Array(x.length);
  reference.mapGrad(new Float32Array(x.length).fill(grad), x, y, op, a, b, false);
  return y;
}
const ending = cases.filter(({ op, a, b }) =>
  untilTheyEnd.some((x) => slopesOf(x, 64, op, a, b).some((y) => y !== 0 && isLeast(y))),
);

// An element alone.
const [one, oneGrad, ofOne] = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];

function difference(x: Float32Array, y: Float32Array, expected: Float32Array) {
  if (Buffer.compare(bytesOf(y), bytesOf(expected)) === 0) return undefined;
  // NaN is NaN, whatever its bits.
  const i = y.findIndex((value, i) => !Object.is(value, expected[i]));
  return i < 0 ? undefined : `at ${i}, of ${x[i]}: ${y[i]} for ${expected[i]}`;
}

// The addon takes one of two ways, by how long subnormal numbers take this processor: here both.
const { addon } = loaded;
const measured = addon?.slowSubnormals();
const ways: { name: string; backend: Backend; slow?: boolean }[] = kernelBackends.flatMap((backend) =>
  addon === undefined || backend.name === 'wasm'
    ? [{ name: `${backend.name}`, backend }]
    : [true, false].map((slow) => ({ name: `${backend.name}, ${slow ? 'slow' : 'quick'} subnormals`, backend, slow })),
);

afterEach(() => {
  setThreads(threadsBefore);
});

describe.each(ways)('$name', ({ backend, slow }) => {
  beforeAll(() => {
    if (slow !== undefined) addon?.slowSubnormals(slow);
  });
  afterAll(() => {
    if (slow !== undefined) addon?.slowSubnormals(measured);
  });

  // A register of nothing else has a way of its own.
  it.each([
    ['leakyRelu', Math.fround(0.3), 0],
    ['prelu', Math.fround(0.9), 0],
    ['rrelu', 0.5, Math.fround(0.7)],
  ] as const)('%s(%f, %f) of numbers around 2^-126 does not depend on what lies beside them', (row, a, b) => {
    const x = Float32Array.from({ length: 8192 }, (_, i) => -(2 ** -126) * (0.5 + (1.7 * i) / 8192));
    const isOther = (i: number) => i % 5 === 3;
    const mixed = x.map((value, i) => (isOther(i) ? 1 : value));
    const [y, beside] = [new Float32Array(x.length), new Float32Array(x.length)];
    backend.map(x, y, opOf[row], a, b);
    backend.map(mixed, beside, opOf[row], a, b);
    expect(y.map((value, i) => (isOther(i) ? 0 : value))).toEqual(beside.map((value, i) => (isOther(i) ? 0 : value)));
  });

  it.each(cases)('$label of an unusual number agrees with TypeScript', ({ row: activation, op, a, b }) => {
    const comparison = { activation, direction: 'forward', dtype: 'float32', precision: 'fast' } as const;
    const bound = boundOf(comparison);
    const expected = new Float32Array(unusual.length);
    reference.map(unusual, expected, op, a, b, false);
    const far = [...unusual].filter((x, i) => {
      const y = new Float32Array(1);
      backend.map(Float32Array.of(x), y, op, a, b);
      return distance(comparison, bound, y[0]!, expected[i]!, x, 1) > bound.ulp;
    });
    expect(far).toEqual([]);
  });

  // The usual formula rounds it twice.
  it.each(['silu', 'gelu', 'geluTanh', 'geluSigmoid', 'hardSwish'] as const)(
    '%s of a subnormal number is its half, rounded once',
    (name) => {
      const { op, a, b } = casesOf(name)[0]!;
      for (const length of [1, 100, 5000]) {
        const x = Float32Array.from({ length }, (_, i) => (i % 2 ? -1 : 1) * (3 + 4 * (i % 50)) * 2 ** -149);
        const y = new Float32Array(length);
        backend.map(x, y, op, a, b);
        expect(
          difference(
            x,
            y,
            x.map((value) => value / 2),
          ),
        ).toBeUndefined();
      }
    },
  );

  it.each(cases)('$label of subnormal numbers between others is correctly rounded', ({ op, a, b }) => {
    const x = Float32Array.from(between);
    const [y, expected] = [new Float32Array(x.length), new Float32Array(x.length)];
    backend.map(x, y, op, a, b, true);
    reference.map(x, expected, op, a, b, true);
    expect(difference(x, y, expected)).toBeUndefined();
  });

  it.each(activationNames.map((name) => casesOf(name)[0]!))('$label of millions', ({ op, a, b }) => {
    const values = (x: Float32Array) => {
      const y = new Float32Array(x.length);
      backend.map(x, y, op, a, b);
      return y;
    };
    const expected = repeated(values(mixed), longest);
    // Usual ones first, so that the row is trusted.
    for (let i = 0; i < trusted; i++) values(usual);
    const x = repeated(mixed, longest);
    expect(difference(x, values(x), expected)).toBeUndefined();
  });

  // Rows of which a part is kept until it is written past the cache, from a place that is not aligned.
  it.each(['gelu', 'celu', 'mish'].map((name) => casesOf(name as 'gelu')[0]!))(
    '$label of 16 millions',
    ({ op, a, b }) => {
      const expected = new Float32Array(mixed.length);
      backend.map(mixed, expected, op, a, b);
      const x = repeated(mixed, 2 ** 24 + 7);
      const y = new Float32Array(x.length + 1).subarray(1);
      for (const threads of [1, 2]) {
        setThreads(threads);
        backend.map(x, y.fill(0), op, a, b);
        for (let i = 0; i < x.length; i += length)
          expect(
            difference(x.subarray(i), y.subarray(i, i + length), expected.subarray(0, x.length - i)),
          ).toBeUndefined();
      }
    },
  );

  it.each(activationNames.map((name) => casesOf(name)[0]!))(
    '$label far out is x where it rounds to x',
    ({ op, a, b }) => {
      const x = Float32Array.of(12, 20, 50, 1e4, 2 ** 24, 2 ** 24 - 1, 3e38);
      const [y, exact] = [new Float32Array(x.length), new Float32Array(x.length)];
      backend.map(x, y, op, a, b);
      reference.map(x, exact, op, a, b, true);
      expect([...y].filter((_, i) => exact[i] === x[i])).toEqual([...x].filter((x, i) => exact[i] === x));
    },
  );

  // Where loops look at a group of vectors at once.
  it.each(activationNames.map((name) => casesOf(name)[0]!))(
    '$label beside NaN, which hides nothing',
    ({ op, a, b }) => {
      const values = (x: Float32Array) => {
        const y = new Float32Array(x.length);
        backend.map(x, y, op, a, b);
        return y;
      };
      for (const far of [-20, -7, 15]) {
        const alone = values(Float32Array.of(far))[0]!;
        for (let at = 0; at < 64; at += 4) {
          const x = new Float32Array(192).fill(far);
          for (let i = at; i < x.length; i += 64) x.fill(NaN, i, i + 16);
          expect(
            difference(
              x,
              values(x),
              x.map((x) => (x === far ? alone : NaN)),
            ),
          ).toBeUndefined();
        }
      }
    },
  );

  // As many as two threads share, and few enough unusual ones that the first of the ever longer parts they try have none.
  it.each(activationNames.map((name) => casesOf(name)[0]!))('$label of few unusual ones, in place', ({ op, a, b }) => {
    const x = Float32Array.from({ length: 140_000 }, (_, i) =>
      i % 640 === 0 ? unusual[(i / 640) % unusual.length]! : usual[i % length]!,
    );
    const g = Float32Array.from(x, (_, i) => usualGrads[i % length]!);
    const [values, slopes] = [new Float32Array(x.length), new Float32Array(x.length)];
    for (let i = 0; i < x.length; i += 500) {
      const part = (of: Float32Array) => of.subarray(i, i + 500);
      backend.map(part(x), part(values), op, a, b);
      backend.mapGrad(part(g), part(x), part(slopes), op, a, b);
    }
    for (const threads of [1, 2]) {
      setThreads(threads);
      const [y, dx] = [x.slice(), x.slice()];
      backend.map(y, y, op, a, b);
      backend.mapGrad(g, dx, dx, op, a, b);
      expect(difference(x, y, values)).toBeUndefined();
      expect(difference(x, dx, slopes)).toBeUndefined();
    }
  });

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

  // Those of which one loop does both, and others.
  const gated = cases.filter(({ row }) => ['silu', 'gelu', 'sigmoid', 'relu'].includes(row));
  it.each(gated)('the gradients of a gate by $label', ({ op, a, b }) => {
    const [values, dx, dby, slopes] = Array.from({ length: 4 }, () => new Float32Array(length)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    backend.map(mixed, values, op, a, b);
    const all = [usualGrads, smallGrads, largeGrads, mixed.toReversed()];
    for (const g of all)
      for (const by of all) {
        backend.gateGrad(g, mixed, by, dx, dby, op, a, b, false);
        const products = g.map((g, i) => g * by[i]!);
        backend.mapGrad(products, mixed, slopes, op, a, b);
        expect(difference(mixed, dx, slopes)).toBeUndefined();
        expect(
          difference(
            mixed,
            dby,
            g.map((g, i) => g * values[i]!),
          ),
        ).toBeUndefined();
      }
  });

  it.each(gated)('a gate by $label', ({ op, a, b }) => {
    let exact = false;
    const gate = (x: Float32Array, by: Float32Array, y = new Float32Array(x.length)) => {
      backend.gate(x, by, y, op, a, b, exact);
      return y;
    };
    for (const x of [usual, mixed, repeated(mixed, 140_001), mixed, usual]) {
      const values = new Float32Array(x.length);
      backend.map(x, values, op, a, b, exact);
      for (const factors of [usualGrads, smallGrads, mixed.toReversed()]) {
        const by = repeated(factors, x.length);
        const expected = values.map((value, i) => value * by[i]!);
        const label = () => `${x.length} of ${factors === smallGrads ? 'small' : 'other'} ones`;
        expect(difference(x, gate(x, by), expected), label()).toBeUndefined();
        expect(difference(x, gate(x, by), expected), label()).toBeUndefined();
        const [from, up] = [x.slice(), by.slice()];
        expect(difference(x, gate(from, by, from), expected), label()).toBeUndefined();
        expect(difference(x, gate(x, up, up), expected), label()).toBeUndefined();
      }
      if (x.length > length) exact = !exact; // The last two are.
    }
    exact = false;
    // A row that is no longer trusted, and then is again; of any length, at any address.
    const values = new Float32Array(length);
    backend.map(usual, values, op, a, b);
    const expected = values.map((value, i) => value * usual[i]!);
    for (let i = 0; i <= trusted; i++) expect(difference(usual, gate(usual, usual), expected)).toBeUndefined();
    const room = new Float32Array(300);
    for (let count = 0; count < 200; count++) {
      const [x, from] = [usual.subarray(count, 2 * count), count % 17];
      gate(x, x, room.fill(7).subarray(from, from + count));
      expect(room.subarray(from, from + count)).toEqual(expected.subarray(count, 2 * count));
      expect(room[from + count]).toBe(7);
    }
  });

  it.each(cases)('the gradient of $label', ({ op, a, b }) => {
    const gradients = (g: Float32Array, x: Float32Array, y = new Float32Array(x.length)) => {
      backend.mapGrad(g, x, y, op, a, b);
      return y;
    };
    for (const grads of [usualGrads, largeGrads, smallGrads]) {
      const amongUsual = gradients(grads, usual);
      const expected = amongUsual.map((y, i) => {
        if (i % 3 !== 0 && grads !== smallGrads) return y;
        oneGrad[0] = grads[i]!;
        one[0] = mixed[i]!;
        return gradients(oneGrad, one, ofOne)[0]!;
      });
      expect(difference(mixed, gradients(grads, mixed), expected)).toBeUndefined();
      expect(difference(mixed, gradients(grads, mixed), expected)).toBeUndefined();
      const [g, x] = [grads.slice(), mixed.slice()];
      expect(difference(mixed, gradients(g, mixed, g), expected)).toBeUndefined();
      expect(difference(mixed, gradients(grads, x, x), expected)).toBeUndefined();
      for (let i = 0; i <= trusted; i++) expect(difference(usual, gradients(grads, usual), amongUsual)).toBeUndefined();
    }
  });

  it.each(
    cases.flatMap((of) => [
      { ...of, size: 'small', grads: smallGrads },
      { ...of, size: 'large', grads: largeGrads },
    ]),
  )('the gradient of $label for $size grads agrees with TypeScript', ({ row: activation, op, a, b, grads }) => {
    const comparison = { activation, direction: 'gradient', dtype: 'float32', precision: 'fast', a } as const;
    const bound = boundOf(comparison);
    const [y, expected] = [new Float32Array(length), new Float32Array(length)];
    backend.mapGrad(grads, mixed, y, op, a, b);
    reference.mapGrad(grads, mixed, expected, op, a, b, false);
    // A slope with its error, rounded once more: where that is to a subnormal number, it may be the next one.
    const far = [...y].findIndex((y, i) => {
      const terms = Math.abs(grads[i]!);
      return distance(comparison, bound, y, expected[i]!, mixed[i]!, terms) > Math.max(bound.ulp, 1);
    });
    expect(far < 0 ? undefined : [mixed[far], grads[far], y[far], expected[far]]).toBeUndefined();
  });

  // Float lanes end a slope where 64 times it is nothing, and leave larger grads to double lanes. Beside a subnormal result the errors of
  // both formulas are nothing, but it may be rounded twice.
  it.each(ending)('the gradient of $label ends no sooner than it comes to nothing', ({ op, a, b }) => {
    for (const x of untilTheyEnd)
      for (const grad of [64, 65]) {
        const [g, y] = [new Float32Array(x.length).fill(grad), new Float32Array(x.length)];
        const expected = slopesOf(x, grad, op, a, b);
        backend.mapGrad(g, x, y, op, a, b);
        const far = y.findIndex((y, i) => isLeast(expected[i]!) && !(Math.abs(y - expected[i]!) <= 2 ** -149));
        expect(far < 0 ? undefined : [x[far], grad, y[far], expected[far]]).toBeUndefined();
      }
  });

  // Where a formula ends the largest of a group may tell which way it goes: an input there, and those beside it, for all of a group.
  it.each(cases)('$label where formulas end does not depend on the group', ({ op, a, b }) => {
    const near = (end: number) => {
      const bits = new Int32Array(Float32Array.of(end).buffer)[0]!;
      return [...new Float32Array(Int32Array.of(bits - 1, bits, bits + 1).buffer)].flatMap((x) => [x, -x]);
    };
    const ends = [
      2 ** -126,
      2 ** -40,
      0.5,
      1,
      2,
      3,
      4.25,
      4.5,
      5.4,
      6,
      8.8,
      9.1,
      10,
      10.8,
      14.75,
      14.9,
      20,
      51,
      62,
      70,
      87,
      109,
    ].flatMap(near);
    for (const exact of [false, true])
      for (const x of ends) {
        const [all, y, alone] = [new Float32Array(192).fill(x), new Float32Array(192), new Float32Array(1)];
        const expectAlike = (what: string) =>
          expect(difference(all, y, new Float32Array(192).fill(alone[0]!)), what).toBeUndefined();
        backend.map(all, y, op, a, b, exact);
        backend.map(Float32Array.of(x), alone, op, a, b, exact);
        expectAlike(exact ? 'exact' : 'fast');
        backend.mapGrad(new Float32Array(192).fill(1), all, y, op, a, b, exact);
        backend.mapGrad(Float32Array.of(1), Float32Array.of(x), alone, op, a, b, exact);
        expectAlike(exact ? 'gradient, exact' : 'gradient, fast');
      }
  });

  // Some of a group of 64 are put aside, and up to five of them (in exact three) in another way.
  it.each([false, true])(
    'gelu of what comes to nothing does not depend on how many of a group do (exact: %s)',
    (exact) => {
      const { op, a, b } = casesOf('gelu')[0]!;
      const nothing = [-14.75, -15, -1e30, Number.NEGATIVE_INFINITY];
      for (let count = 0; count <= 64; count++) {
        const x = Float32Array.from({ length: 64 }, (_, i) => (i < count ? nothing[i % nothing.length]! : -7));
        const y = new Float32Array(64);
        backend.map(x, y, op, a, b, exact);
        expect([...y.subarray(0, count)].filter((value) => !Object.is(value, -0))).toEqual([]);
        expect(new Set(y.subarray(count)).size).toBe(count < 64 ? 1 : 0);
      }
    },
  );

  // Infinities, zeros and the largest and smallest numbers, each with each; and where float lanes find no slope of elu's.
  const ends = [Infinity, 3e38, 1e12, 800, 130.00001525878906, 100, 2 ** -45, 1e-30, 2 ** -126, 2 ** -149, 0]
    .flatMap((x) => [x, -x])
    .concat(Number.NaN);
  it.each([...cases, ...atTheLimit])('$label at the ends of x and grad', ({ row: activation, op, a, b }) => {
    const x = Float32Array.from(ends.flatMap((x) => ends.map(() => x)));
    const g = Float32Array.from(ends.flatMap(() => ends));
    for (const precision of ['fast', 'exact'] as const)
      for (const direction of ['forward', 'gradient'] as const) {
        const comparison = { activation, direction, dtype: 'float32', precision, a } as const;
        const bound = boundOf(comparison);
        const run = (backend: Backend) => {
          const y = new Float32Array(x.length);
          if (direction === 'forward') backend.map(x, y, op, a, b, precision === 'exact');
          else backend.mapGrad(g, x, y, op, a, b, precision === 'exact');
          return y;
        };
        const [y, expected] = [run(backend), run(reference)];
        const most = precision === 'fast' ? Math.max(1, bound.ulp) : bound.ulp;
        const far = y.findIndex(
          (y, i) => !(distance(comparison, bound, y, expected[i]!, x[i]!, Math.abs(g[i]!)) <= most),
        );
        const facts = [precision, direction, x[far], g[far], y[far], expected[far]];
        expect(far < 0 ? undefined : facts).toBeUndefined();
      }
  });
});
