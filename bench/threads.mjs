// `npm run bench:threads`: every call with one thread and with several, in turns, so that what else the machine does falls on
// both. With --busy, other processes keep cores busy meanwhile: no call may stall for a thread that lost its core.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import * as nonlin from 'nonlin';
import { elementwise, fitting, isRows, neededBy } from './functions.mjs';
import { elements, listOf, oneOf, positive, read, whole } from './options.mjs';

const help = `npm run bench:threads -- [options]

  --size N[,N...]        elements (default 65536,131072,262144,524288,1048576,4194304,16777216)
  --function NAME[,...]  as in npm run bench, and gradients: reluGrad, geluGrad:tanh, softmaxGrad:1000 (default: all forward)
  --threads N            held against one (default: the cores of the machine)
  --busy [N]             so many other processes, each of which keeps a core busy (default: one for each core but one)
  --dtype NAME           float32 (default) or float64
  --precision NAME       fast (default) or exact
  --time MS              for each row (default 1000)
  --turn MS              so long one thread, then several or one again (default 10)
  --json                 rows as JSON
  --help                 this text

Times are in us; ratios are those of several threads to one. p99: of 100 calls the slowest but one.
`;

const cores = availableParallelism();
// --busy may stand alone.
const at = process.argv.indexOf('--busy');
if (at > 0 && !/^[^-]/.test(process.argv[at + 1] ?? '')) process.argv[at] = `--busy=${cores - 1}`;
const gradients = elementwise.map((name) => name.replace(/^\w+/, '$&Grad'));
const isGradientRows = (name) => isRows(name.replace(/^softmaxGrad:/, 'softmax:'));
const names = [...elementwise, ...gradients];
const options = read('bench:threads', help, {
  size: [listOf(elements), '65536,131072,262144,524288,1048576,4194304,16777216'],
  function: [
    listOf(oneOf(names, isGradientRows, [...names, 'softmax:ROW', 'softmaxGrad:ROW'])),
    [...elementwise, 'softmax:1000'].join(),
  ],
  threads: [whole(1, 256), String(cores)],
  busy: [whole(0, 256), '0'],
  dtype: [oneOf(['float32', 'float64']), 'float32'],
  precision: [oneOf(['fast', 'exact']), 'fast'],
  time: [positive, '1000'],
  turn: [positive, '10'],
});

const FloatArray = { float32: Float32Array, float64: Float64Array }[options.dtype];
const { threads: several, time } = options;

/** The call that a row measures: `name` as in --function. */
function callOf(name, size) {
  const [base, detail] = name.split(':');
  const gradient = base.endsWith('Grad');
  const softmax = base.startsWith('softmax');
  const row = softmax ? Number(detail) : 1;
  const used = size - (size % row);
  const fill = (value) => {
    const array = new FloatArray(used).map(value);
    return softmax ? new nonlin.Tensor(array, { shape: [used / row, row] }) : array;
  };
  // Values of both signs in no order: what a branch predictor cannot learn.
  const inputs = Array.from({ length: gradient ? 2 : 1 }, () => fill(() => Math.random() * 8 - 4));
  const settings = { out: fill(() => 0), precision: options.precision, ...neededBy(base) };
  if (base.startsWith('gelu')) settings.approximate = detail ?? 'none';
  return () => nonlin[base](...inputs, settings);
}

/** Microseconds of each call, with one thread and with several, in turns of some milliseconds; in no order, since the slices of
 * time that processes get have a beat too. */
function measure(call) {
  const samples = [[], []];
  const turn = (threads, times) => {
    nonlin.setThreads(threads);
    const end = performance.now() + options.turn;
    let start;
    do {
      start = performance.now();
      call();
      times.push(1000 * (performance.now() - start));
    } while (start < end);
  };
  for (const end = performance.now() + time / 10; performance.now() < end; ) turn(several, []);
  const isShort = () => samples.some((times) => times.length === 0);
  for (const end = performance.now() + time; performance.now() < end || isShort(); ) {
    if (Math.random() < 0.5) turn(1, samples[0]);
    else turn(several, samples[1]);
  }
  return samples.map((times) => times.sort((a, b) => a - b));
}

const quantile = (sorted, share) => sorted[Math.floor(share * (sorted.length - 1))];

// They end when this process has, however it ends.
const burn = `for (const parent = process.ppid; process.ppid === parent; );`;
const others = Array.from({ length: options.busy }, () => spawn(process.execPath, ['-e', burn]));

const rows = [];
if (!options.json) {
  console.log(`${options.dtype}, 1 thread and ${several}, ${others.length} busy processes on ${cores} cores`);
  print('function', ['elements', '1: p50', `${several}: p50`, 'ratio', '1: p99', `${several}: p99`, 'ratio', 'calls']);
}
const measured = new Map(options.size.map((size) => [size, fitting(options.function, size)]));
for (const name of options.function) {
  for (const size of options.size.filter((size) => measured.get(size).includes(name))) {
    const [one, more] = measure(callOf(name, size));
    const p50 = [quantile(one, 0.5), quantile(more, 0.5)];
    const p99 = [quantile(one, 0.99), quantile(more, 0.99)];
    const [p50Ratio, p99Ratio] = [p50[1] / p50[0], p99[1] / p99[0]];
    rows.push({ function: name, size, threads: several, busy: others.length, p50, p99, p50Ratio, p99Ratio });
    if (!options.json) {
      const us = (x) => x.toFixed(x < 100 ? 1 : 0);
      print(name, [size, ...p50.map(us), p50Ratio.toFixed(2), ...p99.map(us), p99Ratio.toFixed(2), more.length]);
    }
  }
}
if (options.json) console.log(JSON.stringify(rows, null, 2));
for (const other of others) other.kill();

function print(name, cells) {
  console.log(name.padEnd(16) + cells.map((cell) => String(cell).padStart(10)).join(''));
}
