// `nonlin check`: holds every native backend against plain TypeScript, on edges and on random inputs, within lib/bounds.ts.
import type { BackendName, FloatArray } from '../backend.js';
import { type Bound, boundOf, type Comparison, distance } from '../bounds.js';
import { backends } from '../select.js';
import { allocate, type DType, sizeOf } from '../shape.js';
import { Tensor } from '../tensor.js';
import { type Arguments, integerOf } from './arguments.js';
import { nativeFor } from './compare.js';
import { UsageError } from './errors.js';
import { forward, gradient, operations, withBackend } from './operations.js';
import { type Io, json, paintFor, progress, short, shortest, table } from './output.js';
import { type Random, randomFrom } from './random.js';

interface Row extends Comparison {
  readonly backend: BackendName;
  /** The worst distance in representable numbers, and what the bound allows. */
  readonly ulp: number;
  readonly bound: number;
  readonly ok: boolean;
  /** Where the worst one is; null where every result is the same. */
  readonly worst: Worst | null;
}

interface Worst {
  readonly x: number;
  readonly grad: number | null;
  readonly native: number;
  readonly typescript: number;
}

const arithmetics = [
  { dtype: 'float32', precision: 'fast' },
  { dtype: 'float32', precision: 'exact' },
  { dtype: 'float64', precision: 'fast' },
] as const satisfies readonly Partial<Comparison>[];

export function check(args: Arguments, io: Io): number {
  const { positionals, given } = args;
  if (positionals.length > 0) throw new UsageError(`check takes no argument, got ${positionals.join(' ')}`);
  const seed = integerOf(args, 'seed', 0) ?? 1;
  const count = integerOf(args, 'count', 1) ?? 2 ** 17;
  const best = nativeFor(args);
  const names = given.has('backend') ? [best] : backends().filter((name) => name !== 'js');

  const rows: Row[] = [];
  for (const { dtype, precision } of arithmetics) {
    const random = randomFrom(seed);
    const x = inputs(dtype, count, random);
    const grad = gradients(x, random);
    for (const activation of operations) {
      for (const direction of ['forward', 'gradient'] as const) {
        progress(io, `checking ${activation} ${direction} ${dtype} ...`);
        rows.push(...compareAll(names, { activation, direction, dtype, precision }, x, grad));
      }
    }
  }
  progress(io);

  const beyond = rows.filter(({ ok }) => !ok).length;
  if (given.has('json')) io.out.write(json({ seed, count, ok: beyond === 0, rows }));
  else io.out.write(report(rows, beyond, `${count} values, seed ${seed}`, io));
  return beyond === 0 ? 0 : 1;
}

function report(rows: readonly Row[], beyond: number, what: string, io: Io): string {
  const paint = paintFor(io);
  const titles = ['backend', 'activation', '', 'dtype', 'precision', 'ulp', 'bound', 'at', 'native', 'typescript', ''];
  const cells = rows.map(({ backend, activation, direction, dtype, precision, ulp, bound, worst, ok }) => {
    const at = worst && shortest(worst.x, dtype) + (worst.grad === null ? '' : ` * ${shortest(worst.grad, dtype)}`);
    const results = worst === null ? ['', ''] : [shortest(worst.native, dtype), shortest(worst.typescript, dtype)];
    const verdict = ok ? paint('green', 'ok') : paint('red', 'DIFFERS');
    return [backend, activation, direction, dtype, precision, short(ulp), short(bound), at ?? '', ...results, verdict];
  });
  const verdict =
    beyond === 0
      ? paint('green', `all ${rows.length} comparisons are within their bounds`)
      : paint('red', `${beyond} of ${rows.length} comparisons are beyond their bounds`);
  return `${table(titles, cells, paint)}\n${verdict} (${what})\n`;
}

/** The slices that softmax is taken over: rows, short and long, and columns. Elementwise functions see one row. */
function shapesFor(activation: Comparison['activation'], count: number): { shape: number[]; dim: number }[] {
  if (activation !== 'softmax') return [{ shape: [count], dim: 0 }];
  const rows = [1, 10, 1000].map((length) => ({ shape: [Math.floor(count / length), length], dim: 1 }));
  return [...rows, { shape: [Math.floor(count / 1000), 100, 10], dim: 1 }];
}

function compareAll(names: readonly BackendName[], comparison: Comparison, x: FloatArray, grad: FloatArray): Row[] {
  const bound = boundOf(comparison);
  const { activation, direction, precision } = comparison;
  const found = new Map(names.map((name) => [name, { ulp: 0, worst: null } as Pick<Row, 'ulp' | 'worst'>]));

  for (const { shape, dim } of shapesFor(activation, x.length)) {
    const tensor = (data: FloatArray) => new Tensor(data.subarray(0, size), { shape });
    const size = sizeOf(shape);
    const run = (name: BackendName): FloatArray =>
      withBackend(name, () => {
        const options = { dim, precision };
        if (direction === 'forward') return forward(activation, tensor(x), options).data;
        return gradient(activation, tensor(grad), tensor(x), options).data;
      });
    const typescript = run('js');
    // What cancels in a gradient: see distance().
    const softmax = activation === 'softmax' && direction === 'gradient';
    const shares = softmax ? withBackend('js', () => forward(activation, tensor(x), { dim })).data : undefined;
    const terms = (i: number) => (shares === undefined ? Math.abs(grad[i]!) : shares[i]! * largestGradient);

    for (const name of names) {
      const native = run(name);
      for (let i = 0; i < size; i++) {
        if (Object.is(native[i], typescript[i])) continue;
        const ulp = distance(comparison, bound, native[i]!, typescript[i]!, x[i]!, terms(i));
        if (ulp <= found.get(name)!.ulp) continue;
        const at = { x: x[i]!, grad: direction === 'gradient' ? grad[i]! : null };
        found.set(name, { ulp, worst: { ...at, native: native[i]!, typescript: typescript[i]! } });
      }
    }
  }
  return names.map((backend) => rowOf(backend, comparison, bound, found.get(backend)!));
}

function rowOf(
  backend: BackendName,
  comparison: Comparison,
  bound: Bound,
  { ulp, worst }: Pick<Row, 'ulp' | 'worst'>,
): Row {
  return { backend, ...comparison, ulp, bound: bound.ulp, ok: ulp <= bound.ulp, worst };
}

/** Magnitudes at which formulas change: the ends of the format, ties, and where exponentials reach their last digits. */
const edges = {
  float32: [
    2 ** -149,
    2 ** -126 - 2 ** -149,
    2 ** -126,
    2 ** -24,
    2 ** -12,
    88.72284,
    103.97208,
    (2 - 2 ** -23) * 2 ** 127,
  ],
  float64: [
    2 ** -1074,
    2 ** -1022 - 2 ** -1074,
    2 ** -1022,
    2 ** -53,
    2 ** -26,
    709.782712893384,
    745.1332191019412,
    Number.MAX_VALUE,
  ],
};
const shared = [0, 0.25, 0.5, 1, 2, 4, 8, 9.010913, 14.5, 17, 20, 38.5, Infinity, NaN];

/** The edges of both signs; then, a quarter each: random bits, the usual range, where results underflow, and near zero. */
function inputs(dtype: DType, count: number, random: Random): FloatArray {
  const x = allocate(dtype, count);
  const words = new Uint32Array(x.buffer);
  for (let i = 0; i < words.length; i++) words[i] = random.bits();
  const quarter = Math.floor(count / 4);
  const reach = dtype === 'float32' ? 110 : 760;
  for (let i = quarter; i < count; i++) {
    if (i < 2 * quarter) x[i] = random.uniform(-20, 20);
    else if (i < 3 * quarter) x[i] = random.uniform(-reach, reach);
    else x[i] = random.normal() * 2 ** random.uniform(-30, 2);
  }
  const signed = [...edges[dtype], ...shared].flatMap((edge) => [edge, -edge]);
  x.set(signed.slice(0, count));
  return x;
}

const largestGradient = 2;

/** Powers of two of both signs: their products round nothing, so a difference is one of the slopes. */
function gradients(x: FloatArray, random: Random): FloatArray {
  return x.map(() => (random.bits() % 2 === 0 ? -1 : 1) * largestGradient * 2 ** -(random.bits() % 4));
}
