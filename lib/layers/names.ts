// Activations by the names that model configurations carry. Case counts: ONNX's HardSigmoid is another function than PyTorch's
// Hardsigmoid.
import { onnxSelu } from '../activations/exponential.js';
import { type FunctionName, signatures } from '../activations/signatures.js';
import { describe, list } from '../basics/errors.js';
import { nearest } from '../basics/nearest.js';
import { gateNames, gates } from '../functions/gates.js';
import * as layers from './elementwise.js';
import * as joined from './joined.js';
import type { Layer } from './layer.js';
import { PReLU } from './prelu.js';
import { LogSoftmax, Softmax, Softmin } from './slices.js';

/** The options of a function that have no default. */
const neededBy = (name: FunctionName): readonly string[] =>
  signatures[name].parameters.filter(({ parameter }) => parameter.default === undefined).map(({ name }) => name);

/** The layers that need options, by the name of the class and of its function: how each is made. */
const withOptions: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(layers).flatMap(([title, Class]) => {
    const needed = neededBy(Class.function);
    if (needed.length === 0) return [];
    const how = `needs ${list(needed)}: new ${title}({ ${needed.join(', ')} })`;
    return [title, Class.function].map((name) => [name, how]);
  }),
);

/** By the name of a class here, which is PyTorch's where that has one, and of its function, as far as no option is needed. */
const ownMakers: Readonly<Record<string, () => Layer>> = Object.fromEntries(
  Object.entries(layers).flatMap(([name, Class]) => {
    if (neededBy(Class.function).length > 0) return [];
    const make = () => new (Class as new () => Layer)();
    return [
      [name, make],
      [Class.function, make],
    ];
  }),
);

/** Gates of the halves of one input, by the name of the class and of the function. */
const gateMakers: Readonly<Record<string, () => Layer>> = Object.fromEntries(
  gateNames.flatMap((name) => {
    const { layer } = gates[name];
    const make = () => new joined[layer]();
    return [
      [name, make],
      [layer, make],
    ];
  }),
);

/** By name, where its defaults are those of the name's own library. */
const makers: Readonly<Record<string, () => Layer>> = {
  ...ownMakers,
  ...gateMakers,
  // transformers, in `hidden_act`
  gelu_python: () => new layers.GELU(),
  gelu_new: () => new layers.GELU({ approximate: 'tanh' }),
  gelu_fast: () => new layers.GELU({ approximate: 'tanh' }),
  gelu_pytorch_tanh: () => new layers.GELU({ approximate: 'tanh' }),
  gelu_accurate: () => new layers.GELU({ approximate: 'tanh' }),
  gelu_10: () => new joined.ClippedGELU(),
  quick_gelu: () => new layers.GELU({ approximate: 'sigmoid' }),
  leaky_relu: () => new layers.LeakyReLU(),
  prelu: () => new PReLU(),
  swish: () => new layers.SiLU(),
  linear: () => new layers.Identity(),
  // Keras 3, where others have no such name
  hard_sigmoid: () => new layers.Hardsigmoid(),
  hard_silu: () => new layers.Hardswish(),
  hard_swish: () => new layers.Hardswish(),
  hard_tanh: () => new layers.Hardtanh(),
  hard_shrink: () => new layers.Hardshrink(),
  soft_shrink: () => new layers.Softshrink(),
  sparse_sigmoid: () => new layers.Hardsigmoid({ alpha: 0.5, beta: 0.5 }),
  log_sigmoid: () => new layers.LogSigmoid(),
  tanh_shrink: () => new layers.Tanhshrink(),
  softmax: () => new Softmax(),
  log_softmax: () => new LogSoftmax(),
  softmin: () => new Softmin(),
  // PyTorch's modules
  PReLU: () => new PReLU(),
  Softmax: () => new Softmax(),
  LogSoftmax: () => new LogSoftmax(),
  Softmin: () => new Softmin(),
  // ONNX's operators, where the name is not PyTorch's too
  Relu: () => new layers.ReLU(),
  LeakyRelu: () => new layers.LeakyReLU(),
  Celu: () => new layers.CELU(),
  Elu: () => new layers.ELU(),
  Selu: () => new layers.SELU(onnxSelu),
  Gelu: () => new layers.GELU(),
  Swish: () => new layers.SiLU(),
  HardSigmoid: () => new layers.Hardsigmoid({ alpha: 0.2, beta: 0.5 }),
  HardSwish: () => new layers.Hardswish(),
  Shrink: () => new layers.Hardshrink(),
  ThresholdedRelu: () => new layers.Threshold({ threshold: 1, value: 0 }),
  PRelu: () => new PReLU(),
  // tfjs, where the name is no other's; its layers, as those of Keras 2
  thresholdedReLU: () => new layers.Threshold({ threshold: 1, value: 0 }),
  ThresholdedReLU: () => new layers.Threshold({ threshold: 1, value: 0 }),
  logSoftmax: () => new LogSoftmax(),
  hardSigmoid: () => new layers.Hardsigmoid({ alpha: 0.2, beta: 0.5 }),
};

/**
 * A layer for a name that a model's configuration carries, with the defaults of the library that the name is of: transformers'
 * `hidden_act` (`'gelu_new'`), PyTorch's classes (`'Hardswish'`), ONNX's operators (`'HardSigmoid'`, 0.2 x + 0.5), and where these have
 * no such name Keras 3's activations (`'hard_sigmoid'`, x / 6 + 0.5), tfjs's (`'hardSigmoid'`, 0.2 x + 0.5) and those of the functions here.
 *
 * @throws TypeError where the name is no string; RangeError where it is not known, with the nearest one, or is of a layer that needs options.
 */
export function activation(name: string): Layer;
export function activation(name: string, more?: unknown): Layer {
  // A number may be that of a list's element: names.map(activation).
  if (typeof more === 'object' && more !== null)
    throw new TypeError(
      `activation takes a name and nothing else, got ${describe(more)}; layers take options: new GELU(options)`,
    );
  if (typeof name !== 'string') throw new TypeError(`activation: the name must be a string, got ${describe(name)}`);
  if (Object.hasOwn(makers, name)) return makers[name]!();
  if (Object.hasOwn(withOptions, name)) throw new RangeError(`activation: '${name}' ${withOptions[name]}`);
  const meant = nearest(name, [...Object.keys(makers), ...Object.keys(withOptions)]);
  const help =
    meant === undefined
      ? "a name is one of transformers' hidden_act, of PyTorch, ONNX, Keras or tfjs, such as 'gelu_new', 'SiLU' or 'leaky_relu'"
      : `did you mean '${meant}'?`;
  throw new RangeError(`activation: there is no ${describe(name)}; ${help}`);
}
