// What the peers have of the functions, by the names of --function: onnxruntime's operator with its attributes, and how tfjs and jax-js
// compute it, where they can; in the words of their users, where it takes several operators.

const half = (tf, x, y) => tf.mul(tf.mul(x, 0.5), tf.add(y, 1));
// A product for x^3: `pow` is slower.
const cubic = (tf, x) => tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));

/** The functions that peers and loops have all. */
export const usual = {
  relu: { onnx: ['Relu'], tfjs: (tf, x) => tf.relu(x), jax: ({ nn }, x) => nn.relu(x) },
  sigmoid: { onnx: ['Sigmoid'], tfjs: (tf, x) => tf.sigmoid(x), jax: ({ nn }, x) => nn.sigmoid(x) },
  tanh: { onnx: ['Tanh'], tfjs: (tf, x) => tf.tanh(x), jax: ({ numpy }, x) => numpy.tanh(x) },
  gelu: {
    onnx: ['Gelu', { approximate: 'none' }],
    tfjs: (tf, x) => half(tf, x, tf.erf(tf.mul(x, Math.SQRT1_2))),
    jax: ({ nn }, x) => nn.gelu(x, { approximate: false }),
  },
  'gelu:tanh': {
    onnx: ['Gelu', { approximate: 'tanh' }],
    tfjs: (tf, x) => half(tf, x, tf.tanh(cubic(tf, x))),
    jax: ({ nn }, x) => nn.gelu(x, { approximate: true }),
  },
};
/** Others, with their defaults. */
export const others = {
  leakyRelu: { onnx: ['LeakyRelu', { alpha: 0.01 }], tfjs: (tf, x) => tf.leakyRelu(x, 0.01) },
  relu6: { tfjs: (tf, x) => tf.relu6(x) },
  elu: { onnx: ['Elu', { alpha: 1 }], tfjs: (tf, x) => tf.elu(x) },
  selu: { onnx: ['Selu'], tfjs: (tf, x) => tf.selu(x) },
  celu: { onnx: ['Celu', { alpha: 1 }] },
  silu: { tfjs: (tf, x) => tf.mul(x, tf.sigmoid(x)) },
  softplus: { onnx: ['Softplus'], tfjs: (tf, x) => tf.softplus(x) },
  logSigmoid: { tfjs: (tf, x) => tf.logSigmoid(x) },
  softsign: { onnx: ['Softsign'] },
  mish: { onnx: ['Mish'], tfjs: (tf, x) => tf.mul(x, tf.tanh(tf.softplus(x))) },
  hardSigmoid: { onnx: ['HardSigmoid', { alpha: 1 / 6, beta: 0.5 }] },
  hardSwish: { onnx: ['HardSwish'] },
};
/** Over the rows, or with an axis 0 down the columns, which tfjs throws for. */
export const sliced = {
  softmax: {
    onnx: ['Softmax'],
    tfjs: (tf, x) => tf.softmax(x),
    jax: ({ nn }, x, { rows, columns, axis }) => nn.softmax(x.reshape([rows, columns]), axis),
  },
  logSoftmax: { onnx: ['LogSoftmax'], tfjs: (tf, x) => tf.logSoftmax(x) },
};

/** Of a job what the peers have. */
export const operatorsOf = ({ name, base }) => usual[name] ?? others[name] ?? sliced[base];
