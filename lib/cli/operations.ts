// The activations as the commands call them: each row of the table, and softmax.
import { activationNames } from '../activations.js';
import { type BackendName, opOf } from '../backend.js';
import type { Comparison } from '../bounds.js';
import type { Precision } from '../check.js';
import { map, mapGrad, softmaxGradOf, softmaxOf } from '../functions.js';
import { info, useBackend } from '../select.js';
import type { Tensor } from '../tensor.js';

export type Operation = Comparison['activation'];

export const operations: readonly Operation[] = [...activationNames, 'softmax'];

export interface CallOptions {
  readonly dim?: number;
  readonly out?: Tensor;
  readonly precision?: Precision;
}

export function forward(operation: Operation, x: Tensor, options: CallOptions = {}): Tensor {
  return operation === 'softmax' ? softmaxOf(x, options) : map(opOf[operation], operation, x, options);
}

export function gradient(operation: Operation, grad: Tensor, x: Tensor, options: CallOptions = {}): Tensor {
  if (operation === 'softmax') return softmaxGradOf(grad, x, options);
  return mapGrad(opOf[operation], `${operation}Grad`, grad, x, options);
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
