// The activations as the commands call them: each row of the table, and softmax.

import type { Comparison } from '../activations/bounds.js';
import { callOf, type FunctionName, signatures } from '../activations/signatures.js';
import { type Activation, activationNames } from '../activations/table.js';
import type { BackendName } from '../backends/backend.js';
import { info, useBackend } from '../backends/select.js';
import type { Precision } from '../basics/checks.js';
import { map, mapGrad, softmax, softmaxGrad } from '../functions/functions.js';
import type { Tensor } from '../tensor/tensor.js';

export type Operation = Comparison['activation'];

export const operations: readonly Operation[] = [...activationNames, 'softmax'];

export interface CallOptions {
  readonly dim?: number;
  readonly out?: Tensor;
  readonly precision?: Precision;
}

export function forward(operation: Operation, x: Tensor, { dim, out, precision }: CallOptions = {}): Tensor {
  if (operation === 'softmax') return softmax(operation, x, { out, precision, own: [dim] }).result as Tensor;
  const { name, own } = rowOf(operation);
  return map(signatures[name], operation, x, { out, precision, own }).result as Tensor;
}

export function gradient(
  operation: Operation,
  grad: Tensor,
  x: Tensor,
  { dim, out, precision }: CallOptions = {},
): Tensor {
  const title = titleOfGradient(operation);
  if (operation === 'softmax') return softmaxGrad(title, grad, x, { out, precision, own: [dim] }).result as Tensor;
  const { name, own } = rowOf(operation as Activation);
  return mapGrad(signatures[name], title, grad, x, { out, precision, own }).result as Tensor;
}

/** The function of a row, and what it needs: a parameter that has no default is its first sample. */
function rowOf(row: Activation): { readonly name: FunctionName; readonly own: readonly unknown[] } {
  const { name, own } = callOf(row);
  const needed = signatures[name].parameters.map((one) => (one.default === undefined ? one.samples?.[0] : undefined));
  return { name, own: [...own, ...needed] };
}

/** The public name of an operation's gradient. */
export const titleOfGradient = (operation: Operation) => `${operation}Grad`;

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
