// `npm run bench:peers`: nonlin beside what else Node can call, in one run, on one thread each, from typed array to typed array.
// A candidate may be given any advantage a caller has, and is checked before it is timed: no figure for work not done.
import { cpus } from 'node:os';
import * as nonlin from '../../dist/cjs/index.js';
import { isRows } from '../functions.mjs';
import { askForRelaxedSimd, elements, listOf, oneOf, positive, read, whole } from '../options.mjs';
import { others, sliced, usual } from './operators.mjs';
import { load, peerNames } from './peers.mjs';
import { errorInputs, largestError, truth } from './truth.mjs';

const rows = [10, 1000, 32000];
const standard = [...Object.keys(usual), ...rows.map((length) => `softmax:${length}`), 'softmax:axis0'];
const names = [...Object.keys(usual), ...Object.keys(others), 'softmax:ROW', 'softmax:axis0', 'logSoftmax:ROW'];
const isOfRows = (name) => isRows(name.replace(/^logSoftmax:/, 'softmax:'));

const help = `npm run bench:peers -- [options]

  --size N[,N...]        elements (default 16,1024,16384,262144,4194304)
  --function NAME[,...]  ${names.join(', ')}
                         (default: ${Object.keys(usual).join(', ')}, and softmax of rows of ${rows.join(', ')} and over axis 0)
  --peer NAME[,...]      ${peerNames.join(', ')} (default: all)
  --backend NAME         nonlin's, such as wasm (default: the best)
  --time MS              for each figure (default 200)
  --rounds N             parts of that time, taken in turn by the candidates (default 151)
  --json                 figures as JSON
  --help                 this text

softmax:ROW is left out where an array is shorter than a row; softmax:axis0 is always of 1000 x 1000 elements.
`;

const options = read('bench:peers', help, {
  size: [listOf(elements), '16,1024,16384,262144,4194304'],
  function: [listOf(oneOf([...names, ...standard], isOfRows, names)), standard.join()],
  peer: [listOf(oneOf(peerNames)), peerNames.join()],
  backend: [oneOf(['avx512', 'avx2', 'neon', 'wasm', 'js'])],
  time: [positive, '200'],
  rounds: [whole(), '151'],
});
const { function: functions, rounds } = options;
if (options.backend === 'wasm') askForRelaxedSimd();
const candidates = await load(options.peer, options.backend);
const peers = candidates.slice(1);

/** What is to be computed: the function `name` of x, as `rows` slices of `columns` elements, or slices down the columns for axis 0. */
function jobOf(name, x, out) {
  const [base, detail] = name.split(':');
  const [rows, columns, axis] =
    sliced[base] === undefined
      ? [1, x.length, undefined]
      : detail === 'axis0'
        ? [1000, 1000, 0]
        : [Math.floor(x.length / Number(detail)), Number(detail), 1];
  const elements = rows * columns;
  return {
    name,
    base,
    detail,
    rows,
    columns,
    axis,
    elements,
    x: x.subarray(0, elements),
    out: out.subarray(0, elements),
  };
}

/** What a form computes for a job. `out` is spoiled first, so that nothing left by another candidate can pass for it. */
async function resultOf(form, job) {
  job.out.fill(Number.NaN);
  const returned = await form.call();
  return returned instanceof Float32Array ? returned : job.out;
}

/** The largest difference that still is the same function: coarser than any candidate's error, finer than any mistake. */
const tolerance = 1e-3;

/** The forms of every candidate, checked against the first one's result. */
async function prepare(job) {
  const prepared = [];
  let expected;
  for (const { name, counted, forms } of candidates) {
    for (const form of await forms(job)) {
      prepared.push({ name, ...form, samples: [], spent: 0 });
      if (!counted) continue;
      const result = await resultOf(form, job);
      expected ??= result.slice();
      const wrong = expected.findIndex((value, i) => !(Math.abs(result[i] - value) <= tolerance));
      if (wrong >= 0)
        throw new Error(`${name} has ${result[wrong]} for ${job.name} of ${job.x[wrong]}, nonlin ${expected[wrong]}`);
    }
  }
  return prepared;
}

/** Nanoseconds of one call, as the mean over `calls`. */
async function time({ call, awaits }, calls) {
  const start = performance.now();
  if (awaits) for (let i = 0; i < calls; i++) await call();
  else for (let i = 0; i < calls; i++) call();
  return ((performance.now() - start) * 1e6) / calls;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Rounds that a candidate takes part in even if its time is used up. */
const fewestRounds = 5;

/** Median nanoseconds per element by candidate. All take turns, so that what else the machine does falls on all; turns are
 * short, so that most of them pass undisturbed. */
async function measure(job) {
  const prepared = await prepare(job);
  const part = (options.time * 1e6) / rounds;
  for (const form of prepared) {
    // Doubled until it takes its part of the time, which also lets the just-in-time compilers finish. The least time so far, as one
    // interruption would make a short call look long.
    let least = await time(form, 1);
    for (let calls = 2; least * calls < 2 * part; calls *= 2) least = Math.min(least, await time(form, calls));
    form.calls = Math.max(1, Math.round(part / least));
  }
  for (let round = 0; round < rounds; round++) {
    for (const form of prepared) {
      if (round >= fewestRounds && form.spent > rounds * part) continue;
      // A turn begins with the caches as another candidate left them: that call is not counted, where it is one of several.
      if (form.calls > 1) await time(form, 1);
      const each = await time(form, form.calls);
      form.samples.push(each);
      form.spent += each * form.calls;
    }
  }
  const figures = {};
  for (const { name, samples, release } of prepared) {
    figures[name] = Math.min(figures[name] ?? Infinity, median(samples) / job.elements);
    await release?.();
  }
  return figures;
}

/** The largest error of each candidate in ulp: from -3, where every formula still works, and from -20, with the tail. */
async function errorsOf(name) {
  const job = jobOf(name, errorInputs, new Float32Array(errorInputs.length));
  const expected = Float64Array.from(job.x, truth[name]);
  const found = [-3, -20].map((from) => ({ function: name, from, to: 20, errors: {} }));
  const judge = (candidate, result) => {
    for (const row of found) row.errors[candidate] = largestError(result, job.x, expected, row.from);
  };
  for (const { name: candidate, counted, forms } of candidates) {
    if (!counted) continue;
    const prepared = await forms(job);
    if (prepared.length > 0) judge(candidate, await resultOf(prepared[0], job));
    for (const { release } of prepared) await release?.();
  }
  // Correct rounding cannot be further off than a half: if it is, the truth or nonlin is wrong, and no figure here is worth reading.
  const form = job.base === 'gelu' ? { approximate: job.detail ?? 'none' } : {};
  const exact = nonlin[job.base](job.x, { precision: 'exact', ...form });
  const { ulp, at } = largestError(exact, job.x, expected, -20);
  if (!(ulp < 0.5 + 1e-6)) throw new Error(`${name}: 'exact' is ${ulp} ulp from the float64 formula at ${at}`);
  return found;
}

const show = (x) => (x === undefined ? '-' : x >= 1000 ? x.toFixed(0) : x.toPrecision(3));
const showUlp = (error) =>
  error === undefined ? '-' : error.ulp < 1e5 ? error.ulp.toFixed(error.ulp < 100 ? 2 : 0) : error.ulp.toExponential(1);
const say = (line) => {
  if (!options.json) console.log(line);
};
const print = ([name, ...cells]) => say(name.padEnd(16) + cells.map((cell) => String(cell).padStart(12)).join(''));

say(`${candidates.flatMap(({ version }) => version ?? []).join(', ')}; ${cpus()[0]?.model ?? 'unknown processor'}`);
say(`ns per element, float32, one thread each, medians of ${rounds} rounds in turn (fewer where a call is slow)`);

const timings = [];
async function table(size, names, title) {
  if (names.length === 0) return;
  // Values of both signs in no order: what a branch predictor cannot learn.
  const x = Float32Array.from({ length: size }, () => Math.random() * 8 - 4);
  const out = new Float32Array(size);
  say(`\n${title}`);
  print(['function', ...candidates.map(({ name }) => name), 'x best']);
  for (const name of names) {
    const job = jobOf(name, x, out);
    const figures = await measure(job);
    const rivals = peers.filter((peer) => peer.counted && figures[peer.name] !== undefined).map((peer) => peer.name);
    const best = rivals.toSorted((a, b) => figures[a] - figures[b])[0] ?? null;
    const factor = best === null ? null : figures[best] / figures.nonlin;
    timings.push({
      function: name,
      size: job.elements,
      nanosecondsPerElement: figures,
      bestPeer: best,
      timesBest: factor,
    });
    const mark = factor === null ? '-' : factor < 1 ? `SLOWER ${factor.toFixed(2)}` : factor.toFixed(2);
    print([name, ...candidates.map((candidate) => show(figures[candidate.name])), mark]);
  }
}

for (const size of options.size) {
  const fits = (name) => !isOfRows(name) || Number(name.split(':')[1]) <= size;
  await table(
    size,
    functions.filter((name) => name !== 'softmax:axis0' && fits(name)),
    `${size} elements`,
  );
}
const columnwise = functions.filter((name) => name === 'softmax:axis0');
await table(1e6, columnwise, '1000 x 1000 elements');

const errors = [];
const judged = functions.filter((name) => name in truth);
if (judged.length > 0) {
  const counted = candidates.filter((candidate) => candidate.counted);
  say('\nlargest error in ulp (from 8.4e6 on no digit is right)');
  print(['function', 'inputs', ...counted.map(({ name }) => name)]);
  for (const name of judged) {
    for (const row of await errorsOf(name)) {
      errors.push(row);
      print([name, `[${row.from}, ${row.to}]`, ...counted.map((candidate) => showUlp(row.errors[candidate.name]))]);
    }
  }
}

say(`
x best       time of the fastest peer over nonlin's; SLOWER where that is below 1
nonlin       'fast', output given
onnxruntime  session.run on a model of one node, output given or new, as is faster; each call takes a turn of the event loop
tfjs         tensor, operator, dataSync, dispose: it has no way to give an output; no softmax over other dimensions than the last
(in tfjs)    the operator alone, tensor to tensor, for data that stays in tfjs; not an answer in an array, so not a peer
javascript   a loop over the arrays; relu is the faster of a comparison and a mask made of the sign bit`);
if (options.json)
  console.log(
    JSON.stringify({ versions: candidates.flatMap(({ version }) => version ?? []), timings, errors }, null, 2),
  );
