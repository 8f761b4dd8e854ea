// `nonlin compare [in.npy]`: native against TypeScript, in time and in digits, on one tensor.
import type { BackendName } from '../backend.js';
import type { Precision } from '../check.js';
import { backends, info } from '../select.js';
import { allocate, shapeText } from '../shape.js';
import { Tensor } from '../tensor.js';
import { maxUlp } from '../ulp.js';
import { type Arguments, backendOf, precisionOf } from './arguments.js';
import { attempt, Failure, UsageError } from './errors.js';
import { readTensor } from './files.js';
import { forward, type Operation, operations, withBackend } from './operations.js';
import { type Io, json, paintFor, progress, short, table } from './output.js';
import { randomFrom } from './random.js';

interface Row {
  readonly activation: Operation;
  /** Milliseconds for the whole tensor into an output that exists, medians. */
  readonly native: number;
  readonly typescript: number;
  readonly speedup: number;
  /** The largest distance in representable numbers. */
  readonly ulp: number;
  /** The share of results that are the same number; 1 for an empty tensor. */
  readonly identical: number;
}

export async function compare(args: Arguments, io: Io): Promise<number> {
  const [path, ...rest] = args.positionals;
  if (rest.length > 0) throw new UsageError(`compare takes one file, got also ${rest.join(' ')}`);
  const native = nativeFor(args);
  const precision = precisionOf(args);
  const x = path === undefined ? normalTensor() : (await readTensor(path, io)).contiguous();

  const rows = operations.map((operation) => {
    progress(io, `comparing ${operation} ...`);
    return compareOne(operation, native, x, precision);
  });
  progress(io);

  const { shape, dtype } = x;
  const { threads } = info();
  if (args.given.has('json')) {
    io.out.write(json({ backend: native, threads, shape, dtype, precision, rows }));
    return 0;
  }
  const titles = ['activation', `${native} ms`, 'typescript ms', 'speed-up', 'largest ulp', 'identical'];
  // 100.00 % is all of them: rounded down.
  const cells = rows.map(({ activation, native, typescript, speedup, ulp, identical }) => [
    activation,
    native.toFixed(4),
    typescript.toFixed(4),
    `${speedup.toFixed(1)} x`,
    short(ulp),
    `${(Math.floor(identical * 1e4) / 100).toFixed(2)} %`,
  ]);
  const who = `${native} on ${threads} ${threads === 1 ? 'thread' : 'threads'} against TypeScript`;
  io.out.write(`${who}: ${dtype} ${shapeText(shape)}, precision ${precision}\n\n`);
  io.out.write(table(titles, cells, paintFor(io)));
  return 0;
}

/** The native backend that was asked for, or the best. */
export function nativeFor(args: Arguments): BackendName {
  const asked = backendOf(args);
  if (asked === 'js') throw new UsageError('--backend js is what the native backends are held against: name another');
  if (asked !== undefined) attempt('--backend', () => withBackend(asked, () => {}));
  const native = asked ?? backends().find((name) => name !== 'js');
  if (native === undefined) throw new Failure(`no native backend runs here: ${info().reason}`);
  return native;
}

/** 256 Ki float32 values, for softmax in rows of 1024. The same ones every time. */
function normalTensor(): Tensor {
  const random = randomFrom(1);
  return new Tensor(Float32Array.from({ length: 2 ** 18 }, random.normal), { shape: [256, 1024] });
}

function compareOne(activation: Operation, name: BackendName, x: Tensor, precision: Precision): Row {
  const run = (backend: BackendName) => {
    const data = allocate(x.dtype, x.size);
    const out = new Tensor(data, { shape: x.shape });
    const time = withBackend(backend, () => median(() => forward(activation, x, { out, precision })));
    return { data, time };
  };
  const native = run(name);
  const typescript = run('js');
  let identical = 0;
  for (let i = 0; i < x.size; i++) identical += Number(Object.is(native.data[i], typescript.data[i]));
  return {
    activation,
    native: native.time,
    typescript: typescript.time,
    speedup: typescript.time / native.time,
    ulp: maxUlp(native.data, typescript.data).ulp,
    identical: x.size === 0 ? 1 : identical / x.size,
  };
}

/** The median time of a run, in milliseconds, over 0.3 s (at least one run, at most 3000), after 0.05 s to warm up. */
function median(run: () => void): number {
  const until = (duration: number): number[] => {
    const times: number[] = [];
    const start = performance.now();
    let now = start;
    do {
      const before = now;
      run();
      now = performance.now();
      times.push(now - before);
    } while (now - start < duration && times.length < 3000);
    return times;
  };
  until(50);
  const times = until(300).sort((a, b) => a - b);
  return times[times.length >> 1]!;
}
