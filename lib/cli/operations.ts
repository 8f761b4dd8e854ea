// The activations as the commands call them: the rows of the table with numbers for their parameters, and the functions over a dimension.

import { type Case, casesOf, functionNames, signatures } from '../activations/signatures.js';
import { type Activation, activationNames } from '../activations/table.js';
import type { BackendName, Slice } from '../backends/backend.js';
import { info, useBackend } from '../backends/select.js';
import type { Precision } from '../basics/checks.js';
import { describe } from '../basics/errors.js';
import { nearest } from '../basics/nearest.js';
import { map, mapGrad } from '../functions/functions.js';
import { slices, slicesGrad } from '../functions/slices.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Arguments } from './arguments.js';
import { UsageError } from './failures.js';
import { functions } from './functions.js';

/** A row of the table, or a function over a dimension. */
export type Name = Activation | Slice;
const sliceNames: readonly Slice[] = ['softmax', 'logSoftmax'];
export const isSlice = (name: Name): name is Slice => sliceNames.includes(name as Slice);
export const names: readonly Name[] = [...activationNames, ...sliceNames];

/** A name with numbers for its parameters. */
export type Operation = Case | { readonly label: Slice; readonly row: Slice };

/** The defaults first, where there are any. */
export const operationsOf = (name: Name): readonly Operation[] =>
  isSlice(name) ? [{ label: name, row: name }] : casesOf(name);

export interface CallOptions {
  readonly dim?: number;
  readonly out?: Tensor;
  readonly precision?: Precision;
}

export function forward(operation: Operation, x: Tensor, { dim, out, precision }: CallOptions = {}): Tensor {
  const { label } = operation;
  if (!('own' in operation)) return slices(operation.row, label, x, { out, precision, own: [dim] }).result as Tensor;
  const { name, own } = operation;
  return map(signatures[name], label, x, { out, precision, own }).result as Tensor;
}

export function gradient(
  operation: Operation,
  grad: Tensor,
  x: Tensor,
  { dim, out, precision }: CallOptions = {},
): Tensor {
  const title = `${operation.label}, gradient`;
  if (!('own' in operation))
    return slicesGrad(operation.row, title, grad, x, { out, precision, own: [dim] }).result as Tensor;
  const { name, own } = operation;
  return mapGrad(signatures[name], title, grad, x, { out, precision, own }).result as Tensor;
}

/** The names that --function lists; undefined where it is not given. */
export function namesOf({ given }: Arguments): readonly Name[] | undefined {
  const text = given.get('function');
  if (text === undefined) return undefined;
  return text.split(',').map((word) => {
    const name = names.find((candidate) => candidate === (word === 'swish' ? 'silu' : word));
    if (name !== undefined) return name;
    if (functions.has(word))
      throw new UsageError(
        `--function: ${word} is a function, but only elementwise ones, softmax and logSoftmax are for this`,
      );
    const called = [...functionNames, ...sliceNames];
    const meant = nearest(word, called);
    const help = meant === undefined ? `there are ${called.join(', ')}` : `did you mean ${meant}?`;
    throw new UsageError(`--function: there is no ${describe(word)}; ${help}`);
  });
}

/** Runs work with a backend, and puts the one before it back. */
export function withBackend<Result>(name: BackendName, work: () => Result): Result {
  const before = info().backend;
  useBackend(name);
  try {
    return work();
  } finally {
    useBackend(before);
  }
}
