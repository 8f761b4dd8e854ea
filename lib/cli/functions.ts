// The functions that are commands, in one list: the files each takes, its options, and the call. Options, help and checks follow from it.

import { type FunctionName, functionNames, settingOf, signatures } from '../activations/signatures.js';
import type { DType } from '../basics/floats.js';
import { forward, gradient } from '../functions/functions.js';
import { type GateName, gate, gateNames, gates } from '../functions/gates.js';
import { crossEntropy } from '../functions/losses/losses.js';
import { prelu, preluGrad } from '../functions/prelu.js';
import { alongDim, alongDimGradient, type SliceName } from '../functions/slices.js';
import { logSumExp } from '../functions/sums.js';
import type { AnyFunction } from '../streams/flow.js';
import type { Tensor } from '../tensor/tensor.js';

export interface OptionHelp {
  /** What stands for the value in the help; absent where there is none. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

/** What an option's value is: a file is of any numbers, one of floats of these, slopes are one number or such a file. */
export type Kind = 'number' | 'integer' | 'integers' | 'choice' | 'switch' | 'slopes' | 'file' | 'floats';

export interface FunctionOption extends OptionHelp {
  /** As the function calls it: `negativeSlope`. */
  readonly name: string;
  readonly kind: Kind;
  readonly choices?: readonly string[];
  readonly needed?: boolean;
}

export interface FunctionCommand {
  readonly summary: string;
  /** What the function does with its files, where that needs words. */
  readonly detail?: string;
  /** The files of a call, in the words of the usage; a call of one may read what is piped in. */
  readonly files: readonly [readonly [string], ...(readonly [string, string])[]];
  readonly options: readonly FunctionOption[];
  /** Whether its results are not those of parts of its files. */
  readonly needsWhole?: boolean;
  call(inputs: readonly Tensor<DType>[], options: Readonly<Record<string, unknown>>): unknown;
  /** The same of the gradient, whose first input is what comes back. */
  gradient?(inputs: readonly Tensor<DType>[], options: Readonly<Record<string, unknown>>): unknown;
}

const applied =
  (f: AnyFunction): FunctionCommand['call'] =>
  (inputs, options) =>
    f(...inputs, options);

const oneFile = [['in.npy']] as const;
const oneNumber = 'A result of one number is printed itself, and written without a dimension.';

/** The options of an elementwise function's own. */
function ownOf(name: FunctionName): FunctionOption[] {
  const signature = signatures[name];
  const { own, rows } = signature;
  return own.map((option, i) => {
    const standard = settingOf(signature, [], option);
    const help = standard === undefined ? 'needed' : `default ${standard}`;
    const needed = standard === undefined;
    if (i > 0 || rows === undefined) return { name: option, kind: 'number', value: 'number', help, needed };
    const choices = [...rows.keys()] as string[];
    return { name: option, kind: 'choice', choices, value: choices.join('|'), help, needed };
  });
}

const elementwise = (name: FunctionName): FunctionCommand => ({
  summary: `apply ${name}`,
  files: oneFile,
  options: ownOf(name),
  call: applied(forward(name) as AnyFunction),
  gradient: applied(gradient(name) as AnyFunction),
});

const preluCommand: FunctionCommand = {
  summary: 'apply prelu',
  files: oneFile,
  options: [
    { name: 'weight', kind: 'slopes', value: 'number|w.npy', help: 'one slope, or one for each channel', needed: true },
    {
      name: 'channelDim',
      kind: 'integer',
      value: 'n',
      help: 'the dimension of the channels; default 1, and 0 of a single one',
    },
  ],
  call: applied(prelu as AnyFunction),
  gradient: applied(preluGrad as AnyFunction),
};

/** A gate, which is the first half of its file or the second; only the first kind takes two files. */
function gateCommand(name: GateName): FunctionCommand {
  const { by, gating } = gates[name];
  const takesTwo = gating === 'first';
  return {
    summary: `apply ${name}`,
    detail: takesTwo
      ? `Of one file the first half along --dim is the gate: ${by}(first half) * second half. Two files are\nthe gate and what goes through it: ${by}(gate) * up.`
      : `The second half along --dim is the gate: first half * ${by}(second half).`,
    files: takesTwo ? [['in.npy'], ['gate.npy', 'up.npy']] : oneFile,
    options: [
      { name: 'dim', kind: 'integer', value: 'n', help: 'the dimension that is cut in two; default -1, the last' },
      ...ownOf(by),
    ],
    call: applied(gate(name) as AnyFunction),
  };
}

const softmaxLike = (name: SliceName): FunctionCommand => ({
  summary: `apply ${name}`,
  files: oneFile,
  options: [
    {
      name: 'dim',
      kind: 'integers',
      value: 'n[,n]',
      help: 'the dimensions whose shares sum to 1 together; default -1, the last',
    },
    { name: 'temperature', kind: 'number', value: 'number', help: 'what it is divided by before; default 1' },
    {
      name: 'mask',
      kind: 'file',
      value: 'm.npy',
      help: 'of booleans or integers: keeps what is not 0; of floats: added',
    },
    {
      name: 'empty',
      kind: 'choice',
      choices: ['nan', 'zero'],
      value: 'nan|zero',
      help: 'what a slice gets of which the mask leaves nothing; default nan',
    },
  ],
  call: applied(alongDim(name) as AnyFunction),
  gradient: applied(alongDimGradient(name) as AnyFunction),
});

const logSumExpCommand: FunctionCommand = {
  summary: 'log(sum(e^x)) over dimensions',
  detail: oneNumber,
  files: oneFile,
  options: [
    {
      name: 'dim',
      kind: 'integers',
      value: 'n[,n]',
      help: 'the dimensions that are summed over; default -1, the last',
    },
    { name: 'keepdim', kind: 'switch', help: 'the result has them with size 1' },
  ],
  call: applied(logSumExp as AnyFunction),
};

const crossEntropyCommand: FunctionCommand = {
  summary: 'the loss of logits against classes or probabilities',
  detail: `${oneNumber} Of logits\nof 16 bits it is float32.`,
  files: [['logits.npy']],
  needsWhole: true,
  options: [
    {
      name: 'target',
      kind: 'file',
      value: 't.npy',
      help: 'classes, of the shape of the logits without --dim; of floats: probabilities',
      needed: true,
    },
    {
      name: 'dim',
      kind: 'integer',
      value: 'n',
      help: 'the dimension of the classes; default 1, and 0 of a single one',
    },
    {
      name: 'reduction',
      kind: 'choice',
      choices: ['mean', 'sum', 'none'],
      value: 'mean|sum|none',
      help: 'of the losses; default mean',
    },
    { name: 'ignoreIndex', kind: 'integer', value: 'n', help: 'a class that does not count; default -100' },
    {
      name: 'labelSmoothing',
      kind: 'number',
      value: 'number',
      help: 'how much of a target is spread over all classes; default 0',
    },
    { name: 'weight', kind: 'floats', value: 'w.npy', help: 'a weight for each class; default 1' },
  ],
  call: ([logits], { target, ...options }) => (crossEntropy as AnyFunction)(logits, target, options),
};

/** Each function that is a command, by its name. */
export const functions: ReadonlyMap<string, FunctionCommand> = new Map([
  ...functionNames.map((name) => [name, name === 'prelu' ? preluCommand : elementwise(name)] as const),
  ['swish', { ...elementwise('silu'), summary: 'the same as silu' }],
  ...gateNames.map((name) => [name, gateCommand(name)] as const),
  ['softmax', softmaxLike('softmax')],
  ['logSoftmax', softmaxLike('logSoftmax')],
  ['softmin', softmaxLike('softmin')],
  ['logSumExp', logSumExpCommand],
  ['crossEntropy', crossEntropyCommand],
]);
