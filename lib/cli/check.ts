// `nonlin check`: holds every native backend against plain TypeScript, on edges and on random inputs, within lib/activations/bounds.ts.

import { type Bound, boundOf, type Comparison, distance } from '../activations/bounds.js';
import type { BackendName } from '../backends/backend.js';
import { backends, info } from '../backends/select.js';
import { allocate } from '../basics/allocate.js';
import type { FloatArray, FloatDType } from '../basics/floats.js';
import { sizeOf } from '../tensor/layouts/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { type Arguments, backendOf, integerOf } from './arguments.js';
import { attempt, Failure, UsageError } from './failures.js';
import {
  names as everyName,
  forward,
  gradient,
  isSlice,
  namesOf,
  type Operation,
  operationsOf,
  withBackend,
} from './operations.js';
import { type Io, json, type Paint, paintFor, pairs, progress, short, shortest, table } from './output.js';
import { type Random, randomFrom } from './random.js';

interface Row extends Comparison {
  /** The row with its parameters, where they are not the defaults. */
  readonly label: string;
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
  const count = integerOf(args, 'count', 1, 2 ** 26) ?? 2 ** 17;
  const names = backendsToCheck(args, io);
  const functions = namesOf(args) ?? everyName;
  const operations = functions.flatMap(operationsOf);

  const start = performance.now();
  const rows: Row[] = [];
  for (const { dtype, precision } of arithmetics) {
    const random = randomFrom(seed);
    const x = inputs(dtype, count, random);
    const grad = gradients(x, random);
    for (const operation of operations) {
      for (const direction of ['forward', 'gradient'] as const) {
        progress(io, `checking ${operation.label} ${direction} ${dtype} ...`);
        const a = 'own' in operation ? operation.a : undefined;
        const comparison = { activation: operation.row, direction, dtype, precision, a };
        rows.push(...compareAll(names, operation, comparison, x, grad));
      }
    }
  }
  progress(io);
  const seconds = (performance.now() - start) / 1000;

  const ok = rows.every((row) => row.ok);
  if (given.has('json')) io.out.write(json({ seed, count, seconds, ok, rows }));
  else io.out.write(report(rows, names, `${count} inputs, seed ${seed}`, seconds, given.has('verbose'), io));
  return ok ? 0 : 1;
}

/** The native backends, or the one that was asked for. */
function backendsToCheck(args: Arguments, { environment }: Io): readonly BackendName[] {
  const asked = backendOf(args);
  if (asked === 'js') throw new UsageError('--backend js is what the native backends are held against: name another');
  if (asked !== undefined) {
    attempt('--backend', () => withBackend(asked, () => {}));
    return [asked];
  }
  const { backend, reason } = info();
  const native = backends().filter((name) => name !== 'js');
  if (native.length === 0) throw new Failure(`no native backend runs here: ${reason}`);
  if (!environment.NONLIN_BACKEND) return native;
  if (backend === 'js') throw new Failure('NONLIN_BACKEND=js is what the native backends are held against');
  return [backend];
}

function report(
  rows: readonly Row[],
  names: readonly BackendName[],
  what: string,
  seconds: number,
  verbose: boolean,
  io: Io,
): string {
  const paint = paintFor(io);
  const failed = rows.filter(({ ok }) => !ok);
  return [
    `largest distance from TypeScript in ulp; ${what}\n\n`,
    verbose ? everyRow(rows, paint) : overview(rows, names, paint),
    '\n',
    ...failed.map((row) => `${failureText(row, paint)}\n\n`),
    `${verdict(rows, failed.length, seconds, paint)}\n`,
  ].join('');
}

/** A line for each function; a column for each backend and kind of arithmetic, of results and gradients. */
function overview(rows: readonly Row[], names: readonly BackendName[], paint: Paint): string {
  const columns = names.flatMap((backend) => arithmetics.map((arithmetic) => ({ backend, ...arithmetic })));
  const functions = [...new Set(rows.map((row) => row.activation))];
  const cells = functions.map((activation) => [
    activation,
    ...columns.map(({ backend, dtype, precision }) => {
      const ofCell = rows.filter(
        (row) =>
          row.activation === activation &&
          row.backend === backend &&
          row.dtype === dtype &&
          row.precision === precision,
      );
      const failed = ofCell.filter(({ ok }) => !ok);
      return mark(farthestOf(failed.length > 0 ? failed : ofCell), paint);
    }),
  ]);
  return table(['function', ...columns.map(shortArithmetic)], cells, paint, [
    '',
    ...columns.map(({ backend }, i) => (i % arithmetics.length === 0 ? backend : '')),
  ]);
}

function everyRow(rows: readonly Row[], paint: Paint): string {
  const cells = rows.map((row) => {
    const { backend, dtype, bound, worst } = row;
    // A line has 80 columns: of the parameters only the numbers, of the place some digits.
    const at = worst === null ? '' : withExponent(shortest(Number(worst.x.toPrecision(7)), dtype), /(?<=^-?)\d{12,}/);
    const name = withExponent(functionOf(row).replace(/\w+=/g, ''), /\d{7,}/g);
    return [name, backend, shortArithmetic(row), mark(row, paint), short(bound), at];
  });
  return table(['function', 'backend', 'dtype', 'ulp', 'bound', 'at'], cells, paint);
}

const withExponent = (text: string, integers: RegExp) =>
  text.replace(integers, (digits) => Number(digits).toExponential().replace('+', ''));

/** The function's public name, which is another one for a gradient. */
const functionOf = ({ label, direction }: Row) =>
  direction === 'forward' ? label : label.replace(/^\w+/, (name) => `${name}Grad`);

const shortArithmetic = ({ dtype, precision }: Pick<Row, 'dtype' | 'precision'>) =>
  precision === 'exact' ? precision : dtype;

const arithmeticText = ({ dtype, precision }: Pick<Row, 'dtype' | 'precision'>) =>
  precision === 'exact' ? `${dtype} exact` : dtype;

/** The row that comes nearest to its bound, or goes farthest beyond. */
function worstOf(rows: readonly Row[]): Row {
  const share = ({ ulp, bound }: Row) => (ulp === 0 ? 0 : ulp / bound);
  return rows.reduce((worst, row) =>
    share(row) > share(worst) || (share(row) === share(worst) && row.ulp > worst.ulp) ? row : worst,
  );
}

const farthestOf = (rows: readonly Row[]) => rows.reduce((farthest, row) => (row.ulp > farthest.ulp ? row : farthest));

function mark({ ulp, ok }: Row, paint: Paint): string {
  if (!ok) return paint('red', `✗ ${short(ulp)}`);
  return paint('green', ulp === 0 ? '✓' : `✓ ${short(ulp)}`);
}

function failureText(row: Row, paint: Paint): string {
  const { backend, dtype, ulp, bound, worst } = row;
  const { x, grad, native, typescript } = worst!;
  const facts = {
    x: shortest(x, dtype),
    ...(grad !== null && { grad: shortest(grad, dtype) }),
    native: shortest(native, dtype),
    typescript: shortest(typescript, dtype),
    bound: `${short(bound)} ulp: ${boundOf(row).reason}`,
  };
  const title = `✗ ${functionOf(row)}, ${backend}, ${arithmeticText(row)}: ${short(ulp)} ulp apart`;
  return `${paint('red', title)}\n${pairs(facts, paint, '  ')}`.trimEnd();
}

/** `ok. 84 passed; 0 failed; nearest to its bound: 3 of 4 ulp; 2.1 s` */
function verdict(rows: readonly Row[], failed: number, seconds: number, paint: Paint): string {
  const { ulp, bound } = worstOf(rows);
  const result = failed === 0 ? paint('green', 'ok') : paint('red', 'FAILED');
  const counts = `${rows.length - failed} passed; ${failed} failed`;
  return `${result}. ${counts}; nearest to its bound: ${short(ulp)} of ${short(bound)} ulp; ${seconds.toFixed(1)} s`;
}

/** The slices that softmax is taken over: rows, short and long, and columns. Elementwise functions see one row. */
function shapesFor(activation: Comparison['activation'], count: number): { shape: number[]; dim: number }[] {
  if (!isSlice(activation)) return [{ shape: [count], dim: 0 }];
  const rows = [1, 10, 1000].map((length) => ({ shape: [Math.floor(count / length), length], dim: 1 }));
  return [...rows, { shape: [Math.floor(count / 1000), 100, 10], dim: 1 }];
}

function compareAll(
  names: readonly BackendName[],
  operation: Operation,
  comparison: Comparison,
  x: FloatArray,
  grad: FloatArray,
): Row[] {
  const bound = boundOf(comparison);
  const { activation, direction, precision } = comparison;
  const found = new Map(names.map((name) => [name, { ulp: 0, worst: null } as Pick<Row, 'ulp' | 'worst'>]));

  for (const { shape, dim } of shapesFor(activation, x.length)) {
    const tensor = (data: FloatArray) => new Tensor(data.subarray(0, size), { shape });
    const size = sizeOf(shape);
    const run = (name: BackendName): FloatArray =>
      withBackend(name, () => {
        const options = { dim, precision };
        if (direction === 'forward') return forward(operation, tensor(x), options).data;
        return gradient(operation, tensor(grad), tensor(x), options).data;
      });
    const typescript = run('js');
    // What cancels in a gradient: see distance().
    const ofSlice = isSlice(activation) && direction === 'gradient';
    const shares = ofSlice
      ? withBackend('js', () => forward(operationsOf('softmax')[0]!, tensor(x), { dim })).data
      : undefined;
    const many = activation === 'logSoftmax' ? shape[dim]! : 1;
    const terms = (i: number) => {
      if (shares === undefined) return Math.abs(grad[i]!);
      return shares[i]! * largestGradient * many + (many > 1 ? Math.abs(grad[i]!) : 0);
    };

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
  return names.map((backend) => rowOf(backend, operation.label, comparison, bound, found.get(backend)!));
}

function rowOf(
  backend: BackendName,
  label: string,
  comparison: Comparison,
  bound: Bound,
  { ulp, worst }: Pick<Row, 'ulp' | 'worst'>,
): Row {
  return { label, backend, ...comparison, ulp, bound: bound.ulp, ok: ulp <= bound.ulp, worst };
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
function inputs(dtype: FloatDType, count: number, random: Random): FloatArray {
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
