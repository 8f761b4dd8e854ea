// `npm run bench:peers`: nonlin beside what else Node can call, in one run, on one thread each, from typed array to typed array.
// A candidate may be given any advantage a caller has, and is checked before it is timed: no figure for work not done.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import * as nonlin from '../../dist/cjs/index.js';

const elementwise = ['relu', 'sigmoid', 'tanh', 'gelu', 'gelu:tanh'];
const allFunctions = [...elementwise, 'softmax:10', 'softmax:1000', 'softmax:32000', 'softmax:axis0'];

const help = `npm run bench:peers -- [options]

  --size N[,N...]        elements (default 16,1024,16384,262144,4194304)
  --function NAME[,...]  relu, sigmoid, tanh, gelu, gelu:tanh, softmax:ROW, softmax:axis0 (default: all, rows of 10, 1000, 32000)
  --peer NAME[,...]      onnxruntime, tfjs, javascript (default: all)
  --time MS              for each figure (default 200)
  --rounds N             parts of that time, taken in turn by the candidates (default 15)
  --json                 figures as JSON
  --help                 this text

softmax:ROW is left out where an array is shorter than a row; softmax:axis0 is always of 1000 x 1000 elements.
`;

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '16,1024,16384,262144,4194304' },
    function: { type: 'string', default: allFunctions.join() },
    peer: { type: 'string', default: 'onnxruntime,tfjs,javascript' },
    time: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(help);
  process.exit(0);
}
const functions = options.function.split(',');
for (const name of functions)
  if (!allFunctions.includes(name) && !/^softmax:[1-9]\d*$/.test(name))
    throw new RangeError(`--function does not know ${name}`);
const rounds = Number(options.rounds);

/** What is to be computed: the function `name` of x, as `rows` slices of `columns` elements, or slices down the columns for axis 0. */
function jobOf(name, x, out) {
  const [base, detail] = name.split(':');
  const [rows, columns, axis] =
    base !== 'softmax'
      ? [1, x.length, 1]
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

// Each of these says how a job is called: a list of forms, of which the fastest counts; empty where the job cannot be done.
// A form is { call, awaits }: `call` fills `job.out` or returns an array of its own; `awaits` where it returns a promise.

function nonlinForms({ base, detail, rows, columns, axis, x, out }) {
  if (base === 'gelu') return [{ call: () => nonlin.gelu(x, { out, approximate: detail ?? 'none' }) }];
  if (base !== 'softmax') return [{ call: () => nonlin[base](x, { out }) }];
  const [from, to] = [x, out].map((data) => new nonlin.Tensor(data, { shape: [rows, columns] }));
  return [{ call: () => nonlin.softmax(from, { out: to, dim: axis }) }];
}

// The bytes of a field of a protobuf message: an integer, a string or a message, whose fields are joined.
function varint(n) {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) + 128);
  return [...bytes, n];
}
const integer = (field, n) => [...varint(field * 8), ...varint(n)];
const message = (field, ...fields) => {
  const bytes = fields.flat();
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
};
const text = (field, s) => message(field, [...Buffer.from(s)]);

/** An ONNX model of one node, y = operator(x) on float32 of a fixed shape. Field numbers and constants are those of onnx.proto. */
function onnxModel({ base, detail, rows, columns, axis }) {
  const float32 = 1;
  const [typeInteger, typeString] = [2, 3];
  const opset = 20; // the first with Gelu
  const ir = 9; // the format of that time
  const operator = { relu: 'Relu', sigmoid: 'Sigmoid', tanh: 'Tanh', gelu: 'Gelu', softmax: 'Softmax' }[base];
  const attribute = {
    gelu: () => message(5, text(1, 'approximate'), text(4, detail ?? 'none'), integer(20, typeString)),
    softmax: () => message(5, text(1, 'axis'), integer(3, axis), integer(20, typeInteger)),
  }[base];
  const shape = message(2, ...[rows, columns].map((n) => message(1, integer(1, n))));
  const value = (field, name) => message(field, text(1, name), message(2, message(1, integer(1, float32), shape)));
  const node = message(1, text(1, 'x'), text(2, 'y'), text(4, operator), attribute?.() ?? []);
  const graph = message(7, node, text(2, 'graph'), value(11, 'x'), value(12, 'y'));
  return Uint8Array.from([integer(1, ir), graph, message(8, text(1, ''), integer(2, opset))].flat());
}

async function onnxruntimePeer() {
  const { default: ort } = await import('onnxruntime-node');
  const forms = async (job) => {
    const session = await ort.InferenceSession.create(onnxModel(job), {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    const [feeds, fetches] = [{ x: job.x }, { y: job.out }].map((arrays) =>
      Object.fromEntries(
        Object.entries(arrays).map(([name, data]) => [name, new ort.Tensor('float32', data, [job.rows, job.columns])]),
      ),
    );
    return [{ call: () => session.run(feeds, fetches), awaits: true, release: () => session.release() }];
  };
  return [{ name: 'onnxruntime', version: `onnxruntime-node ${ort.env.versions.node}`, counted: true, forms }];
}

async function tfjsPeers() {
  const { default: tf } = await import('@tensorflow/tfjs-core');
  const { default: wasm } = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setThreadsCount(1);
  tf.enableProdMode();
  await tf.setBackend('wasm');

  // tfjs has no GELU; both forms as its users compose them. A product for x^3: `pow` is slower.
  const half = (x, y) => tf.mul(tf.mul(x, 0.5), tf.add(y, 1));
  const cubic = (x) => tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  const operators = {
    relu: tf.relu,
    sigmoid: tf.sigmoid,
    tanh: tf.tanh,
    gelu: (x) => tf.tidy(() => half(x, tf.erf(tf.mul(x, Math.SQRT1_2)))),
    'gelu:tanh': (x) => tf.tidy(() => half(x, tf.tanh(cubic(x)))),
    softmax: (x) => tf.softmax(x),
  };
  // Softmax of anything but the last dimension throws in tfjs.
  const operatorOf = ({ name, base, axis }) => (axis === 0 ? undefined : (operators[name] ?? operators[base]));

  const fromArrays = (job) => {
    const operator = operatorOf(job);
    if (operator === undefined) return [];
    const call = () => {
      const input = tf.tensor(job.x, [job.rows, job.columns]);
      const output = operator(input);
      const result = output.dataSync();
      tf.dispose([input, output]);
      return result;
    };
    return [{ call }];
  };
  const fromTensors = (job) => {
    const operator = operatorOf(job);
    if (operator === undefined) return [];
    const input = tf.tensor(job.x, [job.rows, job.columns]);
    return [{ call: () => operator(input).dispose(), release: () => input.dispose() }];
  };
  return [
    { name: 'tfjs', version: `tfjs-backend-wasm ${wasm.version_wasm}`, counted: true, forms: fromArrays },
    { name: '(in tfjs)', counted: false, forms: fromTensors },
  ];
}

const reluByBranch = (x, y) => {
  for (let i = 0; i < x.length; i++) y[i] = x[i] < 0 ? 0 : x[i];
};
const reluByBits = (x, y) => {
  for (let i = 0; i < x.length; i++) y[i] = x[i] & ~(x[i] >> 31);
};
// Abramowitz and Stegun 7.1.26: the error function that JavaScript code has most often.
const erf = (x) => {
  const a = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * a);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const y = 1 - series * Math.exp(-a * a);
  return x < 0 ? -y : y;
};
const loops = {
  sigmoid: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]));
  },
  tanh: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i]);
  },
  gelu: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 0.5 * x[i] * (1 + erf(x[i] * Math.SQRT1_2));
  },
  'gelu:tanh': (x, y) => {
    const c = Math.sqrt(2 / Math.PI);
    for (let i = 0; i < x.length; i++) {
      const v = x[i];
      y[i] = 0.5 * v * (1 + Math.tanh(c * (v + 0.044715 * v * v * v)));
    }
  },
};
const softmaxRows = (x, y, columns) => {
  for (let start = 0; start < x.length; start += columns) {
    const end = start + columns;
    let largest = -Infinity;
    for (let i = start; i < end; i++) if (x[i] > largest) largest = x[i];
    let sum = 0;
    for (let i = start; i < end; i++) sum += y[i] = Math.exp(x[i] - largest);
    for (let i = start; i < end; i++) y[i] /= sum;
  }
};
// Row after row with a sum for each column: walking down one column at a time would miss the cache at every step.
const softmaxColumns = (x, y, columns) => {
  const largest = new Float64Array(columns).fill(-Infinity);
  const sum = new Float64Array(columns);
  for (let start = 0; start < x.length; start += columns)
    for (let j = 0; j < columns; j++) if (x[start + j] > largest[j]) largest[j] = x[start + j];
  for (let start = 0; start < x.length; start += columns)
    for (let j = 0; j < columns; j++) sum[j] += y[start + j] = Math.exp(x[start + j] - largest[j]);
  for (let start = 0; start < x.length; start += columns) for (let j = 0; j < columns; j++) y[start + j] /= sum[j];
};

function javascriptForms({ name, base, columns, axis, x, out }) {
  if (base === 'softmax') {
    const loop = axis === 0 ? softmaxColumns : softmaxRows;
    return [{ call: () => loop(x, out, columns) }];
  }
  if (base !== 'relu') return [{ call: () => loops[name](x, out) }];
  const [from, to] = [x, out].map((data) => new Int32Array(data.buffer, data.byteOffset, data.length));
  return [{ call: () => reluByBranch(x, out) }, { call: () => reluByBits(from, to) }];
}

const loaders = {
  onnxruntime: onnxruntimePeer,
  tfjs: tfjsPeers,
  javascript: () => [
    { name: 'javascript', version: `Node ${process.versions.node}`, counted: true, forms: javascriptForms },
  ],
};

nonlin.setThreads(1);
nonlin.useBackend(nonlin.backends()[0]);
const subject = {
  name: 'nonlin',
  version: `nonlin ${nonlin.version} (${nonlin.info().backend})`,
  counted: true,
  forms: nonlinForms,
};
const candidates = [subject];
for (const name of options.peer.split(',')) {
  if (!(name in loaders)) throw new RangeError(`--peer knows ${Object.keys(loaders).join(', ')}, got ${name}`);
  try {
    candidates.push(...(await loaders[name]()));
  } catch (error) {
    console.error(`${name} is left out, as it does not load: ${error.message}`);
  }
}
const peers = candidates.slice(1);

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
      prepared.push({ name, ...form, samples: [] });
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

/** Median nanoseconds per element by candidate. All take turns, so that what else the machine does falls on all of them. */
async function measure(job) {
  const prepared = await prepare(job);
  const part = (Number(options.time) * 1e6) / rounds;
  for (const form of prepared) {
    // Doubled until it takes its part of the time, which also lets the just-in-time compilers finish.
    let taken = 0;
    for (form.calls = 1; ; form.calls *= 2) {
      taken = await time(form, form.calls);
      if (taken * form.calls >= part) break;
    }
    form.calls = Math.max(1, Math.round(part / taken));
  }
  for (let round = 0; round < rounds; round++)
    for (const form of prepared) form.samples.push(await time(form, form.calls));
  const figures = {};
  for (const { name, samples, release } of prepared) {
    figures[name] = Math.min(figures[name] ?? Infinity, median(samples) / job.elements);
    await release?.();
  }
  return figures;
}

/** P(N < -a) of the normal distribution for a >= 0, relative error below 1e-13 also far out. */
function lowerTail(a) {
  if (a < 0.75) {
    // Below, the sum further down would cancel. The Taylor series of the distribution function at 0.
    let [term, sum] = [a, a];
    for (let n = 1; n < 20; n++) {
      term *= (-a * a) / (2 * n);
      sum += term / (2 * n + 1);
    }
    return 0.5 - sum / Math.sqrt(2 * Math.PI);
  }
  // erfc(t) e^(t * t) = t / pi * integral of e^(-u * u) / (u * u + t * t): the trapezoidal rule converges like e^(-(pi / step)^2), but
  // for the pole at u = i t, whose share is known.
  const t = a * Math.SQRT1_2;
  const step = 0.5;
  let sum = 1 / (t * t);
  for (let k = 1; k * step < 6.5; k++) sum += (2 * Math.exp(-((k * step) ** 2))) / ((k * step) ** 2 + t * t);
  const pole = t < Math.PI / step ? 1 / (1 - Math.exp((2 * Math.PI * t) / step)) : 0;
  return ((step * t) / (2 * Math.PI)) * Math.exp(-t * t) * sum + pole;
}

/** The true values in float64: forms in which nothing cancels, so that the tails count. */
const truth = {
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  gelu: (x) => x * (x < 0 ? lowerTail(-x) : 1 - lowerTail(x)),
  'gelu:tanh': (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
};

/** What the numbers of float32 next to a true value are apart. */
const spacing = (value) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -126) - 23);

function largestError(result, x, expected, from) {
  const worst = { ulp: 0, at: null };
  for (let i = 0; i < x.length; i++) {
    const ulp = Math.abs(result[i] - expected[i]) / spacing(expected[i]);
    if (x[i] >= from && !(ulp <= worst.ulp)) [worst.ulp, worst.at] = [ulp, x[i]];
  }
  return worst;
}

// Half of them evenly over [-20, 20], half closer and closer to 0 on both sides.
const errorInputs = Float32Array.from({ length: 2 ** 18 }, (_, i) =>
  i % 2 === 0 ? (40 * i) / 2 ** 18 - 20 : 20 * 2 ** ((-30 * i) / 2 ** 18) * (i % 4 === 1 ? 1 : -1),
);

/** The largest error of each candidate in ulp: from -3, where every formula still works, and from -20, with the tail. */
async function errorsOf(name) {
  const job = jobOf(name, errorInputs, new Float32Array(errorInputs.length));
  const expected = Float64Array.from(job.x, truth[name]);
  const found = [-3, -20].map((from) => ({ function: name, from, to: 20, errors: {} }));
  const judge = (candidate, result) => {
    for (const row of found) row.errors[candidate] = largestError(result, job.x, expected, row.from);
  };
  for (const { name: candidate, counted, forms } of candidates) {
    const [form] = counted ? await forms(job) : [];
    if (form === undefined) continue;
    judge(candidate, await resultOf(form, job));
    await form.release?.();
  }
  // Correct rounding cannot be further off than a half: if it is, the truth or nonlin is wrong, and no figure here is worth reading.
  const options = { precision: 'exact', approximate: job.detail ?? 'none' };
  const exact = job.base === 'gelu' ? nonlin.gelu(job.x, options) : nonlin[job.base](job.x, { precision: 'exact' });
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
say(`ns per element, float32, one thread each, medians of ${rounds} rounds in turn`);

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

for (const size of options.size.split(',').map(Number)) {
  const fits = (name) => !name.startsWith('softmax') || Number(name.split(':')[1]) <= size;
  await table(size, functions.filter(fits), `${size} elements`);
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
onnxruntime  session.run on a model of one node, output given; each call waits for a turn of the event loop
tfjs         tensor, operator, dataSync, dispose: it has no way to give an output; no softmax over other dimensions than the last
(in tfjs)    the operator alone, tensor to tensor, for data that stays in tfjs; not an answer in an array, so not a peer
javascript   a loop over the arrays; relu is the faster of a comparison and a mask made of the sign bit`);
if (options.json)
  console.log(
    JSON.stringify({ versions: candidates.flatMap(({ version }) => version ?? []), timings, errors }, null, 2),
  );
