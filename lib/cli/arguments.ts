// The command line: which options there are, what they may be, and what each command takes.
import { parseArgs } from 'node:util';
import { type BackendName, backendNames } from '../backends/backend.js';
import { describe } from '../basics/errors.js';
import { nearest, ours } from '../basics/nearest.js';
import { meantDType } from '../tensor/foreign/dtypes.js';
import { UsageError } from './failures.js';
import { functions, type OptionHelp } from './functions.js';

const common = {
  output: { value: 'out.npy', short: 'o', help: 'write the result there; - is standard output' },
  grad: { value: 'g.npy', help: 'the gradient for that: g times the slope, of the shape of the input' },
  dtype: { value: 'dtype', help: 'convert first, integers too: float32, float64, float16, bfloat16' },
  raw: { value: 'dtype', help: 'bare little-endian values, in and out' },
  row: { value: 'n', help: 'with --raw: how many values make a row' },
  jsonl: { help: 'lines of JSON, an array of numbers each, in and out' },
  precision: { value: 'fast|exact', help: 'how float32 is computed: in float32 (default), or in float64 and rounded' },
  backend: { value: backendNames.join('|'), help: 'who computes; default: the best that runs here (check: all)' },
  seed: { value: 'n', help: 'another sequence of random inputs; default 1' },
  count: { value: 'n', help: 'how many inputs; default 131072' },
  function: { value: 'names', help: 'only these, separated by commas' },
  verbose: { help: 'a line for each comparison' },
  threads: { value: 'n', help: 'that a native call may use; default 1, or NONLIN_THREADS' },
  time: { value: 's', help: 'for how many seconds to measure; default 3' },
  json: { help: 'write JSON; NaN and the infinities are strings in it' },
  help: { short: 'h', help: 'this text' },
  version: { short: 'v', help: 'the version of nonlin' },
} as const satisfies Record<string, OptionHelp>;

/** `negativeSlope` as `negative-slope`. */
export const flagOf = (option: string) => option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The options of each function's own, by their flags. */
const own: ReadonlyMap<string, Readonly<Record<string, OptionHelp>>> = new Map(
  [...functions].map(([name, { options }]) => [
    name,
    Object.fromEntries(options.map((option) => [flagOf(option.name), option])),
  ]),
);

const options: Readonly<Record<string, OptionHelp>> = Object.assign({}, ...own.values(), common);

/** An option as the command has it; of another's, as the last that has it does. */
const optionOf = (name: OptionName, command: string | undefined): OptionHelp =>
  (command !== undefined && own.get(command)?.[name]) || options[name]!;

export type OptionName = keyof typeof common | (string & {});

export interface Arguments {
  readonly positionals: readonly string[];
  readonly given: ReadonlyMap<OptionName, string>;
}

/** A command line split, and what is wrong with it: then it still tells which command it is of, whose help is to be named. */
export interface Parsed extends Arguments {
  readonly fault?: UsageError;
}

const isOption = (name: string) => Object.hasOwn(options, name);

/**
 * Splits the command line. At fault are options that do not exist, lack a value, have one too many or are given twice. What one that does
 * not was meant to be is among those that `namesOf` gives for the command, undefined where there is none of the name.
 */
export function parse(
  argv: readonly string[],
  namesOf: (command: string | undefined) => readonly OptionName[] | undefined,
): Parsed {
  const config = Object.entries<OptionHelp>(options).map(([name, { value, short }]) => {
    const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string';
    return [name, short === undefined ? { type } : { type, short }] as const;
  });
  // Not strict: it would refuse `--dim -1`.
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(config),
    strict: false,
    tokens: true,
  });
  const given = new Map<OptionName, string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const fault = (message: string): Parsed => ({ positionals, given, fault: new UsageError(message) });
    if (!isOption(name)) return fault(`unknown option ${rawName}${suggestion(name, namesOf(positionals[0]))}`);
    const { value: wanted } = optionOf(name, positionals[0]);
    if (wanted === undefined && value !== undefined) return fault(`${rawName} takes no value, got ${value}`);
    // The next option is no value, but -1 and - are.
    if (wanted !== undefined && (!value || (!token.inlineValue && /^-[^\d.]/.test(value))))
      return fault(`${rawName} needs a value: ${rawName} <${wanted}>`);
    if (given.has(name)) return fault(`--${name} is given twice`);
    given.set(name, value ?? '');
  }
  return { positionals, given };
}

function suggestion(name: string, names: readonly OptionName[] = Object.keys(options)): string {
  const meant = ours(name, names) ?? nearest(name, names);
  return meant === undefined ? '' : `; did you mean --${meant}?`;
}

export function integerOf(
  { given }: Arguments,
  name: OptionName,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[-+]?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value > most) {
    const ends = most === Number.MAX_SAFE_INTEGER ? ` of at least ${least}` : ` from ${least} to ${most}`;
    const range = least === -Infinity ? '' : ends;
    throw new UsageError(`--${name} must be an integer${range}, got ${describe(text)}`);
  }
  return value;
}

/** An integer, or several, separated by commas. */
export function integersOf(
  { given, positionals }: Arguments,
  name: OptionName,
): number | readonly number[] | undefined {
  const words = given.get(name)?.split(',') ?? [];
  const integers = words.map((word) => integerOf({ positionals, given: new Map([[name, word]]) }, name, -Infinity)!);
  return integers.length > 1 ? integers : integers[0];
}

export function numberOf({ given }: Arguments, name: OptionName): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value))
    throw new UsageError(`--${name} must be a number, got ${describe(text)}`);
  return value;
}

export function secondsOf({ given }: Arguments, name: 'time'): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[\d.]+$/.test(text) || !(value > 0))
    throw new UsageError(`--${name} must be a number above 0, got ${describe(text)}`);
  return value;
}

export function choiceOf<Choice extends string>(
  { given }: Arguments,
  name: OptionName,
  choices: readonly Choice[],
): Choice | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) {
    const meant = ours(text, choices) ?? meantDType(text) ?? nearest(text, choices);
    const help = choices.some((candidate) => candidate === meant) ? `; did you mean ${meant}?` : '';
    throw new UsageError(`--${name} must be one of ${choices.join(', ')}, got ${describe(text)}${help}`);
  }
  return choice;
}

export const precisionOf = (args: Arguments) => choiceOf(args, 'precision', ['fast', 'exact']) ?? 'fast';

export const backendOf = (args: Arguments): BackendName | undefined => choiceOf(args, 'backend', backendNames);

/** `  -o, --output <out.npy>  write ...`, one line for each option, as a command has them. */
export function optionHelp(names: readonly OptionName[], command?: string): string {
  const lines = names.map((name) => {
    const { short, value, help } = optionOf(name, command);
    const flags = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
    return { flags, help };
  });
  const width = Math.max(...lines.map(({ flags }) => flags.length));
  return lines.map(({ flags, help }) => `  ${flags.padEnd(width)}  ${help}\n`).join('');
}
