// `nonlin <function> in.npy`: applies a function, and writes the result or tells what it is like; in blocks where that can be.

import { useBackend } from '../backends/select.js';
import { describe } from '../basics/errors.js';
import { bytesOf, type DType } from '../basics/floats.js';
import { isHalfDType } from '../basics/halves.js';
import type { NpyHeader } from '../files/npy-header.js';
import { nameOf } from '../files/numbers.js';
import { type AnyFunction, bytesIn, flowOf, needsRow, type Values } from '../streams/flow.js';
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
import { attempt, Failure, UsageError } from './failures.js';
import { readParts, readTensor, tensorIn, writeTensor } from './files.js';
import type { FunctionCommand, FunctionOption, Kind } from './functions.js';
import type { Io } from './output.js';
import { streamLines } from './streams/lines.js';
import { beginning, checkSize, headerOf, type Plan, planOf, streamNpy } from './streams/npy.js';
import { streamRaw } from './streams/raw.js';
import { isPiped, open, openNpy, type Source, subjectOf } from './streams/sources.js';
import { openTarget, type Target, writing } from './streams/targets.js';
import { factsOf, Summary, tell } from './summary.js';

/** An option's value that stands in a file. */
class FileValue {
  constructor(
    readonly path: string,
    readonly read: (path: string, io: Io) => unknown,
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

/**
 * Asserts that the function takes the numbers that are given, for which no file is read: of one dtype or another, as float32 rounds them
 * first.
 */
function checkNumbers({ call, options }: FunctionCommand, own: readonly (readonly [string, unknown])[]): void {
  const isNumber = (option: string) =>
    options.some(({ name, kind }) => name === option && (kind === 'number' || kind === 'slopes'));
  const numbers = Object.fromEntries(own.filter(([option, value]) => typeof value === 'number' && isNumber(option)));
  if (Object.keys(numbers).length === 0) return;
  const target = options.some(({ name }) => name === 'target') ? { target: [0] } : {};
  const refused = [Float32Array.of(0, 0), Float64Array.of(0, 0)].map((data) => {
    try {
      call([new Tensor(data, { shape: [1, 2] })], { ...numbers, ...target });
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) return error;
      throw error;
    }
    return undefined;
  });
  if (refused.every((error) => error !== undefined)) throw new UsageError(refused[1]!.message, { cause: refused[1] });
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

/** A call as the command line says it. */
interface Call {
  readonly name: string;
  /** What the function makes of the files, or its gradient. */
  readonly f: FunctionCommand['call'];
  readonly paths: readonly (string | undefined)[];
  readonly args: Arguments;
  /** What messages call the files, any of which may be at fault. */
  readonly subject: string;
  /** The function's options. Those in files are read when all of the command line is known to be right. */
  readonly options: () => Readonly<Record<string, unknown>>;
  readonly hasFiles: boolean;
}

export function apply(name: string, of: FunctionCommand, args: Arguments, io: Io): number {
  const { given } = args;
  const [output = '', ending] = /.*(\.npz|\.safetensors|\.txt|\.csv|\.jsonl?)$/is.exec(given.get('output') ?? '') ?? [];
  const isText = ending !== undefined && !/^\.(npz|safetensors)$/i.test(ending);
  if (ending !== undefined && !(isText && (given.has('raw') || given.has('jsonl')))) {
    const instead = isText ? '--jsonl writes lines of numbers' : `save() of nonlin/files writes ${ending}`;
    throw new UsageError(
      `-o ${output}: a .npy file is written, or with --raw or --jsonl values or lines, and no ${ending}: name it so; ${instead}`,
    );
  }
  const grad = given.get('grad');
  const inputs = pathsOf(name, of, args);
  const paths = grad === undefined ? inputs : [grad, ...inputs];
  const own = ownOf(of.options, args);
  checkNumbers(of, own);
  const precision = precisionOf(args);
  const backend = backendOf(args);
  const inFiles = own.flatMap(([option, value]) => (value instanceof FileValue ? [{ option, value }] : []));
  if ([...paths, ...inFiles.map(({ value }) => value.path)].filter(isPiped).length > 1)
    throw new UsageError('standard input is one file: name the others');
  const call: Call = {
    name,
    f: (grad === undefined ? of.call : of.gradient)!,
    paths,
    args,
    subject: [...paths.map(subjectOf), ...inFiles.map(({ option, value }) => `--${flagOf(option)} ${value.path}`)].join(
      ', ',
    ),
    options: () => ({
      ...Object.fromEntries(own),
      ...Object.fromEntries(inFiles.map(({ option, value }) => [option, value.read(value.path, io)])),
      precision,
    }),
    hasFiles: inFiles.length > 0,
  };
  const run = given.has('raw') ? applyToRaw(call) : given.has('jsonl') ? applyToLines(call) : applyToNpy(call);
  if (backend !== undefined) attempt('--backend', () => useBackend(backend));
  run(io);
  return 0;
}

/** What the function makes of inputs. */
const functionOf =
  ({ f }: Call): AnyFunction =>
  (...inputs) => {
    const options = inputs.pop() as Readonly<Record<string, unknown>>;
    return f(inputs as Tensor<DType>[], options);
  };

function applyToNpy(call: Call): (io: Io) => void {
  const { name, paths, args, subject } = call;
  const { given } = args;
  const output = given.get('output');
  const isJson = given.has('json');
  if (output === '-' && isJson) throw new UsageError('--json and -o - both want standard output');
  if (given.has('row')) throw new UsageError('--row is for --raw: a .npy file says what its rows are');
  const dtype = dtypeOf(args, 'dtype');
  return (io) => {
    const sources = paths.map((path) => openNpy(path, io));
    try {
      const headers = sources.map(headerOf);
      for (const [i, header] of headers.entries()) {
        checkSize(sources[i]!, header);
        if (dtype === undefined && header.kind !== undefined && header.dtype === undefined)
          throw new Failure(`${sources[i]!.name} holds ${nameOf(header.kind)}: --dtype float32 converts it`);
      }
      if (dtype === undefined) checkAlike(sources, headers);
      const options = call.options();
      const f = functionOf(call);
      const plan = call.hasFiles ? undefined : attempt(subject, () => planOf(name, f, headers, options, dtype));
      if (plan !== undefined) inBlocks(sources, plan, output, isJson, io);
      else {
        const inputs = sources.map((source) => tensorIn(source, dtype));
        const result = attempt(subject, () => call.f(inputs, options));
        const { dtype: own } = inputs[0]!;
        // A sum of losses may be more than float16 has.
        const y: Tensor<DType> =
          result instanceof Tensor
            ? result
            : new Tensor(result as number, { dtype: isHalfDType(own) ? 'float32' : own });
        if (output !== undefined) writeTensor(output, y, io);
        if (output === undefined || isJson) tell(factsOf(y), isJson, io);
      }
    } finally {
      for (const source of sources) source.close();
    }
  };
}

/** Checks that files hold numbers of one dtype: that of the last, which is x where there is a gradient. */
function checkAlike(sources: readonly Source[], headers: readonly NpyHeader[]): void {
  const x = headers.at(-1)!;
  const other = headers.findIndex(({ dtype }) => dtype !== x.dtype);
  if (other < 0) return;
  const [theirs, its] = [
    `${sources[other]!.name} holds ${headers[other]!.dtype}`,
    `${sources.at(-1)!.name} ${x.dtype}`,
  ];
  throw new Failure(`${theirs} and ${its}: --dtype ${x.dtype} converts both`);
}

/** Writes the result of a plan, or tells what it is like, or both. */
function inBlocks(sources: readonly Source[], plan: Plan, output: string | undefined, isJson: boolean, io: Io): void {
  const { dtype, shape } = plan;
  const summary = output === undefined || isJson ? new Summary() : undefined;
  const stream = (target: Target | undefined) => {
    target?.write(beginning(plan));
    const write = (results: Values) => {
      summary?.add(new Tensor(results, { dtype }));
      target?.write(bytesIn(results));
    };
    streamNpy(sources, plan, write, io);
  };
  if (output === undefined) stream(undefined);
  else writing(openTarget(output, io, 'a .npy file is'), stream);
  if (summary !== undefined) tell(summary.of(shape, dtype), isJson, io);
}

function applyToRaw(call: Call): (io: Io) => void {
  const { name, paths, args } = call;
  const { given } = args;
  for (const other of ['jsonl', 'json']) if (given.has(other)) throw new UsageError(`--${other} is not for --raw`);
  for (const other of ['dim', 'channel-dim', 'keepdim'])
    if (given.has(other)) throw new UsageError(`--${other} is not for --raw, whose rows --row tells`);
  const named = paths.find((path) => /\.npy$/i.test(path ?? ''));
  if (named !== undefined)
    throw new UsageError(`--raw is for bare values, and ${named} is a .npy file by its name: leave --raw out`);
  const from = dtypeOf(args, 'raw')!;
  const dtype = dtypeOf(args, 'dtype') ?? from;
  const row = integerOf(args, 'row', 1);
  if (row === undefined && needsRow(name, paths.length))
    throw new UsageError(`--row is needed, the number of values that make a row: --row <n>`);
  return (io) => {
    const sources = paths.map((path) => open(path, io, `a file of ${from} values`));
    const options = call.options();
    const flow = attempt(call.subject, () =>
      flowOf(name, functionOf(call), { dtype, row, inputs: sources.length, hasRows: call.hasFiles, options }),
    );
    const target = openTarget(given.get('output') ?? '-', io, 'raw values are');
    writing(target, (target) => streamRaw(sources, from, flow, target, io));
  };
}

function applyToLines(call: Call): (io: Io) => void {
  const { paths, args } = call;
  const { given } = args;
  for (const other of ['json', 'row', 'grad'])
    if (given.has(other)) throw new UsageError(`--${other} is not for --jsonl`);
  if (paths.length > 1) throw new UsageError(`--jsonl takes one file, got also ${paths.slice(1).join(' ')}`);
  const dtype = dtypeOf(args, 'dtype') ?? 'float32';
  return (io) => {
    const source = open(paths[0], io, 'a file of JSON lines');
    const options = call.options();
    const target = openTarget(given.get('output') ?? '-', io);
    writing(target, (target) => streamLines(source, dtype, (x) => call.f([x], options), target));
  };
}

const dtypeOf = (args: Arguments, option: 'raw' | 'dtype'): DType | undefined =>
  choiceOf(args, option, Object.keys(bytesOf) as DType[]);
