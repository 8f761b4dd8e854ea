// The functions of the package that a stream goes through: those of the package's other entry, whose backend and threads they share.
import type { FunctionName } from '../activations/signatures.js';
import { describe, list } from '../basics/errors.js';
import { nearest } from '../basics/nearest.js';
import type { GateName } from '../functions/gates.js';
import type { SliceName } from '../functions/slices.js';
import * as nonlin from '../index.js';
import type { AnyFunction } from './flow.js';
import { Passage } from './passage.js';

/** The functions that a stream goes through: of a value, of a row, and of a gate and what goes through it in a row. */
export type StreamName = FunctionName | 'swish' | SliceName | 'logSumExp' | GateName;

/** Exports that are functions and none of values, or of more than a stream has. */
const others: ReadonlySet<string> = new Set([
  'activation',
  'backends',
  'crossEntropy',
  'info',
  'setThreads',
  'useBackend',
]);
const streamed = Object.entries(nonlin)
  .filter(([name, f]) => typeof f === 'function' && /^[a-z]/.test(name) && !name.endsWith('Grad') && !others.has(name))
  .map(([name]) => name);

/** The way of a new stream, which `maker` makes, through the function of that name. */
export function passage(maker: string, name: string, options: unknown): Passage {
  if (!streamed.includes(name)) {
    const meant = typeof name === 'string' ? nearest(name, streamed) : undefined;
    const help = meant === undefined ? `there are ${list(streamed)}` : `did you mean '${meant}'?`;
    throw new TypeError(`${maker}: no stream goes through ${describe(name)}; ${help}`);
  }
  return new Passage(name, nonlin[name as StreamName] as AnyFunction, options);
}
