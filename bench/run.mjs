// `npm run bench`: time per element of every function, backend, precision and size, held against a copy and against ReLU in the
// same run. Outputs are given, so no memory is allocated; figures are medians.
import * as nonlin from 'nonlin';
import { Bench } from 'tinybench';
import { conditions, elementwise, isConditionedRows, neededBy } from './functions.mjs';
import { elements, interval, listOf, oneOf, positive, read, whole } from './options.mjs';

const help = `npm run bench -- [options]

  --size N[,N...]        elements (default 16,1024,16384,262144,4194304)
  --function NAME[,...]  an elementwise one by its name, gelu:tanh, gelu:sigmoid, softmax:ROW, softmax:axis0, softmax:axis1
                         (default: all, rows of 10, 1000 and 32000); the last two have a size of their own, [1000, 1000] and
                         [128, 32, 1000], of which they are over the axis named. softmax:ROW:mask is under a boolean mask that
                         leaves half out at random, :added under one of -Infinity to be added, :infinite of such an x, and
                         :temperature divides by 0.7
  --backend NAME[,...]   default: all that run here
  --precision NAME[,..]  fast, exact (default: both)
  --dtype NAME           float32 (default) or float64
  --range=LOW,HIGH       of the inputs, which are random (default -4,4)
  --threads N            that a call may use (default 1)
  --time MS              for each row (default 200)
  --json                 rows as JSON
  --help                 this text
`;

/** Softmax of slices that are not contiguous. */
const columnwise = {
  'softmax:axis0': { shape: [1000, 1000], dim: 0 },
  'softmax:axis1': { shape: [128, 32, 1000], dim: 1 },
};
const names = [...elementwise, ...Object.keys(columnwise)];
const options = read('bench', help, {
  size: [listOf(elements), '16,1024,16384,262144,4194304'],
  function: [
    listOf(
      oneOf(names, isConditionedRows, [...names, 'softmax:ROW', ...conditions.map((one) => `softmax:ROW:${one}`)]),
    ),
    [...elementwise, 'softmax:10', 'softmax:1000', 'softmax:32000', ...Object.keys(columnwise)].join(),
  ],
  backend: [listOf(oneOf(nonlin.backends())), nonlin.backends().join()],
  precision: [listOf(oneOf(['fast', 'exact'])), 'fast,exact'],
  dtype: [oneOf(['float32', 'float64']), 'float32'],
  range: [interval, '-4,4'],
  threads: [whole(1, 256), '1'],
  time: [positive, '200'],
});

nonlin.setThreads(options.threads);
const [low, high] = options.range;
const FloatArray = { float32: Float32Array, float64: Float64Array }[options.dtype];

const rowsOf = (row, elements) => ({ shape: [Math.floor(elements / row), row], dim: 1 });

/** The call that a row measures: `name` as in --function. */
function callOf(name, x, out, precision) {
  const [base, detail, condition] = name.split(':');
  if (base === 'gelu') return () => nonlin.gelu(x, { out, precision, approximate: detail ?? 'none' });
  // Not in the call: to find a name in a module's namespace takes longer than relu of 16 elements.
  const f = nonlin[base];
  const needed = neededBy(base);
  if (needed !== undefined) return () => f(x, { out, precision, ...needed });
  if (base !== 'softmax') return () => f(x, { out, precision });
  const { shape, dim } = columnwise[name] ?? rowsOf(Math.min(Number(detail), x.length), x.length);
  const elements = shape.reduce((product, extent) => product * extent);
  const tensor = (data) => new nonlin.Tensor(data.subarray(0, elements), { shape });
  const [from, to] = [tensor(x), tensor(out)];
  if (condition === undefined) return () => f(from, { out: to, dim, precision });
  const keeps = Uint8Array.from({ length: elements }, () => Math.round(Math.random()));
  const masked = (data) => tensor(data.map((value, i) => (keeps[i] === 0 ? -Infinity : value)));
  if (condition === 'infinite') {
    const left = masked(x.subarray(0, elements));
    return () => f(left, { out: to, dim, precision });
  }
  const more = {
    mask: { mask: { data: keeps, shape } },
    added: { mask: masked(new FloatArray(elements)) },
    temperature: { temperature: 0.7 },
  }[condition];
  return () => f(from, { out: to, dim, precision, ...more });
}

/** Median nanoseconds of one call; short calls are timed in batches, so that the clock does not count. */
async function measure(call, elements) {
  const batch = Math.max(1, Math.floor(16384 / elements));
  const { time } = options;
  const bench = new Bench({ time, iterations: 5, warmupTime: time / 4, warmupIterations: 2, throws: true });
  bench.add('', () => {
    for (let i = 0; i < batch; i++) call();
  });
  await bench.run();
  return (bench.tasks[0].result.latency.p50 * 1e6) / batch;
}

const rows = [];
const print = (cells) => {
  const [name, ...numbers] = cells;
  const [first, ...rest] = numbers;
  console.log(name.padEnd(25) + String(first).padEnd(8) + rest.map((cell) => String(cell).padStart(12)).join(''));
};

const functions = options.function;
/** What is measured at each size. */
const plan = options.size.map((size) => ({
  size,
  names: functions.filter((name) => columnwise[name] === undefined),
}));
for (const name of functions.filter((name) => columnwise[name] !== undefined))
  plan.push({ size: columnwise[name].shape.reduce((product, extent) => product * extent), names: [name] });

for (const { size, names } of plan.filter(({ names }) => names.length > 0)) {
  // In no order, and as a rule of both signs: what a branch predictor cannot learn.
  const x = FloatArray.from({ length: size }, () => low + Math.random() * (high - low));
  const out = new FloatArray(size);
  const copy = await measure(() => out.set(x), size);
  const bytes = 2 * x.byteLength;
  if (!options.json) {
    const each = copy / size;
    console.log(
      `\n${size} ${options.dtype}, threads: ${options.threads}; a copy takes ${each.toFixed(4)} ns per element, ${(bytes / copy).toFixed(1)} GB/s`,
    );
    print(['function', 'backend', 'precision', 'ns/call', 'ns/element', 'GB/s', 'x copy', 'x relu']);
  }
  for (const backend of options.backend) {
    nonlin.useBackend(backend);
    let relu;
    for (const precision of options.precision) {
      for (const name of names) {
        const call = await measure(callOf(name, x, out, precision), size);
        if (name === 'relu') relu = call;
        const row = {
          function: name,
          backend,
          precision,
          size,
          nanosecondsPerCall: call,
          nanosecondsPerElement: call / size,
          gigabytesPerSecond: bytes / call,
          timesCopy: call / copy,
          timesRelu: relu === undefined ? null : call / relu,
        };
        rows.push(row);
        if (!options.json)
          print([
            name,
            backend,
            precision,
            call.toFixed(0),
            (call / size).toFixed(3),
            (bytes / call).toFixed(1),
            (call / copy).toFixed(2),
            relu === undefined ? '-' : (call / relu).toFixed(2),
          ]);
      }
    }
  }
}
if (options.json) console.log(JSON.stringify(rows, null, 2));
