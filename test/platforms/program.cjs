// What a binary computes and in what time, in the runtime of its platform: node program.cjs LIBRARY CASES OUT. LIBRARY is
// dist/cjs/index.js, CASES a file of the functions and their options; the answer is written to OUT as JSON.
const { createHash } = require('node:crypto');
const { readFileSync, writeFileSync } = require('node:fs');
const { isMainThread, Worker } = require('node:worker_threads');

const [, , library, cases, out] = process.argv;
const large = 1 << 20;
if (isMainThread) {
  // The addon is loaded by a worker first, whose end unloads it where nothing keeps it, its threads running.
  const worker = new Worker(__filename, { argv: [library, cases, out] });
  worker.on('error', (error) => writeFileSync(out, JSON.stringify({ error: String(error) })));
  worker.on('exit', (code) => setTimeout(() => code === 0 && answer(), 50));
} else {
  const { setThreads, sigmoid } = require(library);
  setThreads(2);
  sigmoid(new Float32Array(large));
}

function answer() {
  const nonlin = require(library);
  const sums = {};
  for (const backend of nonlin.backends()) {
    if (backend === 'js') continue;
    nonlin.useBackend(backend);
    const sum = createHash('sha256');
    results(nonlin, (y) => sum.update(bytesOf(y)));
    sums[backend] = sum.digest('hex').slice(0, 16);
  }
  const [best] = nonlin.backends();
  nonlin.useBackend(best);
  writeFileSync(out, JSON.stringify({ ...nonlin.info(), sums, times: best === 'js' ? {} : times(nonlin) }));
}

/** NaN is one: its other bits are nobody's promise. */
function bytesOf(y) {
  return new Uint8Array(y.map((value) => (Number.isNaN(value) ? Number.NaN : value)).buffer);
}

/** Numbers of every magnitude, the same everywhere. */
function inputs(Floats, count) {
  const x = new Floats(count);
  const words = new Uint32Array(x.buffer);
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  for (let i = 0; i < words.length; i++) words[i] = (next() >>> 16) | (next() & 0xffff0000);
  for (let i = 0; i < count; i += 2) x[i] = (next() / 2 ** 32 - 0.5) * (i % 3 === 0 ? 250 : 20);
  x.set([0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 1e-40, -1e-40, 104, -104]);
  return x;
}

/** Calls see(y) with the results of all functions, forward and gradient, of each dtype and precision. */
function results(nonlin, see) {
  const { functions } = JSON.parse(readFileSync(cases, 'utf8'));
  for (const [Floats, precision] of [
    [Float32Array, 'fast'],
    [Float32Array, 'exact'],
    [Float64Array, 'fast'],
  ]) {
    const x = inputs(Floats, 5000);
    const g = inputs(Floats, 5000).reverse();
    for (const { name, options } of functions) {
      see(nonlin[name](x, { ...options, precision }));
      see(nonlin[`${name}Grad`](g, x, { ...options, precision }));
    }
    const finite = x.map((value) => (Math.abs(value) < 1e4 ? value : 1));
    const mask = Uint8Array.from({ length: 5000 }, (_, i) => Number(i % 7 !== 0));
    for (const shape of [
      [500, 10],
      [5, 1000],
      [1, 5000],
      [50, 10, 10],
    ])
      for (const name of ['softmax', 'logSoftmax'])
        for (const more of [{}, { temperature: 0.7 }, { mask: { data: mask, dims: shape } }]) {
          const [z, grad] = [finite, g].map((data) => new nonlin.Tensor(data, { shape }));
          see(nonlin[name](z, { dim: 1, precision, ...more }).data);
          see(nonlin[`${name}Grad`](grad, z, { dim: 1, precision, ...more }).data);
        }
    see(nonlin.swiglu(x, g));
  }
  // Shared among threads.
  nonlin.setThreads(2);
  see(nonlin.gelu(inputs(Float32Array, large)));
  nonlin.setThreads(1);
}

/** ns per element of 4096, the shortest of many turns. */
function times(nonlin) {
  const x = Float32Array.from({ length: 4096 }, (_, i) => (i % 801) / 100 - 4);
  const out = new Float32Array(4096);
  const tensors = (rows, length) =>
    [x, out].map((data) => new nonlin.Tensor(data.subarray(0, rows * length), { shape: [rows, length] }));
  const [rows, into] = tensors(4, 1024);
  // Short ones rest on what a compiler inlines.
  const [short, intoShort] = tensors(409, 10);
  const runs = {
    sigmoid: () => nonlin.sigmoid(x, { out }),
    tanh: () => nonlin.tanh(x, { out }),
    gelu: () => nonlin.gelu(x, { out }),
    softmax: () => nonlin.softmax(rows, { dim: 1, out: into }),
    'rows of 10': () => nonlin.softmax(short, { dim: 1, out: intoShort }),
    'logSoftmax of 10': () => nonlin.logSoftmax(short, { dim: 1, out: intoShort }),
    'gelu exact': () => nonlin.gelu(x, { out, precision: 'exact' }),
  };
  const found = Object.fromEntries(Object.keys(runs).map((name) => [name, Infinity]));
  for (let turn = 0; turn < 60; turn++)
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now();
      for (let i = 0; i < 20; i++) run();
      found[name] = Math.min(found[name], ((performance.now() - start) * 1e6) / (20 * 4096));
    }
  return found;
}
