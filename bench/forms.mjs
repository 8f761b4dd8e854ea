// `npm run bench:forms`: a call on a few elements in each form that it can have, as arrays, Tensors, views and what other libraries have,
// by the option and by the layer: ns per call, beside the plain one on a Float32Array.
import * as nonlin from 'nonlin';
import { positive, read, whole } from './options.mjs';

const help = `npm run bench:forms -- [options]

  --size N     elements of a side of the square that is computed on (default 4), 2000 at most
  --time MS    for each form (default 200)
  --json       rows as JSON
  --help       this text

ns per call, the least of many turns; per element; and in times of the first line.
`;
const options = read('bench:forms', help, { size: [whole(1, 2000), '4'], time: [positive, '200'] });

nonlin.setThreads(1);
const { size } = options;
const shape = [size, size];
const numbers = (count) => Float32Array.from({ length: count }, () => Math.random() * 8 - 4);
const tensor = () => new nonlin.Tensor(numbers(size * size), { shape });
const [x, y] = [numbers(size * size), new Float32Array(size * size)];
const [t, g, out] = [tensor(), tensor(), tensor()];
const [by, row] = [g.data, new nonlin.Tensor(numbers(size))];
const [turned, outTurned] = [t.T, out.T];
const slice = new nonlin.Tensor(numbers(4 * size * size), { shape: [2 * size, 2 * size] })
  .slice(0, 0, size)
  .slice(1, 0, size);
const like = { data: x, dims: shape };
const strided = { data: x, shape, strides: [1, size], offset: 0 };
const [wide, wideOut] = [t, out].map((one) => new nonlin.Tensor(Float64Array.from(one.data), { shape }));
const [wideTurned, wideOutTurned] = [wide.T, wideOut.T];
const [half, halfOut] = [t, out].map((one) => one.to('float16'));
const kept = { data: new Uint8Array(size * size).fill(1), shape };
const keptRow = { data: new Uint8Array(size).fill(1), shape: [1, size] };
const added = new nonlin.Tensor(new Float32Array(size * size), { shape });
const classes = Array.from({ length: size }, (_, i) => i);
const [sigmoid, softmax] = [new nonlin.Sigmoid(), new nonlin.Softmax()];

const forms = {
  'sigmoid(array, { out })': () => nonlin.sigmoid(x, { out: y }),
  'sigmoid(array, { out, precision, dtype })': () => nonlin.sigmoid(x, { out: y, precision: 'fast', dtype: 'float32' }),
  'relu(array, { out })': () => nonlin.relu(x, { out: y }),
  'sigmoid(array)': () => nonlin.sigmoid(x),
  'new Sigmoid()(array)': () => sigmoid(x),
  'sigmoid(Tensor)': () => nonlin.sigmoid(t),
  'sigmoid(Tensor, { out })': () => nonlin.sigmoid(t, { out }),
  'sigmoid({ data, dims })': () => nonlin.sigmoid(like),
  'sigmoid({ data, strides })': () => nonlin.sigmoid(strided),
  'sigmoid(transposed)': () => nonlin.sigmoid(turned),
  'sigmoid(slice)': () => nonlin.sigmoid(slice),
  'sigmoid(Tensor, { out: transposed })': () => nonlin.sigmoid(t, { out: outTurned }),
  'relu(Tensor, { out })': () => nonlin.relu(t, { out }),
  'relu(transposed, { out })': () => nonlin.relu(turned, { out }),
  'relu(Tensor, { out: transposed })': () => nonlin.relu(t, { out: outTurned }),
  'relu(transposed, { out: transposed })': () => nonlin.relu(turned, { out: outTurned }),
  'relu(slice, { out })': () => nonlin.relu(slice, { out }),
  'relu(float64, { out })': () => nonlin.relu(wide, { out: wideOut }),
  'relu(transposed float64, { out })': () => nonlin.relu(wideTurned, { out: wideOut }),
  'relu(float64, { out: transposed })': () => nonlin.relu(wide, { out: wideOutTurned }),
  'sigmoid(float16, { out })': () => nonlin.sigmoid(half, { out: halfOut }),
  'sigmoidGrad(Tensor, Tensor)': () => nonlin.sigmoidGrad(g, t),
  'gelu(Tensor, { approximate })': () => nonlin.gelu(t, { approximate: 'tanh' }),
  'elu(Tensor, { alpha })': () => nonlin.elu(t, { alpha: 2 }),
  'swiglu(Tensor, Tensor)': () => nonlin.swiglu(t, g),
  'softmax(array, { out })': () => nonlin.softmax(x, { out: y }),
  'softmax(Tensor)': () => nonlin.softmax(t),
  'softmax(float16, { out })': () => nonlin.softmax(half, { out: halfOut }),
  'new Softmax()(Tensor)': () => softmax(t),
  'softmax(Tensor, { out })': () => nonlin.softmax(t, { out }),
  'softmax(Tensor, { dim: 0, out })': () => nonlin.softmax(t, { dim: 0, out }),
  'softmax(transposed, { out })': () => nonlin.softmax(turned, { out }),
  'softmax(transposed, { dim: 0, out })': () => nonlin.softmax(turned, { dim: 0, out }),
  'softmax(transposed, { out: transposed })': () => nonlin.softmax(turned, { out: outTurned }),
  'softmax(Tensor, { temperature })': () => nonlin.softmax(t, { temperature: 0.7, out }),
  'softmax(Tensor, { mask: bytes })': () => nonlin.softmax(t, { mask: kept, out }),
  'softmax(Tensor, { mask: floats })': () => nonlin.softmax(t, { mask: added, out }),
  'softmax(Tensor, { mask: row })': () => nonlin.softmax(t, { mask: keptRow, out }),
  'prelu(Tensor, { weight: channels })': () => nonlin.prelu(t, { weight: row.data, channelDim: 1, out }),
  'logSumExp(Tensor)': () => nonlin.logSumExp(t),
  'crossEntropy(Tensor, classes)': () => nonlin.crossEntropy(t, classes),
  'y[i] = x[i] + g[i] in a loop': () => {
    for (let i = 0; i < y.length; i++) y[i] = x[i] + by[i];
  },
  'Tensor.add(Tensor)': () => t.add(g),
  'Tensor.mul(2)': () => t.mul(2),
  'Tensor.add(row)': () => t.add(row),
  'Tensor.add(transposed)': () => t.add(turned),
};

/** The least time of a call, in ns; turns of some 100 us. */
function leastOf(call) {
  const now = () => Number(process.hrtime.bigint());
  let calls = 1;
  const turn = () => {
    const start = now();
    for (let i = 0; i < calls; i++) call();
    return now() - start;
  };
  for (const end = now() + options.time * 5e5; now() < end; ) if (turn() < 1e5) calls *= 2;
  let least = Infinity;
  for (const end = now() + options.time * 5e5; now() < end; ) least = Math.min(least, turn() / calls);
  return least;
}

const rows = [];
for (const [form, call] of Object.entries(forms)) {
  const nanoseconds = leastOf(call);
  const perElement = nanoseconds / (size * size);
  rows.push({
    form,
    nanoseconds,
    nanosecondsPerElement: perElement,
    times: nanoseconds / (rows[0]?.nanoseconds ?? nanoseconds),
  });
  if (!options.json)
    console.log(
      `${form.padEnd(42)}${nanoseconds.toFixed(0).padStart(9)}${perElement.toPrecision(3).padStart(9)}${rows.at(-1).times.toFixed(1).padStart(8)} x`,
    );
}
if (options.json) console.log(JSON.stringify(rows, null, 2));
