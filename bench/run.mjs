// `npm run bench`: time per element of every function, backend, precision and size, held against a copy and against ReLU in the
// same run. Outputs are given, so no memory is allocated; figures are medians, or with --turns of the fastest tenth.
import * as nonlin from 'nonlin';
import { Bench } from 'tinybench';
import { callOf, columnwise, gateGradients, gates } from './calls.mjs';
import { evenness, inTurns } from './evenness.mjs';
import {
  conditions,
  elementwise,
  fitting,
  gradients,
  isConditionedRows,
  isOfHalves,
  logarithms,
} from './functions.mjs';
import { dtypes, input, inputArray, inputHelp } from './inputs.mjs';
import { elements, flag, listOf, oneOf, positive, read, refuse, whole } from './options.mjs';

const help = `npm run bench -- [options]

  --size N[,N...]        elements (default 16,1024,16384,262144,4194304)
  --function NAME[,...]  an elementwise one by its name, gelu:tanh, gelu:sigmoid, their gradients (geluGrad:tanh), gates of two inputs (${gates.join(', ')}) and their gradients (swigluGrad), softmax:ROW, softmax:axis0, softmax:axis1
                         (default: all, rows of 10, 1000 and 32000); the last two have a size of their own, [1000, 1000] and
                         [128, 32, 1000], of which they are over the axis named; logSoftmax:ROW, logSumExp:ROW, crossEntropy:ROW
                         (of random classes). ROW may be 100x6, which is slices of 100 over 6 columns. softmax:ROW:mask is under a boolean mask that leaves half out at random, :added under one of -Infinity to be added, :infinite of such an x, and
                         :temperature divides by 0.7; softmaxGrad:ROW and so on are gradients
  --backend NAME[,...]   default: all that run here
  --precision NAME[,..]  fast, exact (default: both)
  --dtype NAME[,...]     float32 (default), float64, float16, bfloat16; of several each function takes them in turn, and its last
                         column is the time in times of the first
  --input NAME[,...]     what the inputs are (default uniform:-4:4): ${inputHelp}.
                         Of several, or of \`even\`, which is a list that people meet, the table has each function's time on the
                         best, on the worst, and each in times of the best: measured in turn, the fastest tenth of many
  --turns                all of a backend and a precision in turn with the copy, the fastest tenth of many: where other work shares the
                         machine, times of each other that can be compared
  --threads N            that a call may use (default 1)
  --time MS              for each row (default 200)
  --json                 rows as JSON
  --help                 this text
`;

const names = [...elementwise, ...gradients, ...gates, ...gateGradients, ...Object.keys(columnwise)];
const options = read('bench', help, {
  size: [listOf(elements), '16,1024,16384,262144,4194304'],
  function: [
    listOf(
      oneOf(names, isConditionedRows, [
        ...names,
        ...['softmax', 'softmaxGrad', ...logarithms].map((one) => `${one}:ROW`),
        ...['softmax', 'softmaxGrad'].flatMap((base) => conditions.map((one) => `${base}:ROW:${one}`)),
      ]),
    ),
    [...elementwise, 'softmax:10', 'softmax:1000', 'softmax:32000', ...Object.keys(columnwise)].join(),
  ],
  backend: [listOf(oneOf(nonlin.backends())), nonlin.backends().join()],
  precision: [listOf(oneOf(['fast', 'exact'])), 'fast,exact'],
  dtype: [listOf(oneOf(dtypes)), 'float32'],
  input: [listOf(input), 'uniform:-4:4'],
  turns: [flag],
  threads: [whole(1, 256), '1'],
  time: [positive, '200'],
});

const several = options.input.length > 1 || options.input[0] === 'even';
const halves = options.dtype.find((dtype) => !['float32', 'float64'].includes(dtype));
const refused = options.function.filter((name) => !isOfHalves(name));
if (halves !== undefined && refused.length > 0)
  refuse('bench', `--dtype ${halves}: ${refused.join(', ')} cannot be measured on numbers of 16 bits`);
if (several && options.dtype.length > 1) refuse('bench', '--dtype takes one name where there are several inputs');
nonlin.setThreads(options.threads);

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
// A name of several words may be longer than the others, and beside several dtypes has one of them.
const longest = Math.max(...options.function.map((name) => name.length)) + (options.dtype.length > 1 ? 9 : 0);
const width = Math.max(24, longest) + 1;
const print = (cells) => {
  const [name, ...numbers] = cells;
  const [first, ...rest] = numbers;
  console.log(name.padEnd(width) + String(first).padEnd(8) + rest.map((cell) => String(cell).padStart(12)).join(''));
};

const functions = options.function;
/** What is measured at each size. */
const plan = options.size.map((size) => ({
  size,
  names: fitting(
    functions.filter((name) => columnwise[name] === undefined),
    size,
  ),
}));
for (const name of functions.filter((name) => columnwise[name] !== undefined))
  plan.push({ size: columnwise[name].shape.reduce((product, extent) => product * extent), names: [name] });

if (several) {
  await evenness(options, plan);
  process.exit();
}
for (const { size, names } of plan.filter(({ names }) => names.length > 0)) {
  // In no order, and as a rule of both signs: what a branch predictor cannot learn.
  const arrays = options.dtype.map((dtype) => {
    const x = inputArray(options.input[0], dtype, size, size);
    return { dtype, x, out: x.slice() };
  });
  for (const one of arrays) one.copy = await measure(() => one.out.set(one.x), size);
  if (!options.json) {
    for (const { dtype, x, copy } of arrays) {
      const [each, rate] = [copy / size, (2 * x.byteLength) / copy];
      const text = `${size} ${dtype}, threads: ${options.threads}`;
      console.log(`\n${text}; a copy takes ${each.toFixed(4)} ns per element, ${rate.toFixed(1)} GB/s`);
    }
    const last = arrays.length > 1 ? [`x ${arrays[0].dtype}`] : [];
    print(['function', 'backend', 'precision', 'ns/call', 'ns/element', 'GB/s', 'x copy', 'x relu', ...last]);
  }
  for (const backend of options.backend) {
    nonlin.useBackend(backend);
    const relu = {};
    for (const precision of options.precision) {
      const calls = names.map((name) => arrays.map(({ dtype, x, out }) => callOf(name, x, out, precision, dtype)));
      // Twice each, so that it finds in the caches what it has left there.
      const copies = arrays.map(
        ({ x, out }) =>
          () =>
            out.set(x),
      );
      const all = [...copies, ...calls.flat()];
      const turns = options.turns ? inTurns(all, options.time, size, (i) => all[i]()) : undefined;
      for (const [i, name] of names.entries()) {
        let first;
        for (const [k, { dtype, x, copy: before }] of arrays.entries()) {
          const copy = turns?.[k] ?? before;
          const call = turns?.[(1 + i) * arrays.length + k] ?? (await measure(calls[i][k], size));
          first ??= call;
          if (name === 'relu') relu[dtype] = call;
          const row = {
            function: name,
            dtype,
            backend,
            precision,
            size,
            nanosecondsPerCall: call,
            nanosecondsPerElement: call / size,
            gigabytesPerSecond: (2 * x.byteLength) / call,
            timesCopy: call / copy,
            timesRelu: relu[dtype] === undefined ? null : call / relu[dtype],
            timesFirstDType: call / first,
          };
          rows.push(row);
          if (!options.json)
            print([
              arrays.length > 1 ? `${name} ${dtype}` : name,
              backend,
              precision,
              call.toFixed(0),
              (call / size).toFixed(3),
              row.gigabytesPerSecond.toFixed(1),
              row.timesCopy.toFixed(2),
              row.timesRelu?.toFixed(2) ?? '-',
              ...(arrays.length > 1 ? [row.timesFirstDType.toFixed(2)] : []),
            ]);
        }
      }
    }
  }
}
if (options.json) console.log(JSON.stringify(rows, null, 2));
