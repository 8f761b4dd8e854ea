// The command line `nonlin`: finds the command, runs it and turns what happened into an exit code and one line of text.

import { info as environment, refusal } from '../backends/select.js';
import { describe } from '../basics/errors.js';
import { nearest } from '../basics/nearest.js';
import { needsRow } from '../streams/flow.js';
import { version } from '../version.js';
import { apply } from './apply.js';
import { type Arguments, flagOf, type OptionName, optionHelp, parse } from './arguments.js';
import { check } from './check.js';
import { compare } from './compare/compare.js';
import { Enough, Failure, UsageError } from './failures.js';
import { type FunctionCommand, functions } from './functions.js';
import { info } from './info.js';
import { type Io, inSight } from './output.js';

interface Command {
  readonly usage: string;
  readonly summary: string;
  /** More than the summary, for the command's own help. */
  readonly detail: string;
  readonly options: readonly OptionName[];
  run(args: Arguments, io: Io): number | Promise<number>;
}

const input =
  'Reads floats of 16, 32 or 64 bits and writes the same. Without a file, or for -, it reads what\nis piped in; without -o it tells what the result is like.';

const blocks =
  'It goes in blocks, in little memory whatever the size; as a whole only over other dimensions than\nthe last, with options in files, of a single row, and in Fortran order. --raw and --jsonl write to\nstandard output unless -o says otherwise.';

/** Whether raw values are rows to a function, or may be: a slope for each value of one. */
const takesRow = (name: string, { files, options }: FunctionCommand) =>
  files.some(({ length }) => needsRow(name, length)) || options.some(({ kind }) => kind === 'slopes');

const commands = new Map<string, Command>([
  ...[...functions].map(([name, of]): [string, Command] => [
    name,
    {
      usage: `${name} [${of.files.map((files) => files.join(' ')).join(' | ')}] [-o out.npy] [options]`,
      summary: of.summary,
      detail: [of.detail, input, of.needsWhole ? undefined : blocks].filter((text) => text !== undefined).join('\n\n'),
      options: [
        'output',
        ...of.options.map((option) => flagOf(option.name)),
        ...(of.gradient === undefined ? [] : ['grad']),
        'dtype',
        ...(of.needsWhole ? [] : ['raw', ...(takesRow(name, of) ? ['row'] : []), 'jsonl']),
        'precision',
        'backend',
        'json',
      ],
      run: (args, io) => apply(name, of, args, io),
    },
  ]),
  [
    'info',
    {
      usage: 'info [--json]',
      summary: 'which backend serves here, and why',
      detail: 'NONLIN_BACKEND chooses another one, for every command.',
      options: ['json'],
      run: info,
    },
  ],
  [
    'compare',
    {
      usage: 'compare [in.npy] [options]',
      summary: 'time native code against JavaScript',
      detail:
        'Native code, TypeScript, a plain JavaScript loop and a copy, in turns, on the file\n(- is standard input) or on 262144 normal float32 values, softmax over the last\ndimension; those functions that people write as a loop, unless others are named.\nWhere no native code runs, TypeScript is held against the loop.',
      options: ['function', 'precision', 'backend', 'threads', 'time', 'json'],
      run: compare,
    },
  ],
  [
    'check',
    {
      usage: 'check [options]',
      summary: 'hold every native backend against TypeScript',
      detail:
        'Elementwise functions, softmax and logSoftmax of float32 and float64; gates, softmin,\nlogSumExp, crossEntropy, masks, temperatures and numbers of 16 bits are left out. Edges and\nrandom inputs, results and gradients, parameters at their defaults and at others. A number\nis the largest distance in ulp; without one, all are the same. Exit code 1 where a\ndifference is beyond its bound.',
      options: ['function', 'seed', 'count', 'backend', 'verbose', 'json'],
      run: check,
    },
  ],
]);

/** What a command that there is not may have been meant to be. */
function instead(name: string): string {
  const of = functions.get(name.replace(/Grad$/, ''));
  const base = name.replace(/Grad$/, '');
  if (of !== undefined && name !== base)
    return of.gradient === undefined
      ? `; there is no gradient of ${base} here`
      : `; the gradient is nonlin ${base} --grad g.npy`;
  const meant = nearest(name, [...commands.keys()]);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

/** What a command takes; undefined where there is none of the name. */
function optionsOf(name: string | undefined): readonly OptionName[] | undefined {
  const command = name === undefined ? undefined : commands.get(name);
  return command && [...command.options, 'help', 'version'];
}

/** Runs a command line (without the program's name) and returns the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let name: string | undefined;
  try {
    // As other programs take it: `nonlin help gelu`.
    const help = argv[0] === 'help';
    const { positionals, given, fault } = parse(help ? argv.slice(1) : argv, optionsOf);
    name = positionals[0];
    if (fault !== undefined) throw fault;
    const command = name === undefined ? undefined : commands.get(name);
    if (name !== undefined && command === undefined) {
      throw new UsageError(`unknown command ${describe(name)}${instead(name)}`);
    }
    if (help || given.has('help')) {
      io.out.write(name === undefined || command === undefined ? generalHelp() : commandHelp(name, command));
      return 0;
    }
    if (given.has('version')) {
      io.out.write(`${version}\n`);
      return 0;
    }
    if (command === undefined) throw new UsageError('no command is given');
    const foreign = [...given.keys()].find((option) => !command.options.includes(option));
    if (foreign !== undefined) throw new UsageError(`--${foreign} is not an option of ${name}`);
    for (const problem of environment().problems) io.error.write(`nonlin: ${inSight(problem)}\n`);
    // Of a program, the results of another backend than the one asked for would be taken for those of that one.
    if (refusal !== undefined && command.options.includes('backend') && !given.has('backend')) return 1;
    return await command.run({ positionals: positionals.slice(1), given }, io);
  } catch (error) {
    if (error instanceof UsageError) {
      const topic = name !== undefined && commands.has(name) ? `${name} ` : '';
      io.error.write(`nonlin: ${inSight(error.message)}\nSee nonlin ${topic}--help.\n`);
      return 2;
    }
    if (error instanceof Enough) return 0;
    if (error instanceof Failure) {
      io.error.write(`nonlin: ${inSight(error.message)}\n`);
      return 1;
    }
    throw error;
  }
}

function generalHelp(): string {
  const width = Math.max(...[...commands.values()].map(({ usage }) => usage.length));
  const lines = [...commands.values()].map(({ usage, summary }) => `  nonlin ${usage.padEnd(width)}  ${summary}\n`);
  return `Activation functions on .npy files, in native code and in TypeScript.

Usage:
${lines.join('')}
Options of every command:
${optionHelp(['json', 'help', 'version'])}
Exit codes: 0 done, 1 it failed, 2 the command line is wrong. Options of a command: nonlin <command> --help.
`;
}

function commandHelp(name: string, { usage, summary, detail, options }: Command): string {
  return `nonlin ${usage}: ${summary}

${detail}

Options:
${optionHelp([...options, 'help'], name)}`;
}
