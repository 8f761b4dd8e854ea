// The candidates: nonlin, onnxruntime, tfjs and plain JavaScript, each on one thread. `counted` are those that go from array to array;
// `forms(job)` are the ways to call it, of which the fastest counts, empty where the job cannot be done. A form is { call, awaits,
// release }: `call` fills `job.out` or returns an array of its own, and `awaits` says that it returns a promise.

import { loops, softmaxRows } from '../../build/scripts/loops.js';
import * as nonlin from '../../dist/cjs/index.js';
import { reluByBits, softmaxColumns } from './loops.mjs';
import { onnxModel } from './onnx.mjs';
import { operatorsOf } from './operators.mjs';

function nonlinForms({ base, detail, rows, columns, axis, x, out }) {
  if (base === 'gelu') return [{ call: () => nonlin.gelu(x, { out, approximate: detail ?? 'none' }) }];
  // Not in the call: to find a name in a module's namespace takes longer than relu of 16 elements.
  const f = nonlin[base];
  if (axis === undefined || rows === 1) return [{ call: () => f(x, { out }) }];
  const [from, to] = [x, out].map((data) => new nonlin.Tensor(data, { shape: [rows, columns] }));
  return [{ call: () => f(from, { out: to, dim: axis }) }];
}

async function onnxruntimePeer() {
  const { default: ort } = await import('onnxruntime-node');
  const forms = async (job) => {
    const { onnx } = operatorsOf(job);
    if (onnx === undefined) return [];
    const [operator, attributes] = onnx;
    const model = onnxModel([operator, job.axis === undefined ? attributes : { axis: job.axis }], job);
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    const [feeds, fetches] = [{ x: job.x }, { y: job.out }].map((arrays) =>
      Object.fromEntries(
        Object.entries(arrays).map(([name, data]) => [name, new ort.Tensor('float32', data, [job.rows, job.columns])]),
      ),
    );
    return [
      { call: () => session.run(feeds, fetches), awaits: true },
      { call: async () => (await session.run(feeds)).y.data, awaits: true, release: () => session.release() },
    ];
  };
  return [{ name: 'onnxruntime', version: `onnxruntime-node ${ort.env.versions.node}`, counted: true, forms }];
}

async function tfjsPeers() {
  const { default: tf } = await import('@tensorflow/tfjs-core');
  const { default: wasm } = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setThreadsCount(1);
  tf.enableProdMode();
  await tf.setBackend('wasm');

  // Softmax of anything but the last dimension throws in tfjs, and so does what its WebAssembly has no kernel for.
  const operatorOf = (job) => {
    const { tfjs } = operatorsOf(job);
    if (tfjs === undefined || job.axis === 0) return undefined;
    const operator = (x) => tf.tidy(() => tfjs(tf, x));
    try {
      tf.tidy(() => operator(tf.tensor([1, 2], [1, 2])));
    } catch {
      return undefined;
    }
    return operator;
  };

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

function javascriptForms({ name, base, columns, axis, x, out }) {
  if (base === 'softmax') {
    const loop = axis === 0 ? softmaxColumns : softmaxRows;
    return [{ call: () => loop(x, out, columns) }];
  }
  const loop = loops[name === 'gelu:tanh' ? 'geluTanh' : name];
  if (loop === undefined) return [];
  if (base !== 'relu') return [{ call: () => loop(x, out) }];
  const [from, to] = [x, out].map((data) => new Int32Array(data.buffer, data.byteOffset, data.length));
  return [{ call: () => loop(x, out) }, { call: () => reluByBits(from, to) }];
}

async function jaxPeer() {
  const { defaultDevice, init, jit, nn, numpy } = await import('@jax-js/jax');
  await init('wasm');
  defaultDevice('wasm');
  const forms = (job) => {
    const { jax } = operatorsOf(job);
    if (jax === undefined) return [];
    const operator = jit((x) => jax({ nn, numpy }, x, job));
    return [{ call: () => operator(numpy.array(job.x)).dataSync() }];
  };
  return [{ name: 'jax-js', version: '@jax-js/jax 0.1.25', counted: true, forms }];
}

const loaders = {
  onnxruntime: onnxruntimePeer,
  tfjs: tfjsPeers,
  jax: jaxPeer,
  javascript: () => [
    { name: 'javascript', version: `Node ${process.versions.node}`, counted: true, forms: javascriptForms },
  ],
};

nonlin.setThreads(1);
/** nonlin by a backend, or its best. */
function subject(backend = nonlin.backends()[0]) {
  nonlin.useBackend(backend);
  return { name: 'nonlin', version: `nonlin ${nonlin.version} (${backend})`, counted: true, forms: nonlinForms };
}

export const peerNames = Object.keys(loaders);

/** nonlin by that backend, then the peers of these names that load here. */
export async function load(names, backend) {
  const candidates = [subject(backend)];
  for (const name of names) {
    try {
      candidates.push(...(await loaders[name]()));
    } catch (error) {
      console.error(`${name} is left out, as it does not load: ${error.message}`);
    }
  }
  return candidates;
}
