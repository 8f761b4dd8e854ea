// `nonlin <function> in.npy`: applies a function, and writes the result or tells what it is like.

import { useBackend } from '../backends/select.js';
import { shapeText } from '../basics/allocate.js';
import { describe } from '../basics/errors.js';
import type { DType, FloatArray } from '../basics/floats.js';
import { contiguousData } from '../tensor/copies.js';
import { asFloats } from '../tensor/halves.js';
import { Tensor } from '../tensor/tensor.js';
import {
  type Arguments,
  backendOf,
  choiceOf,
  flagOf,
  integerOf,
  integersOf,
  numberOf,
  type OptionName,
  precisionOf,
} from './arguments.js';
import { attempt, UsageError } from './failures.js';
import { isPiped, readParts, readTensor, subjectOf, writeTensor } from './files.js';
import type { FunctionCommand, FunctionOption, Kind } from './functions.js';
import { type Io, json, paintFor, pairs, short, shortest } from './output.js';

/** An option's value that stands in a file. */
class FileValue {
  constructor(
    readonly path: string,
    readonly read: (path: string, io: Io) => Promise<unknown>,
  ) {}
}

const fileOf = ({ given }: Arguments, flag: OptionName, read: FileValue['read']) => {
  const path = given.get(flag);
  return path === undefined ? undefined : new FileValue(path, read);
};

/** A number stays one; a path is what ends in .npy, has a slash, or is standard input. */
function slopesOf(args: Arguments, flag: OptionName): number | FileValue | undefined {
  const text = args.given.get(flag);
  if (text === undefined || (text.trim() !== '' && !Number.isNaN(Number(text)))) return numberOf(args, flag);
  if (!/\.npy$|[/\\]|^-$/.test(text))
    throw new UsageError(`--${flag} must be a number or a .npy file of them, got ${describe(text)}`);
  return fileOf(args, flag, readTensor);
}

/** How an option is read, by the kind of its value; undefined where it is not given. */
const readers: Readonly<
  Record<Kind, (args: Arguments, flag: OptionName, choices: readonly string[] | undefined) => unknown>
> = {
  number: numberOf,
  integer: (args, flag) => integerOf(args, flag, -Infinity),
  integers: integersOf,
  choice: (args, flag, choices = []) => choiceOf(args, flag, choices),
  switch: ({ given }, flag) => given.has(flag) || undefined,
  slopes: slopesOf,
  file: (args, flag) => fileOf(args, flag, readParts),
  floats: (args, flag) => fileOf(args, flag, readTensor),
};

/** The options of the function's own that are given, by its names for them. */
function ownOf(options: readonly FunctionOption[], args: Arguments): readonly (readonly [string, unknown])[] {
  const own: (readonly [string, unknown])[] = [];
  for (const { name, kind, choices, value, needed } of options) {
    const flag = flagOf(name);
    const read = readers[kind](args, flag, choices);
    if (read !== undefined) own.push([name, read]);
    else if (needed) throw new UsageError(`--${flag} is needed: --${flag} <${value}>`);
  }
  return own;
}

/** The paths of the inputs; undefined is what is piped in. */
function pathsOf(name: string, { files }: FunctionCommand, { positionals, given }: Arguments) {
  const most = Math.max(...files.map(({ length }) => length));
  if (positionals.length > most)
    throw new UsageError(
      `${name} takes ${most === 1 ? 'one file' : 'one file or two'}, got also ${positionals.slice(most).join(' ')}`,
    );
  if (positionals.length === 2 && given.has('dim'))
    throw new UsageError('--dim is for one file, which it cuts in two, and not for two');
  return positionals.length === 0 ? [undefined] : positionals;
}

export async function apply(name: string, of: FunctionCommand, args: Arguments, io: Io): Promise<number> {
  const { given } = args;
  const paths = pathsOf(name, of, args);
  const own = ownOf(of.options, args);
  const precision = precisionOf(args);
  const backend = backendOf(args);
  const output = given.get('output');
  if (output === '-' && given.has('json')) throw new UsageError('--json and -o - both want standard output');
  const inFiles = own.flatMap(([option, value]) => (value instanceof FileValue ? [{ option, value }] : []));
  if ([...paths, ...inFiles.map(({ value }) => value.path)].filter(isPiped).length > 1)
    throw new UsageError('standard input is one file: name the others');

  if (backend !== undefined) attempt('--backend', () => useBackend(backend));
  const inputs: Tensor<DType>[] = [];
  for (const path of paths) inputs.push(await readTensor(path, io));
  const options: Record<string, unknown> = { ...Object.fromEntries(own), precision };
  for (const { option, value } of inFiles) options[option] = await value.read(value.path, io);
  // Any of the files may be at fault.
  const subjects = [
    ...paths.map(subjectOf),
    ...inFiles.map(({ option, value }) => `--${flagOf(option)} ${value.path}`),
  ];
  const result = attempt(subjects.join(', '), () => of.call(inputs, options));
  const y: Tensor<DType> =
    result instanceof Tensor ? result : new Tensor(result as number, { dtype: inputs[0]!.dtype });
  if (output !== undefined) await writeTensor(output, y, io);
  const summary = y.ndim === 0 ? single(y) : summarize(y);
  if (given.has('json')) io.out.write(json(summary));
  else if (output === undefined) {
    io.out.write(
      'value' in summary ? `${shortest(summary.value, summary.dtype)}\n` : pairs(readable(summary), paintFor(io)),
    );
  }
  return 0;
}

/** Of one number there is nothing to tell but itself. */
interface Single {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly value: number;
}

function single(y: Tensor<DType>): Single {
  return { shape: y.shape, dtype: y.dtype, value: y.item() };
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

function summarize(y: Tensor<DType>): Summary {
  const { dtype, shape } = y;
  const data: FloatArray = contiguousData(asFloats(y));
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
