// `nonlin compare [in.npy]`: the backend that serves, in turns with TypeScript, with a plain JavaScript loop and with a copy, on one
// tensor: what each function costs, and whether native code and TypeScript agree.

import { boundOf, type Comparison, distance } from '../../activations/bounds.js';
import type { BackendName } from '../../backends/backend.js';
import { backends, info, useBackend } from '../../backends/select.js';
import { allocate, shapeText } from '../../basics/allocate.js';
import type { Precision } from '../../basics/checks.js';
import type { DType, FloatArray, FloatDType } from '../../basics/floats.js';
import { setThreads } from '../../basics/threads.js';
import { nameOf } from '../../files/numbers.js';
import { contiguousData } from '../../tensor/copies.js';
import { sizeOf } from '../../tensor/layouts/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { type Arguments, backendOf, integerOf, precisionOf, secondsOf } from '../arguments.js';
import { attempt, Failure, UsageError } from '../failures.js';
import { tensorIn } from '../files.js';
import { forward, isSlice, type Name, namesOf, type Operation, operationsOf, withBackend } from '../operations.js';
import { bar, type Io, inSight, json, type Paint, paintFor, progress, table } from '../output.js';
import { randomFrom } from '../random.js';
import { headerOf } from '../streams/npy.js';
import { openNpy } from '../streams/sources.js';
import { type Loop, loops, softmaxRows } from './loops.js';
import { type Contestant, type Figure, measure } from './turns.js';

interface Row {
  readonly activation: Name;
  readonly backend: Figure;
  /** Null where TypeScript is the backend. */
  readonly typescript: Figure | null;
  /** Null where there is no loop of it. */
  readonly loop: Figure | null;
  /** The backend's price in copies, and in ReLUs. */
  readonly copies: number;
  readonly relus: number;
  /** How many times faster than TypeScript, and than the loop, it is. */
  readonly timesTypescript: number | null;
  readonly timesLoop: number | null;
  /** With TypeScript; null where that is the backend. */
  readonly agreement: Agreement | null;
}

interface Agreement {
  /** The largest distance in representable numbers, and what lib/activations/bounds.ts allows. */
  readonly ulp: number;
  readonly bound: number;
  /** How many results are farther off, and the share of those that are the same number. */
  readonly beyond: number;
  readonly identical: number;
}

export async function compare(args: Arguments, io: Io): Promise<number> {
  const [path, ...rest] = args.positionals;
  if (rest.length > 0) throw new UsageError(`compare takes one file, got also ${rest.join(' ')}`);
  const precision = precisionOf(args);
  const seconds = secondsOf(args, 'time') ?? 3;
  const asked = backendOf(args);
  const askedThreads = integerOf(args, 'threads', 1);
  const before = info();
  try {
    if (asked !== undefined) attempt('--backend', () => useBackend(asked));
    // One by default: a loop has no more, and a second core is not always there to be had.
    const many = askedThreads ?? (io.environment.NONLIN_THREADS && before.problems.length === 0 ? before.threads : 1);
    attempt('--threads', () => setThreads(many));
    const x = path === undefined ? normalTensor() : readFloats(path, io).contiguous();
    if (x.size === 0) throw new Failure(`${path} has no elements: there is nothing to compare`);
    const subject = {
      backend: info().backend,
      threads: info().threads,
      dtype: x.dtype,
      shape: x.shape,
      precision,
      seconds,
    };
    // By default what people write as a loop.
    const names = namesOf(args) ?? [...(Object.keys(loops) as Name[]), 'softmax'];
    const found = compareAll(x, { ...subject, names }, io);
    progress(io);
    const given = path ?? 'random normal values';
    io.out.write(args.given.has('json') ? json({ ...subject, ...found }) : report(given, subject, found, io));
    return 0;
  } finally {
    useBackend(before.backend);
    setThreads(before.threads);
  }
}

/** The loops are of floats. */
function readFloats(path: string, io: Io): Tensor {
  const source = openNpy(path, io);
  const { kind, dtype } = headerOf(source);
  if (kind === undefined || dtype === 'float32' || dtype === 'float64')
    return tensorIn(source, undefined) as Tensor<FloatDType>;
  source.close();
  throw new Failure(
    `${source.name} holds ${nameOf(kind)}, and what is compared is float32 or float64: nonlin identity in.npy --dtype float32 -o floats.npy converts it`,
  );
}

/** 256 Ki float32 values, for softmax in rows of 1024. The same ones every time. */
function normalTensor(): Tensor {
  const random = randomFrom(1);
  return new Tensor(Float32Array.from({ length: 2 ** 18 }, random.normal), { shape: [256, 1024] });
}

/** Who computes what. */
interface Subject {
  readonly backend: BackendName;
  readonly threads: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly precision: Precision;
  /** How long the turns last. */
  readonly seconds: number;
}

interface Found {
  readonly copy: Figure;
  readonly rows: readonly Row[];
}

function compareAll(
  x: Tensor,
  { backend, precision, seconds, names }: Subject & { readonly names: readonly Name[] },
  io: Io,
): Found {
  const data = contiguousData(x);
  // All write to one place, so that the caches are as near to each.
  const out = allocate(x.dtype, x.size);
  const widthOf = (name: Name) => (isSlice(name) ? (x.shape.at(-1) ?? 1) : 1);

  const nonlin = (name: BackendName, operation: Operation): Contestant => {
    const columns = widthOf(operation.row);
    const part = (array: FloatArray, from: number, to: number) =>
      new Tensor(array.subarray(from * columns, to * columns), { shape: [to - from, columns] });
    return {
      rows: x.size / columns,
      columns,
      inParts: name === 'js',
      enter: () => useBackend(name),
      call(from, to) {
        const [input, options] = [part(data, from, to), { out: part(out, from, to), precision }];
        return () => forward(operation, input, options);
      },
    };
  };
  const plain = (activation: Name): Contestant | undefined => {
    const columns = widthOf(activation);
    const loop: Loop | undefined =
      activation === 'softmax'
        ? (from, to) => softmaxRows(from, to, columns)
        : isSlice(activation)
          ? undefined
          : loops[activation];
    if (loop === undefined) return undefined;
    return {
      rows: x.size / columns,
      columns,
      inParts: true,
      call(from, to) {
        const [input, output] = [data, out].map((array) => array.subarray(from * columns, to * columns));
        return () => loop(input!, output!);
      },
    };
  };
  const copy: Contestant = { rows: x.size, columns: 1, inParts: false, call: () => () => out.set(data) };

  const operations = names.map((name) => operationsOf(name)[0]!);
  const entries = operations.map((operation) => ({
    activation: operation.row,
    backend: nonlin(backend, operation),
    typescript: backend === 'js' ? undefined : nonlin('js', operation),
    loop: plain(operation.row),
  }));
  // What all are measured in, whether or not it is among them.
  const unit =
    entries.find(({ activation }) => activation === 'relu')?.backend ?? nonlin(backend, operationsOf('relu')[0]!);
  progress(io, 'comparing results ...');
  const agreements = operations.map((operation) =>
    backend === 'js' ? null : agreementOf(backend, operation, { dtype: x.dtype, precision }, x),
  );
  const contestants = [copy, unit, ...entries.flatMap((entry) => [entry.backend, entry.typescript, entry.loop])];
  const figures = measure(
    [...new Set(contestants.filter((contestant) => contestant !== undefined))],
    1000 * seconds,
    randomFrom(1),
    (done) => progress(io, `taking turns: ${Math.floor(100 * done)} %`),
  );
  const figureOf = (contestant: Contestant | undefined) => contestant && figures.get(contestant);

  const copied = figures.get(copy)!;
  const relu = figures.get(unit)!;
  const rows = entries.map((entry, i): Row => {
    const own = figureOf(entry.backend)!;
    const [typescript, loop] = [figureOf(entry.typescript) ?? null, figureOf(entry.loop) ?? null];
    return {
      activation: entry.activation,
      backend: own,
      typescript,
      loop,
      copies: own.low / copied.low,
      relus: own.low / relu.low,
      timesTypescript: typescript && typescript.low / own.low,
      timesLoop: loop && loop.low / own.low,
      agreement: agreements[i]!,
    };
  });
  return { copy: copied, rows };
}

/** The results of the backend, of the whole tensor, beside those of TypeScript. */
function agreementOf(
  name: BackendName,
  operation: Operation,
  of: Pick<Comparison, 'dtype' | 'precision'>,
  x: Tensor,
): Agreement {
  const comparison = { ...of, activation: operation.row, direction: 'forward' } as const;
  const bound = boundOf(comparison);
  const run = (backend: BackendName) =>
    withBackend(backend, () => contiguousData(forward(operation, x, { precision: of.precision })));
  const [native, typescript] = [run(name), run('js')];
  let [largest, beyond, identical] = [0, 0, 0];
  for (let i = 0; i < native.length; i++) {
    if (Object.is(native[i], typescript[i])) {
      identical++;
      continue;
    }
    const ulp = distance(comparison, bound, native[i]!, typescript[i]!, 0, 0);
    if (ulp > largest) largest = ulp;
    if (ulp > bound.ulp) beyond++;
  }
  return { ulp: largest, bound: bound.ulp, beyond, identical: identical / native.length };
}

interface Column {
  readonly title: string;
  /** Above its title, and above those of the columns after it. */
  readonly group?: string;
  /** Only where the backend is not TypeScript itself. */
  readonly native?: boolean;
  cell(row: Row): string;
}

function report(given: string, subject: Subject, { copy, rows }: Found, io: Io): string {
  const { dtype, shape, precision } = subject;
  const paint = paintFor(io);
  const native = subject.backend !== 'js';
  // What 80 columns leave.
  const width = native ? 10 : 30;
  const best = Math.max(...rows.map(({ timesLoop }) => timesLoop ?? 0));
  const all: Column[] = [
    { title: 'function', cell: ({ activation }) => activation },
    { title: 'ns', cell: ({ backend }) => threeDigits(backend.low) },
    { title: 'copies', group: 'price in', cell: ({ copies }) => twoDigits(copies) },
    { title: 'relus', cell: ({ relus }) => twoDigits(relus) },
    { title: 'TypeScript', group: 'times as fast as', native: true, cell: (row) => times(row.timesTypescript) },
    { title: 'a loop', ...(!native && { group: 'times as fast as' }), cell: (row) => times(row.timesLoop) },
    { title: '', cell: ({ timesLoop }) => bar((timesLoop ?? 0) / best, width) },
    { title: `all ${sizeOf(shape)}`, native: true, cell: ({ agreement }) => agreementText(agreement, paint) },
  ];
  const columns = all.filter((column) => native || !column.native);
  const copied = columns.map((_, i) => ['copy', threeDigits(copy.low), '1.0'][i] ?? '');
  const longest = Math.max(...[copy, ...rows.map((row) => row.backend)].map(({ low, median }) => median / low - 1));
  return [
    `${backendText(subject, io)} and a plain JavaScript loop, in turns\n`,
    `${inSight(given)}: ${dtype} ${shapeText(shape)}, precision ${precision}\n`,
    `ns per element in the fastest tenth of the turns; half took at most ${Math.ceil(100 * longest)} % more\n\n`,
    table(
      columns.map(({ title }) => title),
      [copied, ...rows.map((row) => columns.map(({ cell }) => cell(row)))],
      paint,
      columns.map(({ group }) => group ?? ''),
    ),
    `\n${sentence(rows.find(({ activation }) => activation === 'sigmoid') ?? rows[0]!)}\n`,
  ].join('');
}

function backendText({ backend, threads }: Subject, { environment }: Io): string {
  if (backend !== 'js') return `${backend} on ${threads} ${threads === 1 ? 'thread' : 'threads'}, TypeScript`;
  if (backends().length > 1)
    return environment.NONLIN_BACKEND?.trim() === 'js' ? 'NONLIN_BACKEND=js: TypeScript' : 'TypeScript';
  return 'no native code runs here (nonlin info tells why): TypeScript';
}

const threeDigits = (value: number) => value.toFixed(value < 10 ? 3 : value < 100 ? 1 : 0);
const twoDigits = (value: number) => (value < 0.1 ? value.toPrecision(1) : value.toFixed(value < 10 ? 1 : 0));
const times = (value: number | null) => (value === null ? '-' : `${twoDigits(value)}x`);

/** Reads on from the title: all 131072 ... */
function agreementText(agreement: Agreement | null, paint: Paint): string {
  const { ulp, bound, beyond } = agreement!;
  if (beyond > 0) return paint('red', `but ${beyond} within ${bound} ulp`);
  return paint('green', ulp === 0 ? 'the same' : `within ${ulp} ulp`);
}

/** `sigmoid: 48x faster than a JavaScript loop, at twice the price of a copy` */
function sentence({ activation, timesLoop, copies }: Row): string {
  const price =
    copies < 0.95
      ? 'for less than a copy'
      : copies < 1.05
        ? 'at the price of a copy'
        : copies > 1.95 && copies < 2.05
          ? 'at twice the price of a copy'
          : `at ${twoDigits(copies)} times the price of a copy`;
  if (timesLoop === null) return `${activation}: ${price}`;
  const speed = timesLoop < 1 ? `${times(1 / timesLoop)} slower` : `${times(timesLoop)} faster`;
  return `${activation}: ${speed} than a JavaScript loop, ${price}`;
}
