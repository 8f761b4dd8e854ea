// `npm run bench`: time per element of every function, backend, precision and size, held against a copy and against ReLU in the
// same run. Outputs are given, so no memory is allocated; figures are medians.
import * as nonlin from 'nonlin';
import { Bench } from 'tinybench';
import { callOf, columnwise } from './calls.mjs';
import { evenness } from './evenness.mjs';
import { conditions, elementwise, gradients, isConditionedRows, logarithms } from './functions.mjs';
import { input, inputArray, inputHelp } from './inputs.mjs';
import { elements, listOf, oneOf, positive, read, whole } from './options.mjs';

const help = `npm run bench -- [options]

  --size N[,N...]        elements (default 16,1024,16384,262144,4194304)
  --function NAME[,...]  an elementwise one by its name, gelu:tanh, gelu:sigmoid, their gradients (geluGrad:tanh), softmax:ROW, softmax:axis0, softmax:axis1
                         (default: all, rows of 10, 1000 and 32000); the last two have a size of their own, [1000, 1000] and
                         [128, 32, 1000], of which they are over the axis named; logSoftmax:ROW, logSumExp:ROW, crossEntropy:ROW
                         (of random classes). softmax:ROW:mask is under a boolean mask that leaves half out at random, :added under one of -Infinity to be added, :infinite of such an x, and
                         :temperature divides by 0.7
  --backend NAME[,...]   default: all that run here
  --precision NAME[,..]  fast, exact (default: both)
  --dtype NAME           float32 (default) or float64
  --input NAME[,...]     what the inputs are (default uniform:-4:4): ${inputHelp}.
                         Of several, or of \`even\`, which is a list that people meet, the table has each function's time on the
                         best, on the worst, and each in times of the best: measured in turn, the fastest tenth of many
  --threads N            that a call may use (default 1)
  --time MS              for each row (default 200)
  --json                 rows as JSON
  --help                 this text
`;

const names = [...elementwise, ...gradients, ...Object.keys(columnwise)];
const options = read('bench', help, {
  size: [listOf(elements), '16,1024,16384,262144,4194304'],
  function: [
    listOf(
      oneOf(names, isConditionedRows, [
        ...names,
        ...['softmax', ...logarithms].map((one) => `${one}:ROW`),
        ...conditions.map((one) => `softmax:ROW:${one}`),
      ]),
    ),
    [...elementwise, 'softmax:10', 'softmax:1000', 'softmax:32000', ...Object.keys(columnwise)].join(),
  ],
  backend: [listOf(oneOf(nonlin.backends())), nonlin.backends().join()],
  precision: [listOf(oneOf(['fast', 'exact'])), 'fast,exact'],
  dtype: [oneOf(['float32', 'float64']), 'float32'],
  input: [listOf(input), 'uniform:-4:4'],
  threads: [whole(1, 256), '1'],
  time: [positive, '200'],
});

nonlin.setThreads(options.threads);
const FloatArray = { float32: Float32Array, float64: Float64Array }[options.dtype];

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

if (options.input.length > 1 || options.input[0] === 'even') {
  await evenness(options, plan, FloatArray);
  process.exit();
}
for (const { size, names } of plan.filter(({ names }) => names.length > 0)) {
  // In no order, and as a rule of both signs: what a branch predictor cannot learn.
  const x = inputArray(options.input[0], FloatArray, size, size);
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
