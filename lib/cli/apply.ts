// `nonlin <activation> in.npy`: applies an activation, and writes the result or tells what it is like.

import { type FunctionName, functionNames, signatures } from '../activations/signatures.js';
import { useBackend } from '../backends/select.js';
import { shapeText } from '../basics/allocate.js';
import type { FloatArray } from '../basics/floats.js';
import { map } from '../functions/functions.js';
import { type SliceName, slices } from '../functions/slices.js';
import { contiguousData, type Tensor } from '../tensor/tensor.js';
import { type Arguments, backendOf, choiceOf, flagOf, integersOf, numberOf, precisionOf } from './arguments.js';
import { attempt, UsageError } from './failures.js';
import { readTensor, subjectOf, writeTensor } from './files.js';
import { type Io, json, paintFor, pairs, short } from './output.js';

export type Applicable = FunctionName | SliceName;

const sliceNames: readonly SliceName[] = ['softmax', 'logSoftmax', 'softmin'];
export const isSlice = (name: Applicable): name is SliceName => sliceNames.includes(name as SliceName);
export const applicable: readonly Applicable[] = [...functionNames, ...sliceNames];

/** The options that a function has of its own, as their values stand on the command line. */
function ownOf(name: Applicable, args: Arguments): readonly unknown[] {
  if (isSlice(name)) return [integersOf(args, 'dim'), numberOf(args, 'temperature')];
  const { own, rows } = signatures[name];
  return own.map((option, i) =>
    i === 0 && rows !== undefined
      ? choiceOf(args, flagOf(option), [...rows.keys()] as string[])
      : numberOf(args, flagOf(option)),
  );
}

export async function apply(name: Applicable, args: Arguments, io: Io): Promise<number> {
  const { positionals, given } = args;
  const [path, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`${name} takes one file, got also ${rest.join(' ')}`);
  const own = ownOf(name, args);
  const precision = precisionOf(args);
  const backend = backendOf(args);
  const output = given.get('output');
  if (output === '-' && given.has('json')) throw new UsageError('--json and -o - both want standard output');

  if (backend !== undefined) attempt('--backend', () => useBackend(backend));
  const x = await readTensor(path, io);
  const call = { precision, own };
  const y = attempt(subjectOf(path), () =>
    isSlice(name) ? slices(name, name, x, call) : map(signatures[name], name, x, call),
  ).result as Tensor;
  if (output !== undefined) await writeTensor(output, y, io);
  if (given.has('json')) io.out.write(json(summarize(y)));
  else if (output === undefined) io.out.write(pairs(readable(summarize(y)), paintFor(io)));
  return 0;
}

interface Summary {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Of all values but NaN; null where there is none. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Shares of all values. */
  readonly zeros: number;
  readonly nans: number;
}

function summarize(y: Tensor): Summary {
  const { dtype, shape } = y;
  const data: FloatArray = contiguousData(y);
  let [min, max, sum, zeros, nans] = [Infinity, -Infinity, 0, 0, 0];
  for (const value of data) {
    if (Number.isNaN(value)) {
      nans++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros++;
    sum += value;
  }
  const counted = data.length - nans;
  const size = Math.max(data.length, 1);
  const range =
    counted === 0 ? { min: null, max: null, mean: null } : { min: min + 0, max: max + 0, mean: sum / counted };
  return { shape, dtype, ...range, zeros: zeros / size, nans: nans / size };
}

function readable({ shape, dtype, min, max, mean, zeros, nans }: Summary): object {
  const number = (value: number | null) => (value === null ? 'none' : short(value));
  const share = (value: number) => `${short(value * 100)} %`;
  return {
    shape: shapeText(shape),
    dtype,
    min: number(min),
    max: number(max),
    mean: number(mean),
    zeros: share(zeros),
    ...(nans > 0 && { nans: share(nans) }),
  };
}
